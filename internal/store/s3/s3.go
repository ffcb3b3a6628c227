// Package s3 is a store in an S3 bucket: the record that readers are served
// from.
//
// # Writing
//
// Each write is one PutObject with a condition: If-None-Match: * for Create and
// for Replace with no ETag, If-Match for Replace. The body is read once, from
// what Body.Open returns, and is never held in memory: its SHA-256 is known, so
// it is sent as x-amz-content-sha256 (which the signature covers) and as
// x-amz-checksum-sha256 (which S3 verifies and keeps), also over plain HTTP.
//
// # A reply that is lost
//
// The client tries again when a connection breaks or S3 answers 5xx, and S3 may
// have stored the object all the same. Then the second try meets the first
// one's object: Create answers ErrExists and Replace ErrStale for a write that
// this caller made. Create's callers lose nothing, because a key names its
// bytes. A caller of Replace must read the object again and see whether it is
// the one it wrote.
//
// # Answers
//
//	412 PreconditionFailed            Create: ErrExists; Replace: ErrStale
//	404 NoSuchKey                     Get: ErrNotExist; Replace: ErrStale
//	404 NoSuchBucket                  neither: an error of its own
//	409 ConditionalRequestConflict    ErrConflict
//	400 BadDigest and its like        ErrCorrupt
//	403                               fs.ErrPermission
//
// Without s3:ListBucket S3 answers 403 and not 404 for a key that does not
// exist. That stays an access error, with a hint: taking it for ErrNotExist
// would turn a missing permission into an empty blog. So the role needs
// s3:GetObject, s3:PutObject and s3:ListBucket.
//
// ETags are S3's own. For objects like these, written in one part and without
// a KMS key, that is the MD5 of the bytes.
package s3

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/victorleungtw/blog/internal/store"
)

// Bucket is a store.Bucket in S3.
type Bucket struct {
	client *s3.Client
	name   string
}

var _ store.Bucket = (*Bucket)(nil)

// New returns the store in the bucket of this name. The client may be shared.
func New(client *s3.Client, bucket string) *Bucket { return &Bucket{client, bucket} }

// reads is how often Get reads an object whose bytes stop coming halfway. The
// client's own retries end when the first byte arrives.
const reads = 3

// Get implements store.Bucket.
func (b *Bucket) Get(ctx context.Context, key string) (*store.Object, error) {
	if err := store.CheckKey(key); err != nil {
		return nil, err
	}
	var err error
	for range reads {
		var o *store.Object
		o, err = b.get(ctx, key)
		if err == nil {
			return o, nil
		}
		if !errors.Is(err, errCutShort) || ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("reading s3://%s/%s: %w", b.name, key, err)
}

var errCutShort = errors.New("the connection broke halfway")

func (b *Bucket) get(ctx context.Context, key string) (*store.Object, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket:       &b.name,
		Key:          &key,
		ChecksumMode: types.ChecksumModeEnabled,
	}, func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true })
	if err != nil {
		return nil, b.explain(err)
	}
	defer out.Body.Close()
	var body bytes.Buffer
	body.Grow(int(max(0, aws.ToInt64(out.ContentLength))) + bytes.MinRead)
	if _, err := body.ReadFrom(out.Body); err != nil {
		// The client verifies the checksum at the last byte, and has no type
		// for the error.
		if strings.Contains(err.Error(), "checksum did not match") {
			return nil, fmt.Errorf("%w: %w", store.ErrCorrupt, err)
		}
		return nil, fmt.Errorf("%w: %w", errCutShort, err)
	}
	date, _ := awsmiddleware.GetServerTime(out.ResultMetadata)
	return &store.Object{
		Date: date,
		Meta: store.Meta{
			ContentType:     aws.ToString(out.ContentType),
			ContentEncoding: aws.ToString(out.ContentEncoding),
			CacheControl:    aws.ToString(out.CacheControl),
			CacheTags:       out.Metadata[cacheTag],
		},
		Body: body.Bytes(),
		ETag: aws.ToString(out.ETag),
	}, nil
}

// Create implements store.Bucket.
func (b *Bucket) Create(ctx context.Context, key string, m store.Meta, body store.Body) error {
	_, err := b.put(ctx, key, m, body, "")
	if errors.Is(err, errPrecondition) {
		err = store.ErrExists
	}
	if err != nil {
		return fmt.Errorf("creating s3://%s/%s: %w", b.name, key, err)
	}
	return nil
}

// Replace implements store.Bucket.
func (b *Bucket) Replace(ctx context.Context, key string, m store.Meta, body store.Body, etag string) (string, error) {
	now, err := b.put(ctx, key, m, body, etag)
	if errors.Is(err, errPrecondition) || errors.Is(err, store.ErrNotExist) {
		err = store.ErrStale
	}
	if err != nil {
		return "", fmt.Errorf("replacing s3://%s/%s: %w", b.name, key, err)
	}
	return now, nil
}

// errPrecondition is HTTP 412: the caller knows what was asked.
var errPrecondition = errors.New("precondition failed")

func (b *Bucket) put(ctx context.Context, key string, m store.Meta, body store.Body, etag string) (string, error) {
	if err := store.CheckKey(key); err != nil {
		return "", err
	}
	in, err := body.Open()
	if err != nil {
		return "", err
	}
	defer in.Close()
	// A body of another size would end as a broken connection, tried again
	// and again.
	if size, err := in.Seek(0, io.SeekEnd); err != nil {
		return "", err
	} else if size != body.Size {
		return "", fmt.Errorf("%w: %d bytes, announced %d", store.ErrCorrupt, size, body.Size)
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	put := &s3.PutObjectInput{
		Bucket:            &b.name,
		Key:               &key,
		Body:              struct{ io.ReadSeeker }{in}, // closed here, not by the client
		ContentLength:     &body.Size,
		ContentType:       optional(m.ContentType),
		ContentEncoding:   optional(m.ContentEncoding),
		CacheControl:      optional(m.CacheControl),
		Metadata:          metadata(m),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		ChecksumSHA256:    aws.String(base64.StdEncoding.EncodeToString(body.SHA256[:])),
	}
	if etag == "" {
		put.IfNoneMatch = aws.String("*")
	} else {
		put.IfMatch = &etag
	}
	out, err := b.client.PutObject(ctx, put, s3.WithAPIOptions(payloadHash(hex.EncodeToString(body.SHA256[:]))))
	if err != nil {
		return "", b.explain(err)
	}
	return aws.ToString(out.ETag), nil
}

// cacheTag is the name of the metadata that S3 sends as the header
// x-amz-meta-cache-tag.
const cacheTag = "cache-tag"

func metadata(m store.Meta) map[string]string {
	if m.CacheTags == "" {
		return nil
	}
	return map[string]string{cacheTag: m.CacheTags}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// payloadHash tells the client the SHA-256 of the body. Without it the client
// leaves the body unsigned over HTTPS, and over HTTP reads it twice.
func payloadHash(sum string) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("PayloadHash",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error,
			) {
				return next.HandleInitialize(v4.SetPayloadHash(ctx, sum), in)
			}), middleware.Before)
	}
}

// List implements store.Bucket. It takes a request for each 1,000 keys.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for o, err := range b.objects(ctx, prefix) {
			if !yield(aws.ToString(o.Key), err) {
				return
			}
		}
	}
}

// objects yields the objects whose keys begin with prefix. An error is the last
// that it yields.
func (b *Bucket) objects(ctx context.Context, prefix string) iter.Seq2[types.Object, error] {
	return func(yield func(types.Object, error) bool) {
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(types.Object{}, fmt.Errorf("listing s3://%s/%s: %w", b.name, prefix, b.explain(err)))
				return
			}
			for _, o := range page.Contents {
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}

// explain turns an answer of S3 into the contract's error, or adds a hint.
func (b *Bucket) explain(err error) error {
	var answer interface{ HTTPStatusCode() int }
	status := 0
	if errors.As(err, &answer) {
		status = answer.HTTPStatusCode()
	}
	code := ""
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch {
	case status == 412:
		return errPrecondition
	case code == "NoSuchKey":
		return store.ErrNotExist
	case code == "ConditionalRequestConflict", code == "OperationAborted":
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	case code == "BadDigest", code == "InvalidDigest", code == "XAmzContentSHA256Mismatch", code == "IncompleteBody":
		return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	case code == "NoSuchBucket":
		return fmt.Errorf("%w\nhint: there is no bucket %s here: check its name, its region and the account", err, b.name)
	case status == 301, code == "AuthorizationHeaderMalformed":
		return fmt.Errorf("%w\nhint: the bucket %s is probably in another region", err, b.name)
	case status == 403:
		return fmt.Errorf("%w: %w\nhint: the role needs s3:GetObject, s3:PutObject and s3:ListBucket; without s3:ListBucket S3 answers 403 also for an object that does not exist",
			fs.ErrPermission, err)
	}
	return err
}
