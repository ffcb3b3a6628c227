package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// oldURLParts are what an old address of a post can be made of.
var oldURLParts = []string{"{slug}", "{year}", "{month}", "{day}"}

var oldURLForm = regexp.MustCompile(`^/([A-Za-z0-9_./-]|\{[a-z]+\})+$`)

// oldURLs reads the forms that addresses of posts had before.
func (r *reader) oldURLs(n *yaml.Node, to *[]string) {
	const hint = "a path made of {slug}, {year}, {month} and {day}, for example /posts/{slug}/"
	r.sequence(n, "old_urls", func(e *yaml.Node) {
		form := ""
		r.scalar("old_urls", &form, func(s string) (string, string) {
			switch {
			case !oldURLForm.MatchString(s) || strings.Contains(s, "//") || strings.Contains(s, ".."):
				return fmt.Sprintf("%q is not the form of a path", s), hint
			case !strings.Contains(s, "{slug}"):
				return fmt.Sprintf("%q has no {slug}, and so is the same for every post", s), hint
			case slices.Contains(*to, s):
				return fmt.Sprintf("%q is listed twice", s), "delete one of the two"
			}
			for _, part := range regexp.MustCompile(`\{[a-z]+\}`).FindAllString(s, -1) {
				if !slices.Contains(oldURLParts, part) {
					return fmt.Sprintf("%q has %s", s, part), hint
				}
			}
			return "", ""
		})(e)
		if form != "" {
			*to = append(*to, form)
		}
	})
}
