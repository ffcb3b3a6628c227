// Package routestest is what every routes.Table must do, as tests.
//
//	func TestConformance(t *testing.T) {
//		routestest.Run(t, func(t *testing.T) routes.Table { … })
//	}
//
// open returns a table that holds nothing yet; it is called once for each
// subtest. The suite asserts results only, never how long something took, and
// leaves out what only some tables can show: answers of AWS (package kvs tests
// those) and other processes (package file).
package routestest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/routes"
)

// Run runs the suite.
func Run(t *testing.T, open func(t *testing.T) routes.Table) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, table routes.Table)
	}{
		{"Empty", empty},
		{"PutGetDelete", putGetDelete},
		{"Keys", keys},
		{"Values", values},
		{"Stale", stale},
		{"UpdateOfNothing", updateOfNothing},
		{"DeleteOfNothing", deleteOfNothing},
		{"Limits", limits},
		{"TableLimit", tableLimit},
		{"All", all},
		{"Cancelled", cancelled},
		{"OneWriterWins", oneWriterWins},
		{"NoUpdateIsLost", noUpdateIsLost},
		{"AllIsOneMoment", allIsOneMoment},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func version(t *testing.T, table routes.Table) string {
	t.Helper()
	etag, err := table.Version(t.Context())
	if err != nil {
		t.Fatalf("Version: %v", err)
	}
	if etag == "" {
		t.Fatal("Version: no ETag")
	}
	return etag
}

// update makes a change that must succeed.
func update(t *testing.T, table routes.Table, puts map[string]string, deletes ...string) {
	t.Helper()
	before := version(t, table)
	info, err := table.Update(t.Context(), before, puts, deletes)
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	if now := version(t, table); info.ETag != now || info.ETag == before {
		t.Errorf("Update returns the ETag %q; it was %q and is %q", info.ETag, before, now)
	}
	all, err := table.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for k, v := range all {
		size += len(k) + len(v)
	}
	if info.Items != len(all) || info.Bytes != size {
		t.Errorf("Update says %d keys of %d bytes; there are %d of %d", info.Items, info.Bytes, len(all), size)
	}
}

// want asserts what the table holds, read in both ways.
func want(t *testing.T, table routes.Table, content map[string]string) {
	t.Helper()
	got, err := table.All(t.Context())
	if err != nil {
		t.Errorf("All: %v", err)
	} else if !maps.Equal(got, content) {
		t.Errorf("All = %.300q (%d keys)\nwant %.300q (%d keys)", fmt.Sprint(got), len(got), fmt.Sprint(content), len(content))
	}
	for key, value := range content {
		if v, ok, err := table.Get(t.Context(), key); err != nil || !ok || v != value {
			t.Errorf("Get(%q) = %q, %v, %v; want %q", key, v, ok, err, value)
		}
	}
}

func wantNone(t *testing.T, table routes.Table, key string) {
	t.Helper()
	if v, ok, err := table.Get(t.Context(), key); err != nil || ok || v != "" {
		t.Errorf("Get(%q) = %q, %v, %v; want nothing and no error", key, v, ok, err)
	}
}

// refused asserts that an Update fails and changes nothing. why nil stands for
// an error that is none of the contract's.
func refused(t *testing.T, what string, table routes.Table, why error, etag string, puts map[string]string, deletes ...string) {
	t.Helper()
	before, err := table.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	was := version(t, table)
	_, err = table.Update(t.Context(), etag, puts, deletes)
	if err == nil {
		t.Errorf("%s: no error", what)
	}
	for _, e := range []error{routes.ErrStale, routes.ErrLimit} {
		if errors.Is(err, e) != (e == why) {
			t.Errorf("%s: %v, want %v", what, err, why)
		}
	}
	if now := version(t, table); now != was {
		t.Errorf("%s: the ETag was %q and is %q", what, was, now)
	}
	want(t, table, before)
}

func empty(t *testing.T, table routes.Table) {
	if a, b := version(t, table), version(t, table); a != b {
		t.Errorf("Version = %q, then %q without a change", a, b)
	}
	wantNone(t, table, "www!c")
	want(t, table, nil)
}

func putGetDelete(t *testing.T, table routes.Table) {
	update(t, table, map[string]string{"www!c": `{"n":1}`, "www/": "1:-", "www/a/": "1:/"})
	want(t, table, map[string]string{"www!c": `{"n":1}`, "www/": "1:-", "www/a/": "1:/"})
	wantNone(t, table, "www/b/")
	update(t, table, map[string]string{"www!c": `{"n":2}`, "www/b/": "2:-"}, "www/a/")
	want(t, table, map[string]string{"www!c": `{"n":2}`, "www/": "1:-", "www/b/": "2:-"})
	wantNone(t, table, "www/a/")
	update(t, table, nil, "www/", "www/b/", "www!c")
	want(t, table, nil)
}

func keys(t *testing.T, table routes.Table) {
	content := map[string]string{}
	for i, key := range []string{
		"www!c", "www/", "www=" + strings.Repeat("0a", 32), "pr-12!c", "www/2026/03/01/a/", "www/feed.xml",
		"www/標籤/容器/", "www/a b", "www/a?b", "www/a#b", "www/a%2Fb", "www/a+b", "www/a&b=c", "www/a//b", "www/./..", "www/a\"b\\c<>",
		"www/é", "www/e\u0301", // two spellings of one letter are two keys
		"www/A/", // and so are two cases
		"www/a/", ".", "..", "/", "%", "🙂",
	} {
		content[key] = fmt.Sprintf("%d:-", i+1)
	}
	update(t, table, content)
	want(t, table, content)
	for key := range content {
		update(t, table, nil, key)
		wantNone(t, table, key)
		delete(content, key)
	}
	want(t, table, nil)
}

func values(t *testing.T, table routes.Table) {
	content := map[string]string{}
	for i, value := range []string{
		"18:" + strings.Repeat("0a", 32) + ",12:-", `{"n":18,"has":[1,2]}`, "<!doctype html>\n<p class=\"x\">&amp; 找不到</p>\n",
		" spaces ", "\ttab", `back\slash`, "null", "0", "\u2028", "🙂",
	} {
		content[fmt.Sprintf("www/%d", i)] = value
	}
	update(t, table, content)
	want(t, table, content)
}

func stale(t *testing.T, table routes.Table) {
	first := version(t, table)
	refused(t, "an ETag that never was", table, routes.ErrStale, "nonsense", map[string]string{"k": "1"})
	update(t, table, map[string]string{"k": "1"})
	refused(t, "the ETag before", table, routes.ErrStale, first, map[string]string{"k": "2", "l": "2"})
	refused(t, "the ETag before, for a delete", table, routes.ErrStale, first, nil, "k")
	// The old content does not bring the old ETag back.
	update(t, table, nil, "k")
	if version(t, table) == first {
		t.Error("an ETag came back")
	}
	refused(t, "the ETag of the same content", table, routes.ErrStale, first, map[string]string{"k": "2"})
}

func updateOfNothing(t *testing.T, table routes.Table) {
	update(t, table, map[string]string{"k": "1"})
	etag := version(t, table)
	got, err := updated(t.Context(), table, etag, nil, nil)
	if err != nil || got != etag || version(t, table) != etag {
		t.Errorf("Update of nothing = %q, %v; want %q as it was", got, err, etag)
	}
	refused(t, "nothing, with a wrong ETag", table, routes.ErrStale, "nonsense", nil)
}

func deleteOfNothing(t *testing.T, table routes.Table) {
	update(t, table, map[string]string{"a": "1"})
	update(t, table, map[string]string{"b": "2"}, "never", "neither")
	update(t, table, nil, "a", "never")
	want(t, table, map[string]string{"b": "2"})
	etag := version(t, table)
	if _, err := table.Update(t.Context(), etag, nil, []string{"never"}); err != nil {
		t.Errorf("Update that deletes only a key that is not there: %v", err)
	}
	want(t, table, map[string]string{"b": "2"})
}

func limits(t *testing.T, table routes.Table) {
	key, value := strings.Repeat("k", routes.MaxKey), strings.Repeat("v", routes.MaxValue)
	wide, wideValue := strings.Repeat("字", 170)+"kk", strings.Repeat("字", 341)+"v" // 512 and 1,024 bytes
	full := map[string]string{key: value, wide: wideValue}
	for i := range routes.MaxUpdate - 2 {
		full[fmt.Sprint("www/", i)] = "1:-"
	}
	update(t, table, full)
	want(t, table, full)
	etag := version(t, table)
	// Each comes with a change that is allowed: none of a call or all of it.
	refused(t, "a key of 513 bytes", table, routes.ErrLimit, etag, map[string]string{"ok": "1", key + "k": "1"})
	refused(t, "a key of 171 characters and 513 bytes", table, routes.ErrLimit, etag, map[string]string{"ok": "1", strings.Repeat("字", 171): "1"})
	refused(t, "an empty key", table, routes.ErrLimit, etag, map[string]string{"ok": "1", "": "1"})
	refused(t, "a value of 1,025 bytes", table, routes.ErrLimit, etag, map[string]string{"ok": "1", "k": value + "v"})
	refused(t, "a value of 342 characters and 1,026 bytes", table, routes.ErrLimit, etag, map[string]string{"ok": "1", "k": strings.Repeat("字", 342)})
	refused(t, "51 keys", table, routes.ErrLimit, etag, map[string]string{"ok": "1"}, func() (keys []string) {
		for i := range routes.MaxUpdate {
			keys = append(keys, fmt.Sprint("www/", i))
		}
		return keys
	}()...)
	refused(t, "a key that is put and deleted", table, nil, etag, map[string]string{"ok": "1", "k": "1"}, "k")
	refused(t, "a key that is not UTF-8", table, nil, etag, map[string]string{"ok": "1", "k\xff": "1"})
	refused(t, "a value that is not UTF-8", table, nil, etag, map[string]string{"ok": "1", "k": "\xff"})
	wantNone(t, table, "ok")
}

func tableLimit(t *testing.T, table routes.Table) {
	if testing.Short() {
		t.Skip("fills a table of 5 MB")
	}
	value := strings.Repeat("v", routes.MaxValue)
	const key = "www/%012d" // 16 bytes
	etag := version(t, table)
	left := routes.MaxTable
	n := 0
	for left >= 16+routes.MaxValue {
		puts := map[string]string{}
		for len(puts) < routes.MaxUpdate && left >= 16+routes.MaxValue {
			puts[fmt.Sprintf(key, n)] = value
			left -= 16 + routes.MaxValue
			n++
		}
		var err error
		if etag, err = updated(t.Context(), table, etag, puts, nil); err != nil {
			t.Fatalf("Update with %d bytes left: %v", left, err)
		}
	}
	// Exactly full is allowed.
	if etag, err := updated(t.Context(), table, etag, map[string]string{"k": value[:left-1]}, nil); err != nil {
		t.Fatalf("Update that fills the table: %s, %v", etag, err)
	}
	etag = version(t, table)
	if _, err := table.Update(t.Context(), etag, map[string]string{"k": value[:left]}, nil); !errors.Is(err, routes.ErrLimit) {
		t.Errorf("one byte more in a value: %v, want ErrLimit", err)
	}
	if _, err := table.Update(t.Context(), etag, map[string]string{"l": ""}, nil); !errors.Is(err, routes.ErrLimit) {
		t.Errorf("one byte more in a key: %v, want ErrLimit", err)
	}
	wantNone(t, table, "l")
	// A full table still changes.
	if etag, err := updated(t.Context(), table, etag, map[string]string{"l": value, fmt.Sprintf(key, 1): "1:-"}, []string{fmt.Sprintf(key, 0)}); err != nil {
		t.Errorf("Update of a full table that does not make it larger: %s, %v", etag, err)
	}
	if got, err := table.All(t.Context()); err != nil || len(got) != n+1 {
		t.Errorf("All = %d keys, %v; want %d", len(got), err, n+1)
	}
}

func all(t *testing.T, table routes.Table) {
	content := map[string]string{}
	for batch := range 5 {
		puts := map[string]string{}
		for i := range routes.MaxUpdate - 3 {
			puts[fmt.Sprintf("www/%d/%d/", batch, i)] = fmt.Sprintf("%d:-", i+1)
		}
		update(t, table, puts)
		maps.Copy(content, puts)
	}
	want(t, table, content)
	got, err := table.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clear(got) // the caller's to change
	want(t, table, content)
}

func cancelled(t *testing.T, table routes.Table) {
	update(t, table, map[string]string{"k": "1"})
	etag := version(t, table)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", what, err)
		}
	}
	_, err := table.Version(ctx)
	check("Version", err)
	_, _, err = table.Get(ctx, "k")
	check("Get", err)
	_, err = table.All(ctx)
	check("All", err)
	_, err = table.Update(ctx, etag, map[string]string{"k": "2"}, nil)
	check("Update", err)
	want(t, table, map[string]string{"k": "1"})
}

// updated is Update for those who want the new ETag alone.
func updated(ctx context.Context, table routes.Table, etag string, puts map[string]string, deletes []string) (string, error) {
	now, err := table.Update(ctx, etag, puts, deletes)
	return now.ETag, err
}
