package config

import (
	"reflect"
	"testing"

	"github.com/victorleungtw/blog/internal/recipe"
)

func TestShows(t *testing.T) {
	cfg, probs := Parse("blog.yaml", []byte(`
title: Blog
languages: [en, ja]
shows:
  - category: podcast
    title: {en: The Show, ja: ショー}
    description: On air
    image: /shows/cover.jpg
    categories: [Technology, "Society & Culture > Documentary"]
    owner: {name: A, email: a@example.com}
    explicit: true
    locked: false
    type: serial
    guid: 9b024349-ccf0-5f69-a609-6b82873eab3c
    people: [Ann Lee, {name: Bo, role: Guest, url: "https://example.com/bo"}]
  - {category: other, image: o.png, categories: [History]}
cards: false
`))
	if len(probs) > 0 {
		t.Fatalf("problems:\n%s", show(probs))
	}
	want := []Show{{
		Line: 5, Category: "podcast", Title: map[string]string{"en": "The Show", "ja": "ショー"}, Description: map[string]string{"en": "On air"},
		GUID:  map[string]string{"en": "9b024349-ccf0-5f69-a609-6b82873eab3c"},
		Image: "shows/cover.jpg", Categories: []recipe.ShowCategory{{Name: "Technology"}, {Name: "Society & Culture", Sub: "Documentary"}},
		OwnerName: "A", OwnerEmail: "a@example.com", Explicit: true, Type: "serial",
		People: []recipe.Person{{Name: "Ann Lee"}, {Name: "Bo", Role: "guest", URL: "https://example.com/bo"}},
	}, {
		Line: 16, Category: "other", Image: "o.png", Categories: []recipe.ShowCategory{{Name: "History"}}, Type: "episodic", Locked: true,
	}}
	if !reflect.DeepEqual(cfg.Shows, want) || cfg.Cards {
		t.Errorf("got  %+v\nwant %+v", cfg.Shows, want)
	}
	if s, i := cfg.Show("Podcast"); s != &cfg.Shows[0] || i != 0 {
		t.Errorf("the show of Podcast: %v %d", s, i)
	}
	if s, _ := cfg.Show("none"); s != nil {
		t.Errorf("the show of none: %v", s)
	}
}

func TestShowProblems(t *testing.T) {
	const whole = "category: p, image: c.jpg, categories: [Technology]"
	const pixels = "a square JPEG or PNG of 1400 to 3000 pixels in the content folder, for example image: shows/cover.jpg"
	for src, want := range map[string]string{
		"shows: podcast\n":   ":2: shows: want a list, got \"podcast\" | write one `- ` line for each\n",
		"shows: [podcast]\n": ":2: shows: want keys and values, got \"podcast\" | its keys are author, categories, category, description, explicit, guid, image, locked, owner, people, title, type\n",
		"shows: [{}]\n": ":2: a show without categories | directories sort podcasts by them, for example categories: [Technology]\n" +
			":2: a show without category | the category of its posts, for example category: podcast\n" +
			":2: a show without image | " + pixels + "\n",
		"shows: [{" + whole + ", type: weekly}]\n":                         ":2: shows.type: \"weekly\" is not a type | episodic (the newest first) or serial (from the beginning)\n",
		"shows: [{" + whole + ", owner: {email: me}}]\n":                   ":2: shows.owner.email: \"me\" is not an email address | directories write to it, and the feed shows it: show@example.com\n",
		"shows: [{" + whole + ", guid: ABC}]\n":                            ":2: shows.guid: \"ABC\" is not a UUID in lower case | the podcast:guid of the feed that the show had: 9b024349-ccf0-5f69-a609-6b82873eab3c\n",
		"shows: [{" + whole + ", people: [{role: host}]}]\n":               ":2: shows.people: somebody without a name | write for example {name: Ann Lee, role: host}\n",
		"shows:\n- {" + whole + "}\n- {" + whole + "}\n":                   ":4: two shows of the category p, first in line 3 | keep one of the two\n",
		"shows: [{category: p, image: c.gif, categories: [Technology]}]\n": ":2: shows.image: \"c.gif\" is neither a JPEG nor a PNG | a path in the content folder, for example shows/cover.jpg\n",
		"shows: [{category: p, image: c.jpg, categories: [Technologie, History > Old, Arts > Foo]}]\n": ":2: shows.categories: Apple has no category \"Technologie\" | did you mean Technology?\n" +
			":2: shows.categories: Arts has no subcategory \"Foo\" | one of Books, Design, Fashion & Beauty, Food, Performing Arts, Visual Arts\n" +
			":2: shows.categories: History has no subcategory \"Old\" | below History there is nothing\n",
	} {
		_, probs := Parse("blog.yaml", []byte("title: Blog\n"+src))
		if got := show(probs); got != want {
			t.Errorf("%s got\n%swant\n%s", src, got, want)
		}
	}
}

func TestSecurity(t *testing.T) {
	cfg, probs := Parse("blog.yaml", []byte("title: Blog\nsecurity:\n  contact: [s@example.com, https://example.com/report, 'tel:+1-201-555-0123']\n  expires: 2027-06-30\n  policy: https://example.com/policy\n"))
	want := Security{
		Line: 3, Contact: []string{"mailto:s@example.com", "https://example.com/report", "tel:+1-201-555-0123"},
		Expires: "2027-06-30", Policy: "https://example.com/policy",
	}
	if len(probs) > 0 || !reflect.DeepEqual(cfg.Security, want) {
		t.Errorf("%+v\n%s", cfg.Security, show(probs))
	}
	for src, want := range map[string]string{
		"security: {contact: s@example.com}\n":                           ":2: security without expires | add a day less than a year from now, for example expires: 2027-06-30, and move it when you have checked that the contact still works\n",
		"security: {expires: 2027-06-30}\n":                              ":2: security without a contact | add for example contact: security@example.com\n",
		"security: {contact: s@example.com, expires: soon}\n":            ":2: security.expires: \"soon\" is not a day | YYYY-MM-DD, less than a year from now\n",
		"security: {contact: 'http://x.example', expires: 2027-06-30}\n": ":2: security.contact: \"http://x.example\" is not an address | for example security@example.com or https://example.com/report\n",
	} {
		_, probs := Parse("blog.yaml", []byte("title: Blog\n"+src))
		if got := show(probs); got != want {
			t.Errorf("%s got\n%swant\n%s", src, got, want)
		}
	}
}
