package routes

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/victorleungtw/blog/internal/recipe"
)

// Blocks are where paths stand together that have not changed since the table was
// filled: a first publish writes its 5,000 paths as 790 values, in a sixth of the
// calls. www!c names them by generation and number; the zero value is none.
//
// A block holds the digests of up to a dozen paths, <tag>:<digest>,<tag>:<digest>.
// Which block a path is in and its tag come from the SHA-256 of the path: from the
// first 4 bytes, modulo the number of blocks, and from the 8 bytes after these. So
// a block does not say which paths it has, only whether it has one.
//
// What a block says of a path holds for every release, and yields to a key of the
// path's own. Nobody writes a block again that www!c names: a path that changes
// gets a key, with what the block says of it as its oldest entry. Blocks that are
// no longer right (a path in them is to be forgotten) are replaced by those of the
// next generation, and stay where they are until the one after: an edge that
// still has yesterday's www!c still has yesterday's blocks.
type Blocks struct {
	Gen   int `json:"g"`
	Count int `json:"k"`
}

const (
	tagDigits = 16
	// perBlock is how many paths a block has on average. It can have twelve; of
	// 5,000 paths some twenty are too many for theirs, and keep a key.
	perBlock = 6.4
	maxBlock = (MaxValue + 1) / (tagDigits + 1 + 2*sha256.Size + 1)
)

// IsBlock says whether a key is a block's, and of which generation.
func (ns Namespace) IsBlock(key string) (gen int, ok bool) {
	rest, ok := strings.CutPrefix(key, string(ns)+"!b")
	if !ok {
		return 0, false
	}
	g, _, _ := strings.Cut(rest, ".")
	gen, _ = strconv.Atoi(g) // 0 is none's
	return gen, true
}

// place is a path's block and its tag.
func (b Blocks) place(ns Namespace, path string) (key, tag string) {
	sum := sha256.Sum256([]byte(path))
	i := binary.BigEndian.Uint32(sum[:4]) % uint32(b.Count)
	return string(ns) + "!b" + strconv.Itoa(b.Gen) + "." + strconv.Itoa(int(i)), hex.EncodeToString(sum[4 : 4+tagDigits/2])
}

// Find returns the digest that a table's blocks have for a path, or "".
func (b Blocks) Find(ns Namespace, table map[string]string, path string) string {
	if b.Count < 1 {
		return ""
	}
	key, tag := b.place(ns, path)
	_, rest, ok := strings.Cut(table[key], tag+":")
	if digest, _, _ := strings.Cut(rest, ","); ok && recipe.IsDigest(digest) {
		return digest
	}
	return ""
}

// Size is how many paths a table's blocks have.
func (b Blocks) Size(ns Namespace, table map[string]string) int {
	n := 0
	for key, value := range table {
		if gen, ok := ns.IsBlock(key); ok && gen == b.Gen {
			n += strings.Count(value, ":")
		}
	}
	return n
}

// Fill makes blocks of a generation for digests by path. What does not fit into
// its block is left out, and returned.
func Fill(ns Namespace, gen int, digests map[string]string) (b Blocks, values map[string]string, left []string) {
	if len(digests) == 0 {
		return b, nil, nil
	}
	b, values = Blocks{gen, max(1, int(float64(len(digests))/perBlock))}, map[string]string{}
	paths := make([]string, 0, len(digests))
	for path := range digests {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		key, tag := b.place(ns, path)
		value := values[key]
		if strings.Count(value, ":") == maxBlock || strings.Contains(value, tag+":") {
			left = append(left, path)
			continue
		}
		if value != "" {
			value += ","
		}
		values[key] = value + tag + ":" + digests[path]
	}
	return b, values, left
}
