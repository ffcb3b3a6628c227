package dialect

import "embed"

// Sources are this package's files. They shape every page, so package render
// derives its version from them.
//
//go:embed *.go
var Sources embed.FS
