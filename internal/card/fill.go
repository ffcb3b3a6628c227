package card

import (
	"cmp"
	"image"
	"slices"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// pen draws lines of text and keeps the first error.
type pen struct {
	img    *image.Paletted
	family *family
	err    error
}

// line draws a text whose baseline begins at x, y, in one of the two ramps of
// the palette.
func (p *pen) line(s string, size, x, y int, ramp uint8) {
	glyphs, _ := p.family.lay(s, size)
	for _, g := range glyphs {
		segments, err := g.font.LoadGlyph(&p.family.buf, g.at, fixed.I(size), nil)
		if err != nil {
			p.err = cmp.Or(p.err, err)
			continue
		}
		o := outline{dx: int(fixed.I(x) + g.x), dy: int(fixed.I(y))}
		o.trace(segments)
		o.fill(p.img, ramp)
	}
}

// outline is a glyph as straight edges in 64ths of a pixel. All is in whole
// numbers: see the package comment.
type outline struct {
	dx, dy int
	edges  []edge
}

type edge struct{ x0, y0, x1, y1 int }

// How many straight pieces a curve becomes. At the sizes of a card, more make
// no pixel different.
const (
	quadPieces  = 8
	cubicPieces = 12
)

func (o *outline) trace(segments sfnt.Segments) {
	var start, at [2]int
	to := func(x, y int) {
		if y != at[1] {
			o.edges = append(o.edges, edge{at[0], at[1], x, y})
		}
		at = [2]int{x, y}
	}
	for _, s := range segments {
		var p [3][2]int
		for i, a := range s.Args {
			p[i] = [2]int{int(a.X) + o.dx, int(a.Y) + o.dy}
		}
		from := at
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			to(start[0], start[1])
			start, at = p[0], p[0]
		case sfnt.SegmentOpLineTo:
			to(p[0][0], p[0][1])
		case sfnt.SegmentOpQuadTo:
			const n = quadPieces
			for i := 1; i <= n; i++ {
				b := func(k int) int {
					return ((n-i)*(n-i)*from[k] + 2*i*(n-i)*p[0][k] + i*i*p[1][k]) / (n * n)
				}
				to(b(0), b(1))
			}
		case sfnt.SegmentOpCubeTo:
			const n = cubicPieces
			for i := 1; i <= n; i++ {
				j := n - i
				b := func(k int) int {
					return (j*j*j*from[k] + 3*i*j*j*p[0][k] + 3*i*i*j*p[1][k] + i*i*i*p[2][k]) / (n * n * n)
				}
				to(b(0), b(1))
			}
		}
	}
	to(start[0], start[1])
}

// rows is how many times a pixel's row is sampled from top to bottom; from left
// to right the share that is covered is exact to a 64th.
const rows = 8

type crossing struct{ x, turn int }

// fill paints what the outline winds around (non-zero winding, as fonts mean
// it), darker where more of a pixel is covered.
func (o *outline) fill(img *image.Paletted, ramp uint8) {
	if len(o.edges) == 0 {
		return
	}
	top, bottom, left, right := o.edges[0].y0, o.edges[0].y0, o.edges[0].x0, o.edges[0].x0
	for _, e := range o.edges {
		top, bottom = min(top, e.y0, e.y1), max(bottom, e.y0, e.y1)
		left, right = min(left, e.x0, e.x1), max(right, e.x0, e.x1)
	}
	b := image.Rect(left>>6, top>>6, right>>6+1, bottom>>6+1).Intersect(img.Rect)
	covered := make([]int, b.Dx()+1)
	var xs []crossing
	var near []edge // those that the row of pixels meets
	for py := b.Min.Y; py < b.Max.Y; py++ {
		clear(covered)
		near = near[:0]
		for _, e := range o.edges {
			if min(e.y0, e.y1) < (py+1)<<6 && max(e.y0, e.y1) >= py<<6 {
				near = append(near, e)
			}
		}
		for s := range rows {
			y := py<<6 + s*64/rows + 32/rows
			xs = xs[:0]
			for _, e := range near {
				if turn := 1; (e.y0 <= y) != (e.y1 <= y) {
					if e.y1 < e.y0 {
						turn = -1
					}
					xs = append(xs, crossing{e.x0 + (y-e.y0)*(e.x1-e.x0)/(e.y1-e.y0), turn})
				}
			}
			slices.SortFunc(xs, func(a, b crossing) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.turn, b.turn)) })
			winding := 0
			for i, c := range xs {
				if winding != 0 {
					cover(covered, xs[i-1].x-b.Min.X<<6, c.x-b.Min.X<<6)
				}
				winding += c.turn
			}
		}
		for i, n := range covered[:b.Dx()] {
			if shade := uint8(min(n, rows*64) * (shades - 1) / (rows * 64)); shade > 0 {
				at := img.PixOffset(b.Min.X+i, py)
				if old := img.Pix[at]; old < ramp || old >= ramp+shades || old < ramp+shade {
					img.Pix[at] = ramp + shade
				}
			}
		}
	}
}

// cover adds the span from x0 to x1, in 64ths, to the pixels of a row.
func cover(row []int, x0, x1 int) {
	x0, x1 = max(x0, 0), min(x1, len(row)<<6)
	for x0 < x1 {
		end := min(x1, (x0>>6+1)<<6)
		row[x0>>6] += end - x0
		x0 = end
	}
}
