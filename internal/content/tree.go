package content

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/victorleungtw/blog/internal/config"
)

// Tree names everything that Load would build a site from: the name and the
// bytes of each file that could matter, and the options. Equal trees are equal
// sites at every moment, if the same program loads them (package plan knows
// about that); a different tree may still be the same site. The moment itself,
// Options.Now, is not in it: see Until. Nothing is parsed, and problems are
// Load's to find.
//
// The digest is hexadecimal. The error is for a folder that cannot be read; a
// file that cannot is a part of the tree, as such.
func (l *Loader) Tree(ctx context.Context) (digest string, err error) {
	began := l.clock()
	l.remember()
	list, err := l.scan(ctx)
	if err != nil {
		return "", err
	}
	facts := make([]*fact, len(list))
	texts := make([][]byte, len(list))
	var held atomic.Int64
	err = each(ctx, len(list), func(i int, buf []byte) error {
		e := &list[i]
		switch known := l.facts[e.name]; {
		case e.err != nil:
		case e.stamp.size > MaxAsset:
			e.err = errLarge // whatever it holds, it is not published
		case known != nil && known.stamp == e.stamp:
			facts[i] = known
		default:
			facts[i], e.err = l.examine(e.name, e.plain, buf)
			if e.err == nil && isMarkdown(e.name) && facts[i].size < maxText && held.Add(facts[i].size) <= maxTexts {
				texts[i] = bytes.Clone(buf[:facts[i].size])
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	clear(l.texts)
	for i, src := range texts {
		if src != nil {
			l.texts[list[i].name] = text{facts[i].stamp, src}
		}
	}

	h := sha256.New()
	options, err := json.Marshal(struct {
		Site          config.Site
		Drafts, Timed bool
	}{l.opts.Site, l.opts.Drafts, !l.opts.Now.IsZero()})
	if err != nil {
		return "", fmt.Errorf("encoding the options: %w", err)
	}
	fmt.Fprintf(h, "%s\n", options)
	present := make(map[string]*fact, len(list))
	for i, e := range list {
		if e.link != "" {
			fmt.Fprintf(h, "%q is %q\n", e.name, e.link)
		}
		if e.err != nil {
			fmt.Fprintf(h, "%q: %q\n", e.name, e.err)
			continue
		}
		fmt.Fprintf(h, "%q %x\n", e.name, facts[i].sum)
		l.learn(e.name, facts[i])
		present[e.name] = facts[i]
	}
	if len(present) < len(l.facts) { // what is gone is forgotten
		l.facts, l.state.dirty = present, true
	}
	l.keep(began)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// input is a file that the site could be built from.
type input struct {
	name  string
	stamp stamp
	plain bool   // a file and not a symbolic link
	link  string // what a symbolic link says
	err   error  // why it cannot be read
}

// scan finds every file that Load could read, by name.
func (l *Loader) scan(ctx context.Context) ([]input, error) {
	var out []input
	err := fs.WalkDir(l.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		base := path.Base(name)
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case strings.HasPrefix(base, ".") && e.IsDir():
			return fs.SkipDir
		case strings.HasPrefix(base, ".") && base != authorsName, e.IsDir():
			return nil
		}
		in := input{name: name, plain: e.Type().IsRegular()}
		if e.Type()&fs.ModeSymlink != 0 { // of any name: Load may report it
			if in.link, err = l.root.Readlink(name); err != nil {
				return err
			}
		} else if !isMarkdown(name) && typeOf(name) == "" && name != mkdocsName && name != redirectsName && base != authorsName {
			return nil
		}
		in.stamp, in.err = l.stampOf(name, e)
		out = append(out, in)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the content folder: %w", err)
	}
	slices.SortFunc(out, func(a, b input) int { return cmp.Compare(a.name, b.name) })
	return out, nil
}

var errLarge = errors.New("too large")
