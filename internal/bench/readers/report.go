package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/bench/doc"
	"github.com/victorleungtw/blog/internal/bench/program"
)

// report is all that was measured.
type report struct {
	Machine, When, Version string
	RTT                    time.Duration
	Rounds                 int
	Corpus                 corpus.Stats
	Ours, Hugo             *generator // Hugo is nil when it took no part
	Zip                    int64
	Hello                  []time.Duration // start to ready
	Nothing                []took          // invocations of hello, warm
	Goldmark, Render       []time.Duration // CPU for a post
	Served                 []*served       // the largest blog last
}

func (r *report) largest() *served { return r.Served[len(r.Served)-1] }

// percentile is the value that so many of a hundred do not exceed.
func percentile[T cmp.Ordered](of []T, percent int) T {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[(len(sorted)*percent+99)/100-1]
}

func median[T cmp.Ordered](of []T) T { return percentile(of, 50) }

func cpus(of []took) []time.Duration {
	out := make([]time.Duration, len(of))
	for i, t := range of {
		out[i] = t.cpu
	}
	return out
}

func walls(of []took) []time.Duration {
	out := make([]time.Duration, len(of))
	for i, t := range of {
		out[i] = t.wall
	}
	return out
}

// typical is the run of median wall time.
func typical(of []program.Usage) program.Usage {
	sorted := slices.SortedFunc(slices.Values(of), func(a, b program.Usage) int { return cmp.Compare(a.Wall, b.Wall) })
	return sorted[(len(sorted)-1)/2]
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
func millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

// by is how many times b fits into a.
func by[T time.Duration | int64 | int](a, b T) float64 { return float64(a) / float64(b) }

var sectionOrder = []string{"readers", "readers-targets", "pages", "function", "search"}

// sections are the parts of docs/benchmark.md that a measurement rewrites, by
// the name in their markers.
func (r *report) sections() map[string]string {
	return map[string]string{
		"readers": r.setting(), "readers-targets": r.targets(), "pages": r.pages(), "function": r.function(), "search": r.search(),
	}
}

// tables are all sections, for a terminal.
func (r *report) tables() string {
	sections := r.sections()
	var out []string
	for _, name := range sectionOrder {
		out = append(out, sections[name])
	}
	return strings.Join(out, "\n\n")
}

func (r *report) setting() string {
	who := "blog " + r.Version
	if r.Hugo != nil {
		who += ", Hugo " + r.Hugo.version + " without cgo"
	}
	return fmt.Sprintf("Measured on %s: %s. %s documents (%s), %v round trip to S3; whole blogs made %s each, medians. %s.",
		r.When, r.Machine, doc.Thousands(r.Corpus.Documents), doc.Bytes(r.Corpus.DocumentBytes), r.RTT, times(r.Rounds), who)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// targets compares the figures with what is promised.
func (r *report) targets() string {
	var all doc.Targets
	if h := r.Hugo; h != nil {
		o, ours, theirs := r.Ours, typical(r.Ours.whole), typical(h.whole)
		off := by(o.total(), h.total())
		all.Add("files written, the more by the fewer", max(off, 1/off), 1.05, "%.3f")
		all.Add("all pages, wall by Hugo's", by(ours.Wall, theirs.Wall), 0.25, "%.2f")
		all.Add("its memory by Hugo's", by(ours.RSS, theirs.RSS), 0.25, "%.2f")
		all.Add("an edit until it is seen in `blog preview`, by `hugo` again", by(median(o.server), typical(h.again).Wall), 0.1, "%.3f")
		all.Add("the same by `hugo server`, warm", by(median(o.server), median(h.server)), 1.0/3, "%.2f")
	}
	s, small := r.largest(), r.Served[0]
	gold := median(r.Goldmark)
	all.Add("function, start to ready, by hello", by(median(s.ready), median(r.Hello)), 2, "%.2f")
	all.Add("first page, stored, by its requests to S3 alone", by(median(s.first.took), median(s.first.alone)), 3, "%.2f")
	all.Add("first page that is not stored yet, by its requests to S3 alone", by(median(s.lazy.took), median(s.lazy.alone)), 3, "%.2f")
	all.Add("warm, a stored page: CPU by goldmark's for the post, p50", by(percentile(cpus(s.stored), 50), gold), 2, "%.2f")
	all.Add("the same, p99 by goldmark's p50", by(percentile(cpus(s.stored), 99), gold), 6, "%.2f")
	all.Add("rendering a post and no more: CPU by goldmark's, p50", by(percentile(r.Render, 50), gold), 2, "%.2f")
	all.Add("the same, p99 by goldmark's p50", by(percentile(r.Render, 99), gold), 6, "%.2f")
	all.Add("the function's zip file, MB", float64(r.Zip)/1e6, 8, "%.2f")
	all.Add("memory after pages and questions, MiB", float64(s.questions)/(1<<20), 64, "%.0f")
	name := fmt.Sprintf("%s documents by %s: ", doc.Thousands(s.documents), doc.Thousands(small.documents))
	all.Add(name+"start to ready", by(median(s.ready), median(small.ready)), 1.2, "%.2f")
	all.Add(name+"first page", by(median(s.first.took), median(small.first.took)), 1.2, "%.2f")
	all.Add(name+"CPU of a stored page", by(median(cpus(s.stored)), median(cpus(small.stored))), 1.2, "%.2f")
	all.Add(name+"CPU of a page that is made", by(median(cpus(s.made)), median(cpus(small.made))), 1.2, "%.2f")
	all.Add(name+"memory after pages", by(s.pages, small.pages), 1.2, "%.2f")
	all.Add("search, first asked: p95 by making one post's page", by(percentile(walls(s.cold), 95), median(walls(s.made))), 5, "%.2f")
	all.Add("the same in CPU", by(percentile(cpus(s.cold), 95), median(cpus(s.made))), 5, "%.2f")
	all.Add("the index, percent of the documents", 100*by(s.index, s.corpus), 15, "%.1f")
	return all.Table()
}

// pages is the table beside Hugo.
func (r *report) pages() string {
	var out strings.Builder
	cells := []string{"", "blog"}
	if r.Hugo != nil {
		cells = append(cells, "Hugo")
	}
	out.WriteString(doc.Header(cells...))
	line := func(what string, of func(g *generator) string) {
		cells := []string{what, of(r.Ours)}
		if r.Hugo != nil {
			cells = append(cells, of(r.Hugo))
		}
		out.WriteString(doc.Row(cells...))
	}
	line("files written", func(g *generator) string {
		var parts []string
		for _, ext := range slices.SortedFunc(maps.Keys(g.files), func(a, b string) int { return cmp.Or(g.files[b]-g.files[a], cmp.Compare(a, b)) }) {
			parts = append(parts, fmt.Sprintf("%s %s", doc.Thousands(g.files[ext]), cmp.Or(ext, "without an end")))
		}
		return doc.Thousands(g.total()) + ": " + strings.Join(parts, ", ")
	})
	usage := func(runs []program.Usage) string {
		if len(runs) == 0 {
			return "–"
		}
		u := typical(runs)
		return fmt.Sprintf("%s, %.1f s of CPU, %s", seconds(u.Wall), u.CPU.Seconds(), mebibytes(u.RSS))
	}
	line("all pages", func(g *generator) string { return usage(g.whole) })
	line("all again, one post changed", func(g *generator) string { return usage(g.again) })
	line("preview, or server: from its start to the first page", func(g *generator) string { return seconds(g.serverReady) })
	line("from an edit until it is seen", func(g *generator) string {
		return fmt.Sprintf("%s (%.2f to %.2f), %.2f s of CPU", seconds(median(g.server)), slices.Min(g.server).Seconds(), slices.Max(g.server).Seconds(), g.serverCPU.Seconds())
	})
	line("its memory", func(g *generator) string { return mebibytes(g.serverRSS) })
	return strings.TrimSpace(out.String())
}

// function is the table of the renderer.
func (r *report) function() string {
	var out strings.Builder
	cells := []string{"documents"}
	for _, s := range r.Served {
		cells = append(cells, doc.Thousands(s.documents))
	}
	out.WriteString(doc.Header(append(cells, "baseline")...))
	line := func(what, baseline string, of func(s *served) string) {
		cells := []string{what}
		for _, s := range r.Served {
			cells = append(cells, of(s))
		}
		out.WriteString(doc.Row(append(cells, baseline)...))
	}
	large := r.largest()
	spread := func(of []time.Duration) string {
		return fmt.Sprintf("p50 %s, p99 %s", millis(percentile(of, 50)), millis(percentile(of, 99)))
	}
	first := func(f firstPage) string {
		return fmt.Sprintf("its %s: %s", doc.Plural(f.trips, "round trip"), millis(median(f.alone)))
	}
	line("start to ready", "hello: "+millis(median(r.Hello)), func(s *served) string { return millis(median(s.ready)) })
	line("first page, stored", first(large.first), func(s *served) string { return millis(median(s.first.took)) })
	line("first page, made then", first(large.lazy), func(s *served) string { return millis(median(s.lazy.took)) })
	line("warm, a stored page, CPU", "goldmark: "+spread(r.Goldmark)+"; hello: "+spread(cpus(r.Nothing)), func(s *served) string { return spread(cpus(s.stored)) })
	line("the same, wall", "", func(s *served) string { return spread(walls(s.stored)) })
	line("warm, a page that is made, CPU", "rendering alone: "+spread(r.Render), func(s *served) string { return spread(cpus(s.made)) })
	line("the same, wall", "", func(s *served) string { return spread(walls(s.made)) })
	line("memory, started", "", func(s *served) string { return mebibytes(s.idle) })
	line("memory, after pages", "", func(s *served) string { return mebibytes(s.pages) })
	line("memory, after questions too", "", func(s *served) string { return mebibytes(s.questions) })
	line("memory of another, after a batch of 40 posts", "", func(s *served) string { return mebibytes(s.batch) })
	return strings.TrimSpace(out.String()) + fmt.Sprintf("\n\nThe function's zip file has %s. Starting, it reads the key of its door, in %s, and the head, to have a connection; the first page waits for both.", doc.Bytes(r.Zip), doc.Plural(large.first.keys, "request"))
}

// search is the table of questions.
func (r *report) search() string {
	var out strings.Builder
	out.WriteString(doc.Header("documents", "index", "the question that reads it", "first asked", "asked again", "a post's page, made"))
	spread := func(of []took) string {
		return fmt.Sprintf("p50 %s, p95 %s; CPU %s, %s", millis(percentile(walls(of), 50)), millis(percentile(walls(of), 95)),
			millis(percentile(cpus(of), 50)), millis(percentile(cpus(of), 95)))
	}
	for _, s := range r.Served {
		out.WriteString(doc.Row(doc.Thousands(s.documents), fmt.Sprintf("%s, %.1f %%", doc.Bytes(s.index), 100*by(s.index, s.corpus)),
			fmt.Sprintf("%s; CPU %s", millis(s.opening.wall), millis(s.opening.cpu)), spread(s.cold), spread(s.warm), spread(s.made)))
	}
	return strings.TrimSpace(out.String())
}
