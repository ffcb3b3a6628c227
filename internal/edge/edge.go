// Package edge is what stands between a reader and the origins: the CloudFront
// Function that turns a path into the address of a page, the description of
// the distribution around it, and the same edge on one machine.
//
// # The parts
//
//   - function.js is the edge function. Source is what of it is deployed,
//     function.min.js, which package minify makes: go generate does so after a
//     change, and a test compares. Package subset says that it is within the
//     language that CloudFront documents.
//   - policy.go is the distribution as data: behaviours, cache policies,
//     origin groups, headers. The CDK app makes CloudFront resources of it,
//     and Distribution behaves as it says, so the two cannot drift apart.
//     Package assembly reads it back out of the templates.
//   - Function runs it in sobek, a JavaScript engine in Go, against
//     any key-value store, and refuses what CloudFront would refuse.
//   - Distribution is an http.Handler that does for one machine what
//     CloudFront does for the world: behaviour, function, cache, origin
//     failover, response headers, in that order.
//   - StoreOrigin answers as the private bucket behind an origin access
//     control; HandlerOrigin, FailOrigin and Switch stand in for the rest.
//
// # What is CloudFront's and what is not
//
// Where AWS documents a behaviour it is followed, with the page named at the
// code. Where it does not, the choice is the one that a reader cannot tell
// apart, and the comment says that it is a choice. Not here at all: automatic
// compression (the pages' variants are stored compressed), edge locations and
// regional caches (there is one cache), WAF, logs, and signed URLs.
//
// # What a reader is promised
//
// Before the current release changes, nothing of the next one can be seen;
// after it a page is in its old or its new form and never in a third, whatever
// mixture of old and new keys an edge holds. mvcc_test.go tries every mixture.
//
// A failing key-value store is a 503 and never a 404, and costs a reader only
// routed paths: digest addresses need no key. A failing origin is answered by
// the other origin of its group, from the cache, and at last with a 5xx that
// is cached for no time at all.
package edge

// ReleaseHeader carries the number of the release that is shown: on a request
// from the edge function to the origin, and on the function's own answers. On
// the host of a branch it is "18+pr-7.3", for the third publish of branch pr-7
// on top of release 18.
const ReleaseHeader = "x-blog-release"
