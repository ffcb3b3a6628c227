package release

import (
	"context"
	"sync"
)

// manifests remembers the last manifests that were read. A manifest never
// changes, and a publish needs the same one or two in several of its steps.
type manifests struct {
	mu   sync.Mutex
	list []*Manifest
}

const rememberedManifests = 4

// manifest reads release n's manifest from the primary, or remembers it.
func (p *Publisher) manifest(ctx context.Context, n int) (*Manifest, error) {
	p.manifests.mu.Lock()
	for _, m := range p.manifests.list {
		if m.N == n {
			p.manifests.mu.Unlock()
			return m, nil
		}
	}
	p.manifests.mu.Unlock()
	m, err := ReadManifest(ctx, p.primary().Bucket, n)
	if err == nil {
		p.manifests.add(m)
	}
	return m, err
}

func (c *manifests) add(m *Manifest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, m)
	if len(c.list) > rememberedManifests {
		c.list = c.list[1:]
	}
}
