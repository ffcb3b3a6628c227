// Package soak publishes under the worst conditions that one machine can make,
// while readers read, and checks what they saw. All of it is in the tests:
//
//	go test ./internal/soak
//	go test -v ./internal/soak -timeout 0 -kills 1000 -races 1000 -faults 300 -outages 50 -clocks 50 -seed 7
//
// The real command runs, as a process that can be killed, against two buckets
// of a real S3 server over HTTP (package lab), a KeyValueStore over HTTP
// (package kvsfake) and a renderer in each region, called as a Lambda function
// is. Between the command and each of them stands a proxy that can make trouble
// (package faultproxy). The readers are on the other side: an edge on the same
// buckets and the same table, which runs the deployed function.
//
// # What is checked
//
// Each answer that a reader gets, in every second of it: the page must be, byte
// for byte, what the path is in a release that was current at some time between
// the request and its answer. Two releases are current in that time when one of
// them just came. An error counts as one, and is a failure unless a region is
// away.
//
// Each release that was ever current: the text of every page of it must be from
// one and the same content folder, and all of that folder's posts must be there.
// The folders carry marks for this, a new one in each post that an author
// changes, so no publisher has to be believed.
//
// Each end: after a kill, a race or an outage, the next publish ends well, the
// regions and the table are in step, and the whole blog, read through the edge,
// is the last folder.
//
// Each change of the head: the S3 server accepted one write at most for each
// value that the head ever had. Of several publishers, one that says that it
// published has its release in the record; of one that says it failed, nothing
// was ever shown.
//
// # Seeds
//
// The seed decides what is written, when a process is killed (at which request,
// or after which time), who starts when, and which requests fail. The machine
// decides the rest: the order in which processes run. So a seed repeats the
// trouble, and mostly, not always, the outcome. A failure names its iteration,
// and -first N begins with that one, on a new blog.
package soak
