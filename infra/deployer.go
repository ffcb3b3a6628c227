package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// bootstrapQualifier is in the names of the roles that `cdk bootstrap` makes.
const bootstrapQualifier = "hnb659fds"

// deployerPolicy is all that deploying the stacks needs, by a workflow or by the
// pipeline: to become the roles of the CDK's bootstrap, in this account, in the
// blog's regions and us-east-1, and to publish to the rehearsal.
//
// That is as much as CloudFormation may do for those roles, which by default is
// anything; `cdk bootstrap` takes less (--cloudformation-execution-policies). What
// a deployer cannot do is any of it by itself, past CloudFormation. The roles for
// looking things up and for images are left out: templates look nothing up.
//
// Two environments in one account are one as far as this goes. Whoever may deploy
// the rehearsal may deploy the blog; what stands between is the order of a
// pipeline's stages, or the rules of GitHub's environments.
func deployerPolicy(rehearsal names.Names, regions []string) []awsiam.PolicyStatement {
	var roles []string
	for _, region := range withGlobal(regions) {
		for _, role := range []string{"deploy", "file-publishing"} {
			roles = append(roles, "arn:aws:iam::"+account()+":role/cdk-"+bootstrapQualifier+"-"+role+"-role-"+account()+"-"+region)
		}
	}
	return []awsiam.PolicyStatement{
		awsiam.NewPolicyStatement(allow("AssumeBootstrapRoles", []string{"sts:AssumeRole"}, roles...)),
		awsiam.NewPolicyStatement(allow("PublishTheRehearsal", []string{"sts:AssumeRole"},
			"arn:aws:iam::"+account()+":role/"+rehearsal.Publisher())),
	}
}

// withGlobal adds us-east-1, where there are stacks whichever the regions.
func withGlobal(regions []string) []string {
	out := []string{names.GlobalRegion}
	for _, r := range regions {
		if r != names.GlobalRegion {
			out = append(out, r)
		}
	}
	return out
}

// newDeployer makes the role as which a workflow of the author's repository
// deploys. Its tokens must be of a job in the environment of the rehearsal or in
// deployEnvironment, which are not the one of who publishes: rules that ask for a
// person's yes to each deployment would ask for it at each post.
func newDeployer(c OpsConfig, provider string) {
	var subjects []string
	for _, environment := range []string{config.Rehearsal, deployEnvironment} {
		subjects = append(subjects, "repo:"+c.GitHub.Repository+":environment:"+environment)
	}
	role := newWorkflowRole(c, "Deployer", "deploys", provider, subjects)
	for _, s := range deployerPolicy(c.Rehearsal, c.Regions) {
		role.AddToPolicy(s)
	}
	output(c.Stack, "DeployerRole", *role.RoleArn(), "Write this as the variable DEPLOYER_ROLE of "+c.GitHub.Repository)
}

// deployEnvironment is GitHub's environment for jobs that deploy the blog itself.
const deployEnvironment = "deploy"

// newRehearsalPublisher makes the role that fills the rehearsal with the content
// that it is to be tried with. Whoever deploys takes it, by its name; the account
// trusts its own, and only they are allowed to by their own policies.
func newRehearsalPublisher(c OpsConfig) {
	role := awsiam.NewRole(c.Stack, jsii.String("Publisher"), &awsiam.RoleProps{
		RoleName:    jsii.String(c.Names.Publisher()),
		Description: jsii.String("Blog: publishes to the rehearsal"),
		AssumedBy:   awsiam.NewArnPrincipal(jsii.String("arn:aws:iam::" + account() + ":root")),
	})
	for _, s := range publisherPolicy(c) {
		role.AddToPolicy(s)
	}
	excusePolicy(role, "AwsSolutions-IAM5", prefixes)
	output(c.Stack, "PublisherRole", *role.RoleArn(), "Who publishes to the rehearsal")
}
