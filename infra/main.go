// Command infra is the CDK app: the stacks in which the blog runs.
//
// # Running it
//
// The cdk command runs it (cdk.json) from the root of the project. It reads
// blog.yaml, builds the functions and writes the templates; it asks nothing of
// AWS. `cdk deploy -c env=NAME` makes another environment than blog.yaml's
// (config.Config.ForEnv). BLOG_ENV, by which the command blog is told of it, does
// the same; where the two name different ones neither is taken. CDK_DEFAULT_ACCOUNT,
// which the CLI sets from the credentials in use, must be blog.yaml's account, if
// that names one. The templates fit any account.
//
// The CDK library runs on Node.js. cdk.json sets JSII_NODE to the one that
// package.json pins; it cannot be set here, because the library chooses before
// main begins.
//
// # The stacks
//
//	Global            us-east-1    route table, origin secret, hosted zone: kept
//	Content-<region>  each region  releases and logs: kept
//	Render-<region>   each region  renderer, HTTP API, its names, alarms, canary, code remedy
//	Edge              us-east-1    edge function, distribution, domain's records,
//	                               alarms, content remedy, dashboard
//	Ops               us-east-1    the roles of workflows that publish and deploy, if any;
//	                               the budget, if there is one
//	Pipeline          primary      deploys what is pushed, if CodePipeline is to
//	Sweeper           us-east-1    deletes trials that nobody needs, if it may
//	Janitor           us-east-1    the role of people who delete
//	Operator          us-east-1    the role of people who send readers to another region
//	Account-<region>  each region  guards of the account, if they are ours to set: kept
//
// What is kept has termination protection and outlives its stack, in the
// environment prod. What is not kept can be deleted and made again. In any other
// environment nothing is kept, and nothing of it is left when its stacks are
// deleted: no bucket, no log (trial_test.go). Publishing
// touches no stack, and deploying touches no content.
//
// # Decisions
//
// No stack refers to another region's. Names that both sides can compute
// (package names) take the place of references; the value that nobody can
// compute, the host name of an API without a domain, travels in a replicated
// secret. In us-east-1 the route table's ARN is exported from Global to Edge, Ops,
// Janitor and Operator, and never changes.
//
// Edge is made of CloudFormation's own resource types, because package edge
// says in CloudFront's terms what they are to be, and previews and tests run
// that description.
//
// The configuration is checked before anything of the CDK starts: its errors
// are panics with a JavaScript stack, ours are lines of blog.yaml.
//
// Resource names are given only where something finds the resource by name.
// Templates name the account by the pseudo parameter AWS::AccountId and so are
// the same in every account.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	env, err := environment(os.Getenv)
	if err == nil {
		err = run(ctx, ".", env, os.Getenv("CDK_DEFAULT_ACCOUNT"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// environment is the one that is to be made: what -c env=NAME says, or BLOG_ENV,
// or blog.yaml's own, which is "". The CLI hands an app its context as JSON.
func environment(getenv func(string) string) (string, error) {
	var context struct{ Env any }
	if text := getenv("CDK_CONTEXT_JSON"); text != "" {
		if err := json.Unmarshal([]byte(text), &context); err != nil {
			return "", fmt.Errorf("CDK_CONTEXT_JSON: %w", err)
		}
	}
	said, variable := "", getenv("BLOG_ENV")
	if context.Env != nil {
		said = fmt.Sprint(context.Env)
		if said == "" { // `-c env=$X`, and X is not set: not the file's own by accident
			return "", errors.New("-c env= names no environment")
		}
	}
	if said != "" && variable != "" && said != variable {
		return "", fmt.Errorf("-c env=%s, and BLOG_ENV is %s: unset one of them", said, variable)
	}
	return cmp.Or(said, variable), nil
}

// run synthesizes the app of the project at root.
func run(ctx context.Context, root, env, account string) error {
	blog, err := load(filepath.Join(root, "blog.yaml"), env, account)
	if err != nil {
		return err
	}
	if blog.Built, err = build(ctx, root); err != nil {
		return err
	}
	// It may say that the runtime "exited abnormally: waitid: no child
	// processes": it waits for its process twice. Nothing is wrong.
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false)})
	// The CLI puts a context that is too large for a variable into a file. Then
	// environment saw nothing, and this would be the wrong one.
	if said := app.Node().TryGetContext(jsii.String("env")); said != nil && fmt.Sprint(said) != env {
		return fmt.Errorf("the context says env=%v: write BLOG_ENV=%v instead", said, said)
	}
	wire(app, blog)
	app.Synth(nil)
	return nil
}

// load reads and checks the configuration. Warnings are shown, errors returned.
func load(path, env, account string) (Blog, error) {
	cfg, probs := config.Load(path)
	if err := probs.Err(); err != nil {
		return Blog{}, err
	}
	if len(probs) > 0 {
		fmt.Fprintln(os.Stderr, probs)
	}
	cfg = cfg.ForEnv(env)
	n, err := names.New(cfg.AWS.Name, cfg.AWS.Env)
	if err != nil {
		return Blog{}, fmt.Errorf("-c env or BLOG_ENV: %w", err) // blog.yaml's own was checked
	}
	if cfg.AWS.Account != "" && account != "" && account != cfg.AWS.Account {
		return Blog{}, fmt.Errorf("%s is for account %s, and the credentials in use are of account %s",
			path, cfg.AWS.Account, account)
	}
	return Blog{Config: cfg, Names: n}, nil
}
