package main

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
)

// eachFleet runs a test for each Render stack with a fleet. Stacks without may
// have nothing of one.
func eachFleet(t *testing.T, f func(t *testing.T, d *deployment, region string, s *stack)) {
	found := 0
	for _, d := range deployments {
		for _, region := range d.blog.Config.RendererRegions() {
			s := d.stacks["render-"+region]
			if d.blog.Config.AWS.Compute == config.ComputeFleet {
				found++
				t.Run(d.name+"/"+region, func(t *testing.T) { f(t, d, region, s) })
				continue
			}
			for id, r := range s.Template.Resources {
				if strings.HasPrefix(r.Type, "AWS::EC2::") || strings.HasPrefix(r.Type, "AWS::AutoScaling::") {
					t.Errorf("%s %s: %s is a %s", d.name, region, id, r.Type)
				}
			}
		}
	}
	if found != 2 {
		t.Errorf("%d fleets", found)
	}
}

func TestFleet(t *testing.T) {
	eachFleet(t, func(t *testing.T, d *deployment, region string, s *stack) {
		group := s.one(t, "AWS::AutoScaling::AutoScalingGroup")
		template := at(s.one(t, "AWS::EC2::LaunchTemplate").Properties, "LaunchTemplateData")
		balancer := s.one(t, "AWS::ElasticLoadBalancingV2::LoadBalancer")
		listener := s.one(t, "AWS::ElasticLoadBalancingV2::Listener")
		targets := s.one(t, "AWS::ElasticLoadBalancingV2::TargetGroup")
		origin := at(s.one(t, "AWS::CloudFront::VpcOrigin").Properties, "VpcOriginEndpointConfig")
		attributes := map[string]string{}
		for _, a := range items(targets.Properties["TargetGroupAttributes"]) {
			attributes[flat(at(a, "Key"))] = flat(at(a, "Value"))
		}
		refresh := at(group.UpdatePolicy, "AutoScalingInstanceRefresh")
		volume := at(template, "BlockDeviceMappings", 0, "Ebs")
		for what, pair := range map[string][2]any{
			"fewest":           {group.Properties["MinSize"], "2"},
			"most":             {group.Properties["MaxSize"], "6"},
			"health":           {group.Properties["HealthCheckType"], "ELB"},
			"life":             {group.Properties["MaxInstanceLifetime"], float64(1209600)},
			"refresh":          {at(refresh, "Strategy"), "Rolling"},
			"never fewer":      {at(refresh, "Preferences", "MinHealthyPercentage"), float64(100)},
			"type":             {at(template, "InstanceType"), "t4g.medium"},
			"image":            {at(template, "ImageId"), "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64}}"},
			"metadata":         {at(template, "MetadataOptions", "HttpTokens"), "required"},
			"hops":             {at(template, "MetadataOptions", "HttpPutResponseHopLimit"), float64(1)},
			"volume":           {at(volume, "VolumeType"), "gp3"},
			"encrypted":        {at(volume, "Encrypted"), true},
			"credits":          {at(template, "CreditSpecification", "CpuCredits"), "standard"},
			"scheme":           {balancer.Properties["Scheme"], "internal"},
			"TLS":              {listener.Properties["Protocol"], "HTTPS"},
			"algorithm":        {attributes["load_balancing.algorithm.type"], "least_outstanding_requests"},
			"asked for health": {targets.Properties["HealthCheckPath"], "/healthz"},
			"to the balancer":  {at(origin, "OriginProtocolPolicy"), "https-only"},
			"which balancer":   {flat(at(origin, "Arn")), "${Balancer}"},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
			}
		}
		zones := map[string]bool{}
		for _, subnet := range s.of("AWS::EC2::Subnet") {
			zones[flat(subnet.Properties["AvailabilityZone"])] = true
		}
		if len(zones) != 3 || len(items(group.Properties["VPCZoneIdentifier"])) != 3 || len(items(balancer.Properties["Subnets"])) != 3 {
			t.Errorf("zones %v", zones)
		}
		// The Lambda stays, for batches, and the door by which a deployment can
		// go back to it.
		for _, typ := range []string{"AWS::Lambda::Alias", "AWS::ApiGatewayV2::Api"} {
			if len(s.of(typ)) != 1 {
				t.Errorf("%d of %s", len(s.of(typ)), typ)
			}
		}
	})
}

// Nothing comes in but from CloudFront, and there is no way out but to S3 and
// the log.
func TestFleetNetwork(t *testing.T) {
	eachFleet(t, func(t *testing.T, d *deployment, region string, s *stack) {
		for id, r := range s.Template.Resources {
			switch r.Type {
			case "AWS::EC2::Route", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::EgressOnlyInternetGateway":
				t.Errorf("%s is a way out: %s", id, r.Type)
			case "AWS::EC2::Subnet":
				if r.Properties["MapPublicIpOnLaunch"] != false {
					t.Errorf("%s has public addresses", id)
				}
			case "AWS::EC2::SecurityGroup":
				if r.Properties["SecurityGroupIngress"] != nil || len(items(r.Properties["SecurityGroupEgress"])) != 1 {
					t.Errorf("%s: %v", id, r.Properties)
				}
			}
		}
		list := map[string]string{"ap-southeast-1": "pl-31a34658", "ap-east-1": "pl-0123abcd"}[region]
		var in []string
		for _, r := range s.of("AWS::EC2::SecurityGroupIngress") {
			p := r.Properties
			if p["CidrIp"] != nil || p["CidrIpv6"] != nil {
				t.Errorf("in from anywhere: %v", p)
			}
			from := flat(p["SourceSecurityGroupId"])
			if v := p["SourcePrefixListId"]; v != nil {
				from = flat(v)
			}
			in = append(in, from+" > "+flat(p["GroupId"])+" "+flat(p["FromPort"]))
		}
		slices.Sort(in)
		want := []string{
			"${BalancerGroup.GroupId} > ${InstancesGroup.GroupId} 8080",
			"${InstancesGroup.GroupId} > ${EndpointGroup.GroupId} 443",
			list + " > ${BalancerGroup.GroupId} 443",
		}
		if !slices.Equal(in, want) {
			t.Errorf("in: %v\nwant %v", in, want)
		}
		for id, r := range s.of("AWS::EC2::VPCEndpoint") {
			statements := items(at(r.Properties, "PolicyDocument", "Statement"))
			if len(statements) == 0 {
				t.Errorf("%s lets everything through", id)
			}
			for _, st := range statements {
				for _, res := range strs(at(st, "Resource")) {
					if res == "*" || strings.HasPrefix(res, "arn:aws:s3:::*") {
						t.Errorf("%s leads to %s", id, res)
					}
				}
			}
		}
	})
}

// What an instance starts is the Lambda's program, from the same object, and its
// script is one.
func TestBoot(t *testing.T) {
	placeholder := regexp.MustCompile(`@[A-Z_]+@`)
	eachFleet(t, func(t *testing.T, d *deployment, region string, s *stack) {
		data := at(s.one(t, "AWS::EC2::LaunchTemplate").Properties, "LaunchTemplateData", "UserData", "Fn::Base64")
		script := flat(data)
		if left := placeholder.FindString(script); left != "" || !strings.HasPrefix(script, "#!/bin/bash\n") {
			t.Errorf("%s is left in\n%s", left, script)
		}
		if len(script) > 12<<10 { // 16 KB in base64
			t.Errorf("%d bytes", len(script))
		}
		var key string
		for _, fn := range s.of("AWS::Lambda::Function") {
			if fn.Properties["FunctionName"] == d.blog.Names.Renderer() {
				key = flat(at(fn.Properties, "Code", "S3Key"))
			}
		}
		if key == "" || !strings.Contains(script, "/"+key+" /tmp/renderer.zip") {
			t.Errorf("the program is not the Lambda's, %s:\n%s", key, script)
		}
		if !strings.Contains(script, "Environment=BLOG_BUCKET="+d.blog.Names.Bucket("${AWS::AccountId}", region)+"\n") {
			t.Errorf("it renders from another bucket:\n%s", script)
		}
		check := exec.Command("bash", "-n")
		check.Stdin = strings.NewReader(script)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("bash: %v\n%s", err, out)
		}
	})
}

// The whole of what an instance may do. A line more is a decision.
func TestFleetMayDoExactlyThis(t *testing.T) {
	eachFleet(t, func(t *testing.T, d *deployment, region string, s *stack) {
		bucket := "arn:aws:s3:::blog-prod-${AWS::AccountId}-" + region + "-an"
		var got []string
		for _, line := range statementsOf(s, "FleetRole") {
			line = regexp.MustCompile(`[0-9a-f]{64}\.zip`).ReplaceAllString(line, "PROGRAM")
			line = regexp.MustCompile(`\$\{FleetLogs\w+\.Arn\}`).ReplaceAllString(line, "LOG")
			got = append(got, strings.ReplaceAll(line, bucket, "BUCKET"))
		}
		slices.Sort(got)
		const aliased = ` if {"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/blog-prod-content"}}`
		key := "arn:aws:kms:" + region + ":${AWS::AccountId}:key/*" + aliased
		want := []string{
			"Allow kms:Decrypt " + key, "Allow kms:GenerateDataKey " + key,
			"Allow logs:CreateLogStream LOG", "Allow logs:PutLogEvents LOG",
			"Allow s3:GetObject BUCKET/head.json", "Allow s3:GetObject BUCKET/page/*",
			"Allow s3:GetObject BUCKET/recipe/*", "Allow s3:GetObject BUCKET/release/*",
			"Allow s3:GetObject BUCKET/src/*", "Allow s3:GetObject BUCKET/takedown/*",
			"Allow s3:GetObject arn:aws:s3:::cdk-hnb659fds-assets-${AWS::AccountId}-" + region + "/PROGRAM",
			"Allow s3:ListBucket BUCKET", "Allow s3:PutObject BUCKET/page/*",
		}
		if !slices.Equal(got, want) {
			t.Errorf("may do\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
	})
}

// The distribution reaches the fleets as VPC origins, by the name that their
// certificates have, and sends them no secret.
func TestFleetOrigins(t *testing.T) {
	dist := find1(t, "fleet").stacks["edge"].one(t, "AWS::CloudFront::Distribution")
	got := map[string]string{}
	for _, o := range items(at(dist.Properties, "DistributionConfig", "Origins")) {
		if id := flat(at(o, "VpcOriginConfig", "VpcOriginId")); id != "null" {
			got[flat(at(o, "Id"))] = flat(at(o, "DomainName")) + " " + id
			if at(o, "OriginCustomHeaders") != nil || at(o, "CustomOriginConfig") != nil {
				t.Errorf("%v", o)
			}
		}
	}
	const of = ".origin.blog.example.com {{resolve:secretsmanager:blog/prod/vpc-origin/"
	for id, region := range map[string]string{"renderer": "ap-southeast-1", "renderer-fallback": "ap-east-1"} {
		if want := region + of + region + ":SecretString:::}}"; got[id] != want {
			t.Errorf("%s: %s, want %s", id, got[id], want)
		}
	}
}
