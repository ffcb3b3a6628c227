package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/shown"
	"github.com/victorleungtw/blog/internal/store"
)

// Branches: the content of a pull request, seen at a host of its own. A branch
// is what its content makes different from the release that readers see, under
// the branch's namespace in the route table (package routes). Its pages are
// rendered and stored like any others; no release names them.
//
//	1  record  branch/<name>.json says what is about to be shown, by
//	           compare-and-swap: what it needs is spared by a collection of
//	           garbage from here on
//	2  upload  and render, as a release does
//	3  routes  entries of the branch's next number, which nobody resolves; then
//	           NAME!c; then keys of before are deleted
//	4  record  the same object: what is shown
//
// A publish that is killed leaves its intention in the record. The table says
// whether it was shown, and the next publish, or the removal, goes on from
// there. Of two that publish one branch at once, the second to write the record
// takes it over: the other finds that out before its next write to the table.
// Numbers are not used twice, also when a branch is removed and made again: an
// edge may remember old entries for a while.

// branchKey is where a branch is on record.
func branchKey(name string) string { return branchPrefix + name + ".json" }

// Branch is one branch's record.
type Branch struct {
	Name string `json:"name"`
	Rev  int    `json:"rev"` // counts the changes of this record
	ID   string `json:"id"`  // of this change
	N    int    `json:"n"`   // the publish that is shown; 0 for none
	On   int    `json:"on"`  // the release that it was a difference to

	Commit Commit    `json:"commit,omitzero"`
	Time   string    `json:"time"`  // of the last change, RFC 3339
	Until  time.Time `json:"until"` // when the branch has outlived its use

	// Routes is what publish N shows: path → a digest, a path that it redirects
	// to, or routes.Gone. A path that is not in it is as the blog has it.
	Routes map[string]string `json:"routes"`
	// Pending are publishes that have not ended, the latest last: the table says
	// which of them was shown, if one was.
	Pending []branchPublish `json:"pending,omitempty"`
	// Keys are all that the branch may have in the route table, beside NAME!c.
	Keys []string `json:"keys"`
	// Digests and Objects are what pages of the branch need: a collection of
	// garbage spares them.
	Digests []string `json:"digests"`
	Objects []string `json:"objects"`
	Removed bool     `json:"removed,omitempty"` // nothing of it is in the route table
}

// branchPublish is what a publish of a branch is to show.
type branchPublish struct {
	N      int               `json:"n"`
	Routes map[string]string `json:"routes"`
}

// BranchResult says what a publish of a branch did.
type BranchResult struct {
	Name     string    `json:"name"`
	N        int       `json:"n"`       // the branch's own number
	Release  int       `json:"release"` // what it is a difference to
	Changes  []Change  `json:"changes"` // to readers of that release
	Uploaded int       `json:"uploaded"`
	Rendered int       `json:"rendered"`
	Until    time.Time `json:"until"`
}

// ErrBranchConflict is returned when somebody else publishes or removes the
// branch at the same time and was faster.
var ErrBranchConflict = errors.New("the branch was changed by somebody else meanwhile; run the command again to publish on top")

// errOtherShown is found when somebody whose branch was taken over showed his own
// just before.
var errOtherShown = errors.New("the route table shows another publish of the branch")

// NoBranchError is for a branch that is not there.
type NoBranchError struct{ Name string }

func (e *NoBranchError) Error() string { return fmt.Sprintf("there is no branch %q", e.Name) }

// PublishBranch shows a plan at a branch's host until it is removed; until says
// when that is due.
func (p *Publisher) PublishBranch(ctx context.Context, name string, pl *plan.Plan, commit Commit, until time.Time) (*BranchResult, error) {
	ns, err := routes.Branch(name)
	if err != nil {
		return nil, err
	}
	s, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	if s.head.N == 0 {
		return nil, errors.New("a branch is shown on top of the blog, and nothing is published yet; run blog publish first")
	}
	res := &BranchResult{Name: name, Release: s.head.At(s.now), Until: until}
	m, err := p.manifest(ctx, res.Release)
	if err != nil {
		return nil, err
	}
	d, err := p.differs(m, pl)
	if err != nil {
		return nil, err
	}
	res.Changes = d.changes
	made := map[string]string{} // the bodies that stand in the table, by key
	var b Branch
	var etag string
	for attempt := range maxAttempts {
		var old Branch
		if old, etag, err = p.readBranch(ctx, name); err != nil {
			return nil, err
		}
		if attempt > 0 && old.ID != b.ID {
			return nil, ErrBranchConflict
		}
		now, err := p.shownOf(ctx, ns)
		if err != nil {
			return nil, err
		}
		b = old.goOn(now)
		b.Name, b.On, b.Commit, b.Until, b.Removed = name, res.Release, commit, until, false
		next := branchPublish{max(old.last(), now) + 1, d.routes}
		puts, err := b.entries(ns, next)
		if err != nil {
			return nil, err
		}
		for _, digest := range d.inline {
			puts[ns.InlineKey(digest)] = made[digest]
		}
		if err := p.roomFor(ctx, puts); err != nil {
			return nil, err
		}
		was := b.Keys
		b.Pending = append(slices.Clone(b.Pending), next)
		b.Keys = union(was, slices.Collect(maps.Keys(puts)))
		b.Digests, b.Objects = union(b.Digests, d.digests), union(b.Objects, d.objects)
		if etag, err = p.writeBranch(ctx, &b, etag, s.now); err != nil {
			return nil, err
		}
		if attempt == 0 {
			if err := p.mayUse(ctx, d.digests, d.objects); err != nil {
				return nil, err
			}
			if res.Uploaded, res.Rendered, err = p.provide(ctx, pl, m, d.pages, false); err != nil {
				return nil, err
			}
		}
		for _, digest := range d.inline {
			obj, err := p.primary().Bucket.Get(ctx, "page/"+digest)
			if err != nil {
				return nil, err
			}
			made[digest] = string(obj.Body)
			puts[ns.InlineKey(digest)] = made[digest]
		}
		stale := slices.DeleteFunc(slices.Clone(was), func(k string) bool { _, ok := puts[k]; return ok })
		steps := flip(puts, ns.CurrentKey(), fmt.Sprintf(`{"n":%d}`, next.N))
		for chunk := range slices.Chunk(stale, routes.MaxUpdate) {
			steps = append(steps, tableStep{deletes: chunk})
		}
		err = p.take(ctx, ns, &b, steps, b.N, next.N)
		if errors.Is(err, errOtherShown) {
			continue
		}
		if err != nil {
			return nil, err
		}
		res.N = next.N
		b.N, b.Routes, b.Pending = next.N, next.Routes, nil
		b.Keys = slices.Sorted(maps.Keys(puts))
		b.Digests, b.Objects = d.digests, d.objects
		_, err = p.writeBranch(ctx, &b, etag, s.now)
		return res, err
	}
	return nil, ErrRace
}

// RemoveBranch takes a branch from the route table. What was stored for it is
// left to a collection of garbage.
func (p *Publisher) RemoveBranch(ctx context.Context, name string) error {
	ns, err := routes.Branch(name)
	if err != nil {
		return err
	}
	b, etag, err := p.readBranch(ctx, name)
	if err != nil {
		return err
	}
	if etag == "" || b.Removed {
		return &NoBranchError{name}
	}
	now := p.Now()
	// Whoever is publishing it now stops at his next write.
	if etag, err = p.writeBranch(ctx, &b, etag, now); err != nil {
		return err
	}
	var steps []tableStep
	for chunk := range slices.Chunk(append([]string{ns.CurrentKey()}, b.Keys...), routes.MaxUpdate) {
		steps = append(steps, tableStep{deletes: chunk})
	}
	if err := p.take(ctx, ns, &b, steps); err != nil {
		return err
	}
	b = Branch{Name: name, Rev: b.Rev, N: b.last(), On: b.On, Commit: b.Commit, Until: b.Until, Removed: true}
	_, err = p.writeBranch(ctx, &b, etag, now)
	return err
}

// Branches lists the branches that were not removed, by name.
func (p *Publisher) Branches(ctx context.Context) ([]Branch, error) {
	var out []Branch
	for key, err := range p.primary().Bucket.List(ctx, branchPrefix) {
		if err != nil {
			return nil, fmt.Errorf("listing the branches: %w", err)
		}
		b, _, err := p.readBranch(ctx, strings.TrimSuffix(strings.TrimPrefix(key, branchPrefix), ".json"))
		if err != nil {
			return nil, err
		}
		if !b.Removed {
			out = append(out, b)
		}
	}
	return out, nil
}

// readBranch reads a branch's record; a zero Branch and ETag when there is none.
func (p *Publisher) readBranch(ctx context.Context, name string) (b Branch, etag string, err error) {
	obj, err := p.primary().Bucket.Get(ctx, branchKey(name))
	if errors.Is(err, store.ErrNotExist) {
		return Branch{}, "", nil
	}
	if err == nil {
		err = json.Unmarshal(obj.Body, &b)
	}
	if err != nil {
		return b, "", fmt.Errorf("reading branch %s: %w", name, err)
	}
	return b, obj.ETag, nil
}

// writeBranch changes a branch's record in the primary, if it is still the one
// that was read, and then in the standbys, where a collection may look when one
// of them is the primary.
func (p *Publisher) writeBranch(ctx context.Context, b *Branch, etag string, now time.Time) (string, error) {
	b.Rev, b.ID, b.Time = b.Rev+1, newID(), now.UTC().Format(time.RFC3339)
	body, err := encode(b)
	if err != nil {
		return "", err
	}
	next, err := p.primary().Bucket.Replace(ctx, branchKey(b.Name), jsonMeta, store.Bytes(body), etag)
	if err != nil {
		// The write may have succeeded and its answer been lost.
		there, current, rerr := p.readBranch(ctx, b.Name)
		switch {
		case rerr == nil && there.ID == b.ID:
			next = current
		case errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrConflict):
			return "", ErrBranchConflict
		default:
			return "", fmt.Errorf("recording branch %s: %w", b.Name, err)
		}
	}
	for _, r := range p.Regions[1:] {
		if err := p.copyBranch(ctx, r, b, body); err != nil {
			return "", err
		}
	}
	return next, nil
}

// copyBranch writes a branch's record to a standby that has no later one.
func (p *Publisher) copyBranch(ctx context.Context, r Region, b *Branch, body []byte) error {
	there := *p.as(r.Name)
	for range maxAttempts {
		if p.away.is(r.Name) {
			return nil
		}
		now, etag, err := there.readBranch(ctx, b.Name)
		if err == nil && now.Rev >= b.Rev {
			return nil
		}
		if err == nil {
			_, err = r.Bucket.Replace(ctx, branchKey(b.Name), jsonMeta, store.Bytes(body), etag)
		}
		if errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrConflict) {
			continue
		}
		if err == nil || p.leave(ctx, r, err) {
			return nil
		}
		return fmt.Errorf("recording branch %s in %s: %w", b.Name, r.Name, err)
	}
	return nil // whoever else writes it there has a later one
}

// last is the highest number that the branch used.
func (b *Branch) last() int {
	n := b.N
	for _, next := range b.Pending {
		n = max(n, next.N)
	}
	return n
}

// goOn is the record from which a publish goes on when the route table shows a
// number of the branch: a publish that was cut short may have shown its own.
func (b Branch) goOn(n int) Branch {
	if b.N == n {
		return b
	}
	b.N, b.Routes = n, nil // unknown, as in a table that was made anew
	for _, next := range b.Pending {
		if next.N == n {
			b.Routes = next.Routes
		}
	}
	return b
}

// entries are the values of the paths that the branch changes: the new entry,
// and behind it the one that is shown until NAME!c changes.
func (b *Branch) entries(ns routes.Namespace, next branchPublish) (map[string]string, error) {
	puts := map[string]string{}
	for path, to := range next.Routes {
		es := []routes.Entry{{N: next.N, To: to}}
		if was, ok := b.Routes[path]; ok && b.N > 0 {
			es = append(es, routes.Entry{N: b.N, To: was})
		}
		puts[ns.PathKey(path)] = routes.FormatEntries(es)
	}
	for key, value := range puts {
		if err := routes.CheckUpdate(map[string]string{key: value}, nil); err != nil {
			return nil, fmt.Errorf("on branch %s: %w", ns, err)
		}
	}
	return puts, nil
}

// shownOf is the number that the route table shows of a branch; 0 for none.
func (p *Publisher) shownOf(ctx context.Context, ns routes.Namespace) (int, error) {
	value, ok, err := p.Table.Get(ctx, ns.CurrentKey())
	if err != nil {
		return 0, fmt.Errorf("reading the route table: %w", err)
	}
	if !ok {
		return 0, nil
	}
	cur, err := routes.ParseCurrent(value)
	return cur.N, err
}

// roomFor fails when the route table has no room for these values. Readers of
// the blog come first: a branch may not fill the last tenth.
func (p *Publisher) roomFor(ctx context.Context, puts map[string]string) error {
	etag, err := p.Table.Version(ctx)
	if err != nil {
		return fmt.Errorf("reading the route table: %w", err)
	}
	info, err := p.Table.Update(ctx, etag, nil, nil) // changes nothing and says how full it is
	if errors.Is(err, routes.ErrStale) {
		return nil // somebody is writing; the table itself refuses what does not fit
	}
	if err != nil {
		return fmt.Errorf("reading the route table: %w", err)
	}
	size := info.Bytes
	for k, v := range puts {
		size += len(k) + len(v)
	}
	if size > nearlyFull {
		return fmt.Errorf("%w: it would have %d bytes with the branch, of %d, and the last tenth is the blog's own; remove a branch (blog branch list)",
			routes.ErrLimit, size, routes.MaxTable)
	}
	return nil
}

// tableStep is one Update of the route table.
type tableStep struct {
	puts    map[string]string
	deletes []string
}

// flip puts values, and last of all the one that makes them seen: in one step
// when all fit into it.
func flip(puts map[string]string, key, value string) []tableStep {
	var steps []tableStep
	keys := slices.Sorted(maps.Keys(puts))
	some := func(n int) tableStep {
		t := tableStep{puts: map[string]string{}}
		for _, k := range keys[:n] {
			t.puts[k] = puts[k]
		}
		keys = keys[n:]
		return t
	}
	for len(keys) >= routes.MaxUpdate {
		steps = append(steps, some(routes.MaxUpdate))
	}
	last := some(len(keys))
	last.puts[key] = value
	return append(steps, last)
}

// take goes through steps as long as the branch is ours: its record is as we
// wrote it, and the table shows one of these numbers, if any are given; else it
// returns ErrBranchConflict, or errOtherShown. Both are looked at whenever somebody
// else wrote the table, before the step that met this is tried again. Each step
// may be taken twice.
func (p *Publisher) take(ctx context.Context, ns routes.Namespace, b *Branch, steps []tableStep, numbers ...int) error {
	etag := ""
	for attempt := 0; len(steps) > 0; {
		if etag == "" {
			if attempt++; attempt > 2*maxAttempts {
				return fmt.Errorf("the route table: %w", ErrRace)
			}
			var err error
			if etag, err = p.Table.Version(ctx); err != nil {
				return fmt.Errorf("reading the route table: %w", err)
			}
			there, _, err := p.readBranch(ctx, b.Name)
			if err != nil {
				return err
			}
			now, err := p.shownOf(ctx, ns)
			if err != nil {
				return err
			}
			if there.ID != b.ID {
				return ErrBranchConflict
			}
			if len(numbers) > 0 && !slices.Contains(numbers, now) {
				return errOtherShown
			}
		}
		info, err := p.Table.Update(ctx, etag, steps[0].puts, steps[0].deletes)
		if errors.Is(err, routes.ErrStale) {
			etag = ""
			continue
		}
		if err != nil {
			return fmt.Errorf("writing routes: %w", err)
		}
		etag, steps = info.ETag, steps[1:]
	}
	return nil
}

// branchDifference is what a plan makes different from a release.
type branchDifference struct {
	routes  map[string]string
	changes []Change
	pages   []plan.Page // to be made
	inline  []string    // of pages, those whose bytes stand in the route table
	digests []string    // that the difference needs, the stylesheet's too
	objects []string    // that those pages need
}

func (p *Publisher) differs(m *Manifest, pl *plan.Plan) (*branchDifference, error) {
	from, err := m.Pages()
	if err != nil {
		return nil, err
	}
	known, err := m.Digests()
	if err != nil {
		return nil, err
	}
	to := Targets(pl)
	d := &branchDifference{routes: map[string]string{}, changes: Diff(from, to)}
	needed := map[string]bool{}
	for _, c := range d.changes {
		if c.Verb == Removed {
			d.routes[c.Path] = routes.Gone
			continue
		}
		d.routes[c.Path] = c.To
		needed[c.To] = true
	}
	var own []plan.Page
	for _, pg := range pl.Pages {
		if !needed[pg.Digest] && pg.Recipe.Kind != recipe.Stylesheet {
			continue
		}
		own = append(own, pg)
		d.digests = append(d.digests, pg.Digest)
		if _, ok := known[pg.Digest]; !ok {
			d.pages = append(d.pages, pg)
		}
		if pg.Recipe.Kind == recipe.NotFound && needed[pg.Digest] {
			d.inline = append(d.inline, pg.Digest)
		}
	}
	d.digests, d.objects = union(d.digests), objectsOf(own)
	return d, nil
}

// objectsOf are the sources and assets that pages are made from or show.
func objectsOf(pages []plan.Page) []string {
	var out []string
	for _, pg := range pages {
		for _, digest := range pg.Recipe.Sources() {
			out = append(out, "src/"+digest)
		}
		out = append(out, shown.Assets(pg.Recipe)...)
	}
	return union(out)
}

// mayUse fails when what is needed is being deleted or was taken down. It must
// be on record before, where a collection of garbage looks.
func (p *Publisher) mayUse(ctx context.Context, digests, objects []string) error {
	n := need{}
	for _, k := range slices.Concat(digests, objects) {
		n[k] = true
	}
	head, _, err := ReadHead(ctx, p.primary().Bucket)
	if err != nil {
		return err
	}
	if err := p.forbidden(ctx, head, n); err != nil {
		return err
	}
	return p.collecting(ctx, head, n)
}

// provide gives every region what pages need and release m has not, and has
// them made.
func (p *Publisher) provide(ctx context.Context, pl *plan.Plan, m *Manifest, pages []plan.Page, draft bool) (uploaded, rendered int, err error) {
	fresh := map[string]bool{}
	for _, key := range objectsOf(pages) {
		if _, ok := slices.BinarySearch(m.Objects, key); !ok {
			fresh[key] = true
		}
	}
	return p.give(ctx, pl, pages, fresh, draft)
}

// union is all that is in lists, sorted, each once.
func union(lists ...[]string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(lists...))))
}
