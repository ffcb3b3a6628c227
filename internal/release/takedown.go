package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// Taking a page down: a post that must not be readable any more, not in an old
// release and not at an address that somebody kept.
//
//	1  find     every recipe that the record has is read: those of the post at
//	            the path, those that show its text, its title or its summary.
//	            Nothing goes while a release that readers can come to see, or a
//	            branch, shows one of them
//	2  record   takedown/<sha256 of the path>.json says what goes, in every region
//	3  release  a new release shows what the one before showed, over a route
//	            table from which the entries of these pages are gone, and its
//	            head names the record. A publisher that began before loses its
//	            swap; from then on nobody publishes these sources or goes back
//	            to a release that had these pages
//	4  erase    recipes and sources, so that no renderer makes the pages again,
//	            then the pages, every version of them, in every region
//	5  purge    the edges forget them, by the tag that they carry
//	6  look     the path and the addresses are asked for through the edge
//
// Each step finds done what was done before, so a takedown that was cut short is
// run again. One that a publish overlapped is run again too: that publish fails,
// but what it had made by then is found only by another look.
const takedownPrefix = "takedown/"

// TakedownOptions say what goes with a page, and by whom it is forgotten.
type TakedownOptions struct {
	Reason string // for the record
	// Assets takes the files too that nothing else shows.
	Assets bool
	// Purge makes the edges forget addresses ("/page/…") and cache tags ("#…").
	Purge func(ctx context.Context, items []string) error
	// Gone returns an error while the edge answers one of these paths.
	Gone func(ctx context.Context, paths []string) error
}

// TakenDown is the record of a takedown. It holds nothing of what was taken
// down but its address.
type TakenDown struct {
	Path    string   `json:"path"`
	Reason  string   `json:"reason,omitempty"`
	Time    string   `json:"time"`
	Digests []string `json:"digests"` // of pages that showed something of it
	Sources []string `json:"sources"` // digests of its text, in every edition
	Assets  []string `json:"assets"`  // keys of files that went with it
	Purge   []string `json:"purge"`   // what the edges were told to forget

	Files []string `json:"files"` // keys of files that nothing else shows, and that stay
	// N is the current release, made without it. The record does not say it.
	N int `json:"release,omitempty"`
}

// TakedownKey is where the takedown of a path is on record.
func TakedownKey(path string) string { return takedownPrefix + recipe.Sum([]byte(path)) + ".json" }

// ShownError is returned for a page that readers still see, or will.
type ShownError struct{ Path, By, At string }

func (e *ShownError) Error() string {
	if strings.HasPrefix(e.By, "branch ") {
		return fmt.Sprintf("%s is shown by %s\n    hint: blog branch rm %s, then run this again", e.Path, e.By, strings.TrimPrefix(e.By, "branch "))
	}
	return fmt.Sprintf("%s shows %s, at %s\n    hint: delete the post or make it a draft, blog publish, then run this again", e.By, e.Path, e.At)
}

// TakenDownError is returned for a release that would bring back what was taken
// down.
type TakenDownError struct{ Path, Reason, Time string }

func (e *TakenDownError) Error() string {
	why := ""
	if e.Reason != "" {
		why = " (" + e.Reason + ")"
	}
	return fmt.Sprintf("this would show what was taken down from %s at %s%s\n    hint: delete that text from the content, or go to a release that did not have it", e.Path, e.Time, why)
}

// forbidden fails if a text that is needed was taken down. That covers whoever
// would show an erased page too: a list that names a post is of a release that
// has the post. Another text may be published at the path; lists that show its
// title again are made again.
func (p *Publisher) forbidden(ctx context.Context, head Head, n need) error {
	for _, key := range head.Takedowns {
		t, _, err := readTakedown(ctx, p.primary().Bucket, key)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(t.Sources, func(d string) bool { return n["src/"+d] }) {
			return &TakenDownError{t.Path, t.Reason, t.Time}
		}
	}
	return nil
}

func readTakedown(ctx context.Context, b store.Bucket, key string) (*TakenDown, string, error) {
	obj, err := b.Get(ctx, key)
	if err != nil {
		return nil, "", fmt.Errorf("reading what was taken down: %w", err)
	}
	var t TakenDown
	if err := json.Unmarshal(obj.Body, &t); err != nil {
		return nil, "", fmt.Errorf("reading what was taken down, %s: %w", key, err)
	}
	return &t, obj.ETag, nil
}

// Takedown takes away all that shows something of the post at a path.
func (p *Publisher) Takedown(ctx context.Context, path string, o TakedownOptions) (*TakenDown, error) {
	for range maxAttempts {
		out, err := p.takedown(ctx, path, o)
		if !errors.Is(err, errLost) {
			return out, err
		}
	}
	return nil, ErrRace
}

func (p *Publisher) takedown(ctx context.Context, path string, o TakedownOptions) (*TakenDown, error) {
	s, err := p.read(ctx)
	if err != nil {
		return nil, err
	}
	if s.head.N == 0 {
		return nil, errors.New("nothing has been published yet, so there is nothing to take down")
	}
	if s, err = p.stand(ctx, s); err != nil {
		return nil, err
	}
	janitors, err := p.janitors()
	if err != nil {
		return nil, err
	}
	out := &TakenDown{Path: path, Reason: o.Reason, Time: s.now.UTC().Format(time.RFC3339)}
	before, _, err := readTakedown(ctx, p.primary().Bucket, TakedownKey(path))
	switch {
	case err == nil:
		out.add(before)
	case !errors.Is(err, store.ErrNotExist):
		return nil, err
	}
	found, err := p.showing(ctx, path, out)
	if err != nil {
		return nil, err
	}
	if len(found.Digests)+len(out.Digests) == 0 {
		return nil, fmt.Errorf("the record has no page at %s\n    hint: a path is written as in the browser, with its slash at the end: /2026/03/01/hello/", path)
	}
	out.add(found)
	used, err := p.unused(ctx, s, out)
	if err != nil {
		return nil, err
	}
	out.Files = slices.DeleteFunc(found.Files, used.has)
	if o.Assets {
		for _, key := range out.Files {
			found.Purge = append(found.Purge, "/"+key)
		}
		found.Assets, found.Files, out.Files = out.Files, nil, nil
		out.add(found)
	}
	for _, r := range p.Regions {
		if err := putTakedown(ctx, r.Bucket, out); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	if out.N, err = p.without(ctx, s, out); err != nil {
		return nil, err
	}
	// Once more: a branch that did not see the head has recorded itself by now.
	if _, err := p.unused(ctx, s, out); err != nil {
		return nil, err
	}
	for i, j := range janitors {
		p.progress("erase", i, len(janitors))
		for _, keys := range out.keys() {
			if err := j.Erase(ctx, keys); err != nil {
				return nil, fmt.Errorf("%s: %w", p.Regions[i].Name, err)
			}
		}
	}
	p.progress("erase", len(janitors), len(janitors))
	if o.Purge != nil {
		if err := o.Purge(ctx, out.Purge); err != nil {
			return nil, fmt.Errorf("everything is erased, but the edges were not told to forget it; run the command again: %w", err)
		}
	}
	if left, err := p.showing(ctx, path, out); err != nil {
		return nil, err
	} else if len(left.Digests) > 0 {
		return nil, fmt.Errorf("%d pages that show it came back meanwhile, of a publish that was under way; run the command again", len(left.Digests))
	}
	if o.Gone != nil {
		if err := o.Gone(ctx, out.addresses()); err != nil {
			return nil, fmt.Errorf("everything is erased, but the edge still shows it; run the command again in a minute: %w", err)
		}
	}
	return out, nil
}

// add adds what another record names.
func (t *TakenDown) add(o *TakenDown) {
	join := func(to *[]string, more []string) {
		*to = append([]string{}, slices.Compact(slices.Sorted(slices.Values(slices.Concat(*to, more))))...)
	}
	join(&t.Digests, o.Digests)
	join(&t.Sources, o.Sources)
	join(&t.Assets, o.Assets)
	join(&t.Purge, o.Purge)
	join(&t.Files, o.Files)
	if t.Reason == "" {
		t.Reason = o.Reason
	}
	if o.Time != "" {
		t.Time = o.Time
	}
}

// keys are what is erased, one list after the other: first what pages are made
// from, so that none is made again.
func (t *TakenDown) keys() [2][]string {
	var from, pages []string
	for _, d := range t.Sources {
		from = append(from, "src/"+d)
	}
	for _, d := range t.Digests {
		from = append(from, "recipe/"+d)
		for _, suffix := range renderer.Suffixes(true) {
			pages = append(pages, "page/"+d+suffix, draftPrefix+d+suffix)
		}
	}
	return [2][]string{from, append(pages, t.Assets...)}
}

// askedFor is how many addresses are asked for through the edge.
const askedFor = 20

// addresses are paths that must not be answered.
func (t *TakenDown) addresses() []string {
	out := []string{t.Path}
	for _, d := range t.Digests[:min(len(t.Digests), askedFor)] {
		out = append(out, "/page/"+d)
	}
	for _, key := range t.Assets {
		out = append(out, "/"+key)
	}
	return out
}

// janitors are the regions' stores. All must be there: a page is not gone while
// one region has it.
func (p *Publisher) janitors() ([]store.Janitor, error) {
	var out []store.Janitor
	for _, r := range p.Regions {
		if p.away.is(r.Name) {
			return nil, fmt.Errorf("%s cannot be reached, and would still have it; run the command again when it can", r.Name)
		}
		j, ok := r.Bucket.(store.Janitor)
		if !ok {
			return nil, fmt.Errorf("the store of %s cannot delete", r.Name)
		}
		out = append(out, j)
	}
	return out, nil
}

func putTakedown(ctx context.Context, b store.Bucket, t *TakenDown) error {
	body, err := encode(t)
	if err != nil {
		return err
	}
	key := TakedownKey(t.Path)
	for range maxAttempts {
		etag := ""
		switch _, seen, err := readTakedown(ctx, b, key); {
		case err == nil:
			etag = seen
		case !errors.Is(err, store.ErrNotExist):
			return err
		}
		if _, err = b.Replace(ctx, key, jsonMeta, store.Bytes(body), etag); !errors.Is(err, store.ErrStale) && !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return ErrRace
}

// without makes the current release again, and those to come, over a route
// table in which nothing leads to what is taken down. It returns the number of
// the release that is current then.
func (p *Publisher) without(ctx context.Context, s state, t *TakenDown) (int, error) {
	going := set(t.Digests)
	leads := false
	scrub := func(values map[string]string) map[string]string {
		out := make(map[string]string, len(values))
		for path, v := range values {
			es, err := routes.ParseEntries(v)
			if err != nil {
				continue // what is damaged shows nothing
			}
			kept := slices.DeleteFunc(slices.Clone(es), func(e routes.Entry) bool { return going[e.To] })
			leads = leads || len(kept) < len(es)
			if len(kept) > 0 {
				out[path] = routes.FormatEntries(kept)
			}
		}
		return out
	}
	base, err := p.base(ctx, s)
	if err != nil {
		return 0, err
	}
	m, err := p.manifest(ctx, base.N)
	if err != nil {
		return 0, err
	}
	key := TakedownKey(t.Path)
	if scrub(m.Routes); !leads && slices.Contains(s.head.Takedowns, key) {
		return s.head.At(s.now), nil
	}
	s.scrub = scrub
	next := s.head
	next.Gen, next.ID, next.Act, next.Live, next.Next = s.head.Gen+1, newID(), actTakedown, nil, nil
	next.Time = s.now.UTC().Format(time.RFC3339)
	next.Takedowns = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(s.head.Takedowns), key))))
	var train []coach
	var diffs []*difference
	add := func(n int, at time.Time) error {
		m, err := p.manifest(ctx, n)
		if err != nil {
			return err
		}
		to, err := targetFrom(m)
		if err != nil {
			return err
		}
		from := &target{}
		if len(train) > 0 {
			from = train[len(train)-1].target
		}
		train, diffs = append(train, coach{to, at}), append(diffs, between(from, to))
		return nil
	}
	if err := add(s.head.At(s.now), time.Time{}); err != nil {
		return 0, err
	}
	for _, c := range s.head.Next {
		if c.At.After(s.now) {
			if err := add(c.N, c.At); err != nil {
				return 0, err
			}
		}
	}
	u, err := p.write(ctx, s, base, &next, train, diffs)
	if err != nil {
		return 0, err
	}
	return next.N, p.show(ctx, s, &next, u)
}

// Gone asks the edge for paths until it answers none of them any more.
func (c *HTTPCheck) Gone(ctx context.Context, paths []string) error {
	client := *c.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, path := range paths {
		deadline := time.Now().Add(c.Patience)
		for wait := 250 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
			err := c.gone(ctx, &client, path)
			if err == nil {
				break
			}
			if time.Now().Add(wait).After(deadline) {
				return fmt.Errorf("%s: %w", path, err)
			}
			select {
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			case <-time.After(wait):
			}
		}
	}
	return nil
}

func (c *HTTPCheck) gone(ctx context.Context, client *http.Client, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+(&url.URL{Path: path}).EscapedPath(), nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	switch resp.StatusCode {
	// 403 is what a bucket says of a file that it has not.
	case http.StatusNotFound, http.StatusGone, http.StatusForbidden:
		return nil
	}
	return fmt.Errorf("the edge answers %s", resp.Status)
}
