package svg

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const head = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">`

func doc(inner string) string { return head + inner + "</svg>" }

// What only draws is not touched, to the byte.
func TestUntouched(t *testing.T) {
	for _, s := range []string{
		doc(`<rect width="1" height="1"/>`),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">\n<!-- a note -->\n" + doc("\n"),
		doc(`<defs><linearGradient id="g"><stop offset="0" stop-color='#fff'/></linearGradient></defs><circle r="2" fill="url(#g)" style="stroke: url('#g')"/>`),
		doc(`<style>.a { fill: url(#g) } /* in words */ @media (prefers-color-scheme: dark) { .a { fill: #fff } }</style><g class="a"><use xlink:href="#x"/><use href="#x"/></g>`),
		doc(`<style><![CDATA[ a > b { fill: red } ]]></style>`),
		doc(`<image href="data:image/png;base64,iVBORw0KGgo=" width="1"/>`),
		doc(`<text x="1">a &amp; b &lt; c 中文 &#x4e2d;</text><title>What it shows</title>`),
		doc(`<circle r="1"><animate attributeName="r" from="1" to="2" dur="1s"/></circle>`),
		`<svg:svg xmlns:svg="http://www.w3.org/2000/svg"><svg:rect/></svg:svg>`,
	} {
		out, removed, err := Clean([]byte(s))
		if err != nil || len(removed) > 0 || string(out) != s {
			t.Errorf("%s\nbecomes %s\n%v %v", s, out, removed, err)
		}
	}
}

// The payloads are the kinds that OWASP's cheat sheets name, and ways around a
// list of them (https://cheatsheetseries.owasp.org/cheatsheets/XSS_Filter_Evasion_Cheat_Sheet.html).
func TestCleaned(t *testing.T) {
	for _, tt := range []struct{ in, want, removed string }{
		{`<script>alert(1)</script>`, ``, "<script>"},
		{`<script href="https://evil.example/x.js"/>`, ``, "<script>"},
		{`<g><script>a<b/></script><rect/></g>`, `<g><rect/></g>`, "<script>"},
		{`<SCRIPT>alert(1)</SCRIPT>`, ``, "<SCRIPT>"},
		{`<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>`, ``, "<script>"},
		{`<rect onload="alert(1)" width="1"/>`, `<rect width="1"/>`, "onload"},
		{`<rect OnClick="a()" title="&lt;&quot;"/>`, `<rect title="&lt;&#34;"/>`, "OnClick"},
		{`<foreignObject><iframe src="//evil.example"/></foreignObject>`, ``, "<foreignObject>"},
		{`<handler>x</handler><iframe/><audio/><video/><embed/><object/>`, ``, "<handler>, <iframe>, <audio>, <video>, <embed>, <object>"},
		{`<a href="javascript:alert(1)"><text>x</text></a>`, `<a><text>x</text></a>`, "a link"},
		{`<a xlink:href=" java&#x09;script:alert(1)"/>`, `<a/>`, "a link"},
		{`<a y:href="javascript:alert(1)" xmlns:y="http://www.w3.org/1999/xlink"/>`, `<a xmlns:y="http://www.w3.org/1999/xlink"/>`, "a link"},
		{`<use href="https://evil.example/x.svg#a"/>`, `<use/>`, "a reference to another file in <use>"},
		{`<use href="data:image/svg+xml;base64,PHN2Zz4="/>`, `<use/>`, "a reference to another file in <use>"},
		{`<image href="http://evil.example/pixel.png"/>`, `<image/>`, "a reference to another file in <image>"},
		{`<image href="data:image/svg+xml,&lt;svg onload='x'/>"/>`, `<image/>`, "a reference to another file in <image>"},
		{`<feImage href="//evil.example/x"/>`, `<feImage/>`, "a reference to another file in <feImage>"},
		{`<rect fill="url(https://evil.example/#a)"/>`, `<rect/>`, "a reference to another file in fill"},
		{`<rect style="background: URL( '//evil.example' )"/>`, `<rect/>`, "a reference to another file in style"},
		{`<rect style="fill: \75rl(//evil.example)"/>`, `<rect/>`, "a reference to another file in style"},
		{`<style>@import "https://evil.example/x.css";</style>`, `<style></style>`, "a reference to another file in <style>"},
		{`<style>@im<!-- x -->port "//evil.example";</style>`, `<style></style>`, "a reference to another file in <style>"},
		{`<style><![CDATA[ .a { fill: url(//evil.example) } ]]></style>`, `<style></style>`, "a reference to another file in <style>"},
		{`<animate attributeName="href" to="javascript:alert(1)"/>`, ``, "<animate> of href"},
		{`<set attributeName="xlink:href" to="javascript:alert(1)"/>`, ``, "<set> of xlink:href"},
		{`<set attributeName="onload" to="alert(1)"/>`, ``, "<set> of onload"},
		{`<animate attributeName="x" values="javascript:alert(1)"/>`, `<animate attributeName="x"/>`, "javascript:"},
		{`<g xml:base="https://evil.example/"/>`, `<g/>`, "xml:base"},
		{`<?xml-stylesheet href="https://evil.example/x.css"?>`, ``, "<?xml-stylesheet?>"},
		// What a drawing program writes for itself goes without a word.
		{`<sodipodi:namedview id="a"><inkscape:grid/></sodipodi:namedview><g inkscape:label="Layer" id="b"/>`, `<g id="b"/>`, ""},
	} {
		out, removed, err := Clean([]byte(doc(tt.in)))
		if err != nil || string(out) != doc(tt.want) || strings.Join(removed, ", ") != tt.removed {
			t.Errorf("%s\nbecomes %s without %q, %v\nwant %s without %s", tt.in, out, removed, err, doc(tt.want), tt.removed)
		}
		if again, removed, err := Clean(out); err != nil || len(removed) > 0 || !bytes.Equal(again, out) {
			t.Errorf("%s\nis cleaned again to %s, %v %v", out, again, removed, err)
		}
	}
	entities := "<!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + doc("<rect/>")
	if out, removed, err := Clean([]byte(entities)); err != nil || string(out) != doc("<rect/>") || removed[0] != "entities" {
		t.Errorf("%s %v %v", out, removed, err)
	}
}

func TestRefused(t *testing.T) {
	for in, want := range map[string]string{
		"":                    "there is no <svg> in it",
		"noise":               "there is no <svg> in it",
		"<html><svg/></html>": "the first element is not <svg>",
		head + "<g>":          "it is cut short: an element is not closed",
		head + "</g></svg>":   "</g> closes nothing",
		doc("&x;"):            "XML syntax error on line 1: invalid character entity &x;",
		doc("\xff"):           "it is not UTF-8",
		`<?xml version="1.0" encoding="ISO-8859-1"?>` + doc(""):       "it says that it is ISO-8859-1, and not UTF-8",
		doc(strings.Repeat("<g>", 300) + strings.Repeat("</g>", 300)): "its elements are nested more than 256 deep",
		strings.Repeat(" ", MaxSize+1):                                "it has more than 8 MB",
	} {
		if _, _, err := Clean([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", in, err, want)
		}
	}
}

// The blog's own drawings are as they were drawn.
func TestContent(t *testing.T) {
	files, err := filepath.Glob("../../content/posts/*/*.svg")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if out, removed, err := Clean(src); err != nil || len(removed) > 0 || !bytes.Equal(out, src) {
			t.Errorf("%s: %v %v", name, removed, err)
		}
	}
}

// Whatever goes in, what comes out is XML with nothing to take out.
func FuzzClean(f *testing.F) {
	f.Add(doc(`<script>alert(1)</script><rect onload="x" fill="url(#a)"/><style>a{}</style>`))
	f.Add(doc(`<a xlink:href="javascript:x"><![CDATA[<script>]]></a>`))
	f.Fuzz(func(t *testing.T, s string) {
		out, _, err := Clean([]byte(s))
		if err != nil {
			return
		}
		again, removed, err := Clean(out)
		if err != nil || len(removed) > 0 || !bytes.Equal(again, out) {
			t.Fatalf("%q\nbecomes %q\nand then %q, %v %v", s, out, again, removed, err)
		}
		dec := xml.NewDecoder(bytes.NewReader(out))
		for {
			tok, err := dec.RawToken()
			if err != nil {
				return
			}
			if el, ok := tok.(xml.StartElement); ok && strings.EqualFold(el.Name.Local, "script") {
				t.Fatalf("%q\nbecomes %q", s, out)
			}
		}
	})
}
