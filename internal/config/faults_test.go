package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/problem"
)

// What is wrong with a file is found at once, each problem with its line and
// with what to do: nobody mends a file in twenty rounds.
func TestFaults(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, probs := Parse("blog.yaml", data)
			if probs.Err() == nil {
				t.Fatal("it was taken")
			}
			at := map[int]problem.List{}
			for _, p := range probs {
				at[p.Line] = append(at[p.Line], p)
				if p.Hint == "" && !strings.Contains(p.Message, ": want ") {
					t.Errorf("%v: nothing says what to do", p)
				}
			}
			for i, line := range strings.Split(string(data), "\n") {
				found := at[i+1]
				delete(at, i+1)
				wants := strings.Split(line, "# ! ")[1:]
				if len(found) != len(wants) {
					t.Errorf("line %d has %d problems, want %d: %v", i+1, len(found), len(wants), found)
				}
				for _, want := range wants {
					if want = strings.TrimSpace(want); !strings.Contains(found.Error(), want) {
						t.Errorf("line %d: %v, want %s", i+1, found, want)
					}
				}
			}
			for _, rest := range at {
				t.Errorf("nowhere in the file: %v", rest)
			}
		})
	}
}
