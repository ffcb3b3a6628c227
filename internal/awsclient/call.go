package awsclient

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Call is one request to a service whose client in the SDK is not worth having
// for one operation: that for Systems Manager brings 140, and 12 seconds of
// compiling, to a command that calls one of them.
type Call struct {
	Service string // as signatures name it: "ssm"
	Method  string
	URL     string
	Header  map[string]string
	Body    []byte
}

// JSONCall is a call in the AWS JSON 1.1 protocol, target being
// "AmazonSSM.GetParametersByPath".
func JSONCall(service, endpoint, target string, in any) (Call, error) {
	body, err := json.Marshal(in)
	return Call{
		Service: service, Method: http.MethodPost, URL: endpoint, Body: body,
		Header: map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target},
	}, err
}

// Fault is an answer that is not a success, with the code that the service
// gives it, if it gives one.
type Fault struct {
	Status        int
	Code, Message string
}

func (f *Fault) Error() string {
	if f.Code == "" {
		return fmt.Sprintf("%d %s", f.Status, http.StatusText(f.Status))
	}
	return f.Code + ": " + f.Message
}

// Send signs a call with Signature Version 4, for the configuration's region,
// sends it once and returns the answer. A refusal is a *Fault.
func Send(ctx context.Context, client *http.Client, cfg aws.Config, c Call) ([]byte, error) {
	creds, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, c.Method, c.URL, bytes.NewReader(c.Body))
	if err != nil {
		return nil, err
	}
	for k, v := range c.Header {
		req.Header.Set(k, v)
	}
	sum := sha256.Sum256(c.Body)
	if err := v4.NewSigner().SignHTTP(ctx, creds, req, hex.EncodeToString(sum[:]), c.Service, cfg.Region, time.Now()); err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fault(resp.StatusCode, resp.Header.Get("X-Amzn-ErrorType"), body)
	}
	return body, nil
}

// fault reads a refusal, in whichever of AWS's protocols it is.
func fault(status int, header string, body []byte) *Fault {
	f := &Fault{Status: status, Code: header}
	var j struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	var x struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	switch {
	case json.Unmarshal(body, &j) == nil:
		f.Message = j.Message
		if j.Type != "" {
			f.Code = j.Type
		}
	case xml.Unmarshal(body, &x) == nil:
		f.Code, f.Message = x.Code, x.Message
	}
	// com.amazonaws.ssm#ParameterNotFound, or ParameterNotFound:http://…
	if _, after, ok := strings.Cut(f.Code, "#"); ok {
		f.Code = after
	}
	f.Code, _, _ = strings.Cut(f.Code, ":")
	return f
}
