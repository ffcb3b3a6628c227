package s3

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/victorleungtw/blog/internal/store"
)

var _ store.Janitor = (*Bucket)(nil)

// maxDelete is how many objects one DeleteObjects may name
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html).
const maxDelete = 1000

// Inspect implements store.Janitor.
func (b *Bucket) Inspect(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for o, err := range b.objects(ctx, prefix) {
			if err != nil {
				yield(store.Info{}, err)
				return
			}
			if !yield(store.Info{Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified)}, nil) {
				return
			}
		}
	}
}

// Delete implements store.Janitor. In a bucket with versions it leaves a delete
// marker; it needs s3:DeleteObject.
func (b *Bucket) Delete(ctx context.Context, keys []string) error {
	var ids []types.ObjectIdentifier
	for _, key := range keys {
		if err := store.CheckKey(key); err != nil {
			return err
		}
		ids = append(ids, types.ObjectIdentifier{Key: &key})
	}
	return b.delete(ctx, ids)
}

// Erase implements store.Janitor. It takes a request for each key, and needs
// s3:ListBucketVersions and s3:DeleteObjectVersion.
func (b *Bucket) Erase(ctx context.Context, keys []string) error {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	for _, key := range keys {
		if err := store.CheckKey(key); err != nil {
			return err
		}
	}
	var ids []types.ObjectIdentifier
	found := func(key, version *string) {
		if _, ours := slices.BinarySearch(keys, aws.ToString(key)); ours {
			ids = append(ids, types.ObjectIdentifier{Key: key, VersionId: version})
		}
	}
	listed := "" // a prefix whose versions are all in ids
	for _, key := range keys {
		if listed != "" && strings.HasPrefix(key, listed) {
			continue // page/ab.br was found with page/ab
		}
		pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: &key})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("listing the versions of s3://%s/%s: %w", b.name, key, b.explain(err))
			}
			for _, v := range page.Versions {
				found(v.Key, v.VersionId)
			}
			for _, m := range page.DeleteMarkers {
				found(m.Key, m.VersionId)
			}
		}
		listed = key
	}
	return b.delete(ctx, ids)
}

func (b *Bucket) delete(ctx context.Context, ids []types.ObjectIdentifier) error {
	for batch := range slices.Chunk(ids, maxDelete) {
		out, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &b.name, Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return fmt.Errorf("deleting %d objects of s3://%s: %w", len(batch), b.name, b.explain(err))
		}
		// S3 says 200 and names those that it could not delete.
		if len(out.Errors) > 0 {
			return fmt.Errorf("deleting s3://%s/%s, one of %d that are left: %w", b.name, aws.ToString(out.Errors[0].Key), len(out.Errors), refusal(out.Errors[0]))
		}
	}
	return nil
}

func refusal(e types.Error) error {
	err := &smithy.GenericAPIError{Code: aws.ToString(e.Code), Message: aws.ToString(e.Message)}
	if err.Code == "AccessDenied" {
		return fmt.Errorf("%w: %w\nhint: only the janitor's role may delete: s3:DeleteObject, and s3:DeleteObjectVersion for every version", fs.ErrPermission, err)
	}
	return err
}
