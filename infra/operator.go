package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/victorleungtw/blog/internal/names"
)

// newOperator makes the role that sends readers to another region: blog traffic.
// Like the janitor's it is for people of this account, an hour at a time, in a
// session that began with MFA. The publisher does not have it: a workflow that was
// taken over could lead everybody to the region that is ill, and no publish needs
// it.
func newOperator(c PeopleConfig) {
	role := newPeoplesRole(c, "Operator", "Blog: sends readers to another region", operatorPolicy(c))
	if c.KMS {
		excusePolicy(role, "AwsSolutions-IAM5", anyKey)
	}
}

// operatorPolicy is all that the command needs: one object in each region's
// bucket, and the route table. IAM knows no keys of a route table, so that this
// role can spoil the routes as the publisher's can, which docs/runbook.md mends. It
// reads no page and no record, and can replace neither.
func operatorPolicy(c PeopleConfig) []awsiam.PolicyStatement {
	var buckets, words []string
	for _, region := range c.Regions {
		bucket := bucketARN(c.Names.Bucket(account(), region))
		buckets = append(buckets, bucket)
		words = append(words, bucket+"/"+names.TrafficKey)
	}
	out := []awsiam.PolicyStatement{
		// What was said before.
		awsiam.NewPolicyStatement(allow("ReadWord", []string{"s3:GetObject"}, words...)),
		// Without it S3 says 403 of a word that nobody has said yet.
		awsiam.NewPolicyStatement(allow("TellMissingFromForbidden", []string{"s3:ListBucket"}, buckets...)),
		// Two statements: the conditions of one must hold together.
		allowIf("CreateWord", "s3:PutObject", words, "s3:if-none-match"),
		allowIf("SwapWord", "s3:PutObject", words, "s3:if-match"),
		// One key, whose name IAM cannot be told.
		awsiam.NewPolicyStatement(allow("SendReaders", []string{
			"cloudfront-keyvaluestore:DescribeKeyValueStore", "cloudfront-keyvaluestore:GetKey",
			"cloudfront-keyvaluestore:UpdateKeys",
		}, *c.RouteTable.KeyValueStoreArn())),
		findTheRest(c.Names),
	}
	if c.KMS {
		out = append(out, useKeys(c.Names, c.Regions)...)
	}
	return out
}
