package assembly

// shapes are the types of which answers are made. One that readers' way does not
// pass (another bucket, a remediator's function) is not looked into.
var shapes = map[string]bool{
	"AWS::ApiGatewayV2::Api":                 true,
	"AWS::ApiGatewayV2::ApiMapping":          true,
	"AWS::ApiGatewayV2::DomainName":          true,
	"AWS::ApiGatewayV2::Integration":         true,
	"AWS::ApiGatewayV2::Route":               true,
	"AWS::ApiGatewayV2::Stage":               true,
	"AWS::CloudFront::CachePolicy":           true,
	"AWS::CloudFront::Distribution":          true,
	"AWS::CloudFront::Function":              true,
	"AWS::CloudFront::KeyValueStore":         true,
	"AWS::CloudFront::OriginAccessControl":   true,
	"AWS::CloudFront::OriginRequestPolicy":   true,
	"AWS::CloudFront::ResponseHeadersPolicy": true,
	"AWS::CloudFront::VpcOrigin":             true,
	"AWS::KMS::Key":                          true,
	"AWS::Lambda::Alias":                     true,
	"AWS::Lambda::Function":                  true,
	"AWS::Lambda::Permission":                true,
	"AWS::Route53::HealthCheck":              true,
	"AWS::Route53::RecordSet":                true,
	"AWS::S3::Bucket":                        true,
	"AWS::S3::BucketPolicy":                  true,
	"AWS::SSM::Parameter":                    true,
	"AWS::SecretsManager::Secret":            true,
}

// effectless are the types that change no answer on this machine, each with the
// reason. To add one, say why a reader would get the same bytes without it.
var effectless = map[string]string{
	// Who may do what, beside readers: tried on an engine by the tests of infra.
	"AWS::AccessAnalyzer::Analyzer": "looks at who may",
	"AWS::IAM::InstanceProfile":     "a role of machines",
	"AWS::IAM::ManagedPolicy":       "who may",
	"AWS::IAM::OIDCProvider":        "who may publish",
	"AWS::IAM::Policy":              "who may",
	"AWS::IAM::Role":                "who may",
	"AWS::KMS::Alias":               "a name of a key; the key's policy counts",

	// What watches, tells, and writes down.
	"AWS::Athena::NamedQuery":        "a question about logs",
	"AWS::Athena::WorkGroup":         "where such questions are asked",
	"AWS::Budgets::Budget":           "watches the bill",
	"AWS::CE::AnomalyMonitor":        "watches the bill",
	"AWS::CE::AnomalySubscription":   "tells people of it",
	"AWS::CloudTrail::Trail":         "writes down what was done",
	"AWS::CloudWatch::Alarm":         "watches; what it sets going acts later",
	"AWS::CloudWatch::Dashboard":     "shows",
	"AWS::Glue::Database":            "describes logs",
	"AWS::Glue::Table":               "describes logs",
	"AWS::GuardDuty::Detector":       "watches",
	"AWS::Logs::Delivery":            "carries logs",
	"AWS::Logs::DeliveryDestination": "where logs go",
	"AWS::Logs::DeliverySource":      "where logs come from",
	"AWS::Logs::LogGroup":            "what is written down",
	"AWS::Logs::MetricFilter":        "what is counted in it",
	"AWS::SNS::Subscription":         "tells people",
	"AWS::SNS::Topic":                "tells people",
	"AWS::SNS::TopicPolicy":          "who may tell them",
	"AWS::WAFv2::WebACL":             "refuses who attacks, before a behaviour is chosen; a preview's reader does not",

	// What happens at another time.
	"AWS::CloudFormation::CustomResource": "acts when a stack is deployed or deleted",
	"AWS::CodeBuild::Project":             "builds and deploys",
	"AWS::CodeDeploy::Application":        "moves the alias while a version is new",
	"AWS::CodeDeploy::DeploymentGroup":    "as the application",
	"AWS::CodePipeline::Pipeline":         "builds and deploys",
	"AWS::Events::Rule":                   "sets a remedy going",
	"AWS::Lambda::EventInvokeConfig":      "how often an event is tried again",
	"AWS::Lambda::Version":                "a copy of the function; a template has one, which the alias names",
	"AWS::SQS::Queue":                     "keeps what a remedy could not do",

	// A fleet. What stands in for its instances is this program; fleet.go reads
	// where the load balancer leads and what an instance starts. The network's rules
	// are for the tests of infra: this machine has none.
	"AWS::AutoScaling::AutoScalingGroup":        "instances, however many",
	"AWS::AutoScaling::ScalingPolicy":           "how many",
	"AWS::EC2::InternetGateway":                 "network",
	"AWS::EC2::LaunchTemplate":                  "what an instance is made from",
	"AWS::EC2::RouteTable":                      "network",
	"AWS::EC2::SecurityGroup":                   "network",
	"AWS::EC2::SecurityGroupIngress":            "network",
	"AWS::EC2::Subnet":                          "network",
	"AWS::EC2::SubnetRouteTableAssociation":     "network",
	"AWS::EC2::VPC":                             "network",
	"AWS::EC2::VPCEndpoint":                     "network",
	"AWS::EC2::VPCGatewayAttachment":            "network",
	"AWS::ElasticLoadBalancingV2::Listener":     "where it forwards to is read",
	"AWS::ElasticLoadBalancingV2::LoadBalancer": "that it is private is read",
	"AWS::ElasticLoadBalancingV2::TargetGroup":  "which instance answers",

	// What a name or a certificate is good for elsewhere.
	"AWS::CertificateManager::Certificate": "viewers of a preview speak plain HTTP; names and zones are for the tests of infra",
	"AWS::Route53::HostedZone":             "records are found by their names, whatever the zone",
}

// effectlessProperties are those of types that shape answers which change none
// on this machine. A key is the type and the path, without the places in
// lists; what is below it is meant too.
var effectlessProperties = map[string]string{
	"AWS::ApiGatewayV2::Api Name": "for people",
	"AWS::ApiGatewayV2::Api Tags": "for the bill",

	"AWS::ApiGatewayV2::DomainName DomainNameConfigurations": "certificate and TLS floor; the edge and its origins are one process here",
	"AWS::ApiGatewayV2::DomainName Tags":                     "for the bill",

	"AWS::ApiGatewayV2::Integration Description": "for people",

	"AWS::ApiGatewayV2::Stage DefaultRouteSettings": "how many requests a second; one reader does not come near",
	"AWS::ApiGatewayV2::Stage AccessLogSettings":    "what is written down",
	"AWS::ApiGatewayV2::Stage Tags":                 "for the bill",

	"AWS::CloudFront::CachePolicy CachePolicyConfig.Comment":                     "for people",
	"AWS::CloudFront::OriginRequestPolicy OriginRequestPolicyConfig.Comment":     "for people",
	"AWS::CloudFront::ResponseHeadersPolicy ResponseHeadersPolicyConfig.Comment": "for people",

	"AWS::CloudFront::Distribution DistributionConfig.Comment":                             "for people",
	"AWS::CloudFront::Distribution DistributionConfig.PriceClass":                          "which edges there are; here is one",
	"AWS::CloudFront::Distribution DistributionConfig.ViewerCertificate.AcmCertificateArn": "a preview speaks plain HTTP",
	"AWS::CloudFront::Distribution Tags":                                                   "for the bill",

	"AWS::CloudFront::Function Name":                   "found by its ARN",
	"AWS::CloudFront::Function FunctionConfig.Comment": "for people",

	"AWS::CloudFront::OriginAccessControl OriginAccessControlConfig.Name":        "found by its id",
	"AWS::CloudFront::OriginAccessControl OriginAccessControlConfig.Description": "for people",

	"AWS::KMS::Key Description":         "for people",
	"AWS::KMS::Key EnableKeyRotation":   "old material still decrypts",
	"AWS::KMS::Key PendingWindowInDays": "how long a key that goes can be brought back",
	"AWS::KMS::Key Tags":                "for the bill",

	"AWS::Lambda::Alias Description": "for people",

	"AWS::Lambda::Function Architectures":                      "what stands in for the function is this program",
	"AWS::Lambda::Function Code":                               "the same: package renderer, built for this machine",
	"AWS::Lambda::Function Description":                        "for people",
	"AWS::Lambda::Function Environment.Variables.BLOG_METRICS": "what is counted",
	"AWS::Lambda::Function Handler":                            "the file's name",
	"AWS::Lambda::Function LoggingConfig":                      "what is written down",
	"AWS::Lambda::Function MemorySize":                         "how fast it is",
	"AWS::Lambda::Function Role":                               "tried on an engine by the tests of infra",
	"AWS::Lambda::Function Tags":                               "for the bill",

	"AWS::Route53::HealthCheck HealthCheckConfig.Regions":   "from where it is asked",
	"AWS::Route53::HealthCheck HealthCheckConfig.EnableSNI": "an API's domain is found by it; here by the host name",
	"AWS::Route53::HealthCheck HealthCheckTags":             "for people",

	"AWS::Route53::RecordSet AliasTarget.HostedZoneId": "which zone the target's name is in",
	"AWS::Route53::RecordSet HostedZoneId":             "which zone the record is in",

	"AWS::S3::Bucket BucketEncryption.ServerSideEncryptionConfiguration[].BucketKeyEnabled": "how often the key is asked",
	"AWS::S3::Bucket LifecycleConfiguration":                                                "no rule expires a current object, says a test of infra",
	"AWS::S3::Bucket LoggingConfiguration":                                                  "what is written down",
	"AWS::S3::Bucket OwnershipControls":                                                     "there are no ACLs, and the policy counts",
	"AWS::S3::Bucket PublicAccessBlockConfiguration":                                        "refuses what no policy here allows: the public",
	"AWS::S3::Bucket ReplicationConfiguration":                                              "the net behind the publisher, which writes both regions itself",
	"AWS::S3::Bucket Tags":                                                                  "for the bill",
	"AWS::S3::Bucket VersioningConfiguration":                                               "readers get the current version",
}
