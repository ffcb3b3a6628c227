package plan

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/victorleungtw/blog/internal/card"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/markdown"
	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/picture"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/search"
	"github.com/victorleungtw/blog/internal/svg"
)

// Tree names the plans that content with this tree (content.Loader.Tree) makes
// for the renderer with this version: equal trees are equal plans at every
// moment (see content.Loader.Until), made by the same code. It is the question
// to ask before Load and Build, a hundredth of their work.
func Tree(content, version string) string {
	sum := sha256.Sum256([]byte(planner() + "\n" + version + "\n" + content + "\n"))
	return hex.EncodeToString(sum[:])
}

//go:embed *.go
var sources embed.FS

// covered are the packages of this module that decide what a plan holds. What
// the configuration says is in content's tree, however it is read. A test holds
// the list to what this package is built from.
var covered = []struct {
	pkg   string
	files fs.FS
}{
	{"internal/card", card.Sources},
	{"internal/content", content.Sources},
	{"internal/markdown", markdown.Sources},
	{"internal/markdown/dialect", dialect.Sources},
	{"internal/picture", picture.Sources},
	{"internal/plan", sources},
	{"internal/recipe", recipe.Sources},
	{"internal/search", search.Sources},
	{"internal/svg", svg.Sources},
}

// planner names the code that makes plans: the files of covered and, where the
// binary tells them, the modules that it is built with. It is not a hash of the
// binary, which is another one after every commit.
var planner = sync.OnceValue(func() string {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version())
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			fmt.Fprintln(h, m.Path, m.Version, m.Sum)
		}
	}
	for _, c := range covered {
		recipe.HashSources(h, c.pkg, c.files)
	}
	return hex.EncodeToString(h.Sum(nil))
})
