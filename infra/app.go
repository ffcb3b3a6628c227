package main

import (
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// Blog is what the app is made from: checked configuration, and what the
// machine that runs it adds.
type Blog struct {
	Config *config.Config
	Names  names.Names
	Built  Built
}

// sweeps says whether this environment is the one that deletes the others.
func (b Blog) sweeps() bool { return b.Config.AWS.TrialDays > 0 && !b.Config.AWS.Trial }

// tags are on every stack.
func (b Blog) tags() map[string]string {
	a := b.Config.AWS
	out := map[string]string{names.TagBlog: a.Name, names.TagEnv: a.Env}
	if a.Trial && a.TrialDays > 0 {
		out[names.TagTrialDays] = strconv.Itoa(a.TrialDays)
	}
	return out
}

// wire makes every stack. It is the map of the system:
//
//	us-east-1         Global ───────────────────────────┐
//	                    │ (secret, route table)         │
//	each region       Content ──▶ Render                ▼
//	                  (standby first)  └─────────────▶ Edge  us-east-1
//	us-east-1         Global ──▶ Ops, when a repository publishes or there is a budget
//	primary region    Pipeline, when CodePipeline deploys
//	us-east-1         Edge ──▶ Janitor
//	us-east-1         Global ──▶ Operator, when there are renderers in two regions
//	each, us-east-1   Account, when the account's guards are ours to set
//
// An arrow is an order of deployment. The only reference that CloudFormation
// carries between two stacks is the route table's ARN, from Global to Edge, Ops,
// Janitor and Operator in one region; everything else meets by a name that both
// know. Which stacks stand in the standby region, and which records lead there, is
// aws.recovery's to say (package recovery).
func wire(app awscdk.App, b Blog) {
	newRules(app)
	cfg, n := b.Config, b.Names
	regions, renderers := cfg.Regions(), cfg.RendererRegions()
	standby := regions[len(regions)-1] // the primary itself, if it is alone
	keep := cfg.AWS.Env == config.Prod

	var wall awscdk.Stack // has the policy that the roles of all others name
	in := func(part, region, description string) awscdk.Stack {
		stack := newStack(app, stackConfig{
			Name: n.Stack(part), Description: description,
			Region: region,
			Tags:   b.tags(),
		})
		if wall != nil {
			after(stack, wall)
		}
		return stack
	}

	global := newGlobal(GlobalConfig{
		Stack:   in("global", names.GlobalRegion, "Blog: route table, origin secret and hosted zone"),
		Names:   n,
		Keep:    keep,
		Zone:    zoneToCreate(cfg),
		Regions: renderers,

		AccessLogs: cfg.AWS.Edge.AccessLogs,
		LogsDays:   cfg.AWS.LogRetentionDays,
	})
	bound(app, global.Stack, cfg.AWS.PermissionsBoundary, n)
	if cfg.AWS.PermissionsBoundary == config.BoundaryOwn {
		wall = global.Stack
	}

	// The standby's bucket comes first: the primary's replicates to it.
	content := map[string]awscdk.Stack{}
	for _, region := range slices.Backward(regions) {
		c := ContentConfig{
			Stack:    in("content-"+region, region, "Blog: releases and logs in "+region),
			Names:    n,
			Keep:     keep,
			Region:   region,
			KMS:      cfg.AWS.KMS,
			LogsDays: cfg.AWS.LogRetentionDays,
		}
		if region != standby {
			c.ReplicateTo = standby
			after(c.Stack, content[standby])
		}
		newContent(c)
		content[region] = c.Stack
	}

	edge := EdgeConfig{
		Stack:      in("edge", names.GlobalRegion, "Blog: distribution and edge function"),
		Names:      n,
		LogsDays:   cfg.AWS.LogRetentionDays,
		Domain:     cfg.LiveDomain(),
		ZoneID:     cfg.Zone.ID,
		Branches:   cfg.Branches && cfg.LiveDomain() != "",
		Fleet:      cfg.AWS.Compute == config.ComputeFleet,
		Primary:    regions[0],
		Standby:    standby,
		Fallback:   renderers[len(renderers)-1],
		Edge:       cfg.AWS.Edge,
		RouteTable: global.RouteTable,
		Keep:       keep,
		RemedyDir:  b.Built.ContentRemedy,
		KMS:        cfg.AWS.KMS,
		Probe:      cfg.AWS.Probe,
		AlarmEmail: cfg.AWS.AlarmEmail,
	}
	for _, region := range renderers {
		c := RenderConfig{
			Stack:       in("render-"+region, region, "Blog: renderer in "+region),
			Names:       n,
			Keep:        keep,
			Region:      region,
			Routing:     routingOf(cfg, region),
			Domain:      cfg.LiveDomain(),
			ZoneID:      cfg.Zone.ID,
			RendererDir: b.Built.Renderer,
			RemedyDir:   b.Built.CodeRemedy,
			Memory:      cfg.AWS.RendererMemory,
			KMS:         cfg.AWS.KMS,
			LogsDays:    cfg.AWS.LogRetentionDays,
			AlarmEmail:  cfg.AWS.AlarmEmail,
		}
		if cfg.AWS.Compute == config.ComputeFleet {
			c.Fleet = &cfg.AWS.Fleet
		}
		newRender(c)
		after(c.Stack, content[region])
		after(c.Stack, global.Stack) // its secret's replica
		after(edge.Stack, c.Stack)   // its host name
	}
	newEdge(edge)

	janitor := PeopleConfig{
		Stack:      in("janitor", names.GlobalRegion, "Blog: who deletes"),
		Names:      n,
		Regions:    regions,
		KMS:        cfg.AWS.KMS,
		RouteTable: global.RouteTable,
	}
	newJanitor(janitor)
	after(janitor.Stack, edge.Stack) // its parameter names the distribution

	if len(renderers) > 1 {
		newOperator(PeopleConfig{
			Stack:      in("operator", names.GlobalRegion, "Blog: who sends readers to another region"),
			Names:      n,
			Regions:    regions,
			KMS:        cfg.AWS.KMS,
			RouteTable: global.RouteTable,
		})
	}

	if cfg.AWS.GitHub.Repository != "" || cfg.AWS.Rehearsal || cfg.AWS.Budget.MonthlyUSD > 0 {
		ops := OpsConfig{
			Stack:      in("ops", names.GlobalRegion, "Blog: who publishes, and what it may cost"),
			Names:      n,
			Regions:    regions,
			Renderers:  renderers,
			KMS:        cfg.AWS.KMS,
			GitHub:     cfg.AWS.GitHub,
			Rehearsal:  b.rehearsal(),
			Budget:     cfg.AWS.Budget,
			RouteTable: global.RouteTable,
		}
		if cfg.AWS.Rehearsal {
			newRehearsalPublisher(ops)
		} else {
			newOps(ops)
		}
	}
	if cfg.AWS.Pipeline.Connection != "" {
		newPipeline(PipelineConfig{
			Stack:      in("pipeline", regions[0], "Blog: deploys what is pushed"),
			Names:      n,
			Rehearsal:  b.rehearsal(),
			Keep:       keep,
			Pipeline:   cfg.AWS.Pipeline,
			Regions:    regions,
			LogsDays:   cfg.AWS.LogRetentionDays,
			AlarmEmail: cfg.AWS.AlarmEmail,
		})
	}
	if b.sweeps() {
		newSweeper(SweeperConfig{
			Stack:      in("sweeper", names.GlobalRegion, "Blog: deletes trials"),
			Names:      n,
			Name:       cfg.AWS.Name,
			Keep:       slices.Compact([]string{config.Prod, cfg.AWS.Env}),
			Region:     cfg.AWS.Region,
			SweeperDir: b.Built.Sweeper,
			LogsDays:   cfg.AWS.LogRetentionDays,
			AlarmEmail: cfg.AWS.AlarmEmail,
		})
	}
	if cfg.AWS.AccountGuards {
		newAccounts(app, b)
	}
}

// rehearsal are the names of the trial that is deployed first.
func (b Blog) rehearsal() names.Names {
	n, err := names.New(b.Config.AWS.Name, config.Rehearsal)
	if err != nil {
		panic(err) // a name that was checked, and a constant
	}
	return n
}

// newAccounts makes the guards of the account, in each region that is used. Their
// stacks carry no environment, in name or tags: there is one account.
func newAccounts(app awscdk.App, b Blog) {
	regions := append(b.Config.Regions(), names.GlobalRegion)
	slices.Sort(regions)
	for _, region := range slices.Compact(regions) {
		newAccount(AccountConfig{
			Stack: newStack(app, stackConfig{
				Name: b.Names.Account() + "-" + region, Description: "Guards of the account in " + region,
				Region: region,
				Tags:   map[string]string{names.TagBlog: b.Config.AWS.Name},
			}),
			Names:      b.Names,
			Region:     region,
			AlarmEmail: b.Config.AWS.AlarmEmail,
		})
	}
}

// zoneToCreate is the domain whose hosted zone is the blog's own.
func zoneToCreate(cfg *config.Config) string {
	if !cfg.Zone.Create {
		return ""
	}
	return cfg.Domain
}

// stackConfig says where a stack is.
type stackConfig struct {
	Name, Description string
	Region            string
	Tags              map[string]string
}

// newStack makes a stack whose id, with which the CLI selects it, is its name. It
// is of no account: the CDK would write the number into the template, in buckets,
// policies and even the logical ids of a function's versions.
func newStack(app awscdk.App, c stackConfig) awscdk.Stack {
	tags := map[string]*string{}
	for k, v := range c.Tags {
		tags[k] = jsii.String(v)
	}
	return awscdk.NewStack(app, jsii.String(c.Name), &awscdk.StackProps{
		StackName:   jsii.String(c.Name),
		Description: jsii.String(c.Description),
		Env:         &awscdk.Environment{Region: jsii.String(c.Region)},
		Tags:        &tags,
	})
}

// after makes the CLI deploy a stack once another one stands.
func after(stack, other awscdk.Stack) {
	stack.AddStackDependency(other, jsii.String("names of it are used"))
}

// removal is what happens to a resource that holds data when its stack goes.
func removal(keep bool) awscdk.RemovalPolicy {
	if keep {
		return awscdk.RemovalPolicy_RETAIN
	}
	return awscdk.RemovalPolicy_DESTROY
}
