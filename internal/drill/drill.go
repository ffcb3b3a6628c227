// Package drill takes parts of a running blog away while readers read, and
// measures what they notice. All of it is in the tests:
//
//	go test ./internal/drill
//	go test ./internal/drill -v -reads 100000                  # docs/drills.md
//	go test ./internal/drill -v -assembly ../../cdk.out        # the edge of the templates
//
// A drill has a blog in two regions behind a number of edge locations, each
// with a cache of its own that is too small for the blog, as real ones are.
// Readers ask for pages, popular ones more often, a hundred a second. Then
// something breaks, and later it is well again. Each page that a reader gets
// must be the page that was published, byte for byte; anything else is a failed
// read.
//
// # Time
//
// The drills run in the time of package testing/synctest, which passes when
// everybody waits. So a bucket that takes ten seconds takes ten seconds, the
// distribution's own timeouts end the wait, and what is printed is measured on
// that clock, while the whole drill takes as long as the work in it. Readers
// take turns: two who ask for one page at once are for package soak.
//
// # What is modelled, and what is not
//
// The faults stand where the edge meets a region: its bucket, its API, the
// function behind that. A dead region refuses connections, or loses packets, in
// which case the edge gives each attempt up after its connection timeout. A
// function fails, panics or hangs behind the local API Gateway. Not here: the
// distance, how long Route 53 takes to move dynamic requests (what a template
// says of it is printed), and whatever CloudFront does when no document says
// so.
package drill
