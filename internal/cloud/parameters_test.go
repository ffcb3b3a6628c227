package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

func TestParametersByPath(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Path, NextToken string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		switch {
		case r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParametersByPath",
			!strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AK/"),
			!strings.Contains(r.Header.Get("Authorization"), "/us-east-1/ssm/aws4_request"):
			t.Errorf("not a call of Systems Manager: %v", r.Header)
		case in.Path != "/blog/prod/":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"com.amazonaws#AccessDeniedException","message":"no"}`)
		case in.NextToken == "":
			fmt.Fprint(w, `{"Parameters":[{"Name":"/blog/prod/a","Value":"1"}],"NextToken":"more"}`)
		case in.NextToken == "more":
			fmt.Fprint(w, `{"Parameters":[{"Name":"/blog/prod/b","Value":"2"}]}`)
		}
	}))
	defer s.Close()
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", "")}
	got, err := parametersByPath(context.Background(), s.Client(), cfg, s.URL, "/blog/prod/")
	if want := map[string]string{"/blog/prod/a": "1", "/blog/prod/b": "2"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := parametersByPath(context.Background(), s.Client(), cfg, s.URL, "/other/"); err == nil || err.Error() != "AccessDeniedException: no" {
		t.Errorf("a refusal: %v", err)
	}
}
