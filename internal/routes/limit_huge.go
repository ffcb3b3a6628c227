//go:build hugetable

package routes

// maxTable is more than AWS gives, for a benchmark of blogs that do not fit: to
// see what else would grow (internal/bench). Nothing is deployed with it.
const maxTable = 256 * 1024 * 1024
