// Package config is the author's one configuration file, blog.yaml, typed and
// validated.
package config

// Site is the part of blog.yaml that shapes pages.
type Site struct {
	Title       string
	Description string
	BaseURL     string     // scheme and host without a slash at the end: "https://example.com"
	Author      string     // shown when a post names none
	Languages   []Language // the first is the default and lives at the root
	PerPage     int        // posts on one page of a list
	Nav         []NavItem
}

// Language is one language of the site.
type Language struct {
	Tag    string // BCP 47: "zh-Hant"
	Prefix string // path segment: "zh" for /zh/; empty for the default language
	Title  string // the site's title in this language; empty for Site.Title
	Desc   string // the site's description in this language
}

// NavItem is a link in every page's header.
type NavItem struct {
	Text map[string]string // by language tag; the default language's is required
	URL  string            // a path: "/tags/"; a language's prefix is added to it
}
