package remedy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/victorleungtw/blog/internal/names"
)

// FunctionAlias is the alias names.LiveAlias of a Lambda.
type FunctionAlias struct {
	Client   *lambda.Client
	Function string
}

// Get implements Alias.
func (a FunctionAlias) Get(ctx context.Context) (Pointer, error) {
	out, err := a.Client.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &a.Function, Name: aws.String(names.LiveAlias)})
	if err != nil {
		return Pointer{}, fmt.Errorf("reading the alias of %s: %w", a.Function, err)
	}
	return Pointer{
		Version:  aws.ToString(out.FunctionVersion),
		Revision: aws.ToString(out.RevisionId),
		Shifting: out.RoutingConfig != nil && len(out.RoutingConfig.AdditionalVersionWeights) > 0,
	}, nil
}

// Point implements Alias.
func (a FunctionAlias) Point(ctx context.Context, p Pointer, version string) error {
	_, err := a.Client.UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: &a.Function, Name: aws.String(names.LiveAlias), FunctionVersion: &version, RevisionId: &p.Revision,
	})
	var stale *types.PreconditionFailedException
	if errors.As(err, &stale) {
		return ErrMoved
	}
	if err != nil {
		return fmt.Errorf("moving the alias of %s to version %s: %w", a.Function, version, err)
	}
	return nil
}

// maxSubject is how long a subject may be for SNS, which also wants it in ASCII
// and on one line (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
const maxSubject = 100

// Topic returns a Tell that publishes to a topic.
func Topic(client *sns.Client, arn string) Tell {
	return func(ctx context.Context, subject, text string) error {
		subject = strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '?'
			}
			return r
		}, subject)
		_, err := client.Publish(ctx, &sns.PublishInput{
			TopicArn: &arn, Subject: aws.String(subject[:min(len(subject), maxSubject)]), Message: &text,
		})
		return err
	}
}
