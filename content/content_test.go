// Package content holds the blog's own posts, and the test that all of them
// render and that every link and picture in them leads somewhere.
package content

import (
	"context"
	"encoding/xml"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/victorleungtw/blog/internal/cloud"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/release"
)

// published is this folder, published to a place on this machine.
func published(t *testing.T) (map[string]string, http.Handler) {
	t.Helper()
	ctx := context.Background()
	log := slog.New(slog.DiscardHandler)
	cfg, probs := config.Load("../blog.yaml")
	if probs.Err() != nil {
		t.Fatal(probs)
	}
	site := cfg.Site
	site.BaseURL = "https://example.com"
	l, err := content.Open(".", content.Options{Site: site, Drafts: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, probs, err := l.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(probs) > 0 {
		t.Fatalf("problems:\n%v", probs)
	}
	c, err := cloud.Local(ctx, t.TempDir(), cloud.LocalOptions{Log: log, Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	p := &release.Publisher{Regions: c.Regions, Table: c.Table, Check: c.Checker, Log: log, Now: time.Now}
	version, err := p.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	pl, probs := plan.Build(s, version)
	if len(probs) > 0 {
		t.Fatalf("problems:\n%v", probs)
	}
	if _, err := p.Publish(ctx, pl, release.Commit{}); err != nil {
		t.Fatal(err)
	}
	edge, err := c.Edge(cloud.EdgeOptions{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return release.Targets(pl), edge
}

func TestEveryPageAndLink(t *testing.T) {
	pages, edge := published(t)
	type answer struct {
		code int
		kind string
		body string
	}
	seen := map[string]answer{}
	get := func(path string) answer {
		if a, ok := seen[path]; ok {
			return a
		}
		w := httptest.NewRecorder()
		edge.ServeHTTP(w, httptest.NewRequest("GET", "https://example.com"+path, nil))
		body, _ := io.ReadAll(w.Body)
		seen[path] = answer{w.Code, w.Header().Get("Content-Type"), string(body)}
		return seen[path]
	}
	ids := map[string]map[string]bool{} // page → ids in it
	type link struct{ from, to string }
	var links []link
	for path, to := range pages {
		a := get((&url.URL{Path: path}).EscapedPath())
		if strings.HasPrefix(to, "/") && a.code == http.StatusMovedPermanently {
			continue
		}
		if a.code != http.StatusOK {
			t.Errorf("%s: %d", path, a.code)
			continue
		}
		if strings.Contains(a.kind, "xml") {
			if err := wellFormed(a.body); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		if !strings.HasPrefix(a.kind, "text/html") {
			continue
		}
		doc, err := html.Parse(strings.NewReader(a.body))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		own := map[string]bool{}
		ids[path] = own
		for n := range doc.Descendants() {
			for _, attr := range n.Attr {
				switch attr.Key {
				case "id":
					if own[attr.Val] {
						t.Errorf("%s: two elements have the id %q", path, attr.Val)
					}
					own[attr.Val] = true
				case "href", "src":
					links = append(links, link{path, attr.Val})
				case "srcset":
					for one := range strings.SplitSeq(attr.Val, ", ") {
						address, _, _ := strings.Cut(one, " ")
						links = append(links, link{path, address})
					}
				case "style", "onclick", "onload", "onerror":
					t.Errorf("%s: attribute %s", path, attr.Key)
				}
			}
			if n.Data == "script" && n.Type == html.ElementNode && !has(n, "type", "application/ld+json") {
				t.Errorf("%s: a script", path)
			}
		}
	}
	if len(links) < 1000 {
		t.Fatalf("only %d links were found", len(links))
	}
	for _, l := range links {
		to, err := url.Parse(l.to)
		if err != nil {
			t.Errorf("%s: %q: %v", l.from, l.to, err)
			continue
		}
		if to.Host == "example.com" {
			to.Scheme, to.Host = "", ""
		}
		if to.Scheme != "" || to.Host != "" {
			continue // another site's
		}
		target := l.from
		if to.Path != "" {
			if to.Path[0] != '/' {
				t.Errorf("%s: %q is relative", l.from, l.to)
				continue
			}
			target = to.Path
			// A link of ours goes straight to where it leads.
			if a := get(to.EscapedPath()); a.code != http.StatusOK {
				t.Errorf("%s: %q answers %d", l.from, l.to, a.code)
				continue
			}
		}
		if to.Fragment != "" && ids[target] != nil && !ids[target][to.Fragment] {
			t.Errorf("%s: %q: there is no such place on the page", l.from, l.to)
		}
	}
}

func has(n *html.Node, key, val string) bool {
	for _, a := range n.Attr {
		if a.Key == key && a.Val == val {
			return true
		}
	}
	return false
}

func wellFormed(s string) error {
	dec := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := dec.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
