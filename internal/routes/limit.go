//go:build !hugetable

package routes

const maxTable = 5 * 1024 * 1024
