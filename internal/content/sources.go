package content

import "embed"

// Sources are this package's files. Package plan names by them what the same
// folder would be read as.
//
//go:embed *.go
var Sources embed.FS
