// Command readers measures what readers wait for: how fast pages are made,
// beside Hugo; what the renderer takes as the Lambda function that it is; and
// what a search takes.
//
//	go run ./internal/bench/readers                                   # prints the tables
//	go run ./internal/bench/readers -write docs                       # and puts them into docs/benchmark.md
//	go run ./internal/bench/readers -posts 100 -rounds 1 -hugo=false  # a minute, to see it work
//
// # What is measured
//
// All of it on the blog of package corpus: 1,000 posts in three languages, with
// lists, tags, years, feeds in three formats, and sitemaps.
//
// Pages: the whole blog made from its folder into another (readers/pages), by
// Hugo from the same files into as many pages; the site's settings and layouts
// are in the folder hugo. Hugo's layouts leave out what it has no counterpart of:
// related posts, the index for search, each page's text in Markdown. Then one
// sentence more in one post: until it is seen over HTTP in `blog preview` and in
// `hugo server`, both warm, and until `hugo` has built the site again.
//
// The function: the program that is deployed, compiled for this machine, behind
// the runtime API (internal/runtimeapi), with S3 and Secrets Manager at a
// distance behind TLS (internal/labs3, internal/faultproxy). Each figure stands
// beside a baseline of the same run: a function that says hello; the same
// requests to S3 by a client that does nothing else; goldmark's conversion of
// the same posts, with GFM and nothing more. CPU time is the process's own, from
// one request for work to the next.
//
// Search: questions of two words or four characters, each asked once and then
// again, to the same function.
//
// # What it needs
//
// Linux, whose clock of another process's CPU time it reads; Go and git; the
// network, to build Hugo. 1 GB of memory below -dir. It stops by itself after
// -timeout, and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/bench/doc"
	"github.com/victorleungtw/blog/internal/bench/program"
)

// settings are what the flags say.
type settings struct {
	posts    int
	seed     uint64
	rounds   int
	edits    int
	starts   int
	requests int
	rtt      time.Duration
	pause    time.Duration
	hugo     bool
	dir      string
	write    string
	timeout  time.Duration
	say      func(format string, args ...any)
}

func main() {
	program.Main(func(ctx context.Context, args []string) error {
		s, err := parse(args)
		if err != nil {
			return err
		}
		return s.run(ctx)
	})
}

func parse(args []string) (*settings, error) {
	s := &settings{say: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	fs := flag.NewFlagSet("readers", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "Readers measures how fast pages are made and served.\n\nUsage: go run ./internal/bench/readers [flags]\n\n")
		fs.PrintDefaults()
	}
	fs.IntVar(&s.posts, "posts", 1000, "posts of the blog, each in three languages")
	fs.Uint64Var(&s.seed, "seed", 1, "of the blog's text")
	fs.IntVar(&s.rounds, "rounds", 3, "how often a whole blog is made; tables show the median")
	fs.IntVar(&s.edits, "edits", 7, "how often one post is changed and looked for; the median")
	fs.IntVar(&s.starts, "starts", 15, "how often a function is started; the median")
	fs.IntVar(&s.requests, "requests", 1000, "requests to a warm function, of each kind of which there are so many")
	fs.DurationVar(&s.rtt, "rtt", 2*time.Millisecond, "round trip from the function to S3")
	fs.DurationVar(&s.pause, "pause", time.Second, "between two changes of a post")
	fs.BoolVar(&s.hugo, "hugo", true, "build Hugo "+hugoVersion+" and measure it")
	fs.StringVar(&s.dir, "dir", program.Scratch(), "where the blogs and the bucket are; a file system in memory, if there is one")
	fs.StringVar(&s.write, "write", "", "put the tables into benchmark.md in this `folder`")
	fs.DurationVar(&s.timeout, "timeout", time.Hour, "stop after")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("there is no argument %q; see -help", fs.Arg(0))
	case s.posts < 10, s.rounds < 1, s.edits < 1, s.starts < 1, s.requests < 1:
		return nil, errors.New("-posts begins at 10, -rounds, -edits, -starts and -requests at 1")
	case s.write != "" && !s.hugo:
		return nil, errors.New("-write needs Hugo's figures: leave -hugo=false out")
	}
	return s, nil
}

func (s *settings) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("stopped after %v (-timeout)", s.timeout))
	defer cancel()
	dir, err := os.MkdirTemp(s.dir, "blog-readers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r, err := s.measure(ctx, dir)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Println(r.tables())
	if s.write == "" {
		return nil
	}
	return doc.Write(filepath.Join(s.write, "benchmark.md"), r.sections())
}

func (s *settings) measure(ctx context.Context, dir string) (*report, error) {
	r := &report{Machine: doc.Machine(), When: time.Now().UTC().Format(time.DateOnly), RTT: s.rtt, Rounds: s.rounds}
	var err error
	if r.Version, err = program.Describe(ctx); err != nil {
		return r, err
	}
	large, err := newBlog(filepath.Join(dir, "blog"), corpus.Options{Posts: s.posts, Images: 1, Seed: s.seed})
	if err != nil {
		return r, err
	}
	r.Corpus = large.stats
	if err := s.generators(ctx, dir, large, r); err != nil {
		return r, err
	}
	small, err := newBlog(filepath.Join(dir, "small"), corpus.Options{Posts: max(s.posts/10, 10), Images: 1, Seed: s.seed})
	if err != nil {
		return r, err
	}
	return r, s.functions(ctx, dir, []*blog{small, large}, r)
}
