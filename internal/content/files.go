package content

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/victorleungtw/blog/internal/picture"
	"github.com/victorleungtw/blog/internal/store"
)

// fact is what was read out of a file. It holds as long as the file's stamp is
// the same.
type fact struct {
	stamp
	sum           [sha256.Size]byte
	width, height int          // of an image
	trouble       string       // why an image has no size
	audio         string       // what the bytes of an audio file are: a media type, or empty
	pic           picture.Info // of an image that variants are made of
	svg           cleaned
}

// assetTypes are the files that a post may show or link to. What is not here
// is refused: an unknown type would be served as one that a browser guesses.
var assetTypes = map[string]string{
	".avif": "image/avif", ".gif": "image/gif", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".png": "image/png", ".svg": "image/svg+xml", ".webp": "image/webp",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".opus": "audio/ogg",
	".mp4": "video/mp4", ".webm": "video/webm", ".vtt": "text/vtt; charset=utf-8",
	".pdf": "application/pdf", ".zip": "application/zip", ".csv": "text/csv; charset=utf-8",
	".json": "application/json", ".txt": "text/plain; charset=utf-8",
}

func typeOf(name string) string { return assetTypes[strings.ToLower(path.Ext(name))] }

func isMarkdown(name string) bool {
	ext := path.Ext(name)
	return ext == ".md" || ext == ".markdown"
}

// inHidden says that name begins with a dot, or a folder that it is in does.
// Such files are other programs' (.git) and are neither read nor published.
func inHidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") && part != ".." { // which the root refuses
			return true
		}
	}
	return false
}

var errFolder = errors.New("is a folder")

// stamp asks for a file's stamp. A symbolic link has that of what it names.
func (l *Loader) stamp(name string) (stamp, error) {
	info, err := l.root.Stat(name)
	if err != nil {
		return stamp{}, err
	}
	if info.IsDir() {
		return stamp{}, &fs.PathError{Op: "read", Path: name, Err: errFolder}
	}
	return stampOf(info), nil
}

// open opens a file. A plain one, which a walk found in folders that are no
// symbolic links, is opened by its path: an os.Root opens each folder on the way,
// and a blog has thousands of files.
func (l *Loader) open(name string, plain bool) (*os.File, error) {
	if !plain || noFollow == 0 {
		return l.root.Open(name)
	}
	return os.OpenFile(filepath.Join(l.dir, filepath.FromSlash(name)), os.O_RDONLY|noFollow, 0)
}

// examine hashes a file and reads the size of an image, through buf. Plain is
// as for open.
func (l *Loader) examine(name string, plain bool, buf []byte) (*fact, error) {
	f, err := l.open(name, plain)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errFolder}
	}
	out := &fact{stamp: stampOf(info)}
	h := sha256.New()
	for first := true; ; first = false {
		n, err := io.ReadFull(f, buf)
		h.Write(buf[:n])
		if first && strings.HasPrefix(typeOf(name), "image/") {
			if err := out.measure(f, buf[:n], strings.ToLower(path.Ext(name))); err != nil {
				return nil, err
			}
		} else if first && strings.HasPrefix(typeOf(name), "audio/") {
			out.audio = audioType(buf[:n])
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		} else if err != nil {
			return nil, err
		}
	}
	h.Sum(out.sum[:0])
	return out, nil
}

// measure reads the size of the image in f, which is nearly always in its head.
func (out *fact) measure(f io.ReaderAt, head []byte, ext string) error {
	if ext == ".svg" {
		if err := out.clean(f); err != nil {
			return err
		}
	}
	var ok bool
	if out.pic, ok = picture.Inspect(f, out.size); ok {
		out.width, out.height = out.pic.Width, out.pic.Height
		return nil
	}
	w, h, err := imageSize(bytes.NewReader(head), ext)
	if err != nil && !errors.Is(err, image.ErrFormat) && int64(len(head)) < out.size {
		w, h, err = imageSize(io.NewSectionReader(f, 0, out.size), ext)
	}
	out.width, out.height = w, h
	if err != nil {
		out.trouble = err.Error()
	}
	return nil
}

// found is a file that documents name: its fact, or why it could not be read,
// or neither when it is not there.
type found struct {
	*fact
	err error
}

// find reads the named files, unless what is known of them still holds.
func (l *Loader) find(ctx context.Context, names []string) (map[string]found, error) {
	list := make([]found, len(names))
	err := each(ctx, len(names), func(i int, buf []byte) error {
		st, err := l.stamp(names[i])
		switch known := l.facts[names[i]]; {
		case err != nil: // not there, or a link that leaves the folder
		case st.size > MaxAsset:
			list[i].fact = &fact{stamp: st} // asset refuses it
		case known != nil && known.stamp == st:
			list[i].fact = known
		default:
			list[i].fact, list[i].err = l.examine(names[i], false, buf)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string]found, len(names))
	for i, f := range list {
		out[names[i]] = f
		if f.fact != nil && f.size <= MaxAsset {
			l.learn(names[i], f.fact)
		}
	}
	return out, nil
}

// complaint is why a file cannot be an asset. Whoever names the file knows
// whether that is an error.
type complaint struct{ hint, message string }

func complain(hint, format string, args ...any) *complaint {
	return &complaint{hint, fmt.Sprintf(format, args...)}
}

// file is what is known of a file that a document names.
func (b *builder) file(name string) (*fact, *complaint) {
	ext := strings.ToLower(path.Ext(name))
	switch {
	case assetTypes[ext] == "":
		return nil, complain("convert it to a type that browsers show, or put it in a .zip", "%s: files of type %q are not published", name, ext)
	case inHidden(name):
		return nil, complain("move it: names that begin with a dot are other programs' business", "%s is hidden, and not published", name)
	}
	f := b.files[name]
	switch {
	case f.err != nil:
		return nil, complain("check the file and its permissions", "%s cannot be read: %v", name, f.err)
	case f.fact == nil:
		return nil, complain("check the name, and that the file lies inside the content folder", "there is no file %s", name)
	case f.size > MaxAsset:
		return nil, complain("make it smaller, or host it elsewhere and link to it", "%s has %d MB; a file may have %d MB", name, f.size>>20, MaxAsset>>20)
	}
	return f.fact, nil
}

// asset makes an asset of a file that a document names, and adds it to the site.
func (b *builder) asset(name string) (Asset, *fact, *complaint) {
	f, no := b.file(name)
	if no != nil {
		return Asset{}, nil, no
	}
	if set, ok := b.variants(name, f); ok {
		return b.add(name, f, set.Whole), f, nil
	}
	ext := strings.ToLower(path.Ext(name))
	a := Asset{
		Key:  "asset/" + hex.EncodeToString(f.sum[:]) + ext,
		File: name,
		Meta: store.Meta{ContentType: assetTypes[ext], CacheControl: store.Immutable},
		Body: b.loader.body(name, f.size, f.sum),
	}
	if ext == ".svg" {
		if no := b.svg(&a, f); no != nil {
			return Asset{}, nil, no
		}
	}
	b.site.Assets[a.Key] = a
	if f.trouble != "" {
		b.unmeasured[name] = f.trouble
	}
	return a, f, nil
}
