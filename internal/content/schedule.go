package content

import (
	"slices"
	"time"

	"github.com/victorleungtw/blog/internal/problem"
)

// MaxComing is how many of the moments that Coming lists can be prepared at
// once. What comes later needs a publish in between.
const MaxComing = 8

// Coming lists the moments after Options.Now at which posts go live, ascending,
// as the last Load found them. Drafts have none.
func (l *Loader) Coming() []time.Time {
	if l.last == nil {
		return nil
	}
	return l.coming(l.last)
}

// Until is when a release that was made from the last Load, with the next
// MaxComing moments prepared, is worth making again though nothing was edited:
// when the first of them has passed and left room for one more. Zero when all of
// them are prepared.
func (l *Loader) Until() time.Time {
	if coming := l.Coming(); len(coming) > MaxComing {
		return coming[0]
	}
	return time.Time{}
}

// At builds the site as of t from what the last Load read; the folder is not
// asked again. The list holds every problem of that site, sorted; the Site is
// nil when one of them is an error, and when nothing was loaded.
func (l *Loader) At(t time.Time) (*Site, problem.List) {
	r := l.last
	if r == nil {
		return nil, nil
	}
	probs := slices.Clone(r.probs)
	site := &Site{Config: r.config, Redirects: map[string]string{}, RedirectAt: map[string]Place{}, Assets: map[string]Asset{}, format: r.format}
	b := &builder{
		loader: l, reading: r, coming: l.coming(r), now: t, site: site, probs: &probs,
		byFile: map[string]*Document{}, hidden: map[string]string{}, wrong: map[string]bool{}, unmeasured: map[string]string{}, warned: map[string]bool{},
	}
	b.build()
	probs.Sort()
	if probs.Err() != nil {
		return nil, probs
	}
	return site, probs
}

// isComing says that what is dated at is held back at now.
func isComing(at, now time.Time) bool { return !now.IsZero() && at.After(now) }

// coming are the moments after Options.Now at which something of a reading goes
// live.
func (l *Loader) coming(r *reading) []time.Time {
	if l.opts.Drafts {
		return nil
	}
	var out []time.Time
	for _, d := range slices.Concat(r.posts, r.pages) {
		if !d.broken && !d.fm.draft && isComing(d.fm.at, l.opts.Now) {
			out = append(out, d.fm.at.In(l.zone))
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// announce says of a post that is held back when it will be live.
func (b *builder) announce(d *draft, at time.Time) {
	when := at.In(b.loader.zone).Format("2006-01-02 15:04 MST")
	i, _ := slices.BinarySearchFunc(b.coming, at, time.Time.Compare)
	if i < MaxComing {
		b.probs.Infof(d.file, d.fm.dateLine, "", "goes live by itself at %s", when)
		return
	}
	b.probs.Warnf(d.file, d.fm.dateLine, "publish again before then: only the next 8 times are prepared",
		"held back until %s", when)
}
