package recipe

import "embed"

// Sources are this package's files. What a recipe says, and how it is encoded,
// shapes pages; package render derives its version from them.
//
//go:embed *.go
var Sources embed.FS
