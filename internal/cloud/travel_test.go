package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/shown"
	"github.com/victorleungtw/blog/internal/store"
)

// ask sends a request through the whole edge.
func (p *place) ask(method, target string, header ...string) (*http.Response, string) {
	p.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = "http://edge.local" + target
	}
	req := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.edge.ServeHTTP(w, req)
	body, err := io.ReadAll(w.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return w.Result(), string(body)
}

// want asks for a path and checks what comes: the status, and what is in the
// body; with "!", what is not.
func (p *place) want(target string, status int, contains ...string) *http.Response {
	p.t.Helper()
	resp, body := p.ask("GET", target)
	if resp.StatusCode != status {
		p.t.Errorf("%s: %s, want %d", target, resp.Status, status)
	}
	for _, s := range contains {
		if without, not := strings.CutPrefix(s, "!"); not == strings.Contains(body, strings.TrimPrefix(s, "!")) {
			p.t.Errorf("%s: contains %q is %v in %s", target, without, not, body)
		}
	}
	if strings.HasPrefix(target, "/~") && !strings.HasPrefix(target, "/~share/") && resp.Header.Get("X-Robots-Tag") != "noindex" {
		p.t.Errorf("%s: X-Robots-Tag %q", target, resp.Header.Get("X-Robots-Tag"))
	}
	return resp
}

const (
	edited  = "/2026/01/07/p06/"
	deleted = "/2026/01/04/p03/"
)

// released is a place with a past: a post of release 1 is edited in release 2,
// another is deleted in release 3. Each is a day after the one before.
func released(t *testing.T) (p *place, first time.Time) {
	t.Helper()
	p = newPlace(t)
	first = time.Date(2026, 5, 31, 20, 35, 0, 0, time.UTC)
	now := first
	p.pub.Now = func() time.Time { return now }
	p.publish()
	now = now.AddDate(0, 0, 1)
	p.write("posts/p06/index.en.md", "---\ndate: 2026-01-07\ntags: [All]\n---\n# Post 6\n\nThe text of post 6, mended & more.\n")
	p.publish()
	now = now.AddDate(0, 0, 1)
	if err := os.RemoveAll(filepath.Join(p.folder, "posts", "p03")); err != nil {
		t.Fatal(err)
	}
	p.publish()
	return p, first
}

func TestTimeTravel(t *testing.T) {
	p, _ := released(t)
	p.want(edited, 200, "mended", "!class=\"travel\"")

	resp := p.want("/~1"+edited, 200,
		"The text of post 6.", "!mended",
		`<meta name="robots" content="noindex">`, `<link rel="stylesheet" href="/~style.css">`,
		"from release 1 of the blog", `<time datetime="2026-05-31T20:35:00Z">31 May 2026, 20:35 UTC</time>`,
		`<a href="`+edited+`">The page as it is now</a>`, `<a href="/~1`+edited+`?diff" rel="nofollow">What has changed since</a>`,
		`<a class="brand" href="/~1/">`, `rel="prev" href="/~1/2026/01/06/p05/"`, `action="/search"`, `!href="/~1/asset`, `!href="/~1/page`, `!href="/~1/search`)
	for name, want := range map[string]string{
		"Memento-Datetime":        "Sun, 31 May 2026 20:35:00 GMT",
		"Link":                    `<https://example.com` + edited + `>; rel="original timegate", <https://example.com/~map` + edited + `>; rel="timemap"; type="application/link-format"`,
		"Content-Type":            "text/html; charset=utf-8",
		"Content-Security-Policy": strings.TrimSuffix(edge.PageCSP, "; upgrade-insecure-requests"), // the test's edge has no TLS
		"Cache-Control":           "public, max-age=0, must-revalidate, s-maxage=86400",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// The page's own bytes are in it, but for links within the blog.
	_, now := p.ask("GET", "/2026/01/02/p01/")
	_, old := p.ask("GET", "/~2/2026/01/02/p01/")
	old = regexp.MustCompile(`(?s)<aside class="travel".*?</aside>\n`).ReplaceAllString(old, "")
	old = strings.Replace(old, "<meta name=\"robots\" content=\"noindex\">\n<link rel=\"stylesheet\" href=\"/~style.css\">\n", "", 1)
	if got := strings.ReplaceAll(old, `href="/~2/`, `href="/`); got != now || old == now {
		t.Errorf("the page was changed: %s\n%s", got, now)
	}

	p.want("/~2"+edited, 200, "mended &amp; more", "!What has changed since", "from release 2")
	p.want("/~2"+deleted, 200, "The text of post 3.", "The blog has no such page any more.", "!as it is now")
	p.want("/~3"+deleted, 404, "In release 3 the blog had nothing at this address.", `<a href="`+deleted+`">This address today</a>`)
	p.want("/~1/zh/2026/01/01/p00/", 200, `lang="zh-Hant"`, "本頁目前的內容", "2026年5月31日 20:35（UTC）", `href="/~1/zh/"`)
	p.want("/~1/zh/none/", 404, "第 1 次發布時，這個網址還沒有內容。")
	p.want("/~1/", 200, `href="/~1`+edited+`"`, `href="/~1/?lang=en"`)
	p.want("/~1/2026/01/07/p06.md", 200, "The text of post 6.", "!<aside")
	p.want("/~1/feed.xml", 200, "The text of post 6.", "!<aside")
	p.want("/~1/search", 404)
	p.want("/~style.css", 200, ".travel {")
	for target, to := range map[string]string{"/~1": "/~1/", "/~1/2026/01/07/p06": "/~1" + edited} {
		if got := p.want(target, 302).Header.Get("Location"); got != to {
			t.Errorf("%s leads to %q, want %q", target, got, to)
		}
	}
	for _, target := range []string{"/~4/", "/~4" + edited, "/~999999999/"} {
		p.want(target, 404, "that can be shown.", "This address today", `<h1>Page not found</h1>`)
	}
	for _, target := range []string{"/~0/", "/~01/", "/~1x/", "/~x", "/~/", "/~share", "/~1//example.org/", "/~1/%5Cexample.org/", "/~1/~1/", "/~1234567890/", "/~map", "/~gate/x/"} {
		p.want(target, 404, "<h1>Page not found</h1>", "!example.org")
	}
	if resp, _ := p.ask("POST", "/~1/"); resp.StatusCode != 403 && resp.StatusCode != 405 {
		t.Errorf("POST: %s", resp.Status)
	}
	if resp, body := p.ask("HEAD", "/~1"+edited); resp.StatusCode != 200 || body != "" {
		t.Errorf("HEAD: %s %q", resp.Status, body)
	}
	// A branch is a view of the blog as it is now.
	if _, err := p.pub.PublishBranch(context.Background(), "pr", p.plan(), release.Commit{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if resp, _ := p.ask("GET", "http://pr.branch.edge.local/~1"+edited); resp.StatusCode != 404 {
		t.Errorf("on a branch: %s", resp.Status)
	}
}

func TestDifference(t *testing.T) {
	p, _ := released(t)
	resp := p.want("/~1"+edited+"?diff", 200, "What has changed: Post 6", "The text of post 6<ins>, mended &amp; more</ins>.",
		`<meta name="robots" content="noindex">`, "paragraph", `<a href="/~1`+edited+`" rel="nofollow">The page as it was</a>`)
	if resp.Header.Get("Memento-Datetime") != "" {
		t.Error("a difference is no memento")
	}
	p.want("/~2"+edited+"?diff", 200, "Nothing has changed in the text.")
	p.want("/~1"+deleted+"?diff", 200, "The blog has no such page any more.") // with nothing to compare
	p.want("/~1/?diff", 200, "class=\"travel\"")                              // no post
}

// RFC 7089: the page's own address is its TimeGate.
func TestDatetimeNegotiation(t *testing.T) {
	p, first := released(t)
	gate := func(path string, at time.Time) (int, string) {
		t.Helper()
		resp, body := p.ask("GET", path, "Accept-Datetime", at.UTC().Format(http.TimeFormat))
		if resp.StatusCode == 302 {
			if got := resp.Header.Get("Vary"); !strings.Contains(got, "Accept-Datetime") {
				t.Errorf("%s: Vary %q", path, got)
			}
			if got := resp.Header.Get("Link"); !strings.HasPrefix(got, `<https://example.com`+path+`>; rel="original timegate", `) {
				t.Errorf("%s: Link %q", path, got)
			}
			if resp.Header.Get("Memento-Datetime") != "" {
				t.Errorf("%s: a TimeGate is no memento", path)
			}
		} else if body == "" {
			t.Errorf("%s: nothing is said", path)
		}
		return resp.StatusCode, resp.Header.Get("Location")
	}
	day := 24 * time.Hour
	for _, tt := range []struct {
		path string
		at   time.Time
		want string
	}{
		{edited, first.Add(-day), "/~1" + edited},
		{edited, first, "/~1" + edited},
		{edited, first.Add(day - time.Second), "/~1" + edited},
		{edited, first.Add(day), "/~2" + edited},
		{edited, first.Add(9 * day), "/~3" + edited},
		{deleted, first.Add(9 * day), "/~2" + deleted},
		{"/2026/01/07/p06", first, "/~1/2026/01/07/p06"},
		{"/", first, "/~1/"},
		{"/", time.Unix(-1, 0), "/~1/"},
	} {
		if status, to := gate(tt.path, tt.at); status != 302 || to != tt.want {
			t.Errorf("%s at %v: %d %q, want %q", tt.path, tt.at, status, to, tt.want)
		}
		// Whoever is sent there finds it, and is not sent on by the same header.
		if resp, _ := p.ask("GET", tt.want, "Accept-Datetime", tt.at.UTC().Format(http.TimeFormat)); resp.StatusCode != 200 && resp.Header.Get("Location") != tt.want+"/" {
			t.Errorf("%s: %s", tt.want, resp.Status)
		}
	}
	if status, _ := gate("/never/", first); status != 404 {
		t.Errorf("what never was: %d", status)
	}
	for _, bad := range []string{"yesterday", "2026-05-31", "Sun, 99 May 2026 20:35:00 GMT", "Sun, 31 May 2026 20:35:00 +0800", "0"} {
		if resp, _ := p.ask("GET", edited, "Accept-Datetime", bad); resp.StatusCode != 400 || !strings.Contains(resp.Header.Get("Vary"), "Accept-Datetime") {
			t.Errorf("%q: %s", bad, resp.Status)
		}
	}

	resp, body := p.ask("GET", "/~map"+edited)
	want := `<https://example.com/2026/01/07/p06/>; rel="original timegate",
<https://example.com/~map/2026/01/07/p06/>; rel="self"; type="application/link-format"; from="Sun, 31 May 2026 20:35:00 GMT"; until="Mon, 01 Jun 2026 20:35:00 GMT",
<https://example.com/~1/2026/01/07/p06/>; rel="first memento"; datetime="Sun, 31 May 2026 20:35:00 GMT",
<https://example.com/~2/2026/01/07/p06/>; rel="last memento"; datetime="Mon, 01 Jun 2026 20:35:00 GMT"
`
	if body != want || resp.Header.Get("Content-Type") != "application/link-format" {
		t.Errorf("TimeMap: %s %s", resp.Header.Get("Content-Type"), body)
	}
	p.want("/~map/never/", 404)

	// Without the primary region the standby says the same, from its own record.
	p.restart()
	if err := p.edge.Fail("primary", true); err != nil {
		t.Fatal(err)
	}
	if status, to := gate(edited, first); status != 302 || to != "/~1"+edited {
		t.Errorf("without the primary: %d %q", status, to)
	}
	p.want("/~1"+edited, 200, "The text of post 6.")
}

// What is to come, and what never came, is in no past. What was left by going
// back is not either.
func TestTimeTravelShowsNoFuture(t *testing.T) {
	p := newPlace(t)
	now := time.Now().Add(-3 * time.Hour).Truncate(time.Second)
	due := now.Add(2 * time.Hour)
	p.pub.Now = func() time.Time { return now }
	// publish is one with a post more from a time on.
	publish := func(text string, at time.Time) *release.Result {
		t.Helper()
		today := p.plan()
		p.write("posts/soon/index.en.md", "---\ndate: 2026-02-01\n---\n# Soon\n\n"+text+"\n")
		res, err := p.pub.Publish(context.Background(), today, release.Commit{}, release.ComingPlan{At: at, Plan: p.plan()})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(p.folder, "posts", "soon")); err != nil {
			t.Fatal(err)
		}
		return res
	}
	const soon = "/2026/02/01/soon/"
	hidden := func(n int) {
		t.Helper()
		p.want(fmt.Sprintf("/~%d%s", n, soon), 404, "!A plan", "!A secret")
		p.want(fmt.Sprintf("/~%d/", n), 404, "!Soon")
	}
	publish("A plan.", time.Now().Add(time.Hour))
	hidden(2)
	p.want("/~map"+soon, 404)
	if resp, _ := p.ask("GET", soon, "Accept-Datetime", time.Now().Add(2*time.Hour).UTC().Format(http.TimeFormat)); resp.StatusCode != 404 {
		t.Errorf("asked for the future: %s", resp.Status)
	}
	// Another takes its place, which is due by now: release 4 over release 3.
	if res := publish("A post.", due); res.N != 3 || len(res.Next) != 1 {
		t.Fatalf("%+v", res)
	}
	hidden(2)
	resp := p.want("/~4"+soon, 200, "A post.")
	if got, want := resp.Header.Get("Memento-Datetime"), due.UTC().Format(http.TimeFormat); got != want {
		t.Errorf("a post that came due: %s, want %s", got, want)
	}
	p.want("/~3/", 200, "!Soon")
	p.want("/~1/", 200, "!Soon")
	// Back to release 3, and on.
	now = time.Now()
	if _, err := p.pub.Rollback(context.Background(), 3); err != nil {
		t.Fatal(err)
	}
	hidden(4)
	p.write("posts/p06/index.en.md", "---\ndate: 2026-01-07\n---\n# Post 6\n\nAnother.\n")
	if res := p.publish(); res.N != 5 {
		t.Fatalf("%+v", res)
	}
	hidden(4)
	p.want("/~5/", 200, "!Soon")
	// A shared draft is at its link alone.
	p.write("posts/soon/index.en.md", "---\ndate: 2026-02-01\n---\n# Soon\n\nA secret.\n")
	pl := p.plan()
	i := slices.IndexFunc(pl.Pages, func(pg plan.Page) bool { return pg.Path == soon })
	link, _, err := p.pub.Share(context.Background(), pl, pl.Pages[i], time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	p.want(link, 200, "A secret.")
	p.want("/~5"+link, 404, "!A secret")
	p.want("/~5"+soon, 404, "!A secret")
}

// What is taken down is gone from the past as well, and from the cache.
func TestTakedownInThePast(t *testing.T) {
	p, _ := released(t)
	for range 2 {
		p.want("/~1"+deleted, 200, "The text of post 3.")
		p.want("/~1/", 200, "Post 3")
		p.want("/~1"+edited+"?diff", 200)
	}
	if resp, _ := p.ask("GET", "/~1"+deleted); !strings.HasPrefix(resp.Header.Get("X-Cache"), "Hit") {
		t.Fatalf("the edge keeps nothing: %s", resp.Header.Get("X-Cache"))
	}
	if _, err := p.pub.Takedown(context.Background(), deleted, release.TakedownOptions{
		Purge: func(_ context.Context, items []string) error { return p.edge.Purge(items) },
	}); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/~1" + deleted, "/~2" + deleted, "/~1/2026/01/04/p03.md", "/~1/", "/~1/feed.xml"} {
		p.want(target, 404, "This version of the page is not kept.", "!Post 3")
	}
	p.want("/~1"+edited, 200, "The text of post 6.")
	p.want("/~map"+deleted, 404)
	if resp, _ := p.ask("GET", deleted, "Accept-Datetime", "Sun, 31 May 2026 20:35:00 GMT"); resp.StatusCode != 404 {
		t.Errorf("asked by time: %s", resp.Status)
	}
}

// It is refused from the moment that the head says so, erased or not.
func TestTakedownBeginsInThePast(t *testing.T) {
	ctx := context.Background()
	p, _ := released(t)
	p.want("/~2"+edited, 200)
	m, err := release.ReadManifest(ctx, p.cloud.Regions[0].Bucket, 1)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := m.Pages()
	if err != nil {
		t.Fatal(err)
	}
	record := fmt.Sprintf(`{"path":%q,"digests":[%q]}`, edited, pages[edited])
	key := release.TakedownKey(edited)
	for _, region := range p.cloud.Regions {
		head, etag, err := release.ReadHead(ctx, region.Bucket)
		if err != nil {
			t.Fatal(err)
		}
		head.Takedowns = []string{key}
		body, err := json.Marshal(head)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := region.Bucket.Replace(ctx, key, store.Meta{}, store.Bytes([]byte(record)), ""); err != nil {
			t.Fatal(err)
		}
		if _, err := region.Bucket.Replace(ctx, release.HeadKey, store.Meta{}, store.Bytes(body), etag); err != nil {
			t.Fatal(err)
		}
	}
	p.want("/~1"+edited, 404, "This version of the page is not kept.", "!The text of post 6.")
	p.want("/~1"+edited+"?diff", 404, "!The text of post 6.")
	p.want("/~2"+edited, 200, "mended")
	if _, body := p.ask("GET", "/~map"+edited); strings.Contains(body, "/~1/") {
		t.Errorf("TimeMap: %s", body)
	}
}

// The edge finds what it keeps of an old release by the posts that it shows, and
// keeps nothing that shows more of them than it could find it by.
func TestPastInTheCache(t *testing.T) {
	p := newPlace(t)
	for i := range shown.MaxTags {
		p.write(fmt.Sprintf("posts/q%02d/index.en.md", i), fmt.Sprintf("---\ndate: 2025-01-%02d\nseries: Long\n---\n# Post q%d\n\nText.\n", i%28+1, i))
	}
	p.publish()
	cache := func(target string) string {
		t.Helper()
		hit, _, _ := strings.Cut(p.want(target, 200).Header.Get("X-Cache"), " ")
		return hit
	}
	kept := []string{"/~1" + deleted, "/~1/zh/2026/01/01/p00/", "/~1/2025/01/10/q09/", "/~1/archive/2026/"}
	for range 2 {
		for _, target := range append(kept, "/~1/series/long/") {
			cache(target)
		}
	}
	if err := p.edge.Purge([]string{"#" + shown.Tag(deleted)}); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		kept[0]: "Miss", kept[1]: "Hit", kept[2]: "Hit", kept[3]: "Miss", "/~1/series/long/": "Miss",
	} {
		if got := cache(target); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}
