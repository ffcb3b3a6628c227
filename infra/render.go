package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// RenderConfig is what one region's Render stack is made from.
type RenderConfig struct {
	Stack       awscdk.Stack
	Names       names.Names
	Keep        bool
	Region      string
	Routing     routing // how Route 53 leads dynamic requests here
	Domain      string  // empty for none
	ZoneID      string
	RendererDir string
	Fleet       *config.Fleet // nil: the Lambda answers readers, too
	RemedyDir   string
	Memory      int // MB
	KMS         bool
	LogsDays    int
	AlarmEmail  string
}

// batchMinutes is how long one invocation may take. A batch of a publisher is
// what needs time (about a tenth of a second for each page, most of it
// compression); a reader's request is over after the ten seconds that
// CloudFront waits.
const batchMinutes = 5

// newRender makes one region's renderer and the ways to it. It holds no data:
// all of it can be deleted and made again.
func newRender(c RenderConfig) {
	live := newRenderer(c, newLogGroup(c.Stack, "Logs", "/aws/lambda/"+c.Names.Renderer(), c.LogsDays))
	cert := newAPI(c, live)
	topic := newTopic(c.Stack, c.Names.String()+" "+c.Region, c.AlarmEmail)
	ofCode := newAlarms(c, topic)
	if c.Keep { // a trial has no readers, and deletes the version to go back to
		newCodeRemedy(c, topic, ofCode, newCanary(c, live, ofCode))
	}
	if c.Fleet != nil {
		newFleet(c, cert, topic)
	}
}

// newLogGroup makes a log that goes with its stack. Without a name CloudFormation
// gives it one.
func newLogGroup(scope constructs.Construct, id, name string, days int) awslogs.LogGroup {
	props := &awslogs.LogGroupProps{RemovalPolicy: awscdk.RemovalPolicy_DESTROY}
	if name != "" {
		props.LogGroupName = jsii.String(name)
	}
	logs := awslogs.NewLogGroup(scope, jsii.String(id), props)
	// The number of days itself; the construct has a name for each.
	logs.Node().DefaultChild().(awslogs.CfnLogGroup).SetRetentionInDays(jsii.Number(days))
	return logs
}

// newRenderer makes the function and the alias through which everyone calls it.
func newRenderer(c RenderConfig, logs awslogs.LogGroup) awslambda.Alias {
	// Versions outlive the deployment that replaces them, so that the alias
	// can be moved back to one.
	versions := awscdk.RemovalPolicy_DESTROY
	if c.Keep {
		versions = awscdk.RemovalPolicy_RETAIN
	}
	fn := newFunction(c.Stack, "Renderer", c.RendererDir, &awslambda.FunctionProps{
		FunctionName: jsii.String(c.Names.Renderer()),
		Description:  jsii.String("Recipe in, page out"),
		MemorySize:   jsii.Number(c.Memory),
		Timeout:      awscdk.Duration_Minutes(jsii.Number(batchMinutes)),
		Role:         newRendererRole(c, logs),
		LogGroup:     logs,
		Environment: &map[string]*string{
			names.EnvBucket:       jsii.String(c.Names.Bucket(account(), c.Region)),
			names.EnvOriginSecret: jsii.String(c.Names.OriginSecret()),
			names.EnvMetrics:      jsii.String(c.Names.MetricNamespace()),
		},
		CurrentVersionOptions: &awslambda.VersionOptions{RemovalPolicy: versions},
	})
	return awslambda.NewAlias(c.Stack, jsii.String("Live"), &awslambda.AliasProps{
		AliasName:   jsii.String(names.LiveAlias),
		Version:     fn.CurrentVersion(),
		Description: jsii.String("Answers requests and batches"),
	})
}

// newRendererRole allows what the function does and no more: read its region's
// bucket, write pages and what they are made from there, read the secret, write
// its log.
func newRendererRole(c RenderConfig, logs awslogs.LogGroup) awsiam.Role {
	role := awsiam.NewRole(c.Stack, jsii.String("RendererRole"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("Blog: the renderer in " + c.Region),
	})
	bucket := bucketARN(c.Names.Bucket(account(), c.Region))
	read := under(bucket, []string{names.SourcePrefix, names.RecipePrefix, names.PagePrefix, names.DraftPrefix})
	for _, s := range []*awsiam.PolicyStatementProps{
		allow("ReadRecord", []string{"s3:GetObject"}, append(read, bucket+"/"+names.HeadKey, bucket+"/"+names.TrafficKey)...),
		// Which page an old release had, and what of it was taken down since.
		allow("ReadHistory", []string{"s3:GetObject"}, under(bucket, []string{names.ReleasePrefix, names.TakedownPrefix})...),
		// Without it S3 says 403 of a page that is not there yet, and the
		// function could not tell that from a lost permission.
		allow("TellMissingFromForbidden", []string{"s3:ListBucket"}, bucket),
		allow("WritePages", []string{"s3:PutObject"}, under(bucket, []string{names.PagePrefix, names.DraftPrefix})...),
		// What pages are made from comes with the publisher's invocation.
		allow("WriteRecipes", []string{"s3:PutObject"}, under(bucket, []string{names.RecipePrefix, names.SourcePrefix})...),
		// Six characters that Secrets Manager chose end a secret's ARN.
		allow("ReadOriginSecret", []string{"secretsmanager:GetSecretValue"},
			"arn:aws:secretsmanager:"+c.Region+":"+account()+":secret:"+c.Names.OriginSecret()+"-??????"),
		allow("WriteLog", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, *logs.LogGroupArn()),
	} {
		role.AddToPolicy(awsiam.NewPolicyStatement(s))
	}
	excusePolicy(role, "AwsSolutions-IAM5", prefixes)
	if c.KMS {
		role.AddToPolicy(keysCalled("UseKey", c.Names, c.Region, "kms:Decrypt", "kms:GenerateDataKey"))
	}
	return role
}
