package plan

import (
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/search"
)

// search plans the index: the parts of each language, what lists them, and the
// root. An edit changes one of each. They have paths, below that of the search,
// so that a release holds them as it holds a page.
func (b *builder) search() {
	root := &recipe.Recipe{Kind: recipe.Search, Path: recipe.SearchPath, Site: b.siteOf(b.site.Config.Languages[0]), Search: &recipe.SearchData{}}
	for _, l := range b.site.Config.Languages {
		parts := map[string][]recipe.SearchPost{}
		var paths []string
		var docs []*content.Document
		for _, d := range b.site.Documents() {
			if d.Lang == l.Tag {
				docs = append(docs, d)
				paths = append(paths, d.Path)
			}
		}
		part := search.Split(paths)
		for _, d := range docs {
			name := part[d.Path]
			parts[name] = append(parts[name], recipe.SearchPost{
				Path: d.Path, Title: d.Title, Date: d.Date, Tags: d.Tags, Source: d.Source.Digest,
			})
		}
		base := recipe.SearchPath + "/" + strings.ToLower(l.Tag)
		list := &recipe.SearchData{}
		for name, posts := range parts {
			slices.SortFunc(posts, func(x, y recipe.SearchPost) int { return strings.Compare(x.Path, y.Path) })
			list.Parts = append(list.Parts, b.emitNow(base+"/p"+name, &recipe.Recipe{
				Kind: recipe.SearchPart, Path: base + "/p" + name, Lang: l.Tag, Search: &recipe.SearchData{Posts: posts},
			}))
		}
		slices.Sort(list.Parts)
		root.Search.Languages = append(root.Search.Languages, recipe.SearchLanguage{
			Lang: l.Tag, Site: b.siteOf(l),
			Index: b.emitNow(base, &recipe.Recipe{Kind: recipe.SearchLang, Path: base, Lang: l.Tag, Search: list}),
		})
	}
	b.emit(root)
}

// emitNow is emitAt for a page whose digest another holds.
func (b *builder) emitNow(path string, r *recipe.Recipe) (digest string) {
	b.emitAt(path, r)
	pg := &b.plan.Pages[len(b.plan.Pages)-1]
	pg.Digest = r.Digest()
	return pg.Digest
}
