package release

import (
	"context"
	"testing"
)

// A standby with a bucket alone makes no pages and keeps no publisher waiting. What
// S3's replication brings, or a person, is enough to serve from.
func TestBucketOnly(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.watch.oneRegion = true
	p := w.publisher()
	p.Regions[1].Renderer = nil
	pl := planOf(t, map[string]string{"a": "A.", "b": "B."})
	publish(t, p, pl)
	w.shows(pl)
	if s, err := p.Status(ctx); err != nil || !s.InStep {
		t.Errorf("%+v %v", s, err)
	}
	// The record of what is published is there, and no page.
	head, _, err := ReadHead(ctx, w.buckets[1])
	if err != nil || head.N != 1 {
		t.Errorf("the standby's head: %+v %v", head, err)
	}
	for key, err := range w.buckets[1].List(ctx, "page/") {
		t.Errorf("%s %v", key, err)
	}
	rep, err := p.Repair(ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Lost) > 0 || len(rep.Regions[1].Made) == 0 {
		t.Errorf("%+v", rep)
	}
	w.watch.oneRegion = false
	w.checkWhole()
	if again, err := p.Repair(ctx, true); err != nil || len(again.Regions[1].Made)+len(again.Regions[1].Copied) > 0 {
		t.Errorf("%+v %v", again, err)
	}
}
