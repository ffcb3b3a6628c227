package cost

// PricesOf is when this list was last gone through. US dollars, list prices.
const PricesOf = "2026-11-24"

// Where prices were read. What AWS's pages show as a table that a script fills
// was read from its price list instead.
var (
	memory         = &Source{}
	cloudFrontPage = &Source{"https://aws.amazon.com/cloudfront/pricing/pay-as-you-go/", "2026-10-01"}
	flatRatePage   = &Source{"https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/flat-rate-pricing-plan.html", "2026-10-01"}
	priceList      = &Source{"AWS Price List API, ap-southeast-1", "2026-08-12"}
	route53Page    = &Source{"https://aws.amazon.com/route53/pricing/", "2026-10-01"}
	secretsPage    = &Source{"https://aws.amazon.com/secrets-manager/pricing/", "2026-09-20"}
	cloudWatchPage = &Source{"https://aws.amazon.com/cloudwatch/pricing/", "2026-08-12"}
	apiPage        = &Source{"https://aws.amazon.com/api-gateway/pricing/", "2026-09-20"}
	wafPage        = &Source{"https://aws.amazon.com/waf/pricing/", "2026-10-01"}
)

// items are all that is priced, for List. A test finds what is missing here.
var items = []*Item{
	transfer, httpsRequests, functionRuns, tableReads, tableCalls,
	stored, writes, reads, betweenRegions,
	invocations, computing, apiRequests,
	hostedZone, healthChecks, checkFeatures,
	secrets, keys, keyUses,
	alarms, customMetrics, dashboards, logs, mails,
	testBuilds, deployBuilds, pipelineMinutes,
	balancers, endpoints, volumes, smallHours,
	shieldRequests, accessLogs, firewall, firewallParts, firewallLooks, guardReads,
}

// The price classes of CloudFront that readers are in: the most expensive of
// those with many readers of this blog, and the cheapest.
const (
	asia = "asia" // Hong Kong, Singapore, Taiwan, Korea, …
	west = "west" // America and Europe
)

// CloudFront.
var (
	transfer = &Item{
		Service: "CloudFront", Name: "transfer to readers", Unit: "GB", Free: 1000, Planned: true,
		Prices: map[string]Tiers{
			west: {{10_000, Price{0.085, cloudFrontPage}}, {50_000, Price{0.080, cloudFrontPage}}, {150_000, Price{0.060, cloudFrontPage}}, {0, Price{0.040, cloudFrontPage}}},
			asia: {{10_000, Price{0.120, cloudFrontPage}}, {50_000, Price{0.100, cloudFrontPage}}, {150_000, Price{0.095, cloudFrontPage}}, {0, Price{0.090, cloudFrontPage}}},
		},
	}
	httpsRequests = &Item{
		Service: "CloudFront", Name: "requests", Unit: "requests", Per: 10_000, Free: 10_000_000, Planned: true,
		Prices: map[string]Tiers{west: flat(0.0100, cloudFrontPage), asia: flat(0.0120, cloudFrontPage)},
	}
	functionRuns = &Item{
		Service: "CloudFront", Name: "runs of the edge function", Unit: "runs", Per: 1_000_000, Free: 2_000_000, Planned: true,
		Prices: global(0.10, cloudFrontPage),
	}
	tableReads = &Item{
		Service: "CloudFront", Name: "reads of the route table", Unit: "reads", Per: 1_000_000, Free: 2_000_000, Planned: true,
		Prices: global(0.03, memory),
	}
	tableCalls = &Item{
		Service: "CloudFront", Name: "calls that write the route table", Unit: "calls", Per: 1000,
		Prices: global(1.00, memory),
	}
)

// S3.
var (
	stored = &Item{
		Service: "S3", Name: "releases", Unit: "GB",
		Prices: regional(Price{0.023, memory}, Price{0.025, priceList}, Price{0.025, memory}),
	}
	writes = &Item{
		Service: "S3", Name: "writes and lists", Unit: "requests", Per: 1000,
		Prices: regional(Price{0.005, memory}, Price{0.005, priceList}, Price{0.005, memory}),
	}
	reads = &Item{
		Service: "S3", Name: "reads, most of them the edge's misses", Unit: "requests", Per: 10_000,
		Prices: regional(Price{0.004, memory}, Price{0.004, priceList}, Price{0.004, memory}),
	}
	betweenRegions = &Item{
		Service: "S3", Name: "replication to the standby", Unit: "GB",
		Prices: regional(Price{0.02, memory}, Price{0.09, memory}, Price{0.09, memory}),
	}
)

// Lambda and API Gateway.
var (
	invocations = &Item{
		Service: "Lambda", Name: "invocations of the renderer", Unit: "invocations", Per: 1_000_000, Free: 1_000_000,
		Prices: regional(Price{0.20, memory}, Price{0.20, priceList}, Price{0.28, memory}),
	}
	computing = &Item{
		Service: "Lambda", Name: "time of the renderer (arm64)", Unit: "GB-seconds", Free: 400_000,
		Prices: regional(Price{0.0000133334, memory}, Price{0.0000133334, priceList}, Price{0.0000183, memory}),
	}
	apiRequests = &Item{
		Service: "API Gateway", Name: "requests that reach a renderer", Unit: "requests", Per: 1_000_000,
		Prices: regional(Price{1.00, apiPage}, Price{1.25, memory}, Price{1.54, memory}),
	}
)

// Route 53.
var (
	hostedZone = &Item{
		Service: "Route 53", Name: "hosted zone", Unit: "zones", Planned: true,
		Prices: global(0.50, route53Page),
	}
	// A check of what answers in this account's regions costs nothing itself,
	// for the first fifty; each thing that makes it more than a plain one does.
	checkFeatures = &Item{
		Service: "Route 53", Name: "health checks: HTTPS, a text", Unit: "features",
		Prices: global(1.00, route53Page),
	}
	healthChecks = &Item{
		Service: "Route 53", Name: "health checks", Unit: "checks", Free: 50, Resource: "AWS::Route53::HealthCheck",
		Prices: global(0.50, route53Page),
	}
)

// Secrets and keys.
var (
	secrets = &Item{
		Service: "Secrets Manager", Name: "secrets", Unit: "secrets",
		Resource: "AWS::SecretsManager::Secret", Prices: global(0.40, secretsPage),
	}
	keys = &Item{
		Service: "KMS", Name: "keys of the blog's own", Unit: "keys", Resource: "AWS::KMS::Key",
		Prices: global(1.00, memory),
	}
	keyUses = &Item{
		Service: "KMS", Name: "uses of the keys", Unit: "requests", Per: 10_000, Free: 20_000,
		Prices: global(0.03, memory),
	}
)

// CloudWatch and SNS.
var (
	alarms = &Item{
		Service: "CloudWatch", Name: "alarms", Unit: "alarms", Free: 10, Resource: "AWS::CloudWatch::Alarm",
		Prices: regional(Price{0.10, cloudWatchPage}, Price{0.10, priceList}, Price{0.10, memory}),
	}
	customMetrics = &Item{
		Service: "CloudWatch", Name: "metrics made of the log", Unit: "metrics", Free: 10,
		Prices: regional(Price{0.30, cloudWatchPage}, Price{0.30, memory}, Price{0.30, memory}),
	}
	dashboards = &Item{
		Service: "CloudWatch", Name: "dashboards", Unit: "dashboards", Free: 3, Resource: "AWS::CloudWatch::Dashboard",
		Prices: global(3.00, memory),
	}
	logs = &Item{
		Service: "CloudWatch", Name: "logs taken in", Unit: "GB", Free: 5,
		Prices: regional(Price{0.50, cloudWatchPage}, Price{0.70, priceList}, Price{0.77, memory}),
	}
	mails = &Item{
		Service: "SNS", Name: "mails of alarms", Unit: "mails", Per: 100_000, Free: 1000,
		Prices: global(2.00, memory),
	}
)

// CodeBuild and CodePipeline.
var (
	testBuilds = &Item{
		Service: "CodeBuild", Name: "minutes of tests (arm1.large)", Unit: "minutes",
		Prices: global(0.015, memory),
	}
	deployBuilds = &Item{
		Service: "CodeBuild", Name: "minutes of deployments (arm1.small)", Unit: "minutes", Free: 100,
		Prices: global(0.0034, memory),
	}
	pipelineMinutes = &Item{
		Service: "CodePipeline", Name: "minutes of actions", Unit: "minutes", Free: 100,
		Prices: global(0.002, memory),
	}
)

// A fleet.
var (
	balancers = &Item{
		Service: "Load balancing", Name: "load balancers, and a little of their capacity", Unit: "balancers",
		Resource: "AWS::ElasticLoadBalancingV2::LoadBalancer", Needs: vpcOrigin,
		Prices: regional(Price{17.00, memory}, Price{19.00, memory}, Price{21.00, memory}),
	}
	endpoints = &Item{
		Service: "VPC", Name: "the log's endpoint, in each zone", Unit: "hours",
		Prices: regional(Price{0.010, memory}, Price{0.013, memory}, Price{0.014, memory}),
	}
	volumes = &Item{
		Service: "EC2", Name: "volumes (gp3)", Unit: "GB",
		Prices: regional(Price{0.08, memory}, Price{0.096, memory}, Price{0.1056, memory}),
	}
	smallHours = &Item{
		Service: "EC2", Name: "instances", Unit: "hours",
		Prices: regional(Price{0.0168, memory}, Price{0.0212, memory}, Price{0.0235, memory}),
	}
	// otherHours are of types whose price is not in this list.
	otherHours = &Item{Service: "EC2", Name: "instances", Unit: "hours"}
)
