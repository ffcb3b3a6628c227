package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/renderer"
	blogs3 "github.com/victorleungtw/blog/internal/store/s3"
)

// served is what was measured of the function on one blog.
type served struct {
	documents   int
	ready       []time.Duration
	first, lazy firstPage // that is stored; that is not yet
	stored      []took    // pages, warm
	made        []took    // the same, that nobody has made yet
	opening     took      // the question that reads the index
	cold, warm  []took    // questions: whose texts were not read before, and again
	idle        int64     // memory at the start, bytes
	pages       int64     // and at most after pages
	questions   int64     // and after questions
	batch       int64     // another function, after a publisher's batch
	index       int64     // bytes of what is searched
	corpus      int64     // bytes of the documents
}

// firstPage is the first that a function is asked for.
type firstPage struct {
	took  []time.Duration
	alone []time.Duration // its requests to S3 by themselves
	trips int             // of those one after the other
	keys  int             // requests for the key
}

// functions measures the renderer on blogs, the largest last.
func (s *settings) functions(ctx context.Context, dir string, blogs []*blog, r *report) (err error) {
	s.say("building the functions")
	w, err := newWorld(ctx, dir, s.rtt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	r.Zip = w.zipped
	for i, b := range blogs {
		p, err := b.plan(ctx)
		if err != nil {
			return err
		}
		bucket := fmt.Sprintf("readers-%d", i)
		one, err := s.function(ctx, w, b, p, bucket, r)
		if err != nil {
			return fmt.Errorf("a blog of %d documents: %w", b.stats.Documents, err)
		}
		r.Served = append(r.Served, one)
		if i == len(blogs)-1 {
			if err := s.hello(ctx, w, bucket, r); err != nil {
				return err
			}
			return s.baselines(ctx, p, r)
		}
	}
	return nil
}

// hello measures what an invocation costs a function that does nothing.
func (s *settings) hello(ctx context.Context, w *world, bucket string, r *report) error {
	f, err := w.start(ctx, w.hello, bucket)
	if err != nil {
		return err
	}
	defer f.stop()
	for i := range 100 + s.requests { // the first are to warm up
		t, err := f.measure(func() error {
			_, err := f.api.Answer(f.ctx, []byte("{}"))
			return err
		})
		if err != nil {
			return err
		}
		if i >= 100 {
			r.Nothing = append(r.Nothing, t)
		}
	}
	return nil
}

// function measures the renderer on one blog.
func (s *settings) function(ctx context.Context, w *world, b *blog, p *planned, bucket string, r *report) (*served, error) {
	out := &served{documents: b.stats.Documents, corpus: b.stats.DocumentBytes}
	if _, err := w.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		return nil, err
	}
	s.say("%d documents: filling the bucket", out.documents)
	direct := blogs3.New(w.client, bucket)
	if err := p.upload(ctx, direct); err != nil {
		return nil, err
	}
	// A third of the posts are stored, a third are not yet, a third are for the
	// functions that make their first page.
	var posts [3][]plan.Page
	for i, pg := range p.of(recipe.Post) {
		posts[i%3] = append(posts[i%3], pg)
	}
	stored, made, fresh := posts[0], posts[1], posts[2]
	index := p.of(recipe.Search, recipe.SearchLang, recipe.SearchPart)
	local := &renderer.Renderer{Bucket: direct, Log: slog.New(slog.DiscardHandler), Quick: true}
	for _, pg := range append(stored[:len(stored):len(stored)], index...) {
		if _, err := local.Do(ctx, renderer.Request{Render: []string{pg.Digest}}); err != nil {
			return nil, err
		}
	}
	for _, pg := range index {
		obj, err := direct.Get(ctx, "page/"+pg.Digest)
		if err != nil {
			return nil, err
		}
		out.index += int64(len(obj.Body))
	}

	for i := range s.starts {
		if err := s.startOnce(ctx, w, bucket, stored[i%len(stored)], fresh[i%len(fresh)], p, out, r); err != nil {
			return nil, err
		}
	}
	s.say("%d documents: ready after %v, first page after %v more", out.documents, median(out.ready), median(out.first.took))

	f, err := w.start(ctx, w.renderer, bucket)
	if err != nil {
		return nil, err
	}
	defer f.stop()
	if out.idle, err = f.peak(); err != nil {
		return nil, err
	}
	ask := func(to *[]took, pages []plan.Page, n int) error {
		for i := range n {
			t, err := f.get("/page/" + pages[i%len(pages)].Digest + ".br")
			if err != nil {
				return err
			}
			*to = append(*to, t)
		}
		return nil
	}
	var warmUp []took
	if err := ask(&warmUp, stored, min(100, s.requests)); err != nil {
		return nil, err
	}
	if err := ask(&out.stored, stored, s.requests); err != nil {
		return nil, err
	}
	if err := ask(&out.made, made, min(len(made), s.requests)); err != nil {
		return nil, err
	}
	if out.pages, err = f.peak(); err != nil {
		return nil, err
	}
	s.say("%d documents: a stored page takes %v of CPU, one that is made %v", out.documents,
		percentile(cpus(out.stored), 50), percentile(cpus(out.made), 50))
	if err := s.search(f, p, out); err != nil {
		return nil, err
	}
	if out.questions, err = f.peak(); err != nil {
		return nil, err
	}
	out.batch, err = s.batch(ctx, w, bucket, fresh)
	return out, err
}

// startOnce starts the function twice, for a page that is stored and one that is
// not, and hello between them.
func (s *settings) startOnce(ctx context.Context, w *world, bucket string, stored, fresh plan.Page, p *planned, out *served, r *report) error {
	first := func(to *firstPage, pg plan.Page, requests []request) error {
		w.s3.Reset()
		w.secrets.Reset()
		f, err := w.start(ctx, w.renderer, bucket)
		if err != nil {
			return err
		}
		defer f.stop()
		out.ready = append(out.ready, f.ready)
		t, err := f.get("/page/" + pg.Digest + ".br")
		if err != nil {
			return err
		}
		to.took = append(to.took, t.wall)
		// Besides those it reads the head, to have a connection, and stores a text
		// beside the page, at the same time.
		to.trips = len(requests)
		if sent := w.s3.Reset().Total(); sent < to.trips || sent > to.trips+2 {
			s.say("a first page took %d requests to S3, and not %d, %d or %d", sent, to.trips, to.trips+1, to.trips+2)
		}
		to.keys = max(to.keys, w.secrets.Reset().Total())
		alone, err := w.alone(ctx, bucket, requests)
		to.alone = append(to.alone, alone)
		return err
	}
	br := "page/" + stored.Digest + ".br"
	if err := first(&out.first, stored, []request{{key: br}}); err != nil {
		return err
	}
	hello, err := w.start(ctx, w.hello, bucket)
	if err != nil {
		return err
	}
	r.Hello = append(r.Hello, hello.ready)
	hello.stop()
	page, err := render.Render(ctx, fresh.Recipe, p)
	if err != nil {
		return err
	}
	err = first(&out.lazy, fresh, []request{
		{key: "alone/none"}, {key: "alone/none"}, {key: "recipe/" + fresh.Digest},
		{key: "src/" + fresh.Recipe.Post.Source.Digest}, {put: true, key: "alone/page", body: page.Body},
	})
	if err != nil {
		return err
	}
	// The next one is to find it missing too.
	for _, suffix := range renderer.Suffixes(true) {
		key := "page/" + fresh.Digest + suffix
		if _, err := w.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			return err
		}
	}
	return nil
}

// search asks questions.
func (s *settings) search(f *running, p *planned, out *served) error {
	root := p.of(recipe.Search)[0].Digest
	ask := func(q string) (took, error) { return f.get("/search/" + root + "?q=" + url.QueryEscape(q)) }
	questions := questionsOf(p, s.requests)
	var err error
	if out.opening, err = ask(questions[0]); err != nil {
		return err
	}
	for _, to := range []*[]took{&out.cold, &out.warm} {
		for _, q := range questions[1:] {
			t, err := ask(q)
			if err != nil {
				return err
			}
			*to = append(*to, t)
		}
	}
	s.say("%d documents: a question takes %v of CPU, 95 of 100 at most %v", out.documents, percentile(cpus(out.cold), 50), percentile(cpus(out.cold), 95))
	return nil
}

// questionsOf are two words, or four characters, of the titles of posts, evenly
// over the blog, each once.
func questionsOf(p *planned, most int) []string {
	posts := p.of(recipe.Post)
	seen := map[string]bool{}
	var out []string
	step := max(1, len(posts)/(most+1))
	for i := 0; i < len(posts) && len(out) <= most; i += step {
		title := posts[i].Recipe.Title
		var q string
		if r, words := []rune(title), strings.Fields(title); len(words) > 2 {
			q = words[i%(len(words)-2)] + " " + words[i%(len(words)-2)+1]
		} else if len(r) > 8 {
			q = string(r[i%(len(r)-8):][:4])
		}
		if q != "" && !seen[q] {
			seen[q] = true
			out = append(out, q)
		}
	}
	return out
}

// batch is the memory of a function that makes pages for a publisher, with the
// variants that are stored.
func (s *settings) batch(ctx context.Context, w *world, bucket string, posts []plan.Page) (int64, error) {
	f, err := w.start(ctx, w.renderer, bucket)
	if err != nil {
		return 0, err
	}
	defer f.stop()
	var digests []string
	for _, pg := range posts[:min(len(posts), 40)] {
		digests = append(digests, fmt.Sprintf("%q", pg.Digest))
	}
	if _, err := f.api.Answer(f.ctx, []byte(`{"render":[`+strings.Join(digests, ",")+`]}`)); err != nil {
		return 0, err
	}
	return f.peak()
}

// baselines measures, in this process, what the posts of a blog take without a
// function around: goldmark alone, and package render.
func (s *settings) baselines(ctx context.Context, p *planned, r *report) error {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM))
	posts := p.of(recipe.Post)
	var out bytes.Buffer
	bare := func(pg plan.Page) error {
		_, body, _ := dialect.SplitFrontMatter(p.sources[pg.Recipe.Post.Source.Digest])
		out.Reset()
		return md.Convert(body, &out)
	}
	whole := func(pg plan.Page) error {
		_, err := render.Render(ctx, pg.Recipe, p)
		return err
	}
	for _, what := range []struct {
		to *[]time.Duration
		do func(plan.Page) error
	}{{&r.Goldmark, bare}, {&r.Render, whole}} {
		for i := range min(len(posts), 100) + s.requests { // the first are to warm up
			before, err := cpuOf(os.Getpid())
			if err != nil {
				return err
			}
			if err := what.do(posts[i%len(posts)]); err != nil {
				return err
			}
			after, err := cpuOf(os.Getpid())
			if err != nil {
				return err
			}
			if i >= min(len(posts), 100) {
				*what.to = append(*what.to, after-before)
			}
		}
	}
	return nil
}
