package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
)

// statement is one statement of any policy, its values flat.
type statement struct {
	where      string // logical id of the policy
	typ        string
	sid        string
	effect     string
	actions    []string
	resources  []string
	principal  any
	conditions map[string]any
}

// statements are those of roles and of resources, inline and apart.
func (s *stack) statements() []statement {
	var out []statement
	for id, r := range s.Template.Resources {
		documents := []any{r.Properties["PolicyDocument"], r.Properties["KeyPolicy"]}
		for _, p := range items(r.Properties["Policies"]) {
			documents = append(documents, at(p, "PolicyDocument"))
		}
		for _, doc := range documents {
			for _, st := range items(at(doc, "Statement")) {
				m := st.(map[string]any)
				conditions, _ := m["Condition"].(map[string]any)
				out = append(out, statement{
					where: id, typ: r.Type, sid: flat(m["Sid"]), effect: flat(m["Effect"]),
					actions: strs(m["Action"]), resources: strs(m["Resource"]),
					principal: m["Principal"], conditions: conditions,
				})
			}
		}
	}
	slices.SortFunc(out, func(a, b statement) int { return strings.Compare(a.where+a.sid, b.where+b.sid) })
	return out
}

func items(v any) []any {
	l, _ := v.([]any)
	return l
}

var (
	reading = regexp.MustCompile(`^[a-z0-9]+:(Get|List|Describe|Decrypt$)`)
	// The ends of a resource that may be left open: what is under a prefix of
	// a bucket, and the streams of a log group.
	openEnd = regexp.MustCompile(`^((arn:aws:s3:::[^/*]+|\$\{\w+\.Arn\})/[^*]+/|arn:aws:logs:[^*]+:log-group:[^*]+:)\*$`)
)

// broad says what is too broad about a statement, or "".
func (st statement) broad() string {
	if st.effect != "Allow" {
		return ""
	}
	if st.typ == "AWS::EC2::VPCEndpoint" {
		return "" // it narrows what goes through, and gives nobody anything
	}
	if flat(st.principal) == "*" || flat(at(st.principal, "AWS")) == "*" {
		return "anybody may"
	}
	if st.typ == "AWS::IAM::ManagedPolicy" && strings.HasPrefix(st.where, "Boundary") {
		return "" // it grants nothing
	}
	if st.typ == "AWS::KMS::Key" {
		// "*" is the key itself. The account's administrators get their rights
		// from IAM, as AWS has it by default.
		return ""
	}
	for _, a := range st.actions {
		if strings.Contains(a, "*") {
			return "action " + a
		}
		if reading.MatchString(a) {
			continue
		}
		for _, r := range st.resources {
			aliased := strings.HasSuffix(r, ":key/*") && at(st.conditions, "ForAnyValue:StringEquals", "kms:ResourceAliases") != nil
			// Stacks have names that nobody can list, and tags.
			trials := a == "cloudformation:DeleteStack" && strings.HasSuffix(r, "*/*") && at(st.conditions, "Null", "aws:ResourceTag/trial-days") == "false"
			if strings.Contains(r, "*") && !openEnd.MatchString(r) && !aliased && !trials {
				return a + " on " + r
			}
		}
	}
	return ""
}

func TestNoBroadPermissions(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		for _, st := range s.statements() {
			emptiesTrial := d.blog.Config.AWS.Env != config.Prod && st.typ == "AWS::S3::BucketPolicy" &&
				strings.Contains(flat(at(st.principal, "AWS")), "CustomS3AutoDeleteObjects")
			if why := st.broad(); why != "" && !emptiesTrial {
				t.Errorf("%s %s: %s", st.where, st.sid, why)
			}
		}
		for id, r := range s.of("AWS::IAM::Role") {
			if arns := strs(r.Properties["ManagedPolicyArns"]); len(arns) > 0 {
				t.Errorf("%s has policies that AWS manages: %v", id, arns)
			}
		}
	})
}

func TestBroadIsSeen(t *testing.T) {
	allow := func(action, resource string) statement {
		return statement{effect: "Allow", actions: []string{action}, resources: []string{resource}, principal: map[string]any{}}
	}
	anybody := allow("s3:GetObject", "arn:aws:s3:::b/page/*")
	anybody.principal = map[string]any{"AWS": "*"}
	denied := allow("s3:*", "*")
	denied.effect = "Deny"
	aliased := allow("kms:GenerateDataKey", "arn:aws:kms:r:1:key/*")
	aliased.conditions = map[string]any{"ForAnyValue:StringEquals": map[string]any{"kms:ResourceAliases": "alias/x"}}
	for _, c := range []struct {
		st    statement
		broad bool
	}{
		{allow("s3:*", "arn:aws:s3:::b/page/*"), true},
		{allow("s3:Put*", "arn:aws:s3:::b/page/*"), true},
		{allow("s3:PutObject", "*"), true},
		{allow("s3:PutObject", "arn:aws:s3:::b/*"), true},
		{allow("s3:PutObject", "arn:aws:s3:::*/page/*"), true},
		{allow("kms:GenerateDataKey", "arn:aws:kms:r:1:key/*"), true},
		{allow("lambda:InvokeFunction", "arn:aws:lambda:r:1:function:*"), true},
		{anybody, true},
		{aliased, false},
		{denied, false},
		{allow("cloudformation:DeleteStack", "arn:aws:cloudformation:r:1:stack/blog-*/*"), true},
		{allow("s3:PutObject", "arn:aws:s3:::b/page/*"), false},
		{allow("s3:ListBucket", "arn:aws:s3:::b"), false},
	} {
		if got := c.st.broad(); (got != "") != c.broad {
			t.Errorf("%v on %v: %q", c.st.actions, c.st.resources, got)
		}
	}
}

// roleOf are the statements of a role, as "action resource" lines.
func roleOf(s *stack, policy string) []string {
	var out []string
	for _, st := range s.statements() {
		if !strings.HasPrefix(st.where, policy) {
			continue
		}
		for _, a := range st.actions {
			for _, r := range st.resources {
				out = append(out, a+" "+r)
			}
		}
	}
	slices.Sort(out)
	return out
}

// The whole of what the two roles may do. A line more is a decision.
func TestRolesMayDoExactlyThis(t *testing.T) {
	own := deployments[0]
	sg, hk := "arn:aws:s3:::blog-prod-${AWS::AccountId}-ap-southeast-1-an", "arn:aws:s3:::blog-prod-${AWS::AccountId}-ap-east-1-an"
	var logs string
	for id := range own.stacks["render-ap-southeast-1"].of("AWS::Logs::LogGroup") {
		if strings.HasPrefix(id, "Logs") {
			logs = id
		}
	}
	for _, c := range []struct {
		what, stack, policy string
		want                []string
	}{
		{"renderer", "render-ap-southeast-1", "RendererRole", []string{
			"logs:CreateLogStream ${" + logs + ".Arn}",
			"logs:PutLogEvents ${" + logs + ".Arn}",
			"s3:GetObject " + sg + "/draft/*",
			"s3:GetObject " + sg + "/head.json",
			"s3:GetObject " + sg + "/page/*",
			"s3:GetObject " + sg + "/recipe/*",
			"s3:GetObject " + sg + "/release/*",
			"s3:GetObject " + sg + "/src/*",
			"s3:GetObject " + sg + "/takedown/*",
			"s3:GetObject " + sg + "/traffic.json",
			"s3:ListBucket " + sg,
			"s3:PutObject " + sg + "/draft/*", "s3:PutObject " + sg + "/page/*",
			"s3:PutObject " + sg + "/recipe/*", "s3:PutObject " + sg + "/src/*",
			"secretsmanager:GetSecretValue arn:aws:secretsmanager:ap-southeast-1:${AWS::AccountId}:secret:blog/prod/origin-key-??????",
		}},
		{"replication", "content-ap-southeast-1", "Replication", []string{
			"s3:GetObjectVersionAcl " + sg + "/asset/*", "s3:GetObjectVersionAcl " + sg + "/page/*",
			"s3:GetObjectVersionAcl " + sg + "/recipe/*", "s3:GetObjectVersionAcl " + sg + "/release/*",
			"s3:GetObjectVersionAcl " + sg + "/src/*",
			"s3:GetObjectVersionForReplication " + sg + "/asset/*", "s3:GetObjectVersionForReplication " + sg + "/page/*",
			"s3:GetObjectVersionForReplication " + sg + "/recipe/*", "s3:GetObjectVersionForReplication " + sg + "/release/*",
			"s3:GetObjectVersionForReplication " + sg + "/src/*",
			"s3:GetObjectVersionTagging " + sg + "/asset/*", "s3:GetObjectVersionTagging " + sg + "/page/*",
			"s3:GetObjectVersionTagging " + sg + "/recipe/*", "s3:GetObjectVersionTagging " + sg + "/release/*",
			"s3:GetObjectVersionTagging " + sg + "/src/*",
			"s3:GetReplicationConfiguration " + sg,
			"s3:ListBucket " + sg,
			"s3:ReplicateObject " + hk + "/asset/*", "s3:ReplicateObject " + hk + "/page/*",
			"s3:ReplicateObject " + hk + "/recipe/*", "s3:ReplicateObject " + hk + "/release/*",
			"s3:ReplicateObject " + hk + "/src/*",
			"s3:ReplicateTags " + hk + "/asset/*", "s3:ReplicateTags " + hk + "/page/*",
			"s3:ReplicateTags " + hk + "/recipe/*", "s3:ReplicateTags " + hk + "/release/*",
			"s3:ReplicateTags " + hk + "/src/*",
		}},
		{"no replication from the standby", "content-ap-east-1", "Replication", nil},
	} {
		if got := roleOf(own.stacks[c.stack], c.policy); !slices.Equal(got, c.want) {
			t.Errorf("%s may do\n  %s\nwant\n  %s", c.what, strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
		}
	}
}
