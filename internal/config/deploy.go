package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/suggest"
)

// maxDomain leaves room for "origin." in the first name of a certificate,
// which has at most 64 octets
// (https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html).
const maxDomain = 64 - len("origin.")

var (
	labelForm   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	zoneForm    = regexp.MustCompile(`^Z[A-Z0-9]{4,31}$`)
	// Nothing that IAM could take for a wildcard passes.
	repositoryForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,99}(@[0-9]+)?/[A-Za-z0-9._-]{1,100}(@[0-9]+)?$`)
)

// scalar returns a field that hands a text to check and stores it when check
// finds no fault in it. Check returns what is wrong and how to fix it.
func (r *reader) scalar(key string, to *string, check func(string) (wrong, hint string)) func(*yaml.Node) {
	return func(n *yaml.Node) {
		s := ""
		r.text(key, &s)(n)
		if n.Kind != yaml.ScalarNode {
			return
		}
		if wrong, hint := check(s); wrong != "" {
			r.errorf(n, hint, "%s: %s", key, wrong)
			return
		}
		*to = s
	}
}

func (r *reader) baseURL(to *string) func(*yaml.Node) {
	return r.scalar("base_url", to, func(s string) (string, string) {
		const hint = "scheme and host alone, for example https://d111111abcdef8.cloudfront.net"
		u, err := url.Parse(s)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
			return fmt.Sprintf("%q is not an address", s), hint
		case u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
			return fmt.Sprintf("%q has more than a scheme and a host", s), "write " + u.Scheme + "://" + u.Host
		}
		return "", ""
	})
}

func (r *reader) domain(to *string) func(*yaml.Node) {
	return r.scalar("domain", to, func(s string) (string, string) {
		const hint = "a host name, for example blog.example.com"
		labels := strings.Split(s, ".")
		switch {
		case strings.Contains(s, "://") || strings.Contains(s, "/"):
			return fmt.Sprintf("%q is an address, not a domain", s), hint
		case s != strings.ToLower(s):
			return fmt.Sprintf("%q has upper-case letters", s), "write " + strings.ToLower(s)
		case strings.ContainsFunc(s, func(c rune) bool { return c > 127 }):
			return fmt.Sprintf("%q is not in ASCII", s), "write its punycode form, which begins with xn--"
		case len(s) > maxDomain:
			return fmt.Sprintf("%q has more than %d characters", s, maxDomain), "a certificate has no room for a longer one"
		case len(labels) < 2 || slices.ContainsFunc(labels, func(l string) bool { return !labelForm.MatchString(l) }):
			return fmt.Sprintf("%q is not a domain", s), hint
		case labels[1] == "branch":
			return fmt.Sprintf("%q is where a branch would be", s), "the edge function takes NAME.branch.… for the branch NAME; choose another"
		}
		return "", ""
	})
}

func (r *reader) zoneID(to *string) func(*yaml.Node) {
	return r.scalar("hosted_zone.id", to, func(s string) (string, string) {
		if !zoneForm.MatchString(s) {
			return fmt.Sprintf("%q is not the id of a hosted zone", s),
				"it begins with Z: `aws route53 list-hosted-zones` shows it behind /hostedzone/"
		}
		return "", ""
	})
}

func (r *reader) part(key string, to *string) func(*yaml.Node) {
	check := names.CheckName
	if key == "env" {
		check = names.CheckEnv
	}
	return r.scalar("aws."+key, to, func(s string) (string, string) {
		if err := check(s); err != nil {
			return err.Error(), "it is part of every resource's name, some of which are short"
		}
		return "", ""
	})
}

func (r *reader) account(to *string) func(*yaml.Node) {
	return r.scalar("aws.account", to, func(s string) (string, string) {
		if !accountForm.MatchString(s) {
			return fmt.Sprintf("%q is not an account id", s), "twelve digits, in quotes, or leave it out to use that of the credentials"
		}
		return "", ""
	})
}

func (r *reader) region(key string, to *string) func(*yaml.Node) {
	return r.scalar(key, to, func(s string) (string, string) {
		if _, ok := regions[s]; ok || s == "" && key == "aws.standby" {
			return "", ""
		}
		var codes []string
		for code := range regions {
			codes = append(codes, code)
		}
		hint := "the code of a region, for example ap-southeast-1"
		if near := suggest.Word(s, codes); near != "" {
			hint = "did you mean " + near + "?"
		}
		return fmt.Sprintf("%q is not a region of AWS", s), hint
	})
}

func (r *reader) retention(to *int) func(*yaml.Node) {
	const key = "aws.log_retention_days"
	return func(n *yaml.Node) {
		v := *to
		before := len(r.probs)
		r.number(key, 1, retentions[len(retentions)-1], &v)(n)
		if len(r.probs) > before {
			return
		}
		i, exact := slices.BinarySearch(retentions, v)
		if !exact {
			r.errorf(n, fmt.Sprintf("%d and %d are the nearest", retentions[i-1], retentions[i]),
				"%s: CloudWatch cannot keep logs for %d days", key, v)
			return
		}
		*to = v
	}
}

// github reads the repository that publishes: its name alone, or keys.
func (r *reader) github(n *yaml.Node, g *GitHub) {
	g.CreateProvider = true
	if n.Kind == yaml.ScalarNode {
		r.repository("aws.github", &g.Repository)(n)
		return
	}
	r.mapping(n, "aws.github", fields{
		"repository":      r.repository("aws.github.repository", &g.Repository),
		"create_provider": r.boolean("aws.github.create_provider", &g.CreateProvider),
		"deploy":          r.boolean("aws.github.deploy", &g.Deploy),
	})
	if n.Kind == yaml.MappingNode && r.at["aws.github.repository"] == 0 {
		r.probs.Errorf(r.file, r.at["aws.github"], "add for example repository: octocat/blog", "aws.github without a repository")
	}
}

func (r *reader) repository(key string, to *string) func(*yaml.Node) {
	return r.scalar(key, to, func(s string) (string, string) {
		if !repositoryForm.MatchString(s) {
			return fmt.Sprintf("%q is not a repository of GitHub", s),
				"owner and name, for example octocat/blog, or octocat@123/blog@456 as the repository's OIDC settings show it"
		}
		return "", ""
	})
}

// addresses checks domain, hosted_zone and base_url against each other and
// derives the base URL.
func (r *reader) addresses(cfg *Config) {
	zoneLine, zone := r.at["hosted_zone"]
	domainLine, domain := r.at["domain"]
	switch {
	case zone && !domain:
		r.probs.Errorf(r.file, zoneLine, "add domain, or delete hosted_zone", "hosted_zone without a domain")
	case zone && domain && !cfg.Zone.Create && cfg.Zone.ID == "" && r.at["hosted_zone.id"] == 0:
		r.probs.Errorf(r.file, zoneLine, "give the id of a zone that exists, or create: true", "hosted_zone has neither an id nor create: true")
	case domain && !zone:
		r.probs.Errorf(r.file, domainLine, "add hosted_zone with the id of the domain's zone, or with create: true", "domain without a hosted_zone")
	}
	if cfg.Branches && !domain {
		r.probs.Errorf(r.file, r.at["branches"], "add domain, or delete branches", "branches without a domain: CloudFront's own name has no names below it")
	}
	if line, ok := r.at["base_url"]; ok && domain {
		r.probs.Errorf(r.file, line, "delete base_url: a domain is the address", "base_url and domain are both set")
	}
	if d := cfg.LiveDomain(); d != "" {
		cfg.BaseURL = "https://" + d
	}
}

// regions checks the two regions against each other.
func (r *reader) regions(cfg *Config) {
	if cfg.AWS.Standby != "" && cfg.AWS.Standby == cfg.AWS.Region {
		r.probs.Errorf(r.file, r.at["aws.standby"], "choose another, or leave it out to have one region",
			"aws.standby is the primary region, %s", cfg.AWS.Region)
	}
}
