// Command bench measures `blog publish` beside the tools that people put in
// its place: s5cmd, rclone and aws s3 sync.
//
//	go run ./internal/bench                                               # prints the tables
//	go run -tags hugetable ./internal/bench -write docs                   # and puts them into docs/benchmark.md
//	go run ./internal/bench -posts 100 -rounds 1 -curve "" -real=false    # a minute, to see it work
//
// The paths of 100,000 documents do not fit into a KeyValueStore. The tag
// hugetable builds this program, and the publisher that it measures on blogs of
// several sizes, with a larger one, to see what else grows; without it, a blog
// that does not fit is named in the table and has no figures.
//
// # What is measured
//
// A folder of 1,000 posts in three languages and 600 images (package corpus) is
// brought to an S3 server that is 20 ms away: once into an empty bucket, and
// again after nothing or one post changed, in the same folder and in a fresh
// checkout, in which every file is new by its modification time and nothing is
// remembered from the run before. Then the publisher alone, on larger blogs.
//
// All tools work against one server, versitygw in a process of its own
// (internal/labs3) with its objects in memory, through a proxy each
// (internal/faultproxy) that adds the distance and counts. The route table of
// the publisher is a KeyValueStore behind such a proxy
// (internal/routes/kvsfake), its renderers are Lambda functions behind others.
// Of each run are taken: wall time, the program's CPU time, its peak memory,
// requests by kind, bytes on the wire. What a run left behind is looked at: the
// objects of a sync tool, the head of the publisher.
//
// # What it needs
//
// Linux or macOS; Go and git; the network, to build s5cmd; rclone and aws if
// they are to take part: a tool that is missing is named, loudly, and left out.
// 1 GB of memory below -dir. It stops by itself after -timeout, and leaves
// nothing behind.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/bench/doc"
	"github.com/victorleungtw/blog/internal/bench/program"
)

// settings are what the flags say.
type settings struct {
	corpus  corpus.Options
	rounds  int
	rtt     time.Duration
	tools   []string
	curve   []int
	real    bool
	dir     string
	write   string
	json    string
	timeout time.Duration
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
	s := &settings{}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "Bench measures blog publish beside other tools.\n\nUsage: go run ./internal/bench [flags]\n\n")
		fs.PrintDefaults()
	}
	fs.IntVar(&s.corpus.Posts, "posts", 1000, "posts of the blog, each in three languages")
	fs.IntVar(&s.corpus.Images, "images", 600, "images of the blog")
	fs.Uint64Var(&s.corpus.Seed, "seed", 1, "of the blog's text")
	fs.IntVar(&s.rounds, "rounds", 3, "how often everything is measured; tables show the run of median wall time")
	fs.DurationVar(&s.rtt, "rtt", 20*time.Millisecond, "round trip to everything")
	tools := fs.String("tools", "blog,s5cmd,rclone,aws", "who takes part")
	curve := fs.String("curve", "1000,10000,100000", "sizes of blogs, in documents, on which the publisher is measured alone; empty for none")
	fs.BoolVar(&s.real, "real", true, "measure a first publish with real renderers too, on this machine's cores: minutes")
	fs.StringVar(&s.dir, "dir", program.Scratch(), "where the blogs and the buckets are; a file system in memory, if there is one")
	fs.StringVar(&s.write, "write", "", "put the tables and the picture into benchmark.md and benchmark.svg in this `folder`")
	fs.StringVar(&s.json, "json", "", "write every run to this `file` as JSON; - for standard output")
	fs.DurationVar(&s.timeout, "timeout", 2*time.Hour, "stop after")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("there is no argument %q; see -help", fs.Arg(0))
	}
	s.tools = strings.Split(*tools, ",")
	for _, size := range strings.FieldsFunc(*curve, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(size)
		if err != nil || n < 3 {
			return nil, fmt.Errorf("-curve: %q is not a number of documents", size)
		}
		s.curve = append(s.curve, n)
	}
	if s.rounds < 1 || s.corpus.Posts < 1 || s.corpus.Images < 1 {
		return nil, errors.New("-rounds, -posts and -images begin at 1")
	}
	return s, nil
}

// say reports how far a measurement is, to standard error.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (s *settings) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("stopped after %v (-timeout)", s.timeout))
	defer cancel()
	dir, err := os.MkdirTemp(s.dir, "blog-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tools, err := findTools(ctx, dir, s.tools)
	if err != nil {
		return err
	}
	for _, t := range tools {
		if t.Missing != "" {
			say("MISSING: %s takes no part: %s", t.Name, t.Missing)
		} else {
			say("%s %s", t.Name, t.Version)
		}
	}
	srv, err := startServer(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.stop()) }()
	r := &report{Huge: isHuge(), Machine: doc.Machine(), When: time.Now().UTC().Format(time.DateOnly), RTT: s.rtt.String(), Rounds: s.rounds, Tools: tools}
	u := &suite{server: srv, dir: dir, rtt: s.rtt, say: say}
	// What was measured before a failure is worth seeing.
	failed := s.measure(ctx, u, r)
	if failed != nil && ctx.Err() != nil {
		failed = context.Cause(ctx)
	}
	return errors.Join(failed, s.publish(r, failed == nil))
}

func (s *settings) measure(ctx context.Context, u *suite, r *report) error {
	tr, err := newTree(filepath.Join(u.dir, "tree"), s.corpus)
	if err != nil {
		return err
	}
	r.Corpus, r.Post = tr.stats, len(corpus.EditOne(s.corpus, 1).Body)
	if r.Samples, err = u.compare(ctx, r.Tools, tr, s.rounds); err != nil {
		return err
	}
	ours := r.ours()
	if s.real && ours != nil {
		say("with a renderer that renders, on the same cores")
		if r.Real, err = u.visit(ctx, ours, tr, steps, 0, realRenderers); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(tr.dir); err != nil {
		return err
	}
	if ours == nil || len(s.curve) == 0 {
		return nil
	}
	if isHuge() {
		if ours, err = findBlog(ctx, u.dir, hugeTable); err != nil {
			return err
		}
	}
	r.Curve, r.Unfit, err = u.curve(ctx, ours, s.curve, s.corpus, s.rounds)
	return err
}

// publish prints the report, and puts it where it was asked for.
func (s *settings) publish(r *report, whole bool) error {
	fmt.Println(r.tables())
	if s.json != "" {
		b, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if s.json == "-" {
			fmt.Println(string(b))
		} else if err := os.WriteFile(s.json, append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	if s.write == "" {
		return nil
	}
	if !whole {
		return fmt.Errorf("%s stays as it was: not everything could be measured", filepath.Join(s.write, "benchmark.md"))
	}
	return r.write(s.write)
}
