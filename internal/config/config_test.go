package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/recovery"
)

// show prints problems as line: message | hint, one a line.
func show(probs problem.List) string {
	var b strings.Builder
	for _, p := range probs {
		b.WriteString(strings.TrimPrefix(p.String(), "blog.yaml"))
		if p.Hint != "" {
			b.WriteString(" | " + p.Hint)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestParseWhole(t *testing.T) {
	cfg, probs := Parse("blog.yaml", []byte(`
title: Notes
description: On things
author: A. Writer
languages:
  - en
  - tag: zh-Hant
    title: 筆記
    description: 談事
  - tag: ja
    prefix: nihongo
per_page: 20
timezone: Asia/Hong_Kong
old_urls: ["/{slug}/", "/{year}/{month}/{slug}.html"]
nav:
  - {url: /tags/, text: {en: Tags, zh-Hant: 標籤}}
  - {url: /about/, text: About}
domain: blog.example.com
hosted_zone: {create: true, id: Z0123456789ABC}
branches: true
aws:
  name: notes
  env: live
  account: 012345678901
  region: eu-west-1
  standby: eu-south-1
  recovery: active-active
  routing: {policy: weighted, weights: {eu-west-1: 80, eu-south-1: 20}}
  renderer_memory: 512
  log_retention_days: 14
  kms: true
  alarm_email: ops@example.com
  github: {repository: octocat@123/my.blog@456, create_provider: false}
`))
	if probs.Err() != nil {
		t.Fatalf("problems:\n%s", show(probs))
	}
	want := &Config{
		Site: Site{
			Title: "Notes", Description: "On things", Author: "A. Writer",
			BaseURL: "https://blog.example.com",
			Languages: []Language{
				{Tag: "en", Title: "Notes", Desc: "On things"},
				{Tag: "zh-Hant", Prefix: "zh", Title: "筆記", Desc: "談事"},
				{Tag: "ja", Prefix: "nihongo", Title: "Notes", Desc: "On things"},
			},
			PerPage: 20, Timezone: "Asia/Hong_Kong", Cards: true, Images: true, OldURLs: []string{"/{slug}/", "/{year}/{month}/{slug}.html"},
			Nav: []NavItem{
				{URL: "/tags/", Text: map[string]string{"en": "Tags", "zh-Hant": "標籤"}},
				{URL: "/about/", Text: map[string]string{"en": "About"}},
			},
		},
		Domain: "blog.example.com",
		Zone:   Zone{Create: true, ID: "Z0123456789ABC"}, Branches: true,
		AWS: AWS{
			Name: "notes", Env: "live", Account: "012345678901",
			Region: "eu-west-1", Standby: "eu-south-1",
			Recovery: recovery.ActiveActive, Routing: Routing{Policy: Weighted, Weights: map[string]int{"eu-west-1": 80, "eu-south-1": 20}, Switch: true},
			RendererMemory: 512, LogRetentionDays: 14, KMS: true, AlarmEmail: "ops@example.com",
			GitHub:  GitHub{Repository: "octocat@123/my.blog@456"},
			Compute: ComputeLambda, Fleet: Default().AWS.Fleet,
		},
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}

func TestDefaults(t *testing.T) {
	for _, src := range []string{
		"title: Blog",
		"title: Blog\nlanguages:\nnav:\ndomain:\nhosted_zone:\nbase_url:\naws:\n",
		"title: Blog\naws:\n  standby:\n  account: ''\n"[:len("title: Blog\naws:\n  standby:\n")],
		"%YAML 1.1\n---\ntitle: Blog\n",
		"\ufefftitle: Blog\r\n",
	} {
		cfg, probs := Parse("blog.yaml", []byte(src))
		if len(probs) > 0 || !reflect.DeepEqual(cfg, Default()) {
			t.Errorf("%q: %+v\n%s", src, cfg, show(probs))
		}
	}
}

// Every default passes the checks that a written value must pass.
func TestDefaultIsValid(t *testing.T) {
	d := Default()
	if _, err := names.New(d.AWS.Name, d.AWS.Env); err != nil {
		t.Error(err)
	}
	if _, ok := regions[d.AWS.Region]; !ok || OptIn(d.AWS.Region) {
		t.Errorf("default region %s", d.AWS.Region)
	}
}

const repositoryHint = " | owner and name, for example octocat/blog, or octocat@123/blog@456 as the repository's OIDC settings show it\n"

// A repository alone, and who makes GitHub known.
func TestGitHub(t *testing.T) {
	for src, want := range map[string]GitHub{
		"octocat/blog":               {Repository: "octocat/blog", CreateProvider: true},
		"'octocat@1/blog@2'":         {Repository: "octocat@1/blog@2", CreateProvider: true},
		"{repository: octocat/blog}": {Repository: "octocat/blog", CreateProvider: true},
		"{repository: octocat/blog, create_provider: false}":   {Repository: "octocat/blog", CreateProvider: false},
		"{repository: octocat/.github, create_provider: True}": {Repository: "octocat/.github", CreateProvider: true},
		"": {},
	} {
		cfg, probs := Parse("blog.yaml", []byte("title: Blog\naws:\n  github: "+src+"\n"))
		if len(probs) > 0 || cfg.AWS.GitHub != want {
			t.Errorf("%s: %+v\n%s", src, cfg.AWS.GitHub, show(probs))
		}
		if trial := cfg.ForEnv("dev").AWS.GitHub; trial != (GitHub{}) {
			t.Errorf("%s: %+v publishes to a trial", src, trial)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"empty file", "", ": title is missing | write for example title: \"Notes of a traveller\"\n"},
		{"only comments", "# nothing\n", ": title is missing | write for example title: \"Notes of a traveller\"\n"},
		{"empty title", "author: x\ntitle: '  '\n", ":2: title: empty | write for example title: \"Notes of a traveller\"\n"},
		{"not YAML", "title: Blog\nnav: [a\n", ":1: not YAML: did not find expected ',' or ']' | blog.yaml is `key: value` lines, indented with spaces\n"},
		{"tab", "title: Blog\naws:\n\tregion: x\n", ":3: not YAML: found character that cannot start any token | blog.yaml is `key: value` lines, indented with spaces\n"},
		{"a carriage return is no line", "title: [a\r\r\rb: c: d", ":1: not YAML: did not find expected ',' or ']' | blog.yaml is `key: value` lines, indented with spaces\n"},
		{"a list", "- a\n", ":1: want keys and values, got a list | blog.yaml is `key: value` lines, indented with spaces\n"},
		{"a scalar", "hello\n", ":1: want keys and values, got \"hello\" | blog.yaml is `key: value` lines, indented with spaces\n"},
		{"two documents", "title: Blog\n---\ntitle: Other\n", ":2: a second document, which nothing reads | delete the line with ---\n"},
		{"camel case", "title: Blog\nperPage: 3\n", ":2: unknown key \"perPage\" | did you mean per_page?\n"},
		{"swapped letters", "title: Blog\naws:\n  stnadby: ap-east-1\n", ":3: unknown key \"aws.stnadby\" | did you mean standby?\n"},
		{"nothing near", "title: Blog\nhosted_zone: {colour: red}\ndomain: a.b\n",
			":2: hosted_zone has neither an id nor create: true | give the id of a zone that exists, or create: true\n" +
				":2: unknown key \"hosted_zone.colour\" | its keys are create, id\n"},
		{"merge key", "title: Blog\n<<: {author: x}\n", ":2: unknown key \"<<\" | the keys are author, aws, base_url, branches, cards, description, domain, hosted_zone, images, languages, math, nav, old_urls, per_page, security, shows, timezone, title\n"},
		{"zone", "title: Blog\ntimezone: Mars/Olympus\n", ":2: timezone: \"Mars/Olympus\" is not a time zone | a name such as Asia/Hong_Kong or Europe/Berlin\n"},
		{"zone of this machine", "title: Blog\ntimezone: Local\n", ":2: timezone: \"Local\" is not a time zone | a name such as Asia/Hong_Kong or Europe/Berlin\n"},
		{"zone a path", "title: Blog\ntimezone: ../../etc/passwd\n", ":2: timezone: \"../../etc/passwd\" is not a time zone | a name such as Asia/Hong_Kong or Europe/Berlin\n"},
		{"twice", "title: Blog\ntitle: Other\n", ":2: title is set twice, first in line 1 | keep one of the two\n"},
		{"aws a text", "title: Blog\naws: sg\n", ":2: aws: want keys and values, got \"sg\" | its keys are account, account_guards, alarm_email, budget, compute, edge, env, fleet, github, kms, log_retention_days, name, permissions_boundary, pipeline, probe, recovery, region, renderer_memory, routing, standby, trial_days\n"},
		{"github a list", "title: Blog\naws:\n  github: [a/b]\n", ":3: aws.github: want keys and values, got a list | its keys are create_provider, deploy, repository\n"},
		{"github without a repository", "title: Blog\naws:\n  github:\n    create_provider: no\n    repo: a/b\n",
			":3: aws.github without a repository | add for example repository: octocat/blog\n" +
				":4: aws.github.create_provider: want true or false, got \"no\"\n" +
				":5: unknown key \"aws.github.repo\" | its keys are create_provider, deploy, repository\n"},
		{"every repository", "title: Blog\naws: {github: octocat/*}\n", ":2: aws.github: \"octocat/*\" is not a repository of GitHub" + repositoryHint},
		{"any letter", "title: Blog\naws: {github: {repository: 'octocat/blo?'}}\n", ":2: aws.github.repository: \"octocat/blo?\" is not a repository of GitHub" + repositoryHint},
		{"a claim", "title: Blog\naws: {github: 'octocat/blog:ref:refs/heads/main'}\n", ":2: aws.github: \"octocat/blog:ref:refs/heads/main\" is not a repository of GitHub" + repositoryHint},
		{"an address", "title: Blog\naws: {github: 'https://github.com/octocat/blog'}\n", ":2: aws.github: \"https://github.com/octocat/blog\" is not a repository of GitHub" + repositoryHint},
		{"owner alone", "title: Blog\naws: {github: octocat}\n", ":2: aws.github: \"octocat\" is not a repository of GitHub" + repositoryHint},
		{"title a list", "title: [a]\n", ":1: title: want a text, got a list\n"},
		{"not a number", "title: Blog\nper_page: ten\n", ":2: per_page: want a whole number, got \"ten\"\n"},
		{"half a number", "title: Blog\nper_page: 1.5\n", ":2: per_page: want a whole number, got \"1.5\"\n"},
		{"zero", "title: Blog\nper_page: 0\n", ":2: per_page: want a number from 1 to 100, got 0\n"},
		{"too many", "title: Blog\nper_page: 101\n", ":2: per_page: want a number from 1 to 100, got 101\n"},
		{"languages a text", "title: Blog\nlanguages: en\n",
			":2: languages: the list is empty | write for example languages: [en]\n" +
				":2: languages: want a list, got \"en\" | write one `- ` line for each\n"},
		{"no languages", "title: Blog\nlanguages: []\n", ":2: languages: the list is empty | write for example languages: [en]\n"},
		{"no such language", "title: Blog\nlanguages: [en, klingonese]\n", ":2: \"klingonese\" is not a language tag | a BCP 47 tag, for example en, zh-Hant or pt-BR\n"},
		{"unknown subtag", "title: Blog\nlanguages: [en, xx]\n", ":2: \"xx\" is not a language tag | a BCP 47 tag, for example en, zh-Hant or pt-BR\n"},
		{"und", "title: Blog\nlanguages: [und]\n", ":2: \"und\" is not a language tag | a BCP 47 tag, for example en, zh-Hant or pt-BR\n"},
		{"no tag", "title: Blog\nlanguages:\n  - title: x\n", ":3: a language without a tag | a BCP 47 tag, for example en, zh-Hant or pt-BR\n"},
		{"not canonical", "title: Blog\nlanguages: [en, zh_hant, iw]\n",
			":2: language tag \"iw\" is not in its canonical form | write he\n" +
				":2: language tag \"zh_hant\" is not in its canonical form | write zh-Hant\n"},
		{"same language", "title: Blog\nlanguages:\n  - en\n  - ja\n  - en\n", ":5: language en is listed twice, first in line 3 | delete one of the two\n"},
		{"same prefix", "title: Blog\nlanguages:\n  - en\n  - {tag: ja, prefix: x}\n  - {tag: ko, prefix: x}\n", ":5: prefix \"x\" is taken by the language in line 4 | choose another\n"},
		{"default prefix", "title: Blog\nlanguages:\n  - tag: en\n    prefix: en\n", ":4: the first language is the default and has no prefix | delete it, or move the language down the list\n"},
		{"bad prefix", "title: Blog\nlanguages:\n  - en\n  - {tag: ja, prefix: /ja/}\n", ":4: \"/ja/\" cannot be a language's prefix | lower-case letters, digits and hyphens, for example zh\n"},
		{"taken path", "title: Blog\nlanguages:\n  - en\n  - {tag: ja, prefix: asset}\n  - {tag: ko, prefix: '2024'}\n",
			":4: prefix \"asset\" means something else on the site: /asset/ | choose another\n" +
				":5: prefix \"2024\" means something else on the site: /2024/ | choose another\n"},
		{"nav urls", "title: Blog\nlanguages: [en, ja]\nnav:\n  - {text: a, url: tags/}\n  - {text: a, url: 'https://x.y/'}\n  - {text: a, url: //x/}\n  - {text: a}\n  - {text: a, url: /ja/tags/}\n",
			":4: nav: \"tags/\" is not an absolute path | a path of this site that begins and ends with a slash, for example /tags/\n" +
				":5: nav: \"https://x.y/\" is not an absolute path | a path of this site that begins and ends with a slash, for example /tags/\n" +
				":6: nav: \"//x/\" is not an absolute path | a path of this site that begins and ends with a slash, for example /tags/\n" +
				":7: nav: a link without a url | a path of this site that begins and ends with a slash, for example /tags/\n" +
				":8: nav: \"/ja/tags/\" has the prefix of a language | write it without /ja: each language adds its own\n"},
		{"nav without a slash", "title: Blog\nnav:\n  - {text: a, url: /about}\n  - {text: Feed, url: /feed.xml}\n", ":3: warning: nav: \"/about\" leads to its page only by a redirect | write /about/\n"},
		{"nav texts", "title: Blog\nlanguages: [en, ja]\nnav:\n  - {url: /a/, text: {ja: x}}\n  - {url: /b/, text: {en: x, fr: y}}\n  - /c/\n  - {url: /d/, text: ''}\n",
			":4: nav: no text in en | the default language's text is shown where a translation is missing\n" +
				":5: unknown key \"nav.text.fr\" | its keys are en, ja\n" +
				":6: nav: want keys and values, got \"/c/\" | its keys are text, url\n" +
				":7: nav: no text in en | the default language's text is shown where a translation is missing\n"},
		{"base url", "title: Blog\nbase_url: https://x.y/\n", ":2: base_url: \"https://x.y/\" has more than a scheme and a host | write https://x.y\n"},
		{"base url bare", "title: Blog\nbase_url: x.y\n", ":2: base_url: \"x.y\" is not an address | scheme and host alone, for example https://d111111abcdef8.cloudfront.net\n"},
		{"both", "title: Blog\nbase_url: https://x.y\ndomain: x.y\nhosted_zone: {create: true}\n", ":2: base_url and domain are both set | delete base_url: a domain is the address\n"},
		{"domain", "title: Blog\ndomain: https://x.y\nhosted_zone: {create: true}\n", ":2: domain: \"https://x.y\" is an address, not a domain | a host name, for example blog.example.com\n"},
		{"domain upper", "title: Blog\ndomain: X.org\nhosted_zone: {create: true}\n", ":2: domain: \"X.org\" has upper-case letters | write x.org\n"},
		{"domain unicode", "title: Blog\ndomain: bücher.example\nhosted_zone: {create: true}\n", ":2: domain: \"bücher.example\" is not in ASCII | write its punycode form, which begins with xn--\n"},
		{"domain one label", "title: Blog\ndomain: localhost\nhosted_zone: {create: true}\n", ":2: domain: \"localhost\" is not a domain | a host name, for example blog.example.com\n"},
		{"domain dot", "title: Blog\ndomain: x.y.\nhosted_zone: {create: true}\n", ":2: domain: \"x.y.\" is not a domain | a host name, for example blog.example.com\n"},
		{"domain star", "title: Blog\ndomain: '*.y.z'\nhosted_zone: {create: true}\n", ":2: domain: \"*.y.z\" is not a domain | a host name, for example blog.example.com\n"},
		{"domain long", "title: Blog\ndomain: " + strings.Repeat("a", 56) + ".b\nhosted_zone: {create: true}\n", ":2: domain: \"" + strings.Repeat("a", 56) + ".b\" has more than 57 characters | a certificate has no room for a longer one\n"},
		{"domain of a branch", "title: Blog\ndomain: x.branch.y.z\nhosted_zone: {create: true}\n", ":2: domain: \"x.branch.y.z\" is where a branch would be | the edge function takes NAME.branch.… for the branch NAME; choose another\n"},
		{"branches alone", "title: Blog\nbranches: true\n", ":2: branches without a domain: CloudFront's own name has no names below it | add domain, or delete branches\n"},
		{"branches of what", "title: Blog\ndomain: x.y\nhosted_zone: {create: true}\nbranches: all\n", ":4: branches: want true or false, got \"all\"\n"},
		{"domain alone", "title: Blog\ndomain: x.y\n", ":2: domain without a hosted_zone | add hosted_zone with the id of the domain's zone, or with create: true\n"},
		{"zone alone", "title: Blog\nhosted_zone: {create: true}\n", ":2: hosted_zone without a domain | add domain, or delete hosted_zone\n"},
		{"zone undecided", "title: Blog\ndomain: x.y\nhosted_zone: {create: false}\n", ":3: hosted_zone has neither an id nor create: true | give the id of a zone that exists, or create: true\n"},
		{"zone id", "title: Blog\ndomain: x.y\nhosted_zone: {id: /hostedzone/Z123456}\n", ":3: hosted_zone.id: \"/hostedzone/Z123456\" is not the id of a hosted zone | it begins with Z: `aws route53 list-hosted-zones` shows it behind /hostedzone/\n"},
		{"zone create", "title: Blog\ndomain: x.y\nhosted_zone: {create: maybe, id: Z123456}\n", ":3: hosted_zone.create: want true or false, got \"maybe\"\n"},
		{"account", "title: Blog\naws: {account: 1234}\n", ":2: aws.account: \"1234\" is not an account id | twelve digits, in quotes, or leave it out to use that of the credentials\n"},
		{"region", "title: Blog\naws:\n  region: ap-southeast1\n", ":3: aws.region: \"ap-southeast1\" is not a region of AWS | did you mean ap-southeast-1?\n"},
		{"region by city", "title: Blog\naws:\n  region: singapore\n", ":3: aws.region: \"singapore\" is not a region of AWS | the code of a region, for example ap-southeast-1\n"},
		{"standby is primary", "title: Blog\naws:\n  region: eu-west-1\n  standby: eu-west-1\n", ":4: aws.standby is the primary region, eu-west-1 | choose another, or leave it out to have one region\n"},
		{"standby is the default primary", "title: Blog\naws: {standby: ap-southeast-1}\n", ":2: aws.standby is the primary region, ap-southeast-1 | choose another, or leave it out to have one region\n"},
		{"old urls", "title: Blog\nold_urls: [/x/, \"/{slug}/\", \"/{slug}/\", \"/{slug}/{hour}\", \"//{slug}\"]\n",
			":2: old_urls: \"//{slug}\" is not the form of a path | a path made of {slug}, {year}, {month} and {day}, for example /posts/{slug}/\n" +
				":2: old_urls: \"/x/\" has no {slug}, and so is the same for every post | a path made of {slug}, {year}, {month} and {day}, for example /posts/{slug}/\n" +
				":2: old_urls: \"/{slug}/\" is listed twice | delete one of the two\n" +
				":2: old_urls: \"/{slug}/{hour}\" has {hour} | a path made of {slug}, {year}, {month} and {day}, for example /posts/{slug}/\n"},
		{"memory", "title: Blog\naws: {renderer_memory: 64}\n", ":2: aws.renderer_memory: want a number from 128 to 10240, got 64\n"},
		{"retention", "title: Blog\naws: {log_retention_days: 31}\n", ":2: aws.log_retention_days: CloudWatch cannot keep logs for 31 days | 30 and 60 are the nearest\n"},
		{"days of a trial", "title: Blog\naws: {trial_days: 0}\n", ":2: aws.trial_days: want a number from 1 to 365, got 0\n"},
		{"retention range", "title: Blog\naws: {log_retention_days: 0}\n", ":2: aws.log_retention_days: want a number from 1 to 3653, got 0\n"},
		{"name", "title: Blog\naws: {name: My_Blog}\n", ":2: aws.name: name \"My_Blog\": want lower-case letters, digits and single hyphens, a letter first | it is part of every resource's name, some of which are short\n"},
		{"env", "title: Blog\naws: {env: production1}\n", ":2: aws.env: environment \"production1\" is longer than 10 characters | it is part of every resource's name, some of which are short\n"},
		{"kms", "title: Blog\naws: {kms: alias/x}\n", ":2: aws.kms: want true or false, got \"alias/x\"\n"},
		{"email", "title: Blog\naws: {alarm_email: Ops <ops@example.com>}\n", ":2: aws.alarm_email: \"Ops <ops@example.com>\" is not an email address | for example ops@example.com\n"},
		{"everything at once", "titel: Blog\nper_page: x\nlanguages: [e]\naws:\n  region: mars\n  kms: x\n",
			": title is missing | write for example title: \"Notes of a traveller\"\n" +
				":1: unknown key \"titel\" | did you mean title?\n" +
				":2: per_page: want a whole number, got \"x\"\n" +
				":3: \"e\" is not a language tag | a BCP 47 tag, for example en, zh-Hant or pt-BR\n" +
				":5: aws.region: \"mars\" is not a region of AWS | the code of a region, for example ap-southeast-1\n" +
				":6: aws.kms: want true or false, got \"x\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, probs := Parse("blog.yaml", []byte(c.src))
			if cfg == nil {
				t.Fatal("no config")
			}
			if got := show(probs); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestPrefixes(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"[en, zh-Hant, ja]", " zh ja"},
		{"[en, zh-Hant, zh-Hans]", " zh zh-hans"},
		{"[en, zh-Hant, {tag: zh-Hans, prefix: zh}]", " zh-hant zh"},
		{"[zh-Hant, en]", " en"},
		{"[en, pt-BR, pt-PT]", " pt pt-pt"},
	} {
		cfg, probs := Parse("blog.yaml", []byte("title: Blog\nlanguages: "+c.src+"\n"))
		var got []string
		for _, l := range cfg.Languages {
			got = append(got, l.Prefix)
		}
		if s := strings.Join(got, " "); s != c.want || len(probs) > 0 {
			t.Errorf("%s: prefixes %q, want %q\n%s", c.src, s, c.want, show(probs))
		}
	}
}

func TestZoneToCreateHasNoDomainYet(t *testing.T) {
	const src = "title: Blog\ndomain: x.y\nhosted_zone: {create: true}\n"
	cfg, probs := Parse("blog.yaml", []byte(src))
	if len(probs) > 0 || cfg.LiveDomain() != "" || cfg.BaseURL != "" || cfg.Domain != "x.y" {
		t.Errorf("before the zone exists: %+v\n%s", cfg, show(probs))
	}
}

func TestForEnv(t *testing.T) {
	cfg, _ := Parse("blog.yaml", []byte("title: Blog\ndomain: x.y\nhosted_zone: {id: Z123456}\nbranches: true\naws: {standby: ap-east-1}\n"))
	if same := cfg.ForEnv(""); !reflect.DeepEqual(same, cfg) {
		t.Errorf("ForEnv(\"\"): %+v", same)
	}
	if same := cfg.ForEnv("prod"); !reflect.DeepEqual(same, cfg) {
		t.Errorf("ForEnv(prod): %+v", same)
	}
	dev := cfg.ForEnv("dev")
	if dev.AWS.Env != "dev" || !dev.AWS.Trial || cfg.AWS.Trial || len(dev.Regions()) != 1 || dev.LiveDomain() != "" || dev.BaseURL != "" || dev.Branches {
		t.Errorf("ForEnv(dev): %+v", dev)
	}
	if cfg.AWS.Standby == "" || cfg.BaseURL != "https://x.y" {
		t.Errorf("ForEnv changed its receiver: %+v", cfg)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "blog.yaml")
	cfg, probs := Load(missing)
	if cfg == nil || len(probs) != 1 || !strings.HasSuffix(probs[0].String(), "blog.yaml: reading the configuration: no such file or directory") || probs[0].Hint == "" {
		t.Errorf("a missing file: %v", probs)
	}
	if err := os.WriteFile(missing, []byte("title: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if cfg, probs := Load(missing); len(probs) > 0 || cfg.Title != "x" {
		t.Errorf("%+v\n%v", cfg, probs)
	}
}

// The blog.yaml of this project is an example for every other.
func TestOwnFile(t *testing.T) {
	cfg, probs := Load("../../blog.yaml")
	if probs.Err() != nil {
		t.Fatal(probs)
	}
	for _, item := range cfg.Nav {
		for _, l := range cfg.Languages {
			if item.Text[l.Tag] == "" {
				t.Errorf("nav %s has no text in %s", item.URL, l.Tag)
			}
		}
	}
	if _, err := names.New(cfg.AWS.Name, cfg.AWS.Env); err != nil {
		t.Error(err)
	}
}

// No file makes the parser panic, and whatever passes is whole.
func FuzzParse(f *testing.F) {
	f.Add("title: Blog\nlanguages: [en, {tag: ja}]\nnav: [{text: {en: x}, url: /}]\naws: {region: eu-west-1}\n")
	f.Add("a: &a [*a]\n")
	f.Add("title: &a\n  b: *a\n")
	f.Add("? [a]\n: b\n")
	f.Fuzz(func(t *testing.T, src string) {
		cfg, probs := Parse("blog.yaml", []byte(src))
		if probs.Err() != nil {
			return
		}
		if cfg.Title == "" || len(cfg.Languages) == 0 || cfg.PerPage < 1 || cfg.AWS.Region == cfg.AWS.Standby {
			t.Errorf("passed, and is not whole: %+v", cfg)
		}
		seen := map[string]bool{}
		for _, l := range cfg.Languages {
			if l.Tag == "" || seen[l.Prefix] {
				t.Errorf("language %+v", l)
			}
			seen[l.Prefix] = true
		}
	})
}
