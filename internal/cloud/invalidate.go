package cloud

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// maxInvalidation is how many items CloudFront takes at once
// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-invalidations).
const maxInvalidation = 3000

// invalidate tells CloudFront to forget paths and cache tags ("#tag"): one call
// of one operation, CreateInvalidation, in its REST and XML
// (https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html).
// It returns when CloudFront has taken the order, seconds before the last edge
// has followed it. It is made here, on the SDK's signer, for the reason that
// parametersByPath is: the SDK's client for CloudFront is large.
func invalidate(ctx context.Context, client *http.Client, cfg aws.Config, endpoint, distribution string, items []string) error {
	if len(items) > maxInvalidation {
		return fmt.Errorf("%d addresses are to be forgotten, and CloudFront takes %d at once\n    hint: aws cloudfront create-invalidation --distribution-id %s --paths '/*'",
			len(items), maxInvalidation, distribution)
	}
	creds, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return err
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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/2020-05-31/distribution/"+distribution+"/invalidation", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/xml")
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, creds, req, hex.EncodeToString(sum[:]), "cloudfront", cfg.Region, time.Now()); err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode == http.StatusCreated {
		return err
	}
	var fault struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	if xml.Unmarshal(answer, &fault) != nil || fault.Code == "" {
		return errors.New(resp.Status)
	}
	return fmt.Errorf("%s: %s", fault.Code, fault.Message)
}
