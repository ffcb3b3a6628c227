package main

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/names"
)

// What is missing is named, and nothing is guessed: an empty list of what to
// keep would be one that keeps nothing.
func TestOpen(t *testing.T) {
	env := map[string]string{names.EnvName: "blog", names.EnvKeep: "prod,staging", names.EnvRegions: "us-east-1,eu-west-1"}
	s, err := open(t.Context(), func(key string) string { return env[key] }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	regions := slices.Sorted(maps.Keys(s.Regions))
	if s.Blog != "blog" || !slices.Equal(s.Keep, []string{"prod", "staging"}) || !slices.Equal(regions, []string{"eu-west-1", "us-east-1"}) {
		t.Errorf("%+v", s)
	}
	for missing := range env {
		_, err := open(t.Context(), func(key string) string {
			if key == missing {
				return ""
			}
			return env[key]
		}, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}
