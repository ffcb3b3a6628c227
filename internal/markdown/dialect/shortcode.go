package dialect

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Shortcode is one of Hugo's that stands for a block
// (https://gohugo.io/content-management/shortcodes/), in either notation:
//
//	{{< figure src="map.png" alt="A map" caption="Where *it* runs" >}}
//	{{% youtube 4jqxzrQHAZ0 %}}
//	{{< gist user 0123abcd main.go >}}
//
// A figure holds its image, in a link if it has one, and its Caption. Of a video
// or a gist there is a link, and no more: what Hugo puts there runs scripts of
// another host, or shows its pages, and a page here does neither.
//
// {{< highlight go >}} is a block of fenced code. What is not well formed, or
// none of these, is text.
type Shortcode struct {
	ast.BaseBlock
	Name string

	image, href string // of a figure
	alt         string
	width       int
	attrlink    string
	linkText    string // of the rest
}

// Caption is what stands below a figure's image: its title, its caption and
// whom it is from, of which each may have markup.
type Caption struct {
	ast.BaseBlock
	title, attr ast.Node // or nil
}

// KindShortcode and KindCaption are their kinds.
var (
	KindShortcode = ast.NewNodeKind("Shortcode")
	KindCaption   = ast.NewNodeKind("Caption")
)

// Kind implements ast.Node.
func (n *Shortcode) Kind() ast.NodeKind { return KindShortcode }

// Dump implements ast.Node.
func (n *Shortcode) Dump(src []byte, level int) {
	ast.DumpHelper(n, src, level, map[string]string{"Name": n.Name, "Address": n.href}, nil)
}

// Kind implements ast.Node.
func (n *Caption) Kind() ast.NodeKind { return KindCaption }

// Dump implements ast.Node.
func (n *Caption) Dump(src []byte, level int) { ast.DumpHelper(n, src, level, nil, nil) }

var (
	// The name, and what it is given.
	shortcodeOpen = regexp.MustCompile(`^\{\{(<|%)[ \t]*(figure|youtube|gist|highlight)\b((?:[^"` + "`" + `]|"(?:[^"\\]|\\.)*"|` + "`[^`]*`" + `)*?)(>|%)\}\}`)
	shortcodeEnd  = regexp.MustCompile(`\{\{(<|%)[ \t]*/[ \t]*highlight[ \t]*(>|%)\}\}`)
	shortcodeArg  = regexp.MustCompile(`^\s*(?:([A-Za-z][\w-]*)=)?(?:"((?:[^"\\]|\\.)*)"|` + "`([^`]*)`" + `|([^\s"` + "`" + `=]+))`)
)

// argument is a part of what a shortcode is given.
type argument struct {
	name  string // empty for one that goes by its place
	value string // with its escapes: Markdown resolves them
	at    int    // of the value in the source
}

// arguments reads them all; false if anything else is there.
func arguments(src []byte, from, to int) (list []argument, ok bool) {
	for strings.TrimSpace(string(src[from:to])) != "" {
		m := shortcodeArg.FindSubmatchIndex(src[from:to])
		if m == nil {
			return nil, false
		}
		a := argument{}
		if m[2] >= 0 {
			a.name = string(src[from+m[2] : from+m[3]])
		}
		for _, i := range []int{4, 6, 8} {
			if m[i] >= 0 {
				a.at, a.value = from+m[i], string(src[from+m[i]:from+m[i+1]])
			}
		}
		list = append(list, a)
		from += m[1]
	}
	return list, true
}

// maxTag is how long a tag may be, over more than one line if none is empty.
// Without a bound a text of tags without an end would take the square of its
// length.
const maxTag = 4 << 10

type shortcodeParser struct{}

// shortcodeKey holds the open shortcode's state in the parser's context; blocks
// of this kind hold no others, so that there is one at most.
var shortcodeKey = parser.NewContextKey()

type shortcodeState struct {
	node ast.Node
	end  int    // of the tag in the source; what stands before is not code
	mark string // of highlighted code: the bracket that ends it
}

func (shortcodeParser) Trigger() []byte { return []byte{'{'} }

func (shortcodeParser) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	src := reader.Source()
	at := segment.Start + pc.BlockOffset() - segment.Padding
	if pc.BlockOffset() < 0 || at < segment.Start || !bytes.HasPrefix(line[pc.BlockOffset():], []byte("{{")) {
		return nil, parser.NoChildren
	}
	tag, _, _ := bytes.Cut(src[at:min(len(src), at+maxTag)], []byte("\n\n"))
	m := shortcodeOpen.FindSubmatchIndex(tag)
	if m == nil || (src[at+m[2]] == '<') != (src[at+m[8]] == '>') {
		return nil, parser.NoChildren
	}
	name, end := string(src[at+m[4]:at+m[5]]), at+m[1]
	if name == "highlight" {
		return openHighlight(src, at+m[6], at+m[7], end, string(src[at+m[8]]), reader, pc)
	}
	args, ok := arguments(src, at+m[6], at+m[7])
	if rest, _, _ := bytes.Cut(src[end:], []byte("\n")); !ok || !util.IsBlank(rest) {
		return nil, parser.NoChildren
	}
	n := &Shortcode{Name: name}
	n.SetPos(at)
	var dropped []argument
	switch name {
	case "figure":
		dropped, ok = n.figure(src, args)
	case "youtube":
		dropped, ok = n.youtube(args)
	case "gist":
		dropped, ok = n.gist(args)
	}
	if !ok {
		return nil, parser.NoChildren
	}
	for _, a := range dropped {
		note(pc, Note{DroppedAttribute, a.at, strings.TrimPrefix(a.name+"="+a.value, "=")})
	}
	pc.Set(shortcodeKey, &shortcodeState{node: n, end: end})
	reader.AdvanceToEOL()
	return n, parser.NoChildren
}

// openHighlight makes fenced code of what stands between the tags. Code that
// does not end is text.
func openHighlight(src []byte, from, to, end int, mark string, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	if !endsBehind(src, end, mark, pc) {
		return nil, parser.NoChildren
	}
	from += util.TrimLeftSpaceLength(src[from:to])
	to -= util.TrimRightSpaceLength(src[from:to])
	n := ast.NewFencedCodeBlock(nil)
	if from < to {
		n.Info = ast.NewTextSegment(text.NewSegment(from, to))
	}
	_, segment := reader.PeekLine()
	n.SetPos(segment.Start)
	state := &shortcodeState{node: n, end: end, mark: mark}
	pc.Set(shortcodeKey, state)
	if segment.Stop > end { // what stands behind the tag, if it is not the end of the line
		rest := text.NewSegment(end, segment.Stop)
		stop, ended := codeEnd(rest.Value(src), mark)
		if !util.IsBlank(rest.Value(src)[:stop]) {
			n.Lines().Append(rest.WithStop(end + stop))
		}
		if ended {
			state.end = -1 // nothing follows
		}
	}
	reader.AdvanceToEOL()
	return n, parser.NoChildren
}

// endsKey holds, for each bracket, where the last tag is that ends code.
var endsKey = parser.NewContextKey()

// endsBehind says that there is a tag that ends code behind pos.
func endsBehind(src []byte, pos int, mark string, pc parser.Context) bool {
	last, ok := pc.Get(endsKey).(map[string]int)
	if !ok {
		last = map[string]int{}
		for _, m := range shortcodeEnd.FindAllSubmatchIndex(src, -1) {
			last[string(src[m[4]])] = m[0]
		}
		pc.Set(endsKey, last)
	}
	at, ok := last[mark]
	return ok && at >= pos
}

// codeEnd is where code in a line ends, and whether there is its closing tag.
func codeEnd(line []byte, mark string) (int, bool) {
	if bytes.Contains(line, []byte("{{")) {
		for _, m := range shortcodeEnd.FindAllSubmatchIndex(line, -1) {
			if string(line[m[4]]) == mark {
				return m[0], true
			}
		}
	}
	return len(line), false
}

func (shortcodeParser) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	state, _ := pc.Get(shortcodeKey).(*shortcodeState)
	if state == nil || state.node != node || state.end < 0 {
		return parser.Close
	}
	line, segment := reader.PeekLine()
	if segment.Start < state.end { // the tag has more lines
		reader.AdvanceToEOL()
		return parser.Continue | parser.NoChildren
	}
	if state.mark == "" {
		return parser.Close
	}
	stop, ended := codeEnd(line, state.mark)
	if !ended {
		segment.ForceNewline = true
		node.Lines().Append(segment)
	} else if !util.IsBlank(line[:stop]) {
		node.Lines().Append(segment.WithStop(segment.Start + stop - segment.Padding))
	}
	if ended {
		state.end = -1
	}
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (shortcodeParser) Close(_ ast.Node, _ text.Reader, pc parser.Context) { pc.Set(shortcodeKey, nil) }

func (shortcodeParser) CanInterruptParagraph() bool { return true }

func (shortcodeParser) CanAcceptIndentedLine() bool { return false }
