package dialect

import (
	"net/url"
	"strings"

	"github.com/yuin/goldmark/util"
)

// schemes are the ones that an address in a post may have. A list of what is
// good fails safe; one of what is bad (javascript:, data:, vbscript: ...) is
// never complete.
var schemes = map[string]bool{
	"http": true, "https": true, "mailto": true, "tel": true, "sms": true, "geo": true, "xmpp": true, "irc": true, "ftp": true,
}

// Scheme is the scheme of an address as written, in lower case, or empty. It
// reads as a browser does: character references resolved, spaces and control
// characters left out.
func Scheme(dest string) string {
	head, _, ok := strings.Cut(plainURL(dest), ":")
	if !ok || head == "" {
		return ""
	}
	for i, c := range []byte(head) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return ""
		}
	}
	return strings.ToLower(head)
}

// Safe says whether an address as written may be followed.
func Safe(dest string) bool {
	s := Scheme(dest)
	return s == "" || schemes[s]
}

// External says whether an address as written leads off the site.
func External(dest string) bool {
	s := Scheme(dest)
	return s == "http" || s == "https" || strings.HasPrefix(plainURL(dest), "//")
}

// SplitFragment parts an address as written into what recipe.Source.Links and
// Images know it by, and its fragment with the #.
func SplitFragment(dest string) (key, fragment string) {
	if i := strings.IndexByte(dest, '#'); i >= 0 {
		return dest[:i], dest[i:]
	}
	return dest, ""
}

// plainURL resolves references and escapes and drops what browsers drop.
func plainURL(dest string) string { return trimURL(string(unescape([]byte(dest)))) }

func trimURL(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
}

// href is an address as written, ready for an attribute but for HTML escaping.
func href(dest string) string { return encodeURL(plainURL(dest)) }

func encodeURL(s string) string { return string(util.URLEscape([]byte(s), false)) }

// absolute makes an address of the page at o.Page absolute, if the options
// ask for it.
func (o *Options) absolute(addr string) string {
	if o.Base == "" || Scheme(addr) != "" {
		return addr
	}
	if strings.HasPrefix(addr, "/") && !strings.HasPrefix(addr, "//") {
		return o.Base + addr
	}
	page, err := url.Parse(o.Base + (&url.URL{Path: o.Page}).EscapedPath())
	if err != nil {
		return addr
	}
	ref, err := page.Parse(addr)
	if err != nil {
		return addr
	}
	return ref.String()
}
