package content

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/markdown"
)

// ref is a link or an image of a document, resolved as far as the document
// alone can tell.
type ref struct {
	markdown.Ref
	to   target
	path string // decoded: of the site, or from the content folder
}

// target is what a reference leads to.
type target int

const (
	toNothing target = iota // not a URL
	toSite                  // an absolute path of this site
	toFile                  // a file of the content folder
	toOutside               // a file outside of it
)

// newRef resolves a reference in a file. It is false for one that leads to
// another site, or to a place in the same document.
func newRef(file string, r markdown.Ref) (ref, bool) {
	u, err := url.Parse(r.Dest)
	switch {
	case err != nil:
		return ref{r, toNothing, ""}, true
	case u.Scheme != "" || u.Host != "" || u.Path == "":
		return ref{}, false
	case strings.HasPrefix(u.Path, "/"):
		return ref{r, toSite, u.Path}, true
	}
	name := path.Join(path.Dir(file), u.Path)
	if name == ".." || strings.HasPrefix(name, "../") {
		return ref{r, toOutside, ""}, true
	}
	return ref{r, toFile, name}, true
}

// isDocument says that a link to name means a document, not a file to fetch.
func isDocument(name string) bool { return isMarkdown(name) || path.Ext(name) == "" }

// assets are the files that the document names.
func (d *draft) assets() []string {
	var out []string
	for _, r := range d.refs {
		if r.to == toFile && (r.Image || !isDocument(r.path)) {
			out = append(out, r.path)
		}
	}
	if d.fm.audio != "" && !isRemote(d.fm.audio) {
		out = append(out, path.Join(path.Dir(d.file), d.fm.audio))
	}
	if name, ok := d.coverFile(); ok {
		out = append(out, name)
	}
	return slices.DeleteFunc(out, func(name string) bool { return typeOf(name) == "" || inHidden(name) })
}

// references resolves what a document shows and links to.
func (b *builder) references(d *draft, doc *Document) {
	if b.isEpisode(d, doc) {
		doc.Episode = b.episode(d)
	}
	b.cover(d, doc)
	for _, r := range d.refs {
		switch {
		case r.to == toNothing:
			b.probs.Errorf(d.file, r.Line, "percent-encode spaces and brackets in it", "%q is not a URL", r.Dest)
		case r.to == toOutside:
			b.probs.Errorf(d.file, r.Line, "move the file into the content folder", "%s leads out of the content folder", r.Dest)
		case r.to == toSite && r.Image:
			b.probs.Errorf(d.file, r.Line, "put the image beside the post and name it relative to it", "the image %s has an absolute path", r.Dest)
		case r.to == toSite:
			doc.SiteLinks = append(doc.SiteLinks, SiteLink{r.path, r.Line})
		case r.Image:
			if img, ok := b.mustPicture(r.path, d.file, r.Line); ok {
				set(&doc.Source.Images, r.Dest, img)
			}
		default:
			if to := b.link(d, r); to != "" {
				key, _, _ := strings.Cut(r.Dest, "#")
				set(&doc.Source.Links, key, to)
			}
		}
	}
}

// mustAsset is asset for a file that the page is wrong without.
func (b *builder) mustAsset(name, from string, line int) (Asset, *fact, bool) {
	a, f, no := b.asset(name)
	if no != nil {
		b.probs.Errorf(from, line, no.hint, "%s", no.message)
	}
	return a, f, no == nil
}

// coverFile is the file that the front matter names as the post's picture: from
// the content folder if it begins with a slash, else from the post. It is false
// for none, and for one on another site.
func (d *draft) coverFile() (string, bool) {
	if d.fm.cover == "" {
		return "", false
	}
	p := d.fm.cover
	if u, err := url.Parse(p); err == nil {
		if u.Scheme != "" || u.Host != "" {
			return "", false
		}
		p = u.Path
	}
	if strings.HasPrefix(p, "/") {
		return strings.TrimPrefix(path.Clean(p), "/"), true
	}
	return path.Join(path.Dir(d.file), p), true
}

// cover finds the post's picture. What is wrong with it is a warning: no page
// lacks anything without it.
func (b *builder) cover(d *draft, doc *Document) {
	name, ok := d.coverFile()
	if !ok {
		if d.fm.cover != "" {
			b.probs.Warnf(d.file, d.fm.coverLine, "put a copy beside the post", "cover: %s is on another site, and is left out", d.fm.cover)
		}
		return
	}
	if ctype := typeOf(name); ctype != "" && !strings.HasPrefix(ctype, "image/") {
		b.probs.Warnf(d.file, d.fm.coverLine, "name a picture", "cover: %s is not an image", d.fm.cover)
		return
	}
	img, no := b.picture(name, true)
	if no != nil {
		b.probs.Warnf(d.file, d.fm.coverLine, no.hint, "cover: %s", no.message)
		return
	}
	doc.Cover = img
}

// shownNames is how many names a warning about many files gives.
const shownNames = 3

// unmeasuredImages reports the images without a size all at once: a folder of
// them usually has one cause.
func (b *builder) unmeasuredImages() {
	names := slices.Sorted(maps.Keys(b.unmeasured))
	if len(names) == 0 {
		return
	}
	const hint = "they are published as they are, and pages jump when they load; open them in an image editor and save them again"
	first := names[0]
	if len(names) == 1 {
		b.probs.Warnf(first, 0, hint, "the size of the image is unknown: %s", b.unmeasured[first])
		return
	}
	list := strings.Join(names[1:min(len(names), shownNames)], ", ")
	if len(names) > shownNames {
		list += fmt.Sprintf(" and %d more", len(names)-shownNames)
	}
	b.probs.Warnf(first, 0, hint, "the size of this and %d other images is unknown: %s (%s)", len(names)-1, list, b.unmeasured[first])
}

func set[V any](m *map[string]V, k string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[k] = v
}

// link resolves a relative link to a document or a file; "" when a problem was
// reported.
func (b *builder) link(d *draft, ref ref) string {
	name := ref.path
	if doc := b.byFile[name]; doc != nil {
		return doc.Path
	}
	if why := b.hidden[name]; why != "" {
		b.probs.Errorf(d.file, ref.Line, "remove the link until it is published", "links to %s, which %s", name, why)
		return ""
	}
	if b.wrong[name] {
		return ""
	}
	if isDocument(name) {
		hint := "name the file, relative to this one: ../other-post/index.en.md"
		if doc := b.sibling(name); doc != nil {
			hint = fmt.Sprintf("did you mean %s?", doc.File)
		}
		b.probs.Errorf(d.file, ref.Line, hint, "a link to nowhere: there is no document %s", name)
		return ""
	}
	a, _, ok := b.mustAsset(name, d.file, ref.Line)
	if !ok {
		return ""
	}
	return "/" + a.Key
}

// sibling finds a document in the folder that a wrong link names.
func (b *builder) sibling(name string) *Document {
	name = strings.TrimSuffix(name, path.Ext(name))
	for _, docs := range [][]*Document{b.site.Posts, b.site.Pages} {
		for _, doc := range docs {
			if path.Dir(doc.File) == name || strings.HasPrefix(doc.File, name+".") {
				return doc
			}
		}
	}
	return nil
}
