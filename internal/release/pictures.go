package release

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/picture"
	"github.com/victorleungtw/blog/internal/store"
)

// Variants of pictures are made when they are uploaded, and those alone that no
// region has yet: a release that nobody saw in the end, or a branch, may have left
// them. So of each picture that is new to a release the regions are asked first
// what they have of it, in one request, and a publish that was killed encodes
// nothing again that it had stored.

// original is a file, and the variants of it that a release needs and the one
// before it did not.
type original struct {
	file     string
	body     store.Body
	variants []picture.Variant // by key
}

// originals are the files of which variants are fresh, by name.
func originals(assets map[string]content.Asset, fresh map[string]bool) []original {
	bySum := map[[sha256.Size]byte]*original{}
	for key, a := range assets {
		if a.Variant == nil || !fresh[key] {
			continue
		}
		o := bySum[a.Body.SHA256]
		if o == nil {
			o = &original{file: a.File, body: a.Body}
			bySum[a.Body.SHA256] = o
		}
		o.file = min(o.file, a.File)
		o.variants = append(o.variants, *a.Variant)
	}
	var out []original
	for _, o := range bySum {
		slices.SortFunc(o.variants, func(a, b picture.Variant) int { return cmp.Compare(a.Key, b.Key) })
		out = append(out, *o)
	}
	slices.SortFunc(out, func(a, b original) int { return cmp.Compare(a.file, b.file) })
	return out
}

// pictures makes variants and gives them to every region. It returns how many were
// new to the primary. Of files that cannot be decoded the error is one
// picture.BrokenError for each, joined, when all others are made.
func (p *Publisher) pictures(ctx context.Context, list []original) (int, error) {
	if len(list) == 0 {
		return 0, nil
	}
	if p.Later != nil {
		for _, o := range list {
			p.later(o)
		}
		return 0, nil
	}
	var (
		g       errgroup.Group
		written atomic.Int64
		done    atomic.Int64
		mu      sync.Mutex
		broken  []error
	)
	// A picture in memory is of hundreds of megabytes, and makes one processor busy.
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, o := range list {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			n, err := p.picture(ctx, o)
			if b := (*picture.BrokenError)(nil); errors.As(err, &b) {
				mu.Lock()
				broken = append(broken, err)
				mu.Unlock()
				err = nil
			}
			written.Add(int64(n))
			p.progress("pictures", int(done.Add(1)), len(list))
			return err
		})
	}
	err := g.Wait()
	return int(written.Load()), errors.Join(append(broken, err)...)
}

// Broken are the files that an error of a publish says are damaged, and how.
func Broken(err error) map[[sha256.Size]byte]string {
	out := map[[sha256.Size]byte]string{}
	var look func(error)
	look = func(err error) {
		switch e := err.(type) {
		case *picture.BrokenError:
			out[e.Sum] = e.Err.Error()
		case interface{ Unwrap() []error }:
			for _, one := range e.Unwrap() {
				look(one)
			}
		case interface{ Unwrap() error }:
			look(e.Unwrap())
		}
	}
	look(err)
	return out
}

// picture makes of one file the variants that a region lacks, and uploads them.
func (p *Publisher) picture(ctx context.Context, o original) (int, error) {
	lacking := make([]bool, len(o.variants)) // in some region
	for _, r := range p.Regions {
		if p.away.is(r.Name) {
			continue
		}
		have := map[string]bool{}
		for key, err := range r.Bucket.List(ctx, o.variants[0].Prefix()) {
			if err != nil {
				if p.leave(ctx, r, err) {
					break
				}
				return 0, fmt.Errorf("asking %s for what is made of %s: %w", r.Name, o.file, err)
			}
			have[key] = true
		}
		for i, v := range o.variants {
			lacking[i] = lacking[i] || !have[v.Key] && !p.away.is(r.Name)
		}
	}
	var todo []picture.Variant
	for i, v := range o.variants {
		if lacking[i] {
			todo = append(todo, v)
		}
	}
	if len(todo) == 0 {
		return 0, nil
	}
	made, err := o.make(todo)
	if err != nil {
		return 0, err
	}
	objects := make([]object, len(todo))
	for i, v := range todo {
		objects[i] = object{key: v.Key, meta: v.Meta, body: store.Bytes(made[i])}
	}
	return p.upload(ctx, objects)
}

// make makes variants of the file.
func (o original) make(vs []picture.Variant) ([][]byte, error) {
	src, err := read(o.body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.file, err)
	}
	made, err := picture.Make(src, vs)
	if b := (*picture.BrokenError)(nil); errors.As(err, &b) {
		b.Sum = o.body.SHA256
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.file, err)
	}
	return made, nil
}

// later leaves it to Later to make the variants.
func (p *Publisher) later(o original) {
	for _, v := range o.variants {
		p.Later(v.Key, func(ctx context.Context) error {
			made, err := o.make([]picture.Variant{v})
			if b := (*picture.BrokenError)(nil); errors.As(err, &b) {
				var src []byte
				src, err = read(o.body)
				made = [][]byte{src}
			}
			if err != nil {
				return err
			}
			_, err = p.upload(ctx, []object{{key: v.Key, meta: v.Meta, body: store.Bytes(made[0])}})
			return err
		})
	}
}
