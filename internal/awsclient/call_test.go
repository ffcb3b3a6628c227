package awsclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

func TestSend(t *testing.T) {
	var answer func(w http.ResponseWriter)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != `{"Name":"x"}` || r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameter" {
			t.Errorf("%v: %s", r.Header, body)
		}
		if auth := r.Header.Get("Authorization"); !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 Credential=AK/") || !strings.Contains(auth, "/ap-east-1/ssm/aws4_request") {
			t.Errorf("signed %s", auth)
		}
		answer(w)
	}))
	defer s.Close()
	cfg := aws.Config{Region: "ap-east-1", Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", "")}
	call, err := JSONCall("ssm", s.URL, "AmazonSSM.GetParameter", map[string]string{"Name": "x"})
	if err != nil {
		t.Fatal(err)
	}
	answer = func(w http.ResponseWriter) { fmt.Fprint(w, "yes") }
	if got, err := Send(context.Background(), s.Client(), cfg, call); err != nil || string(got) != "yes" {
		t.Errorf("%s, %v", got, err)
	}
	for _, c := range []struct{ header, body, code, text string }{
		{"", `{"__type":"com.amazonaws.ssm#ParameterNotFound","message":"no x"}`, "ParameterNotFound", "ParameterNotFound: no x"},
		{"", `{"__type":"ParameterNotFound","message":"no x"}`, "ParameterNotFound", "ParameterNotFound: no x"},
		{"AccessDeniedException:http://internal/", `{"message":"not you"}`, "AccessDeniedException", "AccessDeniedException: not you"},
		{"", `<ErrorResponse><Error><Code>NoSuchHostedZone</Code><Message>no</Message></Error></ErrorResponse>`, "NoSuchHostedZone", "NoSuchHostedZone: no"},
		{"", `<html>nothing of AWS</html>`, "", "400 Bad Request"},
		{"", ``, "", "400 Bad Request"},
	} {
		answer = func(w http.ResponseWriter) {
			if c.header != "" {
				w.Header().Set("X-Amzn-ErrorType", c.header)
			}
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, c.body)
		}
		_, err := Send(context.Background(), s.Client(), cfg, call)
		var f *Fault
		if !errors.As(err, &f) || f.Status != http.StatusBadRequest || f.Code != c.code || err.Error() != c.text {
			t.Errorf("%s: %v", c.body, err)
		}
	}
}
