package main

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3response"
)

// atomic makes reads of an object atomic with its overwriting, as they are on
// S3. The POSIX backend reads an object's attributes by its name and its bytes
// from an open file, one after the other; an overwrite in between gives a
// reader the bytes of one write with the ETag of the next, and a
// compare-and-swap on that ETag would lose an update that nobody saw.
//
// A body is read whole before the lock is taken, so that a client that sends
// slowly holds up nobody.
type atomic struct {
	backend.Backend
	locks sync.Map // bucket/key → *sync.RWMutex
}

func (a *atomic) lock(bucket, key *string) *sync.RWMutex {
	name := ""
	if bucket != nil && key != nil {
		name = *bucket + "/" + *key
	}
	l, _ := a.locks.LoadOrStore(name, &sync.RWMutex{})
	return l.(*sync.RWMutex)
}

func (a *atomic) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	if in.Body != nil {
		// The signature and the checksum are verified by reading to the end.
		body, err := io.ReadAll(in.Body)
		if err != nil {
			return s3response.PutObjectOutput{}, err
		}
		read := bytes.NewReader(body)
		if sum, ok := in.Body.(middlewares.ChecksumReader); ok {
			in.Body = replay{sum, read}
		} else {
			in.Body = read
		}
	}
	l := a.lock(in.Bucket, in.Key)
	l.Lock()
	defer l.Unlock()
	return a.Backend.PutObject(ctx, in)
}

// replay is a body that was read, to be read again. What the gateway asks of
// its own reader (a checksum that it found at the end) that one still answers.
type replay struct {
	middlewares.ChecksumReader
	body *bytes.Reader
}

func (r replay) Read(p []byte) (int, error) { return r.body.Read(p) }

func (a *atomic) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	l := a.lock(in.Bucket, in.Key)
	l.RLock()
	defer l.RUnlock()
	return a.Backend.GetObject(ctx, in)
}

func (a *atomic) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	l := a.lock(in.Bucket, in.Key)
	l.RLock()
	defer l.RUnlock()
	return a.Backend.HeadObject(ctx, in)
}
