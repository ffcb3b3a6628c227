package edge_test

import (
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/edge"
)

// languages is site with homes in four languages.
func languages() *kv {
	k := site()
	k.keys["www/~lang"] = "18:/#en=/&zh=/zh/&zh-hant=/zh/&zh-hans=/cn/&zh-cn=/cn/&ja=/ja/,12:/#en=/&zh=/old/"
	return k
}

// "/" is the home of the language that the reader's browser asks for (RFC 9110,
// section 12.5.4; the lookup is that of RFC 4647, section 3.4).
func TestHomeByLanguage(t *testing.T) {
	f := newFunction(t, languages())
	stay := "-> /page/" + digest("a")
	for accept, want := range map[string]string{
		"":                                 stay,
		"en":                               stay,
		"en-GB,en;q=0.9,zh;q=.8":           stay,
		"zh-TW,zh;q=0.9,en;q=.8":           "Found /zh/",
		"zh-Hant-HK":                       "Found /zh/",
		"ZH-hant":                          "Found /zh/",
		"zh-CN,zh;q=0.9":                   "Found /cn/",
		"ja":                               "Found /ja/",
		"de, ja;q=0.5, en;q=0.4":           "Found /ja/",
		"en;q=0.4, ja;q=0.5":               "Found /ja/",
		"ja;q=0, en;q=0.1":                 stay,
		"ja;q=0":                           stay,
		"ja;q=x":                           stay,
		"de, fr, *":                        stay,
		"*":                                stay,
		"x-evil, =, &, /#":                 stay,
		"__proto__, constructor":           stay,
		"ja-":                              "Found /ja/",
		"-":                                stay,
		strings.Repeat("de-a,", 10) + "ja": "Found /ja/", // ten times the same is one
	} {
		var header []string
		if accept != "" {
			header = []string{"Accept-Language", accept}
		}
		if got := summary(run(t, f, "GET", "https://example.com/", header...)); got != want {
			t.Errorf("%q: got %q, want %q", accept, got, want)
		}
	}
	// Several lines are one list, and any other path has one language.
	if got := summary(run(t, f, "GET", "https://example.com/", "Accept-Language", "en;q=0.5", "Accept-Language", "ja")); got != "Found /ja/" {
		t.Errorf("two lines: %q", got)
	}
	if got := summary(run(t, f, "GET", "https://example.com/2022/06/18/aws/", "Accept-Language", "ja")); got != "-> /page/"+digest("c") {
		t.Errorf("a post: %q", got)
	}
	if got := summary(run(t, f, "GET", "https://example.com/?utm=1", "Accept-Language", "ja")); got != "Found /ja/?utm=1" {
		t.Errorf("with a query: %q", got)
	}
}

// Whoever has chosen a language is not sent back.
func TestHomeAsChosen(t *testing.T) {
	f := newFunction(t, languages())
	for _, tt := range []struct {
		target string
		header []string
		want   string
	}{
		{"/?lang=en", nil, "-> /page/" + digest("a")},
		{"/", []string{"Sec-Fetch-Site", "same-origin"}, "-> /page/" + digest("a")},
		{"/", []string{"Referer", "https://example.com/zh/"}, "-> /page/" + digest("a")},
		{"/", []string{"Sec-Fetch-Site", "cross-site", "Referer", "https://example.com/"}, "Found /zh/"},
		{"/", []string{"Sec-Fetch-Site", "none"}, "Found /zh/"},
		{"/", []string{"Referer", "https://example.com.evil.example/"}, "Found /zh/"},
		{"/", []string{"Referer", "nonsense"}, "Found /zh/"},
		{"/?lang", nil, "-> /page/" + digest("a")},
		{"/?language=en", nil, "Found /zh/?language=en"},
	} {
		header := append([]string{"Accept-Language", "zh-TW"}, tt.header...)
		if got := summary(run(t, f, "GET", "https://example.com"+tt.target, header...)); got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.target, tt.header, got, tt.want)
		}
	}
}

// A redirect by a header says so, and one that the site has no table for, or
// cannot read, is not made.
func TestHomeAnswers(t *testing.T) {
	store := languages()
	f := newFunction(t, store)
	res := run(t, f, "GET", "https://example.com/", "Accept-Language", "ja")
	if got := res.Response.Headers["vary"].Value; got != "Accept, Accept-Datetime, Accept-Encoding, Accept-Language" {
		t.Errorf("Vary: %q", got)
	}
	if got := res.Response.Headers["cache-control"].Value; got != edge.BrowserCacheControl {
		t.Errorf("Cache-Control: %q", got)
	}
	store.fail["www/~lang"] = true
	if got := summary(run(t, f, "GET", "https://example.com/", "Accept-Language", "ja")); got != "-> /page/"+digest("a") {
		t.Errorf("with the table unreadable: %q", got)
	}
	f = newFunction(t, site())
	if got := summary(run(t, f, "GET", "https://example.com/", "Accept-Language", "ja")); got != "-> /page/"+digest("a") {
		t.Errorf("a site of one language: %q", got)
	}
}

// A page's text is another address for whoever likes it no less than the page
// (RFC 9110, section 12.5.1).
func TestMarkdownByAccept(t *testing.T) {
	f := newFunction(t, languages())
	page, text := "-> /page/"+digest("c"), "-> /page/"+digest("c")+".md"
	for accept, want := range map[string]string{
		"":                                       page,
		"*/*":                                    page,
		"text/html":                              page,
		"text/markdown":                          text,
		"text/markdown, text/html, */*":          text,
		"text/html, text/markdown;q=0.9":         page,
		"text/html;q=0.9, TEXT/MARKDOWN":         text,
		"text/markdown;q=0.5, */*":               page,
		"text/markdown;q=0.5, text/*;q=0.4, */*": text,
		"text/markdown;q=0":                      page,
		"text/markdown;charset=utf-8;q=0.7, text/html;q=1":                           page,
		"text/markdown;variant=GFM":                                                  text,
		"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8": page,
	} {
		if got := summary(run(t, f, "GET", "https://example.com/2022/06/18/aws/", "Accept", accept)); got != want {
			t.Errorf("%q: got %q, want %q", accept, got, want)
		}
	}
	for path, want := range map[string]string{
		"/2022/06/18/aws.md": text,
		"/":                  "-> /page/" + digest("a") + ".md",
		"/page/2/":           "-> /page/" + digest("e") + ".md",
		"/page/2.md":         "-> /page/" + digest("e") + ".md",
		"/feed.xml":          "-> /page/" + digest("d"), // has no text
		"/feed.xml.md":       "Not Found",
		"/.md":               "Not Found",
		"/old-post.md":       "Not Found",
		"/missing/":          "Not Found",
	} {
		if got := summary(run(t, f, "GET", "https://example.com"+path, "Accept", "text/markdown")); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// What is asked for is in the address, and so the cache has one entry for each
// answer, whatever the headers were.
func TestChoicesAreNotInTheKey(t *testing.T) {
	d := edge.Describe(edge.Topology{Standby: true})
	for _, b := range append(d.CacheBehaviors, d.DefaultCacheBehavior) {
		for _, h := range b.CachePolicy.Headers {
			if strings.HasPrefix(strings.ToLower(h), "accept") {
				t.Errorf("%q has %s in its cache key", b.PathPattern, h)
			}
		}
	}
}
