// Package problem is how the program says what is wrong with something a
// person wrote: a post, a front matter key, a line of blog.yaml.
//
// A problem names a file and a line, says what is wrong, and says how to fix
// it. Everything that checks input returns all problems it can find in one
// List, so that an author fixes a post in one round and not in ten. Errors
// stop a publish; warnings are shown and do not; an info asks for nothing.
package problem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a problem stops a publish.
type Severity string

const (
	Error   Severity = "error"   // a publish refuses
	Warning Severity = "warning" // a publish goes on and shows it
	Info    Severity = "info"    // good to know: there is nothing to fix
)

// Problem is one thing wrong at one place.
type Problem struct {
	Severity Severity `json:"severity"`
	File     string   `json:"file"`           // slash-separated, relative to the folder the user named
	Line     int      `json:"line,omitempty"` // 1-based; 0 when the whole file is meant
	Message  string   `json:"message"`        // what is wrong, without a full stop
	Hint     string   `json:"hint,omitempty"` // how to fix it
}

// String is the one-line form, file:line: message, that editors can jump to.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Severity != Error {
		b.WriteString(string(p.Severity) + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// List is every problem found in one run.
type List []Problem

// Errorf adds an error. The hint may be empty.
func (l *List) Errorf(file string, line int, hint, format string, args ...any) {
	*l = append(*l, Problem{Error, file, line, fmt.Sprintf(format, args...), hint})
}

// Warnf adds a warning. The hint may be empty.
func (l *List) Warnf(file string, line int, hint, format string, args ...any) {
	*l = append(*l, Problem{Warning, file, line, fmt.Sprintf(format, args...), hint})
}

// Infof adds an info. The hint may be empty.
func (l *List) Infof(file string, line int, hint, format string, args ...any) {
	*l = append(*l, Problem{Info, file, line, fmt.Sprintf(format, args...), hint})
}

// Sort orders the list by file and line, so that two runs print the same text.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			strings.Compare(a.Message, b.Message))
	})
}

// Errors returns the problems that stop a publish.
func (l List) Errors() List { return l.of(Error) }

// Warnings returns the problems that do not, and that somebody should look at.
func (l List) Warnings() List { return l.of(Warning) }

func (l List) of(s Severity) List {
	var out List
	for _, p := range l {
		if p.Severity == s {
			out = append(out, p)
		}
	}
	return out
}

// Err is nil when nothing in the list is an error, and the list otherwise.
func (l List) Err() error {
	if len(l.Errors()) == 0 {
		return nil
	}
	return l
}

// Error prints every problem with its hint.
func (l List) Error() string {
	var b strings.Builder
	for i, p := range l {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
		if p.Hint != "" {
			b.WriteString("\n    hint: " + p.Hint)
		}
	}
	return b.String()
}
