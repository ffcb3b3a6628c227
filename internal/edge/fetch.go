package edge

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// What X-Cache says, before " from cloudfront".
const (
	resultHit        = "Hit"
	resultMiss       = "Miss"
	resultRefreshHit = "RefreshHit"
	resultError      = "Error"
	resultFunction   = "FunctionGeneratedResponse"
	resultRedirect   = "Redirect"
)

// flight is one request to an origin that several viewers wait for.
type flight struct {
	done   chan struct{}
	entry  *entry
	result string
	shared bool // the answer may be given to the others
}

// flights are those under way, by cache key.
type flights struct {
	mu    sync.Mutex
	byKey map[string]*flight
}

// join returns the flight of a key and whether the caller leads it.
func (f *flights) join(key string) (*flight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl, ok := f.byKey[key]; ok {
		return fl, false
	}
	fl := &flight{done: make(chan struct{})}
	f.byKey[key] = fl
	return fl, true
}

func (f *flights) land(key string, fl *flight) {
	f.mu.Lock()
	delete(f.byKey, key)
	f.mu.Unlock()
	close(fl.done)
}

// obtain answers a GET or HEAD from the cache or from the origins. Requests
// for one object that come while the origin is asked wait for that answer
// (CloudFront's request collapsing), unless it turns out to be one that may
// not be shared: then each asks for itself.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorS3Origin.html#request-s3-traffic-spikes
func (d *Distribution) obtain(ctx context.Context, b *CacheBehavior, key string, req originRequest) (*entry, string) {
	cached := d.cache.get(key)
	if now := d.now(); cached != nil {
		switch {
		case cached.freshAt(now) || now.Before(cached.silence):
			return cached, resultHit
		case cached.usableWhileAsking(now):
			d.refresh(ctx, b, key, req, cached)
			return cached, resultHit
		}
	}
	// The answer is for everyone who waits and for the cache, so the viewer
	// who happened to be first cannot take it away by leaving.
	ctx = context.WithoutCancel(ctx)
	fl, leader := d.flights.join(key)
	if leader {
		d.lead(ctx, b, key, req, cached, fl)
		return fl.entry, fl.result
	}
	<-fl.done
	if !fl.shared {
		e, result, _ := d.fetch(ctx, b, key, req, cached)
		return e, result
	}
	if fl.result == resultMiss || fl.result == resultRefreshHit {
		return fl.entry, resultHit
	}
	return fl.entry, fl.result
}

func (d *Distribution) lead(ctx context.Context, b *CacheBehavior, key string, req originRequest, cached *entry, fl *flight) {
	defer d.flights.land(key, fl)
	// An answer in case fetch panics: those who wait must not wait for ever.
	fl.entry, fl.result = errorEntry(http.StatusInternalServerError, ""), resultError
	fl.entry, fl.result, fl.shared = d.fetch(ctx, b, key, req, cached)
}

// refresh asks the origin behind the reader's back.
func (d *Distribution) refresh(ctx context.Context, b *CacheBehavior, key string, req originRequest, cached *entry) {
	fl, leader := d.flights.join(key)
	if !leader {
		return
	}
	d.background.Go(func() { d.lead(context.WithoutCancel(ctx), b, key, req, cached, fl) })
}

// fetch asks the origins, confirming the cached entry if there is one, and
// stores what may be stored.
func (d *Distribution) fetch(ctx context.Context, b *CacheBehavior, key string, req originRequest, cached *entry) (e *entry, result string, shared bool) {
	if cached != nil && cached.status < 300 {
		req.header = req.header.Clone()
		copyHeader(req.header, "If-None-Match", cached.header, "ETag")
		copyHeader(req.header, "If-Modified-Since", cached.header, "Last-Modified")
	}
	e, err := d.ask(ctx, b.TargetOriginID, req)
	now := d.now()
	if err != nil {
		d.log.ErrorContext(ctx, "no origin answered", "path", req.url.Path, "err", err)
		e = failure(err)
	}
	if e.status == http.StatusNotModified && cached != nil {
		fresh := *cached
		fresh.header = cached.header.Clone()
		for _, name := range []string{"Cache-Control", "Expires", "Date", "Etag", "Last-Modified", "Vary", "Age"} {
			copyHeader(fresh.header, name, e.header, name)
		}
		fresh.silence = time.Time{}
		e = d.keep(&fresh, b, key, now)
		return e, resultRefreshHit, e.life.shared()
	}
	if e.status >= 500 && cached != nil && cached.usableOnError(now) {
		// AWS does not document what X-Cache says here.
		if ttl := d.config.errorTTL(e.status); ttl > 0 {
			again := *cached
			again.silence = now.Add(ttl)
			d.cache.put(key, &again)
		}
		return cached, resultHit, true
	}
	result = resultMiss
	if e.status >= 400 {
		result = resultError
	}
	e = d.keep(e, b, key, now)
	return e, result, e.life.shared() || e.status >= 500
}

func copyHeader(to http.Header, toName string, from http.Header, fromName string) {
	if v := from.Get(fromName); v != "" {
		to.Set(toName, v)
	}
}

// keep stores an answer if it may be stored.
func (d *Distribution) keep(e *entry, b *CacheBehavior, key string, now time.Time) *entry {
	e.life = d.config.lifetimeOf(b.CachePolicy, e.status, e.header, now)
	e.born = now.Add(-age(e.header))
	if e.life.store {
		d.cache.put(key, e)
	} else {
		d.cache.remove(key)
	}
	return e
}
