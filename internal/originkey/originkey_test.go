package originkey

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// fake holds versions by stage, and counts readings of the current one.
type fake struct {
	stages map[string]string
	err    error
	reads  int
}

func (f *fake) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	if f.err != nil {
		return nil, f.err
	}
	stage := aws.ToString(in.VersionStage)
	if stage == "AWSCURRENT" {
		f.reads++
	}
	v, ok := f.stages[stage]
	if !ok {
		return nil, &types.ResourceNotFoundException{}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(v)}, nil
}

func TestVerify(t *testing.T) {
	ctx := context.Background()
	now := time.Unix(0, 0)
	f := &fake{stages: map[string]string{"AWSCURRENT": "one"}}
	k := New(f, "blog/prod/origin-key", func() time.Time { return now }, slog.New(slog.DiscardHandler))
	check := func(got string, want bool) {
		t.Helper()
		if ok := k.Verify(ctx, got); ok != want {
			t.Errorf("Verify(%q) = %v, want %v", got, ok, want)
		}
	}
	check("one", true)
	check("", false)
	check("two", false)
	if f.reads != 1 {
		t.Errorf("a stranger made the key be read %d times in one minute, want once", f.reads)
	}

	f.stages = map[string]string{"AWSCURRENT": "two", "AWSPREVIOUS": "one"}
	now = now.Add(refresh)
	check("two", true) // read again, because it was not known
	check("one", true) // edges that have not heard of the change

	f.stages = map[string]string{"AWSCURRENT": "three", "AWSPREVIOUS": "two"}
	now = now.Add(refresh)
	check("three", true)
	check("one", false)
}

// A key that was fetched is not read again by the first who asks; one that could
// not be fetched is.
func TestFetch(t *testing.T) {
	ctx := context.Background()
	f := &fake{stages: map[string]string{"AWSCURRENT": "one"}, err: errors.New("not yet")}
	k := New(f, "id", time.Now, slog.New(slog.DiscardHandler))
	k.Fetch(ctx)
	f.err = nil
	if !k.Verify(ctx, "one") || f.reads != 1 {
		t.Errorf("after a fetch that failed, the key was read %d times", f.reads)
	}
	k = New(f, "id", time.Now, slog.New(slog.DiscardHandler))
	k.Fetch(ctx)
	k.Fetch(ctx)
	if !k.Verify(ctx, "one") || k.Verify(ctx, "two") || f.reads != 2 {
		t.Errorf("after a fetch, the key was read %d times in all", f.reads)
	}
}

func TestVerifyFailsClosed(t *testing.T) {
	var log bytes.Buffer
	k := New(&fake{err: errors.New("no permission")}, "id", time.Now, slog.New(slog.NewTextHandler(&log, nil)))
	if k.Verify(context.Background(), "") || k.Verify(context.Background(), "x") {
		t.Error("a key that cannot be read let somebody in")
	}
	if !strings.Contains(log.String(), "no permission") {
		t.Errorf("the log does not say why: %s", &log)
	}
	empty := New(&fake{stages: map[string]string{"AWSCURRENT": ""}}, "id", time.Now, slog.New(slog.DiscardHandler))
	if empty.Verify(context.Background(), "") {
		t.Error("an empty secret let an empty header in")
	}
}
