package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

// GlobalConfig is what the Global stack is made from.
type GlobalConfig struct {
	Stack   awscdk.Stack
	Names   names.Names
	Keep    bool
	Zone    string   // the domain to make a hosted zone for; empty for none
	Regions []string // where renderers read the origin secret

	AccessLogs bool // of the distribution
	LogsDays   int
}

// GlobalOutput is what other stacks use of it.
type GlobalOutput struct {
	Stack      awscdk.Stack
	RouteTable awscloudfront.KeyValueStore
}

// newGlobal makes what is there once and has to stay: the route table, the
// secret between distribution and renderers, and a hosted zone if the blog is
// to have its own. The distribution's access logs are here too, because Edge may
// be deleted and made again.
//
// The viewer certificate is not here but in Edge. CloudFormation refuses to
// change a value that another stack imports, so that with the certificate here
// a blog could neither change its domain nor give it up.
func newGlobal(c GlobalConfig) *GlobalOutput {
	c.Stack.SetTerminationProtection(jsii.Bool(c.Keep))

	table := awscloudfront.NewKeyValueStore(c.Stack, jsii.String("RouteTable"), &awscloudfront.KeyValueStoreProps{
		KeyValueStoreName: jsii.String(c.Names.RouteTable()),
		Comment:           jsii.String("Path to page, by release; rebuilt from the release bucket at any time"),
	})
	table.ApplyRemovalPolicy(removal(c.Keep))
	parameter(c.Stack, "RouteTableARN", c.Names.RouteTableARN(), *table.KeyValueStoreArn())

	// Nothing is lost with it: a new one is generated and deployed.
	secret := awssecretsmanager.NewSecret(c.Stack, jsii.String("OriginSecret"), &awssecretsmanager.SecretProps{
		SecretName:  jsii.String(c.Names.OriginSecret()),
		Description: jsii.String("Value of the header by which the renderer knows the distribution"),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			PasswordLength:     jsii.Number(48),
			ExcludePunctuation: jsii.Bool(true), // it travels in a header
		},
		ReplicaRegions: replicas(c.Regions),
		RemovalPolicy:  awscdk.RemovalPolicy_DESTROY,
	})
	excuse(secret, "AwsSolutions-SMG4", "A rotation changes the distribution as well, and a function that may do that may point the blog anywhere. A person rotates it: docs/runbook.md#changing-the-origin-secret.")

	if c.AccessLogs {
		newAccessLogBucket(c)
	}

	if c.Zone != "" {
		zone := awsroute53.NewPublicHostedZone(c.Stack, jsii.String("Zone"), &awsroute53.PublicHostedZoneProps{
			ZoneName: jsii.String(c.Zone),
			// Records can be changed within the hour when us-east-1 is down.
			AcceleratedRecoveryEnabled: jsii.Bool(true),
		})
		zone.ApplyRemovalPolicy(removal(c.Keep))
		output(c.Stack, "HostedZoneID", *zone.HostedZoneId(), "Write this as hosted_zone.id in blog.yaml, once the registrar has the name servers")
		output(c.Stack, "NameServers", *awscdk.Fn_Join(jsii.String(" "), zone.HostedZoneNameServers()), "Enter these at the registrar of "+c.Zone)
	}
	return &GlobalOutput{Stack: c.Stack, RouteTable: table}
}

// replicas are the regions that need a copy of a secret of us-east-1.
func replicas(regions []string) *[]*awssecretsmanager.ReplicaRegion {
	var out []*awssecretsmanager.ReplicaRegion
	for _, r := range regions {
		if r != names.GlobalRegion {
			out = append(out, &awssecretsmanager.ReplicaRegion{Region: jsii.String(r)})
		}
	}
	if out == nil {
		return nil
	}
	return &out
}

// parameter publishes a value that AWS chose under a name that everyone knows.
func parameter(scope constructs.Construct, id, name, value string) {
	awsssm.NewStringParameter(scope, jsii.String(id), &awsssm.StringParameterProps{
		ParameterName: jsii.String(name),
		StringValue:   jsii.String(value),
	})
}

// output shows a value to whoever deploys.
func output(scope constructs.Construct, id, value, description string) {
	awscdk.NewCfnOutput(scope, jsii.String(id), &awscdk.CfnOutputProps{
		Value:       jsii.String(value),
		Description: jsii.String(description),
	})
}
