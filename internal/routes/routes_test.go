package routes_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/routes"
)

var (
	digestA = recipe.Sum([]byte("a"))
	digestB = recipe.Sum([]byte("b"))
)

func TestEntries(t *testing.T) {
	for value, want := range map[string][]routes.Entry{
		"1:" + digestA:                         {{1, digestA}},
		"18:" + digestA + ",12:-,3:" + digestB: {{18, digestA}, {12, routes.Gone}, {3, digestB}},
		"7:/2026/03/01/貓:空間/,6:/a%2Cb/?x=1#y":  {{7, "/2026/03/01/貓:空間/"}, {6, "/a%2Cb/?x=1#y"}},
	} {
		got, err := routes.ParseEntries(value)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("ParseEntries(%q) = %v, %v; want %v", value, got, err, want)
		}
		if back := routes.FormatEntries(got); back != value {
			t.Errorf("FormatEntries(%v) = %q, want %q", got, back, value)
		}
	}
}

func TestParseEntriesRefuses(t *testing.T) {
	for _, value := range []string{
		"", ",", "18", "18:", ":" + digestA, "x:" + digestA, "0:-", "-1:-", "+1:-", "01:-", " 1:-", "1 :-",
		"99999999999999999999:-",
		"1:" + digestA[1:], "1:" + strings.ToUpper(digestA), "1:--", "1:page", "1:https://example.com/",
		"1:-,", ",1:-", "1:-,2:-", "1:-,1:-", "1:/a,b/", "2:-,1",
	} {
		if es, err := routes.ParseEntries(value); err == nil {
			t.Errorf("ParseEntries(%q) = %v, want an error", value, es)
		}
	}
}

func TestFormatEntries(t *testing.T) {
	for _, test := range []struct {
		entries []routes.Entry
		want    string
	}{
		{nil, ""},
		{[]routes.Entry{{3, "-"}, {12, digestA}, {7, "/b/"}}, "12:" + digestA + ",7:/b/,3:-"},
		// What was put in front wins over what was there for the release.
		{[]routes.Entry{{5, "-"}, {5, digestA}, {2, digestB}}, "5:-,2:" + digestB},
		{[]routes.Entry{{2, digestB}, {5, digestA}, {5, "-"}}, "5:" + digestA + ",2:" + digestB},
		{[]routes.Entry{{1, "/c, c++/"}}, "1:/c%2C c++/"},
	} {
		before := slices.Clone(test.entries)
		if got := routes.FormatEntries(test.entries); got != test.want {
			t.Errorf("FormatEntries(%v) = %q, want %q", test.entries, got, test.want)
		}
		if !slices.Equal(test.entries, before) {
			t.Errorf("FormatEntries(%v) changed its argument to %v", before, test.entries)
		}
	}
}

func TestResolve(t *testing.T) {
	es := []routes.Entry{{18, digestA}, {12, routes.Gone}, {3, digestB}}
	for n, want := range map[int]string{
		1: "", 2: "", 3: digestB, 11: digestB, 12: routes.Gone, 17: routes.Gone, 18: digestA, 1000: digestA,
	} {
		for _, order := range [][]routes.Entry{es, {es[2], es[1], es[0]}, {es[1], es[2], es[0]}} {
			to, ok := routes.Resolve(order, n)
			if to != want || ok != (want != "") {
				t.Errorf("Resolve(%v, %d) = %q, %v; want %q", order, n, to, ok, want)
			}
		}
	}
	if to, ok := routes.Resolve(nil, 5); ok || to != "" {
		t.Errorf("Resolve of nothing = %q, %v", to, ok)
	}
}

func TestCurrent(t *testing.T) {
	for value, want := range map[string]routes.Current{
		"":                                   {},
		`{"n":18}`:                           {N: 18},
		`{"n":18,"gen":21,"has":[12,15,18]}`: {N: 18, Gen: 21, Has: []int{12, 15, 18}},
		`{"n":18,"gen":21,"id":"5f0c1e9a","has":[18,19],"next":[{"n":19,"at":1767225600},{"n":21,"at":1767225601}]}`: {
			N: 18, Gen: 21, ID: "5f0c1e9a", Has: []int{18, 19}, Next: []routes.Coming{{19, 1767225600}, {21, 1767225601}},
		},
	} {
		got, err := routes.ParseCurrent(value)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseCurrent(%q) = %+v, %v; want %+v", value, got, err, want)
		}
		if value != "" && got.String() != value {
			t.Errorf("String = %q, want %q", got, value)
		}
	}
	for _, value := range []string{"18", `{"n":"18"}`, `{"n":0}`, `{"n":-1}`, `{}`, "null", `{"n":1,"has":[0]}`, `{"n":1}x`, "{",
		`{"n":1,"next":[{"n":0,"at":5}]}`, `{"n":1,"next":[{"n":2}]}`, `{"n":1,"next":[{"n":2,"at":5},{"n":3,"at":5}]}`,
		`{"n":1,"next":{"n":2,"at":5}}`, `{"n":1,"next":[` + strings.Repeat(`{"n":2,"at":5},`, 8) + `{"n":2,"at":5}]}`,
	} {
		if c, err := routes.ParseCurrent(value); err == nil {
			t.Errorf("ParseCurrent(%q) = %+v, want an error", value, c)
		}
	}
}

func TestCurrentAt(t *testing.T) {
	c := routes.Current{N: 18, Next: []routes.Coming{{19, 1000}, {22, 2000}}}
	for at, want := range map[int64]int{0: 18, 999: 18, 1000: 19, 1999: 19, 2000: 22, 1 << 40: 22} {
		if got := c.At(time.Unix(at, 999_999_999)); got != want {
			t.Errorf("at %d: release %d, want %d", at, got, want)
		}
	}
}

func TestBranch(t *testing.T) {
	for _, name := range []string{"pr-1", "1", "a", strings.Repeat("a", 40), "wwww"} {
		if ns, err := routes.Branch(name); err != nil || string(ns) != name {
			t.Errorf("%q: %q, %v", name, ns, err)
		}
	}
	for _, name := range []string{"", "www", "-a", "a-", "PR-1", "a.b", "a/b", "a!c", "a=b", "ä", "a b", "a\n", strings.Repeat("a", 41)} {
		if ns, err := routes.Branch(name); err == nil {
			t.Errorf("%q is the namespace %q", name, ns)
		}
	}
}

func TestNamespace(t *testing.T) {
	ns := routes.Namespace("pr-12")
	for _, key := range []string{ns.CurrentKey(), ns.PathKey("/"), ns.PathKey("/標籤/"), ns.InlineKey(digestA), ns.ShareKey()} {
		if !ns.Owns(key) {
			t.Errorf("%s does not own %q", ns, key)
		}
		for _, other := range []routes.Namespace{routes.Site, "pr-1", "pr-123", "pr"} {
			if other.Owns(key) {
				t.Errorf("%s owns %q, which is %s's", other, key, ns)
			}
		}
	}
	for _, key := range []string{"", "pr-12", "pr-12x/"} {
		if ns.Owns(key) {
			t.Errorf("%s owns %q", ns, key)
		}
	}
}

func TestCheckUpdate(t *testing.T) {
	key, value := strings.Repeat("k", routes.MaxKey), strings.Repeat("v", routes.MaxValue)
	many := map[string]string{}
	for i := range routes.MaxUpdate {
		many[fmt.Sprint(i)] = "x"
	}
	for name, test := range map[string]struct {
		puts    map[string]string
		deletes []string
		want    error // nil: allowed
	}{
		"nothing":       {nil, nil, nil},
		"at the limits": {map[string]string{key: value}, []string{key[1:]}, nil},
		"50 keys":       {many, nil, nil},
		"51 keys":       {many, []string{"x"}, routes.ErrLimit},
		"empty key":     {map[string]string{"": "x"}, nil, routes.ErrLimit},
		"long key":      {map[string]string{key + "k": "x"}, nil, routes.ErrLimit},
		"long in bytes": {map[string]string{strings.Repeat("字", 171): "x"}, nil, routes.ErrLimit},
		"long value":    {map[string]string{"k": value + "v"}, nil, routes.ErrLimit},
		"delete empty":  {nil, []string{""}, routes.ErrLimit},
		"delete long":   {nil, []string{key + "k"}, routes.ErrLimit},
		"both":          {map[string]string{"k": "x"}, []string{"k"}, errOther},
		"key bytes":     {map[string]string{"\xff": "x"}, nil, errOther},
		"value bytes":   {map[string]string{"k": "\xff"}, nil, errOther},
		"delete bytes":  {nil, []string{"\xff"}, errOther},
	} {
		err := routes.CheckUpdate(test.puts, test.deletes)
		if (err == nil) != (test.want == nil) || errors.Is(err, routes.ErrLimit) != (test.want == routes.ErrLimit) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

var errOther = errors.New("an error that is not ErrLimit")

// A value that is read is written back as it was, and means what it meant.
func FuzzEntries(f *testing.F) {
	f.Add("18:"+digestA+",12:-,3:/a:b%2C/", 12)
	f.Add("1:-", 1)
	f.Add("2:/a,b/,1:-", 5)
	f.Add("2:-,2:-", 2)
	f.Fuzz(func(t *testing.T, value string, n int) {
		es, err := routes.ParseEntries(value)
		if err != nil {
			return
		}
		if back := routes.FormatEntries(es); back != value {
			t.Errorf("%q is %v, which is written as %q", value, es, back)
		}
		// The rule of package edge's function, told in another way: entries
		// are newest first, so the first that is not above n counts.
		want, found := "", false
		for _, e := range es {
			if e.N <= n {
				want, found = e.To, true
				break
			}
		}
		if to, ok := routes.Resolve(es, n); to != want || ok != found {
			t.Errorf("Resolve(%q, %d) = %q, %v; want %q, %v", value, n, to, ok, want, found)
		}
	})
}

// What is written can be read, whatever the entries, and resolves alike.
func FuzzFormatEntries(f *testing.F) {
	f.Add(1, "/a,b/", 1, "/a/", 1)
	f.Add(12, "/c", 18, "/", 15)
	f.Fuzz(func(t *testing.T, n1 int, to1 string, n2 int, to2 string, at int) {
		es := []routes.Entry{{max(n1, 1), "/" + to1}, {max(n2, 1), "/" + to2}}
		value := routes.FormatEntries(es)
		got, err := routes.ParseEntries(value)
		if err != nil {
			t.Fatalf("%v is written as %q: %v", es, value, err)
		}
		want, found := routes.Resolve(es, at)
		if to, ok := routes.Resolve(got, at); to != routes.Redirect(want) || ok != found {
			t.Errorf("Resolve at %d = %q, %v; before it was written %q, %v", at, to, ok, want, found)
		}
	})
}

// The signature was made by openssl dgst -sha256 -hmac 'the key'.
func TestShareLink(t *testing.T) {
	got := routes.ShareLink(routes.Site, "the key", time.Unix(1767225600, 0), strings.Repeat("a", 64))
	if want := "/~share/t85s00." + strings.Repeat("a", 64) + ".DDQM-mMn_Se3SU5G4d1Bp0qUgIO9M9ML92mvuKkWxh8"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	a, b := routes.NewShareKey(), routes.NewShareKey()
	if a == b || len(a) != 43 {
		t.Errorf("keys %q and %q", a, b)
	}
}
