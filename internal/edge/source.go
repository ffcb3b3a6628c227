package edge

import (
	_ "embed"
	"slices"
)

//go:generate go test -run ^TestSource$ -update .

//go:embed function.min.js
var source []byte

// Source is the edge function as it is deployed. CDK app, previews and tests all
// use these bytes.
func Source() []byte { return slices.Clone(source) }
