package renderer

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/history"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/shown"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/travel"
)

// Time travel: a page as an old release had it (package travel says at which
// addresses). The releases that can be seen are those of the line that leads
// back from the one that the reader is shown (package history), which the edge
// function names in a header: so what is to come is no more to be seen here than
// anywhere else. What was taken down is refused from the moment that the head
// says so, before it is erased.
//
// A page of an old release is kept by CloudFront as a page of results is: for a
// day, with the current release in its key, and with the tags of the posts that
// it shows, by which a takedown finds it. One of more posts than tags is not kept.

// travelCache is what a page of an old release is kept for.
const travelCache = searchCache

// serveTravel answers an address of package travel.
func (r *Renderer) serveTravel(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("X-Robots-Tag", "noindex")
	a := travel.Parse(req.URL.Path)
	if a.Kind == travel.Style {
		obj := &store.Object{Meta: store.Meta{ContentType: "text/css; charset=utf-8", CacheControl: travelCache}, Body: travel.Stylesheet}
		send(w, req, obj, `"`+recipe.Sum(obj.Body)+`"`)
		return
	}
	t := &trip{Renderer: r, Address: a, w: w, req: req}
	if err := t.begin(); err != nil {
		r.failed(w, req, err)
		return
	}
	var err error
	switch a.Kind {
	case travel.Gate:
		err = t.gate()
	case travel.Map:
		err = t.timeMap()
	case travel.Nothing:
		t.Path = "/"
		err = t.missing(travel.Nowhere)
	default:
		err = t.memento()
	}
	if err != nil {
		h.Del("Link")
		h.Del("Memento-Datetime")
		r.failed(w, req, err)
	}
}

// trip is one request.
type trip struct {
	*Renderer
	travel.Address
	w   http.ResponseWriter
	req *http.Request

	current *history.Record // what readers see now
	down    map[string]bool // digests of pages that were taken down
}

// begin finds what readers see now, and what nobody may see.
func (t *trip) begin() error {
	ctx := t.req.Context()
	obj, err := t.Bucket.Get(ctx, names.HeadKey)
	if err != nil {
		return err
	}
	var head struct {
		Takedowns []string `json:"takedowns"`
	}
	if err := json.Unmarshal(obj.Body, &head); err != nil {
		return fmt.Errorf("%s: %w", names.HeadKey, err)
	}
	t.down = map[string]bool{}
	for _, key := range head.Takedowns {
		obj, err := t.Bucket.Get(ctx, key)
		if err != nil {
			return fmt.Errorf("%s: %w", key, unlike(err))
		}
		var record struct {
			Digests []string `json:"digests"`
		}
		if err := json.Unmarshal(obj.Body, &record); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		for _, d := range record.Digests {
			t.down[d] = true
		}
	}
	// A branch has no line of its own, and the edge function sends nobody here
	// from one.
	n, err := strconv.Atoi(t.req.Header.Get("X-Blog-Release"))
	if err != nil || n < 1 {
		return fmt.Errorf("no release is current: %w", store.ErrNotExist)
	}
	t.current, err = t.history.record(ctx, t.Bucket, n)
	return err
}

// unlike makes an error that something is missing one that is no answer to a
// reader: what is missing is not what was asked for.
func unlike(err error) error {
	if errors.Is(err, store.ErrNotExist) {
		return errors.New(err.Error())
	}
	return err
}

// memento shows a page of a release.
func (t *trip) memento() error {
	ctx := t.req.Context()
	var then *history.Record
	for rec, err := range t.history.line(ctx, t.Bucket, t.current.N) {
		if err != nil {
			return err
		}
		if rec.N <= t.N {
			then = rec
			break
		}
	}
	if then == nil || then.N != t.N {
		return t.missing(travel.NotKept)
	}
	if home := travel.To(t.N, "/"); t.req.URL.Path+"/" == home {
		return t.redirect(home)
	}
	path, text := t.Path, ""
	to, err := t.at(then, path)
	if err != nil {
		return err
	}
	if to == "" && strings.HasSuffix(path, textSuffix) {
		page := strings.TrimSuffix(path, textSuffix) + "/"
		if to, err = t.at(then, page); err != nil {
			return err
		}
		path, text = page, textSuffix
	}
	switch {
	case to == "" && !strings.HasSuffix(path, "/"):
		if to, err = t.at(then, path+"/"); err != nil {
			return err
		}
		if to != "" {
			return t.redirect(travel.To(t.N, path+"/"))
		}
	case strings.HasPrefix(to, "/"):
		return t.redirect(travel.Follow(t.N, to))
	}
	if to == "" {
		return t.missing(travel.NotThere)
	}
	rec, obj, err := t.stored(to, text)
	if errors.Is(err, store.ErrNotExist) {
		return t.missing(travel.Withdrawn)
	} else if err != nil {
		return err
	}
	since, err := then.Since()
	if err != nil {
		return err
	}
	today, err := t.at(t.current, path)
	if err != nil {
		return err
	}
	tags := obj.CacheTags
	switch {
	case obj.ContentType != render.TypeHTML:
	case t.req.URL.Query().Has("diff") && rec.Kind == recipe.Post && recipe.IsDigest(today):
		now, page, err := t.stored(today, "")
		if err != nil {
			return unlike(err)
		}
		obj.Body, err = travel.Difference(travel.Change{N: t.N, Since: since, Was: obj.Body, Now: page.Body, Recipe: now})
		if err != nil {
			return err
		}
		tags = strings.Join(slices.Compact(slices.Sorted(slices.Values(append(strings.Split(tags, ","), strings.Split(page.CacheTags, ",")...)))), ",")
		return t.send(obj, tags)
	default:
		obj.Body, err = travel.Page(obj.Body, travel.Note{
			N: t.N, Since: since, Path: path, Now: today != "", Post: rec.Kind == recipe.Post && today != to && recipe.IsDigest(today), Home: rec.Site.Home,
		})
		if err != nil {
			return err
		}
	}
	t.w.Header().Set("Memento-Datetime", travel.Datetime(since))
	t.w.Header().Set("Link", travel.Links(rec.Site.BaseURL, t.Path))
	return t.send(obj, tags)
}

// stored returns a page that may be shown, and its recipe; ErrNotExist when
// there is none.
func (t *trip) stored(digest, suffix string) (*recipe.Recipe, *store.Object, error) {
	ctx := t.req.Context()
	if t.down[digest] {
		return nil, nil, fmt.Errorf("page/%s was taken down: %w", digest, store.ErrNotExist)
	}
	raw, err := t.Bucket.Get(ctx, names.RecipePrefix+digest)
	if err != nil {
		return nil, nil, err
	}
	// Not recipe.Decode: those of other versions are shown too.
	var rec recipe.Recipe
	if err := json.Unmarshal(raw.Body, &rec); err != nil {
		return nil, nil, fmt.Errorf("recipe/%s: %w", digest, err)
	}
	if rec.Kind == recipe.Search || rec.Site == nil || rec.NoIndex {
		return nil, nil, fmt.Errorf("recipe/%s is of no page for readers: %w", digest, store.ErrNotExist)
	}
	obj, _, err := t.page(ctx, t.Bucket, pages, digest, suffix)
	if err != nil {
		return nil, nil, err
	}
	own := *obj
	return &rec, &own, nil
}

func (t *trip) send(obj *store.Object, tags string) error {
	obj.CacheControl, obj.CacheTags = travelCache, tags
	if strings.Count(tags, ",")+1 >= shown.MaxTags {
		obj.CacheControl, obj.CacheTags = noStore, ""
	}
	send(t.w, t.req, obj, `"`+recipe.Sum(obj.Body)+`"`)
	return nil
}

func (t *trip) redirect(to string) error {
	t.w.Header().Set("Location", to)
	t.w.Header().Set("Cache-Control", noStore)
	t.w.WriteHeader(http.StatusFound)
	return nil
}

// missing answers 404 with the blog's page for that, in the language of the
// path.
func (t *trip) missing(why travel.Reason) error {
	try := []string{"/404.html"}
	if first, _, ok := strings.Cut(t.Path[1:], "/"); ok {
		try = append([]string{"/" + first + "/404.html"}, try...)
	}
	for _, path := range try {
		to, err := t.at(t.current, path)
		if err != nil {
			return err
		}
		if !recipe.IsDigest(to) {
			continue
		}
		_, obj, err := t.stored(to, "")
		if err != nil {
			return unlike(err)
		}
		body, err := travel.Missing(obj.Body, why, t.N, t.Path)
		if err != nil {
			return err
		}
		h := t.w.Header()
		h.Set("Content-Type", obj.ContentType)
		h.Set("Cache-Control", noStore)
		h.Set("Content-Length", fmt.Sprint(len(body)))
		t.w.WriteHeader(http.StatusNotFound)
		if t.req.Method != http.MethodHead {
			t.w.Write(body) // a reader that hung up is not our failure
		}
		return nil
	}
	return fmt.Errorf("release %d has no page for what is missing: %w", t.current.N, store.ErrNotExist)
}

// gate leads to the release that readers saw at a moment. Where that had nothing
// at the path, or there was none yet, it is the nearest before that had, else the
// first.
func (t *trip) gate() error {
	var found *history.Record
	for v, err := range t.versions() {
		if err != nil {
			return err
		}
		found = v.Record
		if !v.since.After(t.At) {
			break
		}
	}
	t.w.Header().Set("Vary", "Accept-Datetime")
	if found == nil {
		t.N = t.current.N
		return t.missing(travel.NotThere)
	}
	base, err := t.base()
	if err != nil {
		return err
	}
	t.w.Header().Set("Link", travel.Links(base, t.Path))
	return t.redirect(travel.To(found.N, t.Path))
}

// timeMap lists the releases since which the page has been another.
func (t *trip) timeMap() error {
	var list []version
	for v, err := range t.versions() {
		if err != nil {
			return err
		}
		if last := len(list) - 1; last >= 0 && list[last].to == v.to {
			list[last] = v
		} else {
			list = append(list, v)
		}
	}
	if list == nil {
		t.N = t.current.N
		return t.missing(travel.NotThere)
	}
	base, err := t.base()
	if err != nil {
		return err
	}
	var out []travel.Version
	for _, v := range slices.Backward(list) {
		out = append(out, travel.Version{N: v.N, Since: v.since})
	}
	obj := &store.Object{Meta: store.Meta{ContentType: travel.MapType}, Body: travel.TimeMap(base, t.Path, out)}
	return t.send(obj, "")
}

// version is what the page was in one release.
type version struct {
	*history.Record
	since time.Time
	to    string
}

// versions are the releases that had something at the path, the newest first.
func (t *trip) versions() iter.Seq2[version, error] {
	return func(yield func(version, error) bool) {
		for rec, err := range t.history.line(t.req.Context(), t.Bucket, t.current.N) {
			v := version{Record: rec}
			if err == nil {
				v.to, err = t.at(rec, t.Path)
			}
			if err == nil && v.to == "" && !strings.HasSuffix(t.Path, "/") {
				v.to, err = t.at(rec, t.Path+"/")
			}
			if err == nil {
				v.since, err = rec.Since()
			}
			if err == nil && (v.to == "" || t.down[v.to]) {
				continue
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// at is what a path is in a release: a digest, a path that it redirects to, or
// nothing.
func (t *trip) at(rec *history.Record, path string) (string, error) {
	return t.history.at(t.req.Context(), t.Bucket, rec, path)
}

// base is the site's address without a path, as its home page has it.
func (t *trip) base() (string, error) {
	to, err := t.at(t.current, "/")
	if err != nil || !recipe.IsDigest(to) {
		return "", err
	}
	rec, _, err := t.stored(to, "")
	if err != nil {
		return "", unlike(err)
	}
	return rec.Site.BaseURL, nil
}
