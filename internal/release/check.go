package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/store"
)

// checkPages is how many changed paths a check asks for. They are spread over
// all of them.
const checkPages = 20

// HTTPCheck asks the edge over HTTP, as a reader does, and compares what it
// answers with what was stored.
type HTTPCheck struct {
	Client *http.Client
	Base   string // scheme and host
	Bucket store.Bucket
	// Patience is for how long a wrong answer is asked for again: the time
	// that the route table may take to reach an edge. Zero asks once.
	Patience time.Duration
}

// Check asks for up to checkPages of the changes.
func (c *HTTPCheck) Check(ctx context.Context, n int, changes []Change) error {
	client := *c.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ctx, cancel := context.WithTimeout(ctx, c.Patience+time.Minute)
	defer cancel()
	step := max(1, (len(changes)+checkPages-1)/checkPages)
	for i := 0; i < len(changes); i += step {
		if err := c.until(ctx, &client, changes[i]); err != nil {
			return fmt.Errorf("%s: %w", changes[i].Path, err)
		}
	}
	return nil
}

func (c *HTTPCheck) until(ctx context.Context, client *http.Client, ch Change) error {
	deadline := time.Now().Add(c.Patience)
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := c.one(ctx, client, ch)
		if err == nil || time.Now().Add(wait).After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(wait):
		}
	}
}

func (c *HTTPCheck) one(ctx context.Context, client *http.Client, ch Change) error {
	u := c.Base + (&url.URL{Path: ch.Path}).EscapedPath()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	want := http.StatusOK
	switch {
	case ch.Verb == Removed:
		want = http.StatusGone
	case ch.To[0] == '/':
		want = http.StatusMovedPermanently
	}
	if resp.StatusCode != want {
		return fmt.Errorf("the edge answers %s instead of %d", resp.Status, want)
	}
	if want != http.StatusOK || ch.Path == recipe.SearchPath {
		return nil // the search answers with a form, made from what is stored there
	}
	sum := ch.sum
	if sum == "" {
		page, err := c.Bucket.Get(ctx, "page/"+ch.To)
		if err != nil {
			return err
		}
		sum = recipe.Sum(page.Body)
	}
	if recipe.Sum(body) != sum {
		return errors.New("the edge answers other bytes than those that were published")
	}
	return nil
}
