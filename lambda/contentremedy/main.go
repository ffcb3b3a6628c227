// The content remedy's Lambda: when readers get errors soon after a publish, the
// release before it is current again. What it does is in package remedy; what it
// reads of the environment in package names.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/victorleungtw/blog/internal/remedy"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	// A publisher remembers what it read, so each event gets a new one.
	lambda.Start(func(ctx context.Context, ev events.EventBridgeEvent) error {
		r, err := remedy.OpenContent(ctx, os.Getenv, log)
		if err != nil {
			return err
		}
		return r.Handle(ctx, ev)
	})
}
