package soak

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// folder is content: the mark of each post.
type folder map[string]string

// A mark stands in a post's title and text: "p03-00000000000000a7". A post that
// goes live at a time has it as its name, in Unix seconds: "s1796083200".
var marks = regexp.MustCompile(`\b(p\d\d|s\d+)-([0-9a-f]{16})\b`)

func newMark(r *rand.Rand) string { return fmt.Sprintf("%016x", r.Uint64()) }

// firstFolder has n posts.
func firstFolder(r *rand.Rand, n int) folder {
	f := folder{}
	for i := range n {
		f[fmt.Sprintf("p%02d", i)] = newMark(r)
	}
	return f
}

// A folder has minPosts to maxPosts. A change of that many posts, and of the lists
// that show them, is still more than one call to the route table takes.
const minPosts, maxPosts = 38, 46

// edited is what an author does next: changes a post or, one time in ten, all of
// them, adds one, or removes one.
func (f folder) edited(r *rand.Rand) folder {
	next := maps.Clone(f)
	posts := slices.Sorted(maps.Keys(f))
	some := posts[r.IntN(len(posts))]
	switch what := r.IntN(10); {
	case what == 0:
		for _, slug := range posts {
			next[slug] = newMark(r)
		}
	case what <= 2 && len(posts) < maxPosts:
		for i := range 99 {
			if slug := fmt.Sprintf("p%02d", i); next[slug] == "" {
				next[slug] = newMark(r)
				break
			}
		}
	case what <= 4 && len(posts) > minPosts:
		delete(next, some)
	default:
		next[some] = newMark(r)
	}
	return next
}

// write makes the folder's files.
func (f folder) write(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for slug, mark := range f {
		at := filepath.Join(dir, "posts", slug)
		if err := os.MkdirAll(at, 0o777); err != nil {
			return err
		}
		text := fmt.Sprintf("---\ndate: %s\n---\n# Post %s-%s\n\nText %[2]s-%[3]s.\n", date(slug).Format(time.RFC3339), slug, mark)
		if err := os.WriteFile(filepath.Join(at, "index.en.md"), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// date is when a post goes live.
func date(slug string) time.Time {
	n, err := strconv.Atoi(slug[1:])
	switch {
	case err != nil:
		panic(err) // slugs are made here
	case slug[0] == 's':
		return time.Unix(int64(n), 0).UTC()
	}
	// Each month has three.
	return time.Date(2024, time.Month(1+n/3%12), 1+n%3, 0, 0, 0, 0, time.UTC)
}

// postPath is where a post is read.
func postPath(slug string) string { return date(slug).Format("/2006/01/02/") + slug + "/" }

// holds says why pages, by path, are not this folder's: nil if they are.
func (f folder) holds(pages map[string]*page) error {
	for slug, version := range f {
		if p := pages[postPath(slug)]; p == nil || !p.marks[mark{slug, version}] {
			return fmt.Errorf("the post %s-%s is not there", slug, version)
		}
	}
	for path, p := range pages {
		for m := range p.marks {
			if f[m.slug] != m.version {
				return fmt.Errorf("%s shows %s-%s, which is not in the folder (it has %q)", path, m.slug, m.version, f[m.slug])
			}
		}
	}
	return nil
}

// key tells folders apart.
func (f folder) key() string { return fmt.Sprint(map[string]string(f)) } // sorted
