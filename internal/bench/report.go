package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/bench/doc"
	"github.com/victorleungtw/blog/internal/routes"
)

// report is all that was measured.
type report struct {
	Machine string       `json:"machine"`
	When    string       `json:"when"`
	RTT     string       `json:"rtt"`
	Rounds  int          `json:"rounds"`
	Corpus  corpus.Stats `json:"corpus"`
	Post    int          `json:"post"` // bytes of the post that is edited
	Tools   []*tool      `json:"tools"`
	Samples []sample     `json:"samples"`
	Real    []sample     `json:"real,omitempty"`
	Curve   []sample     `json:"curve,omitempty"`
	Unfit   []int        `json:"unfit,omitempty"` // sizes of the curve that the route table has no room for
	Huge    bool         `json:"huge,omitempty"`  // the curve's table was larger than AWS's
}

// ours is the publisher with one region; nil when it takes no part.
func (r *report) ours() *tool {
	for _, t := range r.Tools {
		if t.ours && t.regions == 1 {
			return t
		}
	}
	return nil
}

func (r *report) pick(tool string, s step) (sample, bool) { return pick(r.Samples, tool, s, 0) }

// sections are the parts of docs/benchmark.md that a measurement rewrites, by
// the name in their markers.
func (r *report) sections() map[string]string {
	out := map[string]string{"setting": r.setting(), "wall": r.wall(), "cost": r.cost(), "targets": r.targets()}
	if len(r.Real) > 0 {
		out["real"] = r.real()
	}
	if len(r.Curve) > 0 {
		out["curve"] = r.curve()
	}
	return out
}

var sectionOrder = []string{"setting", "targets", "wall", "cost", "real", "curve"}

// tables are all sections, for a terminal.
func (r *report) tables() string {
	sections := r.sections()
	var out []string
	for _, name := range sectionOrder {
		if s := sections[name]; s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, "\n\n")
}

func (r *report) setting() string {
	var who, missing []string
	for _, t := range r.Tools {
		switch {
		case t.Missing != "":
			missing = append(missing, t.Name)
		case t.ours && t.regions > 1:
		default:
			who = append(who, t.Name+" "+t.Version)
		}
	}
	out := fmt.Sprintf("Measured on %s: %s. %d documents (%s), %d images (%s), %s round trip; median of %s. %s.",
		r.When, r.Machine, r.Corpus.Documents, doc.Bytes(r.Corpus.DocumentBytes), r.Corpus.Images, doc.Bytes(r.Corpus.ImageBytes),
		r.RTT, doc.Plural(r.Rounds, "run"), strings.Join(who, ", "))
	if len(missing) > 0 {
		out += " **Not measured, because they are not on this machine: " + strings.Join(missing, ", ") + ".**"
	}
	return out
}

// wall is the table of wall times.
func (r *report) wall() string {
	cells := []string{"seconds"}
	for _, s := range steps {
		cells = append(cells, string(s))
	}
	var out strings.Builder
	out.WriteString(doc.Header(cells...))
	for _, t := range r.Tools {
		cells := []string{t.Name}
		for _, s := range steps {
			if sm, ok := r.pick(t.Name, s); ok {
				cells = append(cells, fmt.Sprintf("%.2f", sm.Wall))
			}
		}
		if len(cells) > 1 {
			out.WriteString(doc.Row(cells...))
		}
	}
	return strings.TrimSpace(out.String())
}

// cost is the table of what the steps cost besides time.
func (r *report) cost() string {
	var out strings.Builder
	out.WriteString(doc.Header("step", "tool", "requests to S3", "others", "up", "down", "connections", "CPU", "memory"))
	for _, s := range steps {
		for _, t := range r.Tools {
			sm, ok := r.pick(t.Name, s)
			if !ok {
				continue
			}
			var s3 []string
			for _, region := range sm.S3 {
				s3 = append(s3, kinds(region))
			}
			out.WriteString(doc.Row(string(s), t.Name, strings.Join(s3, "; standby: "), others(sm.traffic), doc.Bytes(sm.Up), doc.Bytes(sm.Down),
				fmt.Sprint(sm.Conns), fmt.Sprintf("%.1f s", sm.CPU), fmt.Sprintf("%d MiB", sm.RSS>>20)))
		}
	}
	return strings.TrimSpace(out.String())
}

// others are the requests that are not to S3.
func others(t traffic) string {
	var all []string
	if total(t.KVS) > 0 {
		all = append(all, kinds(t.KVS))
	}
	if t.Invoke > 0 {
		all = append(all, fmt.Sprintf("%d Invoke", t.Invoke))
	}
	return strings.Join(all, ", ")
}

// targets compares the figures with what the publisher promises.
func (r *report) targets() string {
	var all doc.Targets
	add := all.Add
	oneRegion, twoRegions := "blog", "blog, 2 regions"
	peer, _ := r.best(first)
	if a, ok := r.pick(oneRegion, first); ok && peer > 0 {
		add("first publish, wall by that of the best peer", a.Wall/peer, 0.7, "%.2f")
		if b, ok := r.pick(twoRegions, first); ok {
			add("the same to two regions", b.Wall/peer, 1.2, "%.2f")
		}
	}
	most := int64(0)
	for _, sm := range r.Samples {
		if sm.Tool == oneRegion || sm.Tool == twoRegions {
			most = max(most, sm.RSS)
		}
	}
	if most > 0 {
		add("memory of any run, MiB", float64(most)/(1<<20), 128, "%.0f")
	}
	s5nothing, s5ok := r.pick("s5cmd", nothing)
	s5one, _ := r.pick("s5cmd", one)
	if a, ok := r.pick(oneRegion, nothingFresh); ok {
		add("nothing changed, fresh checkout: requests to S3", float64(a.s3()), 1, "%.0f")
		if s5ok {
			add("its wall by that of s5cmd, in the folder that it knows", a.Wall/s5nothing.Wall, 0.4, "%.2f")
		}
	}
	if a, ok := r.pick(oneRegion, nothing); ok && s5ok {
		add("the same with what the run before remembered", a.Wall/s5nothing.Wall, 0.25, "%.2f")
	}
	for _, name := range []string{oneRegion, twoRegions} {
		a, ok := r.pick(name, oneFresh)
		if !ok {
			continue
		}
		add(name+": one post changed, fresh checkout: requests to S3, a region", float64(a.s3()), 8, "%.0f")
		add(name+": calls of the key-value store", float64(total(a.KVS)), 2, "%.0f")
		add(name+": sent, a region, KB (the post and 20)", float64(a.BodyUp)/float64(len(a.S3))/1000, float64(r.Post)/1000+20, "%.1f")
		if s5ok {
			add(name+": its wall by that of s5cmd, in the folder that it knows", a.Wall/s5one.Wall, 0.8, "%.2f")
		}
	}
	for _, s := range []step{nothingFresh, oneFresh, newFresh} {
		if requests, bytes, n := r.growth(s); n > 1 {
			add(fmt.Sprintf("%s, on %s and %s documents: requests, most by fewest", s, doc.Thousands(r.sizes()[0]), doc.Thousands(r.sizes()[n-1])), requests, 1, "%.2f")
			add("its bytes on the wire, most by fewest", bytes, 4, "%.1f")
		}
	}
	return all.Table()
}

// growth compares a step on the sizes of the curve, in the round that cost
// most: the most requests, and bytes both ways, by the fewest. n is the number
// of sizes.
func (r *report) growth(s step) (requests, bytes float64, n int) {
	var q, b []float64
	for _, size := range r.sizes() {
		var requests, bytes float64
		for _, sm := range r.Curve {
			if sm.Step == s && sm.Documents == size {
				requests, bytes = max(requests, float64(sm.requests())), max(bytes, float64(sm.Up+sm.Down))
			}
		}
		if requests > 0 {
			q, b = append(q, requests), append(b, bytes)
		}
	}
	if len(q) < 2 {
		return 0, 0, len(q)
	}
	return slices.Max(q) / slices.Min(q), slices.Max(b) / slices.Min(b), len(q)
}

// best is the shortest wall time of a peer at a step.
func (r *report) best(s step) (wall float64, name string) {
	for _, t := range r.Tools {
		if sm, ok := r.pick(t.Name, s); ok && !t.ours && (wall == 0 || sm.Wall < wall) {
			wall, name = sm.Wall, t.Name
		}
	}
	return wall, name
}

// real is what making the pages adds on this machine.
func (r *report) real() string {
	var out strings.Builder
	out.WriteString(doc.Header("seconds, blog with one region", "a renderer that makes no page", "the renderer, on the same cores"))
	for _, s := range steps {
		with, ok := pick(r.Real, "blog", s, 0)
		without, ok2 := r.pick("blog", s)
		if ok && ok2 {
			out.WriteString(doc.Row(string(s), fmt.Sprintf("%.2f", without.Wall), fmt.Sprintf("%.2f", with.Wall)))
		}
	}
	return strings.TrimSpace(out.String())
}

// sizes are the numbers of documents of the curve, ascending.
func (r *report) sizes() []int {
	var out []int
	for _, sm := range r.Curve {
		out = append(out, sm.Documents)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// curve is the table of one change on blogs of several sizes.
func (r *report) curve() string {
	var out strings.Builder
	out.WriteString(doc.Header("documents", "step", "pages made", "S3", "key-value store", "Invoke", "bodies up", "wire up", "wire down", "at most", "wall", "CPU", "memory"))
	for _, n := range r.sizes() {
		for _, s := range []step{first, nothingFresh, one, oneFresh, newFresh} {
			sm, ok := pick(r.Curve, "blog", s, n)
			if !ok {
				continue
			}
			var most int64
			for _, other := range r.Curve {
				if other.Step == s && other.Documents == n {
					most = max(most, other.Down)
				}
			}
			out.WriteString(doc.Row(doc.Thousands(n), string(s), fmt.Sprint(sm.Pages), fmt.Sprint(sm.s3()), fmt.Sprint(total(sm.KVS)), fmt.Sprint(sm.Invoke),
				doc.Bytes(sm.BodyUp), doc.Bytes(sm.Up), doc.Bytes(sm.Down), doc.Bytes(most), fmt.Sprintf("%.2f s", sm.Wall), fmt.Sprintf("%.1f s", sm.CPU), fmt.Sprintf("%d MiB", sm.RSS>>20)))
		}
	}
	for _, n := range r.Unfit {
		out.WriteString(doc.Row(doc.Thousands(n), "does not fit into the route table", "", "", "", "", "", "", "", "", "", "", ""))
	}
	if r.Huge {
		fmt.Fprintf(&out, "\nMeasured with a route table of %s, where AWS gives 5 MiB: the largest that fits there has some 37,000 documents.\n", doc.Bytes(routes.MaxTable))
	}
	return strings.TrimSpace(out.String())
}

// write puts the sections between their markers in folder/benchmark.md, and
// draws folder/benchmark.svg.
func (r *report) write(folder string) error {
	if err := doc.Write(filepath.Join(folder, "benchmark.md"), r.sections()); err != nil || len(r.Curve) == 0 {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "benchmark.svg"), []byte(r.plot()), 0o644)
}
