package edge

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// CloudFront's limits on invalidations
// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html,
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html).
const (
	maxTags          = 50   // of one object; more are not kept
	maxTag           = 256  // characters
	maxInvalidations = 3000 // items in progress at once
)

// Invalidate forgets cached objects as CreateInvalidation does: "/path", "/path*"
// or "#tag". A path is that of the rewritten request, which is the cache key.
// Real edges take seconds; here it is done when the call returns. What is being
// fetched meanwhile is kept, so an object must be gone from its origin first.
func (d *Distribution) Invalidate(items []string) error {
	if len(items) == 0 || len(items) > maxInvalidations {
		return fmt.Errorf("invalidation of %d items: want 1 to %d", len(items), maxInvalidations)
	}
	for _, item := range items {
		if err := d.checkInvalidation(item); err != nil {
			return fmt.Errorf("invalidation of %q: %w", item, err)
		}
	}
	d.cache.removeIf(func(key string, e *entry) bool {
		// Whatever follows the path in a key, every variant goes.
		path, _, _ := strings.Cut(key, "\n")
		path, _, _ = strings.Cut(path, "?")
		for _, item := range items {
			if tag, ok := strings.CutPrefix(item, "#"); ok && d.tagged(e.header, tag) {
				return true
			}
			if prefix, ok := strings.CutSuffix(item, "*"); item == path || ok && strings.HasPrefix(path, prefix) {
				return true
			}
		}
		return false
	})
	return nil
}

func (d *Distribution) checkInvalidation(item string) error {
	tag, isTag := strings.CutPrefix(item, "#")
	switch {
	case isTag && d.config.CacheTagHeader == "":
		return errors.New("the distribution has no cache tags")
	case isTag && (tag == "" || len(tag) > maxTag || strings.ContainsFunc(tag, func(c rune) bool { return c < 33 || c > 126 || c == ',' || c == '*' })):
		return fmt.Errorf("a tag has 1 to %d visible ASCII characters, no comma and no star", maxTag)
	case isTag:
		return nil
	case !strings.HasPrefix(item, "/"):
		return errors.New("want a path or #tag")
	case strings.Contains(strings.TrimSuffix(item, "*"), "*"):
		return errors.New("a star stands at the end alone")
	}
	if u, err := url.ParseRequestURI(item); err != nil || u.EscapedPath() != item {
		return errors.New("a path is in its escaped form, without a query")
	}
	return nil
}

// tagged says whether an answer carried a tag, of those that are kept.
func (d *Distribution) tagged(h http.Header, tag string) bool {
	tags := strings.Split(h.Get(d.config.CacheTagHeader), ",")
	for _, t := range tags[:min(len(tags), maxTags)] {
		if strings.EqualFold(strings.TrimSpace(t), tag) {
			return true
		}
	}
	return false
}
