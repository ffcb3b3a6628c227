package recipe

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Sources are this package's files. What a recipe says, and how it is encoded,
// shapes pages; package render derives its version from them.
//
//go:embed *.go
var Sources embed.FS

// HashSources adds every file of a package but the tests, by name, with its
// length, to a version that is made of code. The files are compiled in: reading
// them cannot fail.
func HashSources(h io.Writer, pkg string, files fs.FS) {
	_ = fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s/%s %d\n", pkg, name, len(data))
		_, err = h.Write(data)
		return err
	})
}
