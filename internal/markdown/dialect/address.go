package dialect

import (
	"regexp"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// addressParser links mailto: and xmpp: addresses in the text, as GitHub does
// (https://github.github.com/gfm/#extended-protocol-autolink). goldmark's
// linkify knows neither, and would link the end of mailto:first_last@x.org as
// an address of its own.
type addressParser struct{}

// An address ends in a letter or a digit; a full stop ends the sentence. A
// hyphen or an underscore at the end of the host makes it none at all.
var (
	bareAddress  = regexp.MustCompile(`^(?:mailto|xmpp):[\w.+-]+@[\w-]+(?:\.[\w-]+)+`)
	xmppResource = regexp.MustCompile(`^/[A-Za-z0-9@.]*[A-Za-z0-9@]`)
)

// Trigger is what may stand before one, as for linkify. A space means the
// beginning of a line, too.
func (addressParser) Trigger() []byte { return []byte{' ', '*', '_', '~', '('} }

func (addressParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if pc.IsInLinkLabel() {
		return nil
	}
	line, segment := block.PeekLine()
	before := 0
	switch line[0] {
	case ' ', '*', '_', '~', '(':
		before = 1
	}
	m := bareAddress.Find(line[before:])
	if m == nil || m[len(m)-1] == '-' || m[len(m)-1] == '_' {
		return nil
	}
	end := before + len(m)
	if m[0] == 'x' {
		end += len(xmppResource.Find(line[end:]))
	}
	if before > 0 {
		ast.MergeOrAppendTextSegment(parent, segment.WithStop(segment.Start+1))
	}
	block.Advance(end)
	return ast.NewAutoLink(ast.AutoLinkURL, ast.NewTextSegment(text.NewSegment(segment.Start+before, segment.Start+end)))
}
