package main

import (
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/victorleungtw/blog/internal/bench/doc"
)

// A picture of four panels, two by two.
const (
	panelWidth, panelHeight = 372, 210 // with the text around a panel
	plotWidth, plotHeight   = 270, 130
	plotLeft, plotTop       = 66, 40
)

// panel shows one figure of the steps, by the number of documents.
type panel struct {
	title string
	of    func(sample) float64
	text  func(float64) string
}

// line is a step, with the dash that tells it from the others without colour.
type line struct {
	step  step
	color string
	dash  string
}

// plot draws how a small publish grows with the blog, as SVG. Both axes are
// logarithmic: what does not grow with the blog is level.
func (r *report) plot() string {
	panels := []panel{
		{"Requests, all services", func(s sample) float64 { return float64(s.requests()) }, func(v float64) string { return fmt.Sprintf("%.0f", v) }},
		{"Bytes on the wire, both ways", func(s sample) float64 { return float64(s.Up + s.Down) }, func(v float64) string { return doc.Bytes(int64(v)) }},
		{"Wall time", func(s sample) float64 { return s.Wall }, func(v float64) string { return fmt.Sprintf("%.3g s", v) }},
		{"Memory at the peak", func(s sample) float64 { return float64(s.RSS) / (1 << 20) }, func(v float64) string { return fmt.Sprintf("%.0f MiB", v) }},
	}
	lines := []line{
		{oneFresh, "#0b5fa5", ""}, {newFresh, "#b3400f", "7 3"}, {nothingFresh, "#3d7a2a", "2 3"},
	}
	width, height := 2*panelWidth, 2*panelHeight+34
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="12">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title id=\"title\">What a small publish costs, by the size of the blog</title>\n<desc id=\"desc\">Four panels over the number of documents: requests, bytes, wall time and memory of a publish from a fresh checkout. The figures are in the table beside the picture.</desc>\n")
	fmt.Fprintf(&b, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", width, height)
	for i, p := range panels {
		fmt.Fprintf(&b, "<g transform=\"translate(%d %d)\">\n", i%2*panelWidth, i/2*panelHeight)
		r.panel(&b, p, lines)
		b.WriteString("</g>\n")
	}
	x := plotLeft
	for _, l := range lines {
		y := 2*panelHeight + 16
		label := strings.TrimSuffix(string(l.step), ", fresh checkout")
		fmt.Fprintf(&b, "<path d=\"M%d %dh24\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" fill=\"none\"/><text x=\"%d\" y=\"%d\" fill=\"#222\">%s</text>\n",
			x, y, l.color, l.dash, x+30, y+4, html.EscapeString(label))
		x += 60 + 7*len(label)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// panel draws one panel at the origin.
func (r *report) panel(b *strings.Builder, p panel, lines []line) {
	sizes := r.sizes()
	low, high := math.Inf(1), 0.0
	for _, l := range lines {
		for _, n := range sizes {
			if s, ok := pick(r.Curve, "blog", l.step, n); ok && p.of(s) > 0 {
				low, high = min(low, p.of(s)), max(high, p.of(s))
			}
		}
	}
	fmt.Fprintf(b, "<text x=\"%d\" y=\"24\" font-weight=\"600\" fill=\"#222\">%s</text>\n", plotLeft, html.EscapeString(p.title))
	if high == 0 {
		return
	}
	bottom, top := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	if top == bottom {
		top++
	}
	left, right := math.Log10(float64(sizes[0])), math.Log10(float64(sizes[len(sizes)-1]))
	if left == right {
		left, right = left-0.5, right+0.5
	}
	at := func(n int, v float64) (x, y float64) {
		x = plotLeft + plotWidth*(math.Log10(float64(n))-left)/(right-left)
		return x, plotTop + plotHeight*(top-math.Log10(v))/(top-bottom)
	}
	for e := bottom; e <= top; e++ {
		_, y := at(sizes[0], math.Pow(10, e))
		fmt.Fprintf(b, "<path d=\"M%d %.1fh%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"#555\">%s</text>\n",
			plotLeft, y, plotWidth, plotLeft-6, y+4, html.EscapeString(p.text(math.Pow(10, e))))
	}
	for _, n := range sizes {
		x, _ := at(n, low)
		fmt.Fprintf(b, "<path d=\"M%.1f %dv%d\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">%s</text>\n",
			x, plotTop, plotHeight, x, plotTop+plotHeight+16, doc.Thousands(n))
	}
	for _, l := range lines {
		var path strings.Builder
		for _, n := range sizes {
			s, ok := pick(r.Curve, "blog", l.step, n)
			if !ok || p.of(s) <= 0 {
				continue
			}
			x, y := at(n, p.of(s))
			verb := "L"
			if path.Len() == 0 {
				verb = "M"
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", verb, x, y)
			fmt.Fprintf(b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"><title>%s: %s</title></circle>\n", x, y, l.color, doc.Thousands(n), html.EscapeString(p.text(p.of(s))))
		}
		if path.Len() > 0 {
			fmt.Fprintf(b, "<path d=\"%s\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" fill=\"none\"/>\n", path.String(), l.color, l.dash)
		}
	}
}
