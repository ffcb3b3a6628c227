package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// record is an alias record in the blog's zone. The CDK's own record construct
// refuses a failover record that does not evaluate its target's health, and
// cannot be told to for an API's domain: here the health check decides.
type record struct {
	ID                 string
	ZoneID, Name, Type string
	Target, TargetZone string
	Policy             *choice // nil for a plain record
}

// choice is how Route 53 chooses between records of one name.
type choice struct {
	SetID       string // which of them this is
	Failover    string // PRIMARY or SECONDARY
	Weight      *int   // its share
	Region      string // where it is, for the latency from there
	HealthCheck string
}

func newRecord(scope constructs.Construct, r record) {
	props := &awsroute53.CfnRecordSetProps{
		HostedZoneId: jsii.String(r.ZoneID),
		Name:         jsii.String(r.Name),
		Type:         jsii.String(r.Type),
		AliasTarget: &awsroute53.CfnRecordSet_AliasTargetProperty{
			DnsName:              jsii.String(r.Target),
			HostedZoneId:         jsii.String(r.TargetZone),
			EvaluateTargetHealth: jsii.Bool(false),
		},
	}
	if p := r.Policy; p != nil {
		props.SetIdentifier = jsii.String(p.SetID)
		props.HealthCheckId = jsii.String(p.HealthCheck)
		switch {
		case p.Failover != "":
			props.Failover = jsii.String(p.Failover)
		case p.Weight != nil:
			props.Weight = jsii.Number(*p.Weight)
		default:
			props.Region = jsii.String(p.Region)
		}
	}
	awsroute53.NewCfnRecordSet(scope, jsii.String(r.ID), props)
}

// newHealthCheck asks a region's own host name whether it can serve. Three
// failures, half a minute apart, move readers to the other region.
func newHealthCheck(scope constructs.Construct, host string) (id string) {
	return *awsroute53.NewCfnHealthCheck(scope, jsii.String("Health"), &awsroute53.CfnHealthCheckProps{
		HealthCheckConfig: &awsroute53.CfnHealthCheck_HealthCheckConfigProperty{
			Type:                     jsii.String("HTTPS"),
			FullyQualifiedDomainName: jsii.String(host),
			Port:                     jsii.Number(443),
			ResourcePath:             jsii.String("/healthz"),
			EnableSni:                jsii.Bool(true),
			RequestInterval:          jsii.Number(30),
			FailureThreshold:         jsii.Number(3),
		},
		HealthCheckTags: &[]*awsroute53.CfnHealthCheck_HealthCheckTagProperty{
			{Key: jsii.String("Name"), Value: jsii.String(host)},
		},
	}).AttrHealthCheckId()
}

// validateIn proves to ACM that a domain is ours, by a record in its zone. The
// zone must be delegated to, or the stack waits for hours.
func validateIn(scope constructs.Construct, domain, zoneID string) awscertificatemanager.CertificateValidation {
	return awscertificatemanager.CertificateValidation_FromDns(
		awsroute53.HostedZone_FromHostedZoneAttributes(scope, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
			HostedZoneId: jsii.String(zoneID),
			ZoneName:     jsii.String(domain),
		}))
}
