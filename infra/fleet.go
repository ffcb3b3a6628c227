package main

import (
	_ "embed"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

const (
	fleetPort = 8080
	// instanceLife is after how long an instance is replaced by one with the newest
	// packages of Amazon Linux, which is how they are patched. A new kernel comes
	// with the image, when something is deployed.
	instanceLife = 14 * 24 * time.Hour
	// bootWithin is how long an instance may take until it answers.
	bootWithin = 4 * time.Minute
)

// newFleet makes what aws.compute: fleet asks for: the renderer as a server on
// instances behind a load balancer, which only CloudFront reaches, as a VPC origin
// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html).
//
// It is the program of the Lambda, from the same object in the bucket of assets,
// so that the two cannot have two versions. The Lambda stays, for batches: a
// publisher invokes it, and a thousand pages are made by as many machines as it
// takes. Its API stays too, so that one deployment can go from the one to the
// other: the distribution follows after both exist.
//
// Nothing here has an address on the internet or a way to it (newNetwork). What
// stands before the balancer is its security group, which lets CloudFront's
// addresses in, and that a VPC origin can be used by this account's distributions
// alone. So there is no secret in a header, and no endpoint of Secrets Manager,
// which would cost more than an instance.
//
// Route 53 does not choose between the regions of a fleet: CloudFront does not
// resolve the name of a VPC origin. The origin group that package edge describes
// takes its place.
func newFleet(c RenderConfig, cert awscertificatemanager.ICertificate, topic awssns.ITopic) {
	logs := newLogGroup(c.Stack, "FleetLogs", "", c.LogsDays)
	net := newNetwork(c, logs)
	balancer, targets, listener := newBalancer(c, net, cert)
	group := newInstances(c, net, logs, targets)
	group.Node().AddDependency(listener) // its health checks go through it

	origin := awscloudfront.NewCfnVpcOrigin(c.Stack, jsii.String("VPCOrigin"), &awscloudfront.CfnVpcOriginProps{
		VpcOriginEndpointConfig: &awscloudfront.CfnVpcOrigin_VpcOriginEndpointConfigProperty{
			Name: jsii.String(c.Names.String() + "-" + c.Region), Arn: balancer.Ref(),
			HttpPort: jsii.Number(80), HttpsPort: jsii.Number(443), // the first is asked for, and not used
			OriginProtocolPolicy: jsii.String("https-only"), OriginSslProtocols: jsii.Strings("TLSv1.2"),
		},
	})
	origin.Node().AddDependency(net.attached)
	origin.Node().AddDependency(listener)
	tellEdge(c, "VPCOriginID", c.Names.VPCOrigin(c.Region), "VPC origin", *origin.AttrId())

	dimensions := map[string]string{
		"LoadBalancer": *balancer.AttrLoadBalancerFullName(), "TargetGroup": *targets.AttrTargetGroupFullName(),
	}
	newAlarm(c.Stack, alarm{
		ID: "FleetErrorsAlarm", Namespace: "AWS/ApplicationELB", Metric: "HTTPCode_Target_5XX_Count", Dimensions: dimensions,
		Meaning: "An instance answered 5xx: a page that the bucket could not give could not be made either.",
	}, topic)
	newAlarm(c.Stack, alarm{
		ID: "FleetDownAlarm", Namespace: "AWS/ApplicationELB", Metric: "HTTPCode_ELB_5XX_Count",
		Dimensions: map[string]string{"LoadBalancer": *balancer.AttrLoadBalancerFullName()},
		Meaning:    "The load balancer answered 5xx itself: no instance is healthy, or one did not answer.",
	}, topic)
}

// newBalancer makes the load balancer, with the certificate that the API has.
func newBalancer(c RenderConfig, n network, cert awscertificatemanager.ICertificate) (elb.CfnLoadBalancer, elb.CfnTargetGroup, elb.CfnListener) {
	balancer := elb.NewCfnLoadBalancer(c.Stack, jsii.String("Balancer"), &elb.CfnLoadBalancerProps{
		Type: jsii.String("application"), Scheme: jsii.String("internal"),
		Subnets: anys(n.subnets), SecurityGroups: anys([]string{n.balancer}),
		LoadBalancerAttributes: &[]*elb.CfnLoadBalancer_LoadBalancerAttributeProperty{
			{Key: jsii.String("routing.http.drop_invalid_header_fields.enabled"), Value: jsii.String("true")},
			{Key: jsii.String("idle_timeout.timeout_seconds"), Value: jsii.String("60")}, // below the server's 75
			// The distribution's log has each request.
			{Key: jsii.String("access_logs.s3.enabled"), Value: jsii.String("false")},
		},
	})
	excuse(balancer, "AwsSolutions-ELB2", "The distribution's access logs have each request, and the load balancer is asked by nobody else.")
	targets := elb.NewCfnTargetGroup(c.Stack, jsii.String("Targets"), &elb.CfnTargetGroupProps{
		TargetType: jsii.String("instance"), VpcId: n.vpc,
		Protocol: jsii.String("HTTP"), Port: jsii.Number(fleetPort), // inside the network
		HealthCheckPath: jsii.String("/healthz"), HealthCheckProtocol: jsii.String("HTTP"),
		HealthCheckIntervalSeconds: jsii.Number(10), HealthCheckTimeoutSeconds: jsii.Number(5),
		HealthyThresholdCount: jsii.Number(2), UnhealthyThresholdCount: jsii.Number(3),
		Matcher: &elb.CfnTargetGroup_MatcherProperty{HttpCode: jsii.String("200")},
		TargetGroupAttributes: &[]*elb.CfnTargetGroup_TargetGroupAttributeProperty{
			// Requests differ: a page that is stored, one that has to be made.
			{Key: jsii.String("load_balancing.algorithm.type"), Value: jsii.String("least_outstanding_requests")},
			{Key: jsii.String("deregistration_delay.timeout_seconds"), Value: jsii.String("30")},
		},
	})
	listener := elb.NewCfnListener(c.Stack, jsii.String("Listener"), &elb.CfnListenerProps{
		LoadBalancerArn: balancer.Ref(), Protocol: jsii.String("HTTPS"), Port: jsii.Number(443),
		SslPolicy:    jsii.String("ELBSecurityPolicy-TLS13-1-2-Res-2021-06"),
		Certificates: &[]*elb.CfnListener_CertificateProperty{{CertificateArn: cert.CertificateArn()}},
		DefaultActions: &[]*elb.CfnListener_ActionProperty{{
			Type: jsii.String("forward"), TargetGroupArn: targets.Ref(),
		}},
	})
	return balancer, targets, listener
}

// newInstances makes the group, and replaces its instances one after the other
// when what they are made from changes.
func newInstances(c RenderConfig, n network, logs awslogs.LogGroup, targets elb.CfnTargetGroup) awsautoscaling.CfnAutoScalingGroup {
	program := awss3assets.NewAsset(c.Stack, jsii.String("Program"), &awss3assets.AssetProps{Path: jsii.String(c.RendererDir)})
	role := newFleetRole(c, logs, program)
	profile := awsiam.NewCfnInstanceProfile(c.Stack, jsii.String("Profile"), &awsiam.CfnInstanceProfileProps{
		Roles: &[]any{*role.RoleName()},
	})
	data := &awsec2.CfnLaunchTemplate_LaunchTemplateDataProperty{
		// Looked up when the template changes, as it does with the program. What
		// is newer than the image an instance fetches when it starts.
		ImageId:            jsii.String("{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64}}"),
		InstanceType:       jsii.String(c.Fleet.InstanceType),
		IamInstanceProfile: &awsec2.CfnLaunchTemplate_IamInstanceProfileProperty{Arn: profile.AttrArn()},
		SecurityGroupIds:   jsii.Strings(n.instances),
		MetadataOptions: &awsec2.CfnLaunchTemplate_MetadataOptionsProperty{
			HttpEndpoint: jsii.String("enabled"), HttpTokens: jsii.String("required"), HttpPutResponseHopLimit: jsii.Number(1),
		},
		BlockDeviceMappings: &[]*awsec2.CfnLaunchTemplate_BlockDeviceMappingProperty{{
			DeviceName: jsii.String("/dev/xvda"),
			Ebs: &awsec2.CfnLaunchTemplate_EbsProperty{
				VolumeType: jsii.String("gp3"), VolumeSize: jsii.Number(8), Encrypted: jsii.Bool(true), DeleteOnTermination: jsii.Bool(true),
			},
		}},
		UserData: awscdk.Fn_Base64(jsii.String(boot(c, *logs.LogGroupName(), *program.S3BucketName(), *program.S3ObjectKey()))),
	}
	if strings.HasPrefix(c.Fleet.InstanceType, "t") {
		// Slower when its credits are used up, and not dearer.
		data.CreditSpecification = &awsec2.CfnLaunchTemplate_CreditSpecificationProperty{CpuCredits: jsii.String("standard")}
	}
	template := awsec2.NewCfnLaunchTemplate(c.Stack, jsii.String("Template"), &awsec2.CfnLaunchTemplateProps{LaunchTemplateData: data})
	group := awsautoscaling.NewCfnAutoScalingGroup(c.Stack, jsii.String("Fleet"), &awsautoscaling.CfnAutoScalingGroupProps{
		MinSize: text(c.Fleet.Min), MaxSize: text(c.Fleet.Max),
		VpcZoneIdentifier: anys(n.subnets),
		TargetGroupArns:   &[]any{*targets.Ref()},
		LaunchTemplate: &awsautoscaling.CfnAutoScalingGroup_LaunchTemplateSpecificationProperty{
			LaunchTemplateId: template.Ref(), Version: template.AttrLatestVersionNumber(),
		},
		HealthCheckType: jsii.String("ELB"), HealthCheckGracePeriod: seconds(bootWithin), DefaultInstanceWarmup: seconds(bootWithin),
		MaxInstanceLifetime: seconds(instanceLife),
		// The new one first.
		InstanceMaintenancePolicy: &awsautoscaling.CfnAutoScalingGroup_InstanceMaintenancePolicyProperty{
			MinHealthyPercentage: jsii.Number(100), MaxHealthyPercentage: jsii.Number(200),
		},
	})
	excuse(group, "AwsSolutions-AS3", "Instances come and go by themselves, every 14 days at least; what a reader notices raises an alarm.")
	group.CfnOptions().SetUpdatePolicy(&awscdk.CfnUpdatePolicy{
		AutoScalingInstanceRefresh: &awscdk.CfnAutoScalingInstanceRefresh{
			Strategy: jsii.String("Rolling"),
			Preferences: &awscdk.CfnAutoScalingInstanceRefreshPreferences{
				MinHealthyPercentage: jsii.Number(100), MaxHealthyPercentage: jsii.Number(200), InstanceWarmup: seconds(bootWithin),
			},
		},
	})
	awsautoscaling.NewCfnScalingPolicy(c.Stack, jsii.String("Scaling"), &awsautoscaling.CfnScalingPolicyProps{
		AutoScalingGroupName: group.Ref(), PolicyType: jsii.String("TargetTrackingScaling"),
		TargetTrackingConfiguration: &awsautoscaling.CfnScalingPolicy_TargetTrackingConfigurationProperty{
			PredefinedMetricSpecification: &awsautoscaling.CfnScalingPolicy_PredefinedMetricSpecificationProperty{
				PredefinedMetricType: jsii.String("ASGAverageCPUUtilization"), // to make a page is CPU
			},
			TargetValue: jsii.Number(50),
		},
	})
	return group
}

// newFleetRole allows an instance what the Lambda may, less what batches need, and
// to fetch the program.
func newFleetRole(c RenderConfig, logs awslogs.LogGroup, program awss3assets.Asset) awsiam.Role {
	role := awsiam.NewRole(c.Stack, jsii.String("FleetRole"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("ec2.amazonaws.com"), nil),
		Description: jsii.String("Blog: the renderer's instances in " + c.Region),
	})
	bucket := bucketARN(c.Names.Bucket(account(), c.Region))
	read := under(bucket, []string{names.SourcePrefix, names.RecipePrefix, names.PagePrefix})
	for _, s := range []*awsiam.PolicyStatementProps{
		allow("ReadRecord", []string{"s3:GetObject"}, append(read, bucket+"/"+names.HeadKey)...),
		allow("ReadHistory", []string{"s3:GetObject"}, under(bucket, []string{names.ReleasePrefix, names.TakedownPrefix})...),
		allow("TellMissingFromForbidden", []string{"s3:ListBucket"}, bucket),
		allow("WritePages", []string{"s3:PutObject"}, under(bucket, []string{names.PagePrefix})...),
		allow("FetchProgram", []string{"s3:GetObject"}, bucketARN(*program.S3BucketName())+"/"+*program.S3ObjectKey()),
		allow("WriteLog", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, *logs.LogGroupArn()),
	} {
		role.AddToPolicy(awsiam.NewPolicyStatement(s))
	}
	excusePolicy(role, "AwsSolutions-IAM5", prefixes)
	if c.KMS {
		role.AddToPolicy(keysCalled("UseKey", c.Names, c.Region, "kms:Decrypt", "kms:GenerateDataKey"))
	}
	return role
}

//go:embed boot.sh
var bootScript string

// boot is what an instance runs when it starts for the first time. It is text of
// the template: a change replaces the instances.
func boot(c RenderConfig, logGroup, assets, program string) string {
	return strings.NewReplacer(
		"@REGION@", c.Region, "@BUCKET@", c.Names.Bucket(account(), c.Region),
		"@LOG_GROUP@", logGroup, "@ASSETS@", assets, "@PROGRAM@", program,
	).Replace(bootScript)
}
