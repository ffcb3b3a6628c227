package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
)

// Every role is under the boundary, if there is one, and comes after it.
func TestBoundary(t *testing.T) {
	policies := map[string]string{"on": "blog-prod-boundary", "single": "team/wall"}
	each(t, func(t *testing.T, d *deployment, s *stack) {
		var want string
		if name := policies[d.name]; name != "" {
			want = "arn:aws:iam::${AWS::AccountId}:policy/" + name
		}
		for id, r := range s.of("AWS::IAM::Role") {
			got := ""
			if b, ok := r.Properties["PermissionsBoundary"]; ok {
				got = flat(b)
			}
			if got != want {
				t.Errorf("%s is under %q, want %q", id, got, want)
			}
			own := d.blog.Config.AWS.PermissionsBoundary == config.BoundaryOwn
			if own && !strings.HasSuffix(s.Name, "-global") && !slices.Contains(s.After, "global") {
				t.Errorf("%s names a policy of global, after which its stack is not deployed", id)
			}
		}
	})
	made := 0
	for _, r := range deployed(t, "on").stacks["global"].of("AWS::IAM::ManagedPolicy") {
		made++
		if r.Properties["ManagedPolicyName"] != "blog-prod-boundary" {
			t.Errorf("the policy is called %v", r.Properties["ManagedPolicyName"])
		}
		refused := map[string]bool{}
		for _, st := range items(at(r.Properties, "PolicyDocument", "Statement")) {
			if at(st, "Effect") == "Deny" {
				for _, a := range strs(at(st, "Action")) {
					refused[a] = true
				}
			}
		}
		for _, a := range []string{"iam:Create*", "iam:Put*", "iam:Attach*", "iam:Delete*", "organizations:*", "cloudtrail:StopLogging", "s3:PutObject"} {
			if !refused[a] {
				t.Errorf("%s is not refused", a)
			}
		}
	}
	if made != 1 {
		t.Errorf("%d policies in the blog's own, want one", made)
	}
}

// A raised number is a change of the distribution, which is when CloudFormation
// reads the origin secret again.
func TestOriginKey(t *testing.T) {
	for name, want := range map[string]string{"off": "blog-prod", "on": "blog-prod, origin key 2"} {
		dist := deployed(t, name).stacks["edge"].one(t, "AWS::CloudFront::Distribution")
		if got := at(dist.Properties, "DistributionConfig", "Comment"); got != want {
			t.Errorf("%s: comment %v, want %s", name, got, want)
		}
	}
}

func TestFirewall(t *testing.T) {
	if acls := deployed(t, "off").stacks["edge"].of("AWS::WAFv2::WebACL"); len(acls) > 0 {
		t.Errorf("off: %d web ACLs", len(acls))
	}
	edge := deployed(t, "on").stacks["edge"]
	acl := edge.one(t, "AWS::WAFv2::WebACL")
	if acl.Properties["Scope"] != "CLOUDFRONT" || at(acl.Properties, "DefaultAction", "Allow") == nil {
		t.Errorf("%v", acl.Properties)
	}
	var got []string
	for _, r := range items(acl.Properties["Rules"]) {
		group := flat(at(r, "Statement", "ManagedRuleGroupStatement", "Name"))
		if limit := at(r, "Statement", "RateBasedStatement", "Limit"); limit != nil {
			group = fmt.Sprintf("%v in %v s: %v", limit, at(r, "Statement", "RateBasedStatement", "EvaluationWindowSec"),
				at(r, "Action", "Block", "CustomResponse", "ResponseCode"))
		} else if at(r, "OverrideAction", "None") == nil {
			t.Errorf("%s does not block", group)
		}
		got = append(got, fmt.Sprintf("%v %v %s", at(r, "Priority"), at(r, "Name"), group))
	}
	want := []string{
		"0 one-address 500 in 300 s: 429",
		"1 ill-reputed AWSManagedRulesAmazonIpReputationList",
		"2 known-bad-inputs AWSManagedRulesKnownBadInputsRuleSet",
		"3 common AWSManagedRulesCommonRuleSet",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rules\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if arn := flat(at(edge.one(t, "AWS::CloudFront::Distribution").Properties, "DistributionConfig", "WebACLId")); arn != "${Firewall.Arn}" {
		t.Errorf("the distribution is behind %s", arn)
	}
}

// What is delivered is what the table has columns for, in folders that it knows;
// and the queries ask for nothing else.
func TestAccessLogs(t *testing.T) {
	d := deployed(t, "on")
	edge := d.stacks["edge"]
	delivery := edge.one(t, "AWS::Logs::Delivery")
	fields := strs(delivery.Properties["RecordFields"])
	for _, private := range []string{"c-ip", "x-forwarded-for", "cs(User-Agent)", "cs(Cookie)", "cs-uri-query"} {
		if slices.Contains(fields, private) {
			t.Errorf("%s is written down", private)
		}
	}
	table := edge.one(t, "AWS::Glue::Table").Properties["TableInput"]
	serde := at(table, "StorageDescriptor", "SerdeInfo", "Parameters").(map[string]any)
	columns := map[string]bool{"hour": true}
	for i, c := range items(at(table, "StorageDescriptor", "Columns")) {
		name := flat(at(c, "Name"))
		columns[name] = true
		if serde["mapping."+name] != strings.ToLower(fields[i]) {
			t.Errorf("column %s is of %v, want %s", name, serde["mapping."+name], fields[i])
		}
	}
	if len(columns) != len(fields)+1 {
		t.Errorf("%d columns for %d fields", len(columns), len(fields))
	}
	folder := flat(at(table, "Parameters", "storage.location.template"))
	want := "s3://blog-prod-edge-${AWS::AccountId}-us-east-1-an/AWSLogs/${AWS::AccountId}/CloudFront/${Distribution.Id}/${hour}/"
	if folder != want || delivery.Properties["S3SuffixPath"] != "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}" {
		t.Errorf("the table looks in %s, want %s; files are put into %v", folder, want, delivery.Properties["S3SuffixPath"])
	}
	if got := at(table, "Parameters", "projection.hour.range"); got != "NOW-365DAYS,NOW" {
		t.Errorf("hours %v", got)
	}

	ours := regexp.MustCompile(`\b[a-z]+(?:_[a-z0-9]+)+\b`)
	others := []string{"date_format", "current_timestamp", "count_if", "approx_percentile", "hit_percent", "p95_seconds"}
	queries := edge.of("AWS::Athena::NamedQuery")
	if len(queries) != 3 {
		t.Errorf("%d queries", len(queries))
	}
	for id, q := range queries {
		for _, word := range ours.FindAllString(flat(q.Properties["QueryString"]), -1) {
			if !columns[word] && !slices.Contains(others, word) {
				t.Errorf("%s asks for %s", id, word)
			}
		}
		if !strings.Contains(flat(q.Properties["QueryString"]), "WHERE hour >= ") {
			t.Errorf("%s reads all there is", id)
		}
	}
	if at(edge.one(t, "AWS::Athena::WorkGroup").Properties, "WorkGroupConfiguration", "BytesScannedCutoffPerQuery") == nil {
		t.Error("a query may read without end")
	}

	// Nobody but the delivery of this account may write into the bucket.
	writers := 0
	for _, st := range d.stacks["global"].statements() {
		if st.effect != "Allow" || !slices.Contains(st.actions, "s3:PutObject") || st.typ != "AWS::S3::BucketPolicy" {
			continue
		}
		writers++
		if flat(at(st.principal, "Service")) != "delivery.logs.amazonaws.com" ||
			flat(at(st.conditions, "StringEquals", "aws:SourceAccount")) != "${AWS::AccountId}" ||
			flat(at(st.conditions, "ArnLike", "aws:SourceArn")) != "arn:aws:logs:us-east-1:${AWS::AccountId}:delivery-source:*" ||
			!slices.Equal(st.resources, []string{"arn:aws:s3:::blog-prod-edge-${AWS::AccountId}-us-east-1-an/AWSLogs/${AWS::AccountId}/CloudFront/*"}) {
			t.Errorf("%+v", st)
		}
	}
	if writers != 1 {
		t.Errorf("%d may write logs, want one", writers)
	}
	for _, part := range []string{"edge", "global"} {
		for _, typ := range []string{"AWS::Logs::Delivery", "AWS::Glue::Table", "AWS::Athena::WorkGroup"} {
			if len(deployed(t, "off").stacks[part].of(typ)) > 0 {
				t.Errorf("off: %s has a %s", part, typ)
			}
		}
	}
}

// Each region has its guards, once, whatever the environment; the trail is one
// for all of them.
func TestAccountGuards(t *testing.T) {
	d := deployed(t, "on")
	var trails []string
	for part, s := range d.stacks {
		if !strings.HasPrefix(part, "account-") {
			continue
		}
		if strings.Contains(s.Name, d.blog.Config.AWS.Env) || !s.Protected {
			t.Errorf("%s: of an environment, or unprotected (%v)", s.Name, s.Protected)
		}
		if s.one(t, "AWS::GuardDuty::Detector").Properties["Enable"] != true || s.one(t, "AWS::AccessAnalyzer::Analyzer").Properties["Type"] != "ACCOUNT" {
			t.Errorf("%s guards nothing", part)
		}
		told := 0
		topic := slices.Collect(maps.Keys(s.of("AWS::SNS::Topic")))[0]
		for _, r := range s.of("AWS::Events::Rule") {
			for _, to := range items(r.Properties["Targets"]) {
				if flat(at(to, "Arn")) == "${"+topic+"}" {
					told++
				}
			}
		}
		if told != 2 || s.one(t, "AWS::SNS::Subscription").Properties["Endpoint"] != "ops@example.com" {
			t.Errorf("%s: %d kinds of findings are told", part, told)
		}
		for _, trail := range s.of("AWS::CloudTrail::Trail") {
			trails = append(trails, part)
			for _, p := range []string{"IsLogging", "IsMultiRegionTrail", "IncludeGlobalServiceEvents", "EnableLogFileValidation"} {
				if trail.Properties[p] != true {
					t.Errorf("%s is %v", p, trail.Properties[p])
				}
			}
			arn := "arn:aws:cloudtrail:us-east-1:${AWS::AccountId}:trail/" + flat(trail.Properties["TrailName"])
			for _, st := range s.statements() {
				if st.effect == "Allow" && st.typ == "AWS::S3::BucketPolicy" && flat(at(st.conditions, "StringEquals", "aws:SourceArn")) != arn {
					t.Errorf("%s: %+v is not for %s", part, st, arn)
				}
			}
		}
	}
	if !slices.Equal(trails, []string{"account-us-east-1"}) {
		t.Errorf("trails in %v", trails)
	}
}
