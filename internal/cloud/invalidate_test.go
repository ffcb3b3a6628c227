package cloud

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

func TestInvalidate(t *testing.T) {
	var items []string
	refs := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		// The order of elements is that of the service's own model.
		var in struct {
			XMLName xml.Name `xml:"http://cloudfront.amazonaws.com/doc/2020-05-31/ InvalidationBatch"`
			Paths   struct {
				Quantity int
				Items    struct{ Path []string }
			}
			CallerReference string
		}
		if err := xml.Unmarshal(body, &in); err != nil || in.Paths.Quantity != len(in.Paths.Items.Path) || in.CallerReference == "" {
			t.Errorf("%v: %s", err, body)
		}
		auth := r.Header.Get("Authorization")
		if !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 Credential=AK/") || !strings.Contains(auth, "/us-east-1/cloudfront/aws4_request") {
			t.Errorf("signed %s", auth)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/2020-05-31/distribution/E1U5RQF7T870K0/invalidation" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not that one</Message></Error><RequestId>r</RequestId></ErrorResponse>`)
			return
		}
		items = in.Paths.Items.Path
		refs[in.CallerReference] = true
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `<Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I2J0I21PCUYOIK</Id><Status>InProgress</Status></Invalidation>`)
	}))
	defer s.Close()
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", "")}
	call := func(id string, items []string) error {
		return invalidate(context.Background(), s.Client(), cfg, s.URL, id, items)
	}
	want := []string{"#p-0123456789abcdef", "/page/a&b"}
	for range 2 {
		if err := call("E1U5RQF7T870K0", want); err != nil || !slices.Equal(items, want) {
			t.Errorf("%q, %v", items, err)
		}
	}
	if len(refs) != 2 {
		t.Error("a second order would be taken for the first")
	}
	if err := call("E2", want); err == nil || err.Error() != "AccessDenied: not that one" {
		t.Errorf("a refusal: %v", err)
	}
	if err := call("E1U5RQF7T870K0", make([]string, maxInvalidation+1)); err == nil || !strings.Contains(err.Error(), "hint:") {
		t.Errorf("too many: %v", err)
	}
}
