package markdown

import "embed"

// Sources are this package's files. Package plan names by them what the same
// text would be read as.
//
//go:embed *.go
var Sources embed.FS
