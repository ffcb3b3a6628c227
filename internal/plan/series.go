package plan

import (
	"slices"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/recipe"
)

// series plans the pages of a language's series: one each, with its posts from
// the first to the last, and one that lists them. A post says which part it is
// and not of how many, so that a new part changes the one before it alone.
func (b *builder) series(add adder, l config.Language, posts []*content.Document) {
	base := content.Home(l) + "series/"
	var all []recipe.Link
	for _, t := range topicsOf(posts, func(d *content.Document) []string {
		if d.Series == "" {
			return nil
		}
		return []string{d.Series}
	}) {
		slices.Reverse(t.posts) // the first part first
		own := recipe.Link{Text: t.name, URL: base + t.slug + "/"}
		all = append(all, own)
		var parts []recipe.Link
		for i, d := range t.posts {
			parts = append(parts, recipe.Link{Text: d.Title, URL: d.Path})
			b.inSeries[d] = &recipe.SeriesData{
				Series: own, Part: i + 1, Before: neighbour(t.posts, i-1), Next: neighbour(t.posts, i+1),
			}
		}
		add(own.URL, func() {
			b.emit(&recipe.Recipe{
				Kind: recipe.Index, Path: own.URL, Lang: l.Tag, Title: t.name, Site: b.siteOf(l),
				Index: &recipe.IndexData{Groups: []recipe.Group{{Links: parts}}, Posts: true},
			})
		})
	}
	b.index(add, l, base, "Series", all)
}
