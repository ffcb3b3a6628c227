package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/routes"
)

// MaxShare is how long a link to a draft can be good for: a collection of
// garbage keeps drafts for as long.
const MaxShare = draftAge

// Share has one page made where only a signed link leads, and returns the path
// of such a link that is good for a while, and until when by the store's clock.
// The page is that of the plan but for two things: search engines are told to
// leave it out, and it leads to no neighbours and translations, which may be
// drafts that nobody is to see yet.
//
// The first link makes the key that all are signed with (routes.Site.ShareKey).
func (p *Publisher) Share(ctx context.Context, pl *plan.Plan, pg plan.Page, good time.Duration) (link string, until time.Time, err error) {
	if pg.Recipe.Kind != recipe.Post || pg.Recipe.Post == nil {
		return "", until, fmt.Errorf("%s is not a post and not a standing page; only these can be shared", pg.Path)
	}
	s, err := p.start(ctx)
	if err != nil {
		return "", until, err
	}
	if good <= 0 || good > MaxShare {
		return "", until, fmt.Errorf("a link can be good for up to %d hours", int(MaxShare.Hours()))
	}
	until = s.now.Add(good).UTC().Truncate(time.Second)
	m := &Manifest{}
	if s.head.N > 0 {
		if m, err = p.manifest(ctx, s.head.At(s.now)); err != nil {
			return "", until, err
		}
	}
	draft := shared(pg)
	var styles []plan.Page
	for _, other := range pl.Pages {
		if other.Recipe.Kind == recipe.Stylesheet && !slices.Contains(m.Unrouted, other.Digest) {
			styles = append(styles, other)
		}
	}
	digests := []string{draft.Digest}
	for _, style := range styles {
		digests = append(digests, style.Digest)
	}
	if err := p.mayUse(ctx, digests, objectsOf([]plan.Page{draft})); err != nil {
		return "", until, err
	}
	if _, _, err := p.provide(ctx, pl, m, styles, false); err != nil {
		return "", until, err
	}
	if _, _, err := p.provide(ctx, pl, m, []plan.Page{draft}, true); err != nil {
		return "", until, err
	}
	key, err := p.shareKey(ctx, false)
	if err != nil {
		return "", until, err
	}
	return routes.ShareLink(routes.Site, key, until, draft.Digest), until, nil
}

// shared is a page as a link shows it.
func shared(pg plan.Page) plan.Page {
	r, post := *pg.Recipe, *pg.Recipe.Post
	post.Newer, post.Older, post.Series, post.Related = nil, nil, nil, nil
	post.Image = nil // at an address of its own, which has no end
	r.Post, r.Alternates, r.NoIndex = &post, nil, true
	return plan.Page{Path: pg.Path, Digest: r.Digest(), Recipe: &r}
}

// RevokeShares makes every link that was ever given worthless, by signing those
// to come with another key. Edges learn of it as they learn of a release.
func (p *Publisher) RevokeShares(ctx context.Context) error {
	_, err := p.shareKey(ctx, true)
	return err
}

// shareKey returns the key that links are signed with. It makes one where there
// is none, or another one.
func (p *Publisher) shareKey(ctx context.Context, another bool) (string, error) {
	name := routes.Site.ShareKey()
	ours := routes.NewShareKey()
	for range maxAttempts {
		etag, err := p.Table.Version(ctx)
		if err != nil {
			return "", fmt.Errorf("reading the route table: %w", err)
		}
		key, ok, err := p.Table.Get(ctx, name)
		if err != nil {
			return "", fmt.Errorf("reading the route table: %w", err)
		}
		if ok && (!another || key == ours) {
			return key, nil // what was there, or a write whose answer was lost
		}
		_, err = p.Table.Update(ctx, etag, map[string]string{name: ours}, nil)
		if err == nil {
			return ours, nil
		}
		if !errors.Is(err, routes.ErrStale) {
			return "", fmt.Errorf("writing the key of the links to drafts: %w", err)
		}
	}
	return "", fmt.Errorf("the route table: %w", ErrRace)
}
