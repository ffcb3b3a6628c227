package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/lambdahttp"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes/file"
	blogs3 "github.com/victorleungtw/blog/internal/store/s3"
)

// unevaluated are the condition keys that moto would refuse everything for.
// They are taken out of the policy that it is given, and so nothing here shows
// what they do; that they are in the template, and where, is the matter of
// TestPublisherMayDoExactlyThis.
var unevaluated = []string{"s3:if-none-match", "s3:if-match", "kms:ResourceAliases"}

// publisherDocument is the publisher's policy as IAM would get it, in moto's
// account, without the statements of these names.
func publisherDocument(t *testing.T, s *stack, without ...string) string {
	t.Helper()
	return documentOf(t, slices.Collect(maps.Values(publisherStatements(t, s))), without...)
}

// documentOf is the same of any statements.
func documentOf(t *testing.T, statements []statement, without ...string) string {
	t.Helper()
	resolve := strings.NewReplacer("${AWS::AccountId}", motoAccount).Replace
	type document struct {
		Effect, Sid      string
		Action, Resource []string
	}
	var out []document
	for _, st := range statements {
		for _, keys := range st.conditions {
			for key := range keys.(map[string]any) {
				if !slices.Contains(unevaluated, key) {
					t.Errorf("%s: condition %s, of which it is not known whether it is evaluated", st.sid, key)
				}
			}
		}
		if slices.Contains(without, st.sid) {
			continue
		}
		d := document{Effect: st.effect, Sid: st.sid, Action: st.actions}
		for _, r := range st.resources {
			switch {
			case strings.HasPrefix(r, "${") && strings.HasSuffix(r, ".Arn}"): // of a log group
				r = "arn:aws:logs:us-east-1:" + motoAccount + ":log-group:x:*"
			case strings.HasPrefix(r, "${Alarms"):
				r = "arn:aws:sns:us-east-1:" + motoAccount + ":alarms"
			case strings.Contains(r, "Fn::ImportValue"):
				r = "arn:aws:cloudfront::" + motoAccount + ":key-value-store/routes"
			}
			d.Resource = append(d.Resource, resolve(r))
		}
		out = append(out, d)
	}
	data, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": out})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// world is a blog whose buckets are moto's, and whose publisher is somebody.
type world struct {
	t         *testing.T
	publisher *release.Publisher
	folder    string // of the content
	buckets   []string
}

// newWorld makes the buckets of a deployment and a publisher with the given
// credentials. The renderers have their own, which are moto's administrator's.
func newWorld(t *testing.T, m *moto, d *deployment, as aws.CredentialsProvider) *world {
	t.Helper()
	w := &world{t: t, folder: t.TempDir()}
	log := slog.New(slog.DiscardHandler)
	table, err := file.Open(filepath.Join(t.TempDir(), "routes"))
	if err != nil {
		t.Fatal(err)
	}
	w.publisher = &release.Publisher{Table: table, Log: log, Now: time.Now, Workers: 2}
	for _, region := range d.blog.Config.Regions() {
		name := d.blog.Names.Bucket(motoAccount, region)
		admin := m.s3(m.admin)
		if _, err := admin.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
			Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		}); err != nil {
			t.Fatal(err)
		}
		w.buckets = append(w.buckets, name)
		w.publisher.Regions = append(w.publisher.Regions, release.Region{
			Name: region, Bucket: blogs3.New(m.s3(as), name),
			Renderer: &renderer.Renderer{Bucket: blogs3.New(admin, name), Log: log, Quick: true},
		})
	}
	pages := edge.StoreOrigin(blogs3.New(m.s3(m.admin), w.buckets[0]))
	first := &renderer.Renderer{
		Bucket: blogs3.New(m.s3(m.admin), w.buckets[0]), Log: log, Quick: true,
		Verify: func(context.Context, string) bool { return true },
	}
	answers := &lambdahttp.Gateway{Invoke: first.Invoke, APIID: "test"}
	dist, err := edge.NewDistribution(edge.Describe(edge.Topology{}), edge.Parts{
		Origins: map[string]http.RoundTripper{
			edge.OriginStore: pages, edge.OriginStoreStandby: pages,
			edge.OriginFallback: pages, edge.OriginDynamic: answers, edge.OriginPrimary: answers,
		},
		KeyValues: table, Verify: "x", Log: log, Insecure: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.publisher.Check = &release.HTTPCheck{
		Client: &http.Client{Transport: edge.HandlerOrigin(dist)}, Base: "http://edge.local", Bucket: w.publisher.Regions[0].Bucket,
	}
	return w
}

// plan plans a blog of one post with this text and an image.
func (w *world) plan(text string) *plan.Plan {
	w.t.Helper()
	w.write(text)
	return w.load()
}

func (w *world) write(text string) {
	w.t.Helper()
	post := filepath.Join(w.folder, "posts", "hello")
	var picture bytes.Buffer
	err := errors.Join(os.MkdirAll(post, 0o755), png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))))
	err = errors.Join(err, os.WriteFile(filepath.Join(post, "dot.png"), picture.Bytes(), 0o644),
		os.WriteFile(filepath.Join(post, "index.en.md"), []byte("---\ndate: 2026-03-01\n---\n# Hello\n\n![A dot](dot.png)\n\n"+text+"\n"), 0o644))
	if err != nil {
		w.t.Fatal(err)
	}
}

// load plans what is in the folder.
func (w *world) load() *plan.Plan {
	w.t.Helper()
	l, err := content.Open(w.folder, content.Options{Site: config.Site{
		Title: "Test", BaseURL: "https://example.com", PerPage: 3, Languages: []config.Language{{Tag: "en"}},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { l.Close() }) // what is uploaded is read from it
	site, probs, err := l.Load(w.t.Context())
	if err != nil || site == nil {
		w.t.Fatal(err, probs)
	}
	pl, probs := plan.Build(site, render.Version())
	if probs.Err() != nil {
		w.t.Fatal(probs)
	}
	return pl
}

// work is what the commands do: publish, diff, publish, status, rollback.
func (w *world) work(ctx context.Context) error {
	p := w.publisher
	for n, text := range []string{"The first text.", "The second text."} {
		pl := w.plan(text)
		if _, pages, err := p.Current(ctx); err != nil {
			return fmt.Errorf("diff: %w", err)
		} else if len(release.Diff(pages, release.Targets(pl))) == 0 {
			return errors.New("diff: nothing")
		}
		if res, err := p.Publish(ctx, pl, release.Commit{}); err != nil {
			return fmt.Errorf("publish: %w", err)
		} else if res.N != n+1 || !res.Current {
			return fmt.Errorf("publish: %+v", res)
		}
	}
	if n, err := p.Previous(ctx); err != nil || n != 1 {
		return fmt.Errorf("rollback: to %d: %w", n, err)
	}
	if _, err := p.Rollback(ctx, 1); err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	if s, err := p.Status(ctx); err != nil || !s.InStep || s.Head.N != 1 {
		return fmt.Errorf("status: %+v %w", s, err)
	}
	return nil
}

// The publisher's policy, as it is in the template, is enough to publish and
// for nothing else that S3 can do.
func TestPublishAsThePublisher(t *testing.T) {
	d := deployed(t, "domain")
	ops := d.stacks["ops"]
	m := startMoto(t)
	as := m.role(t, "publisher", trustOf(t, ops), publisherDocument(t, ops))
	w := newWorld(t, m, d, as)
	if err := w.work(t.Context()); err != nil {
		t.Fatal(err)
	}

	acts := forbidden(t, m, d, w)
	before := versions(t, m, w.buckets)
	if !slices.ContainsFunc(before, func(v string) bool { return strings.Contains(v, "/asset/") }) {
		t.Errorf("no asset was published: %v", before)
	}
	for _, a := range acts {
		if err := a.do(m.s3(as)); code(err) != "AccessDenied" {
			t.Errorf("%s: %v, want AccessDenied", a.what, err)
		}
	}
	if after := versions(t, m, w.buckets); !slices.Equal(before, after) {
		t.Errorf("what was refused has changed\n%v\nto\n%v", before, after)
	}
	// The same acts, by somebody who may: none was refused for being wrong.
	for _, a := range acts {
		if err := a.do(m.s3(m.admin)); err != nil {
			t.Errorf("%s, by the administrator: %v", a.what, err)
		}
	}
}

// Each statement about objects is needed: without it there is no publish. That
// of s3:ListBucket is not among them, because moto answers 404 without it too.
func TestPublisherNeedsEachStatement(t *testing.T) {
	d := deployed(t, "domain")
	ops := d.stacks["ops"]
	for _, without := range [][]string{{"ReadRecord"}, {"CreateOnly"}, {"CreateHeads", "SwapHeads"}} {
		t.Run(strings.Join(without, "+"), func(t *testing.T) {
			m := startMoto(t)
			w := newWorld(t, m, d, m.role(t, "publisher", trustOf(t, ops), publisherDocument(t, ops, without...)))
			if err := w.work(t.Context()); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("got %v, want no permission", err)
			}
		})
	}
}

func trustOf(t *testing.T, ops *stack) string {
	t.Helper()
	data, err := json.Marshal(ops.one(t, "AWS::IAM::Role").Properties["AssumeRolePolicyDocument"])
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// versions are all versions of all objects of the buckets, and the delete
// markers, as the administrator sees them.
func versions(t *testing.T, m *moto, buckets []string) []string {
	t.Helper()
	var out []string
	for _, b := range buckets {
		pages := s3.NewListObjectVersionsPaginator(m.s3(m.admin), &s3.ListObjectVersionsInput{Bucket: &b})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Versions {
				out = append(out, b+"/"+*v.Key+" "+*v.VersionId)
			}
			for _, v := range page.DeleteMarkers {
				out = append(out, b+"/"+*v.Key+" "+*v.VersionId+" deleted")
			}
		}
	}
	slices.Sort(out)
	return out
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// act is something that a publisher has no business with.
type act struct {
	what string
	do   func(*s3.Client) error
}

// forbidden are acts on the objects of a published world, the deletes last.
func forbidden(t *testing.T, m *moto, d *deployment, w *world) []act {
	t.Helper()
	ctx := t.Context()
	bucket := aws.String(w.buckets[0])
	other := aws.String(d.blog.Names.LogBucket(motoAccount, d.blog.Config.AWS.Region))
	if _, err := m.s3(m.admin).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: other}); err != nil {
		t.Fatal(err)
	}
	keys := versions(t, m, w.buckets[:1])
	published := func(prefix string) *string {
		for _, v := range keys {
			if key, ok := strings.CutPrefix(v, *bucket+"/"+prefix); ok {
				return aws.String(prefix + key[:strings.IndexByte(key, ' ')])
			}
		}
		t.Fatalf("nothing below %s", prefix)
		return nil
	}
	head, page := aws.String(names.HeadKey), published(names.PagePrefix)
	info, err := m.s3(m.admin).HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: head})
	if err != nil {
		t.Fatal(err)
	}

	var out []act
	add := func(what string, do func(*s3.Client) error) { out = append(out, act{what, do}) }
	get := func(what string, in *s3.GetObjectInput) {
		add(what, func(c *s3.Client) error { _, err := c.GetObject(ctx, in); return err })
	}
	for _, o := range []struct{ bucket, key *string }{{bucket, aws.String("private.txt")}, {other, head}} {
		if _, err := m.s3(m.admin).PutObject(ctx, &s3.PutObjectInput{Bucket: o.bucket, Key: o.key, Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
		get("read "+*o.key+" of "+*o.bucket, &s3.GetObjectInput{Bucket: o.bucket, Key: o.key})
	}
	get("read an earlier version", &s3.GetObjectInput{Bucket: bucket, Key: head, VersionId: info.VersionId})
	for _, key := range []string{names.PagePrefix + strings.Repeat("0", 64), "page/x", "x", "index.html", "head.json.bak", "srcx/y", *page} {
		add("write "+key, func(c *s3.Client) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader("x")})
			return err
		})
	}
	add("write to another bucket", func(c *s3.Client) error {
		_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: other, Key: head, Body: strings.NewReader("x")})
		return err
	})
	add("copy onto a page", func(c *s3.Client) error {
		_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("page/y"), CopySource: aws.String(*bucket + "/" + *head)})
		return err
	})
	add("begin an upload of a page in parts", func(c *s3.Client) error {
		_, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("page/z")})
		return err
	})
	add("list another bucket", func(c *s3.Client) error {
		_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: other})
		return err
	})
	add("list versions", func(c *s3.Client) error {
		_, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket})
		return err
	})
	add("list all buckets", func(c *s3.Client) error { _, err := c.ListBuckets(ctx, &s3.ListBucketsInput{}); return err })
	add("set a bucket policy", func(c *s3.Client) error {
		_, err := c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
		return err
	})
	add("take a bucket policy away", func(c *s3.Client) error {
		_, err := c.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: bucket})
		return err
	})
	add("stop keeping versions", func(c *s3.Client) error {
		_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
		})
		return err
	})
	add("let objects expire", func(c *s3.Client) error {
		_, err := c.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
			Bucket: bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
				ID: aws.String("x"), Status: types.ExpirationStatusEnabled,
				Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)},
			}}},
		})
		return err
	})
	add("delete several", func(c *s3.Client) error {
		res, err := c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: published(names.SourcePrefix)}}}})
		if err == nil && len(res.Errors) > 0 {
			err = &smithy.GenericAPIError{Code: *res.Errors[0].Code}
		}
		return err
	})
	for _, key := range []*string{head, page, published(names.SourcePrefix), published(names.AssetPrefix), published(names.RecipePrefix), published(names.ReleasePrefix)} {
		add("delete "+*key, func(c *s3.Client) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key})
			return err
		})
	}
	add("delete a version", func(c *s3.Client) error {
		_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: head, VersionId: info.VersionId})
		return err
	})
	add("delete a bucket", func(c *s3.Client) error {
		_, err := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: other})
		if code(err) == "BucketNotEmpty" {
			return nil // it could, if it were
		}
		return err
	})
	return out
}
