package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/victorleungtw/blog/internal/cost"
)

const costHelp = `Cost estimates what the blog of blog.yaml costs on AWS in a month.

Usage: blog cost [flags]

    --config FILE            the configuration; blog.yaml if not given. BLOG_ENV
                             names another environment of it
    --views N                pages that readers open; 100000
    --requests-per-view N    what one takes: the page, its style, its pictures; 4
    --kb-per-view N          what these weigh; 80
    --dynamic-per-view N     searches and other requests of a renderer; 0.02
    --asia SHARE             readers in CloudFront's dearer price class, 0 to 1;
                             0.7. The rest is in America and Europe
    --misses SHARE           requests that no edge has an answer to; 0.05
    --publishes N            30
    --pages-per-publish N    pages that a publish changes; 20
    --stored-gb N            in each region; 2
    --prices                 list the prices, and where each was read
    --json                   as JSON on standard output

Nothing is asked of AWS: prices are a list in the program, with its date. The
free tiers that stay are counted, as if nothing else were in the account; taxes,
support and the offers for new accounts are not. Below the sum stands what
CloudFront's flat-rate plans would make of it, and what keeps each from being
chosen.

    $ blog cost --views 1000000
    $ blog cost --json | jq .total_usd
`

func (a *app) cost(_ context.Context, args []string) error {
	var p place
	u := cost.Typical()
	fs := flag.NewFlagSet("cost", flag.ContinueOnError)
	fs.StringVar(&p.config, "config", "", "")
	fs.BoolVar(&p.json, "json", false, "")
	fs.IntVar(&u.Views, "views", u.Views, "")
	fs.Float64Var(&u.RequestsPerView, "requests-per-view", u.RequestsPerView, "")
	fs.Float64Var(&u.KBPerView, "kb-per-view", u.KBPerView, "")
	fs.Float64Var(&u.DynamicPerView, "dynamic-per-view", u.DynamicPerView, "")
	fs.Float64Var(&u.AsiaShare, "asia", u.AsiaShare, "")
	fs.Float64Var(&u.MissShare, "misses", u.MissShare, "")
	fs.IntVar(&u.Publishes, "publishes", u.Publishes, "")
	fs.IntVar(&u.PagesPerPublish, "pages-per-publish", u.PagesPerPublish, "")
	fs.Float64Var(&u.StoredGB, "stored-gb", u.StoredGB, "")
	prices := fs.Bool("prices", false, "")
	if err := a.parse(fs, costHelp, args); err != nil {
		return err
	}
	if err := u.Check(); err != nil {
		return &usageError{err.Error(), "cost "}
	}
	if *prices {
		return a.prices(p.json)
	}
	cfg, err := a.configuration(&p)
	if err != nil {
		return err
	}
	b := cost.Estimate(cfg, u)
	if p.json {
		return a.json(b)
	}
	a.bill(b)
	return nil
}

// bill prints an estimate as a table.
func (a *app) bill(b *cost.Bill) {
	fmt.Fprintf(a.out, "US dollars a month, list prices of %s; * a price from memory, not looked up\n\n", b.PricesOf)
	for _, service := range b.Services() {
		fmt.Fprintf(a.out, "%-82s %9s\n", service, dollars(b.Subtotal(service)))
		for _, l := range b.Lines {
			if l.Service != service || l.Quantity == 0 {
				continue
			}
			what, usd := l.What, dollars(l.USD)
			if l.Region != "" {
				what += ", " + l.Region
			}
			switch {
			case !l.Known:
				usd = "?"
			case l.Free:
				usd = "free"
			}
			mark := ""
			if l.Memory {
				mark = "*"
			}
			fmt.Fprintf(a.out, "  %-54s %12s %-13s %9s%s\n", what, amount(l.Quantity), l.Unit, usd, mark)
		}
	}
	fmt.Fprintf(a.out, "%-82s %9s\n\n", "in all", dollars(b.Total))
	for _, what := range b.Unpriced {
		fmt.Fprintf(a.out, "not in it, for want of a price: %s\n", what)
	}
	fmt.Fprint(a.out, "With a flat-rate plan of CloudFront instead of its lines and of the hosted zone:\n\n")
	for _, p := range b.Plans {
		fmt.Fprintf(a.out, "%-9s %8s  in all %9s", p.Name, dollars(p.USD), dollars(p.Total))
		if len(p.Over) > 0 {
			fmt.Fprintf(a.out, "; too small: %s", strings.Join(p.Over, ", "))
		}
		if len(p.Without) > 0 {
			fmt.Fprintf(a.out, "\n          cannot be chosen, it has not:\n          - %s", strings.Join(p.Without, "\n          - "))
		}
		fmt.Fprintln(a.out)
	}
	u := b.Usage
	fmt.Fprintf(a.out, `
Assumed: %s views of %s requests and %s KB, %s of them in Asia; no edge has an
answer to %s of requests; %s requests a view go to a renderer. %d publishes change
%d pages each; %s GB are stored in each region. Every one is a flag: blog cost --help
`, amount(float64(u.Views)), amount(u.RequestsPerView), amount(u.KBPerView), percent(u.AsiaShare),
		percent(u.MissShare), amount(u.DynamicPerView), u.Publishes, u.PagesPerPublish, amount(u.StoredGB))
}

// prices prints the price list.
func (a *app) prices(asJSON bool) error {
	list := cost.List()
	if asJSON {
		return a.json(list)
	}
	fmt.Fprintf(a.out, "US dollars, gone through on %s\n\n", cost.PricesOf)
	for _, p := range list {
		from := p.Source
		if from == "" {
			from = "from memory"
		} else {
			from += ", " + p.Date
		}
		name := p.Name
		if p.From > 0 {
			name += ", over " + amount(p.From)
		}
		fmt.Fprintf(a.out, "%-16s %-52s %-15s %13s for %s\n%16s %s\n", p.Service, name, p.Region,
			strconv.FormatFloat(p.USD, 'f', -1, 64), p.Unit, "", from)
	}
	return nil
}

func dollars(usd float64) string { return strconv.FormatFloat(usd, 'f', 2, 64) }

func percent(share float64) string { return amount(share*100) + " %" }

// amount writes a number for people: three digits that matter, thousands apart.
func amount(n float64) string {
	decimals := 0
	for unit := 100.0; decimals < 4 && math.Abs(n) < unit && math.Abs(n-math.Round(n)) > 1e-9; unit /= 10 {
		decimals++
	}
	s := strconv.FormatFloat(n, 'f', decimals, 64)
	whole, rest, dot := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest = strings.TrimRight(rest, "0"); dot && rest != "" {
		return whole + "." + rest
	}
	return whole
}
