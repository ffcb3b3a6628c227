package dialect

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/wyatt915/treeblood"
)

// maxTeX and maxDepth bound a formula. treeblood's time and the size of what it
// writes grow with the square of the depth.
const (
	maxTeX   = 4 << 10
	maxDepth = 20
)

// defines are commands that give others a meaning, which a formula here has no
// use for: a meaning that holds itself has no end.
var defines = regexp.MustCompile(`\\(?:def|edef|gdef|let|newcommand|renewcommand|providecommand|newenvironment|DeclareMathOperator)\b`)

// mathTags are the elements of MathML Core
// (https://www.w3.org/TR/mathml-core/) that mark a formula up and do nothing
// else, and mathAttrs what they may have.
var (
	mathTags = map[string]bool{
		"mrow": true, "mi": true, "mn": true, "mo": true, "ms": true, "mtext": true, "mspace": true, "mfrac": true,
		"msqrt": true, "mroot": true, "msub": true, "msup": true, "msubsup": true, "munder": true, "mover": true,
		"munderover": true, "mmultiscripts": true, "mprescripts": true, "mtable": true, "mtr": true, "mtd": true,
		"mstyle": true, "mpadded": true, "mphantom": true,
	}
	mathAttrs = map[string]bool{
		"form": true, "fence": true, "separator": true, "stretchy": true, "symmetric": true, "largeop": true,
		"movablelimits": true, "accent": true, "accentunder": true, "lspace": true, "rspace": true, "minsize": true,
		"maxsize": true, "width": true, "height": true, "depth": true, "voffset": true, "linethickness": true,
		"displaystyle": true, "scriptlevel": true, "columnspan": true, "rowspan": true, "mathvariant": true, "mathcolor": true,
	}
	mathValue = regexp.MustCompile(`^[#A-Za-z0-9.%+-]+$`)
)

// mathML converts a formula. It is a function of the formula, on every machine.
// treeblood makes the tree: it is the one converter in Go that needs no
// JavaScript, 0.2 MB of the zip, and young; a formula that it cannot make ends in an error
// here, but for a few that it stumbles over it writes a line to the standard
// output or error first, which there is no way to stop. What it writes is read as XML and written
// anew: it has inline styles, which the Content-Security-Policy stops, and its
// attributes are in another order each time.
func mathML(tex string, display bool) (string, error) {
	tex = strings.TrimSpace(tex)
	switch {
	case tex == "":
		return "", errors.New("it is empty")
	case len(tex) > maxTeX:
		return "", fmt.Errorf("it is longer than %d bytes", maxTeX)
	case nesting(tex) > maxDepth:
		return "", fmt.Errorf("its braces are more than %d deep", maxDepth)
	}
	if m := defines.FindString(tex); m != "" {
		return "", fmt.Errorf("%s is not allowed", m)
	}
	raw, err := treeblood.TexToMML(tex, nil, display, false)
	if err != nil { // its message has the formula and marks in it
		first, _, _ := strings.Cut(err.Error(), " at position")
		first, _, _ = strings.Cut(first, "\n")
		return "", errors.New(first)
	}
	return readMathML(raw, display)
}

// nesting is how deep the braces of a formula are.
func nesting(tex string) (deepest int) {
	depth := 0
	for i := 0; i < len(tex); i++ {
		switch tex[i] {
		case '\\':
			i++
		case '{':
			depth++
			deepest = max(deepest, depth)
		case '}':
			depth--
		}
	}
	return deepest
}

// readMathML reads what treeblood wrote.
func readMathML(raw string, display bool) (string, error) {
	d := xml.NewDecoder(strings.NewReader(raw))
	d.Strict, d.Entity = false, xml.HTMLEntity
	var b strings.Builder
	esc := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	b.WriteString("<math")
	if display {
		b.WriteString(` display="block"`)
	}
	b.WriteByte('>')
	empty := true
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		} else if err != nil {
			return "", errors.New("it is not understood")
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch name := t.Name.Local; {
			case name == "annotation":
				if err := d.Skip(); err != nil {
					return "", errors.New("it is not understood")
				}
			case name == "merror":
				var what string
				if err := d.DecodeElement(&what, &t); err != nil || what == "" {
					return "", errors.New("it is not understood")
				}
				return "", fmt.Errorf(`\%s is not understood here`, strings.TrimSpace(what))
			case name == "math" || name == "semantics":
			case !mathTags[name]:
				return "", fmt.Errorf("it needs <%s>, which browsers do not have", name)
			default:
				empty = false
				b.WriteString("<" + name + attributesOf(t) + ">")
			}
		case xml.EndElement:
			if mathTags[t.Name.Local] {
				b.WriteString("</" + t.Name.Local + ">")
			}
		case xml.CharData:
			if s := strings.Trim(string(t), " \n\t"); s != "" {
				b.WriteString(esc.Replace(s))
			}
		}
	}
	if empty {
		return "", errors.New("there is nothing in it")
	}
	return b.String() + "</math>", nil
}

// attributesOf are those that pass, by name. A column's side becomes a class:
// browsers know it by a style alone.
func attributesOf(t xml.StartElement) string {
	pass := map[string]string{}
	for _, a := range t.Attr {
		switch name := a.Name.Local; {
		case name == "columnalign" && t.Name.Local == "mtd" && (a.Value == "left" || a.Value == "right"):
			pass["class"] = a.Value
		case name == "strechy": // a slip of treeblood
			pass["stretchy"] = a.Value
		case mathAttrs[name] && mathValue.MatchString(a.Value):
			pass[name] = a.Value
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(pass)) {
		if mathValue.MatchString(pass[name]) {
			fmt.Fprintf(&b, ` %s="%s"`, name, pass[name])
		}
	}
	return b.String()
}
