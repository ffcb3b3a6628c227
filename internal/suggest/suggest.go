// Package suggest finds the word that a misspelt one was probably meant to be.
package suggest

import (
	"slices"
	"strings"
)

// Word returns the one of words that s was probably meant to be, or "": the nearest
// by edit distance, if it is near enough not to surprise. Case, hyphens and
// underscores do not count, so perPage finds per_page.
func Word(s string, words []string) string {
	words = slices.Sorted(slices.Values(words)) // ties break the same way every time
	best, bestDist := "", 3
	s = plain(s)
	for _, w := range words {
		d := distance(s, plain(w))
		if d < bestDist && d*2 < len(w) {
			best, bestDist = w, d
		}
	}
	return best
}

var joiners = strings.NewReplacer("_", "", "-", "")

func plain(s string) string { return joiners.Replace(strings.ToLower(s)) }

// distance is the number of single-character changes, neighbours swapped
// included, that turn a into b.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
