package main

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

// network is what a fleet stands in. All but attached are ids.
type network struct {
	vpc       *string
	subnets   []string
	balancer  string // security groups
	instances string
	attached  awsec2.CfnVPCGatewayAttachment
}

// newNetwork makes a network that nobody comes into but CloudFront and that
// nothing goes out of but to S3 and to one log.
//
// There is no NAT gateway (40 USD a month and zone, and a way to anywhere). S3 has
// a gateway endpoint, which costs nothing, and through it come the program, the
// record and the packages of Amazon Linux, whose repositories are in S3. The log
// needs an interface endpoint, about 9 USD a month and zone. An egress-only
// gateway over IPv6 would cost nothing, and be a way to anywhere.
//
// The internet gateway is what CloudFront asks for as the sign that a network may
// be entered from outside. No route leads to it.
//
// Zones are the first ones that the account has in the region. Some regions have
// one in which CloudFront has no VPC origins (use1-az3, usw1-az2, apne1-az3,
// cac1-az3 among them), and which zone that is differs from account to account:
// the deployment fails with its name, and zones: 3 or another region is the way.
func newNetwork(c RenderConfig, logs awslogs.LogGroup) network {
	vpc := awsec2.NewCfnVPC(c.Stack, jsii.String("Network"), &awsec2.CfnVPCProps{
		CidrBlock:        jsii.String("10.0.0.0/24"),
		EnableDnsSupport: jsii.Bool(true), EnableDnsHostnames: jsii.Bool(true), // the log's endpoint has the log's name
	})
	excuse(vpc, "AwsSolutions-VPC7", "It lets in CloudFront alone, and holds nothing but the renderer: what matters of its traffic is in the renderer's log.")
	n := network{vpc: vpc.Ref()}
	gateway := awsec2.NewCfnInternetGateway(c.Stack, jsii.String("Gateway"), &awsec2.CfnInternetGatewayProps{})
	n.attached = awsec2.NewCfnVPCGatewayAttachment(c.Stack, jsii.String("GatewayAttachment"), &awsec2.CfnVPCGatewayAttachmentProps{
		VpcId: n.vpc, InternetGatewayId: gateway.Ref(),
	})
	routes := awsec2.NewCfnRouteTable(c.Stack, jsii.String("Routes"), &awsec2.CfnRouteTableProps{VpcId: n.vpc})
	for i := range c.Fleet.Zones {
		id := strconv.Itoa(i + 1)
		subnet := awsec2.NewCfnSubnet(c.Stack, jsii.String("Subnet"+id), &awsec2.CfnSubnetProps{
			VpcId: n.vpc, CidrBlock: jsii.String(fmt.Sprintf("10.0.0.%d/26", 64*i)),
			AvailabilityZone:    awscdk.Fn_Select(jsii.Number(i), awscdk.Fn_GetAzs(nil)),
			MapPublicIpOnLaunch: jsii.Bool(false),
		})
		awsec2.NewCfnSubnetRouteTableAssociation(c.Stack, jsii.String("Subnet"+id+"Routes"), &awsec2.CfnSubnetRouteTableAssociationProps{
			SubnetId: subnet.Ref(), RouteTableId: routes.Ref(),
		})
		n.subnets = append(n.subnets, *subnet.Ref())
	}
	n.groups(c)
	awsec2.NewCfnVPCEndpoint(c.Stack, jsii.String("S3Endpoint"), &awsec2.CfnVPCEndpointProps{
		VpcId: n.vpc, VpcEndpointType: jsii.String("Gateway"), ServiceName: jsii.String("com.amazonaws." + c.Region + ".s3"),
		RouteTableIds: anys([]string{*routes.Ref()}), PolicyDocument: onlyThese(c),
	})
	endpoint := securityGroup(c, n, "EndpointGroup", "Endpoint of the log", nowhere)
	permit(c, "EndpointFromInstances", endpoint, 443, "Instances write their log", &awsec2.CfnSecurityGroupIngressProps{SourceSecurityGroupId: &n.instances})
	awsec2.NewCfnVPCEndpoint(c.Stack, jsii.String("LogsEndpoint"), &awsec2.CfnVPCEndpointProps{
		VpcId: n.vpc, VpcEndpointType: jsii.String("Interface"), ServiceName: jsii.String("com.amazonaws." + c.Region + ".logs"),
		SubnetIds: anys(n.subnets), SecurityGroupIds: anys([]string{endpoint}), PrivateDnsEnabled: jsii.Bool(true),
		PolicyDocument: policy(statementOf("WriteLog", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, *logs.LogGroupArn())),
	})
	return n
}

// groups makes the security groups: CloudFront may talk to the balancer, the
// balancer to the instances, and they to S3 and the log.
func (n *network) groups(c RenderConfig) {
	n.instances = securityGroup(c, *n, "InstancesGroup", "Instances of the fleet", &awsec2.CfnSecurityGroup_EgressProperty{
		// S3 has many addresses. The route table has a way to no others.
		Description: jsii.String("S3 and the log, which is all that there is a way to"),
		IpProtocol:  jsii.String("tcp"), FromPort: jsii.Number(443), ToPort: jsii.Number(443), CidrIp: jsii.String("0.0.0.0/0"),
	})
	n.balancer = securityGroup(c, *n, "BalancerGroup", "Load balancer of the fleet", &awsec2.CfnSecurityGroup_EgressProperty{
		Description: jsii.String("Instances"),
		IpProtocol:  jsii.String("tcp"), FromPort: jsii.Number(fleetPort), ToPort: jsii.Number(fleetPort), DestinationSecurityGroupId: &n.instances,
	})
	permit(c, "BalancerFromCloudFront", n.balancer, 443, "CloudFront", &awsec2.CfnSecurityGroupIngressProps{
		SourcePrefixListId: jsii.String(c.Fleet.PrefixList(c.Region)),
	})
	permit(c, "InstancesFromBalancer", n.instances, fleetPort, "The load balancer", &awsec2.CfnSecurityGroupIngressProps{SourceSecurityGroupId: &n.balancer})
}

// nowhere stands for no egress. EC2 takes none given for all of it.
var nowhere = &awsec2.CfnSecurityGroup_EgressProperty{
	Description: jsii.String("Nowhere"),
	IpProtocol:  jsii.String("icmp"), FromPort: jsii.Number(252), ToPort: jsii.Number(86), CidrIp: jsii.String("255.255.255.255/32"),
}

func securityGroup(c RenderConfig, n network, id, description string, egress *awsec2.CfnSecurityGroup_EgressProperty) string {
	return *awsec2.NewCfnSecurityGroup(c.Stack, jsii.String(id), &awsec2.CfnSecurityGroupProps{
		GroupDescription: jsii.String(description), VpcId: n.vpc,
		SecurityGroupEgress: &[]*awsec2.CfnSecurityGroup_EgressProperty{egress},
	}).AttrGroupId()
}

// permit lets a source in at one port.
func permit(c RenderConfig, id, group string, port int, what string, from *awsec2.CfnSecurityGroupIngressProps) {
	from.GroupId, from.Description = &group, jsii.String(what)
	from.IpProtocol, from.FromPort, from.ToPort = jsii.String("tcp"), jsii.Number(port), jsii.Number(port)
	awsec2.NewCfnSecurityGroupIngress(c.Stack, jsii.String(id), from)
}

// onlyThese is what may go through the endpoint of S3, whoever asks: this region's
// record, the program, and the packages of Amazon Linux, which are fetched without
// credentials. So nothing can be carried to somebody else's bucket.
func onlyThese(c RenderConfig) any {
	bucket := bucketARN(c.Names.Bucket(account(), c.Region))
	assets := "arn:aws:s3:::cdk-" + bootstrapQualifier + "-assets-" + account() + "-" + c.Region + "/*"
	record := under(bucket, []string{names.SourcePrefix, names.RecipePrefix, names.PagePrefix, names.ReleasePrefix, names.TakedownPrefix})
	return policy(
		statementOf("Read", []string{"s3:GetObject"}, append(record, bucket+"/"+names.HeadKey, assets)...),
		statementOf("List", []string{"s3:ListBucket"}, bucket),
		statementOf("WritePages", []string{"s3:PutObject"}, under(bucket, []string{names.PagePrefix})...),
		// The name is in Amazon Linux's guide, the same in each account.
		statementOf("Packages", []string{"s3:GetObject"}, "arn:aws:s3:::al2023-repos-"+c.Region+"-de612dc2/*"),
	)
}

// policy is the policy of an endpoint. It gives nobody anything: what goes through
// has to be allowed by it and by whoever asks.
func policy(statements ...map[string]any) map[string]any {
	return map[string]any{"Version": "2012-10-17", "Statement": statements}
}

func statementOf(sid string, actions []string, resources ...string) map[string]any {
	return map[string]any{"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources}
}

// anys is a list as the CDK takes it where it would take references too.
func anys(values []string) *[]any {
	var out []any
	for _, v := range values {
		out = append(out, v)
	}
	return &out
}

func text(n int) *string { return jsii.String(strconv.Itoa(n)) }
