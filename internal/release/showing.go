package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/shown"
	"github.com/victorleungtw/blog/internal/store"
)

// showing reads every recipe of every region, and finds those that show
// something of the post at a path, or a text that is taken down already. Files
// are those of the post, and those left before, that no other recipe shows.
func (p *Publisher) showing(ctx context.Context, path string, before *TakenDown) (*TakenDown, error) {
	recipes, err := p.recipes(ctx)
	if err != nil {
		return nil, err
	}
	text := set(before.Sources)
	for _, r := range recipes {
		if r.Path == path && r.Post != nil {
			text[r.Post.Source.Digest] = true
		}
	}
	out := &TakenDown{Sources: slices.Sorted(maps.Keys(text))}
	gone, kept := set(before.Files), map[string]bool{}
	for digest, r := range recipes {
		posts := shown.Posts(r)
		if !slices.Contains(posts, path) && !slices.ContainsFunc(r.Sources(), func(d string) bool { return text[d] }) {
			maps.Copy(kept, set(shown.Assets(r)))
			continue
		}
		out.Digests = append(out.Digests, digest)
		if r.Path == path {
			maps.Copy(gone, set(shown.Assets(r)))
		}
		tags, _ := shown.Tags(r)
		if !slices.Contains(strings.Split(tags, ","), shown.Tag(path)) {
			for _, suffix := range renderer.Suffixes(true) {
				out.Purge = append(out.Purge, "/page/"+digest+suffix)
			}
		}
	}
	out.Purge = append(out.Purge, "#"+shown.Tag(path))
	maps.DeleteFunc(gone, func(key string, _ bool) bool { return kept[key] })
	out.Files = slices.Sorted(maps.Keys(gone))
	return out, nil
}

// recipes are all that the record has, by digest.
func (p *Publisher) recipes(ctx context.Context) (map[string]*recipe.Recipe, error) {
	out := map[string]*recipe.Recipe{}
	var mu sync.Mutex
	for _, r := range p.Regions {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(p.workers())
		for key, err := range r.Bucket.List(ctx, "recipe/") {
			if err != nil {
				return nil, errors.Join(fmt.Errorf("%s: %w", r.Name, err), g.Wait())
			}
			digest := strings.TrimPrefix(key, "recipe/")
			mu.Lock()
			_, known := out[digest]
			mu.Unlock()
			if known {
				continue
			}
			g.Go(func() error {
				obj, err := r.Bucket.Get(ctx, key)
				if errors.Is(err, store.ErrNotExist) {
					return nil // deleted meanwhile
				}
				if err != nil {
					return err
				}
				// Not recipe.Decode: those of other versions count too.
				var rec recipe.Recipe
				if err := json.Unmarshal(obj.Body, &rec); err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
				mu.Lock()
				defer mu.Unlock()
				out[digest] = &rec
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return out, nil
}

// unused fails while the current release, one to come, or a branch shows what
// is to go. It returns the objects that they need.
func (p *Publisher) unused(ctx context.Context, s state, t *TakenDown) (need, error) {
	going := set(t.Digests)
	text, used := need{}, need{}
	for _, d := range t.Sources {
		text["src/"+d] = true
	}
	for _, n := range s.head.releases() {
		m, err := p.manifest(ctx, n)
		if err != nil {
			return nil, err
		}
		pages, err := m.Pages()
		if err != nil {
			return nil, err
		}
		// The page itself first: it is what the author knows.
		for _, path := range append([]string{t.Path}, slices.Sorted(maps.Keys(pages))...) {
			if going[pages[path]] {
				return nil, &ShownError{t.Path, fmt.Sprintf("release %d", n), path}
			}
		}
		for _, key := range m.Objects {
			used[key] = true
			if text[key] {
				return nil, &ShownError{t.Path, fmt.Sprintf("release %d", n), "/" + key}
			}
		}
	}
	branches, err := p.branches(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(branches)) {
		n := branches[name]
		maps.Copy(used, n)
		if slices.ContainsFunc(t.Digests, func(d string) bool { return n[d] }) || slices.ContainsFunc(t.Sources, func(d string) bool { return n["src/"+d] }) {
			return nil, &ShownError{t.Path, "branch " + name, ""}
		}
	}
	return used, nil
}
