// Package config is the author's one configuration file, blog.yaml, typed and
// validated.
//
// # What it promises
//
// Load returns every problem that it can find, each with its line and with a
// hint, in one round. A key that it does not know is refused, never ignored:
// a misspelt `standby` would otherwise be a region that is not there on the
// day it is needed. What AWS would refuse after minutes of deploying (a name
// that is too long, a retention that CloudWatch does not have, a region that
// is not one) is refused here, in milliseconds. Nothing reads the environment,
// the network or AWS.
//
// # Decisions
//
// Keys are lower_snake. The order of `languages` means something: the first is
// the default and lives at the root of the site, the others live under a
// prefix.
//
// A blog needs no domain: it then answers at the name that CloudFront gives
// it, which nobody knows before the first deployment. So BaseURL is empty when
// neither `domain` nor `base_url` is set, and whoever publishes asks the
// deployment for it (names.BaseURL); a preview uses its own address.
//
// A domain is used once its hosted zone has an id (Config.LiveDomain). A zone
// that the blog is to create gets its id by the first deployment; certificates
// cannot be validated until the registrar delegates to it, and a stack that
// waits for that hangs for hours. So the first deployment creates the zone and
// a blog without a domain, and the second, with the id in blog.yaml, turns the
// domain on.
//
// One file describes one environment, `prod` unless it says otherwise. ForEnv
// derives another one from it: one region, no domain, nothing kept.
package config

import "github.com/victorleungtw/blog/internal/recovery"

// Config is the whole of blog.yaml.
type Config struct {
	Site
	Domain string // readers' host name: "blog.example.com"; empty for CloudFront's own
	Zone   Zone   // of Domain
	// Branches are shown at NAME.branch.<Domain>, for which the stacks make a
	// certificate and records.
	Branches bool
	AWS      AWS
}

// Zone is the Route 53 hosted zone in which Domain's records are.
type Zone struct {
	Create bool   // the blog makes the zone, named like Domain
	ID     string // "Z0123456789ABC"; empty before a zone to create exists
}

// AWS is where the blog runs and how.
type AWS struct {
	Name    string // first part of every resource's name
	Env     string // second part: "prod"
	Account string // twelve digits; empty for that of the credentials
	Region  string // the primary region
	Standby string // the standby region; empty for none
	// Recovery is what stands in the standby region, and Routing how Route 53
	// chooses; both are zero without one.
	Recovery         recovery.Strategy
	Routing          Routing
	RendererMemory   int // MB
	LogRetentionDays int
	KMS              bool   // buckets are encrypted with keys of the blog's own
	AlarmEmail       string // who is told of an alarm; empty for nobody
	GitHub           GitHub
	Pipeline         Pipeline
	Compute          string // ComputeLambda or ComputeFleet
	Fleet            Fleet
	TrialDays        int  // after which a trial that nobody deployed to is deleted; 0 for never
	Trial            bool // ForEnv made this: another environment than the file's
	Rehearsal        bool // this is the trial to which something else deploys and publishes first
	Budget           Budget
	Probe            bool // Route 53 asks for the blog's first page, from three continents
	Edge             Edge
	// AccountGuards are GuardDuty, Access Analyzer and CloudTrail, which an
	// account has once, whatever runs in it.
	AccountGuards bool
	// PermissionsBoundary is the managed policy that caps every role of the
	// blog: BoundaryOwn, or the name of one that exists. Empty for none.
	PermissionsBoundary string
}

// GitHub is the repository whose workflows publish, without a key of AWS that
// anybody keeps. The zero value is none.
type GitHub struct {
	// Repository is what stands between "repo:" and the next colon in the
	// subject of the repository's tokens: "owner/name", or
	// "owner@123/name@456" where GitHub adds the ids that a rename does not
	// change, as it does for repositories made since 2026
	// (https://docs.github.com/en/actions/reference/security/oidc).
	Repository string
	// CreateProvider makes GitHub known to the account's IAM, which can be
	// done once in an account: false where it was done before.
	CreateProvider bool
	// Deploy lets a workflow deploy, too.
	Deploy bool
}

// Prod is the environment that readers see. Its data outlives its stacks.
const Prod = "prod"

// LiveDomain is the domain that readers can use: Domain, once its zone is
// known, else empty.
func (c *Config) LiveDomain() string {
	if c.Zone.ID == "" {
		return ""
	}
	return c.Domain
}

// Regions are the regions that hold content and a renderer, the primary first.
func (c *Config) Regions() []string {
	if c.AWS.Standby == "" {
		return []string{c.AWS.Region}
	}
	return []string{c.AWS.Region, c.AWS.Standby}
}

// ForEnv returns the config of an environment. For the one that the file
// describes that is the config itself; any other is a trial: the primary
// region alone, without a domain, with neither pipeline nor workflow of its own,
// which nobody watches.
func (c *Config) ForEnv(env string) *Config {
	out := *c
	if env == "" || env == c.AWS.Env {
		return &out
	}
	out.AWS.Env, out.AWS.Trial = env, true
	out.AWS.Standby, out.AWS.Recovery, out.AWS.Routing = "", "", Routing{}
	out.AWS.Rehearsal = c.AWS.rehearses(env)
	out.AWS.GitHub, out.AWS.Pipeline = GitHub{}, Pipeline{}
	out.AWS.Compute = ComputeLambda // a fleet has a domain
	out.AWS.Budget, out.AWS.Probe = Budget{}, false
	// Nobody attacks a trial, and the account's guards are not its to delete.
	out.AWS.Edge, out.AWS.AccountGuards = Edge{}, false
	out.Domain, out.Zone, out.Branches, out.BaseURL = "", Zone{}, false, ""
	return &out
}

// Site is the part of blog.yaml that shapes pages.
type Site struct {
	Title       string
	Description string
	BaseURL     string     // scheme and host without a slash at the end: "https://example.com"
	Author      string     // shown when a post names none
	Languages   []Language // the first is the default and lives at the root
	PerPage     int        // posts on one page of a list
	OldURLs     []string   // forms of addresses that posts had before: "/posts/{slug}/"
	Timezone    string     // of dates that name none, by its IANA name; empty for UTC
	Nav         []NavItem
	Shows       []Show
	Cards       bool // a picture with its title is drawn for each post
	Math        bool // a post has formulas unless it says otherwise
	Images      bool // variants are made of images, and what they say of their origin is left out
	Security    Security
}

// Language is one language of the site.
type Language struct {
	Tag    string // BCP 47: "zh-Hant"
	Prefix string // path segment: "zh" for /zh/; empty for the default language
	Title  string // the site's title in this language; empty for Site.Title
	Desc   string // the site's description in this language
}

// NavItem is a link in every page's header.
type NavItem struct {
	Text map[string]string // by language tag; the default language's is required
	URL  string            // a path: "/tags/"; a language's prefix is added to it
}

// Default is the configuration of a folder that has no blog.yaml: one
// language, enough to preview it.
func Default() *Config {
	return &Config{
		Site: Site{
			Title:     "Blog",
			Languages: []Language{{Tag: "en", Title: "Blog"}},
			PerPage:   10,
			Cards:     true,
			Images:    true,
		},
		AWS: AWS{
			Name:             "blog",
			Env:              Prod,
			Region:           "ap-southeast-1",
			RendererMemory:   1769,
			LogRetentionDays: 30,
			Compute:          ComputeLambda,
			Fleet:            Fleet{InstanceType: "t4g.small", Min: 2, Max: 4, Zones: 2},
		},
	}
}
