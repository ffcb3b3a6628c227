package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/routes/file"
	blogs3 "github.com/victorleungtw/blog/internal/store/s3"
)

// Somebody of the account, who signed in with MFA within the hour.
func TestWhoDeletes(t *testing.T) {
	for _, d := range deployments {
		role := d.stacks["janitor"].one(t, "AWS::IAM::Role")
		if role.Properties["MaxSessionDuration"] != float64(3600) {
			t.Errorf("%s: sessions of %v s", d.name, role.Properties["MaxSessionDuration"])
		}
		trust := items(at(role.Properties, "AssumeRolePolicyDocument", "Statement"))
		if len(trust) != 1 {
			t.Fatalf("%s: %d ways to be the janitor", d.name, len(trust))
		}
		const condition = `{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}`
		if flat(at(trust[0], "Action")) != "sts:AssumeRole" || flat(at(trust[0], "Effect")) != "Allow" ||
			flat(at(trust[0], "Principal", "AWS")) != "arn:aws:iam::${AWS::AccountId}:root" || flat(at(trust[0], "Condition")) != condition {
			t.Errorf("%s: %s", d.name, flat(trust[0]))
		}
	}
}

// The whole of what the janitor may do, in a deployment of two regions. A line
// more is a decision.
func TestJanitorMayDoExactlyThis(t *testing.T) {
	d := deployed(t, "domain")
	got := map[string][]string{}
	for sid, st := range publisherStatements(t, d.stacks["janitor"]) {
		if st.typ == "AWS::IAM::Role" {
			continue
		}
		condition := ""
		if st.conditions != nil {
			condition = " if " + flat(st.conditions)
		}
		for _, a := range st.actions {
			for _, r := range st.resources {
				for _, region := range []string{"ap-east-1", "ap-southeast-1"} {
					r = strings.ReplaceAll(r, "arn:aws:s3:::blog-prod-${AWS::AccountId}-"+region+"-an", region)
				}
				got[sid] = append(got[sid], a+" "+r+condition)
			}
		}
		slices.Sort(got[sid])
	}
	const (
		table   = `{"Fn::ImportValue":"blog-prod-global:ExportsOutputFnGetAttRouteTable82FB8FA6ArnD10F24FA"}`
		created = ` if {"Null":{"s3:if-none-match":"false"}}`
		swapped = ` if {"Null":{"s3:if-match":"false"}}`
		aliased = ` if {"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/blog-prod-content"}}`
	)
	both := func(action, condition string, ends ...string) []string {
		var out []string
		for _, region := range []string{"ap-east-1", "ap-southeast-1"} {
			for _, end := range ends {
				out = append(out, action+" "+region+end+condition)
			}
		}
		slices.Sort(out)
		return out
	}
	key := func(region string) []string {
		arn := " arn:aws:kms:" + region + ":${AWS::AccountId}:key/*" + aliased
		return []string{"kms:Decrypt" + arn, "kms:GenerateDataKey" + arn}
	}
	want := map[string][]string{
		"ReadRecord":    both("s3:GetObject", "", "/asset/*", "/branch/*", "/gc/*", "/head.json", "/page/*", "/recipe/*", "/release/*", "/src/*", "/takedown/*"),
		"List":          append(both("s3:ListBucket", "", ""), both("s3:ListBucketVersions", "", "")...),
		"Delete":        both("s3:DeleteObject", "", "/asset/*", "/draft/*", "/gc/*", "/page/*", "/recipe/*", "/release/*", "/src/*"),
		"Erase":         both("s3:DeleteObjectVersion", "", "/asset/*", "/draft/*", "/page/*", "/recipe/*", "/src/*"),
		"CreateRecords": both("s3:PutObject", created, "/gc/*", "/head.json", "/release/*", "/takedown/*"),
		"SwapRecords":   both("s3:PutObject", swapped, "/head.json", "/takedown/*"),
		"ChangeRoutes": {
			"cloudfront-keyvaluestore:DescribeKeyValueStore " + table, "cloudfront-keyvaluestore:GetKey " + table,
			"cloudfront-keyvaluestore:ListKeys " + table, "cloudfront-keyvaluestore:UpdateKeys " + table,
		},
		"Invalidate": {"cloudfront:CreateInvalidation arn:aws:cloudfront::${AWS::AccountId}:distribution/{{resolve:ssm:/blog/prod/distribution-id}}"},
		"FindTheRest": {
			"ssm:GetParametersByPath arn:aws:ssm:us-east-1:${AWS::AccountId}:parameter/blog/prod",
			"ssm:GetParametersByPath arn:aws:ssm:us-east-1:${AWS::AccountId}:parameter/blog/prod/",
		},
		"UseKeyapeast1":      key("ap-east-1"),
		"UseKeyapsoutheast1": key("ap-southeast-1"),
	}
	for sid := range got {
		if want[sid] == nil {
			t.Errorf("unexpected: %s", sid)
		}
	}
	for sid, lines := range want {
		if !slices.Equal(got[sid], lines) {
			t.Errorf("%s allows\n  %s\nwant\n  %s", sid, strings.Join(got[sid], "\n  "), strings.Join(lines, "\n  "))
		}
	}
}

// Nobody but the janitor may delete what is published. A trial's buckets empty
// themselves.
func TestNobodyElseDeletes(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		for _, st := range s.statements() {
			if st.effect != "Allow" || s == d.stacks["janitor"] || strings.Contains(flat(at(st.principal, "AWS")), "CustomS3AutoDeleteObjects") {
				continue
			}
			for _, a := range st.actions {
				if strings.HasPrefix(a, "s3:Delete") || a == "cloudfront:CreateInvalidation" {
					t.Errorf("%s %s: %s", st.where, st.sid, a)
				}
			}
		}
	})
}

// newJanitorWorld is a published world, and a publisher that is the janitor.
func newJanitorWorld(t *testing.T, without ...string) (m *moto, w *world, janitor *release.Publisher, as aws.CredentialsProvider) {
	t.Helper()
	d := deployed(t, "domain")
	m = startMoto(t)
	as = m.role(t, "janitor", trustOf(t, d.stacks["janitor"]), publisherDocument(t, d.stacks["janitor"], without...))
	w = newWorld(t, m, d, m.admin)
	janitor = &release.Publisher{Table: w.publisher.Table, Log: w.publisher.Log, Now: w.publisher.Now, Workers: 2}
	for i, r := range w.publisher.Regions {
		r.Bucket = blogs3.New(m.s3(as), w.buckets[i])
		r.Renderer = nil // the role may not ask it
		janitor.Regions = append(janitor.Regions, r)
	}
	return m, w, janitor, as
}

// forget publishes four releases, and forgets all but the last: nobody can be
// given the second any more.
func (w *world) forget(janitor *release.Publisher) {
	w.t.Helper()
	for _, text := range []string{"First.", "Second.", "Third.", "Fourth."} {
		if _, err := w.publisher.Publish(w.t.Context(), w.plan(text), release.Commit{}); err != nil {
			w.t.Fatal(err)
		}
	}
	// A table that knows the last release alone, so that another can go.
	table, err := file.Open(filepath.Join(w.t.TempDir(), "routes"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.publisher.Table, janitor.Table = table, table
	w.publisher.Check = nil // it asks an edge over the other one
	if _, err := w.publisher.Repair(w.t.Context(), false); err != nil {
		w.t.Fatal(err)
	}
}

// regret publishes without the post.
func (w *world) regret() {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.folder, "posts", "hello")); err != nil {
		w.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(w.folder, "posts", "other"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.folder, "posts", "other", "index.en.md"), []byte("---\ndate: 2026-03-02\n---\n# Other\n"), 0o644); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.publisher.Publish(w.t.Context(), w.load(), release.Commit{}); err != nil {
		w.t.Fatal(err)
	}
}

// The janitor's policy, as it is in the template, is enough to collect garbage,
// whose versions stay, and to take a page down, of which no version stays.
func TestDeleteAsTheJanitor(t *testing.T) {
	ctx := t.Context()
	m, w, janitor, as := newJanitorWorld(t)
	w.forget(janitor)
	gc, err := janitor.Collect(ctx, release.CollectOptions{Keep: 1, Delete: true})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(gc.Dropped, []int{2}) || len(gc.Keys) < 4 {
		t.Errorf("%+v", gc)
	}
	marked := 0
	for _, v := range versions(t, m, w.buckets) {
		if strings.HasSuffix(v, " deleted") {
			marked++
		}
	}
	if marked != 2*len(gc.Keys) {
		t.Errorf("%d delete markers for %d keys in two buckets", marked, len(gc.Keys))
	}

	w.regret()
	down, err := janitor.Takedown(ctx, "/2026/03/01/hello/", release.TakedownOptions{Assets: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(down.Sources) < 3 || len(down.Assets) != 1 {
		t.Errorf("%+v", down)
	}
	// Of the collected edition the text is under a delete marker, and no recipe
	// says whose it was: the lifecycle rule takes it.
	for _, v := range versions(t, m, w.buckets) {
		_, key, _ := strings.Cut(v, "/")
		for _, names := range [][]string{down.Digests, down.Sources} {
			if slices.ContainsFunc(names, func(d string) bool { return strings.Contains(key, d) }) {
				t.Errorf("a version is left: %s", v)
			}
		}
	}
	if s, err := janitor.Status(ctx); err != nil || !s.InStep {
		t.Errorf("%+v %v", s, err)
	}
	checkForbidden(t, m, w, as)
}

// Each statement about objects is needed. That of SwapRecords is not among them:
// moto knows no conditions, and what it allows CreateRecords allows too.
func TestJanitorNeedsEachStatement(t *testing.T) {
	for _, without := range []string{"ReadRecord", "Delete", "Erase", "CreateRecords"} {
		t.Run(without, func(t *testing.T) {
			_, w, janitor, _ := newJanitorWorld(t, without)
			w.forget(janitor)
			_, err := janitor.Collect(t.Context(), release.CollectOptions{Keep: 1, Delete: true})
			if err == nil {
				w.regret()
				_, err = janitor.Takedown(t.Context(), "/2026/03/01/hello/", release.TakedownOptions{})
			}
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("got %v, want no permission", err)
			}
		})
	}
}

// checkForbidden: what the janitor has no business with is refused, and was not
// refused for being wrong.
func checkForbidden(t *testing.T, m *moto, w *world, as aws.CredentialsProvider) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	bucket := aws.String(w.buckets[0])
	put := func(key string) act {
		return act{"write " + key, func(c *s3.Client) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader("x")})
			return err
		}}
	}
	remove := func(key string) act {
		return act{"delete " + key, func(c *s3.Client) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: &key})
			return err
		}}
	}
	acts := []act{
		put(names.PagePrefix + "x"), put(names.SourcePrefix + "x"), put(names.RecipePrefix + "x"), put(names.AssetPrefix + "x"),
		put(names.BranchPrefix + "x.json"), put(names.DraftPrefix + "x"), put("x"),
		remove(names.TakedownPrefix + "x.json"), remove(names.BranchPrefix + "x.json"), remove(names.HeadKey),
	}
	denied(t, m, as, acts)
}
