package content

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/suggest"
)

// frontMatter is what the YAML block at the top of a document says.
type frontMatter struct {
	title, description, slug, lang, series string
	date, updated                          string    // days: YYYY-MM-DD
	at                                     time.Time // when date begins, or the time of day that it names
	dateLine                               int
	tags, categories, authors              []string
	aliases                                []alias
	translationOf                          string
	translationLine                        int
	draft, pin                             bool
	minutes                                int

	cover                     string
	coverLine                 int
	audio                     string
	audioLine                 int
	audioLength               int
	episode, season, duration int
	episodeType, guid         string
	explicit, math            bool
	chapters                  []recipe.Chapter
	people                    []recipe.Person
	translatedFrom            string
	line                      map[string]int // canonical key → line
}

type alias struct {
	path string
	line int
}

// keyNames maps every key that is understood to the name used below. The
// second names are other generators' words for the same thing.
var keyNames = map[string]string{
	"title":       "title",
	"description": "description", "summary": "description", "excerpt": "description", "subtitle": "description",
	"slug": "slug",
	"lang": "lang", "language": "lang", "locale": "lang",
	"date": "date", "pubDatetime": "date", "pubDate": "date", "publishDate": "date",
	"updated": "updated", "lastmod": "updated", "modDatetime": "updated",
	"tags": "tags", "categories": "categories", "category": "categories",
	"author": "authors", "authors": "authors",
	"aliases": "aliases", "redirect_from": "aliases",
	"translation_of": "translation_of", "translationKey": "translation_of",
	"draft": "draft", "published": "published",
	"pin": "pin", "featured": "pin",
	"cover": "cover", "image": "cover",
	"readtime": "readtime", "series": "series",
	"audio": "audio", "episode": "episode", "season": "season", "duration": "duration",
	"audio_length": "audio_length", "episode_type": "episode_type", "explicit": "explicit",
	"chapters": "chapters", "people": "people", "guid": "guid",
	"translated_from": "translated_from", "math": "math",
}

// knownKeys are those of keyNames.
var knownKeys = slices.Sorted(maps.Keys(keyNames))

// ignoredKeys are keys of other generators that change how their own theme
// looks and mean nothing here.
var ignoredKeys = []string{"layout", "template", "hide", "icon", "status", "comments", "search", "social", "links", "toc", "showToc", "TocOpen"}

// FrontMatterKeys are the keys that a document may have without a warning, in
// order: those that mean something and those that are ignored. docs/content.md
// explains each; a test holds it to this list.
func FrontMatterKeys() []string {
	keys := slices.AppendSeq(slices.Clone(ignoredKeys), maps.Keys(keyNames))
	slices.Sort(keys)
	return keys
}

// parseFrontMatter reads the YAML block that starts on line first of file. A date
// that names no zone is one of zone. ok is false when the block could not be
// read at all.
func parseFrontMatter(file string, block []byte, first int, zone *time.Location, probs *problem.List) (fm frontMatter, ok bool) {
	fm.line = map[string]int{}
	var doc yaml.Node
	if err := yaml.Unmarshal(block, &doc); err != nil {
		line, msg := yamlError(err, block, first)
		probs.Errorf(file, line, "check the indentation, and put quotes around a value with a colon in it",
			"the front matter is not valid YAML: %s", msg)
		return fm, false
	}
	if len(doc.Content) == 0 {
		return fm, true
	}
	m := doc.Content[0]
	if m.Kind != yaml.MappingNode {
		probs.Errorf(file, first, "write one \"key: value\" on each line between the --- lines",
			"the front matter is not a list of keys and values")
		return fm, false
	}
	p := fmParser{file: file, first: first, zone: zone, probs: probs}
	seen := map[string]string{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, val := m.Content[i], m.Content[i+1]
		line := p.line(key)
		name, known := keyNames[key.Value]
		if !known {
			if !slices.Contains(ignoredKeys, key.Value) {
				hint := "remove it, or see docs/content.md for the keys that mean something"
				if near := suggest.Word(key.Value, knownKeys); near != "" {
					hint = fmt.Sprintf("did you mean %q?", near)
				}
				probs.Warnf(file, line, hint, "unknown front matter key %q", key.Value)
			}
			continue
		}
		if other, dup := seen[name]; dup && other == key.Value {
			probs.Errorf(file, line, "keep one of them", "%q is there twice", other)
			continue
		} else if dup {
			probs.Errorf(file, line, "keep one of them", "%q and %q say the same thing twice", other, key.Value)
			continue
		}
		seen[name] = key.Value
		fm.line[name] = line
		p.set(&fm, name, val)
	}
	return fm, true
}

type fmParser struct {
	file  string
	first int
	zone  *time.Location
	probs *problem.List
}

func (p fmParser) line(n *yaml.Node) int { return p.first + n.Line - 1 }

func (p fmParser) set(fm *frontMatter, name string, val *yaml.Node) {
	line := p.line(val)
	switch name {
	case "title":
		fm.title = p.text(name, val)
	case "description":
		fm.description = p.text(name, val)
	case "slug":
		fm.slug = p.text(name, val)
	case "lang":
		fm.lang = p.text(name, val)
	case "date":
		fm.dateLine = line
		p.date(fm, val)
	case "updated":
		fm.updated = p.day(name, val)
	case "tags":
		fm.tags = p.texts(name, val)
	case "categories":
		fm.categories = p.texts(name, val)
	case "authors":
		fm.authors = p.texts(name, val)
	case "aliases":
		for _, s := range p.texts(name, val) {
			fm.aliases = append(fm.aliases, alias{s, line})
		}
	case "translation_of":
		fm.translationOf, fm.translationLine = p.text(name, val), line
	case "draft":
		fm.draft = p.boolean(name, val)
	case "published":
		fm.draft = fm.draft || !p.boolean(name, val)
	case "series":
		fm.series = p.text(name, val)
	case "pin":
		fm.pin = p.boolean(name, val)
	case "math":
		fm.math = p.boolean(name, val)
	case "readtime":
		fm.minutes = p.number(name, val)
	case "cover":
		fm.cover, fm.coverLine = p.cover(val), line
	case "audio":
		fm.audio, fm.audioLine = p.text(name, val), line
	case "episode":
		fm.episode = p.number(name, val)
	case "season":
		fm.season = p.number(name, val)
	case "duration":
		fm.duration = p.duration(val)
	case "guid":
		fm.guid = p.text(name, val)
	case "translated_from":
		fm.translatedFrom = p.text(name, val)
	default:
		p.podcast(fm, name, val)
	}
}

func (p fmParser) text(name string, n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		p.probs.Errorf(p.file, p.line(n), "write it on one line: "+name+": text", "%s is not a text", name)
		return ""
	}
	if n.Tag == "!!null" {
		return ""
	}
	return strings.TrimSpace(n.Value)
}

// texts reads a text or a list of texts.
func (p fmParser) texts(name string, n *yaml.Node) []string {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return nil
	case n.Kind == yaml.ScalarNode:
		return []string{p.text(name, n)}
	case n.Kind == yaml.SequenceNode:
		var out []string
		for _, c := range n.Content {
			switch t := p.text("an entry of "+name, c); {
			case t == "" && c.Kind == yaml.ScalarNode:
				p.probs.Errorf(p.file, p.line(c), "remove the empty entry", "%s has an empty entry", name)
			case t != "" && !slices.Contains(out, t):
				out = append(out, t)
			}
		}
		return out
	}
	p.probs.Errorf(p.file, p.line(n), fmt.Sprintf("write it as %s: [one, two]", name), "%s is not a list", name)
	return nil
}

func (p fmParser) boolean(name string, n *yaml.Node) bool {
	switch strings.ToLower(n.Value) {
	case "true", "yes", "on":
		return true
	case "false", "no", "off":
		return false
	}
	p.probs.Errorf(p.file, p.line(n), "write true or false", "%s: %q is neither true nor false", name, n.Value)
	return false
}

func (p fmParser) number(name string, n *yaml.Node) int {
	v, err := strconv.Atoi(n.Value)
	if err != nil || v < 1 {
		p.probs.Errorf(p.file, p.line(n), "write a whole number from 1", "%s: %q is not a number", name, n.Value)
		return 0
	}
	return v
}

// cover reads a file, or the map around it that some themes ask for.
func (p fmParser) cover(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return p.text("cover", n)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "image", "src", "url", "path":
			return p.text("cover", n.Content[i+1])
		}
	}
	return ""
}

// date reads a day, or the map of days that Material for MkDocs allows.
func (p fmParser) date(fm *frontMatter, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		fm.date, fm.at = p.moment("date", n)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "created":
			fm.date, fm.at = p.moment("date.created", n.Content[i+1])
		case "updated":
			fm.updated = p.day("date.updated", n.Content[i+1])
		}
	}
	if fm.date == "" {
		p.probs.Errorf(p.file, p.line(n), "add a line \"created: YYYY-MM-DD\" below date", "date has no created")
	}
}

var (
	dayRE   = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})(?:[Tt ]\s*(\d{1,2}:\d{2}.*))?$`)
	clockRE = regexp.MustCompile(`^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(?:([Zz])|([+-])(\d{1,2})(?::?(\d{2}))?)?$`)
)

// day reads a date and forgets its time of day and zone: the day that the
// author wrote is the day that readers see.
func (p fmParser) day(name string, n *yaml.Node) string {
	day, _ := p.split(name, n)
	return day
}

// split parts a date into the day and what stands behind it. The day is empty
// when a problem was reported.
func (p fmParser) split(name string, n *yaml.Node) (day, clock string) {
	m := dayRE.FindStringSubmatch(strings.TrimSpace(n.Value))
	if m == nil {
		p.probs.Errorf(p.file, p.line(n), "write it as YYYY-MM-DD", "%s: %q is not a date", name, n.Value)
		return "", ""
	}
	if _, err := time.Parse(time.DateOnly, m[1]); err != nil {
		p.probs.Errorf(p.file, p.line(n), "write a day that exists, as YYYY-MM-DD", "%s: there is no day %s", name, m[1])
		return "", ""
	}
	return m[1], strings.TrimSpace(m[2])
}

// moment reads a date, and when it begins: at the time of day that it names, in
// the zone that it names, else at midnight and in the blog's zone. Fractions of
// a second are dropped.
func (p fmParser) moment(name string, n *yaml.Node) (day string, at time.Time) {
	day, clock := p.split(name, n)
	if day == "" {
		return "", time.Time{}
	}
	at, _ = time.ParseInLocation(time.DateOnly, day, p.zone) // split has parsed it
	if clock == "" {
		return day, at
	}
	m := clockRE.FindStringSubmatch(clock)
	num := func(i int) int { v, _ := strconv.Atoi(m[i]); return v } // digits, or nothing
	if m == nil || num(1) > 23 || num(2) > 59 || num(3) > 59 || num(6) > 14 || num(7) > 59 {
		p.probs.Warnf(p.file, p.line(n), "write it as 09:00, 09:00:00Z or 09:00+08:00, on the clock of 24 hours",
			"%s: the time %q is not understood; the day counts from its beginning", name, clock)
		return day, at
	}
	zone := p.zone
	switch {
	case m[4] != "":
		zone = time.UTC
	case m[5] != "":
		offset := num(6)*3600 + num(7)*60
		if m[5] == "-" {
			offset = -offset
		}
		zone = time.FixedZone("", offset)
	}
	return day, time.Date(at.Year(), at.Month(), at.Day(), num(1), num(2), num(3), 0, zone)
}

var playtimeRE = regexp.MustCompile(`^(?:(\d{1,3}):([0-5]?\d)|(\d{1,2})):([0-5]\d)$`)

// playtime reads [h:]mm:ss as seconds.
func playtime(s string) (seconds int, ok bool) {
	m := playtimeRE.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	for i, unit := range []int{3600, 60, 60, 1} {
		n, _ := strconv.Atoi(m[1+i]) // "" is none of it
		seconds += n * unit
	}
	return seconds, true
}

// duration reads [h:]mm:ss or a number of seconds, the two forms of
// itunes:duration.
func (p fmParser) duration(n *yaml.Node) int {
	if v, ok := playtime(n.Value); ok {
		return v
	}
	if v, err := strconv.Atoi(n.Value); err == nil && v > 0 && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 {
		return v
	}
	p.probs.Errorf(p.file, p.line(n), `write it in quotes as "mm:ss" or "h:mm:ss"`, "duration: %q is not a length of time", n.Value)
	return 0
}

// yamlError says what is wrong with some YAML, and at which line of the file in
// which that begins at line first.
func yamlError(err error, src []byte, first int) (int, string) {
	line, msg := problem.YAML(err, src)
	return first + max(line, 1) - 1, msg
}
