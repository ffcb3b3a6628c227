package content

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/victorleungtw/blog/internal/picture"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/svg"
)

// Broken tells the loader of a file that cannot be decoded (picture.BrokenError):
// the sites that it builds from now on have it as it is, with a warning. Who
// publishes finds it out, because it takes as long as making the variants.
func (l *Loader) Broken(sum [sha256.Size]byte, why string) {
	if l.broken == nil {
		l.broken = map[[sha256.Size]byte]string{}
	}
	l.broken[sum] = why
}

// variants are what is made of an image; false for one that is published as it is.
func (b *builder) variants(name string, f *fact) (picture.Set, bool) {
	if !b.site.Config.Images || f.pic.Format == "" {
		return picture.Set{}, false
	}
	if why, ok := b.loader.broken[f.sum]; ok {
		b.warnOnce(name, "open it in an image editor and save it again", "the image is damaged, and is published as it is, with all that it says of its origin: %s", why)
		return picture.Set{}, false
	}
	return picture.SetOf(f.sum, f.pic), true
}

// add adds a variant to the site.
func (b *builder) add(name string, f *fact, v picture.Variant) Asset {
	a := Asset{Key: v.Key, File: name, Meta: v.Meta, Body: b.loader.body(name, f.size, f.sum), Variant: &v}
	b.site.Assets[a.Key] = a
	return a
}

// picture makes assets of an image that a document shows, and adds them to the
// site. Alone leaves out the variants: for what shows one file.
func (b *builder) picture(name string, alone bool) (recipe.Image, *complaint) {
	f, no := b.file(name)
	if no != nil {
		return recipe.Image{}, no
	}
	set, ok := b.variants(name, f)
	if !ok {
		a, f, no := b.asset(name)
		if no != nil {
			return recipe.Image{}, no
		}
		return recipe.Image{URL: "/" + a.Key, Width: f.width, Height: f.height}, nil
	}
	b.add(name, f, set.Shown)
	img := recipe.Image{URL: "/" + set.Shown.Key, Width: set.Shown.Width, Height: set.Shown.Height}
	if alone || len(set.Scaled) == 0 {
		return img, nil
	}
	for _, v := range set.Scaled {
		b.add(name, f, v)
	}
	img.Set, img.Widths = "/"+set.Base, set.Widths
	return img, nil
}

// mustPicture is picture for an image that the page is wrong without.
func (b *builder) mustPicture(name, from string, line int) (recipe.Image, bool) {
	img, no := b.picture(name, false)
	if no != nil {
		b.probs.Errorf(from, line, no.hint, "%s", no.message)
	}
	return img, no == nil
}

// warnOnce warns of a file, however many documents name it.
func (b *builder) warnOnce(name, hint, format string, args ...any) {
	if !b.warned[name] {
		b.warned[name] = true
		b.probs.Warnf(name, 0, hint, format, args...)
	}
}

// cleaned is what package svg made of a file. The zero value is of one that is no
// SVG, or has nothing to take out.
type cleaned struct {
	Sum     []byte // of what is left; nil if that is the file
	Size    int64
	Removed []string
	Refused string // why the file cannot be read
}

// clean looks for what an SVG may not hold.
func (out *fact) clean(f io.ReaderAt) error {
	if out.size > svg.MaxSize {
		out.svg.Refused = fmt.Sprintf("it has more than %d MB", svg.MaxSize>>20)
		return nil
	}
	src := make([]byte, out.size)
	if _, err := f.ReadAt(src, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	left, removed, err := svg.Clean(src)
	switch {
	case err != nil:
		out.svg.Refused = err.Error()
	case !bytes.Equal(left, src):
		sum := sha256.Sum256(left)
		out.svg = cleaned{Sum: sum[:], Size: int64(len(left)), Removed: removed}
	}
	return nil
}

// svg makes an asset what is left of its file.
func (b *builder) svg(a *Asset, f *fact) *complaint {
	c := f.svg
	if c.Refused != "" {
		return complain("save it again as plain SVG, or as a PNG", "%s cannot be read as an SVG, and so not be made safe: %s", a.File, c.Refused)
	}
	if c.Sum == nil {
		return nil
	}
	if len(c.Removed) > 0 {
		b.warnOnce(a.File, "an SVG on the blog draws, and does and fetches nothing", "published without %s", strings.Join(c.Removed, ", "))
	}
	whole := a.Body
	a.Key = "asset/" + hex.EncodeToString(c.Sum) + ".svg"
	a.Body = store.Body{Size: c.Size, SHA256: [sha256.Size]byte(c.Sum), Open: func() (io.ReadSeekCloser, error) {
		in, err := whole.Open()
		if err != nil {
			return nil, err
		}
		defer in.Close()
		src, err := io.ReadAll(io.LimitReader(in, svg.MaxSize+1))
		if err != nil {
			return nil, err
		}
		left, _, err := svg.Clean(src)
		if err != nil {
			return nil, err // it was changed since; so says its digest, too
		}
		return store.Bytes(left).Open()
	}}
	return nil
}
