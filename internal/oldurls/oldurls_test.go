package oldurls

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func digest(c string) string { return strings.Repeat(c, 64) }

// Both ways of asking say the same of the same blog.
func TestCheck(t *testing.T) {
	targets := map[string]string{
		"/": digest("a"), "/2026/01/02/post/": digest("b"), "/zh/關於/": digest("c"), "/search": digest("d"), "/404.html": digest("e"),
		"/old/": "/2026/01/02/post/", "/older": "/old/", "/lost/": "/nothing/", "/to-heading/": "/zh/關於/#x",
	}
	planned, err := Planned(targets, func(p string) bool { return p == "/asset/a.png" })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := planned.Ask(r.Context(), r.URL.EscapedPath())
		if err != nil {
			t.Error(err)
		}
		if a.To != "" {
			w.Header().Set("Location", a.To)
		}
		w.WriteHeader(a.Status)
	}))
	defer server.Close()
	running, err := Running(server.Client(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/":                             "",
		"/2026/01/02/post/":             "",
		"/2026/01/02/post":              "", // one step, to the slash
		"/zh/%E9%97%9C%E6%96%BC/":       "",
		"/old/":                         "",
		"/old":                          "",
		"/to-heading/":                  "",
		"/search":                       "",
		"/asset/a.png":                  "",
		"/asset/b.png":                  "answers 404",
		"/older":                        "leads here in more than one step",
		"/lost/":                        "leads to what answers 404",
		"/nowhere/":                     "answers 404",
		"/%zz":                          "answers 400",
		"/page/" + digest("a") + ".css": "", // whatever it was, the store knows
	} {
		for name, ask := range map[string]Asker{"planned": planned, "running": running} {
			if name == "running" && strings.Contains(path, "%zz") {
				continue // no client sends it
			}
			v, err := Check(t.Context(), ask, Old{Path: path})
			if err != nil || v.Why != want {
				t.Errorf("%s, %s: %+v, %v, want %q", name, path, v, err, want)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	p := NewPages([]string{
		"/2019/05/07/kubernetes-at-home/", "/zh/2019/05/07/kubernetes-at-home/", "/2020/01/01/kubernetes/", "/2021/02/02/notes/", "/2022/02/02/notes/",
		"/about/", "/zh/2023/09/06/微服務/", "/archive/2019/", "/",
	})
	for old, want := range map[string]string{
		"/kubernetes-at-home/":                "/2019/05/07/kubernetes-at-home/",
		"/zh/posts/kubernetes-at-home.html":   "/zh/2019/05/07/kubernetes-at-home/",
		"/2019/kubernetes_at_home/index.html": "/2019/05/07/kubernetes-at-home/",
		"/posts/running-kubernetes-at-home/":  "/2019/05/07/kubernetes-at-home/",
		"/kubernets/":                         "/2020/01/01/kubernetes/",
		"/2022/notes/":                        "/2022/02/02/notes/",
		"/2021/notes/":                        "/2021/02/02/notes/",
		"/%E5%BE%AE%E6%9C%8D%E5%8B%99/":       "/zh/2023/09/06/微服務/",
		"/About.php":                          "/about/",
		"/something-else-entirely/":           "",
		"/":                                   "",
		"/index.html":                         "",
		"/%zz":                                "",
		"/wp-content/uploads/2019/05/picture-12345.jpg": "",
	} {
		if got := p.Nearest(old); got != want {
			t.Errorf("%s: %q, want %q", old, got, want)
		}
	}
}

// Whatever an old address is, it is answered: the function neither fails nor
// sends readers to another site.
func FuzzCheck(f *testing.F) {
	targets := map[string]string{"/": digest("a"), "/a/": digest("b"), "/old": "/a/", "/404.html": digest("e")}
	ask, err := Planned(targets, func(string) bool { return false })
	if err != nil {
		f.Fatal(err)
	}
	pages := NewPages([]string{"/a/", "/2019/05/07/kubernetes-at-home/", "/zh/微服務/"})
	for _, s := range []string{"/", "/a", "/old", "//x", "/%2e%2e/", "https://e.example/é?q#f", "/\\evil", "/a/../b", "/%00", "/%E5%BE", "/kubernetes.html"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		old, _ := Parse("list", []byte(s))
		for _, o := range old {
			v, err := Check(t.Context(), ask, o)
			if err != nil {
				t.Fatalf("%q: %v", o.Path, err)
			}
			if v.To != "" {
				if u, err := url.Parse(v.To); err != nil || u.Host != "" || !strings.HasPrefix(v.To, "/") {
					t.Errorf("%q leads to %q", o.Path, v.To)
				}
			}
			pages.Nearest(o.Path)
		}
	})
}
