package content

import (
	"slices"
	"strings"
)

// redirects collects old addresses: those that documents name, and for a MkDocs
// blog the address that a translation had before it got its language's prefix.
func (b *builder) redirects(placed []*draft, paths map[string]string) {
	from := map[string]string{}
	for _, d := range placed {
		doc := b.byFile[d.file]
		for _, a := range d.fm.aliases {
			p := a.path
			switch {
			case !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "?#\\"):
				b.probs.Errorf(d.file, a.line, "write the path only, with a slash at its beginning: /old/post/", "aliases: %q is not a path", p)
				continue
			case slices.Contains(strings.Split(p, "/"), ".."):
				b.probs.Errorf(d.file, a.line, "write the path as browsers ask for it", "aliases: %q has .. in it", p)
				continue
			}
			if other := paths[p]; other != "" {
				b.probs.Errorf(d.file, a.line, "remove the alias", "aliases: %s is the URL of %s", p, other)
				continue
			}
			if other := from[p]; other != "" {
				b.probs.Errorf(d.file, a.line, "remove one of them", "aliases: %s is also an alias in %s", p, other)
				continue
			}
			from[p] = d.file
			b.site.Redirects[p] = doc.Path
		}
	}
	for _, d := range placed {
		doc := b.byFile[d.file]
		if !b.layout.mkdocs || !d.post || doc.Lang == b.site.Config.Languages[0].Tag {
			continue
		}
		old := "/" + b.site.format.postPath(doc.Date, doc.Slug) + "/"
		if paths[old] == "" && from[old] == "" {
			from[old] = d.file
			b.site.Redirects[old] = doc.Path
		}
	}
}
