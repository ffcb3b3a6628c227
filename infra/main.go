// Command infra is the CDK app: the stacks in which the blog runs.
//
// # Running it
//
// The cdk command runs it (cdk.json) from the root of the project. It reads
// blog.yaml, builds the renderer and writes the templates; it asks nothing of
// AWS. Two environment variables matter: BLOG_ENV names another environment
// than blog.yaml's (config.Config.ForEnv), and CDK_DEFAULT_ACCOUNT, which the
// CLI sets from the credentials in use, is the account when blog.yaml names
// none. Without either the templates fit any account.
//
// The CDK library runs on Node.js. cdk.json sets JSII_NODE to the one that
// package.json pins; it cannot be set here, because the library chooses before
// main begins.
//
// # The stacks
//
//	Global            us-east-1    route table, origin secret, hosted zone: kept
//	Content-<region>  each region  releases and logs: kept
//	Render-<region>   each region  renderer, HTTP API, its names, alarms
//	Edge              us-east-1    edge function, distribution, domain's records
//	Ops               us-east-1    the role of the workflow that publishes, if one does
//
// What is kept has termination protection and outlives its stack, in the
// environment prod. What is not kept can be deleted and made again. Publishing
// touches no stack, and deploying touches no content.
//
// # Decisions
//
// No stack refers to another region's. Names that both sides can compute
// (package names) take the place of references; the value that nobody can
// compute, the host name of an API without a domain, travels in a replicated
// secret. In us-east-1 the route table's ARN is exported from Global to Edge and
// Ops, and never changes.
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
	"context"
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
	if err := run(ctx, ".", os.Getenv("BLOG_ENV"), os.Getenv("CDK_DEFAULT_ACCOUNT")); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run synthesizes the app of the project at root.
func run(ctx context.Context, root, env, account string) error {
	blog, err := load(filepath.Join(root, "blog.yaml"), env, account)
	if err != nil {
		return err
	}
	if blog.RendererDir, err = buildRenderer(ctx, root); err != nil {
		return err
	}
	// It may say that the runtime "exited abnormally: waitid: no child
	// processes": it waits for its process twice. Nothing is wrong.
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false)})
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
		return Blog{}, fmt.Errorf("BLOG_ENV: %w", err) // blog.yaml's own was checked
	}
	if cfg.AWS.Account != "" {
		if account != "" && account != cfg.AWS.Account {
			return Blog{}, fmt.Errorf("%s is for account %s, and the credentials in use are of account %s",
				path, cfg.AWS.Account, account)
		}
		account = cfg.AWS.Account
	}
	return Blog{Config: cfg, Names: n, Account: account}, nil
}
