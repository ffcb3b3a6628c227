package main

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/victorleungtw/blog/internal/release"
)

// publish publishes the plan. Files that turn out to be damaged when they are
// decoded are published as they are, by a plan that knows it: as many times as
// others are found, which is once, because all are looked at.
func (j *job) publish(ctx context.Context, c release.Commit) (*release.Result, error) {
	for {
		res, err := j.pub.Publish(ctx, j.plan, c, j.coming...)
		broken := release.Broken(err)
		if len(broken) == 0 {
			return res, err
		}
		for sum, why := range broken {
			j.loader.Broken(sum, why)
		}
		if err := j.load(ctx); err != nil {
			return nil, err
		}
	}
}

// onDemand makes the variants of pictures when a browser first asks for them. A
// blog has hundreds of pictures, and who previews it looks at a few.
type onDemand struct {
	next http.Handler
	// failed is told of a variant that could not be made.
	failed func(ctx context.Context, path string, err error)

	mu   sync.Mutex
	made map[string]func() error // by path, until they are
}

// later is release.Publisher's Later.
func (d *onDemand) later(key string, make func(context.Context) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made == nil {
		d.made = map[string]func() error{}
	}
	// Not under the context of a request, which ends when its browser has enough.
	d.made["/"+key] = sync.OnceValue(func() error { return make(context.Background()) })
}

func (d *onDemand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/asset/") {
		d.mu.Lock()
		make := d.made[r.URL.Path]
		d.mu.Unlock()
		if make != nil {
			if err := make(); err != nil {
				d.failed(r.Context(), r.URL.Path, err)
			}
			d.mu.Lock()
			delete(d.made, r.URL.Path)
			d.mu.Unlock()
		}
	}
	d.next.ServeHTTP(w, r)
}
