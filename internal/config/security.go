package config

import (
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Security is what /.well-known/security.txt says (RFC 9116): whom to tell of a
// hole in the site. The zero value is no such file.
type Security struct {
	Line    int      // of blog.yaml
	Contact []string // mailto:, https: or tel: addresses, the best first
	// Expires is the day from which nobody is to rely on it, YYYY-MM-DD. The
	// author's own: a day that moved with every publish would say that somebody
	// looked at the address again, and nobody has.
	Expires string
	Policy  string // address of the disclosure policy; empty for none
}

func (r *reader) security(n *yaml.Node, s *Security) {
	s.Line = n.Line
	r.mapping(n, "security", fields{
		"contact": func(v *yaml.Node) { r.contacts(v, s) },
		"expires": r.scalar("security.expires", &s.Expires, func(s string) (string, string) {
			if _, err := time.Parse(time.DateOnly, s); err != nil {
				return fmt.Sprintf("%q is not a day", s), "YYYY-MM-DD, less than a year from now"
			}
			return "", ""
		}),
		"policy": r.webAddress("security.policy", &s.Policy),
	})
	if n.Kind != yaml.MappingNode {
		return // said already
	}
	if r.at["security.contact"] == 0 {
		r.errorf(n, "add for example contact: security@example.com", "security without a contact")
	}
	if r.at["security.expires"] == 0 {
		r.errorf(n, "add a day less than a year from now, for example expires: 2027-06-30, and move it when you have checked that the contact still works", "security without expires")
	}
}

// contacts reads one address or a list of them. One of mail may leave its
// scheme out.
func (r *reader) contacts(n *yaml.Node, s *Security) {
	one := func(e *yaml.Node) {
		text := ""
		r.text("security.contact", &text)(e)
		if e.Kind != yaml.ScalarNode {
			return
		}
		if a, err := mail.ParseAddress(text); err == nil && a.Address == text {
			text = "mailto:" + text
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "mailto" && u.Scheme != "https" && u.Scheme != "tel" || strings.ContainsAny(text, " \t") {
			r.errorf(e, "for example security@example.com or https://example.com/report", "security.contact: %q is not an address", text)
			return
		}
		s.Contact = append(s.Contact, text)
	}
	if n.Kind == yaml.SequenceNode {
		r.sequence(n, "security.contact", one)
		return
	}
	one(n)
}
