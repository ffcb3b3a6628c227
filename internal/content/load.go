package content

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/store"
)

// Options say how to read a folder.
type Options struct {
	// Site is what blog.yaml says. A folder with a mkdocs.yml brings its own
	// settings and ignores it.
	Site config.Site
	// Today is the day, YYYY-MM-DD, after which posts are held back. Empty
	// holds none back.
	Today string
	// Drafts includes drafts, and posts of days to come.
	Drafts bool
}

// Loader reads one folder, again and again: what did not change since the last
// Load (by size and modification time) is not parsed again.
type Loader struct {
	root *os.Root
	opts Options
	docs map[string]*parsed
	sums map[string]*hashed
}

// Open prepares to read the folder dir.
func Open(dir string, opts Options) (*Loader, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the content folder: %w", err)
	}
	return &Loader{root: root, opts: opts, docs: map[string]*parsed{}, sums: map[string]*hashed{}}, nil
}

// Close releases the folder.
func (l *Loader) Close() error { return l.root.Close() }

// Load reads the folder. The list holds every problem found, sorted; the Site
// is nil when one of them is an error.
func (l *Loader) Load(ctx context.Context) (*Site, problem.List, error) {
	var probs problem.List
	site := &Site{
		Config:    l.opts.Site,
		Redirects: map[string]string{},
		Assets:    map[string]Asset{},
		format:    defaultFormat,
	}
	lay := layout{posts: "posts", pages: "pages", languages: map[string]string{}}
	switch data, err := l.root.ReadFile("mkdocs.yml"); {
	case err == nil:
		site.Config, site.format, lay = readMkDocs(data, &probs)
		lay.authors = l.readAuthors(path.Join(path.Dir(lay.posts), ".authors.yml"), &probs)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("reading mkdocs.yml: %w", err)
	default:
		for _, lang := range site.Config.Languages {
			lay.languages[strings.ToLower(lang.Tag)] = lang.Tag
			if lang.Prefix != "" {
				lay.languages[lang.Prefix] = lang.Tag
			}
		}
	}

	posts, err := l.walk(ctx, lay.posts, lay, true, &probs)
	if errors.Is(err, fs.ErrNotExist) {
		probs.Errorf(lay.posts, 0, "a post is a file like "+lay.posts+"/my-first-post/index.en.md", "there is no folder of posts")
	} else if err != nil {
		return nil, nil, err
	}
	pages, err := l.walk(ctx, lay.pages, lay, false, &probs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if lay.mkdocs {
		lay.discoverLanguages(&site.Config, posts)
	}
	b := &builder{loader: l, site: site, layout: lay, probs: &probs, byFile: map[string]*Document{}, hidden: map[string]string{}, wrong: map[string]bool{}}
	b.build(posts, pages)

	probs.Sort()
	if probs.Err() != nil {
		return nil, probs, nil
	}
	return site, probs, nil
}

// draft is a document that was read but not yet placed.
type draft struct {
	*parsed
	file string
	post bool
	lang string // "" when nothing says it
	stem string // the file without language suffix and extension
	name string // what the file's place calls it: the folder of an index.md, else the file
}

// walk reads every Markdown file below dir.
func (l *Loader) walk(ctx context.Context, dir string, lay layout, post bool, probs *problem.List) ([]*draft, error) {
	var out []*draft
	err := fs.WalkDir(l.root.FS(), dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if strings.HasPrefix(path.Base(name), ".") && name != dir {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.IsDir() {
			if !post && lay.mkdocs && name == lay.posts {
				return fs.SkipDir
			}
			return nil
		}
		if e.Type()&fs.ModeSymlink != 0 && !l.checkSymlink(name, probs) {
			return nil
		}
		if ext := path.Ext(name); ext != ".md" && ext != ".markdown" {
			return nil
		}
		// The plugin fills the blog's own index page.
		if !post && lay.mkdocs && name == path.Join(path.Dir(lay.posts), "index.md") {
			return nil
		}
		p, err := l.parse(name)
		if err != nil {
			return err
		}
		*probs = append(*probs, p.probs...)
		d := &draft{parsed: p, file: name, post: post}
		if !p.broken {
			l.identify(d, lay, probs)
		}
		out = append(out, d)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	return out, nil
}

// checkSymlink says whether a symbolic link may be read as the file it names.
func (l *Loader) checkSymlink(name string, probs *problem.List) bool {
	switch info, err := l.root.Stat(name); {
	case errors.Is(err, fs.ErrNotExist):
		probs.Errorf(name, 0, "remove the link, or restore what it points to", "a symbolic link to nothing")
	case err != nil:
		probs.Errorf(name, 0, "put the file itself here", "a symbolic link that leaves the content folder")
	case info.IsDir():
		probs.Errorf(name, 0, "put the folder itself here", "a symbolic link to a folder is not followed")
	default:
		return true
	}
	return false
}

// identify finds a document's language and name.
func (l *Loader) identify(d *draft, lay layout, probs *problem.List) {
	d.stem = strings.TrimSuffix(d.file, path.Ext(d.file))
	suffix := strings.TrimPrefix(path.Ext(d.stem), ".")
	switch {
	case d.fm.lang != "":
		d.lang = l.canonicalLang(d, d.fm.lang, d.fm.line["lang"], lay, probs)
	case suffix != "" && (!lay.mkdocs || lay.languages[strings.ToLower(suffix)] != ""):
		d.lang = l.canonicalLang(d, suffix, 0, lay, probs)
	default:
		for _, c := range d.fm.categories {
			if tag, ok := lay.languageOf(c); ok {
				d.lang = tag
				break
			}
		}
	}
	if suffix != "" {
		d.stem = strings.TrimSuffix(d.stem, "."+suffix)
	}
	d.name = path.Base(d.stem)
	if d.name == "index" {
		d.name = path.Base(path.Dir(d.stem))
	}
}

func (l *Loader) canonicalLang(d *draft, tag string, line int, lay layout, probs *problem.List) string {
	if known, ok := lay.languages[strings.ToLower(tag)]; ok {
		return known
	}
	if lay.mkdocs {
		if t, err := language.Parse(tag); err == nil {
			return t.String()
		}
	}
	var known []string
	for _, lang := range l.opts.Site.Languages {
		known = append(known, lang.Tag)
	}
	probs.Errorf(d.file, line, "use one of "+strings.Join(known, ", ")+", or add it to languages in blog.yaml",
		"unknown language %q", tag)
	return ""
}

// readAuthors reads the short names of authors that MkDocs keeps in a file.
func (l *Loader) readAuthors(name string, probs *problem.List) map[string]string {
	data, err := l.root.ReadFile(name)
	if err != nil {
		return nil // the file is optional
	}
	var f struct {
		Authors map[string]struct {
			Name string `yaml:"name"`
		} `yaml:"authors"`
	}
	if err := unmarshalYAML(data, &f); err != nil {
		line, msg := yamlError(err, 1)
		probs.Errorf(name, line, "", "not valid YAML: %s", msg)
	}
	out := map[string]string{}
	for k, v := range f.Authors {
		out[k] = v.Name
	}
	return out
}

// stat answers whether a cached reading of name is still good.
type stamp struct {
	size int64
	mod  time.Time
}

func (l *Loader) stamp(name string) (stamp, error) {
	info, err := l.root.Stat(name)
	if err != nil {
		return stamp{}, err
	}
	if info.IsDir() {
		return stamp{}, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a folder")}
	}
	return stamp{info.Size(), info.ModTime()}, nil
}

// body gives the file's bytes to whoever uploads them, without holding them.
func (l *Loader) body(name string, size int64, sum [32]byte) store.Body {
	return store.Body{Size: size, SHA256: sum, Open: func() (io.ReadSeekCloser, error) { return l.root.Open(name) }}
}

// newestFirst is the order of every list: by date, then by path, so that it is
// total.
func newestFirst(a, b *Document) int {
	return cmp.Or(strings.Compare(b.Date, a.Date), strings.Compare(a.Path, b.Path))
}

func sortDocs(docs []*Document) { slices.SortFunc(docs, newestFirst) }
