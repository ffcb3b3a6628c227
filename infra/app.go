package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// Blog is what the app is made from: checked configuration, and what the
// machine that runs it adds.
type Blog struct {
	Config      *config.Config
	Names       names.Names
	Account     string // twelve digits; empty when it is known only at deployment
	RendererDir string // the folder of the built renderer: one file, bootstrap
}

// wire makes every stack. It is the map of the system:
//
//	us-east-1         Global ───────────────────────────┐
//	                    │ (secret, route table)         │
//	each region       Content ──▶ Render                ▼
//	                  (standby first)  └─────────────▶ Edge  us-east-1
//	us-east-1         Global ──▶ Ops, when a repository publishes
//	us-east-1         Edge ──▶ Janitor
//
// An arrow is an order of deployment. The only reference that CloudFormation
// carries between two stacks is the route table's ARN, from Global to Edge, Ops
// and Janitor in one region; everything else meets by a name that both know.
func wire(app awscdk.App, b Blog) {
	cfg, n := b.Config, b.Names
	regions := cfg.Regions()
	standby := regions[len(regions)-1] // the primary itself, if it is alone
	keep := cfg.AWS.Env == config.Prod

	in := func(part, region, description string) awscdk.Stack {
		return newStack(app, stackConfig{
			Name: n.Stack(part), Description: description,
			Account: b.Account, Region: region,
			Tags: map[string]string{"blog": cfg.AWS.Name, "env": cfg.AWS.Env},
		})
	}

	global := newGlobal(GlobalConfig{
		Stack:   in("global", names.GlobalRegion, "Blog: route table, origin secret and hosted zone"),
		Names:   n,
		Keep:    keep,
		Zone:    zoneToCreate(cfg),
		Regions: regions,
	})

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
		Domain:     cfg.LiveDomain(),
		ZoneID:     cfg.Zone.ID,
		Branches:   cfg.Branches && cfg.LiveDomain() != "",
		Primary:    regions[0],
		Standby:    standby,
		RouteTable: global.RouteTable,
	}
	for _, region := range regions {
		c := RenderConfig{
			Stack:       in("render-"+region, region, "Blog: renderer in "+region),
			Names:       n,
			Keep:        keep,
			Region:      region,
			Primary:     region == regions[0],
			Domain:      cfg.LiveDomain(),
			ZoneID:      cfg.Zone.ID,
			RendererDir: b.RendererDir,
			Memory:      cfg.AWS.RendererMemory,
			KMS:         cfg.AWS.KMS,
			LogsDays:    cfg.AWS.LogRetentionDays,
			AlarmEmail:  cfg.AWS.AlarmEmail,
		}
		newRender(c)
		after(c.Stack, content[region])
		after(c.Stack, global.Stack) // its secret's replica
		after(edge.Stack, c.Stack)   // its host name
	}
	newEdge(edge)

	janitor := JanitorConfig{
		Stack:      in("janitor", names.GlobalRegion, "Blog: who deletes"),
		Names:      n,
		Regions:    regions,
		KMS:        cfg.AWS.KMS,
		RouteTable: global.RouteTable,
	}
	newJanitor(janitor)
	after(janitor.Stack, edge.Stack) // its parameter names the distribution

	if cfg.AWS.GitHub.Repository != "" {
		newOps(OpsConfig{
			Stack:      in("ops", names.GlobalRegion, "Blog: who publishes"),
			Names:      n,
			Regions:    regions,
			KMS:        cfg.AWS.KMS,
			GitHub:     cfg.AWS.GitHub,
			RouteTable: global.RouteTable,
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
	Account, Region   string
	Tags              map[string]string
}

// newStack makes a stack whose id, with which the CLI selects it, is its name.
func newStack(app awscdk.App, c stackConfig) awscdk.Stack {
	env := &awscdk.Environment{Region: jsii.String(c.Region)}
	if c.Account != "" {
		env.Account = jsii.String(c.Account)
	}
	tags := map[string]*string{}
	for k, v := range c.Tags {
		tags[k] = jsii.String(v)
	}
	return awscdk.NewStack(app, jsii.String(c.Name), &awscdk.StackProps{
		StackName:   jsii.String(c.Name),
		Description: jsii.String(c.Description),
		Env:         env,
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
