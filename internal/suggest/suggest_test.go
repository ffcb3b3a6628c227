package suggest

import "testing"

func TestWord(t *testing.T) {
	words := []string{"title", "tags", "date", "per_page", "description"}
	for in, want := range map[string]string{
		"tittle": "title", "tilte": "title", "perPage": "per_page", "Tags": "tags",
		"dates": "date", "colour": "", "": "", "x": "", "descripton": "description",
	} {
		if got := Word(in, words); got != want {
			t.Errorf("Word(%q) = %q, want %q", in, got, want)
		}
	}
}
