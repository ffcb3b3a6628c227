// Package doc writes what benchmarks found: tables, promises and what became of
// them, and the sections of a page of docs/ that a measurement rewrites.
package doc

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// Row is one row of a table.
func Row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// Header begins a table.
func Header(cells ...string) string {
	return Row(cells...) + strings.Repeat("|---", len(cells)) + "|\n"
}

// Targets are promises, and what became of each.
type Targets struct{ rows []string }

// Add compares what was found with what is promised at most. Both are written in
// this format.
func (t *Targets) Add(what string, found, limit float64, format string) {
	verdict := "holds"
	if found > limit {
		verdict = "**does not hold**"
	}
	t.rows = append(t.rows, Row(what, fmt.Sprintf(format, limit), fmt.Sprintf(format, found), verdict))
}

// Table is all of them.
func (t *Targets) Table() string {
	return strings.TrimSpace(Header("promise", "at most", "found", "") + strings.Join(t.rows, ""))
}

// Plural is a number of things.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", Thousands(n), noun)
}

// Bytes is a number of bytes as people read it.
func Bytes(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f KB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// Thousands writes 10002 as 10,002.
func Thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", Thousands(n/1000), n%1000)
}

// Machine says what the figures were measured on, and by which Go.
func Machine() string {
	model, memory := runtime.GOARCH, ""
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kb int
		if _, err := fmt.Sscanf(string(b), "MemTotal: %d kB", &kb); err == nil {
			memory = fmt.Sprintf(", %d GiB", kb>>20)
		}
	}
	goVersion := "an unknown Go"
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = info.GoVersion
	}
	return fmt.Sprintf("%d cores of %s%s, %s, %s", runtime.NumCPU(), model, memory, runtime.GOOS, goVersion)
}

// Write puts sections into a file, each between its markers.
func Write(name string, sections map[string]string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text := string(b)
	for section, body := range sections {
		if text, err = Replace(text, section, body); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// Replace puts body between <!-- bench:name --> and <!-- bench:end -->.
func Replace(text, name, body string) (string, error) {
	begin, end := "<!-- bench:"+name+" -->\n", "<!-- bench:end -->"
	before, rest, ok := strings.Cut(text, begin)
	if !ok {
		return "", fmt.Errorf("there is no line %q", strings.TrimSpace(begin))
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("nothing ends the section %q", name)
	}
	return before + begin + "\n" + body + "\n\n" + end + after, nil
}
