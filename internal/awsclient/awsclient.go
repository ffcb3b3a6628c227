// Package awsclient is how this project's programs talk to AWS: with which
// credentials, how often they try again, and over how many connections. It is
// said here once, for the record's buckets and the route table alike.
//
// # Trying again
//
// The SDK's adaptive mode decides what is tried again: connections that break,
// 5xx answers, throttling; with growing, random pauses. To its list comes S3's
// 409 ConditionalRequestConflict, which says nothing about the condition but
// that another write was under way, and is to be sent again
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html),
// and an answer that ends too early. Nothing is lost by that: what this
// project's programs write is named by its content or carries a condition.
// It is bounded twice: by
// Attempts, and by Patience since the request first failed. Then a person is
// told, or a standby is left out. A client most of whose requests fail stops
// trying again altogether (the SDK's retry quota), so that many requests in a
// row do not each wait. A second try costs what a request that succeeds at once
// brings in. In the SDK it costs five times that, and in adaptive mode nothing
// is brought in: a renderer, which lives long and often tries again to be told
// that an object exists already, had nothing left one day and kept failing.
//
// The pauses are a random share of 0.1 s, 0.2 s, 0.4 s and so on up to 5 s, and
// of ten times as much after a throttled answer. The SDK's begin with 1 s, which
// is most of a small publish, for one connection that broke.
//
// # When to slow down
//
// In adaptive mode a client whose request was throttled also sends more slowly
// from then on. The SDK does so from the first answer of that kind, and begins
// at next to nothing: one 503 among 200 writes of 16 workers made them take 7 s
// instead of 0.3. But S3 answers single requests so while it spreads a bucket
// over more machines, and asks for nothing but another try
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html).
// So the limit begins when an eighth of the last 64 answers were throttled.
//
// # Connections
//
// A client keeps as many idle connections as the largest publisher has workers.
// The SDK's 10 would make most workers of a larger one pay three round trips
// for a new connection with nearly every object.
package awsclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/middleware"
)

const (
	// Attempts is how often a request is sent at most.
	Attempts = 8
	// Patience is for how long after its first failure a request is sent
	// anew. A region that accepts connections and answers nothing is given up
	// after a minute: answerWithin, and Patience and the try that it allows.
	Patience = 30 * time.Second
	// A pause before another try is a random share of firstBackoff, doubled with
	// each try up to maxBackoff.
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 5 * time.Second

	quota       = 500
	retryCost   = 1 // what a request that succeeds adds
	timeoutCost = 5

	maxConns      = 256
	connectWithin = 10 * time.Second
	answerWithin  = 20 * time.Second
)

// Options say what clients are for.
type Options struct {
	Region string // empty: the one that AWS_REGION or the profile names
	// Answer is how long an answer may take to begin, from the last byte of
	// the request; 0 means 20 s. Calling a function takes as long as it runs.
	Answer time.Duration
}

// Load returns the configuration for clients. Credentials are those that the
// environment gives: variables, profile, SSO, or the role of the machine.
func Load(ctx context.Context, o Options) (aws.Config, error) {
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(HTTPClient(cmp.Or(o.Answer, answerWithin))),
		config.WithRetryer(Retryer),
		config.WithAPIOptions([]func(*middleware.Stack) error{TimeBound}),
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return cfg, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	return cfg, nil
}

// HTTPClient returns what sends the requests, for services that take so long to
// begin to answer.
func HTTPClient(answer time.Duration) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectWithin }).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns = maxConns
			t.MaxIdleConnsPerHost = maxConns
			t.ResponseHeaderTimeout = answer
		})
}

// Retryer returns a policy for one client, as the package comment says. Its
// bound on time needs TimeBound in the client's middleware.
func Retryer() aws.Retryer {
	left := ratelimit.NewTokenRateLimit(quota)
	return bounded{left, retry.NewAdaptiveMode(func(a *retry.AdaptiveModeOptions) {
		a.Throttles = []retry.IsErrorThrottle{&throttling{}}
		a.StandardOptions = append(a.StandardOptions, func(s *retry.StandardOptions) {
			s.MaxAttempts = Attempts
			s.RateLimiter, s.RetryCost, s.RetryTimeoutCost = left, retryCost, timeoutCost
			s.Backoff = retry.BackoffDelayerFunc(backoff)
			s.Retryables = append(slices.Clone(s.Retryables),
				retry.RetryableErrorCode{Codes: map[string]struct{}{"ConditionalRequestConflict": {}}},
				retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
					if errors.Is(err, io.ErrUnexpectedEOF) {
						return aws.TrueTernary
					}
					return aws.UnknownTernary
				}))
		})
	})}
}

// backoff is the pause after a number of tries, the last of which failed so.
func backoff(tries int, err error) (time.Duration, error) {
	most := firstBackoff
	if throttled(err) {
		most *= 10
	}
	most = min(maxBackoff, most<<min(tries-1, 10))
	return rand.N(most), nil
}

func throttled(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// errPatience says why there was no other try.
var errPatience = errors.New("not tried again: it has failed for too long")

type firstFailure struct{}

// TimeBound makes each operation remember when it first failed.
func TimeBound(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("FirstFailure",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			middleware.InitializeOutput, middleware.Metadata, error,
		) {
			ctx = middleware.WithStackValue(ctx, firstFailure{}, new(atomic.Pointer[time.Time]))
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
}

// bounded stops trying again after Patience.
type bounded struct {
	left *ratelimit.TokenRateLimit
	*retry.AdaptiveMode
}

var _ aws.RetryerV2 = bounded{}

// GetAttemptToken implements aws.RetryerV2. It is asked before each try.
func (b bounded) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	release, err := b.AdaptiveMode.GetAttemptToken(ctx)
	if err != nil {
		return nil, err
	}
	return func(failure error) error {
		if failure == nil {
			b.left.AddTokens(retryCost)
		}
		return release(failure)
	}, nil
}

// GetRetryToken implements aws.RetryerV2. It is asked after each failure that
// could be tried again.
func (b bounded) GetRetryToken(ctx context.Context, failure error) (func(error) error, error) {
	if first, ok := middleware.GetStackValue(ctx, firstFailure{}).(*atomic.Pointer[time.Time]); ok {
		now := time.Now()
		if !first.CompareAndSwap(nil, &now) && now.Sub(*first.Load()) > Patience {
			return nil, errPatience
		}
	}
	return b.AdaptiveMode.GetRetryToken(ctx, failure)
}

// throttling says of an answer that the client should send more slowly. It is
// asked about every answer, good ones too.
type throttling struct {
	mu   sync.Mutex
	last [64]bool // were they throttled?
	next int
}

// IsErrorThrottle implements retry.IsErrorThrottle.
func (t *throttling) IsErrorThrottle(err error) aws.Ternary {
	now := throttled(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last[t.next%len(t.last)] = now
	t.next++
	n := 0
	for _, b := range t.last {
		if b {
			n++
		}
	}
	return aws.BoolTernary(now && n >= len(t.last)/8)
}
