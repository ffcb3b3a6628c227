package oldurls

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/victorleungtw/blog/internal/suggest"
)

// Pages are what an old address may have become.
type Pages struct {
	paths []string
	last  map[string][]string // the last part of a path → paths
	words map[string][]string // a word of the last part → paths
	parts []string            // the last parts
}

// NewPages prepares paths of pages, decoded.
func NewPages(paths []string) *Pages {
	p := &Pages{paths: slices.Sorted(slices.Values(paths)), last: map[string][]string{}, words: map[string][]string{}}
	for _, at := range p.paths {
		part := lastPart(at)
		if p.last[part] == nil {
			p.parts = append(p.parts, part)
		}
		p.last[part] = append(p.last[part], at)
		for _, w := range wordsOf(part) {
			p.words[w] = append(p.words[w], at)
		}
	}
	return p
}

// lastPart is what names a page in its address: without a file's ending, and not
// the index of a folder.
func lastPart(at string) string {
	at = strings.Trim(at, "/")
	part := path.Base(at)
	if ext := path.Ext(part); len(ext) > 1 && len(ext) < 7 {
		part = strings.TrimSuffix(part, ext)
	}
	if part == "index" {
		return lastPart(path.Dir(at))
	}
	return strings.ToLower(part)
}

func wordsOf(part string) []string {
	words := strings.FieldsFunc(part, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	slices.Sort(words)
	return slices.Compact(words)
}

// Nearest is the page that an old address, escaped, most likely was; "" when
// none is near. It is the same every time.
func (p *Pages) Nearest(old string) string {
	at, err := url.PathUnescape(old)
	if err != nil {
		return ""
	}
	part := lastPart(at)
	if part == "." || part == "" || part == "/" {
		return ""
	}
	if same := p.last[part]; same != nil {
		return best(at, same)
	}
	// Half of the words of both.
	words := wordsOf(part)
	common := map[string]int{}
	for _, w := range words {
		for _, page := range p.words[w] {
			common[page]++
		}
	}
	var near []string
	most := 0.0
	for page, n := range common {
		all := len(words) + len(wordsOf(lastPart(page))) - n
		switch share := float64(n) / float64(all); {
		case share < 0.5 || share < most:
		case share > most:
			most, near = share, []string{page}
		default:
			near = append(near, page)
		}
	}
	if near != nil {
		return best(at, near)
	}
	if word := suggest.Word(part, p.parts); word != "" {
		return best(at, p.last[word])
	}
	return ""
}

// best is the page that has most of the folders of an old address: its language,
// its year.
func best(old string, pages []string) string {
	folders := strings.Split(strings.Trim(old, "/"), "/")
	return slices.MinFunc(pages, func(x, y string) int {
		return cmp.Or(-cmp.Compare(shared(folders, x), shared(folders, y)), cmp.Compare(len(x), len(y)), strings.Compare(x, y))
	})
}

func shared(folders []string, page string) (n int) {
	for f := range strings.SplitSeq(strings.Trim(page, "/"), "/") {
		if slices.Contains(folders, f) {
			n++
		}
	}
	return n
}
