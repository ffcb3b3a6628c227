package edge

import (
	"container/list"
	"net/http"
	"sync"
	"time"
)

// entry is one cached answer. It is never changed once it is in the cache: a
// refreshed one takes its place.
type entry struct {
	status  int
	header  http.Header // the origin's, without what concerns the connection
	body    []byte
	origin  string    // the ID of the origin that gave it
	born    time.Time // when the origin made it or last confirmed it
	life    lifetime
	silence time.Time // until then a stale entry is used without asking (an origin just failed)
}

func (e *entry) freshAt(now time.Time) bool { return now.Before(e.born.Add(e.life.fresh)) }

// usableWhileAsking is stale-while-revalidate.
func (e *entry) usableWhileAsking(now time.Time) bool {
	return now.Before(e.born.Add(e.life.fresh + e.life.whileAsking))
}

// usableOnError says whether the entry may stand in for an origin that fails.
// CloudFront does so for any expired object unless stale-if-error sets an end.
func (e *entry) usableOnError(now time.Time) bool {
	return e.status < 400 && (e.life.onError < 0 || now.Before(e.born.Add(e.life.fresh+e.life.onError)))
}

// cache keeps entries up to a number of bytes and drops those that were not
// asked for longest, as an edge location does.
type cache struct {
	mu    sync.Mutex
	max   int64
	size  int64
	byKey map[string]*list.Element // of *item
	used  *list.List               // most recent first
}

type item struct {
	key   string
	entry *entry
	size  int64
}

// overhead is what an entry costs beside its key and body: headers and the
// cache's own records, roughly.
const overhead = 1024

func newCache(max int64) *cache {
	return &cache{max: max, byKey: map[string]*list.Element{}, used: list.New()}
}

func (c *cache) get(key string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[key]
	if !ok {
		return nil
	}
	c.used.MoveToFront(el)
	return el.Value.(*item).entry
}

// put stores an entry, or drops the key when it does not fit.
func (c *cache) put(key string, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[key]; ok {
		c.drop(el)
	}
	it := &item{key, e, int64(len(key)+len(e.body)) + overhead}
	if it.size > c.max {
		return
	}
	for c.size+it.size > c.max {
		c.drop(c.used.Back())
	}
	c.byKey[key] = c.used.PushFront(it)
	c.size += it.size
}

func (c *cache) drop(el *list.Element) {
	it := c.used.Remove(el).(*item)
	delete(c.byKey, it.key)
	c.size -= it.size
}

func (c *cache) remove(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[key]; ok {
		c.drop(el)
	}
}

// removeIf drops every entry that drop wants gone.
func (c *cache) removeIf(drop func(key string, e *entry) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, el := range c.byKey {
		if drop(key, el.Value.(*item).entry) {
			c.drop(el)
		}
	}
}
