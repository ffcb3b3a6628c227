// Package originkey is the lock on the renderer's front door: the value that
// CloudFront puts into a header of each request to it, kept in Secrets Manager.
//
// While the value is being changed, CloudFront's edges send the old one and the
// new one for some minutes. So both are accepted: the current version of the
// secret and the one before. A value that is neither makes the key be read
// again, at most once in refresh, in case that it was changed since; so a
// change needs no restart, and a stranger who knocks does not cost a request to
// Secrets Manager each time.
package originkey

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// refresh is the shortest time between two readings.
const refresh = time.Minute

// API is the part of Secrets Manager that is used.
type API interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Key reads and compares the secret.
type Key struct {
	api API
	id  string
	now func() time.Time
	log *slog.Logger

	mu     sync.Mutex
	read   time.Time
	values []string
}

// New returns the key with this name or ARN. Nothing is read until it is
// needed, or fetched.
func New(api API, id string, now func() time.Time, log *slog.Logger) *Key {
	return &Key{api: api, id: id, now: now, log: log}
}

// Verify says whether got is the key. When the key cannot be read the answer
// is no, and the log says why.
func (k *Key) Verify(ctx context.Context, got string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.matches(got) {
		return true
	}
	if !k.read.IsZero() && k.now().Sub(k.read) < refresh {
		return false
	}
	k.read = k.now()
	var err error
	if k.values, err = k.load(ctx); err != nil {
		k.log.ErrorContext(ctx, "the origin's key cannot be read", "error", err)
	}
	return k.matches(got)
}

// Fetch reads the key before anybody asks, so that the first who does waits for
// less. When it cannot be read, Verify tries again, and says why.
func (k *Key) Fetch(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.read.IsZero() {
		return
	}
	if values, err := k.load(ctx); err == nil {
		k.values, k.read = values, k.now()
	}
}

func (k *Key) matches(got string) bool {
	ok := false
	for _, v := range k.values {
		ok = equal(got, v) || ok
	}
	return ok
}

// equal takes the same time wherever the two differ. An empty value opens
// nothing.
func equal(got, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

func (k *Key) load(ctx context.Context) ([]string, error) {
	var out []string
	for _, stage := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
		v, err := k.api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
			SecretId: aws.String(k.id), VersionStage: aws.String(stage),
		})
		var none *types.ResourceNotFoundException
		if stage == "AWSPREVIOUS" && errors.As(err, &none) {
			continue // it was never changed
		}
		if err != nil {
			return out, fmt.Errorf("reading the origin's key %s (%s): %w", k.id, stage, err)
		}
		out = append(out, aws.ToString(v.SecretString))
	}
	return out, nil
}
