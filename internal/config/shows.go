package config

import (
	"fmt"
	"net/mail"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/suggest"
)

// Show is a podcast: the episodes of one category, in every language that has
// any. Its feed is the category's rss.xml.
type Show struct {
	Line     int    // of blog.yaml
	Category string // as posts name it
	// Title and Description are by language tag; a language without gets the
	// default language's, and without that the category's and the site's.
	Title, Description map[string]string
	// GUID is the podcast:guid by language tag, of a show that had one before
	// it came here; otherwise it follows from the feed's address.
	GUID                          map[string]string
	Author, OwnerName, OwnerEmail string
	Image                         string // a file of the content folder
	Categories                    []recipe.ShowCategory
	Explicit, Locked              bool
	Type                          string // "episodic" or "serial"
	People                        []recipe.Person
}

// Show returns the show of a category, and its place in the list.
func (s *Site) Show(category string) (*Show, int) {
	for i := range s.Shows {
		if strings.EqualFold(s.Shows[i].Category, category) {
			return &s.Shows[i], i
		}
	}
	return nil, -1
}

var guidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// shows reads the podcasts. It needs the languages.
func (r *reader) shows(n *yaml.Node, cfg *Config) {
	r.sequence(n, "shows", func(e *yaml.Node) {
		s := Show{Line: e.Line, Type: "episodic", Locked: true}
		r.mapping(e, "shows", fields{
			"category":    r.text("shows.category", &s.Category),
			"title":       r.byLanguage("shows.title", &s.Title, cfg, nil),
			"description": r.byLanguage("shows.description", &s.Description, cfg, nil),
			"guid":        r.byLanguage("shows.guid", &s.GUID, cfg, r.guid),
			"author":      r.text("shows.author", &s.Author),
			"owner":       func(v *yaml.Node) { r.owner(v, &s) },
			"image":       func(v *yaml.Node) { r.showImage(&s.Image)(v); s.Image = strings.TrimPrefix(s.Image, "/") },
			"categories":  func(v *yaml.Node) { r.appleCategories(v, &s) },
			"explicit":    r.boolean("shows.explicit", &s.Explicit),
			"locked":      r.boolean("shows.locked", &s.Locked),
			"type":        r.showType(&s.Type),
			"people":      func(v *yaml.Node) { r.people(v, &s) },
		})
		if e.Kind != yaml.MappingNode {
			return // said already
		}
		for _, need := range []struct{ key, value, hint string }{
			{"category", s.Category, "the category of its posts, for example category: podcast"},
			{"image", s.Image, "a square JPEG or PNG of 1400 to 3000 pixels in the content folder, for example image: shows/cover.jpg"},
		} {
			if need.value == "" && !has(e, need.key) {
				r.errorf(e, need.hint, "a show without %s", need.key)
			}
		}
		if len(s.Categories) == 0 && !has(e, "categories") {
			r.errorf(e, "directories sort podcasts by them, for example categories: [Technology]", "a show without categories")
		}
		if other, _ := cfg.Show(s.Category); other != nil {
			r.errorf(e, "keep one of the two", "two shows of the category %s, first in line %d", s.Category, other.Line)
			return
		}
		cfg.Shows = append(cfg.Shows, s)
	})
}

// has says that a mapping has a key: then what is wrong with it was said.
func has(n *yaml.Node, key string) bool {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key && !isNull(n.Content[i+1]) {
			return true
		}
	}
	return false
}

// byLanguage returns a field that reads one text, the default language's, or one
// by language.
func (r *reader) byLanguage(key string, to *map[string]string, cfg *Config, check func(*yaml.Node, string) bool) func(*yaml.Node) {
	return func(n *yaml.Node) {
		*to = map[string]string{}
		one := func(tag string) func(*yaml.Node) {
			return func(v *yaml.Node) {
				s := ""
				r.text(key, &s)(v)
				if s != "" && (check == nil || check(v, s)) {
					(*to)[tag] = s
				}
			}
		}
		if n.Kind == yaml.ScalarNode {
			one(cfg.Languages[0].Tag)(n)
			return
		}
		texts := fields{}
		for _, l := range cfg.Languages {
			texts[l.Tag] = one(l.Tag)
		}
		r.mapping(n, key, texts)
	}
}

func (r *reader) guid(n *yaml.Node, s string) bool {
	if !guidForm.MatchString(s) {
		r.errorf(n, "the podcast:guid of the feed that the show had: 9b024349-ccf0-5f69-a609-6b82873eab3c", "shows.guid: %q is not a UUID in lower case", s)
		return false
	}
	return true
}

func (r *reader) owner(n *yaml.Node, s *Show) {
	r.mapping(n, "shows.owner", fields{
		"name": r.text("shows.owner.name", &s.OwnerName),
		"email": r.scalar("shows.owner.email", &s.OwnerEmail, func(s string) (string, string) {
			if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
				return fmt.Sprintf("%q is not an email address", s), "directories write to it, and the feed shows it: show@example.com"
			}
			return "", ""
		}),
	})
}

func (r *reader) showImage(to *string) func(*yaml.Node) {
	return r.scalar("shows.image", to, func(s string) (string, string) {
		const hint = "a path in the content folder, for example shows/cover.jpg"
		clean := strings.TrimPrefix(s, "/")
		switch ext := strings.ToLower(path.Ext(s)); {
		case strings.Contains(s, "://") || clean == "" || path.Clean(clean) != clean || strings.HasPrefix(clean, ".."):
			return fmt.Sprintf("%q is not a file of the content folder", s), hint
		case ext != ".jpg" && ext != ".jpeg" && ext != ".png":
			return fmt.Sprintf("%q is neither a JPEG nor a PNG", s), hint
		}
		return "", ""
	})
}

func (r *reader) showType(to *string) func(*yaml.Node) {
	return r.scalar("shows.type", to, func(s string) (string, string) {
		if s != "episodic" && s != "serial" {
			return fmt.Sprintf("%q is not a type", s), "episodic (the newest first) or serial (from the beginning)"
		}
		return "", ""
	})
}

// appleCategories reads "Technology" and "Society & Culture > Documentary".
func (r *reader) appleCategories(n *yaml.Node, s *Show) {
	r.sequence(n, "shows.categories", func(e *yaml.Node) {
		text := ""
		r.text("shows.categories", &text)(e)
		if e.Kind != yaml.ScalarNode {
			return
		}
		name, sub, _ := strings.Cut(text, ">")
		c := recipe.ShowCategory{Name: strings.TrimSpace(name), Sub: strings.TrimSpace(sub)}
		subs, ok := appleCategories[c.Name]
		switch {
		case !ok:
			hint := "one of " + strings.Join(appleNames(), ", ")
			if near := suggest.Word(c.Name, appleNames()); near != "" {
				hint = "did you mean " + near + "?"
			}
			r.errorf(e, hint, "shows.categories: Apple has no category %q", c.Name)
		case c.Sub != "" && !slices.Contains(subs, c.Sub):
			hint := "below " + c.Name + " there is nothing"
			if len(subs) > 0 {
				hint = "one of " + strings.Join(subs, ", ")
			}
			r.errorf(e, hint, "shows.categories: %s has no subcategory %q", c.Name, c.Sub)
		default:
			s.Categories = append(s.Categories, c)
		}
	})
}

func (r *reader) people(n *yaml.Node, s *Show) {
	r.sequence(n, "shows.people", func(e *yaml.Node) {
		var p recipe.Person
		if e.Kind == yaml.ScalarNode {
			p.Name = strings.TrimSpace(e.Value)
		} else {
			r.mapping(e, "shows.people", fields{
				"name": r.text("shows.people.name", &p.Name),
				"role": r.text("shows.people.role", &p.Role),
				"url":  r.webAddress("shows.people.url", &p.URL),
				"img":  r.webAddress("shows.people.img", &p.Img),
			})
		}
		if p.Name == "" {
			r.errorf(e, "write for example {name: Ann Lee, role: host}", "shows.people: somebody without a name")
			return
		}
		p.Role = strings.ToLower(p.Role)
		s.People = append(s.People, p)
	})
}

// webAddress returns a field that stores an https or http address.
func (r *reader) webAddress(key string, to *string) func(*yaml.Node) {
	return r.scalar(key, to, func(s string) (string, string) {
		if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Sprintf("%q is not an address", s), "write it whole: https://example.com/about"
		}
		return "", ""
	})
}
