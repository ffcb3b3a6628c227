package renderer

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/search"
	"github.com/victorleungtw/blog/internal/shown"
	"github.com/victorleungtw/blog/internal/store"
)

// searchCache lets CloudFront keep an answer for a day: its cache key has the
// release and the question, and the same index answers the same. Browsers ask
// again, as for every page.
const searchCache = "public, max-age=0, must-revalidate, s-maxage=86400"

// What is remembered of indexes, in bytes. The parts of a blog of 3,000 posts take
// some 4 MB, and without them each question would read the index; the terms of all
// of its texts take 7 MB, and without them a question takes twice the CPU.
const (
	maxParts = 16 << 20
	maxTerms = 8 << 20
	maxTexts = 2 << 20
)

// searcher remembers what was read of indexes. It is empty until the first
// question. The zero searcher is ready.
type searcher struct {
	nodes memory[*recipe.SearchData]
	parts memory[*search.Part]
	terms memory[*search.Text] // of texts, what it takes to look into them
	texts memory[*search.Text]
}

// serveSearch answers a question to the index whose root has this digest. The
// edge function found it in the route table, so that results are of the release
// that the reader sees, whatever its branch or hour.
func (r *Renderer) serveSearch(w http.ResponseWriter, req *http.Request, digest string) {
	if !recipe.IsDigest(digest) {
		fail(w, http.StatusNotFound, "not an address of an index")
		return
	}
	obj, err := r.answer(req.Context(), digest, search.ParseQuery(req.URL.Query()))
	if err != nil {
		r.failed(w, req, err)
		return
	}
	send(w, req, obj, `"`+recipe.Sum(obj.Body)+`"`)
}

// answer makes a page of results.
func (r *Renderer) answer(ctx context.Context, digest string, q search.Query) (*store.Object, error) {
	root, err := r.searchNode(ctx, digest)
	if err != nil {
		return nil, err
	}
	in, _, err := render.SearchLanguages(root, &q)
	if err != nil {
		return nil, err
	}
	var found *search.Results
	var tags []string
	if q.Text != "" {
		indexes, err := r.indexes(ctx, in)
		if err != nil {
			return nil, err
		}
		if found, err = search.Find(ctx, q, indexes, r.searchTexts); err != nil {
			return nil, err
		}
		for _, res := range found.Results {
			tags = append(tags, shown.Tag(res.Path))
		}
	}
	body, err := render.SearchPage(root, q, found)
	if err != nil {
		return nil, err
	}
	return &store.Object{
		Meta: store.Meta{ContentType: "text/html; charset=utf-8", CacheControl: searchCache, CacheTags: strings.Join(tags, ",")},
		Body: body,
	}, nil
}

// searchNode reads what leads to the parts of an index.
func (r *Renderer) searchNode(ctx context.Context, digest string) (*recipe.SearchData, error) {
	return r.search.nodes.get(digest, maxParts/8, func() (*recipe.SearchData, int, error) {
		obj, _, err := r.page(ctx, r.Bucket, pages, digest, "")
		if err != nil {
			return nil, 0, err
		}
		node, err := render.SearchNode(obj.Body)
		return node, 2 * len(obj.Body), err
	})
}

// indexes reads all parts of the index in some languages.
func (r *Renderer) indexes(ctx context.Context, in []recipe.SearchLanguage) ([]search.Index, error) {
	out := make([]search.Index, len(in))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(32) // it waits for S3 most of the time
	for i, l := range in {
		node, err := r.searchNode(ctx, l.Index)
		if err != nil {
			return nil, err
		}
		out[i] = search.Index{Lang: l.Lang, Parts: make([]*search.Part, len(node.Parts))}
		for k, digest := range node.Parts {
			if p, ok := r.search.parts.have(digest); ok {
				out[i].Parts[k] = p
				continue
			}
			g.Go(func() (err error) {
				out[i].Parts[k], err = r.searchPart(ctx, l.Lang, digest)
				return err
			})
		}
	}
	return out, g.Wait()
}

func (r *Renderer) searchPart(ctx context.Context, lang, digest string) (*search.Part, error) {
	return r.search.parts.get(digest, maxParts, func() (*search.Part, int, error) {
		obj, _, err := r.page(ctx, r.Bucket, pages, digest, "")
		if err != nil {
			return nil, 0, err
		}
		p, err := search.Open(lang, obj.Body)
		if err != nil {
			return nil, 0, fmt.Errorf("page/%s: %w", digest, err)
		}
		return p, p.Size(), nil
	})
}

// searchTexts reads the texts of posts that seem to have what was asked for.
func (r *Renderer) searchTexts(ctx context.Context, hits []search.Hit, whole bool) ([]*search.Text, error) {
	out := make([]*search.Text, len(hits))
	from := &r.search.terms
	if whole {
		from = &r.search.texts
	}
	g, ctx := errgroup.WithContext(ctx)
	for i, h := range hits {
		// One file is one text, but a post has a title and tags besides.
		key := h.Lang + h.Path + string(h.Source[:])
		if t, ok := from.have(key); ok {
			out[i] = t
			continue
		}
		g.Go(func() error {
			raw, err := sources{r.Bucket}.Source(ctx, hex.EncodeToString(h.Source[:]))
			if err != nil {
				return err
			}
			t := search.NewText(h.Lang, h.Post, render.SearchText(raw))
			r.search.texts.keep(key, t, t.Size(), maxTexts)
			r.search.terms.keep(key, t.Bare(), t.Bare().Size(), maxTerms)
			out[i] = t
			return nil
		})
	}
	return out, g.Wait()
}

// memory remembers values by names that say what they are, up to a size. The
// zero memory is ready.
type memory[T any] struct {
	mu   sync.Mutex
	size int
	now  int // counts uses
	held map[string]*remembered[T]
}

type remembered[T any] struct {
	value T
	size  int
	used  int
}

func (m *memory[T]) have(name string) (value T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.held[name]
	if e == nil {
		return value, false
	}
	m.now++
	e.used = m.now
	return e.value, true
}

// get returns what is remembered, or makes and remembers it. Two who ask at
// once may both make it, which gives the same.
func (m *memory[T]) get(name string, limit int, make func() (T, int, error)) (T, error) {
	if v, ok := m.have(name); ok {
		return v, nil
	}
	v, size, err := make()
	if err == nil {
		m.keep(name, v, size, limit)
	}
	return v, err
}

// keep remembers a value.
func (m *memory[T]) keep(name string, v T, size, limit int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held == nil {
		m.held = map[string]*remembered[T]{}
	}
	if m.held[name] != nil || size > limit {
		return
	}
	for m.size+size > limit {
		m.drop()
	}
	m.now++
	m.held[name] = &remembered[T]{v, size, m.now}
	m.size += size
}

// drop forgets the older half, so that it is not looked for at each use.
func (m *memory[T]) drop() {
	oldest, newest := m.now, 0
	for _, e := range m.held {
		oldest, newest = min(oldest, e.used), max(newest, e.used)
	}
	for name, e := range m.held {
		if e.used <= (oldest+newest)/2 {
			m.size -= e.size
			delete(m.held, name)
		}
	}
}
