package svg

import "strings"

// elements are those of SVG 2 and of its filters that draw, or say how
// (https://www.w3.org/TR/SVG2/eltindex.html), and the data of drawing programs
// that draws nothing. Not: script, foreignObject, iframe, audio, video, canvas,
// handler, and whatever is yet to come.
var elements = set(`
	a animate animateMotion animateTransform circle clipPath defs desc ellipse
	feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
	feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode
	feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence
	filter g hatch hatchpath image line linearGradient marker mask mesh meshgradient meshpatch meshrow metadata mpath
	path pattern polygon polyline radialGradient rect set solidcolor stop style svg switch symbol text textPath title
	tref tspan use view
`)

// notes are the prefixes of what drawing programs write for themselves: where the
// file lay, who drew it, what the window showed. It is left out without a word, as
// a photograph's is.
var notes = set("bx cc dc figma inkscape rdf serif sketch sodipodi vectornator")

func set(names string) map[string]bool {
	out := map[string]bool{}
	for _, n := range strings.Fields(names) {
		out[n] = true
	}
	return out
}
