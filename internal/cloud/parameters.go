package cloud

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/victorleungtw/blog/internal/awsclient"
)

// parametersByPath reads the Systems Manager parameters below a path: calls of
// one operation, GetParametersByPath
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html).
func parametersByPath(ctx context.Context, client *http.Client, cfg aws.Config, endpoint, path string) (map[string]string, error) {
	out := map[string]string{}
	for token := ""; ; {
		in := map[string]any{"Path": path}
		if token != "" {
			in["NextToken"] = token
		}
		call, err := awsclient.JSONCall("ssm", endpoint, "AmazonSSM.GetParametersByPath", in)
		if err != nil {
			return nil, err
		}
		body, err := awsclient.Send(ctx, client, cfg, call)
		if err != nil {
			return nil, err
		}
		var page struct {
			Parameters []struct{ Name, Value string }
			NextToken  string
		}
		if err := json.Unmarshal(body, &page); err != nil {
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
