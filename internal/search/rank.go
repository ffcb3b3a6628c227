package search

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
)

// Index is the index of one language.
type Index struct {
	Lang  string
	Parts []*Part
}

// Hit is a post that seems to have what was asked for.
type Hit struct {
	*Post
	Lang    string
	score   float64
	matched int
	want    *wanted
}

// Result is a hit as a page shows it.
type Result struct {
	Hit
	TitleParts []Segment
	Excerpt    []Segment
}

// Results are a page of results.
type Results struct {
	Results []Result
	// More says that there is a page behind this one.
	More bool
	// Total is how many there are, or -1 when not all were looked at.
	Total int
	// Loose says that no post has all of the words, and these have some.
	Loose bool
}

// Texts gives the texts of posts, in their order, to be looked into; with whole,
// to be shown as well.
type Texts func(ctx context.Context, hits []Hit, whole bool) ([]*Text, error)

// batch is how many texts are asked for at once: a page of results, and what
// its filters got wrong.
const batch = PerPage + 6

// maxTexts bounds how many texts are read for a question.
const maxTexts = 25 * batch

// Find answers a question.
func Find(ctx context.Context, q Query, indexes []Index, texts Texts) (*Results, error) {
	all, some := rank(q, indexes)
	out, err := page(ctx, q, all, texts, true)
	if err != nil || out.Total != 0 {
		return out, err
	}
	out, err = page(ctx, q, some, texts, false)
	if err == nil {
		out.Loose = out.Total != 0
	}
	return out, err
}

// page looks at hits, best first, until the page that is asked for is full, and
// one result more.
func page(ctx context.Context, q Query, hits []Hit, texts Texts, all bool) (*Results, error) {
	out := &Results{}
	slices.SortFunc(hits, bestFirst)
	var shown []Hit
	first, last := (q.Page-1)*PerPage, q.Page*PerPage
	n := 0
	for looked := 0; len(hits) > 0 && n <= last && looked < maxTexts; looked += batch {
		some := hits[:min(batch, len(hits))]
		hits = hits[len(some):]
		read, err := texts(ctx, some, false)
		if err != nil {
			return nil, err
		}
		for i, h := range some {
			if !h.holds(read[i], all) {
				continue
			}
			if n >= first && n < last {
				shown = append(shown, h)
			}
			n++
		}
	}
	read, err := texts(ctx, shown, true)
	if err != nil {
		return nil, err
	}
	stemmers := map[string]*stemmer{} // they remember the words of one text for the next
	for i, h := range shown {
		if stemmers[h.Lang] == nil {
			stemmers[h.Lang] = newStemmer(h.Lang)
		}
		out.Results = append(out.Results, h.result(read[i], stemmers[h.Lang]))
	}
	out.More = n > last && q.Page < MaxPage
	out.Total = n
	if len(hits) > 0 {
		out.Total = -1
	}
	return out, nil
}

// The constants of BM25, and what a term in the title, or in a tag, counts of
// one in the text.
const (
	k1, b      = 1.2, 0.75
	manyCount  = 4 // how often a post is taken to say what it says often
	titleCount = 6
	tagCount   = 4
)

// fields say where a post has a term.
type fields uint8

const (
	inText fields = 1 << iota
	inTextOften
	inTitle
	inTags
)

// find looks for a term. The text's filters may be wrong, title and tags not.
func (d *indexed) find(h uint64) (f fields) {
	if d.all.has(h) {
		f |= inText
		if d.most.has(h) {
			f |= inTextOften
		}
	}
	if slices.Contains(d.title, h) {
		f |= inTitle
	}
	if slices.Contains(d.tags, h) {
		f |= inTags
	}
	return f
}

// rank returns the posts that seem to have all terms of the question, and those
// that have some, in no order.
func rank(q Query, indexes []Index) (all, some []Hit) {
	for _, ix := range indexes {
		w := q.wanted(ix.Lang)
		if len(w.hashes) == 0 && w.literal == "" {
			continue
		}
		for _, h := range ix.rank(q, &w) {
			if h.matched == len(w.hashes) {
				all = append(all, h)
			} else {
				some = append(some, h)
			}
		}
	}
	return all, some
}

// bestFirst is the order of results. It is total: no two posts have one path.
func bestFirst(x, y Hit) int {
	return cmp.Or(cmp.Compare(y.score, x.score), strings.Compare(y.Date, x.Date), strings.Compare(x.Path, y.Path))
}

func (ix Index) rank(q Query, w *wanted) []Hit {
	type candidate struct {
		post  *indexed
		found [maxQueryTerms]fields
	}
	var candidates []candidate
	var df [maxQueryTerms]int
	posts, length := 0, 0
	for _, part := range ix.Parts {
		for i := range part.posts {
			d := &part.posts[i]
			posts++
			length += d.length
			if q.Tag != "" && !slices.ContainsFunc(d.Tags, func(t string) bool { return sameTag(t, q.Tag) }) {
				continue
			}
			c := candidate{post: d}
			any := w.literal != "" && strings.Contains(d.plain, w.literal)
			for k, h := range w.hashes {
				if c.found[k] = d.find(h); c.found[k] != 0 {
					df[k]++
					any = true
				}
			}
			if any {
				candidates = append(candidates, c)
			}
		}
	}
	average := float64(max(1, length)) / float64(max(1, posts))
	hits := make([]Hit, 0, len(candidates))
	for _, c := range candidates {
		h := Hit{Post: &c.post.Post, Lang: ix.Lang, want: w}
		for k := range w.hashes {
			f := c.found[k]
			if f == 0 {
				continue
			}
			h.matched++
			tf := 0.0
			if f&inText != 0 {
				tf = 1
			}
			if f&inTextOften != 0 {
				tf = manyCount
			}
			tf /= 1 - b + b*float64(c.post.length)/average
			if f&inTitle != 0 {
				tf += titleCount
			}
			if f&inTags != 0 {
				tf += tagCount
			}
			idf := math.Log(1 + (float64(posts-df[k])+0.5)/(float64(df[k])+0.5))
			h.score += idf * tf * (k1 + 1) / (tf + k1)
		}
		hits = append(hits, h)
	}
	return hits
}

// holds says whether a post has what was asked for: all of it, or any.
func (h *Hit) holds(t *Text, all bool) bool {
	if h.want.literal != "" {
		return true // titles and tags are not guessed
	}
	for _, w := range h.want.hashes {
		if t.has(w) != all {
			return !all
		}
	}
	return all
}
