package shown

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/recipe"
)

func TestPosts(t *testing.T) {
	for name, c := range map[string]struct {
		r    recipe.Recipe
		want []string
	}{
		"a post and its neighbours": {recipe.Recipe{Path: "/b/", Post: &recipe.PostData{
			Newer: &recipe.Link{Text: "C", URL: "/c/"}, Older: &recipe.Link{Text: "A", URL: "/a/"},
			Tags: []recipe.Link{{Text: "go", URL: "/tag/go/"}},
		}}, []string{"/b/", "/c/", "/a/"}},
		"a lone post":        {recipe.Recipe{Path: "/b/", Post: &recipe.PostData{}}, []string{"/b/"}},
		"a list":             {recipe.Recipe{Path: "/", List: &recipe.ListData{Items: []recipe.Item{{URL: "/b/"}, {URL: "/a/"}, {URL: "/b/"}}, Older: &recipe.Link{URL: "/page/2/"}}}, []string{"/b/", "/a/"}},
		"a feed":             {recipe.Recipe{Path: "/feed.xml", Feed: &recipe.FeedData{Items: []recipe.FeedItem{{URL: "/a/"}}}}, []string{"/a/"}},
		"a sitemap":          {recipe.Recipe{Path: "/sitemap.xml", Sitemap: []recipe.URLEntry{{Path: "/a/"}}}, nil},
		"a list of all tags": {recipe.Recipe{Path: "/tags/", Index: &recipe.IndexData{Groups: []recipe.Group{{Links: []recipe.Link{{URL: "/tag/go/"}}}}}}, nil},
	} {
		if got := Posts(&c.r); !slices.Equal(got, c.want) {
			t.Errorf("%s shows %q, want %q", name, got, c.want)
		}
	}
}

// What CloudFront says of a tag, and of how many an object has.
func TestTags(t *testing.T) {
	var many recipe.ListData
	for i := range MaxTags + 1 {
		many.Items = append(many.Items, recipe.Item{URL: fmt.Sprintf("/文/%d/", i)})
	}
	r := &recipe.Recipe{List: &many}
	header, whole := Tags(r)
	tags := strings.Split(header, ",")
	if whole || len(tags) != MaxTags || tags[0] != Tag("/文/0/") {
		t.Errorf("%d tags, whole %v: %s", len(tags), whole, header)
	}
	// S3 stores at most 2 KB of metadata with an object.
	if len(header) > 2000 {
		t.Errorf("the header has %d bytes", len(header))
	}
	for _, tag := range tags {
		if strings.ContainsFunc(tag, func(c rune) bool { return c < 33 || c > 126 }) || strings.ToLower(tag) != tag {
			t.Errorf("tag %q", tag)
		}
	}
	many.Items = many.Items[1:]
	if header, whole := Tags(r); !whole || strings.Count(header, ",") != MaxTags-1 {
		t.Errorf("whole %v: %s", whole, header)
	}
	if Tag("/a/") == Tag("/b/") {
		t.Error("two paths have one tag")
	}
}

func TestAssets(t *testing.T) {
	source := recipe.Source{
		Digest: "d",
		Images: map[string]recipe.Image{"a.png": {URL: "/asset/1.png"}, "far": {URL: "https://example.com/asset/9.png"}},
		Links:  map[string]string{"notes.pdf": "/asset/2.pdf#page=3", "../b": "/b/"},
	}
	post := &recipe.Recipe{Post: &recipe.PostData{Source: source, Episode: &recipe.Episode{Audio: "/asset/3.mp3"}}}
	feed := &recipe.Recipe{Feed: &recipe.FeedData{Items: []recipe.FeedItem{{Source: source, Episode: &recipe.Episode{Audio: "/asset/3.mp3"}}}}}
	for _, r := range []*recipe.Recipe{post, feed} {
		if got, want := Assets(r), []string{"asset/1.png", "asset/2.pdf", "asset/3.mp3"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if s := Sources(r); len(s) != 1 || s[0].Digest != "d" {
			t.Errorf("sources %v", s)
		}
	}
}
