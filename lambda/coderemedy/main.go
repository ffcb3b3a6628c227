// The code remedy's Lambda, one in each region: when the renderer's alarms go
// off soon after a deployment, its alias goes back. What it does is in package
// remedy; what it reads of the environment in package names.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/victorleungtw/blog/internal/remedy"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	r, err := remedy.OpenCode(context.Background(), os.Getenv, log)
	if err != nil {
		log.Error("the code remedy cannot start", "error", err)
		os.Exit(1)
	}
	lambda.Start(r.Handle)
}
