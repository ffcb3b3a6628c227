package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodedeploy"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

// canary is the tenth of the requests that a new version gets at first, and the
// minutes that it has to prove itself.
const canary = "CodeDeployDefault.LambdaCanary10Percent5Minutes"

// newCanary makes every later deployment of the renderer a canary: CodeDeploy
// moves the alias, in two steps, and back when one of the alarms goes off. The
// application's name is how its events are known.
//
// It proves as much as there are requests in five minutes: with a domain the
// health checks, without one perhaps none. What comes later is the code
// remedy's (package remedy). A deployment does not begin while an alarm is on.
//
// The alias is at the end of a chain here, which must not lead back to it:
//
//	alias ──▶ deployment group ──▶ alarms ──▶ topic
//	rule  ──▶ remedy, alarms       remedy's role ──▶ the alias's ARN, written out
func newCanary(c RenderConfig, live awslambda.Alias, alarms []awscloudwatch.Alarm) (application string) {
	app := awscodedeploy.NewCfnApplication(c.Stack, jsii.String("Deployments"), &awscodedeploy.CfnApplicationProps{
		ComputePlatform: jsii.String("Lambda"),
	})
	role := awsiam.NewRole(c.Stack, jsii.String("DeploymentRole"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("codedeploy.amazonaws.com"), nil),
		Description: jsii.String("Blog: CodeDeploy moves the renderer's alias in " + c.Region),
	})
	function := functionARN(c.Region, c.Names.Renderer())
	for _, s := range []*awsiam.PolicyStatementProps{
		// IAM knows these actions for the function, its alias, or both; neither
		// is another function's.
		allow("MoveAlias", []string{"lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"},
			function, function+":"+names.LiveAlias),
		// It takes no resource.
		allow("WatchAlarms", []string{"cloudwatch:DescribeAlarms"}, "*"),
	} {
		role.AddToPolicy(awsiam.NewPolicyStatement(s))
	}
	excusePolicy(role, "AwsSolutions-IAM5", "cloudwatch:DescribeAlarms takes no resource, and reads.")
	var watched []*awscodedeploy.CfnDeploymentGroup_AlarmProperty
	for _, a := range alarms {
		watched = append(watched, &awscodedeploy.CfnDeploymentGroup_AlarmProperty{Name: a.AlarmName()})
	}
	group := awscodedeploy.NewCfnDeploymentGroup(c.Stack, jsii.String("Canary"), &awscodedeploy.CfnDeploymentGroupProps{
		ApplicationName:      app.Ref(),
		ServiceRoleArn:       role.RoleArn(),
		DeploymentConfigName: jsii.String(canary),
		DeploymentStyle: &awscodedeploy.CfnDeploymentGroup_DeploymentStyleProperty{
			DeploymentType:   jsii.String("BLUE_GREEN"),
			DeploymentOption: jsii.String("WITH_TRAFFIC_CONTROL"),
		},
		AlarmConfiguration: &awscodedeploy.CfnDeploymentGroup_AlarmConfigurationProperty{
			Enabled: jsii.Bool(true), Alarms: &watched,
		},
		AutoRollbackConfiguration: &awscodedeploy.CfnDeploymentGroup_AutoRollbackConfigurationProperty{
			Enabled: jsii.Bool(true),
			Events:  jsii.Strings("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"),
		},
	})
	group.Node().AddDependency(role) // and its policy, which is a resource apart
	live.Node().DefaultChild().(awslambda.CfnAlias).CfnOptions().SetUpdatePolicy(&awscdk.CfnUpdatePolicy{
		CodeDeployLambdaAliasUpdate: &awscdk.CfnCodeDeployLambdaAliasUpdate{
			ApplicationName: app.Ref(), DeploymentGroupName: group.Ref(),
		},
	})
	return *app.Ref()
}

func functionARN(region, name string) string {
	return "arn:aws:lambda:" + region + ":" + account() + ":function:" + name
}
