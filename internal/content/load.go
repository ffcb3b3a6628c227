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
	// settings and takes from it only what they have no word for.
	Site config.Site
	// Now is the moment at which the site is built: posts dated after it are
	// held back. The zero time holds none back.
	Now time.Time
	// Drafts includes drafts, and posts of days to come.
	Drafts bool
	// State is a file that keeps, from one run to the next, what was read out
	// of files that have not changed since: see StateFile. Empty for none.
	State string
}

// Loader reads one folder, again and again: what did not change since the last
// Load is not parsed again. It may not be used from two goroutines at once.
type Loader struct {
	dir   string
	root  *os.Root
	opts  Options
	zone  *time.Location
	docs  map[string]*parsed
	facts map[string]*fact
	texts map[string]text // that Tree has read and Read is about to
	state state
	last  *reading
	clock func() time.Time // of this machine, as its files' times
	// broken are files that somebody tried to decode → why that failed.
	broken map[[32]byte]string
}

// text is the whole of a Markdown file.
type text struct {
	stamp
	src []byte
}

// A folder is hashed before it is loaded. Texts of up to maxText bytes are kept
// in between, up to maxTexts bytes of them, so that they are read once.
const (
	maxText  = bufferSize
	maxTexts = 32 << 20
)

// Open prepares to read the folder dir.
func Open(dir string, opts Options) (*Loader, error) {
	zone, err := opts.Site.Location()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the content folder: %w", err)
	}
	return &Loader{dir: dir, root: root, opts: opts, zone: zone, docs: map[string]*parsed{}, facts: map[string]*fact{}, texts: map[string]text{}, clock: time.Now}, nil
}

// Close releases the folder.
func (l *Loader) Close() error { return l.root.Close() }

// SetNow moves Options.Now, for a loader that lives longer than a moment.
func (l *Loader) SetNow(t time.Time) { l.opts.Now = t }

// Load reads the folder and builds the site as of Options.Now. The list holds
// every problem found, sorted; the Site is nil when one of them is an error.
func (l *Loader) Load(ctx context.Context) (*Site, problem.List, error) {
	if err := l.Read(ctx); err != nil {
		return nil, nil, err
	}
	site, probs := l.At(l.opts.Now)
	return site, probs, nil
}

// Read is the part of Load that takes time and does not need to know what time
// it is: all but At(Options.Now).
func (l *Loader) Read(ctx context.Context) error {
	began := l.clock()
	l.remember()
	r, err := l.read(ctx)
	clear(l.texts)
	if err != nil {
		return err
	}
	l.last = r
	l.keep(began)
	return nil
}

// reading is what Load read: all of a site but the time.
type reading struct {
	config       config.Site
	format       urlFormat
	layout       layout
	posts, pages []*draft
	files        map[string]found // that documents name
	moved        []moved          // the redirects file
	probs        problem.List
}

func (l *Loader) read(ctx context.Context) (*reading, error) {
	r := &reading{
		config: l.opts.Site,
		format: defaultFormat,
		layout: layout{posts: "posts", pages: "pages", languages: map[string]string{}},
	}
	switch data, err := l.root.ReadFile(mkdocsName); {
	case err == nil:
		r.config, r.format, r.layout = readMkDocs(data, &r.probs)
		r.config.Timezone, r.config.OldURLs, r.config.Cards, r.config.Math = l.opts.Site.Timezone, l.opts.Site.OldURLs, l.opts.Site.Cards, l.opts.Site.Math
		r.config.Images = l.opts.Site.Images
		r.layout.authors = l.readAuthors(path.Join(path.Dir(r.layout.posts), authorsName), &r.probs)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("reading %s: %w", mkdocsName, err)
	default:
		for _, lang := range r.config.Languages {
			r.layout.languages[strings.ToLower(lang.Tag)] = lang.Tag
			if lang.Prefix != "" {
				r.layout.languages[lang.Prefix] = lang.Tag
			}
		}
	}

	var err error
	if r.moved, err = l.readRedirects(&r.probs); err != nil {
		return nil, err
	}
	lay := r.layout
	posts, err := l.walk(ctx, lay.posts, lay, true, &r.probs)
	if errors.Is(err, fs.ErrNotExist) {
		r.probs.Errorf(lay.posts, 0, "a post is a file like "+lay.posts+"/my-first-post/index.en.md", "there is no folder of posts")
	} else if err != nil {
		return nil, err
	}
	pages, err := l.walk(ctx, lay.pages, lay, false, &r.probs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := l.parseAll(ctx, slices.Concat(posts, pages)); err != nil {
		return nil, err
	}
	for _, d := range slices.Concat(posts, pages) {
		r.probs = append(r.probs, d.probs...)
		if !d.broken {
			l.identify(d, lay, &r.probs)
		}
	}
	if lay.mkdocs {
		lay.discoverLanguages(&r.config, posts)
	}
	r.posts, r.pages = posts, pages
	r.files, err = l.find(ctx, l.named(r))
	return r, err
}

// parseAll parses the files of drafts. What is not among them is forgotten.
func (l *Loader) parseAll(ctx context.Context, drafts []*draft) error {
	err := each(ctx, len(drafts), func(i int, _ []byte) (err error) {
		drafts[i].parsed, err = l.parse(drafts[i])
		return err
	})
	if err != nil {
		return err
	}
	clear(l.docs)
	for _, d := range drafts {
		l.docs[d.file] = d.parsed
	}
	return nil
}

// named are the files that documents name which are, or will be, published.
func (l *Loader) named(r *reading) []string {
	var out []string
	seen := map[string]bool{}
	for _, d := range slices.Concat(r.posts, r.pages) {
		if d.broken || d.fm.draft && !l.opts.Drafts {
			continue
		}
		for _, name := range d.assets() {
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	for _, s := range r.config.Shows {
		if !seen[s.Image] {
			out = append(out, s.Image)
		}
	}
	return out
}

// draft is a document that was read but not yet placed.
type draft struct {
	*parsed
	file  string
	stamp stamp // as the walk found it
	plain bool  // and not a symbolic link
	post  bool
	lang  string // "" when nothing says it
	stem  string // the file without language suffix and extension
	name  string // what the file's place calls it: the folder of an index.md, else the file
}

// walk finds every Markdown file below dir.
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
		if e.Type()&fs.ModeSymlink != 0 && !l.checkSymlink(name, probs) || !isMarkdown(name) {
			return nil
		}
		// The plugin fills the blog's own index page.
		if !post && lay.mkdocs && name == path.Join(path.Dir(lay.posts), "index.md") {
			return nil
		}
		st, err := l.stampOf(name, e)
		if err != nil {
			return err
		}
		out = append(out, &draft{file: name, stamp: st, plain: e.Type().IsRegular(), post: post})
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
	if suffix != "" {
		d.stem = strings.TrimSuffix(d.stem, "."+suffix)
	}
	folder := lay.languageFolder(d)
	switch {
	case d.fm.lang != "":
		d.lang = l.canonicalLang(d, d.fm.lang, d.fm.line["lang"], lay, probs)
	case suffix != "" && (!lay.mkdocs || lay.languages[strings.ToLower(suffix)] != ""):
		d.lang = l.canonicalLang(d, suffix, 0, lay, probs)
	case folder != "":
		d.lang = folder
	default:
		for _, c := range d.fm.categories {
			if tag, ok := lay.languageOf(c); ok {
				d.lang = tag
				break
			}
		}
	}
	d.name = path.Base(d.stem)
	if d.name == "index" {
		d.name = path.Base(path.Dir(d.stem))
	}
}

// languageFolder takes the folder that says a document's language out of its
// stem: posts/ja/2026/hello is posts/2026/hello in ja. A post of its own folder
// (posts/ja/index.md) is a post named ja.
func (l layout) languageFolder(d *draft) string {
	top := l.pages
	if d.post {
		top = l.posts
	}
	folder, rest, ok := strings.Cut(strings.TrimPrefix(d.stem, top+"/"), "/")
	tag, known := l.languages[strings.ToLower(folder)]
	if l.mkdocs || !ok || !known || rest == "index" {
		return ""
	}
	d.stem = top + "/" + rest
	return tag
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
		line, msg := yamlError(err, data, 1)
		probs.Errorf(name, line, "", "not valid YAML: %s", msg)
	}
	out := map[string]string{}
	for k, v := range f.Authors {
		out[k] = v.Name
	}
	return out
}

// stampOf is the stamp of a file that a walk found. An entry of an os.Root knows
// it already.
func (l *Loader) stampOf(name string, e fs.DirEntry) (stamp, error) {
	if e.Type()&fs.ModeSymlink != 0 {
		return l.stamp(name)
	}
	info, err := e.Info()
	if err != nil {
		return stamp{}, err
	}
	return stampOf(info), nil
}

// body gives the file's bytes to whoever uploads them, without holding them.
func (l *Loader) body(name string, size int64, sum [32]byte) store.Body {
	return store.Body{Size: size, SHA256: sum, Open: func() (io.ReadSeekCloser, error) { return l.root.Open(name) }}
}

// newestFirst is the order of every list: by date, then by the time of day,
// then by path, so that it is total.
func newestFirst(a, b *Document) int {
	return cmp.Or(strings.Compare(b.Date, a.Date), b.At.Compare(a.At), strings.Compare(a.Path, b.Path))
}

func sortDocs(docs []*Document) { slices.SortFunc(docs, newestFirst) }
