package render

import (
	"strings"

	"github.com/victorleungtw/blog/internal/recipe"
)

// absolute is a path of the site, or an address, as an absolute URL in ASCII.
func absolute(s *recipe.Site, ref string) string {
	if strings.HasPrefix(ref, "/") && !strings.HasPrefix(ref, "//") {
		ref = s.BaseURL + ref
	}
	return ascii(ref)
}

// ascii percent-encodes what may not stand in a URL (RFC 3986), and leaves
// what is encoded already as it is.
func ascii(ref string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(ref); i++ {
		c := ref[i]
		switch {
		case c == '%' && (i+2 >= len(ref) || !isHex(ref[i+1]) || !isHex(ref[i+2])),
			c <= ' ', c >= 0x7f, strings.IndexByte("\"<>\\^`{|}", c) >= 0:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}
