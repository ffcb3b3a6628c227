package main

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/routes/file"
	blogs3 "github.com/victorleungtw/blog/internal/store/s3"
	"github.com/victorleungtw/blog/internal/traffic"
)

// The whole of what the operator may do. A line more is a decision.
func TestOperatorMayDoExactlyThis(t *testing.T) {
	d := deployed(t, "domain")
	var got []string
	for sid, st := range publisherStatements(t, d.stacks["operator"]) {
		if st.typ == "AWS::IAM::Role" {
			if flat(at(st.principal, "AWS")) != "arn:aws:iam::${AWS::AccountId}:root" ||
				flat(st.conditions) != `{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}` {
				t.Errorf("anybody may be the operator: %+v", st)
			}
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
				got = append(got, sid+": "+a+" "+r+condition)
			}
		}
	}
	slices.Sort(got)
	const table = `{"Fn::ImportValue":"blog-prod-global:ExportsOutputFnGetAttRouteTable82FB8FA6ArnD10F24FA"}`
	want := []string{
		"SendReaders: cloudfront-keyvaluestore:DescribeKeyValueStore " + table,
		"SendReaders: cloudfront-keyvaluestore:GetKey " + table,
		"SendReaders: cloudfront-keyvaluestore:UpdateKeys " + table,
		"FindTheRest: ssm:GetParametersByPath arn:aws:ssm:us-east-1:${AWS::AccountId}:parameter/blog/prod",
		"FindTheRest: ssm:GetParametersByPath arn:aws:ssm:us-east-1:${AWS::AccountId}:parameter/blog/prod/",
	}
	for _, region := range []string{"ap-east-1", "ap-southeast-1"} {
		key := " arn:aws:kms:" + region + `:${AWS::AccountId}:key/* if {"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/blog-prod-content"}}`
		sid := "UseKey" + strings.ReplaceAll(region, "-", "")
		want = append(want,
			"ReadWord: s3:GetObject "+region+"/traffic.json",
			"TellMissingFromForbidden: s3:ListBucket "+region,
			`CreateWord: s3:PutObject `+region+`/traffic.json if {"Null":{"s3:if-none-match":"false"}}`,
			`SwapWord: s3:PutObject `+region+`/traffic.json if {"Null":{"s3:if-match":"false"}}`,
			sid+": kms:Decrypt"+key, sid+": kms:GenerateDataKey"+key,
		)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("may do\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// The word is swapped or created, and never written over, by anybody.
func TestTrafficIsConditional(t *testing.T) {
	d := deployed(t, "own")
	for _, region := range d.blog.Config.Regions() {
		found := false
		for _, st := range d.stacks["content-"+region].statements() {
			if st.effect == "Deny" && st.sid == "CompareAndSwapOnly" {
				found = slices.ContainsFunc(st.resources, func(r string) bool { return strings.HasSuffix(r, "/"+names.TrafficKey) })
			}
		}
		if !found {
			t.Errorf("%s: traffic.json can be written over", region)
		}
	}
}

// operating is a switch whose buckets moto holds, as a role.
func operating(t *testing.T, m *moto, d *deployment, as aws.CredentialsProvider) (*traffic.Switch, []string) {
	t.Helper()
	table, err := file.Open(t.TempDir() + "/routes")
	if err != nil {
		t.Fatal(err)
	}
	w := &traffic.Switch{Table: table}
	var buckets []string
	for i, region := range d.blog.Config.Regions() {
		name := d.blog.Names.Bucket(motoAccount, region)
		if _, err := m.s3(m.admin).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
		buckets = append(buckets, name)
		*[]*traffic.Region{&w.Primary, &w.Standby}[i] = traffic.Region{Name: region, Bucket: blogs3.New(m.s3(as), name)}
	}
	return w, buckets
}

// The operator's policy, as it is in the template, is enough to send readers there
// and back, and for nothing else.
func TestSwitchAsTheOperator(t *testing.T) {
	d := deployed(t, "domain")
	m := startMoto(t)
	as := m.role(t, "operator", trustOf(t, d.stacks["operator"]), publisherDocument(t, d.stacks["operator"]))
	w, buckets := operating(t, m, d, as)
	for _, dynamic := range []string{traffic.ToStandby, traffic.ToPrimary, ""} {
		standby := map[string]int{traffic.ToStandby: 100}[dynamic]
		left, err := w.Set(t.Context(), traffic.Change{Standby: &standby, Dynamic: &dynamic})
		if err != nil || len(left) > 0 {
			t.Fatalf("%q: %v %v", dynamic, left, err)
		}
		s, err := w.Read(t.Context())
		if err != nil || len(s.Problems()) > 0 || s.Steering.Dynamic != dynamic {
			t.Errorf("%q: %+v %v", dynamic, s, err)
		}
	}
	ctx := t.Context()
	for _, key := range []string{names.HeadKey, names.PagePrefix + "x", names.ReleasePrefix + "x", "x"} {
		put := func(c *s3.Client) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &buckets[0], Key: &key, Body: strings.NewReader("x")})
			return err
		}
		if err := put(m.s3(as)); code(err) != "AccessDenied" {
			t.Errorf("write %s: %v, want AccessDenied", key, err)
		}
		if err := put(m.s3(m.admin)); err != nil {
			t.Errorf("write %s, by the administrator: %v", key, err)
		}
		if _, err := m.s3(as).GetObject(ctx, &s3.GetObjectInput{Bucket: &buckets[0], Key: &key}); code(err) != "AccessDenied" {
			t.Errorf("read %s: %v, want AccessDenied", key, err)
		}
	}
	word := names.TrafficKey
	if _, err := m.s3(as).DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &buckets[0], Key: &word}); code(err) != "AccessDenied" {
		t.Errorf("delete %s: %v, want AccessDenied", word, err)
	}
}

// Whoever publishes sends nobody anywhere.
func TestPublisherDoesNotSwitch(t *testing.T) {
	d := deployed(t, "domain")
	m := startMoto(t)
	as := m.role(t, "publisher", trustOf(t, d.stacks["ops"]), publisherDocument(t, d.stacks["ops"]))
	w, _ := operating(t, m, d, as)
	dynamic := traffic.ToStandby
	if _, err := w.Set(t.Context(), traffic.Change{Dynamic: &dynamic}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want no permission", err)
	}
}
