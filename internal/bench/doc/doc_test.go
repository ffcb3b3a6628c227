package doc

import "testing"

func TestReplace(t *testing.T) {
	const doc = "a\n<!-- bench:x -->\nold\n<!-- bench:end -->\nb\n<!-- bench:y -->\n<!-- bench:end -->\n"
	got, err := Replace(doc, "x", "| new |")
	if want := "a\n<!-- bench:x -->\n\n| new |\n\n<!-- bench:end -->\nb\n<!-- bench:y -->\n<!-- bench:end -->\n"; err != nil || got != want {
		t.Errorf("%q %v", got, err)
	}
	if _, err := Replace(doc, "z", ""); err == nil {
		t.Error("a section that is not there was replaced")
	}
	if _, err := Replace("<!-- bench:x -->\n", "x", ""); err == nil {
		t.Error("a section without an end was replaced")
	}
}

func TestTargets(t *testing.T) {
	var all Targets
	all.Add("wall", 0.5, 0.5, "%.2f")
	all.Add("memory", 65, 64, "%.0f")
	want := "| promise | at most | found |  |\n|---|---|---|---|\n| wall | 0.50 | 0.50 | holds |\n| memory | 64 | 65 | **does not hold** |"
	if got := all.Table(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
