package config

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// config reads every key of blog.yaml into cfg, then checks what concerns more
// than one key.
func (r *reader) config(root *yaml.Node, cfg *Config) {
	var langs []*yaml.Node
	var nav, shows *yaml.Node
	r.mapping(root, "", fields{
		"title":       r.title(&cfg.Title),
		"description": r.text("description", &cfg.Description),
		"author":      r.text("author", &cfg.Author),
		"languages":   func(n *yaml.Node) { r.sequence(n, "languages", func(e *yaml.Node) { langs = append(langs, e) }) },
		"per_page":    r.number("per_page", 1, 100, &cfg.PerPage),
		"timezone":    r.timezone(&cfg.Timezone),
		"old_urls":    func(n *yaml.Node) { r.oldURLs(n, &cfg.OldURLs) },
		"nav":         func(n *yaml.Node) { nav = n },
		"cards":       r.boolean("cards", &cfg.Cards),
		"math":        r.boolean("math", &cfg.Math),
		"images":      r.boolean("images", &cfg.Images),
		"shows":       func(n *yaml.Node) { shows = n },
		"security":    func(n *yaml.Node) { r.security(n, &cfg.Security) },
		"base_url":    r.baseURL(&cfg.BaseURL),
		"domain":      r.domain(&cfg.Domain),
		"branches":    r.boolean("branches", &cfg.Branches),
		"hosted_zone": func(n *yaml.Node) { r.zone(n, &cfg.Zone) },
		"aws":         func(n *yaml.Node) { r.aws(n, &cfg.AWS) },
	})
	if r.at["title"] == 0 {
		r.probs.Errorf(r.file, 0, titleHint, "title is missing")
	}
	r.languages(langs, cfg)
	if nav != nil {
		r.nav(nav, cfg)
	}
	if shows != nil {
		r.shows(shows, cfg)
	}
	r.addresses(cfg)
	r.regions(cfg)
	r.recovery(cfg)
	r.optIn(cfg)
	r.deployers(cfg)
	r.fleets(cfg)
	r.watching(cfg)
	r.shields(cfg)
}

const titleHint = `write for example title: "Notes of a traveller"`

func (r *reader) title(to *string) func(*yaml.Node) {
	return r.scalar("title", to, func(s string) (string, string) {
		if s == "" {
			return "empty", titleHint
		}
		return "", ""
	})
}

func (r *reader) zone(n *yaml.Node, z *Zone) {
	r.mapping(n, "hosted_zone", fields{
		"create": r.boolean("hosted_zone.create", &z.Create),
		"id":     r.zoneID(&z.ID),
	})
}

func (r *reader) aws(n *yaml.Node, a *AWS) {
	r.mapping(n, "aws", fields{
		"name":               r.part("name", &a.Name),
		"env":                r.part("env", &a.Env),
		"account":            r.account(&a.Account),
		"region":             r.region("aws.region", &a.Region),
		"standby":            r.region("aws.standby", &a.Standby),
		"recovery":           r.strategy(&a.Recovery),
		"routing":            func(n *yaml.Node) { r.routing(n, &a.Routing) },
		"renderer_memory":    r.number("aws.renderer_memory", 128, 10240, &a.RendererMemory),
		"log_retention_days": r.retention(&a.LogRetentionDays),
		"kms":                r.boolean("aws.kms", &a.KMS),
		"alarm_email":        r.address("aws.alarm_email", &a.AlarmEmail),
		"github":             func(n *yaml.Node) { r.github(n, &a.GitHub) },
		"compute":            r.compute(&a.Compute),
		"fleet":              func(n *yaml.Node) { r.fleet(n, &a.Fleet) },
		"pipeline":           func(n *yaml.Node) { r.pipeline(n, &a.Pipeline) },
		"trial_days":         r.number("aws.trial_days", 1, 365, &a.TrialDays),
		"budget":             func(n *yaml.Node) { r.budget(n, &a.Budget) },
		"probe":              r.boolean("aws.probe", &a.Probe),
		"edge":               func(n *yaml.Node) { r.edge(n, &a.Edge) },
		"account_guards":     r.boolean("aws.account_guards", &a.AccountGuards),

		"permissions_boundary": r.boundary(&a.PermissionsBoundary),
	})
}

func keys(fs fields) []string { return slices.Sorted(maps.Keys(fs)) }

func list(fs fields) string { return strings.Join(keys(fs), ", ") }
