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
	Has    []int  `json:"has"` // releases that are one write away
	InStep bool   `json:"inStep"`
	Error  string `json:"error,omitempty"`
}

// Status reads everything and changes nothing. A part that cannot be read is
// in the answer; the error is for a primary without which there is none.
func (p *Publisher) Status(ctx context.Context) (*Status, error) {
	head, _, err := ReadHead(ctx, p.primary().Bucket)
	if err != nil {
		return nil, err
	}
	s := &Status{Head: head, InStep: true}
	if head.N > 0 {
		m, err := p.manifest(ctx, head.N)
		if err != nil {
			return nil, err
		}
		pages, err := m.Pages()
		if err != nil {
			return nil, err
		}
		s.Pages, s.Parent, s.Renderer = len(pages), m.Parent, m.Renderer
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
	s.Edge.InStep = err == nil && cur.N == head.N && cur.Gen == head.Gen
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
	head, _, err := ReadHead(ctx, p.primary().Bucket)
	if err != nil || head.N == 0 {
		return 0, nil, err
	}
	pages, err := p.Pages(ctx, head.N)
	return head.N, pages, err
}

// Held says whether going to release n is one write.
func (s *Status) Held(n int) bool { return slices.Contains(s.Edge.Has, n) }
