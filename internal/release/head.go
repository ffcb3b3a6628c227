package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/history"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// state is where everything stands, as far as it was read.
type state struct {
	head     Head
	etag     string    // of the primary's head
	now      time.Time // by the store's clock if it has one
	version  string    // ETag of the route table now; "" when it could not be read
	cur      routes.Current
	info     routes.Info // of the table, when it was read or written
	table    string      // ETag of the route table when it was as cur says; "" when that is not known
	standbys []standby
	// scrub, if it is there, is what the entries of all paths go through before
	// the next release is written over them.
	scrub func(map[string]string) map[string]string
}

// standby is a standby's head, as it was read before anything was decided.
type standby struct {
	head Head
	etag string
	read bool
}

// read reads the primary's head and the version of the route table, at once.
func (p *Publisher) read(ctx context.Context) (s state, err error) {
	var g errgroup.Group
	g.Go(func() error {
		// A table that cannot be read is one that is not in step, and is
		// complained of by whoever needs it.
		s.version, _ = p.Table.Version(ctx)
		return nil
	})
	s.head, s.etag, s.now, err = readHead(ctx, p.primary().Bucket)
	if s.now.IsZero() {
		s.now = p.Now()
	}
	g.Wait()
	return s, err
}

// inStep says that nobody has to finish anything: the standbys and the route
// table are as the head's publisher left them.
func (s *state) inStep() bool {
	h := &s.head
	return h.Live != nil && h.Live.ETag == s.version && len(h.Debt) == 0 && h.Collect == ""
}

// begun is what Begin read, for the first attempt, and what Prefetch adds to
// it until it is ready.
type begun struct {
	state
	ready <-chan struct{}
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// start is what Begin read, once, or reads the head.
func (p *Publisher) start(ctx context.Context) (state, error) {
	if b := p.begun; b != nil {
		p.begun = nil
		<-b.ready
		return b.state, nil
	}
	return p.read(ctx)
}

// stand looks at the standbys and, unless the head says that it is in step, at
// the route table, and finishes what a publisher before this one left undone.
func (p *Publisher) stand(ctx context.Context, s state) (state, error) {
	if s.standbys == nil {
		if err := p.readStandbys(ctx, &s); err != nil {
			return s, err
		}
	}
	i, err := p.ahead(ctx, s)
	if err != nil {
		return s, err
	}
	if i >= 0 {
		return p.adopt(ctx, p.Regions[1+i])
	}
	if s.head.N == 0 {
		return s, nil
	}
	if l := s.head.Live; l != nil && l.ETag == s.version {
		s.cur, s.table = s.head.current(l.current()), l.ETag
		return s, nil
	}
	now, err := p.bring(ctx, s)
	if err != nil {
		return s, fmt.Errorf("bringing the edge to release %d, which a publish before this one left unfinished: %w", s.head.N, err)
	}
	now.now = s.now
	return now, nil
}

func (p *Publisher) readStandbys(ctx context.Context, s *state) error {
	s.standbys = make([]standby, len(p.Regions)-1)
	g, gctx := errgroup.WithContext(ctx)
	for i, r := range p.Regions[1:] {
		if p.away.is(r.Name) {
			continue
		}
		g.Go(func() error {
			h, etag, err := ReadHead(gctx, r.Bucket)
			if p.leave(ctx, r, err) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
			s.standbys[i] = standby{h, etag, true}
			return nil
		})
	}
	return g.Wait()
}

// ahead returns the standby that knows of a later change than the primary: one
// that was published to while the primary was away. Of two changes that were
// made at once, on either side, the one that readers see is the later. -1 is
// none.
func (p *Publisher) ahead(ctx context.Context, s state) (int, error) {
	for i, b := range s.standbys {
		switch {
		case !b.read || b.head.Gen < s.head.Gen || b.head.ID == s.head.ID:
			continue
		case b.head.Gen > s.head.Gen:
			return i, nil
		}
		cur, err := p.tableCurrent(ctx)
		if err != nil {
			return -1, err
		}
		if cur.ID == b.head.current(routes.Current{}).ID {
			return i, nil
		}
	}
	return -1, nil
}

// adopt makes a standby's head the primary's: readers see what was published
// there while the primary was away, and S3 in this region has not got it.
func (p *Publisher) adopt(ctx context.Context, from Region) (state, error) {
	p.Log.WarnContext(ctx, "the standby has a later release: it was published to while the primary was away; copying it here", "standby", from.Name)
	other := *p.as(from.Name)
	if _, err := other.Repair(ctx, false); err != nil {
		return state{}, fmt.Errorf("copying what was published in %s: %w", from.Name, err)
	}
	s, err := p.read(ctx)
	if err != nil {
		return s, err
	}
	h, _, err := ReadHead(ctx, from.Bucket)
	if err != nil {
		return s, err
	}
	if same, err := p.sameRecords(ctx, &other, h); err != nil {
		return s, err
	} else if !same {
		return p.adoptAnew(ctx, s, &other, h)
	}
	if h.ID != s.head.ID {
		h.Debt = slices.DeleteFunc(h.Debt, func(name string) bool { return name == p.primary().Name })
		h.Live = nil
		if s.etag, err = p.swapHead(ctx, &h, s); err != nil {
			return s, err
		}
		s.head = h
	}
	return p.stand(ctx, s)
}

// sameRecords says whether both regions mean the same by the numbers of a
// head's releases. Two publishers who could not see each other's region may
// each have used one.
func (p *Publisher) sameRecords(ctx context.Context, other *Publisher, h Head) (bool, error) {
	for _, n := range h.releases() {
		ours, err := history.Read(ctx, p.primary().Bucket, n)
		if err != nil {
			return false, err
		}
		theirs, err := other.record(ctx, n)
		if err != nil || ours.ID != theirs.ID {
			return false, err
		}
	}
	return true, nil
}

// adoptAnew makes what another region's head shows the current release here
// under numbers that neither region has used, and rebuilds the route table,
// whose entries may be of either side.
func (p *Publisher) adoptAnew(ctx context.Context, s state, other *Publisher, h Head) (state, error) {
	var train []coach
	var diffs []*difference
	before := &target{}
	for i, n := range h.releases() {
		m, err := other.manifest(ctx, n)
		if err != nil {
			return s, err
		}
		c := coach{}
		if c.target, err = targetFrom(m); err != nil {
			return s, err
		}
		if i > 0 {
			c.at = h.Next[i-1].At
		}
		train, diffs, before = append(train, c), append(diffs, between(before, c.target)), c.target
	}
	next := Head{
		Gen: h.Gen + 1, ID: newID(), Commit: h.Commit, Tree: h.Tree, Until: h.Until,
		Time: s.now.UTC().Format(time.RFC3339), Act: actRepair,
	}
	fresh := state{head: Head{Last: max(h.Last, s.head.Last)}, now: s.now}
	if _, err := p.write(ctx, fresh, nil, &next, train, diffs); err != nil {
		return s, err
	}
	etag, err := p.swapHead(ctx, &next, s)
	if err != nil {
		return s, err
	}
	return p.stand(ctx, state{head: next, etag: etag, now: s.now})
}

// as returns a publisher to whom the named region is the primary.
func (p *Publisher) as(name string) *Publisher {
	q := &Publisher{Table: p.Table, Log: p.Log, Now: p.Now, Progress: p.Progress, Workers: p.Workers}
	for _, r := range p.Regions {
		if r.Name == name {
			q.Regions = append([]Region{r}, q.Regions...)
		} else {
			q.Regions = append(q.Regions, r)
		}
	}
	return q
}

// settle records that nothing is left to do for the current release: debts
// were paid, the edge was brought along.
func (p *Publisher) settle(ctx context.Context, s state, debt []string) error {
	if !slices.Equal(debt, s.head.Debt) {
		paid := s.head
		paid.Gen, paid.ID, paid.Act, paid.Debt, paid.Live = s.head.Gen+1, newID(), actRepair, debt, nil
		paid.Time = s.now.UTC().Format(time.RFC3339)
		if len(debt) == 0 {
			paid.Debt = nil
		}
		return p.show(ctx, s, &paid, &update{now: paid.current(s.cur)})
	}
	if !s.inStep() && s.table != "" {
		p.markLive(ctx, &s.head, s.etag, s.info, s.cur)
	}
	return nil
}

// show makes a head the current one, and the standbys and the route table
// follow it. It adds the regions to the head's debt that could not be reached
// until then.
func (p *Publisher) show(ctx context.Context, s state, next *Head, u *update) error {
	if err := p.inline(ctx, u.bodies, u); err != nil {
		return err
	}
	etag, err := p.swapHead(ctx, next, s)
	if err != nil {
		return err
	}
	unfinished := func(err error) error {
		return fmt.Errorf("release %d is recorded but not yet shown to readers, who see the one before; run the command again: %w", next.N, err)
	}
	if s.table != "" && !u.rebuilt {
		// The table is as the head said, so what it lacks is known.
		if err := p.follow(ctx, *next, s.standbys); err != nil {
			return unfinished(err)
		}
		info, err := p.put(ctx, s.table, *u)
		if err == nil {
			p.markLive(ctx, next, etag, info, u.now)
			return nil
		}
		if !errors.Is(err, routes.ErrStale) {
			return unfinished(err)
		}
	}
	now, err := p.bring(ctx, state{head: *next, etag: etag})
	if err != nil {
		return unfinished(err)
	}
	if now.head.Gen == next.Gen && now.head.ID != next.ID {
		return unfinished(errors.New("another publisher, to whom another region is the primary, changed the head at the same time"))
	}
	if now.head.ID == next.ID {
		p.markLive(ctx, next, etag, now.info, now.cur)
	}
	return nil
}

// markLive adds to the head that all is in step with it, but for the standbys
// that went away since it was written. It saves the next publisher from looking;
// so it may fail.
func (p *Publisher) markLive(ctx context.Context, h *Head, etag string, info routes.Info, cur routes.Current) {
	if etag == "" {
		return // it is another's to mark
	}
	h.Debt = p.away.and(h.Debt)
	h.Live = &Live{ETag: info.ETag, Has: cur.Has, Blocks: cur.Blocks, Items: info.Items, Bytes: info.Bytes}
	body, err := encode(*h)
	if err == nil {
		_, err = p.primary().Bucket.Replace(ctx, HeadKey, jsonMeta, store.Bytes(body), etag)
	}
	if err != nil {
		p.Log.DebugContext(ctx, "the head does not say that the edge is in step", "error", err)
	}
}

// maxBefore is how many changes may follow one while its publisher waits to be
// told of it.
const maxBefore = 8

// short is what a head's ID is called where room is short.
func short(id string) string { return id[:min(len(id), 8)] }

// swapHead is the moment of decision: the primary's head, if it is still the
// one that was read. What a region lacks that went away before it, the head says.
// It returns the new head's ETag, or "" when there is a later head by now.
func (p *Publisher) swapHead(ctx context.Context, h *Head, s state) (string, error) {
	h.Debt = p.away.and(h.Debt)
	h.Before = nil
	if s.head.ID != "" {
		h.Before = append([]string{short(s.head.ID)}, s.head.Before[:min(len(s.head.Before), maxBefore-1)]...)
	}
	body, err := encode(*h)
	if err != nil {
		return "", err
	}
	etag := s.etag
	for range maxAttempts {
		next, err := p.primary().Bucket.Replace(ctx, HeadKey, jsonMeta, store.Bytes(body), etag)
		if err == nil {
			return next, nil
		}
		// The write may have succeeded and its answer been lost; or the head
		// may be the one that was read, with a note that it is live.
		now, current, rerr := ReadHead(ctx, p.primary().Bucket)
		switch {
		case rerr == nil && now.ID == h.ID:
			return current, nil
		case rerr == nil && slices.Contains(now.Before, short(h.ID)):
			return "", nil
		case !errors.Is(err, store.ErrStale) && !errors.Is(err, store.ErrConflict):
			return "", fmt.Errorf("changing the head in %s: %w", p.primary().Name, err)
		case rerr != nil:
			return "", rerr
		case now.ID != s.head.ID || now.Gen != s.head.Gen:
			return "", errLost
		}
		etag = current
	}
	return "", errLost
}

// follow brings the standbys' heads to h, those that are not at a later
// generation. known is what was read of them before.
func (p *Publisher) follow(ctx context.Context, h Head, known []standby) error {
	h.Live = nil
	body, err := encode(h)
	if err != nil {
		return err
	}
	known = slices.Clone(known)
	for i, r := range p.Regions[1:] {
		for !p.away.is(r.Name) {
			var now standby
			if i < len(known) && known[i].read {
				now, known[i].read = known[i], false // good for one attempt
			} else {
				now.head, now.etag, err = ReadHead(ctx, r.Bucket)
			}
			if p.leave(ctx, r, err) {
				break
			}
			if err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
			if now.head.Gen > h.Gen || now.head.ID == h.ID || slices.Contains(h.Debt, r.Name) {
				break // a head may not name what the region lacks
			}
			_, err = r.Bucket.Replace(ctx, HeadKey, jsonMeta, store.Bytes(body), now.etag)
			if errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrConflict) || p.leave(ctx, r, err) {
				err = nil
				continue
			}
			if err != nil {
				return fmt.Errorf("changing the head in %s: %w", r.Name, err)
			}
			break
		}
	}
	return nil
}
