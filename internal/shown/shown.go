// Package shown says which posts a page shows something of: its text, or its
// title and summary in a list. Taking a post down needs to know, in a bucket,
// by the recipes, and in the edges' caches, by the tags that pages carry.
//
// # Tags
//
// A post's tag is "p-" and 16 hex digits of the SHA-256 of its path: a path can
// be Chinese, which a tag cannot (ASCII 33 to 126 without the comma, at most
// 256 characters), and the tag stays when the post is edited, so that one
// invalidation drops every edition of it. CloudFront keeps 50 tags of an object
// and forgets the rest
// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html);
// a page that shows more posts has to be named by its address.
package shown

import (
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/recipe"
)

// MaxTags is how many tags of an object CloudFront keeps.
const MaxTags = 50

// Tag is the cache tag of the post at a path.
func Tag(path string) string { return "p-" + recipe.Sum([]byte(path))[:16] }

// Tags are the cache tags of a page as one header, the page's own post first.
// whole is false when there were more than CloudFront keeps.
func Tags(r *recipe.Recipe) (header string, whole bool) {
	var tags []string
	for _, path := range Posts(r) {
		tags = append(tags, Tag(path))
	}
	whole = len(tags) <= MaxTags
	return strings.Join(tags[:min(len(tags), MaxTags)], ","), whole
}

// Posts are the paths of the posts that a page shows something of, each once,
// its own first. A link's text is something: neighbours are among them. An
// address in a sitemap is not.
func Posts(r *recipe.Recipe) []string {
	var out []string
	add := func(path string) {
		if !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	if p := r.Post; p != nil {
		add(r.Path)
		for _, l := range []*recipe.Link{p.Newer, p.Older} {
			if l != nil {
				add(l.URL)
			}
		}
		for _, l := range p.Related {
			add(l.URL)
		}
		if p.Series != nil {
			for _, l := range []*recipe.Link{p.Series.Before, p.Series.Next} {
				if l != nil {
					add(l.URL)
				}
			}
		}
	}
	if r.Index != nil && r.Index.Posts {
		for _, g := range r.Index.Groups {
			for _, l := range g.Links {
				add(l.URL)
			}
		}
	}
	if p := r.Post; p != nil && p.Drift != nil {
		add(p.Drift.Path)
	}
	if r.Guide != nil {
		for _, it := range append(slices.Clone(r.Guide.Posts), r.Guide.Pages...) {
			add(it.Page)
		}
	}
	if r.List != nil {
		for _, it := range r.List.Items {
			add(it.URL)
		}
	}
	if r.Feed != nil {
		for _, it := range r.Feed.Items {
			add(it.URL)
		}
	}
	if r.Search != nil {
		for _, it := range r.Search.Posts {
			add(it.Path)
		}
	}
	return out
}

// Sources are what a page shows the text of: a post's own, those of a feed, an
// original of which a translation shows what has changed, and what a part of the
// search's index is made from.
func Sources(r *recipe.Recipe) []recipe.Source {
	var out []recipe.Source
	if r.Post != nil {
		out = append(out, r.Post.Source)
		if d := r.Post.Drift; d != nil {
			out = append(out, recipe.Source{Digest: d.Digest})
		}
	}
	if r.Feed != nil {
		for _, it := range r.Feed.Items {
			out = append(out, it.Source)
		}
	}
	if r.Search != nil {
		for _, it := range r.Search.Posts {
			out = append(out, recipe.Source{Digest: it.Source})
		}
	}
	return out
}

// Assets are the keys of the files that a page shows or links to: "asset/…".
func Assets(r *recipe.Recipe) []string {
	var out []string
	add := func(url string) {
		key, ok := strings.CutPrefix(url, "/asset/")
		if key, _, _ = strings.Cut(key, "#"); ok && !slices.Contains(out, "asset/"+key) {
			out = append(out, "asset/"+key)
		}
	}
	for _, s := range Sources(r) {
		for _, i := range s.Images {
			add(i.URL)
			for _, w := range i.Widths {
				add(i.Variant(w))
			}
		}
		for _, to := range s.Links {
			add(to)
		}
	}
	if r.Post != nil && r.Post.Episode != nil {
		add(r.Post.Episode.Audio)
	}
	if r.Post != nil && r.Post.Image != nil {
		add(r.Post.Image.URL)
	}
	if r.Feed != nil {
		if r.Feed.Show != nil {
			add(r.Feed.Show.Image)
		}
		for _, it := range r.Feed.Items {
			if it.Image != nil {
				add(it.Image.URL)
			}
			if it.Episode != nil {
				add(it.Episode.Audio)
			}
		}
	}
	slices.Sort(out)
	return out
}
