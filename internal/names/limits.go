package names

import (
	"fmt"
	"regexp"
)

// Limited is a name that the stacks give, and what the service that it is for
// takes.
type Limited struct {
	What, Name string
	Max        int // characters
	Form       *regexp.Regexp
	// Shared: there is one of this name in an account, whatever the region, so
	// that it must carry the environment.
	Shared bool
}

var (
	bucketForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]+[a-z0-9]$`)
	plainForm     = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)
	keyAliasForm  = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`)
	secretForm    = regexp.MustCompile(`^[a-zA-Z0-9/_+=.@-]+$`)
	parameterForm = regexp.MustCompile(`^/[a-zA-Z0-9/_.-]+$`)
	stackForm     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*$`)
	metricForm    = regexp.MustCompile(`^[a-zA-Z0-9/_.#:-]+$`)
)

// longestPart is the longest that Stack and Policy are asked for beside a
// region's name.
const longestPart = "origin-request-renderer"

// Limits are all names, in the given regions, with their limits. The account
// may be unknown; its place is kept.
func (n Names) Limits(account string, regions []string) []Limited {
	if account == "" {
		account = "000000000000"
	}
	out := []Limited{
		{"function", n.Renderer(), 64, plainForm, false},
		{"alias of a function", LiveAlias, 128, plainForm, false},
		{"key alias", n.KeyAlias(), 256, keyAliasForm, false},
		{"route table", n.RouteTable(), 64, plainForm, true},
		{"edge function", n.EdgeFunction(), 64, plainForm, true},
		{"CloudFront policy", n.Policy(longestPart), 128, plainForm, true},
		{"role", n.Publisher(), 64, plainForm, true},
		{"secret", n.OriginSecret(), 512, secretForm, false},
		{"parameter", n.RouteTableARN(), 1011, parameterForm, false},
		{"parameter", n.BaseURL(), 1011, parameterForm, false},
		{"parameter", n.DistributionID(), 1011, parameterForm, false},
		{"dashboard", n.String(), 255, plainForm, true},
		{"budget", n.String(), 100, plainForm, true},
		{"bucket of access logs", n.EdgeLogBucket(account), 63, bucketForm, true},
		{"log delivery", n.Policy("access-logs"), 60, plainForm, true},
		{"permissions boundary", n.Boundary(), 128, plainForm, true},
		{"trail", n.Account(), 128, plainForm, false}, // one for all environments
		{"metric namespace", n.MetricNamespace(), 255, metricForm, false},
	}
	for _, region := range append([]string{GlobalRegion}, regions...) {
		out = append(out,
			Limited{"bucket", n.Bucket(account, region), 63, bucketForm, true},
			Limited{"bucket of logs", n.LogBucket(account, region), 63, bucketForm, true},
			Limited{"bucket of artifacts", n.ArtifactBucket(account, region), 63, bucketForm, true},
			Limited{"secret with the id of a VPC origin", n.VPCOrigin(region), 512, secretForm, false},
			Limited{"secret with a host name", n.RendererHost(region), 512, secretForm, false},
			Limited{"stack", n.Stack("content-" + region), 128, stackForm, false},
		)
	}
	return out
}

// Check says what is wrong with the name.
func (l Limited) Check() error {
	switch {
	case len(l.Name) > l.Max:
		return fmt.Errorf("%s %q has %d characters, %d are allowed", l.What, l.Name, len(l.Name), l.Max)
	case !l.Form.MatchString(l.Name):
		return fmt.Errorf("%s %q is not of the form %s", l.What, l.Name, l.Form)
	}
	return nil
}
