package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/oldurls"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/release"
)

const importHelp = `Import says what becomes of the addresses that a blog had before.

Usage: blog import urls FILE [flags]

FILE has an address or a path on each line, or is a sitemap; - is standard input.
Each of them must answer 200, or one 301 to what answers 200. Those that do not
are listed, with the page that they most likely were.

    --content DIR    the folder; content if not given. It is asked what it would
                     answer if it were published, without a server
    --config FILE    the configuration; blog.yaml if not given
    --base URL       ask a running blog instead, for example
                     https://blog.example.com; the folder is asked for what is near
    --write          add the nearest pages to DIR/redirects, for you to read
    --json           the verdicts as JSON on standard output

An example:

    $ blog import urls old.txt
    120 old URLs: 97 are here, 21 lead here in one step, 2 lead nowhere
    nowhere  /2019/05/helo/  answers 404  nearest: /2019/05/07/hello/
    nowhere  /contact.php    answers 404

Exit status 1 when an address leads nowhere.
`

// importURLs is the one thing that is imported: an old blog's addresses.
func (a *app) importURLs(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("import", flag.ContinueOnError)
	fs.StringVar(&p.content, "content", "content", "")
	fs.StringVar(&p.config, "config", "", "")
	fs.BoolVar(&p.json, "json", false, "")
	base := fs.String("base", "", "")
	write := fs.Bool("write", false, "")
	words, err := a.parseArgs(fs, importHelp, args)
	if err != nil {
		return err
	}
	if len(words) != 2 || words[0] != "urls" {
		return &usageError{"import takes the word urls and one file", "import "}
	}
	old, err := readOld(words[1])
	if err != nil {
		return err
	}
	pl, err := a.planFolder(ctx, &p)
	if err != nil {
		return err
	}
	ask, err := asker(pl, *base)
	if err != nil {
		return err
	}
	found, err := judge(ctx, ask, pl, old)
	if err != nil {
		return err
	}
	if p.json {
		if err := a.json(found); err != nil {
			return err
		}
	} else {
		a.showVerdicts(found)
	}
	if *write {
		name := filepath.Join(p.content, "redirects")
		n, err := addRedirects(name, found)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.err, "%s added to %s; read them before you publish\n", plural(n, "line"), name)
	}
	if n := lost(found); n > 0 {
		return fmt.Errorf("%s of %d lead nowhere", plural(n, "old URL"), len(found))
	}
	return nil
}

func readOld(name string) ([]oldurls.Old, error) {
	var data []byte
	var err error
	if name == "-" {
		data, err = io.ReadAll(os.Stdin)
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	old, probs := oldurls.Parse(name, data)
	if err := probs.Err(); err != nil {
		return nil, err
	}
	if len(old) == 0 {
		return nil, fmt.Errorf("%s has no address in it", name)
	}
	return old, nil
}

// planFolder is what would be published, for nobody's renderer in particular.
func (a *app) planFolder(ctx context.Context, p *place) (*plan.Plan, error) {
	cfg, err := a.configuration(p)
	if err != nil {
		return nil, err
	}
	loader, err := p.loader(cfg, "http://localhost:8080", false)
	if err != nil {
		return nil, err
	}
	defer loader.Close()
	site, probs, err := loader.Load(ctx)
	if err != nil {
		return nil, err
	}
	var pl *plan.Plan
	if site != nil {
		var more problem.List
		pl, more = plan.Build(site, "import")
		probs = append(probs, more...)
	}
	if err := probs.Err(); err != nil {
		return nil, err
	}
	return pl, nil
}

func asker(pl *plan.Plan, base string) (oldurls.Asker, error) {
	if base != "" {
		ask, err := oldurls.Running(&http.Client{Timeout: 20 * time.Second}, base)
		if err != nil {
			return nil, &usageError{"--base: " + err.Error(), "import "}
		}
		return ask, nil
	}
	return oldurls.Planned(release.Targets(pl), func(path string) bool {
		_, there := pl.Site.Assets[strings.TrimPrefix(path, "/")]
		return there
	})
}

// judge asks for every old address, and finds what is near to those that are
// lost.
func judge(ctx context.Context, ask oldurls.Asker, pl *plan.Plan, old []oldurls.Old) ([]oldurls.Verdict, error) {
	var paths []string
	for _, pg := range pl.Pages {
		switch pg.Recipe.Kind {
		case recipe.Post, recipe.List, recipe.Index, recipe.Feed:
			paths = append(paths, pg.Path)
		}
	}
	pages := oldurls.NewPages(paths)
	out := make([]oldurls.Verdict, len(old))
	for i, o := range old {
		v, err := oldurls.Check(ctx, ask, o)
		if err != nil {
			return nil, err
		}
		if !v.Kept() {
			v.Nearest = pages.Nearest(o.Path)
		}
		out[i] = v
	}
	return out, nil
}

func (a *app) showVerdicts(found []oldurls.Verdict) {
	here, moved, wide := 0, 0, 0
	for _, v := range found {
		switch {
		case v.Kept() && v.To == "":
			here++
		case v.Kept():
			moved++
		default:
			wide = max(wide, len(v.Path))
		}
	}
	fmt.Fprintf(a.out, "%s: %d are here, %d lead here in one step, %d lead nowhere\n", plural(len(found), "old URL"), here, moved, len(found)-here-moved)
	for _, v := range found {
		if v.Kept() {
			continue
		}
		near := ""
		if v.Nearest != "" {
			near = "  nearest: " + v.Nearest
		}
		fmt.Fprintf(a.out, "nowhere  %-*s  %s%s\n", wide, v.Path, v.Why, near)
	}
}

func lost(found []oldurls.Verdict) (n int) {
	for _, v := range found {
		if !v.Kept() {
			n++
		}
	}
	return n
}

// addRedirects adds to the file of old addresses what leads nowhere and is near
// to something. Its lines are the author's to judge, so each is one of its own.
func addRedirects(name string, found []oldurls.Verdict) (int, error) {
	before, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	var out strings.Builder
	n := 0
	for _, v := range found {
		if v.Kept() || v.Nearest == "" {
			continue
		}
		fmt.Fprintf(&out, "%s %s\n", v.Path, (&url.URL{Path: v.Nearest}).EscapedPath())
		n++
	}
	if n == 0 {
		return 0, nil
	}
	text := string(before)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	text += "\n# Proposed by blog import urls: check each.\n" + out.String()
	return n, os.WriteFile(name, []byte(strings.TrimPrefix(text, "\n")), 0o666)
}
