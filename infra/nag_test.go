package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nag runs nag.js, and skips the test on a desk where npm has not installed
// what it needs. In CI it has to be there.
func nag(t *testing.T, dirs ...string) (string, error) {
	t.Helper()
	if _, err := os.Stat("node_modules/cdk-nag"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("cdk-nag is not installed (npm ci --prefix infra)")
		}
		t.Skip("cdk-nag is not installed (npm ci --prefix infra)")
	}
	out, err := exec.Command("node_modules/.bin/node", append([]string{"nag.js"}, dirs...)...).CombinedOutput()
	return string(bytes.TrimSpace(out)), err
}

// Every template passes cdk-nag's AwsSolutions, or says why it need not.
func TestNag(t *testing.T) {
	var dirs []string
	for _, d := range deployments {
		dirs = append(dirs, d.dir)
	}
	if out, err := nag(t, dirs...); err != nil {
		t.Errorf("%v\n%s\nTo excuse one, with a reason: excuse (nag.go)", err, out)
	}
}

// A check that finds nothing might not be looking.
func TestNagSees(t *testing.T) {
	const bucket = `{"Resources":{
		"Bucket":{"Type":"AWS::S3::Bucket","Metadata":%s,"Properties":{"BucketName":"b",
			"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}}},
		"Policy":{"Type":"AWS::S3::BucketPolicy","Properties":{"Bucket":"b","PolicyDocument":{"Statement":[{
			"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],
			"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}}}}}`
	const excused = `{"cdk_nag":{"rules_to_suppress":[{"id":%q,"reason":%q}]}}`
	cases := []struct{ name, metadata, want string }{
		{"a bucket without access logs", `{}`, "AwsSolutions-S1: "},
		{"excused", fmt.Sprintf(excused, "AwsSolutions-S1", "it holds the logs itself"), ""},
		{"without a reason", fmt.Sprintf(excused, "AwsSolutions-S1", "because"), "is excused from AwsSolutions-S1 without a reason"},
		{"excused from something else", fmt.Sprintf(excused, "AwsSolutions-S10", "it holds the logs itself"), "is excused from AwsSolutions-S10, which it does not break"},
	}
	var dirs []string
	for _, c := range cases {
		dir := t.TempDir()
		dirs = append(dirs, dir)
		for name, text := range map[string]string{
			"manifest.json":   `{"artifacts":{"one":{"type":"aws:cloudformation:stack","properties":{"templateFile":"t.template.json"}}}}`,
			"t.template.json": fmt.Sprintf(bucket, c.metadata),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := nag(t, dirs...)
	if err == nil {
		t.Error("there was nothing to say")
	}
	for i, c := range cases {
		var said []string
		for _, line := range strings.Split(out, "\n") {
			if rest, ok := strings.CutPrefix(line, dirs[i]+": "); ok {
				said = append(said, rest)
			}
		}
		if got := strings.Join(said, "\n"); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
