// Package lab gives tests a real S3 server on this machine: internal/labs3,
// which is versitygw in a program of its own.
//
//	endpoint, newBucket := lab.Start(t)
//	client := lab.Client(t)
//	b := s3.New(client, newBucket(t))
//
// One server is started for a test binary, by the first test that asks, and it
// ends with the binary. The program is the one that the variable LABS3 names,
// or is built from internal/labs3 into the user's cache directory, once for
// each version of its sources; a first build takes a minute or two.
//
// When there is no server to be had, the test fails, because a suite that says
// "ok" without having met S3 proves less than it seems to. Who knows that and
// goes on sets LABS3=skip; with CI=true that fails as well.
package lab

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/victorleungtw/blog/internal/flock"
)

// The server's root account and region, for tests that start other programs.
const (
	AccessKey = "labs3"
	SecretKey = "labs3-secret"
	Region    = "us-east-1"
)

// Start returns the endpoint of the server, such as http://127.0.0.1:41873, and
// what makes a new, empty bucket. Buckets are addressed in path style.
func Start(t testing.TB) (endpoint string, newBucket func(t testing.TB) string) {
	t.Helper()
	return server(t), func(t testing.TB) string {
		t.Helper()
		name := fmt.Sprintf("lab-%d", buckets.Add(1))
		if _, err := Client(t).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatalf("making the bucket %s: %v", name, err)
		}
		return name
	}
}

var buckets atomic.Int64

// Client returns a client of the server. It never reads the environment.
func Client(t testing.TB) *s3.Client {
	t.Helper()
	endpoint := server(t)
	return s3.New(s3.Options{
		BaseEndpoint: &endpoint,
		UsePathStyle: true,
		Region:       Region,
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
		Retryer:      aws.NopRetryer{},
	})
}

// Env is the environment in which a program that reads the usual AWS variables
// meets the server.
func Env(t testing.TB) []string {
	t.Helper()
	return []string{
		"AWS_ACCESS_KEY_ID=" + AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + SecretKey,
		"AWS_SESSION_TOKEN=",
		"AWS_REGION=" + Region,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

func server(t testing.TB) string {
	t.Helper()
	if os.Getenv("LABS3") == "skip" {
		if os.Getenv("CI") == "true" {
			t.Fatal("LABS3=skip is refused with CI=true: what S3 does would go untested")
		}
		t.Skip("NOT TESTED AGAINST S3: LABS3=skip")
	}
	s, err := once()
	if err != nil {
		t.Fatalf("no S3 server for the tests: %v\nhint: set LABS3 to a program that was built with `go build -C internal/labs3 -o FILE .`, or LABS3=skip to leave these tests out", err)
	}
	return s.Endpoint
}

// once is the server of this test binary. Its stop is held, because it holds the
// pipe that keeps the server alive.
var once = sync.OnceValues(func() (*Server, error) { return Run() })

// Server is a server of one's own, for programs that are no tests.
type Server struct {
	Endpoint string
	// Stop ends it, which also happens when this process ends, however it does:
	// the server waits for the end of its standard input.
	Stop func() error
}

// Run starts a server with these arguments, which is built if need be.
func Run(args ...string) (*Server, error) {
	program := os.Getenv("LABS3")
	if program == "" {
		var err error
		if program, err = build(); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(),
		"AWS_ACCESS_KEY_ID="+AccessKey, "AWS_SECRET_ACCESS_KEY="+SecretKey, "AWS_REGION="+Region)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() error {
		pipe.Close()
		return cmd.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("%s did not start: %w: %s", program, errors.Join(err, stop()), complaint.String())
	}
	return &Server{strings.TrimSpace(line), stop}, nil
}

// build returns the program, built from internal/labs3 if the cache does not
// have it.
func build() (string, error) {
	source, err := module()
	if err != nil {
		return "", err
	}
	version := sha256.New()
	names, err := filepath.Glob(filepath.Join(source, "*.go"))
	if err != nil {
		return "", err
	}
	for _, name := range append(names, filepath.Join(source, "go.mod"), filepath.Join(source, "go.sum")) {
		b, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(version, "%s %d\n%s", filepath.Base(name), len(b), b)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "blog-labs3")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	program := filepath.Join(folder, hex.EncodeToString(version.Sum(nil))[:16]+".exe") // Windows wants the suffix, others allow it
	// Several test binaries may be here at the same time: one builds.
	unlock, err := flock.Lock(context.Background(), filepath.Join(folder, ".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	cmd := exec.Command("go", "build", "-C", source, "-buildvcs=false", "-o", program+".new", ".")
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOOS=", "GOARCH=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building internal/labs3: %w\n%s", err, out)
	}
	return program, os.Rename(program+".new", program)
}

// module returns the directory of internal/labs3, above or beside the package
// whose test this is.
func module() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		labs3 := filepath.Join(at, "internal", "labs3")
		if _, err := os.Stat(filepath.Join(labs3, "go.mod")); err == nil {
			return labs3, nil
		}
		above := filepath.Dir(at)
		if above == at {
			return "", errors.New("internal/labs3 is not above this directory")
		}
		at = above
	}
}
