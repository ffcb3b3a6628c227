package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/bench/doc"
	"github.com/victorleungtw/blog/internal/bench/program"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/routes"
)

// step is one thing that a tool is measured at. The steps of a repetition are
// done one after the other, on one place.
type step string

const (
	first        step = "first publish"
	nothing      step = "nothing changed"
	one          step = "one post changed"
	nothingFresh step = "nothing changed, fresh checkout"
	oneFresh     step = "one post changed, fresh checkout"
	newFresh     step = "one post new, fresh checkout" // of the curve alone
)

var steps = []step{first, nothing, one, nothingFresh, oneFresh}

// sample is one run of one tool.
type sample struct {
	Tool      string  `json:"tool"`
	Step      step    `json:"step"`
	Round     int     `json:"round"`
	Documents int     `json:"documents"`
	Wall      float64 `json:"wall"` // seconds
	CPU       float64 `json:"cpu"`  // seconds, the tool's own
	RSS       int64   `json:"rss"`  // bytes, at the peak
	Pages     int     `json:"pages,omitempty"`
	traffic
}

// s3 is the number of requests to the S3 of the region that got most.
func (s sample) s3() int {
	n := 0
	for _, r := range s.S3 {
		n = max(n, total(r))
	}
	return n
}

// requests are those to all services, the S3 of one region counted.
func (s sample) requests() int { return s.s3() + total(s.KVS) + s.Invoke }

func total(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

// tree is the folder that is published.
type tree struct {
	dir   string
	opts  corpus.Options
	stats corpus.Stats
	extra []string // files that the corpus has not
}

func newTree(dir string, o corpus.Options) (*tree, error) {
	stats, err := corpus.Write(dir, o)
	return &tree{dir: dir, opts: o, stats: stats}, err
}

// longAgo is when the files of a folder that nobody touched were written.
var longAgo = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// restore makes the folder what it was at first.
func (t *tree) restore() error {
	if err := t.write(corpus.EditOne(t.opts, 0)); err != nil {
		return err
	}
	for _, name := range t.extra {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	t.extra = nil
	return t.touch(longAgo)
}

// touch gives every file a modification time: now is what a fresh checkout has.
func (t *tree) touch(when time.Time) error {
	return filepath.WalkDir(t.dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.Chtimes(name, when, when)
	})
}

func (t *tree) write(e corpus.Edit) error {
	name := filepath.Join(t.dir, "content", filepath.FromSlash(e.File))
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		t.extra = append(t.extra, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
	}
	return os.WriteFile(name, e.Body, 0o644)
}

// contents are the files below content: their number and bytes.
func (t *tree) contents() (n int, size int64, err error) {
	err = filepath.WalkDir(filepath.Join(t.dir, "content"), func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		n, size = n+1, size+info.Size()
		return nil
	})
	return n, size, err
}

// settle is how old a folder is when it is brought somewhere for the first time.
// The publisher remembers nothing of files that were touched in the two seconds
// before it read them, as git does; a folder that was written in the same moment
// is no author's.
const settle = 3 * time.Second

// prepare does to the folder, and to what the tool remembers, what a step
// begins with.
func prepare(s step, t *tree, p *place, round int) error {
	var err error
	switch s {
	case first:
		err = t.restore()
		time.Sleep(settle)
	case one:
		err = t.write(corpus.EditOne(t.opts, 2*round+1))
	case oneFresh:
		err = t.write(corpus.EditOne(t.opts, 2*round+2))
	case newFresh:
		err = t.write(corpus.NewPost(t.opts, round))
	}
	if err != nil {
		return err
	}
	switch s {
	case nothingFresh, oneFresh, newFresh:
		return errors.Join(t.touch(time.Now()), os.RemoveAll(p.cache()))
	}
	return nil
}

// run measures one step, and looks whether it did what it is for: a tool that
// does nothing is fast.
func run(ctx context.Context, t *tool, p *place, tr *tree, s step, round int, rtt time.Duration) (sample, error) {
	out := sample{Tool: t.Name, Step: s, Round: round, Documents: tr.stats.Documents}
	if err := prepare(s, tr, p, round); err != nil {
		return out, err
	}
	before := 0
	if t.ours {
		head, _, err := release.ReadHead(ctx, p.bucket(p.regions[0]))
		if err != nil {
			return out, err
		}
		before = head.N
	}
	env := p.environment()
	if t.env != nil {
		env = append(env, t.env(p)...)
	}
	rendered := 0
	for _, r := range p.regions {
		if r.standin != nil {
			rendered -= r.standin.count()
		}
	}
	p.reset()
	used, _, err := program.Measure(ctx, env, t.command(p, tr.dir))
	drain(rtt)
	out.traffic = p.reset()
	for _, r := range p.regions {
		if r.standin != nil {
			rendered += r.standin.count()
		}
	}
	out.Wall, out.CPU, out.RSS, out.Pages = used.Wall.Seconds(), used.CPU.Seconds(), used.RSS, rendered/max(1, len(p.regions))
	if err != nil {
		return out, err
	}
	if out.Failures > 0 {
		return out, fmt.Errorf("%d requests found no server behind the proxy", out.Failures)
	}
	if t.ours {
		return out, checkOurs(ctx, p, tr, out, before)
	}
	n, size, err := p.server.contents(ctx, p.regions[0].bucket, "")
	if err != nil {
		return out, err
	}
	if wantN, wantSize, err := tr.contents(); err != nil || n != wantN || size != wantSize {
		return out, fmt.Errorf("the bucket has %d objects of %d bytes, the folder %d of %d (%v)", n, size, wantN, wantSize, err)
	}
	return out, nil
}

// checkOurs looks whether a release became current in every region, or none,
// and what was written for it.
func checkOurs(ctx context.Context, p *place, tr *tree, sm sample, before int) error {
	idle := sm.Step == nothing || sm.Step == nothingFresh
	for i, r := range p.regions {
		head, _, err := release.ReadHead(ctx, p.bucket(r))
		if err != nil {
			return err
		}
		if idle != (head.N == before) {
			return fmt.Errorf("region %d: release %d is current, and %d was before", i, head.N, before)
		}
		if n, _, err := p.server.contents(ctx, r.bucket, "asset/"); err != nil || n != tr.stats.Images {
			return fmt.Errorf("region %d has %d of %d images (%v)", i, n, tr.stats.Images, err)
		}
	}
	if p.regions[0].standin != nil && idle != (sm.Pages == 0) {
		return fmt.Errorf("%d pages were asked for", sm.Pages)
	}
	return nil
}

// suite is a whole measurement.
type suite struct {
	server *server
	dir    string
	rtt    time.Duration
	say    func(format string, args ...any)
}

// compare measures every tool at every step, as often as rounds says. The
// tools take turns, and another one begins each time, so that what else the
// machine does is spread over all of them.
func (u *suite) compare(ctx context.Context, tools []*tool, tr *tree, rounds int) ([]sample, error) {
	var out []sample
	for round := range rounds {
		for i := range tools {
			t := tools[(i+round)%len(tools)]
			if t.Missing != "" {
				continue
			}
			samples, err := u.visit(ctx, t, tr, steps, round, t.renderers)
			out = append(out, samples...)
			if err != nil {
				return out, fmt.Errorf("%s: %w", t.Name, err)
			}
		}
	}
	return out, nil
}

// visit measures the steps of one tool on a place of its own.
func (u *suite) visit(ctx context.Context, t *tool, tr *tree, steps []step, round int, how renderers) ([]sample, error) {
	p, err := u.server.newPlace(ctx, filepath.Join(u.dir, fmt.Sprintf("place-%d", u.server.buckets)), t.regions, u.rtt, how)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var out []sample
	for i, s := range steps {
		// A later step of the same name has another edit.
		sm, err := run(ctx, t, p, tr, s, round*len(steps)+i, u.rtt)
		if err != nil {
			return out, fmt.Errorf("%s: %w", s, err)
		}
		out = append(out, sm)
		u.say("%-18s %-34s %6.2f s %5d MiB  %s", t.Name, s, sm.Wall, sm.RSS>>20, describe(sm.traffic))
	}
	return out, nil
}

// curve measures the publisher on blogs of several sizes.
// Unfit are the sizes that were refused.
func (u *suite) curve(ctx context.Context, t *tool, sizes []int, o corpus.Options, rounds int) (out []sample, unfit []int, err error) {
	todo := []step{first}
	for range rounds {
		todo = append(todo, nothingFresh, oneFresh, one, newFresh)
	}
	for _, documents := range sizes {
		dir := filepath.Join(u.dir, fmt.Sprintf("tree-%d", documents))
		o := o
		o.Posts = (documents + 2) / 3
		o.Images = min(o.Images, o.Posts)
		u.say("a blog of %d documents", 3*o.Posts)
		tr, err := newTree(dir, o)
		if err != nil {
			return out, unfit, err
		}
		samples, err := u.visit(ctx, t, tr, todo, 0, t.renderers)
		os.RemoveAll(dir)
		out = append(out, samples...)
		if err != nil && strings.Contains(err.Error(), routes.ErrLimit.Error()) {
			u.say("%d documents do not fit into the route table", 3*o.Posts)
			unfit = append(unfit, 3*o.Posts)
		} else if err != nil {
			return out, unfit, fmt.Errorf("%d documents: %w", 3*o.Posts, err)
		}
	}
	return out, unfit, nil
}

// describe is a line about what went over the wire.
func describe(t traffic) string {
	var all []string
	for i, r := range t.S3 {
		s := kinds(r)
		if i > 0 {
			s = "standby " + s
		}
		all = append(all, s)
	}
	if len(t.KVS) > 0 {
		all = append(all, kinds(t.KVS))
	}
	if t.Invoke > 0 {
		all = append(all, fmt.Sprintf("%d Invoke", t.Invoke))
	}
	b, _ := json.Marshal(all)
	return fmt.Sprintf("%s, %s up, %s down", b, doc.Bytes(t.Up), doc.Bytes(t.Down))
}

// kinds lists requests: "3 PUT object, 1 LIST".
func kinds(m map[string]int) string {
	out := ""
	for _, k := range slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(m[b]-m[a], cmp.Compare(a, b)) }) {
		if out != "" {
			out += ", "
		}
		out += fmt.Sprintf("%d %s", m[k], k)
	}
	return cmp.Or(out, "none")
}

// pick returns the sample of a tool at a step whose wall time is the median.
func pick(samples []sample, tool string, s step, documents int) (sample, bool) {
	var of []sample
	for _, sm := range samples {
		if sm.Tool == tool && sm.Step == s && (documents == 0 || sm.Documents == documents) {
			of = append(of, sm)
		}
	}
	if len(of) == 0 {
		return sample{}, false
	}
	slices.SortFunc(of, func(a, b sample) int { return cmp.Compare(a.Wall, b.Wall) })
	return of[(len(of)-1)/2], true
}
