package plan

import (
	"cmp"
	"math"
	"slices"

	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/search"
)

const (
	// maxRelated is how many older posts a post leads to.
	maxRelated = 3
	// recent is how many posts with a tag or word are compared, the newest of
	// those before the post.
	recent = 16
)

// related finds, for each post of a language, older posts that have rare tags
// and words of the title in common with it, as things were when it was
// published; and one newer post, the first to have it as its nearest. So a new
// post changes one older page at most, whatever it is about.
func (b *builder) related(lang string, posts []*content.Document) {
	terms := search.Terms(lang)
	seen := map[string][]int{} // a tag or word → the posts that have it, oldest first
	older := make([][]int, len(posts))
	newer := make([]int, len(posts))
	score := make([]float64, len(posts)) // of the older posts that are near
	for n := range posts {
		at := len(posts) - 1 - n // posts are newest first
		newer[at] = -1
		var near []int
		keys := map[string]float64{}
		for _, t := range posts[at].Tags {
			keys["#"+content.Slugify(t)] = 2
		}
		for _, t := range terms(posts[at].Title) {
			keys[t] = 1
		}
		for _, key := range sortedKeys(keys) { // floats add up the same each time
			have := seen[key]
			seen[key] = append(have, at)
			if len(have) == 0 || len(have) > 1+n/4 {
				continue
			}
			weight := keys[key] * math.Log(1+float64(n)/float64(len(have)))
			for _, other := range have[max(0, len(have)-recent):] {
				if score[other] == 0 {
					near = append(near, other)
				}
				score[other] += weight
			}
		}
		slices.SortFunc(near, func(x, y int) int {
			if c := cmp.Compare(score[y], score[x]); c != 0 {
				return c
			}
			return cmp.Compare(x, y)
		})
		for _, other := range near {
			score[other] = 0
		}
		older[at] = near[:min(len(near), maxRelated)]
		if len(near) > 0 && newer[near[0]] < 0 {
			newer[near[0]] = at
		}
	}
	for at, d := range posts {
		var links []recipe.Link
		for _, other := range append(older[at], newer[at]) {
			// The neighbours are on the page already.
			if other >= 0 && other != at-1 && other != at+1 {
				links = append(links, recipe.Link{Text: posts[other].Title, URL: posts[other].Path})
			}
		}
		b.near[d] = links
	}
}

func sortedKeys(m map[string]float64) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
