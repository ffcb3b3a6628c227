package drill

import (
	"fmt"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
)

// report is the tables of docs/drills.md.
func report() string {
	mu.Lock()
	defer mu.Unlock()
	var b strings.Builder
	b.WriteString("\n| drill | pages read meanwhile | failed | from caches | from the primary | from the standby | longest wait | dynamic: failed | well again after | promised |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		b.WriteString(r.row())
	}
	b.WriteString("\n| drill | requests until the remedy acted | failed | well again after | promised |\n")
	b.WriteString("|---|---|---|---|---|\n")
	for _, r := range takenBack {
		b.WriteString(r.row())
	}
	return b.String()
}

func (r result) row() string {
	c := r.during
	p := r.drill.promise
	promised := p.text
	if p.moves && r.detection > 0 {
		promised += fmt.Sprintf("; Route 53 moves dynamic requests within %v", r.detection)
	}
	if p.slowest > 0 {
		promised += fmt.Sprintf("; a wait of %v at most", p.slowest)
	}
	return fmt.Sprintf("| %s | %d in %v | %d | %s | %s | %s | %v | %d of %d | %v | %s |\n",
		r.drill.name, c.reads, r.outage.Round(time.Second), c.failed,
		share(c.from["cache"], c.reads), share(c.from[edge.OriginStore], c.reads), share(c.from[edge.OriginFallback], c.reads),
		c.slowest, r.dynamic.failed, r.dynamic.reads, r.recovery, promised)
}

func share(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}
