package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

// ContentConfig is what one region's Content stack is made from.
type ContentConfig struct {
	Stack       awscdk.Stack
	Names       names.Names
	Keep        bool
	Region      string
	ReplicateTo string // the standby region; empty where nothing is replicated
	KMS         bool
	LogsDays    int
}

// newContent makes one region's record of the blog: the release bucket and a
// bucket of logs.
// What ages, and what does not, is in lifecycle.go.
func newContent(c ContentConfig) {
	c.Stack.SetTerminationProtection(jsii.Bool(c.Keep))
	key := newContentKey(c)

	logs := newLogBucket(c.Stack, c.Keep, "Logs", c.Names.LogBucketPrefix(), c.LogsDays)

	props := awss3.BucketProps{
		BucketNamePrefix: jsii.String(c.Names.BucketPrefix()),
		Encryption:       awss3.BucketEncryption_S3_MANAGED,
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Id:                                  jsii.String("leftovers"),
			NoncurrentVersionExpiration:         days(noncurrentDays),
			AbortIncompleteMultipartUploadAfter: days(abandonedDays),
			ExpiredObjectDeleteMarker:           jsii.Bool(true),
		}},
	}
	if c.Keep {
		props.ServerAccessLogsBucket, props.ServerAccessLogsPrefix = logs, jsii.String("s3/")
	} // A trial's would come in for hours after its bucket was emptied to go.
	if key != nil {
		props.Encryption, props.EncryptionKey = awss3.BucketEncryption_KMS, key
		props.BucketKeyEnabled = jsii.Bool(true) // one call to KMS for many objects
	}
	replicate(c, &props)
	releases := newBucket(c.Stack, c.Keep, "Releases", props)
	for _, s := range releasePolicy(c) {
		releases.AddToResourcePolicy(s)
	}
	if !c.Keep {
		holdEmptier(c.Stack, c.LogsDays)
		for _, b := range []awss3.Bucket{logs, releases} {
			excuse(b, "AwsSolutions-S1", "A trial's access logs would come in for hours after its bucket was emptied to go.")
		}
	}
}

// newBucket adds what every bucket of the blog has: a name in the account's
// own namespace, no public access, TLS 1.2, versions.
func newBucket(stack awscdk.Stack, keep bool, id string, props awss3.BucketProps) awss3.Bucket {
	props.BucketNamespace = awss3.BucketNamespace_ACCOUNT_REGIONAL
	props.BlockPublicAccess = awss3.BlockPublicAccess_BLOCK_ALL()
	props.ObjectOwnership = awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED
	props.EnforceSSL = jsii.Bool(true)
	props.MinimumTLSVersion = jsii.Number(1.2)
	props.Versioned = jsii.Bool(true)
	props.RemovalPolicy = removal(keep)
	if !keep {
		props.AutoDeleteObjects = jsii.Bool(true) // a trial leaves no trace
	}
	return awss3.NewBucket(stack, jsii.String(id), &props)
}

// newContentKey makes the key of the release bucket, or nil. It can be found
// by its alias, which is the same in every region.
func newContentKey(c ContentConfig) awskms.Key {
	if !c.KMS {
		return nil
	}
	key := awskms.NewKey(c.Stack, jsii.String("Key"), &awskms.KeyProps{
		Alias:             jsii.String(c.Names.KeyAlias()),
		Description:       jsii.String("Blog: releases in " + c.Region),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     removal(c.Keep),
	})
	if !c.Keep {
		// It can be brought back until then; KMS has no shorter time.
		key.Node().DefaultChild().(awskms.CfnKey).SetPendingWindowInDays(jsii.Number(7))
	}
	key.AddToResourcePolicy(cloudFrontMay("CloudFrontDecrypts", "kms:Decrypt", "*"), jsii.Bool(false))
	return key
}

func days(n int) awscdk.Duration { return awscdk.Duration_Days(jsii.Number(n)) }
