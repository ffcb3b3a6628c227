package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/remedy"
	"github.com/victorleungtw/blog/internal/renderer"
	blogs3 "github.com/victorleungtw/blog/internal/store/s3"
)

// functionRole is a session of a function's role, as it is in the template.
func functionRole(t *testing.T, m *moto, s *stack, role string, without ...string) aws.CredentialsProvider {
	t.Helper()
	var statements []statement
	for _, st := range s.statements() {
		if strings.HasPrefix(st.where, role) {
			statements = append(statements, st)
		}
	}
	if len(statements) == 0 {
		t.Fatalf("%s has no statement of %s", s.Name, role)
	}
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	return m.role(t, s.Name+role, trust, documentOf(t, statements, without...))
}

// renderers gives each region of a world a renderer with its own role.
func renderers(t *testing.T, m *moto, d *deployment, w *world, without ...string) []aws.CredentialsProvider {
	t.Helper()
	var roles []aws.CredentialsProvider
	for i, region := range d.blog.Config.Regions() {
		as := functionRole(t, m, d.stacks["render-"+region], "RendererRole", without...)
		w.publisher.Regions[i].Renderer = &renderer.Renderer{Bucket: blogs3.New(m.s3(as), w.buckets[i]), Log: slog.New(slog.DiscardHandler), Quick: true}
		roles = append(roles, as)
	}
	return roles
}

// denied fails unless somebody may do none of the acts, and the administrator
// all of them: none was refused for being wrong.
func denied(t *testing.T, m *moto, as aws.CredentialsProvider, acts []act) {
	t.Helper()
	for _, a := range acts {
		if err := a.do(m.s3(as)); code(err) != "AccessDenied" {
			t.Errorf("%s: %v, want AccessDenied", a.what, err)
		}
	}
	for _, a := range acts {
		if err := a.do(m.s3(m.admin)); err != nil {
			t.Errorf("%s, by the administrator: %v", a.what, err)
		}
	}
}

// writing is the act of writing a key of a bucket.
func writing(ctx context.Context, bucket, key string) act {
	return act{"write " + key + " of " + bucket, func(c *s3.Client) error {
		_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")})
		return err
	}}
}

// A renderer's role is enough to make the pages of a publish, in its own region,
// and for nothing else.
func TestRenderAsTheRenderer(t *testing.T) {
	d := deployed(t, "domain")
	m := startMoto(t)
	w := newWorld(t, m, d, m.admin)
	roles := renderers(t, m, d, w)
	if err := w.work(t.Context()); err != nil {
		t.Fatal(err)
	}
	const branch = names.BranchPrefix + "b.json"
	for i, as := range roles {
		if old, err := past(w, i); err != nil || old != http.StatusOK {
			t.Errorf("a page of an old release: %d %v", old, err)
		}
		own, other := w.buckets[i], w.buckets[1-i]
		if err := writing(t.Context(), own, branch).do(m.s3(m.admin)); err != nil {
			t.Fatal(err)
		}
		acts := []act{{"read a page of the other region", func(c *s3.Client) error {
			_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &other, Key: aws.String(names.HeadKey)})
			return err
		}}, {"read a branch", func(c *s3.Client) error {
			_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &own, Key: aws.String(branch)})
			return err
		}}, writing(t.Context(), other, names.PagePrefix+"x")}
		for _, key := range []string{names.HeadKey, release.ManifestKey(9), names.AssetPrefix + "x", names.BranchPrefix + "x.json",
			names.TakedownPrefix + "x.json", names.GarbagePrefix + "x.json", names.TrafficKey, names.CodeJournal, names.ContentJournal, "x"} {
			acts = append(acts, writing(t.Context(), own, key))
		}
		acts = append(acts, act{"delete a page", func(c *s3.Client) error {
			_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &own, Key: aws.String(names.PagePrefix + "x")})
			return err
		}})
		denied(t, m, as, acts)
	}
}

// past asks a region's renderer for a page as the first release had it. Its error
// is what its log says.
func past(w *world, region int) (status int, err error) {
	var log strings.Builder
	r := &renderer.Renderer{
		Bucket: w.publisher.Regions[region].Renderer.(*renderer.Renderer).Bucket,
		Verify: func(context.Context, string) bool { return true },
		Log:    slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	req := httptest.NewRequest("GET", "/~1/", nil)
	req.Header.Set("X-Blog-Release", "1")
	out := httptest.NewRecorder()
	r.ServeHTTP(out, req)
	if log.Len() > 0 {
		err = errors.New(log.String())
	}
	return out.Code, err
}

// Without the statement for it no old page is shown.
func TestRendererNeedsHistory(t *testing.T) {
	d := deployed(t, "domain")
	m := startMoto(t)
	w := newWorld(t, m, d, m.admin)
	renderers(t, m, d, w, "ReadHistory")
	if err := w.work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, err := past(w, 0); status != http.StatusInternalServerError || err == nil {
		t.Errorf("%d %v, want no permission", status, err)
	}
}

// Without any of these statements no page is made.
func TestRendererNeedsEachStatement(t *testing.T) {
	for _, without := range []string{"ReadRecord", "WritePages", "WriteRecipes"} {
		t.Run(without, func(t *testing.T) {
			d := deployed(t, "domain")
			m := startMoto(t)
			w := newWorld(t, m, d, m.admin)
			renderers(t, m, d, w, without)
			if err := w.work(t.Context()); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("got %v, want no permission", err)
			}
		})
	}
}

// alias is the renderer's. moto asks of no service but S3 what a call is made
// on, so who may move it is for TestRemediesMayDoExactlyThis.
type alias struct{ remedy.Pointer }

func (a *alias) Get(context.Context) (remedy.Pointer, error) { return a.Pointer, nil }

func (a *alias) Point(_ context.Context, _ remedy.Pointer, version string) error {
	a.Version = version
	return nil
}

// codeRemedy is one with its role, that has seen version 2 take over from 1, and
// what it makes of an alarm.
func codeRemedy(t *testing.T, m *moto, d *deployment, w *world, without ...string) (aws.CredentialsProvider, *alias, error) {
	t.Helper()
	region := d.blog.Config.AWS.Region
	as := functionRole(t, m, d.stacks["render-"+region], "CodeRemedyRole", without...)
	live := &alias{remedy.Pointer{Version: "1"}}
	alarm, name := recordedAlarm(t)
	c := &remedy.Code{Alias: live, Desk: remedy.Desk{
		Journal: remedy.Journal{Bucket: blogs3.New(m.s3(as), w.buckets[0]), Key: names.CodeJournal},
		Alarms:  []string{name}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Tell: func(context.Context, string, string) error { return nil },
	}}
	deployment := events.EventBridgeEvent{ID: "d", Source: events.CodeDeployEventSource, DetailType: events.CodeDeployDeploymentEventDetailType}
	for _, version := range []string{"1", "2"} {
		live.Version = version
		if err := c.Handle(t.Context(), deployment); err != nil {
			return as, live, fmt.Errorf("version %s: %w", version, err)
		}
	}
	return as, live, c.Handle(t.Context(), alarm)
}

// The code remedy's role is enough to keep its journal, and for no other object.
func TestGoBackAsTheCodeRemedy(t *testing.T) {
	d := deployed(t, "domain")
	m := startMoto(t)
	w := newWorld(t, m, d, m.admin)
	if err := w.work(t.Context()); err != nil {
		t.Fatal(err)
	}
	as, live, err := codeRemedy(t, m, d, w)
	if err != nil || live.Version != "1" {
		t.Fatalf("version %s: %v", live.Version, err)
	}
	acts := forbidden(t, m, d, w)
	for _, key := range []string{names.HeadKey, names.ContentJournal, names.SourcePrefix + "x", names.AssetPrefix + "x", names.RecipePrefix + "x", release.ManifestKey(9)} {
		acts = slices.Insert(acts, 0, writing(t.Context(), w.buckets[0], key))
	}
	denied(t, m, as, acts)
}

func TestCodeRemedyNeedsEachStatement(t *testing.T) {
	// moto knows no conditions, so the two that write are one.
	for _, without := range [][]string{{"ReadJournal"}, {"BeginJournal", "WriteJournal"}} {
		t.Run(strings.Join(without, "+"), func(t *testing.T) {
			d := deployed(t, "domain")
			m := startMoto(t)
			w := newWorld(t, m, d, m.admin)
			if _, _, err := codeRemedy(t, m, d, w, without...); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("got %v, want no permission", err)
			}
		})
	}
}
