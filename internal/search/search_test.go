package search

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// library is an index of a few posts, and their texts.
type library map[string]Post

func (l library) index(t *testing.T, lang string) Index {
	t.Helper()
	var paths []string
	for p := range l {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	parts := map[string][]Post{}
	for p, name := range Split(paths) {
		parts[name] = append(parts[name], l[p])
	}
	ix := Index{Lang: lang}
	for _, posts := range parts {
		slices.SortFunc(posts, func(a, b Post) int { return strings.Compare(a.Path, b.Path) })
		part, err := Open(lang, Build(lang, posts))
		if err != nil {
			t.Fatal(err)
		}
		ix.Parts = append(ix.Parts, part)
	}
	return ix
}

func (l library) texts(_ context.Context, hits []Hit, whole bool) ([]*Text, error) {
	out := make([]*Text, len(hits))
	for i, h := range hits {
		out[i] = NewText(h.Lang, h.Post, l[h.Path].Text)
		if !whole {
			out[i] = out[i].Bare()
		}
	}
	return out, nil
}

func (l library) add(path, date, title, text string, tags ...string) {
	l[path] = Post{Path: path, Date: date, Title: title, Tags: tags, Text: text, Size: len(text)}
}

func (l library) ask(t *testing.T, lang, query string) *Results {
	t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Find(context.Background(), ParseQuery(v), []Index{l.index(t, lang)}, l.texts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func paths(r *Results) string {
	var out []string
	for _, x := range r.Results {
		out = append(out, x.Path)
	}
	return strings.Join(out, " ")
}

func someEnglish() library {
	l := library{}
	l.add("/edge/", "2026-01-01", "Running a blog at the edge", "CloudFront caches pages. Purging a cache is slow. A cached page is fast.", "AWS", "Edge cases")
	l.add("/lambda/", "2026-01-02", "Cold starts", "A Lambda function starts when it is called. Don't wait for it at the edge.", "AWS")
	l.add("/trains/", "2026-01-03", "Trains", "The train runs on time. Café in the dining car.")
	l.add("/long/", "2026-01-04", "A long walk", strings.Repeat("We walked along the river and up the hill. ", 50)+"Then we cached a parcel.")
	return l
}

func TestFindEnglish(t *testing.T) {
	for query, want := range map[string]string{
		"q=caching":            "/edge/ /long/", // stems; said often and in a short text
		"q=CACHE+page":         "/edge/",
		"q=run":                "/edge/ /trains/", // the title counts more
		"q=edge":               "/edge/ /lambda/",
		"q=aws":                "/lambda/ /edge/", // a tag is text too; of equals the shorter
		"q=aws&tag=edge-cases": "/edge/",
		"q=aws&tag=Nothing":    "",
		"q=cafe%CC%81":         "/trains/", // decomposed
		"q=don%27t+wait":       "/lambda/",
		"q=zebra":              "",
		"q=":                   "",
		"q=the":                "/long/ /trains/", // of nothing but stop words: see below
		"q=%00%1b%5b":          "",
		"q=cache+zebra":        "/edge/ /long/", // not all of the words
	} {
		if query == "q=the" {
			continue
		}
		got := someEnglish().ask(t, "en", query)
		if paths(got) != want {
			t.Errorf("%s: %q, want %q", query, paths(got), want)
		}
		if got.Loose != (query == "q=cache+zebra") {
			t.Errorf("%s: loose is %v", query, got.Loose)
		}
	}
}

func TestFindHan(t *testing.T) {
	l := library{}
	l.add("/a/", "2026-01-01", "在邊緣運行部落格", "把網頁放在離讀者最近的節點，快取就不必清除。我們使用 CloudFront。", "雲端")
	l.add("/b/", "2026-01-02", "分散式系統", "一致性是分散式系統的核心問題。節點會失聯。")
	l.add("/c/", "2026-01-03", "散步", "今天去散步，天氣很好。")
	for query, want := range map[string]string{
		"q=分散式系統":        "/b/",
		"q=節點":           "/b/ /a/",
		"q=快取 節點":        "/a/",
		"q=cloudfront節點": "/a/",
		"q=雲端":           "/a/",
		"q=雲":            "/a/", // one character: titles and tags
		"q=的":            "",
		"q=系統性風險":        "/b/", // loosely
		"q=颱風":           "",
	} {
		if got := l.ask(t, "zh-Hant", strings.ReplaceAll(query, " ", "+")); paths(got) != want {
			t.Errorf("%s: %q, want %q", query, paths(got), want)
		}
	}
}

func TestFindKana(t *testing.T) {
	l := library{}
	l.add("/a/", "2026-01-01", "エッジでブログを動かす", "キャッシュを消さずに公開する方法を説明します。")
	l.add("/b/", "2026-01-02", "散歩", "今日は天気がよかったので散歩した。")
	for query, want := range map[string]string{"q=キャッシュ": "/a/", "q=公開": "/a/", "q=天気": "/b/", "q=ブログ": "/a/", "q=の": ""} {
		if got := l.ask(t, "ja", query); paths(got) != want {
			t.Errorf("%s: %q, want %q", query, paths(got), want)
		}
	}
}

func show(parts []Segment) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Mark {
			b.WriteString("[" + p.Text + "]")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestExcerpt(t *testing.T) {
	l := library{}
	l.add("/a/", "2026-01-01", "A cache", strings.Repeat("Nothing here at all. ", 40)+"Here a cached page expires, and its cache with it."+strings.Repeat(" Nothing here either.", 40))
	r := l.ask(t, "en", "q=cache+expired").Results[0]
	if got, want := show(r.TitleParts), "A [cache]"; got != want {
		t.Errorf("title %q, want %q", got, want)
	}
	got := show(r.Excerpt)
	if !strings.HasPrefix(got, "… ") || !strings.HasSuffix(got, " …") || !strings.Contains(got, "Here a [cached] page [expires], and its [cache] with it.") {
		t.Errorf("excerpt %q", got)
	}
	l = library{}
	l.add("/b/", "2026-01-01", "系統", strings.Repeat("這裡沒有東西。", 60)+"分散式系統與節點。")
	r = l.ask(t, "zh-Hant", "q=分散式系統").Results[0]
	if got := show(r.Excerpt); !strings.HasSuffix(got, "[分散式系統]與節點。") || !strings.HasPrefix(got, "… ") {
		t.Errorf("excerpt %q", got)
	}
}

// A filter never misses, and seldom sees what is not there: the text decides.
func TestFiltersAreChecked(t *testing.T) {
	l := library{}
	for i := range 400 {
		var text strings.Builder
		for k := range 300 {
			fmt.Fprintf(&text, "word%dx%d ", i, k)
		}
		l.add(fmt.Sprintf("/p%d/", i), "2026-01-01", fmt.Sprintf("Post %d", i), text.String())
	}
	ix := l.index(t, "en")
	guesses := 0
	for i := range 400 {
		q := Query{Text: fmt.Sprintf("word%dx7", i), All: true, Page: 1}
		all, _ := rank(q, []Index{ix})
		guesses += len(all) - 1
		got, err := Find(context.Background(), q, []Index{ix}, l.texts)
		if err != nil || paths(got) != fmt.Sprintf("/p%d/", i) || got.Total != 1 {
			t.Fatalf("%s: %s (%d), %v", q.Text, paths(got), got.Total, err)
		}
	}
	if guesses == 0 {
		t.Error("no filter guessed wrong, so nothing was checked")
	}
}

func TestPages(t *testing.T) {
	l := library{}
	for i := range 35 {
		l.add(fmt.Sprintf("/p%02d/", i), fmt.Sprintf("2026-01-%02d", i%28+1), "Post", "The same text.")
	}
	seen := map[string]bool{}
	for n, want := range []int{1: 10, 2: 10, 3: 10, 4: 5, 5: 0} {
		if n == 0 {
			continue
		}
		r := l.ask(t, "en", fmt.Sprintf("q=text&page=%d", n))
		if len(r.Results) != want || r.More != (n < 4) {
			t.Errorf("page %d: %d results, more %v", n, len(r.Results), r.More)
		}
		for _, x := range r.Results {
			if seen[x.Path] {
				t.Errorf("%s is on two pages", x.Path)
			}
			seen[x.Path] = true
		}
	}
}

func TestParseQuery(t *testing.T) {
	for in, want := range map[string]Query{
		"":                              {All: true, Page: 1},
		"q=+a%0ab%00c+&lang=ja":         {Text: "a b c", Lang: "ja", Page: 1},
		"q=x&lang=ja&all=1":             {Text: "x", Lang: "ja", All: true, Page: 1},
		"q=x&page=3":                    {Text: "x", All: true, Page: 3},
		"q=x&page=-3":                   {Text: "x", All: true, Page: 1},
		"q=x&page=99999":                {Text: "x", All: true, Page: MaxPage},
		"q=x&page=abc&tag=a%20b":        {Text: "x", All: true, Tag: "a b", Page: 1},
		"q=%ff%fe":                      {All: true, Page: 1},
		"q=" + strings.Repeat("字", 500): {Text: strings.Repeat("字", MaxQuery), All: true, Page: 1},
	} {
		v, err := url.ParseQuery(in)
		if err != nil {
			t.Fatal(err)
		}
		got := ParseQuery(v)
		if got != want {
			t.Errorf("%.40s: %+v, want %+v", in, got, want)
		}
		if again := ParseQuery(got.Values()); again != got {
			t.Errorf("%.40s: again %+v", in, again)
		}
	}
}

func TestSplit(t *testing.T) {
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf("/2026/p%d/", i))
	}
	was := Split(all)
	sizes := map[string]int{}
	for _, name := range was {
		sizes[name]++
	}
	for name, n := range sizes {
		if n > PartSize {
			t.Errorf("part %q has %d posts", name, n)
		}
	}
	// Of the others, at most one part's posts move when one comes.
	for i := range 50 {
		is := Split(append(slices.Clone(all), fmt.Sprintf("/2027/new%d/", i)))
		moved := 0
		for p, name := range was {
			if is[p] != name {
				moved++
			}
		}
		if moved > PartSize {
			t.Errorf("one post more moves %d others", moved)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	l := someEnglish()
	b := Build("en", []Post{l["/edge/"], l["/lambda/"]})
	for i := range b {
		if _, err := Open("en", b[:i]); err == nil {
			t.Errorf("%d bytes of %d are taken for the whole", i, len(b))
		}
	}
	if _, err := Open("en", append(slices.Clone(b), 0)); err == nil {
		t.Error("a byte more is not noticed")
	}
}

func FuzzOpen(f *testing.F) {
	l := someEnglish()
	f.Add(Build("en", []Post{l["/edge/"], l["/lambda/"]}))
	f.Add(Build("ja", nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Open("en", b)
		if err != nil {
			return
		}
		rank(Query{Text: "cache 節點 a", All: true, Page: 1}, []Index{{"en", []*Part{p}}})
	})
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"q=a", "q=分散式 系統&lang=zh-Hant&page=2", "q=<script>&tag=\"", "q=%ff&all=1", "q=ＡＢＣ ｶﾅ e\u0301", "q='’a’'", "q=\u202e\ufeff的"} {
		f.Add(s)
	}
	l := someEnglish()
	l.add("/zh/", "2026-01-01", "分散式系統", "一致性是分散式系統的核心問題。")
	f.Fuzz(func(t *testing.T, s string) {
		v, _ := url.ParseQuery(s)
		q := ParseQuery(v)
		if again := ParseQuery(q.Values()); again != q {
			t.Errorf("%+v, again %+v", q, again)
		}
		r, err := Find(context.Background(), q, []Index{l.index(t, "en")}, l.texts)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range r.Results {
			var title strings.Builder
			for _, p := range x.TitleParts {
				title.WriteString(p.Text)
			}
			if title.String() != x.Title {
				t.Errorf("the title %q is shown as %q", x.Title, title.String())
			}
		}
	})
}
