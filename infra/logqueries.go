package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsathena"
	"github.com/aws/jsii-runtime-go"
)

// queries are what an author asks the access logs. Each is of the last day; who
// wants more changes the 1. A query is billed by what it reads, 5 USD for a
// terabyte and at least ten megabytes: a day of a small blog is 0.00005 USD.
var logQueries = []struct{ id, name, about, sql string }{
	{"TopPages", "top pages", "Which pages were read most, robots included",
		`SELECT cs_uri_stem AS page, count(*) AS requests, sum(sc_bytes) AS bytes
FROM requests
WHERE hour >= date_format(current_timestamp - interval '1' day, '%Y/%m/%d/%H')
  AND sc_status IN (200, 304) AND sc_content_type LIKE 'text/html%'
GROUP BY 1 ORDER BY requests DESC LIMIT 50`},
	{"Errors", "server errors", "Which addresses were answered 5xx, where and when",
		`SELECT cs_uri_stem AS path, sc_status AS status, x_edge_detailed_result_type AS why,
       count(*) AS requests, min(at_date || ' ' || at_time) AS first, max(at_date || ' ' || at_time) AS last
FROM requests
WHERE hour >= date_format(current_timestamp - interval '1' day, '%Y/%m/%d/%H')
  AND sc_status >= 500
GROUP BY 1, 2, 3 ORDER BY requests DESC LIMIT 100`},
	{"HitRatio", "cache hit ratio", "How many requests the caches and the edge function answered, by the kind of answer",
		`SELECT coalesce(sc_content_type, '-') AS kind, count(*) AS requests,
       round(100.0 * count_if(x_edge_result_type IN ('Hit', 'RefreshHit', 'FunctionGeneratedResponse', 'Redirect')) / count(*), 1) AS hit_percent,
       round(approx_percentile(time_taken, 0.95), 3) AS p95_seconds
FROM requests
WHERE hour >= date_format(current_timestamp - interval '1' day, '%Y/%m/%d/%H')
GROUP BY 1 ORDER BY requests DESC`},
}

// scanLimit ends a query that would read more than a gigabyte, which is half a
// cent: a forgotten WHERE.
const scanLimit = 1 << 30

// newLogQueries makes the workgroup in which the logs are asked, and the saved
// queries.
func newLogQueries(c EdgeConfig, database string) awscdk.CfnResource {
	group := awsathena.NewCfnWorkGroup(c.Stack, jsii.String("LogWorkGroup"), &awsathena.CfnWorkGroupProps{
		Name:        jsii.String(c.Names.Policy("access-logs")),
		Description: jsii.String("Questions to the access logs of " + c.Names.String()),
		// A history of queries is nothing to keep a stack for.
		RecursiveDeleteOption: jsii.Bool(true),
		WorkGroupConfiguration: &awsathena.CfnWorkGroup_WorkGroupConfigurationProperty{
			BytesScannedCutoffPerQuery:      jsii.Number(scanLimit),
			EnforceWorkGroupConfiguration:   jsii.Bool(true),
			PublishCloudWatchMetricsEnabled: jsii.Bool(false),
			ResultConfiguration: &awsathena.CfnWorkGroup_ResultConfigurationProperty{
				OutputLocation:      jsii.String("s3://" + c.Names.EdgeLogBucket(account()) + "/athena/"),
				ExpectedBucketOwner: jsii.String(account()),
				EncryptionConfiguration: &awsathena.CfnWorkGroup_EncryptionConfigurationProperty{
					EncryptionOption: jsii.String("SSE_S3"),
				},
			},
		},
	})
	for _, q := range logQueries {
		awsathena.NewCfnNamedQuery(c.Stack, jsii.String("Query"+q.id), &awsathena.CfnNamedQueryProps{
			Name:        jsii.String(q.name),
			Description: jsii.String(q.about),
			Database:    jsii.String(database),
			QueryString: jsii.String(q.sql),
			WorkGroup:   jsii.String(c.Names.Policy("access-logs")),
		}).AddResourceDependency(group, nil)
	}
	return group
}
