package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

func TestBuckets(t *testing.T) {
	total := 0
	each(t, func(t *testing.T, d *deployment, s *stack) {
		for id, r := range s.of("AWS::S3::Bucket") {
			total++
			for _, k := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
				if at(r.Properties, "PublicAccessBlockConfiguration", k) != true {
					t.Errorf("%s: %s is not set", id, k)
				}
			}
			if at(r.Properties, "VersioningConfiguration", "Status") != "Enabled" {
				t.Errorf("%s has no versions", id)
			}
			if at(r.Properties, "OwnershipControls", "Rules", 0, "ObjectOwnership") != "BucketOwnerEnforced" {
				t.Errorf("%s has ACLs", id)
			}
			if r.Properties["BucketNamespace"] != "account-regional" || r.Properties["BucketName"] != nil {
				t.Errorf("%s has a name that somebody else can take", id)
			}
			var refused []string
			for _, st := range s.statements() {
				if at(s.Template.Resources[st.where].Properties, "Bucket", "Ref") != id || st.effect != "Deny" || st.actions[0] != "s3:*" {
					continue
				}
				if len(st.resources) != 2 || flat(at(st.principal, "AWS")) != "*" {
					t.Errorf("%s: refusal of %v to %v", id, st.resources, st.principal)
				}
				refused = append(refused, flat(st.conditions))
			}
			slices.Sort(refused)
			want := `{"Bool":{"aws:SecureTransport":"false"}} {"NumericLessThan":{"s3:TlsVersion":1.2}}`
			if got := strings.Join(refused, " "); got != want {
				t.Errorf("%s refuses %s, want %s", id, got, want)
			}
		}
	})
	if total != 54 { // two in each of twenty-five content stacks, two pipelines', access logs and a trail
		t.Errorf("looked at %d buckets", total)
	}
}

// Logs expire, what is published does not. Only logs that are kept for long grow
// cold, and of those only what is large enough to earn the move.
func TestLifecycle(t *testing.T) {
	seen := map[string]int{}
	each(t, func(t *testing.T, d *deployment, s *stack) {
		keep := map[string]int{"Logs": d.blog.Config.AWS.LogRetentionDays, "AccessLogs": d.blog.Config.AWS.LogRetentionDays, "TrailBucket": trailDays}
		for id, r := range s.of("AWS::S3::Bucket") {
			id = id[:len(id)-8] // the digits that the CDK adds
			var got []string
			for _, rule := range items(at(r.Properties, "LifecycleConfiguration", "Rules")) {
				m := maps.Clone(rule.(map[string]any))
				if m["Status"] != "Enabled" {
					t.Errorf("%s: %v", id, m)
				}
				delete(m, "Status")
				text, _ := json.Marshal(m)
				got = append(got, string(text))
			}
			want := []string{`{"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7},"ExpiredObjectDeleteMarker":true,"Id":"leftovers","NoncurrentVersionExpiration":{"NoncurrentDays":30}}`}
			kind := "record"
			if id == "Artifacts" {
				kind = "artifacts"
				want = []string{fmt.Sprintf(`{"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7},"ExpirationInDays":%d,"Id":"expire","NoncurrentVersionExpiration":{"NoncurrentDays":1}}`, artifactDays)}
			}
			if days, logs := keep[id]; logs {
				kind = "logs"
				want = []string{fmt.Sprintf(`{"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7},"ExpirationInDays":%d,"Id":"expire","NoncurrentVersionExpiration":{"NoncurrentDays":1}}`, days)}
				if days >= 180 {
					kind = "cold logs"
					want = append(want, `{"Id":"cold","ObjectSizeGreaterThan":"1048576","Transitions":[{"StorageClass":"GLACIER_IR","TransitionInDays":30}]}`)
				}
			}
			seen[kind]++
			if !slices.Equal(got, want) {
				t.Errorf("%s:\ngot  %s\nwant %s", id, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
		}
	})
	if len(seen) != 4 {
		t.Errorf("only %v were seen", seen)
	}
}

// The names by which others find a bucket are the names that S3 gives it.
func TestBucketNames(t *testing.T) {
	for _, d := range deployments {
		for _, region := range d.blog.Config.Regions() {
			s := d.stacks["content-"+region]
			got := map[string]bool{}
			for _, r := range s.of("AWS::S3::Bucket") {
				got[flat(r.Properties["BucketNamePrefix"])+"-123456789012-"+s.Region+"-an"] = true
			}
			n := d.blog.Names
			if len(got) != 2 || !got[n.Bucket("123456789012", region)] || !got[n.LogBucket("123456789012", region)] {
				t.Errorf("%s %s: %v", d.name, region, got)
			}
		}
	}
}

// write is a PutObject or a part of a multipart upload.
type write struct {
	key                  string
	ifNoneMatch, ifMatch bool
	part                 bool // a call before the last of a multipart upload
}

// refused evaluates the deny statements of a bucket's policy, as IAM does, for
// the condition operators that they use.
func refused(t *testing.T, s *stack, bucket string, w write) bool {
	t.Helper()
	keys := map[string]bool{"s3:if-none-match": w.ifNoneMatch, "s3:if-match": w.ifMatch}
	for _, st := range s.statements() {
		if st.effect != "Deny" || !slices.Contains(st.actions, "s3:PutObject") {
			continue
		}
		applies := slices.ContainsFunc(st.resources, func(r string) bool {
			prefix, wild := strings.CutSuffix(r, "*")
			return r == bucket+"/"+w.key || wild && strings.HasPrefix(bucket+"/"+w.key, prefix)
		})
		for operator, values := range st.conditions {
			for key, want := range values.(map[string]any) {
				switch operator {
				case "Null":
					present, known := keys[key]
					if !known {
						t.Fatalf("condition key %s", key)
					}
					applies = applies && present == (want == "false")
				case "Bool":
					if key != "s3:ObjectCreationOperation" {
						t.Fatalf("condition key %s", key)
					}
					applies = applies && (want == "true") == !w.part
				default:
					t.Fatalf("operator %s", operator)
				}
			}
		}
		if applies {
			return true
		}
	}
	return false
}

func TestPublishedObjectsCannotBeOverwritten(t *testing.T) {
	for _, d := range deployments {
		for _, region := range d.blog.Config.Regions() {
			s := d.stacks["content-"+region]
			bucket := "arn:aws:s3:::" + d.blog.Names.Bucket("${AWS::AccountId}", region)
			for _, c := range []struct {
				w    write
				want bool
			}{
				{write{key: "src/ab"}, true},
				{write{key: "src/ab", ifMatch: true}, true}, // an overwrite, however careful
				{write{key: "src/ab", ifNoneMatch: true}, false},
				{write{key: "asset/ab.png"}, true},
				{write{key: "asset/ab.mp3", part: true}, false}, // the last call is not a part
				{write{key: "asset/ab.mp3", ifNoneMatch: true}, false},
				{write{key: "recipe/ab"}, true},
				{write{key: "page/ab.br"}, true},
				{write{key: "page/ab.br", ifNoneMatch: true}, false},
				{write{key: "release/0000000001.json"}, true},
				{write{key: "head.json"}, true},
				{write{key: "head.json", ifMatch: true}, false},
				{write{key: "head.json", ifNoneMatch: true}, false},
				{write{key: "remedy/code.json"}, true},
				{write{key: "remedy/code.json", ifMatch: true}, false},
				{write{key: "remedy/content.json", ifNoneMatch: true}, false},
			} {
				if got := refused(t, s, bucket, c.w); got != c.want {
					t.Errorf("%s %s: %+v refused: %v", d.name, region, c.w, got)
				}
			}
		}
	}
}

// CloudFront reads what readers may see and nothing else, and only for this
// account's distributions.
func TestCloudFrontReads(t *testing.T) {
	for _, d := range deployments {
		for _, region := range d.blog.Config.Regions() {
			bucket := "arn:aws:s3:::" + d.blog.Names.Bucket("${AWS::AccountId}", region)
			found := 0
			for _, st := range d.stacks["content-"+region].statements() {
				if flat(at(st.principal, "Service")) != "cloudfront.amazonaws.com" || st.typ != "AWS::S3::BucketPolicy" {
					continue
				}
				found++
				if !slices.Equal(st.actions, []string{"s3:GetObject"}) || !slices.Equal(st.resources, []string{bucket + "/asset/*", bucket + "/draft/*", bucket + "/page/*"}) {
					t.Errorf("%s: %v on %v", d.name, st.actions, st.resources)
				}
				if flat(at(st.conditions, "StringEquals", "AWS:SourceAccount")) != "${AWS::AccountId}" ||
					flat(at(st.conditions, "ArnLike", "AWS:SourceArn")) != "arn:aws:cloudfront::${AWS::AccountId}:distribution/*" {
					t.Errorf("%s: %v", d.name, st.conditions)
				}
			}
			if found != 1 {
				t.Errorf("%s %s: %d statements for CloudFront", d.name, region, found)
			}
		}
	}
}

// Everything that is written once is copied, head.json is not.
func TestReplication(t *testing.T) {
	for _, d := range deployments {
		cfg := d.blog.Config
		for _, region := range cfg.Regions() {
			var releases resource
			for id, r := range d.stacks["content-"+region].of("AWS::S3::Bucket") {
				if strings.HasPrefix(id, "Releases") {
					releases = r
				}
			}
			var got []string
			for _, rule := range items(at(releases.Properties, "ReplicationConfiguration", "Rules")) {
				got = append(got, flat(at(rule, "Filter", "Prefix")))
				if to := flat(at(rule, "Destination", "Bucket")); to != "arn:aws:s3:::"+d.blog.Names.Bucket("${AWS::AccountId}", cfg.AWS.Standby) {
					t.Errorf("%s: to %s", d.name, to)
				}
				key := flat(at(rule, "Destination", "EncryptionConfiguration", "ReplicaKmsKeyID"))
				if want := "arn:aws:kms:ap-east-1:${AWS::AccountId}:alias/blog-prod-content"; cfg.AWS.KMS && key != want {
					t.Errorf("%s: replica key %s", d.name, key)
				}
			}
			want := names.ImmutablePrefixes()
			if region == cfg.AWS.Standby || cfg.AWS.Standby == "" {
				want = nil
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s %s: replicates %v, want %v", d.name, region, got, want)
			}
		}
	}
}

// Data outlives its stack, in the blog that readers see, and a trial leaves none.
// Which resources those are is pinned in testdata/released.json.
func TestDataIsKept(t *testing.T) {
	data := []string{"AWS::CloudFront::KeyValueStore", "AWS::KMS::Key", "AWS::Route53::HostedZone", "AWS::S3::Bucket"}
	seen := map[string]bool{}
	each(t, func(t *testing.T, d *deployment, s *stack) {
		for id, r := range s.Template.Resources {
			if !slices.Contains(data, r.Type) {
				continue
			}
			seen[r.Type] = true
			want := "Delete"
			if d.blog.Config.AWS.Env == config.Prod {
				want = "Retain"
			}
			if r.DeletionPolicy != want || r.UpdateReplacePolicy != want {
				t.Errorf("%s: deletion %s, replacement %s, want %s", id, r.DeletionPolicy, r.UpdateReplacePolicy, want)
			}
		}
	})
	if len(seen) != len(data) {
		t.Errorf("only %v are anywhere", seen)
	}
}
