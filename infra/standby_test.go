package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/store"
)

// away is the bucket of a region that cannot be reached.
type away struct{ store.Bucket }

var errAway = errors.New("no route to host")

func (away) Get(context.Context, string) (*store.Object, error) { return nil, errAway }
func (away) Create(context.Context, string, store.Meta, store.Body) error {
	return errAway
}
func (away) Replace(context.Context, string, store.Meta, store.Body, string) (string, error) {
	return "", errAway
}

// whole lists a bucket as a whole, because moto gets the signature of a request
// wrong that has an escaped slash in its query.
type whole struct{ store.Bucket }

func (w whole) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range w.Bucket.List(ctx, "") {
			if (err != nil || strings.HasPrefix(key, prefix)) && !yield(key, err) {
				return
			}
		}
	}
}

// What a standby missed is made up for by the next publish, as the publisher:
// it copies what it may write, and has the renderer make the pages.
func TestPublisherMakesUpForTheStandby(t *testing.T) {
	d := deployed(t, "domain")
	ops := d.stacks["ops"]
	m := startMoto(t)
	w := newWorld(t, m, d, m.role(t, "publisher", trustOf(t, ops), publisherDocument(t, ops)))
	p := w.publisher
	regions := slices.Clone(p.Regions)
	for i := range regions {
		regions[i].Bucket = whole{regions[i].Bucket}
	}
	p.Regions = slices.Clone(regions)
	p.Regions[1].Bucket = away{regions[1].Bucket}
	res, err := p.Publish(t.Context(), w.plan("The first text."), release.Commit{})
	if err != nil || len(res.Debt) != 1 {
		t.Fatalf("without the standby: %+v, %v", res, err)
	}

	again := &release.Publisher{Regions: regions, Table: p.Table, Check: p.Check, Log: p.Log, Now: p.Now}
	if res, err = again.Publish(t.Context(), w.plan("The second text."), release.Commit{}); err != nil || len(res.Debt) != 0 {
		t.Fatalf("with the standby back: %+v, %v", res, err)
	}
	keys := func(bucket string) (out []string) {
		for _, v := range versions(t, m, []string{bucket}) {
			key, _, _ := strings.Cut(strings.TrimPrefix(v, bucket+"/"), " ")
			out = append(out, key)
		}
		return slices.Compact(out)
	}
	if primary, standby := keys(w.buckets[0]), keys(w.buckets[1]); !slices.Equal(primary, standby) {
		t.Errorf("the primary has\n%v\nand the standby\n%v", primary, standby)
	}
}
