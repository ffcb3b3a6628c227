// Package search finds posts: the index that a publish makes, and the questions
// that readers put to it.
//
// # An index of filters
//
// An inverted index of Chinese text, cut into pairs of characters, is as large
// as the text. Here each post has a filter instead: the set of its terms as a
// Golomb-coded set (the coding of BIP 158), five to ten bits a term, so that an
// index is a seventh of the text at most. A filter has all terms of its post,
// so a search misses nothing; and of a few hundred posts without a term, of
// thirty in Chinese, one seems to have it. So whoever asks reads
// the texts of the posts that come first, drops those that do not have what was
// asked for, and shows of the others the place where it stands, which needs the
// text anyway.
//
// A second, small filter has the terms that a post says often. With the length
// of the text, the title and the tags that is what a ranking needs (BM25 with
// two classes of frequency; see rank.go).
//
// # Terms
//
// Words of scripts with spaces are terms by their stem, in the post's language
// (Snowball); scripts without spaces (Han, Kana, Thai and their neighbours)
// are cut into overlapping pairs of characters, the query as the text, so that
// the two cannot disagree about where words end. Code blocks are not searched.
//
// # Parts
//
// An index has parts of at most PartSize posts, each of which a publish makes
// from the recipes and texts of its own posts alone. Which post is in which
// part follows from the hashes of their paths (Split), so that a post that
// comes, goes or changes makes one part new.
//
// # What it promises
//
// Build is pure: the same posts give the same bytes. Open believes nothing and
// never panics. The package does not read, log or look at a clock; fetching
// parts and texts is the caller's.
//
// # What it cannot do
//
// A single Han or Kana character is looked for in titles and tags alone, and so
// is what consists of nothing but the characters of grammar (的, の): pairs with
// one of these are in no filter. Both scripts of Chinese are different text.
package search

import "embed"

// Sources are the files that this package is built from: a change of them may
// change the bytes of an index.
//
//go:embed *.go
var Sources embed.FS

// Post is what an index knows of a post.
type Post struct {
	Path   string
	Title  string
	Date   string // YYYY-MM-DD, or empty
	Tags   []string
	Source [32]byte // SHA-256 of its Markdown file
	// Text is what a reader reads, without code, and Size the length of the
	// Markdown in bytes. They are not stored.
	Text string
	Size int
}
