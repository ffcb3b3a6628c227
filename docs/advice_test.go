package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
)

// advice are the rows that there must be: what the author's article says to do.
var advice = []string{
	"Regions", "Zones", "Disaster recovery", "Latency and weights", "Static and dynamic", "TLS and headers",
	"Origin Shield, access logs", "Canary deployments", "Alarms that act", "CodePipeline", "GitHub without keys",
	"Storage classes", "Encryption at rest", "The origin is locked", "WAF and Shield", "Detection", "Least privilege",
	"Environments on demand", "Watching", "Budget", "Cost", "Compute alternatives", "S3 consistency", "Rules",
	"Update safety", "Deployability", "Sustainability",
}

var pillars = []string{"operations", "security", "reliability", "performance", "cost", "sustainability"}

var (
	keyRE  = regexp.MustCompile("`([a-z][a-z_]*(?:\\.[a-z_]+)*)`")
	testRE = regexp.MustCompile("\\[`(Test\\w+)`\\]\\(([^)]+)\\)")
	runRE  = regexp.MustCompile("`blog ([a-z]+)[^`]*`")
)

// row is one of the table: what to do, what does it here, by which key, what
// shows it, what it costs, whom it serves.
type row struct{ advice, construct, key, shown, cost, pillar string }

func adviceRows(t *testing.T) []row {
	t.Helper()
	var out []row
	for _, line := range strings.Split(read(t, "advice.md"), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		if !strings.HasPrefix(line, "| **") {
			continue
		}
		if len(cells) != 6 {
			t.Errorf("%d cells, want 6: %.60s…", len(cells), line)
			continue
		}
		for i, c := range cells {
			if cells[i] = strings.TrimSpace(c); cells[i] == "" {
				t.Errorf("%.40s…: cell %d is empty", line, i+1)
			}
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(cells[0], "**"), "**")
		out = append(out, row{name, cells[1], cells[2], cells[3], cells[4], cells[5]})
	}
	return out
}

// Each piece of advice has a row, and no link, key, test or verb in it is dead.
// That links lead to files is TestLinks' to see.
func TestAdvice(t *testing.T) {
	rows := adviceRows(t)
	var have []string
	for _, r := range rows {
		have = append(have, r.advice)
	}
	for _, want := range advice {
		if !slices.Contains(have, want) {
			t.Errorf("no row is called %q", want)
		}
	}
	verbs := map[string]bool{}
	for _, m := range verbRE.FindAllStringSubmatch(read(t, "../cmd/blog/main.go"), -1) {
		verbs[m[1]] = true
	}
	tests := 0
	for _, r := range rows {
		t.Run(r.advice, func(t *testing.T) {
			missing := strings.Contains(r.construct, "not built")
			if links := linkRE.FindAllStringSubmatch(r.construct, -1); missing == (len(links) > 0) {
				t.Errorf("%q: want a link to what does it, or the words not built", r.construct)
			}
			for _, m := range keyRE.FindAllStringSubmatch(r.key, -1) {
				if !isKey(m[1]) {
					t.Errorf("blog.yaml has no key %s", m[1])
				}
			}
			if r.key != "–" && !keyRE.MatchString(r.key) {
				t.Errorf("%q names no key; write – for none", r.key)
			}
			shown := 0
			for _, m := range testRE.FindAllStringSubmatch(r.shown, -1) {
				shown++
				tests++
				source, err := os.ReadFile(filepath.FromSlash(m[2]))
				if err != nil || !strings.Contains(string(source), "\nfunc "+m[1]+"(t *testing.T)") {
					t.Errorf("%s has no %s (%v)", m[2], m[1], err)
				}
			}
			for _, m := range runRE.FindAllStringSubmatch(r.shown+r.construct, -1) {
				shown++
				if !verbs[m[1]] {
					t.Errorf("there is no verb blog %s", m[1])
				}
			}
			if shown == 0 && !missing {
				t.Errorf("nothing shows it: %q", r.shown)
			}
			for _, p := range strings.Split(r.pillar, ", ") {
				if !slices.Contains(pillars, p) {
					t.Errorf("%q is none of the six pillars", p)
				}
			}
		})
	}
	if tests < 25 {
		t.Errorf("only %d tests are named: this test no longer sees them", tests)
	}
}

// isKey reports whether the parser of blog.yaml takes a key.
func isKey(key string) bool {
	text, indent := "", ""
	for _, part := range strings.Split(key, ".") {
		text += indent + part + ":\n"
		indent += "  "
	}
	_, probs := config.Parse("blog.yaml", []byte("title: T\n"+text))
	for _, p := range probs {
		if strings.HasPrefix(p.Message, "unknown key") {
			return false
		}
	}
	return true
}

func TestIsKey(t *testing.T) {
	for key, want := range map[string]bool{"aws": true, "aws.standby": true, "hosted_zone.id": true, "aws.stanby": false, "standby": false, "aws.github.owner": false} {
		if isKey(key) != want {
			t.Errorf("%s: want %v", key, want)
		}
	}
}
