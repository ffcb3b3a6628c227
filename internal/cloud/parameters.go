package cloud

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// parametersByPath reads the Systems Manager parameters below a path: one call
// of one operation, GetParametersByPath, in the AWS JSON 1.1 protocol
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html).
//
// It is made here, on the SDK's signer, because the SDK's client for Systems
// Manager brings 140 operations with it: 12 seconds of compiling, a tenth of
// what a first `go run ./cmd/blog preview` takes, for a command that never
// calls it.
func parametersByPath(ctx context.Context, client *http.Client, cfg aws.Config, endpoint, path string) (map[string]string, error) {
	creds, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for token := ""; ; {
		in := map[string]any{"Path": path}
		if token != "" {
			in["NextToken"] = token
		}
		body, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("X-Amz-Target", "AmazonSSM.GetParametersByPath")
		sum := sha256.Sum256(body)
		if err := v4.NewSigner().SignHTTP(ctx, creds, req, hex.EncodeToString(sum[:]), "ssm", cfg.Region, time.Now()); err != nil {
			return nil, err
		}
		var page struct {
			Parameters []struct{ Name, Value string }
			NextToken  string
		}
		if err := call(client, req, &page); err != nil {
			return nil, err
		}
		for _, p := range page.Parameters {
			out[p.Name] = p.Value
		}
		if token = page.NextToken; token == "" {
			return out, nil
		}
	}
}

// call sends a request and reads its answer, or the error that it names.
func call(client *http.Client, req *http.Request, out any) error {
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusOK {
		return json.Unmarshal(body, out)
	}
	var fault struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &fault) != nil || fault.Type == "" {
		return errors.New(resp.Status)
	}
	_, name, found := strings.Cut(fault.Type, "#")
	if !found {
		name = fault.Type
	}
	return fmt.Errorf("%s: %s", name, fault.Message)
}
