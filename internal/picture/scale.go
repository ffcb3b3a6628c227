package picture

import (
	"image"
	"math"
)

// Scaling is a sum of pixels by weights, first along the rows, then along the
// columns (a Catmull-Rom kernel as wide as the step between two new pixels). The
// weights are whole numbers. They are made with floating point, where each
// product is rounded by itself: Go may fuse a product and a sum on some
// processors, but not across a conversion
// (https://go.dev/ref/spec#Floating_point_operators).

const (
	weightBits = 14
	weightOne  = 1 << weightBits
)

// weights are those of the old pixels from first on, for one new pixel.
type weights struct {
	first int
	w     []int32
}

// kernel is Catmull and Rom's cubic.
func kernel(x float64) float64 {
	x = math.Abs(x)
	x2 := float64(x * x)
	x3 := float64(x2 * x)
	switch {
	case x < 1:
		return float64(1.5*x3) - float64(2.5*x2) + 1
	case x < 2:
		return float64(-0.5*x3) + float64(2.5*x2) - float64(4*x) + 2
	}
	return 0
}

// weightsFor are for a line of from pixels that becomes one of to, no longer.
func weightsFor(from, to int) []weights {
	step := float64(from) / float64(to)
	out := make([]weights, to)
	for i := range out {
		centre := float64((float64(i)+0.5)*step) - 0.5
		reach := float64(2 * step)
		first := max(0, int(math.Ceil(centre-reach)))
		last := min(from-1, int(math.Floor(centre+reach)))
		f := make([]float64, last-first+1)
		sum := 0.0
		for k := range f {
			f[k] = kernel((float64(first+k) - centre) / step)
			sum += f[k]
		}
		w := make([]int32, len(f))
		left, peak := int32(weightOne), 0
		for k := range f {
			w[k] = int32(math.Round(f[k] / sum * weightOne))
			left -= w[k]
			if w[k] > w[peak] {
				peak = k
			}
		}
		w[peak] += left // so that one colour stays that colour
		out[i] = weights{first, w}
	}
	return out
}

// scale makes a picture smaller. Its pixels have their alpha multiplied in, so
// that what is transparent gives no colour.
func scale(src *image.RGBA, w, h int) *image.RGBA {
	sw, sh := src.Rect.Dx(), src.Rect.Dy()
	if w == sw && h == sh {
		return src
	}
	rows := image.NewRGBA(image.Rect(0, 0, w, sh))
	across := weightsFor(sw, w)
	for y := range sh {
		from, to := src.Pix[y*src.Stride:], rows.Pix[y*rows.Stride:]
		for x, ws := range across {
			sum(to[4*x:4*x+4:4*x+4], from[4*ws.first:], 4, ws.w)
		}
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y, ws := range weightsFor(sh, h) {
		from, to := rows.Pix[ws.first*rows.Stride:], out.Pix[y*out.Stride:]
		for x := range w {
			sum(to[4*x:4*x+4:4*x+4], from[4*x:], rows.Stride, ws.w)
		}
	}
	return out
}

// sum adds up pixels that are stride bytes apart.
func sum(to, from []uint8, stride int, ws []int32) {
	var r, g, b, a int32 = weightOne / 2, weightOne / 2, weightOne / 2, weightOne / 2
	at := 0
	for _, w := range ws {
		p := from[at : at+4 : at+4]
		r += w * int32(p[0])
		g += w * int32(p[1])
		b += w * int32(p[2])
		a += w * int32(p[3])
		at += stride
	}
	alpha := clamp(a>>weightBits, 255)
	to[0], to[1], to[2], to[3] = uint8(clamp(r>>weightBits, alpha)), uint8(clamp(g>>weightBits, alpha)), uint8(clamp(b>>weightBits, alpha)), uint8(alpha)
}

func clamp(v, most int32) int32 { return max(0, min(v, most)) }

// turn puts the right side up: what EXIF calls orientation 2 to 8.
func turn(src *image.RGBA, how uint8) *image.RGBA {
	if how < 2 || how > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	ow, oh := w, h
	if how >= 5 {
		ow, oh = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, ow, oh))
	for y := range oh {
		for x := range ow {
			var fx, fy int // where the pixel comes from
			switch how {
			case 2:
				fx, fy = w-1-x, y
			case 3:
				fx, fy = w-1-x, h-1-y
			case 4:
				fx, fy = x, h-1-y
			case 5:
				fx, fy = y, x
			case 6:
				fx, fy = y, h-1-x
			case 7:
				fx, fy = w-1-y, h-1-x
			case 8:
				fx, fy = w-1-y, x
			}
			copy(out.Pix[y*out.Stride+4*x:][:4], src.Pix[fy*src.Stride+4*fx:][:4])
		}
	}
	return out
}
