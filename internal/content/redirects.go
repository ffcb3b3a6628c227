package content

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/problem"
)

// redirectsName is the file of old addresses, at the top of the folder.
const redirectsName = "redirects"

// Place is where something was written.
type Place struct {
	File string
	Line int
}

// moved is a line of the redirects file.
type moved struct {
	from, to string
	line     int
}

// readRedirects reads the file of old addresses: one a line, and behind it where
// it leads now. A line that begins with # is a comment.
func (l *Loader) readRedirects(probs *problem.List) ([]moved, error) {
	data, err := l.root.ReadFile(redirectsName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading %s: %w", redirectsName, err)
	}
	return parseRedirects(string(data), probs), nil
}

func parseRedirects(text string, probs *problem.List) []moved {
	const hint = "write the old path and the new one, with a space between: /old/post/ /2026/03/01/post/"
	var out []moved
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) == 3 && words[2] == "301" {
			words = words[:2] // as other hosts' files of this name have it
		}
		if len(words) != 2 {
			probs.Errorf(redirectsName, n, hint, "not two paths")
			continue
		}
		m := moved{line: n}
		bad := false
		for i, to := range []*string{&m.from, &m.to} {
			path, err := url.PathUnescape(words[i])
			if why := badOldPath(path, i == 1); err != nil || why != "" {
				if err != nil {
					why = "is not escaped as in an address"
				}
				probs.Errorf(redirectsName, n, hint, "%q %s", words[i], why)
				bad = true
			}
			*to = path
		}
		if !bad {
			out = append(out, m)
		}
	}
	return out
}

// badOldPath says what is wrong with a path that somebody wrote, or "". A target
// may lead to a heading.
func badOldPath(p string, target bool) string {
	if target {
		p, _, _ = strings.Cut(p, "#")
	}
	switch {
	case !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "?#\\"):
		return "is not a path"
	case slices.Contains(strings.Split(p, "/"), ".."):
		return "has .. in it"
	}
	return ""
}

// redirects collects old addresses: those that documents and the redirects file
// name, those of the forms that the configuration says posts had, and for a
// MkDocs blog the address that a translation had before it got its language's
// prefix. The last two are guesses, and give way to whatever else there is.
func (b *builder) redirects(placed []*draft, paths map[string]string) {
	for _, d := range placed {
		doc := b.byFile[d.file]
		for _, a := range d.fm.aliases {
			if why := badOldPath(a.path, false); why != "" {
				hint := "write the path only, with a slash at its beginning: /old/post/"
				if why != "is not a path" {
					hint = "write the path as browsers ask for it"
				}
				b.probs.Errorf(d.file, a.line, hint, "aliases: %q %s", a.path, why)
				continue
			}
			b.redirect("aliases: ", "remove the alias", a.path, doc.Path, Place{d.file, a.line}, paths)
		}
	}
	for _, m := range b.moved {
		b.redirect("", "remove the line", m.from, m.to, Place{redirectsName, m.line}, paths)
	}
	b.flatten()
	b.guess(placed, paths)
}

// redirect adds an old address that somebody wrote.
func (b *builder) redirect(what, hint, from, to string, at Place, paths map[string]string) {
	if other := paths[from]; other != "" {
		b.probs.Errorf(at.File, at.Line, hint, "%s%s is the URL of %s", what, from, other)
		return
	}
	if other, dup := b.site.RedirectAt[from]; dup {
		where := other.File
		if other.File == at.File {
			where = fmt.Sprintf("line %d", other.Line)
		}
		b.probs.Errorf(at.File, at.Line, "remove one of them", "%s%s is also an old address in %s", what, from, where)
		return
	}
	b.site.Redirects[from], b.site.RedirectAt[from] = to, at
}

// flatten makes every old address lead to the end in one step.
func (b *builder) flatten() {
	end := map[string]string{}
	for from, to := range b.site.Redirects {
		for steps := 0; ; steps++ {
			path, _, _ := strings.Cut(to, "#")
			next, more := b.site.Redirects[path]
			if !more {
				next, more = b.site.Redirects[path+"/"]
			}
			if !more {
				break
			}
			if steps > len(b.site.Redirects) {
				at := b.site.RedirectAt[from]
				b.probs.Errorf(at.File, at.Line, "let one of them lead to a page", "%s leads back to itself", from)
				break
			}
			to = next
		}
		end[from] = to
	}
	b.site.Redirects = end
}

// guess adds the addresses that posts are likely to have had. One that two posts
// could have had leads nowhere.
func (b *builder) guess(placed []*draft, paths map[string]string) {
	guesses := map[string]string{}
	add := func(from, to string) {
		if other, dup := guesses[from]; dup && other != to {
			to = ""
		}
		guesses[from] = to
	}
	for _, d := range placed {
		doc := b.byFile[d.file]
		if !d.post {
			continue
		}
		year, rest, _ := strings.Cut(doc.Date, "-")
		month, day, _ := strings.Cut(rest, "-")
		parts := strings.NewReplacer("{slug}", doc.Slug, "{year}", year, "{month}", month, "{day}", day)
		home := strings.TrimSuffix(Home(b.site.Language(doc.Lang)), "/")
		for _, form := range b.site.Config.OldURLs {
			add(home+parts.Replace(form), doc.Path)
		}
		if b.layout.mkdocs && doc.Lang != b.site.Config.Languages[0].Tag {
			add("/"+b.site.format.postPath(doc.Date, doc.Slug)+"/", doc.Path)
		}
	}
	for from, to := range guesses {
		if _, taken := b.site.Redirects[from]; to != "" && paths[from] == "" && !taken {
			b.site.Redirects[from] = to
		}
	}
}
