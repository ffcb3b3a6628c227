package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// OpsConfig is what the Ops stack is made from.
type OpsConfig struct {
	Stack      awscdk.Stack
	Names      names.Names
	Regions    []string
	Renderers  []string // regions that have one
	KMS        bool
	GitHub     config.GitHub // the zero value for none
	Budget     config.Budget // the zero value for none
	Rehearsal  names.Names   // which a workflow that deploys publishes to
	RouteTable awscloudfront.IKeyValueStore
}

const (
	// githubIssuer signs the tokens of GitHub's workflows. IAM knows the
	// provider, and the claims of its tokens, by this name.
	githubIssuer = "token.actions.githubusercontent.com"
	// stsAudience is what AWS's tools ask GitHub to make a token for.
	stsAudience = "sts.amazonaws.com"
)

// newOps makes what is about the account rather than about the blog: the role
// of the workflow that publishes, and the budget.
func newOps(c OpsConfig) {
	if c.GitHub.Repository != "" {
		newPublisher(c)
	}
	if c.Budget.MonthlyUSD > 0 {
		newBudget(c)
	}
}

// newPublisher makes the role as which a workflow of the author's repository
// publishes. No key of AWS is kept anywhere: the workflow shows STS a token
// that GitHub signed for one job, and is the role for an hour.
//
// The token must be of a job that runs in the repository's environment named
// like the blog's ("prod"). Whoever may start such a job may publish, and who
// that is stands in GitHub's settings of that environment: branches, reviewers.
// A branch in the subject instead would leave that to who may push.
//
// No thumbprint is given: IAM takes one itself, and does not use it for GitHub.
func newPublisher(c OpsConfig) {
	provider := "arn:aws:iam::" + account() + ":oidc-provider/" + githubIssuer
	if c.GitHub.CreateProvider {
		provider = *awsiam.NewCfnOIDCProvider(c.Stack, jsii.String("GitHub"), &awsiam.CfnOIDCProviderProps{
			Url:          jsii.String("https://" + githubIssuer),
			ClientIdList: jsii.Strings(stsAudience),
		}).AttrArn()
	}
	role := newWorkflowRole(c, "Publisher", "publishes", provider, "repo:"+c.GitHub.Repository+":environment:"+c.Names.Env())
	for _, s := range publisherPolicy(c) {
		role.AddToPolicy(s)
	}
	excusePolicy(role, "AwsSolutions-IAM5", prefixes)
	output(c.Stack, "PublisherRole", *role.RoleArn(), "Write this as the variable PUBLISHER_ROLE of "+c.GitHub.Repository)
	if c.GitHub.Deploy {
		newDeployer(c, provider)
	}
}

// newWorkflowRole makes a role for jobs of the repository whose tokens have one
// of the subjects: a text, or a list of them.
func newWorkflowRole(c OpsConfig, id, does, provider string, subjects any) awsiam.Role {
	return awsiam.NewRole(c.Stack, jsii.String(id), &awsiam.RoleProps{
		Description: jsii.String("Blog: " + does + " from " + c.GitHub.Repository),
		AssumedBy: awsiam.NewWebIdentityPrincipal(jsii.String(provider), &map[string]any{
			"StringEquals": map[string]any{
				githubIssuer + ":aud": stsAudience,
				githubIssuer + ":sub": subjects,
			},
		}),
		MaxSessionDuration: awscdk.Duration_Hours(jsii.Number(1)),
	})
}

// publisherPolicy is all that blog publish, rollback, status and diff need. It
// is the whole of the role: the buckets' policies give it nothing.
//
// There is no delete in it, and no write to page/, whose objects the renderer
// makes. A workflow gone wrong can publish, and can spoil the head and the
// route table, which docs/runbook.md brings back; it can lose nothing that was
// published. Writes carry the condition under which package store makes them,
// which the buckets ask of everyone too (releasePolicy).
//
// For the same reason a standby that was away gets its pages from its renderer. Those that a
// renderer of this version cannot make are left to S3's replication, or to a
// person who runs blog reconcile.
func publisherPolicy(c OpsConfig) []awsiam.PolicyStatement {
	var buckets, read, create, heads, renderers []string
	for _, region := range c.Regions {
		bucket := bucketARN(c.Names.Bucket(account(), region))
		buckets = append(buckets, bucket)
		// Pages are read for the bodies that stand in the route table, and to
		// compare with what the edge answers; sources, assets and recipes to
		// copy them to a standby that was away.
		read = append(read, bucket+"/"+names.HeadKey)
		read = append(read, under(bucket, names.ImmutablePrefixes())...)
		// The head can say that something is being deleted, or was taken down.
		read = append(read, under(bucket, []string{names.BranchPrefix, names.GarbagePrefix, names.TakedownPrefix})...)
		// Sources that are too long for an invocation; and recipes and sources
		// for a standby that was away.
		create = append(create, under(bucket, []string{names.AssetPrefix, names.RecipePrefix, names.ReleasePrefix, names.SourcePrefix})...)
		heads = append(heads, bucket+"/"+names.HeadKey, bucket+"/"+names.BranchPrefix+"*")
	}
	for _, region := range c.Renderers {
		// The alias alone: neither another version nor $LATEST.
		renderers = append(renderers, "arn:aws:lambda:"+region+":"+account()+":function:"+c.Names.Renderer()+":"+names.LiveAlias)
	}
	out := []awsiam.PolicyStatement{
		awsiam.NewPolicyStatement(allow("ReadRecord", []string{"s3:GetObject"}, read...)),
		// Without it S3 says 403 of an object that is not there, such as the
		// head before the first release, and package store fails on that.
		awsiam.NewPolicyStatement(allow("TellMissingFromForbidden", []string{"s3:ListBucket"}, buckets...)),
		allowIf("CreateOnly", "s3:PutObject", create, "s3:if-none-match"),
		// Two statements: the conditions of one must hold together.
		allowIf("CreateHeads", "s3:PutObject", heads, "s3:if-none-match"),
		allowIf("SwapHeads", "s3:PutObject", heads, "s3:if-match"),
		changeRoutes(c.RouteTable),
		awsiam.NewPolicyStatement(allow("Render", []string{"lambda:InvokeFunction"}, renderers...)),
		findTheRest(c.Names),
	}
	if c.KMS {
		out = append(out, useKeys(c.Names, c.Regions)...)
	}
	return out
}

// allowIf allows an action in a request that carries a condition key.
func allowIf(sid, action string, resources []string, key string) awsiam.PolicyStatement {
	s := allow(sid, []string{action}, resources...)
	s.Conditions = &map[string]any{"Null": map[string]string{key: "false"}}
	return awsiam.NewPolicyStatement(s)
}
