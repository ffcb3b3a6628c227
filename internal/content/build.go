package content

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/recipe"
)

// builder makes the Site of a moment from what the files say.
type builder struct {
	loader *Loader
	*reading
	now        time.Time
	coming     []time.Time // the moments at which something of the reading goes live, ascending
	site       *Site
	probs      *problem.List
	byFile     map[string]*Document // published documents by file
	hidden     map[string]string    // file → why it is not published
	wrong      map[string]bool      // files with an error of their own: links to them are not to blame
	unmeasured map[string]string    // images without a size → why
	warned     map[string]bool      // files of which there is a warning already
}

func (b *builder) build() {
	var placed []*draft
	paths := map[string]string{} // path → file
	groups := &groups{of: map[*Document]string{}, docs: map[string][]*Document{}}
	for _, d := range slices.Concat(b.posts, b.pages) {
		if d.broken {
			b.wrong[d.file] = true
			continue
		}
		doc := b.place(d)
		if doc == nil {
			b.wrong[d.file] = b.hidden[d.file] == ""
			continue
		}
		if other, dup := paths[doc.Path]; dup {
			b.probs.Errorf(doc.File, d.fm.line["slug"], "give one of them another slug or date",
				"its URL %s is also that of %s", doc.Path, other)
			continue
		}
		paths[doc.Path] = doc.File
		b.byFile[d.file] = doc
		if d.post {
			b.site.Posts = append(b.site.Posts, doc)
		} else {
			b.site.Pages = append(b.site.Pages, doc)
		}
		placed = append(placed, d)
		groups.put(doc, b.groupKey(d, doc))
	}
	b.translations(placed, groups)
	for _, g := range groups.docs {
		b.pair(g)
	}
	b.drifts(placed)
	for _, d := range placed {
		b.references(d, b.byFile[d.file])
	}
	b.shows()
	b.security()
	b.unmeasuredImages()
	b.redirects(placed, paths)
	sortDocs(b.site.Posts)
	slices.SortFunc(b.site.Pages, func(x, y *Document) int { return strings.Compare(x.Path, y.Path) })
}

// place gives a document its language, address and facts; nil when it is held
// back or wrong.
func (b *builder) place(d *draft) *Document {
	fm := d.fm
	lang := d.lang
	if lang == "" {
		if len(b.site.Config.Languages) == 0 {
			return nil
		}
		lang = b.site.Config.Languages[0].Tag
	}
	doc := &Document{
		File: d.file, BodyLine: d.bodyLine, Lang: lang,
		Title: fm.title, Description: fm.description,
		Date: fm.date, At: fm.at, Tags: fm.tags, Series: fm.series, Pinned: fm.pin, Minutes: d.minutes,
		Source: recipe.Source{Digest: d.digest(), Math: fm.math}, GUID: fm.guid,
		Body: b.loader.body(d.file, d.parsed.size, d.sum),
	}
	if fm.minutes > 0 {
		doc.Minutes = fm.minutes
	}
	if doc.Title == "" {
		doc.Title = d.title
	}
	if doc.Title == "" {
		b.probs.Errorf(d.file, d.bodyLine, `begin the text with a line "# Title", or add title: to the front matter`, "the document has no title")
	}
	if doc.Description == "" {
		doc.Description = d.summary
	}
	for _, a := range fm.authors {
		if name := b.layout.authors[a]; name != "" {
			a = name
		}
		doc.Authors = append(doc.Authors, a)
	}
	if len(doc.Authors) == 0 && b.site.Config.Author != "" {
		doc.Authors = []string{b.site.Config.Author}
	}
	for _, c := range fm.categories {
		if _, ok := b.layout.languageOf(c); ok {
			doc.LangTopics = append(doc.LangTopics, c)
		} else {
			doc.Categories = append(doc.Categories, c)
		}
	}
	if fm.updated != fm.date {
		doc.Updated = fm.updated
	}
	if fm.updated != "" && fm.date != "" && fm.updated < fm.date {
		b.probs.Errorf(d.file, fm.line["date"], "correct one of them", "updated on %s, before its date %s", fm.updated, fm.date)
	}
	b.topics(d, "tag", "tags", doc.Tags)
	b.topics(d, "category", "categories", fm.categories)
	if fm.series != "" {
		b.topics(d, "series", "series", []string{fm.series})
	}

	doc.Slug = b.slug(d, doc)
	if doc.Slug == "" {
		return nil
	}
	home := Home(b.site.Language(lang))
	if d.post {
		if fm.date == "" {
			if fm.dateLine == 0 { // a wrong date was reported already
				b.probs.Errorf(d.file, 1, "add a line to the front matter: date: YYYY-MM-DD", "the post has no date")
			}
			return nil
		}
		doc.Path = home + b.site.format.postPath(fm.date, doc.Slug) + "/"
	} else {
		doc.Path = home + b.pagePath(d, doc.Slug) + "/"
	}
	if b.isHidden(d, doc) {
		return nil
	}
	return doc
}

// isHidden holds back drafts and posts of times to come.
func (b *builder) isHidden(d *draft, doc *Document) bool {
	switch {
	case b.loader.opts.Drafts:
		return false
	case d.fm.draft:
		b.hidden[d.file] = "is a draft"
	case isComing(doc.At, b.now):
		b.hidden[d.file] = "is dated " + doc.Date
		b.announce(d, doc.At)
	default:
		return false
	}
	return true
}

func (b *builder) topics(d *draft, one, key string, names []string) {
	for _, n := range names {
		if Slugify(n) == "" {
			b.probs.Errorf(d.file, d.fm.line[key], "use letters or digits", "%s %q has nothing that a URL could show", one, n)
		}
	}
}

func (b *builder) slug(d *draft, doc *Document) string {
	s, line := d.fm.slug, d.fm.line["slug"]
	switch {
	case s != "":
	case b.layout.mkdocs && d.post:
		s = Slugify(doc.Title)
	default:
		s = d.name
	}
	if why := badSegment(s); why != "" {
		b.probs.Errorf(d.file, line, "use letters, digits and hyphens", "the slug %q %s", s, why)
		return ""
	}
	return s
}

func (f urlFormat) postPath(date, slug string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return slug // day has checked it
	}
	return strings.NewReplacer("{date}", t.Format(f.date), "{slug}", slug).Replace(f.post)
}

// pagePath is where a standing page lives: its place in the folder.
func (b *builder) pagePath(d *draft, slug string) string {
	rel := strings.TrimPrefix(d.stem, b.layout.pages+"/")
	dir := path.Dir(rel)
	if path.Base(rel) == "index" {
		dir = path.Dir(dir)
	}
	return strings.TrimPrefix(path.Join(dir, slug), "./")
}

// groupKey is equal for the translations of one document.
func (b *builder) groupKey(d *draft, doc *Document) string {
	if b.layout.mkdocs {
		return doc.Date + "/" + doc.Slug
	}
	return d.stem
}

// groups are the translations of each document.
type groups struct {
	of   map[*Document]string   // → the group's key
	docs map[string][]*Document // key → its documents
}

func (g *groups) put(doc *Document, key string) {
	g.of[doc] = key
	g.docs[key] = append(g.docs[key], doc)
}

func (g *groups) move(doc *Document, key string) {
	own := g.of[doc]
	g.docs[own] = slices.DeleteFunc(g.docs[own], func(x *Document) bool { return x == doc })
	g.put(doc, key)
}

// translations joins documents that say in their front matter what they are a
// translation of: the slug of a post, or the file's place relative to theirs.
func (b *builder) translations(placed []*draft, groups *groups) {
	bySlug := map[string]*Document{} // in the default language; the last of one slug
	for _, d := range placed {
		if doc := b.byFile[d.file]; doc.Lang == b.site.Config.Languages[0].Tag {
			bySlug[doc.Slug] = doc
		}
	}
	for _, d := range placed {
		of := d.fm.translationOf
		if of == "" {
			continue
		}
		doc := b.byFile[d.file]
		orig := b.byFile[path.Join(path.Dir(d.file), of)]
		if orig == nil {
			orig = bySlug[of]
		}
		switch {
		case orig == nil:
			b.probs.Errorf(d.file, d.fm.translationLine, "name the slug of a published post in the default language, or its file",
				"a translation of %q, which does not exist", of)
		case groups.of[doc] != groups.of[orig]:
			groups.move(doc, groups.of[orig])
		}
	}
}

// pair makes the documents of a group each other's translations.
func (b *builder) pair(group []*Document) {
	order := func(doc *Document) int {
		return slices.IndexFunc(b.site.Config.Languages, func(l config.Language) bool { return l.Tag == doc.Lang })
	}
	slices.SortStableFunc(group, func(x, y *Document) int { return order(x) - order(y) })
	for i, doc := range group {
		if i > 0 && group[i-1].Lang == doc.Lang {
			b.probs.Errorf(doc.File, 0, "give one of them another lang or slug", "%s is the same document in the same language", group[i-1].File)
			return
		}
	}
	if len(group) > 1 {
		for _, doc := range group {
			doc.Translations = group
		}
	}
}
