package cloud

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/victorleungtw/blog/internal/awsclient"
)

// maxInvalidation is how many items CloudFront takes at once
// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-invalidations).
const maxInvalidation = 3000

// invalidate tells CloudFront to forget paths and cache tags ("#tag"): one call
// of one operation, CreateInvalidation, in its REST and XML
// (https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html).
// It returns when CloudFront has taken the order, seconds before the last edge
// has followed it.
func invalidate(ctx context.Context, client *http.Client, cfg aws.Config, endpoint, distribution string, items []string) error {
	if len(items) > maxInvalidation {
		return fmt.Errorf("%d addresses are to be forgotten, and CloudFront takes %d at once\n    hint: aws cloudfront create-invalidation --distribution-id %s --paths '/*'",
			len(items), maxInvalidation, distribution)
	}
	// CloudFront takes an order with a reference that it has seen for the same.
	order := struct {
		XMLName   xml.Name `xml:"http://cloudfront.amazonaws.com/doc/2020-05-31/ InvalidationBatch"`
		Paths     []string `xml:"Paths>Items>Path"`
		Quantity  int      `xml:"Paths>Quantity"`
		Reference string   `xml:"CallerReference"`
	}{Paths: items, Quantity: len(items), Reference: rand.Text()}
	body, err := xml.Marshal(order)
	if err != nil {
		return err
	}
	_, err = awsclient.Send(ctx, client, cfg, awsclient.Call{
		Service: "cloudfront", Method: http.MethodPost, URL: endpoint + "/2020-05-31/distribution/" + distribution + "/invalidation",
		Header: map[string]string{"Content-Type": "text/xml"}, Body: body,
	})
	return err
}
