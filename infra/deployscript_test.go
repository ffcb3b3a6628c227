package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// deployScript runs .ci/deploy in a folder of its own, with programs that write
// down how they were called, and returns what they wrote.
func deployScript(t *testing.T, environment, outputs string) (calls string, err error) {
	t.Helper()
	dir := t.TempDir()
	script, err := os.ReadFile("../.ci/deploy")
	if err != nil {
		t.Fatal(err)
	}
	const npx = `#!/bin/sh
echo "npx $*" >>"$CALLS"
case "$*" in
*" list") printf 'blog-prod-global\nblog-prod-edge\nblog-prod-ops\nblog-prod-pipeline\n' ;;
*" deploy "*) cp "$OUTPUTS" .build/outputs.json ;;
esac
`
	const aws = `#!/bin/sh
echo "aws $*" >>"$CALLS"
printf 'ASIA\tsecret\ttoken\n'
`
	const blog = `#!/bin/sh
echo "blog $* as ${AWS_ACCESS_KEY_ID:-deployer} of $BLOG_ENV" >>"$CALLS"
`
	for name, text := range map[string]string{
		".ci/deploy": string(script), "bin/npx": npx, "bin/aws": aws, ".build/blog": blog,
		"infra/node_modules/.bin/cdk": "#!/bin/sh\n", "outputs.json": outputs,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(dir, ".ci/deploy"), environment)
	cmd.Env = []string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"),
		"CALLS=" + filepath.Join(dir, "calls"), "OUTPUTS=" + filepath.Join(dir, "outputs.json")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("%s", out)
	}
	data, readErr := os.ReadFile(filepath.Join(dir, "calls"))
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(data), err
}

// The rehearsal is deployed whole, published to as its publisher, and asked; the
// blog is deployed without the stacks that say who deploys it, and asked.
func TestDeployScript(t *testing.T) {
	const outputs = `{"blog-x-edge": {"BaseURL": "https://d1.cloudfront.net"}, "blog-x-ops": {"PublisherRole": "arn:aws:iam::1:role/blog-dev-publisher"}}`
	for environment, want := range map[string]string{
		"dev": `npx --prefix infra cdk --app .build/assembly/rehearsal list
npx --prefix infra cdk --app .build/assembly/rehearsal deploy --require-approval never --outputs-file .build/outputs.json blog-prod-global blog-prod-edge blog-prod-ops blog-prod-pipeline
aws sts assume-role --role-arn arn:aws:iam::1:role/blog-dev-publisher --role-session-name rehearsal --output text --query Credentials.[AccessKeyId,SecretAccessKey,SessionToken]
blog publish as ASIA of dev
blog smoke https://d1.cloudfront.net .ci/smoke/blog.txt as deployer of 
`,
		"prod": `npx --prefix infra cdk --app .build/assembly/live list
npx --prefix infra cdk --app .build/assembly/live deploy --require-approval never --outputs-file .build/outputs.json blog-prod-global blog-prod-edge
blog smoke https://d1.cloudfront.net .ci/smoke/blog.txt as deployer of 
`,
	} {
		got, err := deployScript(t, environment, outputs)
		if err != nil || got != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", environment, err, got, want)
		}
	}
	// Without the address there is nothing to ask, and that is no success.
	if got, err := deployScript(t, "prod", `{}`); err == nil || strings.Contains(got, "smoke") {
		t.Errorf("%v\n%s", err, got)
	}
	if got, err := deployScript(t, "dev", `{"x": {"BaseURL": "https://d1.cloudfront.net"}}`); err == nil || strings.Contains(got, "blog") && strings.Contains(got, "smoke https") {
		t.Errorf("%v\n%s", err, got)
	}
}
