package main

import (
	_ "embed"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// rules are the blog's own, for every template: no public bucket, TLS only,
// nothing that piles up without an end, no write on everything, no alarm that
// reaches nobody or says nothing of what to do.
//
// They are in Rego and not in Guard, which the plugin takes as well: it
// translates Guard, and passes over what it cannot translate. A Guard rule
// that looked into a list (a policy's statements, some Statement[*], a filter)
// never failed whatever the list said, without a word. A rule that joins two
// resources, as a bucket and its policy, cannot be said in Guard at all.
//
//go:embed rules.rego
var rules string

// newRules has every template checked while it is synthesized, against the
// rules above, the schemas of CloudFormation and the CDK's own rules. A
// template that breaks one makes the cdk command fail and name the resource.
// That needs validateAgainstDefaultRules in cdk.json; without it the command
// only warns.
//
// The rules see one template at a time, and know a value only where it stands
// in the template. What is finer (which writes on which prefix) is asserted in
// tests, where the intent is known.
func newRules(app awscdk.App) {
	awscdk.Validations_Of(app).AddPlugins(validator())
}

// validator is made once: it takes five seconds to read all its rules, and tests
// synthesize many apps.
var validator = sync.OnceValue(func() awscdk.CloudFormationValidatePlugin {
	return awscdk.NewCloudFormationValidatePlugin(&awscdk.CloudFormationValidatePluginProps{
		RegoRules: &[]*awscdk.ValidationRuleSource{{Name: jsii.String("blog"), Content: jsii.String(rules)}},
	})
})
