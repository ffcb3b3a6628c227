// Package oldurls says what becomes of the addresses that a blog had before.
//
// An old address is kept when it answers 200, or one 301 to what answers 200.
// Against a plan, the edge function itself is asked, the one that is deployed,
// with a route table of what the plan would publish: what it says here it will
// say there. Against a running blog, its address is.
//
// # What it needs
//
// A list: one address or path a line, # for comments, or a sitemap. The host of
// an address does not count; an old blog had another.
//
// # What it cannot know
//
// The nearest page is a guess from the words of the last part of the address,
// for a person to read.
package oldurls

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/victorleungtw/blog/internal/problem"
)

// Old is an address that the blog had.
type Old struct {
	Path string // as browsers ask for it: escaped
	Line int    // of the list; 0 in a sitemap
}

// Parse reads a list.
func Parse(file string, data []byte) ([]Old, problem.List) {
	if t := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff"))); bytes.HasPrefix(t, []byte("<")) {
		return parseSitemap(file, t)
	}
	var out []Old
	var probs problem.List
	seen := map[string]bool{}
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		path, err := pathOf(line)
		if err != nil {
			probs.Errorf(file, n, "write one address or path a line: https://example.com/2019/hello/ or /2019/hello/", "%v", err)
			continue
		}
		if !seen[path] {
			seen[path] = true
			out = append(out, Old{path, n})
		}
	}
	return out, probs
}

func parseSitemap(file string, data []byte) ([]Old, problem.List) {
	var set struct {
		XMLName  xml.Name
		URLs     []string `xml:"url>loc"`
		Sitemaps []string `xml:"sitemap>loc"`
	}
	var probs problem.List
	if err := xml.Unmarshal(data, &set); err != nil {
		probs.Errorf(file, 0, "give a sitemap, or a list of one address a line", "not a sitemap: %v", err)
		return nil, probs
	}
	if len(set.Sitemaps) > 0 {
		probs.Errorf(file, 0, "fetch the sitemaps that it names, and give those", "a list of %d sitemaps and no addresses", len(set.Sitemaps))
	}
	var out []Old
	seen := map[string]bool{}
	for _, loc := range set.URLs {
		path, err := pathOf(strings.TrimSpace(loc))
		if err != nil {
			probs.Errorf(file, 0, "", "%v", err)
			continue
		}
		if !seen[path] {
			seen[path] = true
			out = append(out, Old{Path: path})
		}
	}
	return out, probs
}

// pathOf is the escaped path of an address. A query is dropped: the blog's pages
// do not depend on one.
func pathOf(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", fmt.Errorf("%q is not an address", s)
	case u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https", u.Opaque != "":
		return "", fmt.Errorf("%q is not the address of a page", s)
	case u.Host == "" && !strings.HasPrefix(u.Path, "/"):
		return "", fmt.Errorf("%q is neither an address nor a path", s)
	case u.Path == "":
		return "/", nil
	}
	return u.EscapedPath(), nil
}

// Answer is what a blog says to an address.
type Answer struct {
	Status int
	To     string // of a redirect: a path, escaped, or an address elsewhere
}

// Asker asks for a path.
type Asker interface {
	Ask(ctx context.Context, path string) (Answer, error)
}

// Verdict is what becomes of an old address.
type Verdict struct {
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"`
	Status  int    `json:"status"`            // its first answer
	To      string `json:"to,omitempty"`      // where a redirect leads
	Why     string `json:"why,omitempty"`     // it is lost; empty when it is kept
	Nearest string `json:"nearest,omitempty"` // a page that it may have been
}

// Kept says that readers who have the address reach a page.
func (v Verdict) Kept() bool { return v.Why == "" }

// Check asks for an old address, and for what it leads to.
func Check(ctx context.Context, a Asker, old Old) (Verdict, error) {
	v := Verdict{Path: old.Path, Line: old.Line}
	first, err := a.Ask(ctx, old.Path)
	if err != nil {
		return v, fmt.Errorf("%s: %w", old.Path, err)
	}
	v.Status, v.To = first.Status, first.To
	switch {
	case first.Status == http.StatusOK:
		return v, nil
	case first.Status != http.StatusMovedPermanently && first.Status != http.StatusPermanentRedirect:
		v.Why = fmt.Sprintf("answers %d", first.Status)
		return v, nil
	case !strings.HasPrefix(first.To, "/"):
		v.Why = "leads to another site"
		return v, nil
	}
	to, _, _ := strings.Cut(first.To, "#")
	second, err := a.Ask(ctx, to)
	if err != nil {
		return v, fmt.Errorf("%s: %w", to, err)
	}
	switch {
	case second.Status == http.StatusOK:
	case second.To != "":
		v.Why = "leads here in more than one step"
	default:
		v.Why = fmt.Sprintf("leads to what answers %d", second.Status)
	}
	return v, nil
}
