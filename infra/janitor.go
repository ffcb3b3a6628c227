package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/victorleungtw/blog/internal/names"
)

// newJanitor makes the role that deletes: blog gc and blog takedown. It is for
// people of this account, an hour at a time, and only in a session that began
// with MFA; whom the account lets take it is for their own policies to say. No
// workflow takes it: a machine that publishes has nothing to delete.
//
// A session of IAM Identity Center carries no MFA that IAM could see. There a
// permission set has these statements, and not this role.
func newJanitor(c PeopleConfig) {
	role := newPeoplesRole(c, "Janitor", "Blog: collects garbage and takes pages down", janitorPolicy(c))
	excusePolicy(role, "AwsSolutions-IAM5", prefixes)
}

// janitorPolicy is all that the two commands need. It deletes what releases are
// made of, and of the rest nothing: head.json, the records of branches and of
// takedowns stay. It writes no page, source or asset, so that nothing which was
// deleted can be put back changed.
func janitorPolicy(c PeopleConfig) []awsiam.PolicyStatement {
	var buckets, read, remove, erase, create, swap []string
	for _, region := range c.Regions {
		bucket := bucketARN(c.Names.Bucket(account(), region))
		head := bucket + "/" + names.HeadKey
		buckets = append(buckets, bucket)
		read = append(read, head)
		read = append(read, under(bucket, names.ImmutablePrefixes())...)
		read = append(read, under(bucket, []string{names.BranchPrefix, names.GarbagePrefix, names.TakedownPrefix})...)
		// Manifests and lists of garbage are deleted, and kept as versions;
		// what was taken down is kept in no version.
		erase = append(erase, under(bucket, []string{names.AssetPrefix, names.DraftPrefix, names.PagePrefix, names.RecipePrefix, names.SourcePrefix})...)
		remove = append(remove, under(bucket, []string{names.GarbagePrefix, names.ReleasePrefix})...)
		create = append(create, head)
		create = append(create, under(bucket, []string{names.GarbagePrefix, names.ReleasePrefix, names.TakedownPrefix})...)
		swap = append(swap, head, bucket+"/"+names.TakedownPrefix+"*")
	}
	remove = append(remove, erase...)
	// CloudFormation reads the id when it deploys: no reference ties this stack
	// to the distribution's.
	distribution := "arn:aws:cloudfront::" + account() + ":distribution/{{resolve:ssm:" + c.Names.DistributionID() + "}}"

	out := []awsiam.PolicyStatement{
		awsiam.NewPolicyStatement(allow("ReadRecord", []string{"s3:GetObject"}, read...)),
		awsiam.NewPolicyStatement(allow("List", []string{"s3:ListBucket", "s3:ListBucketVersions"}, buckets...)),
		awsiam.NewPolicyStatement(allow("Delete", []string{"s3:DeleteObject"}, remove...)),
		awsiam.NewPolicyStatement(allow("Erase", []string{"s3:DeleteObjectVersion"}, erase...)),
		allowIf("CreateRecords", "s3:PutObject", create, "s3:if-none-match"),
		allowIf("SwapRecords", "s3:PutObject", swap, "s3:if-match"),
		changeRoutes(c.RouteTable),
		awsiam.NewPolicyStatement(allow("Invalidate", []string{"cloudfront:CreateInvalidation"}, distribution)),
		findTheRest(c.Names),
	}
	if c.KMS {
		out = append(out, useKeys(c.Names, c.Regions)...)
	}
	return out
}

// changeRoutes allows what package kvs does with the route table.
func changeRoutes(table awscloudfront.IKeyValueStore) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(allow("ChangeRoutes", []string{
		"cloudfront-keyvaluestore:DescribeKeyValueStore", "cloudfront-keyvaluestore:GetKey",
		"cloudfront-keyvaluestore:ListKeys", "cloudfront-keyvaluestore:UpdateKeys",
	}, *table.KeyValueStoreArn()))
}

// findTheRest allows to read the parameters. The path is authorized, not what is
// below it. How IAM writes one that ends in a slash is documented nowhere, so
// both ways are here.
func findTheRest(n names.Names) awsiam.PolicyStatement {
	path := "arn:aws:ssm:" + names.GlobalRegion + ":" + account() + ":parameter" + n.Parameters()
	return awsiam.NewPolicyStatement(allow("FindTheRest", []string{"ssm:GetParametersByPath"}, path, path[:len(path)-1]))
}
