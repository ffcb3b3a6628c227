package main

import (
	"testing"

	"github.com/victorleungtw/blog/internal/cost"
)

// free are the resource types that cost nothing for being there. What is asked
// of them may: requests, storage and transfer are lines of a bill (package
// cost) that no template can be compared with.
var freeTypes = map[string]string{
	"AWS::AccessAnalyzer::Analyzer":            "free for access from outside",
	"AWS::Athena::NamedQuery":                  "a query costs when it is run",
	"AWS::Athena::WorkGroup":                   "free",
	"AWS::CloudTrail::Trail":                   "an account's first is free",
	"AWS::Glue::Database":                      "free up to a million objects",
	"AWS::Glue::Table":                         "as a database",
	"AWS::GuardDuty::Detector":                 "by what it reads",
	"AWS::Logs::Delivery":                      "free to S3, as JSON",
	"AWS::Logs::DeliveryDestination":           "free",
	"AWS::Logs::DeliverySource":                "free",
	"AWS::ApiGatewayV2::Api":                   "by request",
	"AWS::ApiGatewayV2::ApiMapping":            "free",
	"AWS::ApiGatewayV2::DomainName":            "free",
	"AWS::ApiGatewayV2::Integration":           "free",
	"AWS::ApiGatewayV2::Route":                 "free",
	"AWS::ApiGatewayV2::Stage":                 "free",
	"AWS::CertificateManager::Certificate":     "free with CloudFront and API Gateway",
	"AWS::CloudFront::CachePolicy":             "free",
	"AWS::CloudFront::Distribution":            "by request and transfer",
	"AWS::CloudFront::Function":                "by run",
	"AWS::CloudFront::KeyValueStore":           "by read and call",
	"AWS::CloudFront::OriginAccessControl":     "free",
	"AWS::CloudFront::OriginRequestPolicy":     "free",
	"AWS::CloudFront::ResponseHeadersPolicy":   "free",
	"AWS::AutoScaling::AutoScalingGroup":       "its instances are a line",
	"AWS::AutoScaling::ScalingPolicy":          "free; its alarms are not of the template",
	"AWS::CloudFront::VpcOrigin":               "free",
	"AWS::EC2::InternetGateway":                "free",
	"AWS::EC2::LaunchTemplate":                 "free",
	"AWS::EC2::RouteTable":                     "free",
	"AWS::EC2::SecurityGroup":                  "free",
	"AWS::EC2::SecurityGroupIngress":           "free",
	"AWS::EC2::Subnet":                         "free",
	"AWS::EC2::SubnetRouteTableAssociation":    "free",
	"AWS::EC2::VPC":                            "free",
	"AWS::EC2::VPCEndpoint":                    "a line, by zone; the one to S3 is free",
	"AWS::EC2::VPCGatewayAttachment":           "free",
	"AWS::ElasticLoadBalancingV2::Listener":    "as its load balancer",
	"AWS::ElasticLoadBalancingV2::TargetGroup": "as its load balancer",
	"AWS::IAM::InstanceProfile":                "free",
	"AWS::CodeBuild::Project":                  "by minute",
	"AWS::CodePipeline::Pipeline":              "by minute",
	"AWS::Events::Rule":                        "free for a schedule and for AWS's own events",
	"AWS::IAM::ManagedPolicy":                  "free",
	"AWS::IAM::OIDCProvider":                   "free",
	"AWS::IAM::Policy":                         "free",
	"AWS::IAM::Role":                           "free",
	"AWS::KMS::Alias":                          "free",
	"AWS::Lambda::Alias":                       "free",
	"AWS::Lambda::EventInvokeConfig":           "free",
	"AWS::Lambda::Function":                    "by invocation",
	"AWS::Lambda::LayerVersion":                "storage within the free 75 GB",
	"AWS::Lambda::Permission":                  "free",
	"AWS::Lambda::Version":                     "storage within the free 75 GB",
	"AWS::Logs::LogGroup":                      "by gigabyte",
	"AWS::Route53::HostedZone":                 "a line, whoever made the zone",
	"AWS::Route53::RecordSet":                  "free up to 10,000 in a zone",
	"AWS::S3::Bucket":                          "by gigabyte and request",
	"AWS::S3::BucketPolicy":                    "free",
	"AWS::SNS::Subscription":                   "by mail",
	"AWS::SNS::Topic":                          "by mail",
	"AWS::SNS::TopicPolicy":                    "free",
	"AWS::SSM::Parameter":                      "standard parameters are free",
	"Custom::S3AutoDeleteObjects":              "a run when a trial is destroyed",
	"AWS::Budgets::Budget":                     "free without actions",
	"AWS::CE::AnomalyMonitor":                  "free",
	"AWS::CE::AnomalySubscription":             "free",
	"AWS::CodeDeploy::Application":             "free for Lambda",
	"AWS::CodeDeploy::DeploymentGroup":         "free for Lambda",
}

// The bill counts what the templates have: each alarm, secret, key and check.
// A resource of a type that nobody has thought about the price of is refused.
func TestCostCounts(t *testing.T) {
	for _, d := range deployments {
		t.Run(d.name, func(t *testing.T) {
			bill := cost.Estimate(d.blog.Config, cost.Typical()).Resources()
			made := map[string]int{}
			for part, s := range d.stacks {
				for id, r := range s.Template.Resources {
					if priced := cost.ByPiece(r.Type); priced {
						made[r.Type]++
						// A copy of a secret in another region is a secret more.
						if copies, ok := r.Properties["ReplicaRegions"].([]any); ok {
							made[r.Type] += len(copies)
						}
					} else if freeTypes[r.Type] == "" {
						t.Errorf("%s/%s is a %s: price it in package cost, or say here why it is free", part, id, r.Type)
					}
				}
			}
			for typ, n := range made {
				if bill[typ] != n {
					t.Errorf("%d of %s in the templates, %d on the bill", n, typ, bill[typ])
				}
			}
			for typ, n := range bill {
				if n != 0 && made[typ] == 0 {
					t.Errorf("%d of %s on the bill, none in the templates", n, typ)
				}
			}
		})
	}
}
