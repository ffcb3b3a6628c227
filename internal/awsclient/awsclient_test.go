package awsclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// server answers a client without a network, so that the tests' clock is one
// that nobody waits for.
type server func(n int) (status int, code string, err error)

type answering struct {
	mu sync.Mutex
	n  int
	server
}

func (a *answering) Do(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	n := a.n
	a.n++
	a.mu.Unlock()
	status, code, err := a.server(n)
	if err != nil {
		return nil, err
	}
	body := ""
	if code != "" {
		body = "<Error><Code>" + code + "</Code></Error>"
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/xml"}}, Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func client(s server) (*s3.Client, *answering) {
	a := &answering{server: s}
	return s3.New(s3.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), HTTPClient: a,
		Retryer: Retryer(), APIOptions: []func(*middleware.Stack) error{TimeBound},
	}), a
}

func put(c *s3.Client) error {
	_, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), IfNoneMatch: aws.String("*")})
	return err
}

func TestTriesAgain(t *testing.T) {
	for _, tt := range []struct {
		name string
		is   server
		want int // requests
		ok   bool
	}{
		{"good", func(int) (int, string, error) { return 200, "", nil }, 1, true},
		{"once bad", func(n int) (int, string, error) {
			if n == 0 {
				return 500, "InternalError", nil
			}
			return 200, "", nil
		}, 2, true},
		{"for ever bad", func(int) (int, string, error) { return 503, "SlowDown", nil }, Attempts, false},
		{"broken", func(int) (int, string, error) { return 0, "", io.ErrUnexpectedEOF }, Attempts, false},
		{"refused", func(int) (int, string, error) { return 403, "AccessDenied", nil }, 1, false},
		{"at the same time", func(n int) (int, string, error) {
			if n == 0 {
				return 409, "ConditionalRequestConflict", nil
			}
			return 412, "PreconditionFailed", nil
		}, 2, false},
		{"too late", func(int) (int, string, error) { return 412, "PreconditionFailed", nil }, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, a := client(tt.is)
				if err := put(c); (err == nil) != tt.ok {
					t.Error(err)
				}
				if a.n != tt.want {
					t.Errorf("%d requests, want %d", a.n, tt.want)
				}
			})
		})
	}
}

// One request in four that has to be sent again, to be told no, leaves enough
// of the quota for ever; a server that is gone does not.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, a := client(func(n int) (int, string, error) {
			switch n % 5 {
			case 0:
				return 500, "InternalError", nil
			case 1:
				return 412, "PreconditionFailed", nil
			}
			return 200, "", nil
		})
		for range 4000 {
			put(c)
		}
		if a.n != 5000 {
			t.Errorf("%d requests for 4,000 puts, want 5,000", a.n)
		}
		a.server = func(int) (int, string, error) { return 0, "", io.ErrUnexpectedEOF }
		for range 1000 {
			put(c)
		}
		if n := a.n - 5000; n > 1000+quota {
			t.Errorf("%d requests to a server that is gone, for 1,000 puts", n)
		}
	})
}

// A server that takes its time to fail gets fewer tries.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, a := client(func(int) (int, string, error) {
			time.Sleep(answerWithin)
			return 0, "", &awshttp.ResponseTimeoutError{TimeoutDur: answerWithin}
		})
		begin := time.Now()
		err := put(c)
		if !errors.Is(err, errPatience) || !strings.Contains(err.Error(), "timeout") {
			t.Errorf("%v; want what happened, and why there was no other try", err)
		}
		// The third try began less than Patience after the first failure, the
		// fourth would have begun later.
		if took := time.Since(begin); a.n != 3 || took < 3*answerWithin || took > 3*answerWithin+2*maxBackoff {
			t.Errorf("%d tries in %v", a.n, took)
		}
	})
}

// Single 503s do not slow a client down; many do, until they end.
func TestThrottling(t *testing.T) {
	slow := func(tr *throttling, n int, bad func(n int) bool) (times int) {
		for i := range n {
			var err error
			if bad(i) {
				err = &smithy.GenericAPIError{Code: "SlowDown"}
			}
			if tr.IsErrorThrottle(err).Bool() {
				times++
			}
		}
		return times
	}
	tr := &throttling{}
	if n := slow(tr, 1000, func(n int) bool { return n%10 == 0 }); n != 0 {
		t.Errorf("with one 503 in ten answers the client was slowed down %d times", n)
	}
	if n := slow(tr, 300, func(n int) bool { return n%3 == 0 }); n < 90 {
		t.Errorf("with one in three it was slowed down %d times of 100", n)
	}
	if n := slow(tr, 64, func(int) bool { return false }) + slow(tr, 7, func(int) bool { return true }); n != 0 {
		t.Errorf("after 64 good answers 7 bad ones slowed it down")
	}
	if !tr.IsErrorThrottle(&smithy.GenericAPIError{Code: "ThrottlingException"}).Bool() {
		t.Errorf("the eighth did not")
	}
}

func TestBackoff(t *testing.T) {
	for tries, most := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 4: 800 * time.Millisecond, 7: maxBackoff, 100: maxBackoff} {
		longest, slow := time.Duration(0), time.Duration(0)
		for range 1000 {
			d, err := backoff(tries, io.ErrUnexpectedEOF)
			if err != nil {
				t.Fatal(err)
			}
			longest = max(longest, d)
			d, err = backoff(tries, &smithy.GenericAPIError{Code: "SlowDown"})
			if err != nil {
				t.Fatal(err)
			}
			slow = max(slow, d)
		}
		// Of 1,000 random shares the largest is nearly all.
		if longest >= most || longest < most*9/10 || slow >= min(10*most, maxBackoff) || slow < min(10*most, maxBackoff)*9/10 {
			t.Errorf("after %d tries up to %v, throttled %v; want up to %v", tries, longest, slow, most)
		}
	}
}

func TestLoad(t *testing.T) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_REGION", "eu-west-1")
	for region, want := range map[string]string{"": "eu-west-1", "ap-east-1": "ap-east-1"} {
		cfg, err := Load(t.Context(), Options{Region: region})
		if err != nil || cfg.Region != want {
			t.Errorf("Load(%q): %q, %v", region, cfg.Region, err)
		}
		if _, ok := cfg.Retryer().(bounded); !ok || len(cfg.APIOptions) != 1 {
			t.Errorf("Load(%q): retries with %T, %d options", region, cfg.Retryer(), len(cfg.APIOptions))
		}
		tr := cfg.HTTPClient.(*awshttp.BuildableClient).GetTransport()
		if tr.MaxIdleConnsPerHost != maxConns || tr.ResponseHeaderTimeout != answerWithin {
			t.Errorf("%+v", tr)
		}
	}
}
