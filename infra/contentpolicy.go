package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/names"
)

// account stands for the account's id in every name that holds it, so that a
// template is the same whichever account it is made for.
func account() string { return *awscdk.Aws_ACCOUNT_ID() }

func bucketARN(bucket string) string { return "arn:aws:s3:::" + bucket }

// releasePolicy is what a release bucket allows and refuses, beside TLS.
//
// Refused is every write that could replace what is published. An object under
// an immutable prefix, a draft, or a list of garbage is created with
// If-None-Match; head.json, traffic.json and the records of branches, takedowns and
// remedies are created so or replaced with If-Match. The refusal holds for everyone, whatever a role
// allows. Replication is not held by it, being another action (s3:ReplicateObject), and the calls before the last one of a multipart upload
// cannot carry a condition, which s3:ObjectCreationOperation leaves out
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html).
// CopyObject into these keys is refused as well.
func releasePolicy(c ContentConfig) []awsiam.PolicyStatement {
	bucket := bucketARN(c.Names.Bucket(account(), c.Region))
	return []awsiam.PolicyStatement{
		cloudFrontMay("CloudFrontReads", "s3:GetObject",
			under(bucket, edge.ReadablePrefixes())...),
		refuse("CreateOnly", "s3:PutObject", under(bucket, append(names.ImmutablePrefixes(), names.DraftPrefix, names.GarbagePrefix)), map[string]any{
			"Null": map[string]string{"s3:if-none-match": "true"},
			"Bool": map[string]string{"s3:ObjectCreationOperation": "true"},
		}),
		refuse("CompareAndSwapOnly", "s3:PutObject", append(under(bucket, []string{names.BranchPrefix, names.RemedyPrefix, names.TakedownPrefix}), bucket+"/"+names.HeadKey, bucket+"/"+names.TrafficKey), map[string]any{
			"Null": map[string]string{"s3:if-none-match": "true", "s3:if-match": "true"},
			"Bool": map[string]string{"s3:ObjectCreationOperation": "true"},
		}),
	}
}

// cloudFrontMay allows CloudFront an action on behalf of this account's
// distributions. Their ids are not known here, and need not be: nobody else
// makes a distribution in this account.
func cloudFrontMay(sid, action string, resources ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String(sid),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudfront.amazonaws.com"), nil)},
		Actions:    jsii.Strings(action),
		Resources:  jsii.Strings(resources...),
		Conditions: &map[string]any{
			"StringEquals": map[string]string{"AWS:SourceAccount": account()},
			"ArnLike":      map[string]string{"AWS:SourceArn": "arn:aws:cloudfront::" + account() + ":distribution/*"},
		},
	})
}

func refuse(sid, action string, resources []string, when map[string]any) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String(sid),
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions:    jsii.Strings(action),
		Resources:  jsii.Strings(resources...),
		Conditions: &when,
	})
}

// allow is a statement of a role's policy.
func allow(sid string, actions []string, resources ...string) *awsiam.PolicyStatementProps {
	return &awsiam.PolicyStatementProps{
		Sid:       jsii.String(sid),
		Actions:   jsii.Strings(actions...),
		Resources: jsii.Strings(resources...),
	}
}

// under are the objects of a bucket under each of the prefixes.
func under(bucketARN string, prefixes []string) []string {
	var out []string
	for _, p := range prefixes {
		out = append(out, bucketARN+"/"+p+"*")
	}
	return out
}

// keysCalled allows actions on a region's KMS keys that carry the blog's
// alias. A key's own ARN is known to its stack alone, and IAM does not take an
// alias for a resource.
func keysCalled(sid string, n names.Names, region string, actions ...string) awsiam.PolicyStatement {
	s := allow(sid, actions, "arn:aws:kms:"+region+":"+account()+":key/*")
	s.Conditions = &map[string]any{
		"ForAnyValue:StringEquals": map[string]string{"kms:ResourceAliases": n.KeyAlias()},
	}
	return awsiam.NewPolicyStatement(s)
}

// useKeys allows to read and write what is encrypted in these regions.
func useKeys(n names.Names, regions []string) []awsiam.PolicyStatement {
	var out []awsiam.PolicyStatement
	for _, region := range regions {
		out = append(out, keysCalled("UseKey"+strings.ReplaceAll(region, "-", ""), n, region, "kms:Decrypt", "kms:GenerateDataKey"))
	}
	return out
}

// replicate makes the bucket copy what is written once to the standby region.
//
// It is the net behind the publisher, which writes both buckets itself, and so
// no promise rests on it. head.json is left out: a copy that arrives late would
// put an older head over the one that the publisher wrote.
func replicate(c ContentConfig, props *awss3.BucketProps) {
	if c.ReplicateTo == "" {
		return
	}
	from := bucketARN(c.Names.Bucket(account(), c.Region))
	toName := c.Names.Bucket(account(), c.ReplicateTo)

	role := awsiam.NewRole(c.Stack, jsii.String("Replication"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("s3.amazonaws.com"), nil),
		Description: jsii.String("S3 copies releases to " + c.ReplicateTo),
	})
	statements := []*awsiam.PolicyStatementProps{
		allow("ReadBucket", []string{"s3:GetReplicationConfiguration", "s3:ListBucket"}, from),
		allow("ReadVersions", []string{
			"s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
		}, under(from, names.ImmutablePrefixes())...),
		allow("Replicate", []string{"s3:ReplicateObject", "s3:ReplicateTags"},
			under(bucketARN(toName), names.ImmutablePrefixes())...),
	}
	for _, s := range statements {
		role.AddToPolicy(awsiam.NewPolicyStatement(s))
	}
	excusePolicy(role, "AwsSolutions-IAM5", prefixes)
	destination := &awss3.BucketAttributes{BucketName: jsii.String(toName), Region: jsii.String(c.ReplicateTo)}
	var destinationKey awskms.IKey
	if c.KMS {
		role.AddToPolicy(keysCalled("Decrypt", c.Names, c.Region, "kms:Decrypt"))
		role.AddToPolicy(keysCalled("Encrypt", c.Names, c.ReplicateTo, "kms:Encrypt"))
		// S3 takes an alias for the key of a replica, and an alias is known.
		destinationKey = awskms.Key_FromKeyArn(c.Stack, jsii.String("StandbyKey"),
			jsii.String("arn:aws:kms:"+c.ReplicateTo+":"+account()+":"+c.Names.KeyAlias()))
	}
	standby := awss3.Bucket_FromBucketAttributes(c.Stack, jsii.String("Standby"), destination)

	var rules []*awss3.ReplicationRule
	for i, prefix := range names.ImmutablePrefixes() {
		r := &awss3.ReplicationRule{
			Id:          jsii.String(prefix[:len(prefix)-1]),
			Priority:    jsii.Number(i),
			Destination: standby,
			Filter:      &awss3.Filter{Prefix: jsii.String(prefix)},
		}
		if destinationKey != nil {
			r.KmsKey, r.SseKmsEncryptedObjects = destinationKey, jsii.Bool(true)
		}
		rules = append(rules, r)
	}
	props.ReplicationRole, props.ReplicationRules = role, &rules
}
