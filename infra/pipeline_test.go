package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func find1(t *testing.T, name string) *deployment {
	t.Helper()
	for _, d := range deployments {
		if d.name == name {
			return d
		}
	}
	t.Fatalf("no deployment %s", name)
	return nil
}

// A commit is tested, deployed to the rehearsal, agreed to, and deployed; and what
// was tested is what is deployed.
func TestPipeline(t *testing.T) {
	s := find1(t, "swept").stacks["pipeline"]
	p := s.one(t, "AWS::CodePipeline::Pipeline")
	var got []string
	for _, stage := range items(p.Properties["Stages"]) {
		for _, a := range items(at(stage, "Actions")) {
			line := flat(at(stage, "Name")) + ": " + flat(at(a, "ActionTypeId", "Provider"))
			if v, ok := at(a, "Configuration", "EnvironmentVariables").(string); ok {
				line += " " + v
			}
			for _, in := range items(at(a, "InputArtifacts")) {
				line += " <" + flat(at(in, "Name"))
			}
			for _, out := range items(at(a, "OutputArtifacts")) {
				line += " >" + flat(at(out, "Name"))
			}
			got = append(got, line)
		}
	}
	want := []string{
		"Source: CodeStarSourceConnection >Source",
		"Test: CodeBuild <Source >Assembly",
		`Rehearsal: CodeBuild [{"name":"ENVIRONMENT","type":"PLAINTEXT","value":"dev"}] <Assembly`,
		"Approval: Manual",
		`Live: CodeBuild [{"name":"ENVIRONMENT","type":"PLAINTEXT","value":"prod"}] <Assembly`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("stages\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	trigger := at(p.Properties, "Triggers", 0, "GitConfiguration", "Push", 0)
	if flat(at(trigger, "Branches", "Includes", 0)) != "main" || flat(at(trigger, "FilePaths", "Excludes", 0)) != "content/**" ||
		p.Properties["PipelineType"] != "V2" {
		t.Errorf("%v", p.Properties)
	}
	if flat(at(p.Properties, "Stages", 3, "Actions", 0, "Configuration", "NotificationArn")) == "null" {
		t.Error("nobody is asked")
	}
	rule := s.one(t, "AWS::Events::Rule")
	if flat(at(rule.Properties, "EventPattern", "detail", "state", 0)) != "FAILED" || len(items(rule.Properties["Targets"])) != 1 {
		t.Errorf("a failure is told to nobody: %v", rule.Properties)
	}
	for id, project := range s.of("AWS::CodeBuild::Project") {
		log := flat(at(project.Properties, "LogsConfig", "CloudWatchLogs", "GroupName"))
		if s.Template.Resources[strings.Trim(log, "${}")].Type != "AWS::Logs::LogGroup" {
			t.Errorf("%s logs to %s", id, log)
		}
		if at(project.Properties, "Environment", "PrivilegedMode") == true {
			t.Errorf("%s runs as root of its machine", id)
		}
	}
}

// The commands of a buildspec are there, can be run, and get what they read.
func TestBuildSpecs(t *testing.T) {
	for name, spec := range map[string]string{"build": buildSpec, "deploy": deploySpec} {
		var parsed struct {
			Version float64
			Phases  map[string]struct{ Commands []string }
		}
		if err := yaml.Unmarshal([]byte(spec), &parsed); err != nil || parsed.Version != 0.2 || len(parsed.Phases["build"].Commands) == 0 {
			t.Errorf("%s: %v %+v", name, err, parsed)
		}
		for _, c := range parsed.Phases["build"].Commands {
			script, _, _ := strings.Cut(c, " ")
			if info, err := os.Stat(filepath.Join("..", script)); err != nil || info.Mode()&0o111 == 0 {
				t.Errorf("%s: %s cannot be run: %v", name, script, err)
			}
		}
	}
	var parsed struct{ Artifacts struct{ Files []string } }
	if err := yaml.Unmarshal([]byte(buildSpec), &parsed); err != nil {
		t.Fatal(err)
	}
	for _, needed := range []string{".ci/**/*", ".build/assembly/**/*", ".build/blog", "blog.yaml", "content/**/*", "infra/package*.json"} {
		if !slices.Contains(parsed.Artifacts.Files, needed) {
			t.Errorf("the artifact lacks %s", needed)
		}
	}
}

// statementsOf are the statements of the policy of one role, flat, in order.
func statementsOf(s *stack, role string) []string {
	var out []string
	for id, r := range s.of("AWS::IAM::Policy") {
		if !strings.HasPrefix(id, role) {
			continue
		}
		for _, st := range items(at(r.Properties, "PolicyDocument", "Statement")) {
			for _, a := range strs(at(st, "Action")) {
				for _, res := range strs(at(st, "Resource")) {
					line := flat(at(st, "Effect")) + " " + a + " " + res
					if c := at(st, "Condition"); c != nil {
						line += " if " + flat(c)
					}
					out = append(out, line)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// The whole of what deploying may do, by the pipeline or by a workflow. A line
// more is a decision.
func TestDeployersMayDoExactlyThis(t *testing.T) {
	may := func(region string) []string {
		var out []string
		for _, r := range []string{region, "us-east-1"} {
			for _, role := range []string{"deploy", "file-publishing"} {
				out = append(out, "Allow sts:AssumeRole arn:aws:iam::${AWS::AccountId}:role/cdk-hnb659fds-"+role+"-role-${AWS::AccountId}-"+r)
			}
		}
		out = append(out, "Allow sts:AssumeRole arn:aws:iam::${AWS::AccountId}:role/blog-dev-publisher")
		slices.Sort(out)
		return out
	}
	if got, want := statementsOf(find1(t, "single").stacks["ops"], "Deployer"), may("eu-west-1"); !slices.Equal(got, want) {
		t.Errorf("the workflow may\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	s := find1(t, "swept").stacks["pipeline"]
	var own []string // what every build may: its log and the artifacts
	deploy := slices.DeleteFunc(statementsOf(s, "DeployRole"), func(line string) bool {
		if strings.Contains(line, " sts:") {
			return false
		}
		own = append(own, line)
		return true
	})
	if want := may("ap-southeast-1"); !slices.Equal(deploy, want) {
		t.Errorf("the pipeline may\n  %s\nwant\n  %s", strings.Join(deploy, "\n  "), strings.Join(want, "\n  "))
	}
	build := statementsOf(s, "BuildRole")
	if len(own) != 7 || len(build) != 7 {
		t.Errorf("a build may\n  %s\nand\n  %s", strings.Join(own, "\n  "), strings.Join(build, "\n  "))
	}
	for _, line := range append(own, build...) {
		if !strings.HasPrefix(line, "Allow logs:CreateLogStream ") && !strings.HasPrefix(line, "Allow logs:PutLogEvents ") &&
			!strings.HasPrefix(line, "Allow s3:") || strings.Contains(line, "s3:Delete") {
			t.Errorf("a build may %s", line)
		}
	}
	for _, line := range statementsOf(s, "PipelineRole") {
		if strings.Contains(line, "iam:") || strings.Contains(line, "sts:") || strings.Contains(line, "cloudformation:") {
			t.Errorf("the pipeline itself may %s", line)
		}
	}
}

// The deployer is a job of two environments of one repository, and the
// rehearsal's publisher whoever of the account may be it.
func TestWhoDeploys(t *testing.T) {
	role := find1(t, "single").stacks["ops"].role(t, "Deployer")
	subjects := strs(at(role.Properties, "AssumeRolePolicyDocument", "Statement", 0, "Condition", "StringEquals", githubIssuer+":sub"))
	if want := []string{"repo:octocat/blog:environment:dev", "repo:octocat/blog:environment:deploy"}; !slices.Equal(subjects, want) {
		t.Errorf("trusts %v", subjects)
	}
	ops := find1(t, "trial").stacks["ops"]
	publisher := ops.one(t, "AWS::IAM::Role")
	if publisher.Properties["RoleName"] != "blog-dev-publisher" ||
		flat(at(publisher.Properties, "AssumeRolePolicyDocument", "Statement", 0, "Principal", "AWS")) != "arn:aws:iam::${AWS::AccountId}:root" {
		t.Errorf("%v", publisher.Properties)
	}
	for sid, st := range publisherStatements(t, ops) {
		for _, r := range st.resources {
			if strings.Contains(r, "prod") {
				t.Errorf("the rehearsal's publisher: %s on %s", sid, r)
			}
		}
	}
}
