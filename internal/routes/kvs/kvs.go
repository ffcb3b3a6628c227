// Package kvs is the route table at AWS: a CloudFront KeyValueStore, which the
// edge function reads and this package writes.
//
// # Requests
//
//	Version   DescribeKeyValueStore
//	Get       GetKey
//	Update    UpdateKeys, with If-Match
//	All       ListKeys, 50 keys a page, between two DescribeKeyValueStore
//
// AWS gives no bound on the time that a change takes to reach every edge; it is
// seconds as a rule. Package routes says why that does no harm.
//
// # Answers
//
//	ValidationException "Pre-Condition failed"   ErrStale
//	ConflictException                            ErrStale
//	ServiceQuotaExceededException                ErrLimit
//	ResourceNotFoundException                    of Get: no such key, once the
//	                                             store itself is known to exist
//
// What UpdateKeys answers to a delete of a key that is not there is documented
// nowhere. If it is ResourceNotFoundException, Update asks which of the keys
// exist and sends the call again without the others.
//
// # An answer that is lost
//
// The client tries again when a connection breaks or AWS answers 5xx. When the
// first try was carried out all the same, the second one finds the ETag changed
// and Update returns ErrStale: the caller reads again and finds its own change.
//
// # Trying again, and where
//
// Open makes a client as package awsclient says. It can lead to an endpoint
// that is not AWS, for tests; New's goes to the account's own, for the SDK puts
// the account before any host name.
//
// # Signing
//
// The store has one endpoint for all regions, so requests carry SigV4A, which
// the SDK for Go makes by itself. Temporary credentials must come from a
// regional STS endpoint: a session token of the old global one is refused. The
// role needs cloudfront-keyvaluestore:DescribeKeyValueStore, GetKey, ListKeys
// and UpdateKeys on the store's ARN.
package kvs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	kvs "github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore"
	"github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore/types"
	"github.com/aws/smithy-go"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/victorleungtw/blog/internal/awsclient"
	"github.com/victorleungtw/blog/internal/routes"
)

// Table is a routes.Table in a CloudFront KeyValueStore.
type Table struct {
	client *kvs.Client
	arn    string
	exists atomic.Bool // the store was seen
}

var _ routes.Table = (*Table)(nil)

// New returns the table in the store with this ARN,
// "arn:aws:cloudfront::123456789012:key-value-store/8562g61f-…". It sends no
// request.
func New(cfg aws.Config, storeARN string) (*Table, error) {
	a, err := arn.Parse(storeARN)
	if err != nil || a.Service != "cloudfront" || a.AccountID == "" || !strings.HasPrefix(a.Resource, "key-value-store/") {
		return nil, fmt.Errorf("%q is not the ARN of a CloudFront KeyValueStore\nhint: it is arn:aws:cloudfront::ACCOUNT:key-value-store/ID, an output of the Global stack", storeARN)
	}
	return &Table{client: kvs.NewFromConfig(cfg), arn: storeARN}, nil
}

// Options say where a store is.
type Options struct {
	ARN      string
	Region   string // of STS and the like; the store itself has none. Empty for AWS_REGION, or us-east-1
	Endpoint string // "http://127.0.0.1:7071"; empty for AWS
}

// Open returns the table in a store, with credentials from the environment. It
// sends no request.
func Open(ctx context.Context, o Options) (*Table, error) {
	cfg, err := awsclient.Load(ctx, awsclient.Options{Region: o.Region})
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	t, err := New(cfg, o.ARN)
	if err != nil || o.Endpoint == "" {
		return t, err
	}
	e, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, err
	}
	t.client = kvs.NewFromConfig(cfg, kvs.WithEndpointResolverV2(elsewhere{kvs.NewDefaultEndpointResolverV2(), *e}))
	return t, nil
}

// elsewhere resolves as the SDK does, and then to another place.
type elsewhere struct {
	kvs.EndpointResolverV2
	url url.URL
}

// ResolveEndpoint implements kvs.EndpointResolverV2.
func (e elsewhere) ResolveEndpoint(ctx context.Context, p kvs.EndpointParameters) (smithyendpoints.Endpoint, error) {
	out, err := e.EndpointResolverV2.ResolveEndpoint(ctx, p)
	out.URI = e.url
	return out, err
}

// Version implements routes.Table.
func (t *Table) Version(ctx context.Context) (string, error) {
	now, err := t.describe(ctx)
	return now.ETag, err
}

func (t *Table) describe(ctx context.Context) (routes.Info, error) {
	out, err := t.client.DescribeKeyValueStore(ctx, &kvs.DescribeKeyValueStoreInput{KvsARN: &t.arn})
	if err != nil {
		return routes.Info{}, fmt.Errorf("reading the version of the route table: %w", explain(err))
	}
	t.exists.Store(true)
	return routes.Info{
		ETag: aws.ToString(out.ETag), Items: int(aws.ToInt32(out.ItemCount)), Bytes: int(aws.ToInt64(out.TotalSizeInBytes)),
	}, nil
}

// Get implements routes.Table.
func (t *Table) Get(ctx context.Context, key string) (string, bool, error) {
	out, err := t.client.GetKey(ctx, &kvs.GetKeyInput{KvsARN: &t.arn, Key: &key})
	if isNotFound(err) {
		// AWS says the same of a key and of a store. An ARN of no store must
		// not pass for an empty table.
		if !t.exists.Load() {
			_, err = t.Version(ctx)
			return "", false, err
		}
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading %q from the route table: %w", key, explain(err))
	}
	return aws.ToString(out.Value), true, nil
}

// allTries is how often All begins anew because the table changed meanwhile.
const allTries = 5

// All implements routes.Table.
func (t *Table) All(ctx context.Context) (map[string]string, error) {
	before, err := t.Version(ctx)
	if err != nil {
		return nil, err
	}
	for range allTries {
		all, err := t.list(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the route table: %w", explain(err))
		}
		after, err := t.Version(ctx)
		if err != nil {
			return nil, err
		}
		if after == before {
			return all, nil
		}
		before = after
	}
	return nil, fmt.Errorf("reading the route table: %w", routes.ErrStale)
}

func (t *Table) list(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	pages := kvs.NewListKeysPaginator(t.client, &kvs.ListKeysInput{KvsARN: &t.arn, MaxResults: aws.Int32(routes.MaxUpdate)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			all[aws.ToString(item.Key)] = aws.ToString(item.Value)
		}
	}
	return all, nil
}

// Update implements routes.Table.
func (t *Table) Update(ctx context.Context, etag string, puts map[string]string, deletes []string) (routes.Info, error) {
	next, err := t.update(ctx, etag, puts, deletes)
	if err != nil {
		return routes.Info{}, fmt.Errorf("updating the route table: %w", err)
	}
	return next, nil
}

func (t *Table) update(ctx context.Context, etag string, puts map[string]string, deletes []string) (routes.Info, error) {
	if err := routes.CheckUpdate(puts, deletes); err != nil {
		return routes.Info{}, err
	}
	if len(puts)+len(deletes) == 0 {
		return t.unchanged(ctx, etag)
	}
	next, err := t.send(ctx, etag, puts, deletes)
	if !isNotFound(err) || len(deletes) == 0 {
		return next, explain(err)
	}
	there := make([]string, 0, len(deletes))
	for _, key := range deletes {
		if _, ok, err := t.Get(ctx, key); err != nil {
			return routes.Info{}, err
		} else if ok {
			there = append(there, key)
		}
	}
	if len(there) == len(deletes) {
		return routes.Info{}, explain(err) // so it was about something else
	}
	if len(puts)+len(there) == 0 {
		return t.unchanged(ctx, etag)
	}
	next, err = t.send(ctx, etag, puts, there)
	return next, explain(err)
}

// unchanged is an Update that has nothing to do.
func (t *Table) unchanged(ctx context.Context, etag string) (routes.Info, error) {
	now, err := t.describe(ctx)
	if err == nil && now.ETag != etag {
		err = routes.ErrStale
	}
	if err != nil {
		return routes.Info{}, err
	}
	return now, nil
}

func (t *Table) send(ctx context.Context, etag string, puts map[string]string, deletes []string) (routes.Info, error) {
	in := &kvs.UpdateKeysInput{KvsARN: &t.arn, IfMatch: &etag}
	for key, value := range puts {
		in.Puts = append(in.Puts, types.PutKeyRequestListItem{Key: aws.String(key), Value: aws.String(value)})
	}
	slices.SortFunc(in.Puts, func(a, b types.PutKeyRequestListItem) int { return strings.Compare(*a.Key, *b.Key) })
	for _, key := range deletes {
		in.Deletes = append(in.Deletes, types.DeleteKeyRequestListItem{Key: aws.String(key)})
	}
	out, err := t.client.UpdateKeys(ctx, in)
	if err != nil {
		return routes.Info{}, err
	}
	return routes.Info{
		ETag: aws.ToString(out.ETag), Items: int(aws.ToInt32(out.ItemCount)), Bytes: int(aws.ToInt64(out.TotalSizeInBytes)),
	}, nil
}

func isNotFound(err error) bool {
	var e *types.ResourceNotFoundException
	return errors.As(err, &e)
}

// explain turns an answer of AWS into the contract's error, or adds a hint.
func explain(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch code := api.ErrorCode(); {
	case code == "ConflictException",
		code == "ValidationException" && strings.Contains(strings.ToLower(api.ErrorMessage()), "pre-condition failed"):
		return fmt.Errorf("%w (%s: %s)", routes.ErrStale, code, api.ErrorMessage())
	case code == "ServiceQuotaExceededException":
		return fmt.Errorf("%w (%s)", routes.ErrLimit, api.ErrorMessage())
	case code == "ResourceNotFoundException":
		return fmt.Errorf("%w\nhint: there is no such store: check its ARN and the account", err)
	case code == "AccessDeniedException":
		return fmt.Errorf("%w: %w\nhint: the role needs cloudfront-keyvaluestore:DescribeKeyValueStore, GetKey, ListKeys and UpdateKeys on the store; temporary credentials must come from a regional STS endpoint (AWS_STS_REGIONAL_ENDPOINTS=regional)",
			fs.ErrPermission, err)
	}
	return err
}
