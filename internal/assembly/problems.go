package assembly

import (
	"fmt"
	"slices"
	"strings"
)

// howToList tells a developer what to do about what is not understood.
const howToList = "teach package assembly what it does, or list it in internal/assembly/effectless.go with the reason why it changes no answer"

// Problem is one thing in a template that is not understood, or wrong.
type Problem struct {
	Stack, ID, Type string
	Path            string // of the property; empty for the whole resource
	What            string
}

// String names the place, from the outside in.
func (p Problem) String() string {
	at := fmt.Sprintf("%s: %s (%s)", p.Stack, p.ID, p.Type)
	if p.Path != "" {
		at += ": " + p.Path
	}
	return at + ": " + p.What
}

// Problems are all that were found.
type Problems []Problem

func (l *Problems) add(r *resource, path, what string) {
	*l = append(*l, Problem{r.stack.name, r.id, r.typ, path, what})
}

func (l *Problems) addf(r *resource, path, format string, args ...any) {
	l.add(r, path, fmt.Sprintf(format, args...))
}

// sort orders them, and leaves out repetitions: two behaviours may lead to one
// policy.
func (l *Problems) sort() {
	slices.SortFunc(*l, func(a, b Problem) int { return strings.Compare(a.String(), b.String()) })
	*l = slices.Compact(*l)
}

// Error has one line for each.
func (l Problems) Error() string {
	lines := []string{fmt.Sprintf("%d of its properties or resources are not understood, or wrong", len(l))}
	if len(l) == 1 {
		lines[0] = "one of its properties or resources is not understood, or wrong"
	}
	for _, p := range l {
		lines = append(lines, "    "+p.String())
	}
	return strings.Join(lines, "\n")
}
