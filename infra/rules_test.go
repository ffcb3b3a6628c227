package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

type object = map[string]any
type list = []any

// Resources of which all is in order, as parts of the cases below.
var (
	privateBucket = object{
		"PublicAccessBlockConfiguration": object{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		},
		"OwnershipControls": object{"Rules": list{object{"ObjectOwnership": "BucketOwnerEnforced"}}},
		"LifecycleConfiguration": object{"Rules": list{object{
			"Id": "leftovers", "Status": "Enabled",
			"AbortIncompleteMultipartUpload": object{"DaysAfterInitiation": 7.},
			"NoncurrentVersionExpiration":    object{"NoncurrentDays": 30.},
		}}},
		"VersioningConfiguration": object{"Status": "Enabled"},
	}
	withoutTLS = object{
		"Effect": "Deny", "Principal": object{"AWS": "*"}, "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
		"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
	}
	toldAlarm = object{
		"AlarmActions": list{"arn:aws:sns:eu-west-1:111122223333:alarms"}, "AlarmDescription": "Bad. What to do: docs/runbook.md#badalarm",
		"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1., "Threshold": 1.,
		"MetricName": "Errors", "Namespace": "AWS/Lambda", "Period": 60., "Statistic": "Sum",
	}
	loggedFunction = object{
		"Role": "arn:aws:iam::111122223333:role/r", "Code": object{"S3Bucket": "b", "S3Key": "k"},
		"Runtime": "provided.al2023", "Handler": "bootstrap", "LoggingConfig": object{"LogGroup": "logs"},
	}
	lookedAfterBuild = object{
		"Artifacts": object{"Type": "NO_ARTIFACTS"}, "ServiceRole": "arn:aws:iam::111122223333:role/r",
		"Environment": object{"ComputeType": "BUILD_GENERAL1_SMALL", "Image": "aws/codebuild/standard:7.0", "Type": "LINUX_CONTAINER"},
		"Source":      object{"Type": "NO_SOURCE", "BuildSpec": "version: 0.2"},
		"LogsConfig":  object{"CloudWatchLogs": object{"Status": "ENABLED", "GroupName": "builds"}},
	}
	answering = object{
		"TargetOriginId": "o", "ViewerProtocolPolicy": "redirect-to-https", "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
	}
	asked = object{"Id": "o", "DomainName": "o.example.com", "CustomOriginConfig": object{"OriginProtocolPolicy": "https-only"}}
	site  = object{
		"Enabled": true, "DefaultCacheBehavior": answering, "Origins": list{asked}, "Aliases": list{"example.com"},
		"ViewerCertificate": object{
			"AcmCertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/c", "SslSupportMethod": "sni-only",
			"MinimumProtocolVersion": "TLSv1.2_2025",
		},
	}
)

// with is an object with some of its keys changed; nil takes one away.
func with(o object, changes ...any) object {
	out := object{}
	for k, v := range o {
		out[k] = v
	}
	for i := 0; i < len(changes); i += 2 {
		out[changes[i].(string)] = changes[i+1]
		if changes[i+1] == nil {
			delete(out, changes[i].(string))
		}
	}
	return out
}

func policyOf(statements ...any) object {
	return object{"PolicyName": "p", "Roles": list{"r"}, "PolicyDocument": object{"Version": "2012-10-17", "Statement": list(statements)}}
}

func may(action, resource any) object {
	return object{"Effect": "Allow", "Action": action, "Resource": resource}
}

// ruleCase is a resource, or several, that break a rule, or none.
type ruleCase struct {
	name  string
	rule  string
	typ   string
	it    object
	also  string // type of a second resource, which may refer to the first as It
	other object
}

var ruleCases = []ruleCase{
	{"a bucket and its policy", "", "AWS::S3::Bucket", privateBucket, "AWS::S3::BucketPolicy", bucketPolicy(withoutTLS)},
	{"a bucket of which nothing is said", "BLOG-PUBLIC-BLOCK BLOG-PUBLIC-OWNER BLOG-RETENTION-UPLOADS BLOG-TLS-POLICY", "AWS::S3::Bucket", object{}, "", nil},
	{"a bucket that blocks three of four", "BLOG-PUBLIC-BLOCK", "AWS::S3::Bucket", with(privateBucket, "PublicAccessBlockConfiguration",
		object{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true}), "AWS::S3::BucketPolicy", bucketPolicy(withoutTLS)},
	{"a bucket with access lists", "BLOG-PUBLIC-OWNER", "AWS::S3::Bucket", with(privateBucket, "OwnershipControls",
		object{"Rules": list{object{"ObjectOwnership": "ObjectWriter"}}}), "AWS::S3::BucketPolicy", bucketPolicy(withoutTLS)},
	{"a bucket that everybody may read", "BLOG-PUBLIC-POLICY", "AWS::S3::Bucket", privateBucket, "AWS::S3::BucketPolicy",
		bucketPolicy(withoutTLS, with(may("s3:GetObject", "arn:aws:s3:::b/*"), "Principal", "*"))},

	{"a bucket without a policy", "BLOG-TLS-POLICY", "AWS::S3::Bucket", privateBucket, "", nil},
	{"a bucket whose policy is about something else", "BLOG-TLS-POLICY", "AWS::S3::Bucket", privateBucket, "AWS::S3::BucketPolicy",
		bucketPolicy(with(withoutTLS, "Condition", object{"Null": object{"s3:if-match": "true"}}))},
	{"a bucket whose policy holds for one role", "BLOG-TLS-POLICY", "AWS::S3::Bucket", privateBucket, "AWS::S3::BucketPolicy",
		bucketPolicy(with(withoutTLS, "Principal", object{"AWS": "arn:aws:iam::111122223333:role/r"}))},
	{"another bucket's policy", "BLOG-TLS-POLICY", "AWS::S3::Bucket", privateBucket, "AWS::S3::BucketPolicy",
		with(bucketPolicy(withoutTLS), "Bucket", "another")},
	{"a topic without a policy", "BLOG-TLS-POLICY", "AWS::SNS::Topic", object{}, "", nil},
	{"a queue without a policy", "BLOG-TLS-POLICY", "AWS::SQS::Queue", object{}, "", nil},
	{"a distribution", "", "AWS::CloudFront::Distribution", object{"DistributionConfig": site}, "", nil},
	{"a distribution without a domain", "", "AWS::CloudFront::Distribution", object{"DistributionConfig": with(site, "Aliases", nil, "ViewerCertificate", nil)}, "", nil},
	{"plain HTTP", "BLOG-TLS-VIEWERS", "AWS::CloudFront::Distribution", object{"DistributionConfig": with(site, "DefaultCacheBehavior",
		with(answering, "ViewerProtocolPolicy", "allow-all"))}, "", nil},
	{"plain HTTP on one path", "BLOG-TLS-VIEWERS", "AWS::CloudFront::Distribution", object{"DistributionConfig": with(site, "CacheBehaviors",
		list{with(answering, "PathPattern", "/a", "ViewerProtocolPolicy", "allow-all")})}, "", nil},
	{"old ciphers", "BLOG-TLS-FLOOR", "AWS::CloudFront::Distribution", object{"DistributionConfig": with(site, "ViewerCertificate",
		with(site["ViewerCertificate"].(object), "MinimumProtocolVersion", "TLSv1.2_2021"))}, "", nil},
	{"an origin in the clear", "BLOG-TLS-ORIGIN", "AWS::CloudFront::Distribution", object{"DistributionConfig": with(site, "Origins",
		list{with(asked, "CustomOriginConfig", object{"OriginProtocolPolicy": "match-viewer"})})}, "", nil},
	{"an API with old ciphers", "BLOG-TLS-API", "AWS::ApiGatewayV2::DomainName", object{"DomainName": "a.example.com", "DomainNameConfigurations": list{object{
		"CertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/c", "EndpointType": "REGIONAL"}}}, "", nil},
	{"a health check in the clear", "BLOG-TLS-CHECK", "AWS::Route53::HealthCheck", object{"HealthCheckConfig": object{
		"Type": "HTTP", "FullyQualifiedDomainName": "a.example.com"}}, "", nil},

	{"a log for ever", "BLOG-RETENTION-LOG", "AWS::Logs::LogGroup", object{"LogGroupName": "l"}, "", nil},
	{"a log that ends", "", "AWS::Logs::LogGroup", object{"LogGroupName": "l", "RetentionInDays": 30.}, "", nil},
	{"a function with a log", "", "AWS::Lambda::Function", loggedFunction, "", nil},
	{"a function without", "BLOG-RETENTION-FUNCTION", "AWS::Lambda::Function", with(loggedFunction, "LoggingConfig", nil), "", nil},
	{"a build with a log", "", "AWS::CodeBuild::Project", lookedAfterBuild, "", nil},
	{"a build without", "BLOG-RETENTION-BUILD", "AWS::CodeBuild::Project", with(lookedAfterBuild, "LogsConfig", nil), "", nil},
	{"uploads that never end", "BLOG-RETENTION-UPLOADS", "AWS::S3::Bucket", with(privateBucket, "LifecycleConfiguration", object{"Rules": list{object{
		"Status": "Enabled", "NoncurrentVersionExpiration": object{"NoncurrentDays": 30.}}}}), "AWS::S3::BucketPolicy", bucketPolicy(withoutTLS)},
	{"a rule that is off", "BLOG-RETENTION-UPLOADS", "AWS::S3::Bucket", with(privateBucket, "VersioningConfiguration", nil, "LifecycleConfiguration", object{"Rules": list{object{
		"Status": "Disabled", "AbortIncompleteMultipartUpload": object{"DaysAfterInitiation": 7.}}}}), "AWS::S3::BucketPolicy", bucketPolicy(withoutTLS)},
	{"versions that never end", "BLOG-RETENTION-VERSIONS", "AWS::S3::Bucket", with(privateBucket, "LifecycleConfiguration", object{"Rules": list{object{
		"Status": "Enabled", "AbortIncompleteMultipartUpload": object{"DaysAfterInitiation": 7.}}}}), "AWS::S3::BucketPolicy", bucketPolicy(withoutTLS)},

	{"writes under a prefix", "", "AWS::IAM::Policy", policyOf(may("s3:PutObject", "arn:aws:s3:::b/page/*")), "", nil},
	{"reads of everything", "", "AWS::IAM::Policy", policyOf(may(list{"ec2:DescribeInstances", "s3:GetObject"}, "*")), "", nil},
	{"a key by its alias", "", "AWS::IAM::Policy", policyOf(with(may("kms:GenerateDataKey", "arn:aws:kms:eu-west-1:111122223333:key/*"),
		"Condition", object{"ForAnyValue:StringEquals": object{"kms:ResourceAliases": "alias/a"}})), "", nil},
	{"a metric of one namespace", "", "AWS::IAM::Policy", policyOf(with(may("cloudwatch:PutMetricData", "*"),
		"Condition", object{"StringEquals": object{"cloudwatch:namespace": "blog-prod"}})), "", nil},
	{"refusing everything", "", "AWS::IAM::Policy", policyOf(with(may("s3:*", "*"), "Effect", "Deny")), "", nil},
	{"writes on everything", "BLOG-WRITE-EVERYWHERE", "AWS::IAM::Policy", policyOf(may("s3:PutObject", "*")), "", nil},
	{"one write among reads", "BLOG-WRITE-EVERYWHERE", "AWS::IAM::Policy", policyOf(may(list{"s3:GetObject", "s3:DeleteObject"}, list{"arn:aws:s3:::b/*", "*"})), "", nil},
	{"writes on all of a kind", "BLOG-WRITE-EVERYWHERE", "AWS::IAM::Policy", policyOf(may("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:function:*")), "", nil},
	{"any key", "BLOG-WRITE-EVERYWHERE", "AWS::IAM::Policy", policyOf(may("kms:GenerateDataKey", "arn:aws:kms:eu-west-1:111122223333:key/*")), "", nil},
	{"any metric", "BLOG-WRITE-EVERYWHERE", "AWS::IAM::Policy", policyOf(may("cloudwatch:PutMetricData", "*")), "", nil},
	{"any action", "BLOG-WRITE-ACTION", "AWS::IAM::ManagedPolicy", with(policyOf(may("s3:*", "arn:aws:s3:::b/page/*")), "PolicyName", nil, "Roles", nil), "", nil},
	{"any action, within a role", "BLOG-WRITE-ACTION BLOG-WRITE-EVERYWHERE", "AWS::IAM::Role", object{
		"AssumeRolePolicyDocument": object{"Version": "2012-10-17", "Statement": object{
			"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": object{"Service": "lambda.amazonaws.com"}}},
		"Policies": list{object{"PolicyName": "p", "PolicyDocument": object{"Version": "2012-10-17", "Statement": may("*", "*")}}}}, "", nil},
	{"all but", "BLOG-WRITE-NOTACTION", "AWS::IAM::Policy", policyOf(object{"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::b"}), "", nil},
	{"everywhere but", "BLOG-WRITE-NOTRESOURCE", "AWS::IAM::Policy", policyOf(object{"Effect": "Allow", "Action": "s3:PutObject", "NotResource": "arn:aws:s3:::b/*"}), "", nil},

	{"an alarm", "", "AWS::CloudWatch::Alarm", toldAlarm, "", nil},
	{"an alarm that tells nobody", "BLOG-ALARM-NOBODY", "AWS::CloudWatch::Alarm", with(toldAlarm, "AlarmActions", nil), "", nil},
	{"an alarm with an empty list", "BLOG-ALARM-NOBODY", "AWS::CloudWatch::Alarm", with(toldAlarm, "AlarmActions", list{}), "", nil},
	{"an alarm that is off", "BLOG-ALARM-OFF", "AWS::CloudWatch::Alarm", with(toldAlarm, "ActionsEnabled", false), "", nil},
	{"an alarm without a description", "BLOG-ALARM-RUNBOOK", "AWS::CloudWatch::Alarm", with(toldAlarm, "AlarmDescription", nil), "", nil},
	{"an alarm that does not say what to do", "BLOG-ALARM-RUNBOOK", "AWS::CloudWatch::Alarm", with(toldAlarm, "AlarmDescription", "See docs/runbook.md"), "", nil},
	{"an alarm of alarms that tells nobody", "BLOG-ALARM-NOBODY", "AWS::CloudWatch::CompositeAlarm", object{
		"AlarmRule": "ALARM(a)", "AlarmDescription": "Bad. docs/runbook.md#bad"}, "", nil},
}

func bucketPolicy(statements ...any) object {
	return object{"Bucket": object{"Ref": "It"}, "PolicyDocument": object{"Version": "2012-10-17", "Statement": list(statements)}}
}

// What breaks a rule is refused for that rule, and the rest for none; and a
// refusal stops the synthesis.
func TestRules(t *testing.T) {
	context, err := cdkContext()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false), Outdir: jsii.String(dir), Context: &context})
	newRules(app)
	stack := awscdk.NewStack(app, jsii.String("cases"), &awscdk.StackProps{Env: &awscdk.Environment{Region: jsii.String("us-east-1")}})
	for i, c := range ruleCases {
		it := fmt.Sprintf("Case%d", i)
		newResource(stack, it, it, c.typ, c.it)
		if c.also != "" {
			newResource(stack, it+"Policy", it, c.also, c.other)
		}
	}
	if err := synthesize(app); err == nil || !strings.Contains(err.Error(), "ValidationFailed") {
		t.Errorf("synthesizing what breaks the rules: %v", err)
	}
	broken, err := brokenRules(dir)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, c := range ruleCases {
		want := strings.Fields(c.rule)
		for _, id := range want {
			seen[id] = true
		}
		if got := slices.Sorted(slices.Values(broken[i])); !slices.Equal(got, want) {
			t.Errorf("%s: breaks %v, want %v", c.name, got, want)
		}
	}
	for _, id := range regexp.MustCompile(`BLOG-[A-Z-]+`).FindAllString(rules, -1) {
		if !seen[id] {
			t.Errorf("nothing breaks %s", id)
		}
	}
}

// newResource adds a resource whose properties may refer to a case's first as It.
func newResource(stack awscdk.Stack, id, it, typ string, properties object) {
	awscdk.NewCfnResource(stack, jsii.String(id), &awscdk.CfnResourceProps{
		Type: jsii.String(typ), Properties: new(withReferences(properties, it).(object)),
	})
}

func withReferences(v any, it string) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for key, e := range v {
			out[key] = withReferences(e, it)
		}
		return out
	case list:
		out := list{}
		for _, e := range v {
			out = append(out, withReferences(e, it))
		}
		return out
	case string:
		if v == "It" {
			return it
		}
	}
	return v
}

// synthesize returns the panic that a refusal is.
func synthesize(app awscdk.App) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	app.Synth(nil)
	return nil
}

var casePath = regexp.MustCompile(`^cases/Case(\d+)(Policy)?$`)

// brokenRules are those of the blog's own rules that each case breaks, as the
// report of the assembly has them.
func brokenRules(dir string) (map[int][]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, "validation-report.json"))
	if err != nil {
		return nil, err
	}
	var report struct {
		PluginReports []struct {
			Violations []struct {
				RuleName            string
				ViolatingConstructs []struct{ ConstructPath string }
			}
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		return nil, err
	}
	out := map[int][]string{}
	for _, p := range report.PluginReports {
		for _, v := range p.Violations {
			if !strings.HasPrefix(v.RuleName, "BLOG-") {
				continue
			}
			for _, c := range v.ViolatingConstructs {
				m := casePath.FindStringSubmatch(c.ConstructPath)
				if m == nil {
					return nil, fmt.Errorf("%s is no case", c.ConstructPath)
				}
				i, _ := strconv.Atoi(m[1])
				if !slices.Contains(out[i], v.RuleName) {
					out[i] = append(out[i], v.RuleName)
				}
			}
		}
	}
	return out, nil
}
