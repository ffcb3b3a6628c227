package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

// The distribution's access logs, as an option (aws.edge.access_logs): a line
// for each request, delivered as JSON into a bucket in us-east-1, where Athena
// reads them.
//
// They are of the second kind ("v2"), which CloudWatch's log delivery writes.
// The first wants a bucket with access lists. Delivery to S3 as JSON costs
// nothing; Parquet would be converted for a price that a small blog's queries
// never earn back. Files lie in folders by distribution and hour, and the table
// knows the folders by their names (partition projection), so that nobody adds
// partitions and a query of a day reads a day.
//
// Readers' addresses, agents and cookies are not in them. Who reads what is
// nobody's business, and what is not kept need not be protected. The firewall
// has samples for three hours where an address is needed.
//
// The bucket is in Global, which is kept. Edge, where the rest is, is deleted
// and made again when it has to be.

// logFields are CloudFront's names of what is logged, and the columns' types.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
var logFields = []struct{ field, typ string }{
	{"date", "string"},
	{"time", "string"},
	{"x-edge-location", "string"},
	{"sc-bytes", "bigint"},
	{"cs-method", "string"},
	{"cs(Host)", "string"},
	{"cs-uri-stem", "string"},
	{"sc-status", "int"},
	{"cs(Referer)", "string"},
	{"x-edge-result-type", "string"},
	{"x-edge-request-id", "string"},
	{"time-taken", "double"},
	{"ssl-protocol", "string"},
	{"cs-protocol-version", "string"},
	{"time-to-first-byte", "double"},
	{"x-edge-detailed-result-type", "string"},
	{"sc-content-type", "string"},
}

// newAccessLogBucket makes the bucket in which the logs and Athena's answers are.
func newAccessLogBucket(c GlobalConfig) {
	bucket := newLogBucket(c.Stack, c.Keep, "AccessLogs", c.Names.EdgeLogBucketPrefix(), c.LogsDays)
	excuse(bucket, "AwsSolutions-S1", "It holds access logs. A log of who wrote them would be a log of the log.")
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
	bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("LogDeliveryWrites"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("delivery.logs.amazonaws.com"), nil)},
		Actions:    jsii.Strings("s3:PutObject"),
		Resources:  jsii.Strings(bucketARN(c.Names.EdgeLogBucket(account())) + "/" + logFolder() + "*"),
		Conditions: &map[string]any{
			"StringEquals": map[string]string{"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": account()},
			"ArnLike":      map[string]string{"aws:SourceArn": "arn:aws:logs:" + names.GlobalRegion + ":" + account() + ":delivery-source:*"},
		},
	}))
}

// logFolder is where CloudFront's logs begin, by CloudWatch's choice.
func logFolder() string { return "AWSLogs/" + account() + "/CloudFront/" }

// newAccessLogs has the logs of a distribution delivered, and makes what is
// needed to ask them something.
func newAccessLogs(c EdgeConfig, distribution string) {
	source := awslogs.NewCfnDeliverySource(c.Stack, jsii.String("LogSource"), &awslogs.CfnDeliverySourceProps{
		Name:        jsii.String(c.Names.Policy("access-logs")),
		LogType:     jsii.String("ACCESS_LOGS"),
		ResourceArn: jsii.String("arn:aws:cloudfront::" + account() + ":distribution/" + distribution),
	})
	destination := awslogs.NewCfnDeliveryDestination(c.Stack, jsii.String("LogDestination"), &awslogs.CfnDeliveryDestinationProps{
		Name:                   jsii.String(c.Names.Policy("access-logs")),
		DestinationResourceArn: jsii.String(bucketARN(c.Names.EdgeLogBucket(account()))),
		OutputFormat:           jsii.String("json"),
	})
	var fields []*string
	var columns []*awsglue.CfnTable_ColumnProperty
	mapping := map[string]any{"ignore.malformed.json": "true"}
	for _, f := range logFields {
		name := columnName(f.field)
		fields = append(fields, jsii.String(f.field))
		columns = append(columns, column(name, f.typ))
		mapping["mapping."+name] = strings.ToLower(f.field) // the reader lower-cases keys first
	}
	delivery := awslogs.NewCfnDelivery(c.Stack, jsii.String("LogDelivery"), &awslogs.CfnDeliveryProps{
		DeliverySourceName:     source.Name(),
		DeliveryDestinationArn: destination.AttrArn(),
		RecordFields:           &fields,
		S3SuffixPath:           jsii.String("{DistributionId}/{yyyy}/{MM}/{dd}/{HH}"),
	})
	delivery.AddResourceDependency(source, nil) // a name is no reference

	folder := "s3://" + c.Names.EdgeLogBucket(account()) + "/" + logFolder() + distribution
	database := strings.ReplaceAll(c.Names.Policy("edge"), "-", "_") // Athena wants it in quotes otherwise
	db := awsglue.NewCfnDatabase(c.Stack, jsii.String("LogDatabase"), &awsglue.CfnDatabaseProps{
		CatalogId:     jsii.String(account()),
		DatabaseInput: &awsglue.CfnDatabase_DatabaseInputProperty{Name: jsii.String(database), Description: jsii.String("Access logs of " + c.Names.String())},
	})
	awsglue.NewCfnTable(c.Stack, jsii.String("LogTable"), &awsglue.CfnTableProps{
		CatalogId:    jsii.String(account()),
		DatabaseName: jsii.String(database),
		TableInput: &awsglue.CfnTable_TableInputProperty{
			Name:          jsii.String("requests"),
			TableType:     jsii.String("EXTERNAL_TABLE"),
			PartitionKeys: &[]*awsglue.CfnTable_ColumnProperty{column("hour", "string")},
			Parameters: map[string]any{
				"projection.enabled":            "true",
				"projection.hour.type":          "date",
				"projection.hour.format":        "yyyy/MM/dd/HH",
				"projection.hour.range":         fmt.Sprintf("NOW-%dDAYS,NOW", c.LogsDays),
				"projection.hour.interval":      "1",
				"projection.hour.interval.unit": "HOURS",
				"storage.location.template":     folder + "/${hour}/",
			},
			StorageDescriptor: &awsglue.CfnTable_StorageDescriptorProperty{
				Columns:      &columns,
				Location:     jsii.String(folder + "/"),
				InputFormat:  jsii.String("org.apache.hadoop.mapred.TextInputFormat"),
				OutputFormat: jsii.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
				SerdeInfo: &awsglue.CfnTable_SerdeInfoProperty{
					SerializationLibrary: jsii.String("org.openx.data.jsonserde.JsonSerDe"), Parameters: mapping,
				},
			},
		},
	}).AddResourceDependency(db, nil)
	newLogQueries(c, database).AddResourceDependency(db, nil)
}

func column(name, typ string) *awsglue.CfnTable_ColumnProperty {
	return &awsglue.CfnTable_ColumnProperty{Name: jsii.String(name), Type: jsii.String(typ)}
}

// columnName is a field's name as SQL takes it without quotes, but for date and
// time, which are words of SQL too.
func columnName(field string) string {
	name := strings.Trim(strings.NewReplacer("-", "_", "(", "_", ")", "").Replace(strings.ToLower(field)), "_")
	if name == "date" || name == "time" {
		return "at_" + name
	}
	return name
}
