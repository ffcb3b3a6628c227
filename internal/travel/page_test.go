package travel

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/recipe"
)

var since = time.Date(2026, 5, 31, 20, 35, 0, 0, time.UTC)

// What a page says of links, of elements without markup, and of its own.
func TestPage(t *testing.T) {
	page := `<!DOCTYPE html>
<html lang="ja">
<head>
<title>&lt;body&gt; 1 > 0</title>
<script type="application/ld+json">{"a":"<a href=\"/x/\"><body><header>"}</script>
</head>
<body>
<a class="skip" href="#main">s</a>
<!-- <header> <a href="/comment/"> -->
<header class="top"><a title="a > b" href="/ja/">Home</a></header>
<main id="main">
<a href="/page/` + digest64 + `">page</a><a href="/page/2/">list</a><a href="/asset/x">file</a><a href="//other.example/">other</a>
<a href="https://example.com/">out</a><a href="/search?q=a">find</a><a href="/searching/">post</a><a href="/~2/">old</a><A HREF="/x/">no</A>
<img src="/asset/a.png" alt="<a href=&quot;/b/&quot;>"><link href="/feed.xml">
</main>
</body>
</html>
`
	got, err := Page([]byte(page), Note{N: 7, Since: since, Path: `/ja/a"<b>/`, Now: true, Post: true, Home: "/ja/"})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(
		"</head>", "<meta name=\"robots\" content=\"noindex\">\n<link rel=\"stylesheet\" href=\"/~style.css\">\n</head>",
		`<header class="top"><a title="a > b" href="/ja/">`, `<aside class="travel" aria-label="この版について">
<p>このページの古い版を表示しています。リリース7、公開日時：<time datetime="2026-05-31T20:35:00Z">2026年5月31日 20:35（UTC）</time></p>
<p><a href="/ja/a%22%3Cb%3E/">現在のページ</a> · <a href="/~7/ja/a%22%3Cb%3E/?diff" rel="nofollow">その後の変更点</a> · <a href="/~7/ja/" rel="nofollow">当時のホーム</a></p>
</aside>
<header class="top"><a title="a > b" href="/~7/ja/">`,
		`href="/page/2/"`, `href="/~7/page/2/"`, `href="/searching/"`, `href="/~7/searching/"`,
	).Replace(page)
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestPageOfNothing(t *testing.T) {
	for _, page := range []string{"", "text", "<html><body>", "<html lang=\"en\"><body><p>", "<", "<!-- ", "<script>", "<a href=\"/"} {
		if got, err := Page([]byte(page), Note{N: 1}); err == nil {
			t.Errorf("%q became %q", page, got)
		}
	}
}

// The page for what is missing has its own robots, no head that ends, and a
// search for the words of the path.
func TestMissing(t *testing.T) {
	page := `<!DOCTYPE html>
<html lang="zh-Hant">
<meta name="robots" content="noindex">
<body>
<header class="top"><a href="/zh/">T</a></header>
<main><a href="/search?q=~&amp;lang=zh-Hant">s</a></main>
`
	got, err := Missing([]byte(page), NotThere, 7, "/zh/2026/01/07/咖啡-guide/")
	if err != nil {
		t.Fatal(err)
	}
	text := string(got)
	for _, want := range []string{"第 7 次發布時", `<a href="/zh/2026/01/07/%E5%92%96%E5%95%A1-guide/">這個網址目前的內容</a>`, `<a href="/zh/">T`, "?q=%E5%92%96%E5%95%A1+guide&amp;lang"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if strings.Count(text, "noindex") != 1 || strings.Count(text, "/~style.css") != 1 || strings.Count(text, "<aside") != 1 {
		t.Errorf("got %s", text)
	}
	if got, err = Missing([]byte(page), Nowhere, 0, "/"); err != nil || strings.Contains(string(got), "<aside") {
		t.Errorf("%v %s", err, got)
	}
}

// Every language says everything, and what has a number says it.
func TestWords(t *testing.T) {
	for lang, w := range phrases {
		v := reflect.ValueOf(*w)
		for i := range v.NumField() {
			name, text := v.Type().Field(i).Name, v.Field(i).String()
			if text == "" {
				t.Errorf("%s: %s is empty", lang, name)
			}
			numbered := name == "Was" || name == "Then" || name == "NotKept" || name == "NotThere" || name == "Unchanged"
			if strings.Contains(text, "%d") != numbered {
				t.Errorf("%s: %s: %q", lang, name, text)
			}
		}
	}
	if got := wordsFor("fr").Time(since); got != "2026-05-31 20:35 UTC" {
		t.Errorf("in another language: %s", got)
	}
	if wordsFor("zh-TW") != phrases["zh-Hant"] || wordsFor("zh") != phrases["zh-Hans"] {
		t.Error("Chinese")
	}
}

func article(lines ...string) []byte {
	return []byte("<html lang=\"en\"><body><article>\n" + strings.Join(lines, "\n") + "\n</article><p>after</p></body></html>")
}

func TestDifference(t *testing.T) {
	r := &recipe.Recipe{Lang: "en", Path: "/a/", Title: "<T>", Site: &recipe.Site{Title: "S", Home: "/", Stylesheet: "/page/x.css"}}
	for _, tt := range []struct{ name, was, now, want string }{
		{"a word", "<p>one <b>two</b> three &amp; four</p>", "<p>one 2 three &amp; four</p>", "<p>one <del>two</del><ins>2</ins> three &amp; four</p>"},
		{"a character", "<p>每一頁只做一次。</p>", "<p>每一篇只做一次。</p>", "<p>每一<del>頁</del><ins>篇</ins>只做一次。</p>"},
		{"a block", "<p>one</p><p>three</p>", "<p>one</p><p>two</p><p>three</p>", "<p>one</p>\n<p><ins>two</ins></p>\n<p>three</p>"},
		{"gone", "<p>one</p><h2>two</h2>", "<p>one</p>", "<p>one</p>\n<p><del>two</del></p>"},
		{"all other", "<p>alpha beta</p>", "<p>gamma delta epsilon</p>", "<p><del>alpha beta</del><ins>gamma delta epsilon</ins></p>"},
		{"skipped", "<p>1</p><p>2</p><p>3</p><p>x y z</p><p>4</p><p>5</p>", "<p>1</p><p>2</p><p>3</p><p>x w z</p><p>4</p><p>5</p>",
			"<p class=\"skipped\">2 paragraphs are the same</p>\n<p>3</p>\n<p>x <del>y</del><ins>w</ins> z</p>\n<p>4</p>\n<p class=\"skipped\">1 paragraph is the same</p>"},
		{"code", "<pre><code>a := <span>1</span>\n\tb</code></pre>", "<pre><code>a := <span>2</span>\n\tb</code></pre>", "<pre>a := <del>1</del><ins>2</ins>\n\tb</pre>"},
		{"a picture", `<p>see <img src="a" alt="one &amp; two"></p>`, `<p>see <img src="b" alt="one"></p>`, "<p>see [one<del> &amp; two</del>]</p>"},
		{"markup of a script", "<p>a b c</p><script>1 < 2</script>", "<p>a b d</p><script>3 < 2</script>", "<p>a b <del>c</del><ins>d</ins></p>"},
		{"no markup comes through", "<p>a b &lt;i&gt;c</p>", "<p>a b &lt;script&gt;c</p>", "<p>a b &lt;<del>i</del><ins>script</ins>&gt;c</p>"},
	} {
		got, err := Difference(Change{N: 7, Since: since, Was: article(tt.was), Now: article(tt.now), Recipe: r})
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(got), "<div class=\"difference\">\n")
		body, _, found := strings.Cut(rest, "\n</div>")
		if !found || body != tt.want {
			t.Errorf("%s: got %s\nwant %s", tt.name, body, tt.want)
		}
		if !strings.Contains(string(got), "<title>What has changed: &lt;T&gt;</title>") {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
	same, err := Difference(Change{N: 7, Since: since, Was: article("<p>a</p>"), Now: article("<p><b>a</b></p>"), Recipe: r})
	if err != nil || !strings.Contains(string(same), "Nothing has changed in the text.") || strings.Contains(string(same), "difference") {
		t.Errorf("%v %s", err, same)
	}
}

// Edits turn one text into the other, whatever their sizes.
func FuzzEdits(f *testing.F) {
	f.Add("the quick fox", "a quick brown fox")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, was, now string) {
		a, b := pieces(was), pieces(now)
		if got := strings.Join(a, ""); got != string([]rune(was)) {
			t.Errorf("the pieces of %q are %q", was, got)
		}
		var left, right []string
		for _, e := range edits(a, b) {
			if e.kind != add {
				left = append(left, e.value)
			}
			if e.kind != remove {
				right = append(right, e.value)
			}
		}
		if strings.Join(left, "") != strings.Join(a, "") || strings.Join(right, "") != strings.Join(b, "") {
			t.Errorf("%q and %q: %q, %q", was, now, left, right)
		}
	})
}

// Whatever a page is, reading it ends, and what is added is added once.
func FuzzPage(f *testing.F) {
	f.Add("<html lang=\"en\"><head></head><body><header><a href=\"/a/\">x</a></header><main></main></body></html>")
	f.Add("<body><main><script><a href=\"/a/\"></script>")
	f.Fuzz(func(t *testing.T, page string) {
		out, err := Page([]byte(page), Note{N: 7, Since: since, Path: "/a/", Now: true, Home: "/"})
		if err == nil && strings.Count(string(out), `<aside class="travel"`) != strings.Count(page, `<aside class="travel"`)+1 {
			t.Errorf("%q became %q", page, out)
		}
		text([]byte("<article>" + page + "</article>"))
	})
}
