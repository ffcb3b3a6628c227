package travel

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	at := time.Unix(1767225600, 0).UTC()
	for path, want := range map[string]Address{
		"/~7/a/":              {Kind: Memento, N: 7, Path: "/a/"},
		"/~7/":                {Kind: Memento, N: 7, Path: "/"},
		"/~7":                 {Kind: Memento, N: 7, Path: "/"},
		"/~999999999/zh/標籤/":  {Kind: Memento, N: 999999999, Path: "/zh/標籤/"},
		"/~map/":              {Kind: Map, Path: "/"},
		"/~map/a/b.md":        {Kind: Map, Path: "/a/b.md"},
		"/~gate/1767225600/a": {Kind: Gate, At: at, Path: "/a"},
		"/~gate/-1/":          {Kind: Gate, At: time.Unix(-1, 0).UTC(), Path: "/"},
		"/~style.css":         {Kind: Style},
		"/~lang":              {}, "/~share/x": {}, "/~": {}, "/~/a/": {}, "/a/": {}, "": {},
		"/~0/": {}, "/~07/": {}, "/~+7/": {}, "/~-7/": {}, "/~1000000000/": {}, "/~7x/": {}, "/~ 7/": {}, "/~٧/": {},
		"/~map": {}, "/~gate/": {}, "/~gate/x/": {}, "/~gate/1": {}, "/~gate/01/": {}, "/~gate/99999999999999999999/": {},
		"/~7//evil.example/": {}, `/~7/\evil.example/`: {}, "/~7/~7/": {}, "/~gate/1//evil.example": {}, "/~map//evil.example": {},
		"/~7/\x00": {}, "/~7/\xff": {}, "/~7/" + strings.Repeat("a", 1024): {},
	} {
		if got := Parse(path); got != want {
			t.Errorf("%q: %+v, want %+v", path, got, want)
		}
	}
}

// Whatever is asked for, what is made of it leads into this site.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"/~7/a/", "/~7", "/~map/a/", "/~gate/-1/%2F", "/~7//x", "/~1/zh/標籤/?#", "/~7/\\", "/~gate/1//"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		a := Parse(path)
		if a.Kind == Nothing {
			if a != (Address{}) {
				t.Errorf("%q is nothing and %+v", path, a)
			}
			return
		}
		if a.Kind == Style {
			return
		}
		for _, link := range []string{Escape(a.Path), To(max(a.N, 1), a.Path)} {
			u, err := url.Parse("https://example.com" + link)
			if err != nil || u.Host != "example.com" || strings.HasPrefix(link, "//") || strings.ContainsAny(link, "\"'<>\\ \r\n") {
				t.Errorf("%q leads to %q: %v", path, link, err)
			}
		}
		switch a.Kind {
		case Memento:
			if got := Parse(Prefix + strings.TrimPrefix(To(a.N, "/"), Prefix) + a.Path[1:]); got != a {
				t.Errorf("%q: %+v becomes %+v", path, a, got)
			}
		case Gate:
			if !strings.HasSuffix(path, a.Path) {
				t.Errorf("%q: the path is %q", path, a.Path)
			}
		}
	})
}

func TestFollow(t *testing.T) {
	for to, want := range map[string]string{
		"/a/":               "/~3/a/",
		"/a/?x=1#b":         "/~3/a/?x=1#b",
		"/zh/標籤/":           "/~3/zh/%E6%A8%99%E7%B1%A4/",
		"/a%2Cb/":           "/~3/a%2Cb/",
		"//evil.example/":   "/~3/evil.example/",
		`/\evil.example/`:   "/~3/evil.example/",
		"/asset/x.png":      "/asset/x.png",
		"/search?q=a":       "/search?q=a",
		"/searching/":       "/~3/searching/",
		"/page/2/":          "/~3/page/2/",
		"/%zz/":             "/~3/%25zz/",
		"/page/" + digest64: "/page/" + digest64,
	} {
		if got := Follow(3, to); got != want {
			t.Errorf("%s leads to %s, want %s", to, got, want)
		}
	}
}

var digest64 = strings.Repeat("0a", 32)

func TestTimeMap(t *testing.T) {
	at := time.Date(2026, 5, 31, 20, 35, 0, 0, time.FixedZone("", 8*3600))
	const one = `<https://example.com/%E5%92%96/>; rel="original timegate",
<https://example.com/~map/%E5%92%96/>; rel="self"; type="application/link-format"; from="Sun, 31 May 2026 12:35:00 GMT"; until="Sun, 31 May 2026 12:35:00 GMT",
<https://example.com/~4/%E5%92%96/>; rel="first last memento"; datetime="Sun, 31 May 2026 12:35:00 GMT"
`
	if got := string(TimeMap("https://example.com", "/咖/", []Version{{4, at}})); got != one {
		t.Errorf("got %s", got)
	}
	got := string(TimeMap("", "/", []Version{{1, at}, {2, at}, {3, at}}))
	for _, want := range []string{`</~1/>; rel="first memento"`, `</~2/>; rel="memento"`, `</~3/>; rel="last memento"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}
