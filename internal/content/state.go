package content

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"

	"github.com/victorleungtw/blog/internal/picture"
)

// The state file is a digest and what it is of: a gob of every file's stamp and
// what was read out of it. It is an optimisation and nothing else. One that is
// missing, of another version, cut short or otherwise not what its digest says
// counts as empty, and nobody is told when it cannot be written.
//
// A file is taken as unchanged by its size, its times of modification and
// change, and its inode. That alone would miss a file that is written twice
// within the resolution of its times, with equal sizes: so what was touched
// less than racy before it was read is not kept, as git does with its index
// (https://git-scm.com/docs/racy-git).

const (
	stateVersion = "blog content state 3\n"
	racy         = 2 * time.Second // FAT keeps times that coarse
)

// A folder that is read in a blink needs no state: it is not written before
// this many files or bytes had to be read.
const (
	stateFiles = 256
	stateBytes = 8 << 20
)

// state is what the loader knows of its state file.
type state struct {
	read  bool // it was tried
	dirty bool // facts has more
	files int  // that were read because they were not in it
	bytes int64
}

type stateRecord struct {
	Name          string
	Size, Mod     int64
	Inode         uint64
	Change        int64
	Sum           []byte
	Width, Height int
	Trouble       string
	Audio         string
	Picture       picture.Info
	SVG           cleaned
}

// StateFile is where the state of the folder dir is kept: below the user's cache
// folder, named by the folder's absolute path. It is empty when there is no
// such place.
func StateFile(dir string) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(abs))
	return filepath.Join(cache, "blog", hex.EncodeToString(sum[:8])+".state")
}

// learn adds a fact that had to be read.
func (l *Loader) learn(name string, f *fact) {
	if l.facts[name] == f {
		return
	}
	l.facts[name] = f
	l.state.dirty = true
	l.state.files++
	l.state.bytes += f.size
}

// remember reads the state file, once.
func (l *Loader) remember() {
	if l.state.read || l.opts.State == "" {
		return
	}
	l.state.read = true
	data, err := os.ReadFile(l.opts.State)
	if err != nil {
		return
	}
	data, ok := bytes.CutPrefix(data, []byte(stateVersion))
	if !ok || len(data) < sha256.Size {
		return
	}
	sum, body := data[:sha256.Size], data[sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return
	}
	var list []stateRecord
	if gob.NewDecoder(bytes.NewReader(body)).Decode(&list) != nil {
		return
	}
	for _, r := range list {
		f := &fact{
			stamp: stamp{size: r.Size, mod: r.Mod, inode: r.Inode, change: r.Change},
			width: r.Width, height: r.Height, trouble: r.Trouble, audio: r.Audio, pic: r.Picture, svg: r.SVG,
		}
		copy(f.sum[:], r.Sum)
		l.facts[r.Name] = f
	}
}

// keep writes the state file if it would spare the next run something. What it
// holds was read after began.
func (l *Loader) keep(began time.Time) {
	s := &l.state
	if l.opts.State == "" || !s.dirty || s.files < stateFiles && s.bytes < stateBytes {
		return
	}
	s.dirty = false
	list := make([]stateRecord, 0, len(l.facts))
	sure := began.Add(-racy).UnixNano()
	for name, f := range l.facts {
		if f.mod >= sure || f.change >= sure {
			continue
		}
		list = append(list, stateRecord{
			Name: name, Size: f.size, Mod: f.mod, Inode: f.inode, Change: f.change, Sum: f.sum[:],
			Width: f.width, Height: f.height, Trouble: f.trouble, Audio: f.audio, Picture: f.pic, SVG: f.svg,
		})
	}
	var body bytes.Buffer
	if gob.NewEncoder(&body).Encode(list) != nil {
		return
	}
	sum := sha256.Sum256(body.Bytes())
	_ = writeWhole(l.opts.State, []byte(stateVersion), sum[:], body.Bytes())
}

// writeWhole writes a file that others see whole or not at all.
func writeWhole(name string, parts ...[]byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already, if all went well
	_, err = f.Write(bytes.Join(parts, nil))
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
