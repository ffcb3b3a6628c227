// Package kvsfake is a CloudFront KeyValueStore for tests: its REST protocol
// over HTTP, in this process, with the documented limits and error shapes
// (https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Operations_Amazon_CloudFront_KeyValueStore.html).
//
//	s := kvsfake.Start(t)
//	table, err := kvs.New(s.Config(), s.ARN)
//
// A Server is an http.Handler too, so that other programs can be led to it: New
// makes one without a listener, and s.Address(url) is what they open.
//
// It is strict where AWS's behaviour is known: a request must be signed with
// SigV4A for all regions, name the store by its ARN and the account by its host
// name (or call an address of this machine), and carry If-Match; 50 keys a call, deletes included; an ETag that is
// not the current one is a ValidationException "Pre-Condition failed".
//
// # Where it differs from AWS
//
// The signature itself is not verified, only that one of the right kind is
// there. What AWS documents nowhere is answered in the way that is harder on
// the client: a delete of a key that is not there fails the call with
// ResourceNotFoundException, and so does an UpdateKeys of nothing with
// ValidationException; a key that is put and deleted at once is refused, where
// AWS deletes it. A change is seen by every read that follows, at once; AWS
// promises nothing of the kind to the edges. There are no rate limits. PutKey
// and DeleteKey are missing, because nothing uses them.
package kvsfake

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/victorleungtw/blog/internal/routes"
)

const account = "123456789012"

// Server is one account with one store.
type Server struct {
	ARN string // of the store

	http *httptest.Server // nil without Start
	wrap atomic.Pointer[func(http.Handler) http.Handler]

	mu     sync.Mutex
	heard  func(values map[string]string)
	etag   string
	values map[string]string
	bytes  int // of keys and values
}

// New returns a server with an empty store, which listens nowhere.
func New() *Server {
	return &Server{
		ARN:    "arn:aws:cloudfront::" + account + ":key-value-store/8562a61f-caba-2845-9d99-b97d1ae5d3c0",
		etag:   newETag(),
		values: map[string]string{},
	}
}

// Start starts a server with an empty store, which ends with the test.
func Start(t testing.TB) *Server {
	s := New()
	s.http = httptest.NewServer(s)
	t.Cleanup(s.http.Close)
	return s
}

// URL is where a server that was started listens.
func (s *Server) URL() string { return s.http.URL }

// Address is the store's, for package routesurl, when the server is reached at
// a URL.
func (s *Server) Address(at string) string {
	return "kvs:" + s.ARN + "?endpoint=" + url.QueryEscape(at)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := http.Handler(http.HandlerFunc(s.serve))
	if wrap := s.wrap.Load(); wrap != nil {
		h = (*wrap)(h)
	}
	h.ServeHTTP(w, r)
}

// Get reads a value as an edge function does: not through the API. An edge in
// this process needs no signature, and hears of a change at once.
func (s *Server) Get(_ context.Context, key string) (value string, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok = s.values[key]
	return value, ok, nil
}

// Config is the configuration of a client of this server. The client tries
// three times, without a pause.
func (s *Server) Config() aws.Config {
	// The client puts the account in front of the endpoint's host name, so no
	// name of this machine fits: every connection leads to the server.
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.http.Listener.Addr().String())
	}
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("http://kvs.test"),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "token"),
		HTTPClient:   &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16}},
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 3
				o.RateLimiter = ratelimit.None
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
}

// Wrap puts a handler before the store, to count requests, to refuse some, or
// to lose an answer. Nil takes it away.
func (s *Server) Wrap(wrap func(next http.Handler) http.Handler) {
	if wrap == nil {
		s.wrap.Store(nil)
		return
	}
	s.wrap.Store(&wrap)
}

// Listen calls a function at each change of the store, before anybody can read
// it, with the store's values. They are not to be kept or changed.
func (s *Server) Listen(heard func(values map[string]string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = heard
}

func newETag() string { return "KV" + rand.Text()[:12] }

// Error answers as AWS does.
func Error(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	reply(w, status, map[string]string{"Message": message})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

type pair struct {
	Key   string
	Value *string `json:",omitempty"`
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if why := unsigned(r); why != "" {
		Error(w, 403, "AccessDeniedException", why)
		return
	}
	// The ARN and the key hold slashes, which the path has as %2F.
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	for i := range parts {
		var err error
		if parts[i], err = url.PathUnescape(parts[i]); err != nil {
			Error(w, 400, "ValidationException", err.Error())
			return
		}
	}
	switch {
	case len(parts) < 2 || len(parts) > 4 || parts[0] != "key-value-stores" || (len(parts) > 2 && parts[2] != "keys"):
		Error(w, 404, "UnknownOperationException", "no such operation")
		return
	case parts[1] != s.ARN || !ours(r.Host):
		Error(w, 404, "ResourceNotFoundException", "Key value store not found")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Method == "GET" && len(parts) == 2:
		s.describe(w)
	case r.Method == "GET" && len(parts) == 3:
		s.list(w, r.URL.Query())
	case r.Method == "GET":
		s.get(w, parts[3])
	case r.Method == "POST" && len(parts) == 3:
		s.update(w, r)
	default:
		Error(w, 405, "UnknownOperationException", "no such operation")
	}
}

// ours says whether a request was sent to the account's host, or to an address
// of this machine.
func ours(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return host == account+".kvs.test" || host == "localhost" || net.ParseIP(host).IsLoopback()
}

// unsigned says why a request's signature is not of the right kind.
func unsigned(r *http.Request) string {
	auth := r.Header.Get("Authorization")
	switch {
	case !strings.HasPrefix(auth, "AWS4-ECDSA-P256-SHA256 "):
		return "the request is not signed with SigV4A"
	case r.Header.Get("X-Amz-Region-Set") != "*":
		return fmt.Sprintf("the request is signed for the regions %q, not for all", r.Header.Get("X-Amz-Region-Set"))
	case !strings.Contains(auth, "/cloudfront-keyvaluestore/aws4_request"):
		return "the request is signed for another service"
	case !strings.Contains(auth, "x-amz-region-set") || !strings.Contains(auth, "Signature="):
		return "the signature is incomplete"
	case r.Method == "POST" && !strings.Contains(auth, "if-match"):
		return "If-Match is not signed"
	}
	return ""
}

func (s *Server) describe(w http.ResponseWriter) {
	w.Header().Set("ETag", s.etag)
	reply(w, 200, map[string]any{
		"Created": 1.7e9, "ItemCount": len(s.values), "KvsARN": s.ARN, "Status": "READY", "TotalSizeInBytes": s.bytes,
	})
}

func (s *Server) get(w http.ResponseWriter, key string) {
	value, ok := s.values[key]
	if !ok {
		Error(w, 404, "ResourceNotFoundException", "Key not found")
		return
	}
	reply(w, 200, map[string]any{"ItemCount": len(s.values), "Key": key, "TotalSizeInBytes": s.bytes, "Value": value})
}

// list answers one page. The token is the last key of the page before, so that
// pages do not overlap when the store changes between them.
func (s *Server) list(w http.ResponseWriter, query url.Values) {
	limit := 10 // the documented default
	if m := query.Get("MaxResults"); m != "" {
		n, err := strconv.Atoi(m)
		if err != nil || n < 1 || n > 50 {
			Error(w, 400, "ValidationException", "MaxResults must be between 1 and 50")
			return
		}
		limit = n
	}
	keys := slices.Sorted(maps.Keys(s.values))
	if after := query.Get("NextToken"); after != "" {
		i, found := slices.BinarySearch(keys, after)
		if found {
			i++
		}
		keys = keys[i:]
	}
	out := map[string]any{}
	if len(keys) > limit {
		keys = keys[:limit]
		out["NextToken"] = keys[limit-1]
	}
	items := []pair{}
	for _, key := range keys {
		items = append(items, pair{key, aws.String(s.values[key])})
	}
	out["Items"] = items
	reply(w, 200, out)
}

func (s *Server) update(w http.ResponseWriter, r *http.Request) {
	var in struct{ Puts, Deletes []pair }
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		Error(w, 400, "ValidationException", err.Error())
		return
	}
	seen := map[string]bool{}
	for i, p := range slices.Concat(in.Puts, in.Deletes) {
		put := i < len(in.Puts)
		switch {
		case p.Key == "" || put && p.Value == nil:
			Error(w, 400, "ValidationException", "Key and Value are required")
			return
		case seen[p.Key]:
			Error(w, 400, "ValidationException", "a key is named twice")
			return
		case len(p.Key) > routes.MaxKey:
			Error(w, 402, "ServiceQuotaExceededException", "Limit exceeded: Maximum key size")
			return
		case put && len(*p.Value) > routes.MaxValue:
			Error(w, 402, "ServiceQuotaExceededException", "Limit exceeded: Maximum value size")
			return
		}
		seen[p.Key] = true
	}
	switch {
	case len(seen) == 0:
		Error(w, 400, "ValidationException", "Puts and Deletes are empty")
		return
	case len(seen) > routes.MaxUpdate:
		Error(w, 402, "ServiceQuotaExceededException", "Limit exceeded: Maximum key values pairs that you can update in a single API request")
		return
	case r.Header.Get("If-Match") != s.etag:
		Error(w, 400, "ValidationException", "Pre-Condition failed")
		return
	}
	// The cost of a call is that of its keys, not of the whole store, which a
	// benchmark fills call by call.
	bytes := s.bytes
	for _, p := range in.Deletes {
		v, ok := s.values[p.Key]
		if !ok {
			Error(w, 404, "ResourceNotFoundException", "Key not found")
			return
		}
		bytes -= len(p.Key) + len(v)
	}
	for _, p := range in.Puts {
		if v, ok := s.values[p.Key]; ok {
			bytes -= len(p.Key) + len(v)
		}
		bytes += len(p.Key) + len(*p.Value)
	}
	if bytes > routes.MaxTable {
		Error(w, 402, "ServiceQuotaExceededException", "Limit exceeded: Maximum size of the key value store")
		return
	}
	for _, p := range in.Deletes {
		delete(s.values, p.Key)
	}
	for _, p := range in.Puts {
		s.values[p.Key] = *p.Value
	}
	s.bytes = bytes
	s.etag = newETag()
	if s.heard != nil {
		s.heard(s.values)
	}
	w.Header().Set("ETag", s.etag)
	reply(w, 200, map[string]any{"ItemCount": len(s.values), "TotalSizeInBytes": s.bytes})
}
