package plan

import (
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
)

// languagesPath is where the edge function finds which languages the home page
// exists in. It is written as a redirect, and so a release has it, a rollback
// takes it back, and the table needs no other kind of entry:
//
//	/~lang → /#en=/&zh=/zh/&zh-hant=/zh/&zh-hk=/zh/&ja=/ja/
const languagesPath = "/~lang"

// negotiated are languages that a browser asks for by a country although they
// differ in their script, which a lookup by RFC 4647 cannot know: it cuts zh-TW
// to zh.
var negotiated = map[string][]string{
	"zh-Hant": {"zh-TW", "zh-HK", "zh-MO"},
	"zh-Hans": {"zh-CN", "zh-SG", "zh-MY"},
}

// homesByLanguage is where languagesPath leads: the home page for each tag, in
// lower case, that a browser may ask for. A tag is the home of the first
// language that claims it; each claims its own before any claims a shorter one.
func homesByLanguage(langs []config.Language) string {
	homes := map[string]string{}
	claim := func(tag string, l config.Language) {
		if tag = strings.ToLower(tag); homes[tag] == "" {
			homes[tag] = content.Home(l)
		}
	}
	for _, l := range langs {
		claim(l.Tag, l)
	}
	for _, l := range langs {
		if t, err := language.Parse(l.Tag); err == nil {
			base, _ := t.Base()
			script, _ := t.Script()
			for _, tag := range negotiated[base.String()+"-"+script.String()] {
				claim(tag, l)
			}
			claim(base.String(), l)
		}
	}
	tags := make([]string, 0, len(homes))
	for tag := range homes {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	for i, tag := range tags {
		tags[i] = tag + "=" + homes[tag]
	}
	return "/#" + strings.Join(tags, "&")
}
