package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// reserved are first path segments that mean something else than a language.
var reserved = []string{"api", "archive", "asset", "category", "page", "search", "series", "tags"}

var (
	prefixForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	yearForm   = regexp.MustCompile(`^[0-9]{4}$`)
)

// languages reads the list and fills in what an entry leaves out. Prefixes
// that the author chose are taken before any is derived.
func (r *reader) languages(nodes []*yaml.Node, cfg *Config) {
	if len(nodes) == 0 {
		if line, ok := r.at["languages"]; ok {
			r.probs.Errorf(r.file, line, "write for example languages: [en]", "languages: the list is empty")
		}
		cfg.Languages = []Language{{Tag: "en", Title: cfg.Title, Desc: cfg.Description}}
		return
	}
	tags, prefixes := map[string]int{}, map[string]int{}
	for i, n := range nodes {
		l := Language{}
		prefixAt := n
		if n.Kind == yaml.ScalarNode {
			l.Tag = strings.TrimSpace(n.Value)
		} else {
			r.mapping(n, "languages", fields{
				"tag":         r.text("languages.tag", &l.Tag),
				"prefix":      func(v *yaml.Node) { prefixAt = v; r.text("languages.prefix", &l.Prefix)(v) },
				"title":       r.text("languages.title", &l.Title),
				"description": r.text("languages.description", &l.Desc),
			})
		}
		r.tag(n, &l)
		if first, dup := tags[l.Tag]; dup && l.Tag != "" {
			r.errorf(n, "delete one of the two", "language %s is listed twice, first in line %d", l.Tag, first)
		} else {
			tags[l.Tag] = n.Line
		}
		if l.Prefix != "" {
			r.prefix(prefixAt, &l, i == 0, prefixes)
		}
		if l.Title == "" {
			l.Title = cfg.Title
		}
		if l.Desc == "" {
			l.Desc = cfg.Description
		}
		cfg.Languages = append(cfg.Languages, l)
	}
	for i := range cfg.Languages {
		l := &cfg.Languages[i]
		if i == 0 || l.Prefix != "" || l.Tag == "" {
			continue
		}
		l.Prefix, _, _ = strings.Cut(strings.ToLower(l.Tag), "-")
		if _, taken := prefixes[l.Prefix]; taken {
			l.Prefix = strings.ToLower(l.Tag)
		}
		prefixes[l.Prefix] = 0
	}
}

// tag checks a BCP 47 tag. The files of a language carry its tag in their
// names, so that one spelling is asked for: the canonical one.
func (r *reader) tag(n *yaml.Node, l *Language) {
	const hint = `a BCP 47 tag, for example en, zh-Hant or pt-BR`
	t, err := language.Parse(l.Tag)
	switch {
	case l.Tag == "":
		r.errorf(n, hint, "a language without a tag")
	case err != nil || t == language.Und:
		r.errorf(n, hint, "%q is not a language tag", l.Tag)
		l.Tag = ""
	case t.String() != l.Tag:
		r.errorf(n, "write "+t.String(), "language tag %q is not in its canonical form", l.Tag)
		l.Tag = t.String()
	}
}

// prefix checks a prefix that the author chose.
func (r *reader) prefix(n *yaml.Node, l *Language, isDefault bool, taken map[string]int) {
	first, dup := taken[l.Prefix]
	switch {
	case isDefault:
		r.errorf(n, "delete it, or move the language down the list", "the first language is the default and has no prefix")
		l.Prefix = ""
	case !prefixForm.MatchString(l.Prefix):
		r.errorf(n, "lower-case letters, digits and hyphens, for example zh", "%q cannot be a language's prefix", l.Prefix)
	case slices.Contains(reserved, l.Prefix) || yearForm.MatchString(l.Prefix):
		r.errorf(n, "choose another", "prefix %q means something else on the site: /%s/", l.Prefix, l.Prefix)
	case dup:
		r.errorf(n, "choose another", "prefix %q is taken by the language in line %d", l.Prefix, first)
	default:
		taken[l.Prefix] = n.Line
	}
}

// nav reads the links of the header.
func (r *reader) nav(n *yaml.Node, cfg *Config) {
	r.sequence(n, "nav", func(e *yaml.Node) {
		item := NavItem{Text: map[string]string{}}
		textAt, urlAt := e, e
		r.mapping(e, "nav", fields{
			"text": func(v *yaml.Node) { textAt = v; r.navText(v, &item, cfg) },
			"url":  func(v *yaml.Node) { urlAt = v; r.text("nav.url", &item.URL)(v) },
		})
		if e.Kind != yaml.MappingNode {
			return // said already
		}
		if def := cfg.Languages[0].Tag; item.Text[def] == "" {
			r.errorf(textAt, "the default language's text is shown where a translation is missing",
				"nav: no text in %s", def)
		}
		r.navURL(urlAt, item.URL, cfg)
		cfg.Nav = append(cfg.Nav, item)
	})
}

// navText reads either one text, for every language, or one by language.
func (r *reader) navText(n *yaml.Node, item *NavItem, cfg *Config) {
	if n.Kind == yaml.ScalarNode {
		item.Text[cfg.Languages[0].Tag] = strings.TrimSpace(n.Value)
		return
	}
	texts := fields{}
	for _, l := range cfg.Languages {
		texts[l.Tag] = func(v *yaml.Node) {
			s := ""
			r.text("nav.text", &s)(v)
			item.Text[l.Tag] = s
		}
	}
	r.mapping(n, "nav.text", texts)
}

// navURL checks a path of this site, without a language's prefix.
func (r *reader) navURL(n *yaml.Node, s string, cfg *Config) {
	const hint = "a path of this site that begins and ends with a slash, for example /tags/"
	u, err := url.Parse(s)
	switch {
	case s == "":
		r.errorf(n, hint, "nav: a link without a url")
	case err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//"):
		r.errorf(n, hint, "nav: %q is not an absolute path", s)
	default:
		seg, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		for _, l := range cfg.Languages {
			if l.Prefix != "" && seg == l.Prefix {
				r.errorf(n, "write it without /"+seg+": each language adds its own", "nav: %q has the prefix of a language", s)
				return
			}
		}
		if last := u.Path[strings.LastIndexByte(u.Path, '/')+1:]; last != "" && !strings.Contains(last, ".") {
			r.probs.Warnf(r.file, n.Line, "write "+u.Path+"/", "nav: %q leads to its page only by a redirect", s)
		}
	}
}
