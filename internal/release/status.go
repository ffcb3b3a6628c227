package release

import (
	"context"
	"errors"
	"slices"

	"github.com/victorleungtw/blog/internal/store"
)

// Status is what the record, the regions and the edge say, side by side.
type Status struct {
	Head     Head           `json:"head"`
	Release  int            `json:"release"`          // what readers see: the head's, or one that came due
	Coming   []Coming       `json:"coming,omitempty"` // releases that become current by themselves
	Pages    int            `json:"pages"`
	Parent   int            `json:"parent"`
	Renderer string         `json:"renderer"`
	Regions  []RegionStatus `json:"regions"`
	Edge     EdgeStatus     `json:"edge"`
	InStep   bool           `json:"inStep"` // everything shows the head's release
}

// RegionStatus is one region's record.
type RegionStatus struct {
	Name   string `json:"name"`
	N      int    `json:"release"`
	InStep bool   `json:"inStep"`
	Error  string `json:"error,omitempty"`
}

// EdgeStatus is the route table.
type EdgeStatus struct {
	N      int    `json:"release"`
	Has    []int  `json:"has"`             // releases that are one write away
	Bytes  int    `json:"bytes,omitempty"` // as the last publisher left it, of routes.MaxTable
	InStep bool   `json:"inStep"`
	Error  string `json:"error,omitempty"`
}

// Status reads everything and changes nothing. A part that cannot be read is
// in the answer; the error is for a primary without which there is none.
func (p *Publisher) Status(ctx context.Context) (*Status, error) {
	start, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	head, now := start.head, start.now
	s := &Status{Head: head, InStep: true}
	if head.N > 0 {
		s.Release = head.At(now)
		for _, c := range head.Next {
			if c.At.After(now) {
				s.Coming = append(s.Coming, c)
			}
		}
		m, err := p.record(ctx, s.Release)
		if err != nil {
			return nil, err
		}
		s.Pages, s.Parent, s.Renderer = m.Count, m.Parent, m.Renderer
	}
	for _, r := range p.Regions {
		rs := RegionStatus{Name: r.Name}
		h, _, err := ReadHead(ctx, r.Bucket)
		if err != nil {
			rs.Error = err.Error()
		} else {
			rs.N = h.N
		}
		rs.InStep = err == nil && h.ID == head.ID
		s.InStep = s.InStep && rs.InStep
		s.Regions = append(s.Regions, rs)
	}
	cur, err := p.tableCurrent(ctx)
	if err != nil {
		s.Edge.Error = err.Error()
	}
	s.Edge.N, s.Edge.Has = cur.N, cur.Has
	want := head.current(cur)
	s.Edge.InStep = err == nil && (head.N == 0 && cur.N == 0 || cur.String() == want.String())
	if head.Live != nil {
		s.Edge.Bytes = head.Live.Bytes
	}
	s.InStep = s.InStep && s.Edge.InStep
	return s, nil
}

// Pages returns what each path is in release n.
func (p *Publisher) Pages(ctx context.Context, n int) (map[string]string, error) {
	m, err := p.manifest(ctx, n)
	if errors.Is(err, store.ErrNotExist) {
		return nil, &NoReleaseError{n}
	}
	if err != nil {
		return nil, err
	}
	return m.Pages()
}

// Current returns the current release's number and pages; 0 and none before
// the first.
func (p *Publisher) Current(ctx context.Context) (int, map[string]string, error) {
	s, err := p.start(ctx)
	if err != nil || s.head.N == 0 {
		return 0, nil, err
	}
	n := s.head.At(s.now)
	pages, err := p.Pages(ctx, n)
	return n, pages, err
}

// Held says whether going to release n is one write.
func (s *Status) Held(n int) bool { return slices.Contains(s.Edge.Has, n) }
