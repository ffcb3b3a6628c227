// Package names is what the deployed parts of the blog are called.
//
// The publisher, the renderer and the stacks must find each other, and none of
// them asks CloudFormation where the others are: a publish needs no permission
// on a stack, and no stack refers to another region's. So every name that
// crosses such a border is a pure function of the blog's name, the environment,
// the account and the region, and stands here once. What AWS names itself (the
// route table's ARN, the distribution's domain) is written by the stacks to
// Systems Manager parameters whose names are in this package; one
// GetParametersByPath call on Parameters reads them all.
//
// Names of things that are global to an account (roles, the route table, the
// edge function) carry the environment, so that two environments fit in one
// account. Buckets live in the account-regional namespace of S3: nobody else
// can take the name, which is therefore known before the bucket exists.
//
// Everything here is plain Go, without AWS code, and checked against the
// limits that AWS documents.
package names

import (
	"fmt"
	"regexp"
	"strings"
)

// GlobalRegion is where CloudFront's configuration lives: the stacks Global
// and Edge, the viewer certificate and the parameters.
const GlobalRegion = "us-east-1"

// LiveAlias is the Lambda alias that answers requests and that the publisher
// invokes. A deployment or a repair moves it from version to version.
const LiveAlias = "live"

// OriginHeader is the request header by which the renderer knows that a
// request came through the distribution. Its value is the secret OriginSecret.
const OriginHeader = "x-origin-verify"

// The tags of every stack, and so of what is in it.
const (
	TagBlog = "blog" // the blog's name
	TagEnv  = "env"
	// TagTrialDays is on the stacks of a trial: how many days after the last
	// deployment it may be deleted. Not a date, which would make each synth's
	// template another one.
	TagTrialDays = "trial-days"
)

// The keys of an S3 bucket, as package store lays them out: what is written
// once, and what changes.
const (
	HeadKey       = "head.json"
	TrafficKey    = "traffic.json" // which region is drained (package traffic)
	PagePrefix    = "page/"
	AssetPrefix   = "asset/"
	SourcePrefix  = "src/"
	RecipePrefix  = "recipe/"
	ReleasePrefix = "release/"
	DraftPrefix   = "draft/"  // pages that a link shows and no release
	BranchPrefix  = "branch/" // one object for each branch; these change too

	GarbagePrefix  = "gc/"       // lists of what is deleted, written once
	TakedownPrefix = "takedown/" // what may not come back; these change too
	RemedyPrefix   = "remedy/"   // what the remedies did; these change too
)

// ImmutablePrefixes are the keys of the record that are written once. Drafts are
// too, but no release needs them.
func ImmutablePrefixes() []string {
	return []string{AssetPrefix, PagePrefix, RecipePrefix, ReleasePrefix, SourcePrefix}
}

// The renderer's environment. Nothing in it shapes a page.
const (
	// EnvBucket holds the name of the release bucket of the function's own
	// region.
	EnvBucket = "BLOG_BUCKET"
	// EnvOriginSecret holds the SecretId (a name, which GetSecretValue takes
	// as well as an ARN) of the secret OriginSecret.
	EnvOriginSecret = "BLOG_ORIGIN_SECRET_ARN"
	// EnvListen makes it a server: the address to listen on.
	EnvListen = "BLOG_LISTEN"
	// EnvMetrics holds MetricNamespace.
	EnvMetrics = "BLOG_METRICS"
)

// The environment of the functions beside the renderer.
const (
	EnvName    = "BLOG_NAME"    // of the blog
	EnvRegions = "BLOG_REGIONS" // the primary first, with commas
	// EnvKeep is the sweeper's: environments that are no trials, with commas.
	EnvKeep = "BLOG_KEEP"
)

// The remedies' environment beside that (package remedy). The code remedy has
// EnvBucket as well.
const (
	EnvEnv      = "BLOG_ENV"
	EnvAlarms   = "BLOG_ALARMS"   // names of the alarms that they act on, with commas
	EnvTopic    = "BLOG_TOPIC"    // ARN of the topic to tell people over
	EnvFunction = "BLOG_FUNCTION" // name of the renderer
)

// The remedies' journals.
const (
	CodeJournal    = RemedyPrefix + "code.json"
	ContentJournal = RemedyPrefix + "content.json"
)

// The longest name and environment. Longer ones would not leave room for what
// is put behind them: a bucket name has 63 characters, of which the account
// and the longest region take 31, "-logs" five and the hyphen between one.
const (
	MaxName = 16
	MaxEnv  = 10
)

var (
	nameForm = regexp.MustCompile(`^[a-z]([a-z0-9]|-[a-z0-9])*$`)
	envForm  = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
)

// Names are the names of one environment of one blog.
type Names struct {
	name, env string
}

// New checks both parts. The zero Names is not usable.
func New(name, env string) (Names, error) {
	if err := CheckName(name); err != nil {
		return Names{}, err
	}
	if err := CheckEnv(env); err != nil {
		return Names{}, err
	}
	return Names{name, env}, nil
}

// CheckName says whether a blog may be called so.
func CheckName(name string) error {
	switch {
	case len(name) > MaxName:
		return fmt.Errorf("name %q is longer than %d characters", name, MaxName)
	case !nameForm.MatchString(name):
		return fmt.Errorf("name %q: want lower-case letters, digits and single hyphens, a letter first", name)
	}
	return reserved("name", name)
}

// CheckEnv says whether an environment may be called so.
func CheckEnv(env string) error {
	switch {
	case len(env) > MaxEnv:
		return fmt.Errorf("environment %q is longer than %d characters", env, MaxEnv)
	case !envForm.MatchString(env):
		return fmt.Errorf("environment %q: want lower-case letters and digits, a letter first", env)
	}
	return nil
}

// reserved refuses prefixes that AWS keeps for itself: buckets
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html)
// and SSM parameters, whose paths may not begin with "aws" or "ssm"
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html).
func reserved(what, s string) error {
	for _, p := range []string{"aws", "ssm", "xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(s, p) {
			return fmt.Errorf("%s %q: names that begin with %q are kept by AWS", what, s, p)
		}
	}
	return nil
}

// String is the common beginning: "blog-prod".
func (n Names) String() string { return n.name + "-" + n.env }

// Name is the blog's: "blog".
func (n Names) Name() string { return n.name }

// Env is the environment: "prod".
func (n Names) Env() string { return n.env }

// Stack names one stack, part being "global", "content-ap-southeast-1" and so
// on.
func (n Names) Stack(part string) string { return n.String() + "-" + part }

// BucketPrefix is the part of the release bucket's name that the blog chooses.
func (n Names) BucketPrefix() string { return n.String() }

// LogBucketPrefix is the same for the bucket of logs.
func (n Names) LogBucketPrefix() string { return n.String() + "-logs" }

// ArtifactBucketPrefix is the same for what a pipeline hands from step to step.
func (n Names) ArtifactBucketPrefix() string { return n.String() + "-pipe" }

// Bucket is the release bucket of one region. S3 gives a bucket in the
// account-regional namespace the name <prefix>-<account>-<region>-an
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html).
// The account may be a token such as "${AWS::AccountId}".
func (n Names) Bucket(account, region string) string {
	return accountRegional(n.BucketPrefix(), account, region)
}

// LogBucket is the bucket of logs of one region.
func (n Names) LogBucket(account, region string) string {
	return accountRegional(n.LogBucketPrefix(), account, region)
}

// ArtifactBucket is a pipeline's.
func (n Names) ArtifactBucket(account, region string) string {
	return accountRegional(n.ArtifactBucketPrefix(), account, region)
}

// EdgeLogBucketPrefix is the same for the bucket of the distribution's access
// logs, in GlobalRegion.
func (n Names) EdgeLogBucketPrefix() string { return n.String() + "-edge" }

// EdgeLogBucket is that bucket.
func (n Names) EdgeLogBucket(account string) string {
	return accountRegional(n.EdgeLogBucketPrefix(), account, GlobalRegion)
}

// Account names what an account has once, whichever environments are in it: the
// stacks of its guards, their trail and its bucket.
func (n Names) Account() string { return n.name + "-account" }

// Boundary is the managed policy that caps the blog's roles, where it makes one.
func (n Names) Boundary() string { return n.String() + "-boundary" }

func accountRegional(prefix, account, region string) string {
	return prefix + "-" + account + "-" + region + "-an"
}

// KeyAlias is the alias of the KMS key of one region's bucket, where the blog
// has keys of its own.
func (n Names) KeyAlias() string { return "alias/" + n.String() + "-content" }

// Renderer is the Lambda function, the same in each region.
func (n Names) Renderer() string { return n.String() + "-renderer" }

// RouteTable is the CloudFront KeyValueStore.
func (n Names) RouteTable() string { return n.String() + "-routes" }

// EdgeFunction is the CloudFront Function.
func (n Names) EdgeFunction() string { return n.String() + "-edge" }

// Policy names a CloudFront policy: cache, headers, origin request.
func (n Names) Policy(part string) string { return n.String() + "-" + part }

// OriginSecret is the Secrets Manager secret that holds the value of
// OriginHeader, under the same name in us-east-1 and in every renderer's
// region. It does not end in a hyphen and six characters, which Secrets
// Manager would confuse with the suffix of an ARN.
func (n Names) OriginSecret() string { return n.name + "/" + n.env + "/origin-key" }

// RendererHost is the secret through which a renderer without a domain tells
// us-east-1 the host name that API Gateway gave it.
func (n Names) RendererHost(region string) string {
	return n.name + "/" + n.env + "/renderer-host/" + region
}

// Publisher is the role that fills a trial for who deploys it.
func (n Names) Publisher() string { return n.String() + "-publisher" }

// VPCOrigin is the secret through which a fleet tells us-east-1 the id that
// CloudFront gave its load balancer.
func (n Names) VPCOrigin(region string) string {
	return n.name + "/" + n.env + "/vpc-origin/" + region
}

// Parameters is the path of the Systems Manager parameters in GlobalRegion.
func (n Names) Parameters() string { return "/" + n.name + "/" + n.env + "/" }

// RouteTableARN is the parameter with the ARN of the KeyValueStore.
func (n Names) RouteTableARN() string { return n.Parameters() + "route-table-arn" }

// BaseURL is the parameter with the scheme and host that readers use.
func (n Names) BaseURL() string { return n.Parameters() + "base-url" }

// DistributionID is the parameter with the id of the distribution.
func (n Names) DistributionID() string { return n.Parameters() + "distribution-id" }

// OriginDomain is the host that answers dynamic requests, in whichever region
// is healthy.
func OriginDomain(domain string) string { return "origin." + domain }

// RegionDomain is the same host in one region: health checks and the pages'
// fallback name it.
func RegionDomain(domain, region string) string { return region + "." + OriginDomain(domain) }

// BranchDomain is the host that shows a branch, "*" for all of them. The edge
// function knows a branch by it.
func BranchDomain(domain, name string) string { return name + ".branch." + domain }

// MetricNamespace is where the renderer's own metrics are.
func (n Names) MetricNamespace() string { return n.String() }
