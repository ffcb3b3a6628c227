package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/cloud"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/release"
)

// verbs are the words that a command line may begin with.
var verbs = map[string]func(*app, context.Context, []string) error{
	"preview":    (*app).preview,
	"check":      (*app).check,
	"publish":    (*app).publish,
	"diff":       (*app).diff,
	"rollback":   (*app).rollback,
	"log":        (*app).history,
	"schedule":   (*app).schedule,
	"status":     (*app).status,
	"reconcile":  (*app).reconcile,
	"smoke":      (*app).smoke,
	"share":      (*app).share,
	"branch":     (*app).branch,
	"gc":         (*app).gc,
	"import":     (*app).importURLs,
	"takedown":   (*app).takedown,
	"cost":       (*app).cost,
	"doctor":     (*app).doctor,
	"traffic":    (*app).traffic,
	"translated": (*app).translated,
}

func (a *app) run(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(a.out, usage)
		return nil
	}
	verb, ok := verbs[args[0]]
	if !ok {
		return &usageError{fmt.Sprintf("there is no command %q", args[0]), ""}
	}
	return verb(a, ctx, args[1:])
}

// parse reads a verb's flags. Help goes to standard output: it was asked for.
func (a *app) parse(fs *flag.FlagSet, help string, args []string) error {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(a.out, help)
		return &exitError{exitOK}
	case err != nil:
		return &usageError{err.Error(), fs.Name() + " "}
	case fs.NArg() > 0:
		return &usageError{fmt.Sprintf("%s takes no argument %q", fs.Name(), fs.Arg(0)), fs.Name() + " "}
	}
	return nil
}

const placeHelp = `
Where:

    --config FILE    the configuration; blog.yaml if not given. Without more,
                     the blog is the one that it describes on AWS; BLOG_ENV
                     names another environment of it, as cdk's -c env= does
    --local DIR      a folder on this machine instead, with two regions in it
    --primary ADDR --standby ADDR --routes ADDR
                     the parts one by one: dir:PATH or
                     s3://BUCKET?region=R&endpoint=URL&path_style=true, and a
                     route table in a file, or kvs:ARN?region=R&endpoint=URL
    --renderer ADDR --standby-renderer ADDR
                     with --primary and --standby, renderers that are not this
                     process: lambda:FUNCTION?region=R&endpoint=URL
    --primary REGION which of the regions decides, while the other is away:
                     one of blog.yaml's; primary or standby with --local
    --base-url URL   what canonical links and feeds begin with, when neither
                     blog.yaml nor AWS says it
`

// place is what the flags say about where the blog is.
type place struct {
	config, content                 string
	local, primary, standby, routes string
	renderer, standbyRenderer       string
	baseURL                         string
	json                            bool
}

func (p *place) flags(fs *flag.FlagSet) {
	fs.StringVar(&p.config, "config", "", "")
	fs.StringVar(&p.local, "local", "", "")
	fs.StringVar(&p.primary, "primary", "", "")
	fs.StringVar(&p.standby, "standby", "", "")
	fs.StringVar(&p.routes, "routes", "", "")
	fs.StringVar(&p.renderer, "renderer", "", "")
	fs.StringVar(&p.standbyRenderer, "standby-renderer", "", "")
	fs.StringVar(&p.baseURL, "base-url", "", "")
	fs.BoolVar(&p.json, "json", false, "")
}

// open opens the place.
func (a *app) open(ctx context.Context, p *place, cfg *config.Config) (*cloud.Cloud, error) {
	if p.primary != "" && !strings.Contains(p.primary, ":") {
		// A region's name; an address has a colon.
		q := *p
		q.primary = ""
		c, err := a.open(ctx, &q, cfg)
		if err != nil {
			return nil, err
		}
		if err := c.Prefer(p.primary); err != nil {
			return nil, &usageError{"--primary: " + err.Error(), ""}
		}
		return c, nil
	}
	opts := cloud.LocalOptions{Log: a.log(slog.LevelWarn)}
	others := p.standby + p.routes + p.renderer + p.standbyRenderer
	switch {
	case p.local != "" && p.primary+others != "":
		return nil, &usageError{"--local names all the parts; it does not go with --primary, --standby, --routes and --renderer", ""}
	case p.local != "":
		return cloud.Local(ctx, p.local, opts)
	case p.primary != "":
		if p.routes == "" {
			return nil, &usageError{"--primary needs --routes, where the route table is kept", ""}
		}
		if (p.renderer != "") != (p.standbyRenderer != "") && p.standby != "" {
			return nil, &usageError{"with two regions, --renderer and --standby-renderer go together", ""}
		}
		for _, address := range []string{p.renderer, p.standbyRenderer} {
			if address != "" {
				opts.Renderers = append(opts.Renderers, address)
			}
		}
		return cloud.Addresses(ctx, p.primary, p.standby, p.routes, opts)
	case others != "":
		return nil, &usageError{"--standby, --routes, --renderer and --standby-renderer need --primary", ""}
	}
	return cloud.AWS(ctx, cfg)
}

// configuration reads blog.yaml, for the environment that BLOG_ENV names if it
// does. The file beside a content folder elsewhere is that folder's own.
func (a *app) configuration(p *place) (*config.Config, error) {
	cfg, _, err := a.configured(p)
	return cfg, err
}

// configured is configuration with the warnings.
func (a *app) configured(p *place) (*config.Config, problem.List, error) {
	path := p.config
	if path == "" {
		path = "blog.yaml"
		if beside := filepath.Join(p.content, "..", "blog.yaml"); p.content != "" && exists(beside) {
			path = beside
		}
		if !exists(path) {
			return config.Default(), nil, nil
		}
	}
	cfg, probs := config.Load(path)
	if probs.Err() != nil {
		return nil, nil, &configError{probs}
	}
	return cfg.ForEnv(a.env("BLOG_ENV")), probs, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// loader opens the content folder.
func (p *place) loader(cfg *config.Config, base string, drafts bool) (*content.Loader, error) {
	site := cfg.Site
	if p.baseURL != "" {
		site.BaseURL = strings.TrimSuffix(p.baseURL, "/")
	}
	if site.BaseURL == "" {
		site.BaseURL = base
	}
	return content.Open(p.content, content.Options{
		Site: site, Now: time.Now(), Drafts: drafts, State: content.StateFile(p.content),
	})
}

func (a *app) publisher(c *cloud.Cloud, progress bool) *release.Publisher {
	p := &release.Publisher{
		Regions: c.Regions, Table: c.Table, Check: c.Checker, Log: a.log(slog.LevelWarn), Now: time.Now,
	}
	if progress {
		p.Progress, p.Planned = a.progress(), a.planned
	}
	return p
}

func (a *app) log(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
}

// problems prints what is wrong with the content.
func (a *app) problems(l problem.List) {
	for _, p := range l {
		fmt.Fprintln(a.err, p.String())
		if p.Hint != "" {
			fmt.Fprintf(a.err, "    hint: %s\n", p.Hint)
		}
	}
}

func (a *app) json(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// progress shows how far a step is: one line that rewrites itself on a
// terminal, a plain line at the end of each step elsewhere.
func (a *app) progress() func(step string, done, total int) {
	lines := make(chan string, 1)
	lines <- ""
	return func(step string, done, total int) {
		shown := <-lines
		defer func() { lines <- shown }()
		if total == 0 {
			return
		}
		switch line := fmt.Sprintf("%-8s %d/%d", step, done, total); {
		case a.tty && done == total:
			fmt.Fprintf(a.err, "\r\033[K%s\n", line)
		case a.tty && (done%10 == 0 || shown == ""):
			fmt.Fprintf(a.err, "\r\033[K%s", line)
		case !a.tty && done == total:
			fmt.Fprintln(a.err, line)
		}
		shown = step
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
