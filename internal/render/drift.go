package render

import (
	"context"
	"fmt"
	"strings"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/recipe"
)

// driftNote tells the reader of a translation that its original was changed.
type driftNote struct {
	Original language
	Parts    []string // of the original, as it is now
}

const maxPart = 280 // characters of a part that are shown

// driftOf reads the paragraphs of the original that a translation lacks.
func driftOf(ctx context.Context, r *recipe.Recipe, src Sources) (*driftNote, error) {
	d := r.Post.Drift
	if d == nil {
		return nil, nil
	}
	raw, err := src.Source(ctx, d.Digest)
	if err != nil {
		return nil, fmt.Errorf("reading source %s: %w", d.Digest, err)
	}
	_, body, _ := dialect.SplitFrontMatter(raw)
	all := dialect.Paragraphs(body, 1)
	n := &driftNote{Original: language{Lang: recipe.Lang{Tag: d.Lang, Name: d.Lang}, URL: d.Path}}
	for _, l := range r.Site.Languages {
		if l.Tag == d.Lang {
			n.Original.Name = l.Name
		}
	}
	for _, i := range d.Changed {
		if i < 0 || i >= len(all) {
			continue
		}
		if strings.HasPrefix(all[i].Text, "<!--") {
			continue // <!-- more -->
		}
		doc := dialect.Parse([]byte(all[i].Text), 1)
		text := []rune(doc.Plain(doc.Root()))
		if len(text) == 0 { // code, a picture
			text = []rune(all[i].Text)
		}
		if len(text) > maxPart {
			text = append(text[:maxPart:maxPart], '…')
		}
		n.Parts = append(n.Parts, string(text))
	}
	return n, nil
}
