package render

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"runtime"
	"sync"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/search"
)

//go:embed *.go templates style.css
var sources embed.FS

// dependencies are the modules whose versions shape pages. The build
// information of a binary would tell, but that of a test does not; a test
// holds this list to go.mod.
const dependencies = `github.com/alecthomas/chroma/v2 v2.27.0
github.com/blevesearch/snowballstem v0.9.0
github.com/dlclark/regexp2/v2 v2.2.1
github.com/wyatt915/treeblood v0.1.16
github.com/yuin/goldmark v1.8.7
golang.org/x/text v0.43.0
`

// goRelease is Go's release without its patch: "go1.26". html/template and the
// Unicode tables change between releases; a patch of Go must not make every
// page new.
var goRelease = regexp.MustCompile(`go1\.\d+`)

// Version names everything that shapes a page besides its recipe and sources:
// the code, templates and styles of this package and of the two that it is
// built on, and the versions of what they use. Compression is not in it: a
// page has the same bytes however it travels.
//
// Deploying the renderer for another reason leaves the version, and with it
// the digest of every page, as it was.
func Version() string { return version() }

var version = sync.OnceValue(func() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s", goRelease.FindString(runtime.Version()), dependencies)
	for _, s := range covered {
		recipe.HashSources(h, s.pkg, s.files)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
})

// covered are the packages of this module that shape pages. A test holds it to
// what this package is built from.
var covered = []struct {
	pkg   string
	files fs.FS
}{
	{"internal/markdown/dialect", dialect.Sources},
	{"internal/recipe", recipe.Sources},
	{"internal/render", sources},
	{"internal/search", search.Sources},
}
