package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// Storage classes, and why nearly everything stays in Standard. List prices of
// November 2026 in us-east-1, USD; the ratios are what matters.
//
//	                           a GB-month  billed at least  to move 1,000 in
//	Standard                   0.023       its size         -
//	Standard-IA                0.0125      128 KB, 30 days  0.01
//	Glacier Instant Retrieval  0.004       128 KB, 90 days  0.02
//	Glacier Deep Archive       0.00099     +40 KB, 180 days 0.05
//
// Moving an object of s bytes to Instant Retrieval saves s × 0.019 a GB and
// month, for 0.00002 once. So the move is earned back after 9 months at 128 KB,
// and after 1.1 months at 1 MB.
//
//   - Pages, recipes and sources (a few KB) would cost more every month, billed
//     as 128 KB.
//   - Records of releases, once for each publish, are packed (package pack) to
//     some KB; the whole ones every so often to a few hundred. At 100 publishes a
//     month they come to a fraction of a cent, and a rollback reads them.
//   - Versions that were overwritten or deleted live for noncurrentDays. That is
//     the least that IA bills for, so nothing is won.
//   - Episodes are read by podcast players for years. At 0.03 a GB to retrieve,
//     one listener a month of a 30 MB episode eats what it saves.
//   - Logs are what ages. Those of a small blog are some KB each and end after a
//     month. Where they are kept for coldFrom days or longer, files of coldSize
//     move after coldAfter: Instant Retrieval, because Athena can read it. Deep
//     Archive cannot be read at all before it is restored, and a log that nobody
//     can search is kept for nothing.
//
// No rule expires a current object of the record. What a kept release reaches is
// everything that was published since the oldest release that is kept, and no
// rule can know that; blog gc reads the records and does.
const (
	// noncurrentDays is how long a version that was overwritten or deleted can
	// be brought back. Only head.json is ever overwritten.
	noncurrentDays = 30
	// abandonedDays is how long the parts of an upload that nobody finished
	// are kept.
	abandonedDays = 7

	coldFrom  = 180 // coldAfter, the 90 days that are billed in any case, and some
	coldAfter = 30
	coldSize  = 1 << 20
)

// newLogBucket makes a bucket of logs that are kept for some days.
func newLogBucket(stack awscdk.Stack, keep bool, id, prefix string, keepDays int) awss3.Bucket {
	rules := []*awss3.LifecycleRule{{
		Id:                                  jsii.String("expire"),
		Expiration:                          days(keepDays),
		NoncurrentVersionExpiration:         days(1),
		AbortIncompleteMultipartUploadAfter: days(abandonedDays),
	}}
	if keepDays >= coldFrom {
		rules = append(rules, &awss3.LifecycleRule{
			Id: jsii.String("cold"),
			Transitions: &[]*awss3.Transition{{
				StorageClass:    awss3.StorageClass_GLACIER_INSTANT_RETRIEVAL(),
				TransitionAfter: days(coldAfter),
			}},
		})
	}
	bucket := newBucket(stack, keep, id, awss3.BucketProps{
		BucketNamePrefix: jsii.String(prefix),
		Encryption:       awss3.BucketEncryption_S3_MANAGED, // log delivery cannot use a key of ours
		LifecycleRules:   &rules,
	})
	if keepDays >= coldFrom {
		// The construct writes a number, where the schema has a text.
		bucket.Node().DefaultChild().(awss3.CfnBucket).AddPropertyOverride(
			jsii.String("LifecycleConfiguration.Rules.1.ObjectSizeGreaterThan"), strconv.Itoa(coldSize))
	}
	return bucket
}
