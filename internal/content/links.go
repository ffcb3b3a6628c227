package content

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/markdown"
	"github.com/victorleungtw/blog/internal/recipe"
)

// references resolves what a document shows and links to.
func (b *builder) references(d *draft, doc *Document) {
	if d.fm.audio != "" || d.fm.episode > 0 || slices.ContainsFunc(doc.Categories, isPodcast) {
		doc.Episode = b.episode(d)
	}
	for _, ref := range d.doc.Refs {
		dest, isSite := b.resolvable(d, ref)
		if !isSite {
			continue
		}
		if strings.HasPrefix(dest, "/") {
			if ref.Image {
				b.probs.Errorf(d.file, ref.Line, "put the image beside the post and name it relative to it", "the image %s has an absolute path", ref.Dest)
				continue
			}
			doc.SiteLinks = append(doc.SiteLinks, SiteLink{dest, ref.Line})
			continue
		}
		name := path.Join(path.Dir(d.file), dest)
		if name == ".." || strings.HasPrefix(name, "../") {
			b.probs.Errorf(d.file, ref.Line, "move the file into the content folder", "%s leads out of the content folder", ref.Dest)
			continue
		}
		if ref.Image {
			if h, ok := b.loader.asset(name, d.file, ref.Line, b.probs); ok {
				b.site.Assets[h.asset.Key] = h.asset
				set(&doc.Source.Images, ref.Dest, recipe.Image{URL: "/" + h.asset.Key, Width: h.width, Height: h.height})
			}
			continue
		}
		if to := b.link(d, ref, name); to != "" {
			key, _, _ := strings.Cut(ref.Dest, "#")
			set(&doc.Source.Links, key, to)
		}
	}
}

func set[V any](m *map[string]V, k string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[k] = v
}

// resolvable returns a reference's decoded path, when it is one to this site.
func (b *builder) resolvable(d *draft, ref markdown.Ref) (string, bool) {
	u, err := url.Parse(ref.Dest)
	if err != nil {
		b.probs.Errorf(d.file, ref.Line, "percent-encode spaces and brackets in it", "%q is not a URL", ref.Dest)
		return "", false
	}
	if u.Scheme != "" || u.Host != "" || u.Path == "" {
		return "", false
	}
	return u.Path, true
}

// link resolves a relative link to a document or a file; "" when a problem was
// reported.
func (b *builder) link(d *draft, ref markdown.Ref, name string) string {
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
	if ext := path.Ext(name); ext == ".md" || ext == ".markdown" || ext == "" {
		hint := "name the file, relative to this one: ../other-post/index.en.md"
		if doc := b.sibling(name); doc != nil {
			hint = fmt.Sprintf("did you mean %s?", doc.File)
		}
		b.probs.Errorf(d.file, ref.Line, hint, "a link to nowhere: there is no document %s", name)
		return ""
	}
	h, ok := b.loader.asset(name, d.file, ref.Line, b.probs)
	if !ok {
		return ""
	}
	b.site.Assets[h.asset.Key] = h.asset
	return "/" + h.asset.Key
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

func isPodcast(category string) bool { return Slugify(category) == "podcast" }

// episode reads the enclosure of a podcast episode, if it has one.
func (b *builder) episode(d *draft) *recipe.Episode {
	e := &recipe.Episode{Duration: d.fm.duration, Number: d.fm.episode, Season: d.fm.season}
	if d.fm.audio == "" {
		return e
	}
	if u, err := url.Parse(d.fm.audio); err == nil && u.Scheme != "" {
		b.probs.Errorf(d.file, d.fm.audioLine, "put the file beside the post: a feed must state its length and type", "audio: %s is on another host", d.fm.audio)
		return e
	}
	name := path.Join(path.Dir(d.file), d.fm.audio)
	h, ok := b.loader.asset(name, d.file, d.fm.audioLine, b.probs)
	if !ok {
		return e
	}
	if !strings.HasPrefix(h.asset.Meta.ContentType, "audio/") {
		b.probs.Errorf(d.file, d.fm.audioLine, "use .mp3 or .m4a", "audio: %s is not an audio file", d.fm.audio)
		return e
	}
	if e.Duration == 0 {
		b.probs.Warnf(d.file, d.fm.audioLine, `add duration: "mm:ss"`, "the episode does not say how long it is")
	}
	b.site.Assets[h.asset.Key] = h.asset
	e.Audio, e.Type, e.Length = "/"+h.asset.Key, h.asset.Meta.ContentType, h.size
	return e
}
