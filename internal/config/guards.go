package config

import (
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// BoundaryOwn is a permissions boundary that the blog makes itself.
const BoundaryOwn = "own"

// A path in front of a policy's name is part of how IAM finds it
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html).
var boundaryForm = regexp.MustCompile(`^([A-Za-z0-9._-]+/)*[A-Za-z0-9+=,.@_-]{1,128}$`)

// boundary reads which managed policy caps what the blog's roles may do.
func (r *reader) boundary(to *string) func(*yaml.Node) {
	return r.scalar("aws.permissions_boundary", to, func(s string) (string, string) {
		if !boundaryForm.MatchString(s) {
			return fmt.Sprintf("%q is not the name of a policy", s),
				"own, for one that the blog makes, or the name of a managed policy of the account, not its ARN"
		}
		return "", ""
	})
}
