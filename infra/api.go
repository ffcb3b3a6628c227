package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

// How many requests a second an API lets through. The distribution sends what
// its caches and the bucket could not answer, so this is far above what
// readers cause, and below what would empty a purse: made-up digest addresses
// reach the renderer.
const (
	requestsPerSecond = 100
	requestBurst      = 200
)

// newAPI makes the renderer's HTTP API and the host name under which the
// distribution reaches it.
//
// An HTTP API and not a function URL, because Route 53 can only choose between
// two regions that answer to one host name, and a function URL takes no name
// of ours. The price is that CloudFront does not sign its requests: the secret
// header stands in for that.
//
// The certificate that it returns, if there is a domain, is for the two names.
func newAPI(c RenderConfig, live awslambda.Alias) awscertificatemanager.ICertificate {
	api := awsapigatewayv2.NewHttpApi(c.Stack, jsii.String("API"), &awsapigatewayv2.HttpApiProps{
		ApiName:                   jsii.String(c.Names.Renderer()),
		CreateDefaultStage:        jsii.Bool(false),
		DisableExecuteApiEndpoint: jsii.Bool(c.Domain != ""), // one door
		DefaultIntegration: awsapigatewayv2integrations.NewHttpLambdaIntegration(
			jsii.String("Live"), live, nil),
	})
	stage := awsapigatewayv2.NewHttpStage(c.Stack, jsii.String("Stage"), &awsapigatewayv2.HttpStageProps{
		HttpApi:    api,
		StageName:  jsii.String("$default"),
		AutoDeploy: jsii.Bool(true),
		Throttle: &awsapigatewayv2.ThrottleSettings{
			RateLimit:  jsii.Number(requestsPerSecond),
			BurstLimit: jsii.Number(requestBurst),
		},
	})
	excuse(stage, "AwsSolutions-APIG1", "What comes here comes from the distribution, whose access logs have it; what goes wrong is in the renderer's log.")
	excuse(api.Node().FindChild(jsii.String("DefaultRoute")), "AwsSolutions-APIG4", "The renderer asks for the origin secret in a header (internal/originkey): CloudFront cannot sign requests to an HTTP API.")
	if c.Domain == "" {
		tellEdge(c, "Host", c.Names.RendererHost(c.Region), "Host name", *api.ApiId()+".execute-api."+c.Region+".amazonaws.com")
		return nil
	}

	origin, own := names.OriginDomain(c.Domain), names.RegionDomain(c.Domain, c.Region)
	cert := awscertificatemanager.NewCertificate(c.Stack, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{
		DomainName:              jsii.String(origin),
		SubjectAlternativeNames: jsii.Strings(own),
		Validation:              validateIn(c.Stack, c.Domain, c.ZoneID),
	})
	// The same name in both regions, of which Route 53 gives out one, and one
	// of this region's own: for the health check, which must not follow a
	// failover, and for pages, which fail over at the distribution.
	for _, d := range []struct{ id, name string }{{"Origin", origin}, {"Own", own}} {
		if d.id == "Origin" && !c.Routing.Record {
			continue
		}
		domain := awsapigatewayv2.NewDomainName(c.Stack, jsii.String(d.id+"Domain"), &awsapigatewayv2.DomainNameProps{
			DomainName:     jsii.String(d.name),
			Certificate:    cert,
			SecurityPolicy: awsapigatewayv2.SecurityPolicy_TLS_1_2,
		})
		awsapigatewayv2.NewApiMapping(c.Stack, jsii.String(d.id+"Mapping"), &awsapigatewayv2.ApiMappingProps{
			Api: api, DomainName: domain, Stage: stage,
		})
		r := record{
			ID: d.id + "Record", ZoneID: c.ZoneID, Name: d.name, Type: "A",
			Target: *domain.RegionalDomainName(), TargetZone: *domain.RegionalHostedZoneId(),
		}
		if d.id == "Origin" {
			r.Policy = newPolicy(c)
		}
		newRecord(c.Stack, r)
	}
	return cert
}

// tellEdge tells us-east-1 what AWS chose in this region: without a domain the host
// name of the API, with a fleet the id of its VPC origin.
//
// That is the one thing that the distribution must know and that no convention
// gives. A reference between regions would tie two
// stacks together that are updated apart; a secret is the one kind of value
// that AWS copies to another region under a known name. It holds no secret.
// CloudFormation reads it when it makes the distribution, and again only when
// that changes: an API that was made anew needs Edge made anew (docs/deploy.md).
func tellEdge(c RenderConfig, id, secret, what, value string) {
	props := &awssecretsmanager.CfnSecretProps{
		Name:         jsii.String(secret),
		Description:  jsii.String(what + " of the renderer in " + c.Region + ", for the distribution (not secret)"),
		SecretString: jsii.String(value),
	}
	if c.Region != names.GlobalRegion {
		props.ReplicaRegions = &[]*awssecretsmanager.CfnSecret_ReplicaRegionProperty{
			{Region: jsii.String(names.GlobalRegion)},
		}
	}
	made := awssecretsmanager.NewCfnSecret(c.Stack, jsii.String(id), props)
	made.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY, nil)
	excuse(made, "AwsSolutions-SMG4", "It holds a name that AWS chose, for us-east-1 to read. That is no secret and does not change.")
}
