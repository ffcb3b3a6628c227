package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/victorleungtw/blog/internal/cloud"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/recovery"
	"github.com/victorleungtw/blog/internal/traffic"
)

const trafficHelp = `Traffic shows which region readers are sent to first, and sends them to another.

Usage: blog traffic [flags]
       blog traffic --to REGION [flags]
       blog traffic --to auto [flags]
       blog traffic --weights REGION=N,REGION=N [flags]

Nothing here is needed when a region fails: a page that one region cannot give
comes from the other in the same request, and health checks move search and the
API. It is for taking a region out before it fails, or keeping it out until it
is trusted again. Whatever is said, the other region is asked when the first
one does not answer.

    --to REGION      everything goes to this region first; the other is drained
    --to auto        nobody says: pages from the primary first, search and the
                     API wherever health checks lead
    --weights A=N,B=N
                     of a hundred viewers, so many have their pages from each
                     region first; a viewer is always among the same. Search
                     and the API stay as they are
    --json           as JSON on standard output

The edges hear of it within seconds, and no DNS record is edited. Publishing,
rolling back and repairing leave it as it is. Exit status 4 when what the
regions and the edge say does not fit together.

    $ blog traffic --weights ap-southeast-1=90,ap-east-1=10
    $ blog traffic --to ap-east-1
    $ blog traffic --to auto
` + placeHelp

func (a *app) traffic(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("traffic", flag.ContinueOnError)
	p.flags(fs)
	to := fs.String("to", "", "")
	weights := fs.String("weights", "", "")
	if err := a.parse(fs, trafficHelp, args); err != nil {
		return err
	}
	switch {
	case *to != "" && *weights != "":
		return &usageError{"--to sends everybody to one region; it does not go with --weights", "traffic "}
	case p.primary != "" && !strings.Contains(p.primary, ":"):
		return &usageError{"traffic is about both regions as they are; it takes no --primary " + p.primary, "traffic "}
	}
	cfg, err := a.configuration(&p)
	if err != nil {
		return err
	}
	c, err := a.open(ctx, &p, cfg)
	if err != nil {
		return err
	}
	w, err := switchOf(c, cfg, p.local+p.primary == "")
	if err != nil {
		return err
	}
	var change traffic.Change
	if *to != "" {
		change, err = changeTo(w, *to)
	} else if *weights != "" {
		change, err = changeWeights(w, *weights)
	}
	if err != nil {
		return &usageError{err.Error(), "traffic "}
	}
	if change != (traffic.Change{}) {
		left, err := w.Set(ctx, change)
		if err != nil {
			return err
		}
		for _, err := range left {
			fmt.Fprintf(a.err, "warning: %v\n    hint: while it is away it drains nobody; run blog traffic when it is back\n", err)
		}
	}
	s, err := w.Read(ctx)
	if err != nil {
		return err
	}
	r := report(s, w)
	if p.json {
		if err := a.json(r); err != nil {
			return err
		}
	} else {
		a.show(r, unsteered(cfg, w, p.local+p.primary == ""))
	}
	if len(r.Problems) > 0 && change == (traffic.Change{}) {
		return &exitError{exitDrift}
	}
	return nil
}

// switchOf is the switch of a place with two regions.
func switchOf(c *cloud.Cloud, cfg *config.Config, aws bool) (*traffic.Switch, error) {
	if aws && cfg.AWS.Recovery == recovery.BackupRestore {
		return nil, fmt.Errorf("there is a bucket in %s and no renderer: aws.recovery is %s\n    hint: docs/runbook.md says how to restore; any other strategy can be switched",
			cfg.AWS.Standby, cfg.AWS.Recovery)
	}
	if len(c.Regions) < 2 {
		return nil, fmt.Errorf("there is one region, and nothing to choose between\n    hint: add standby to blog.yaml, and deploy")
	}
	region := func(i int) traffic.Region {
		return traffic.Region{Name: c.Regions[i].Name, Bucket: c.Regions[i].Bucket}
	}
	return &traffic.Switch{Primary: region(0), Standby: region(1), Table: c.Table}, nil
}

// changeTo reads --to.
func changeTo(w *traffic.Switch, to string) (traffic.Change, error) {
	standby, dynamic := 0, ""
	switch to {
	case w.Primary.Name:
		dynamic = traffic.ToPrimary
	case w.Standby.Name:
		standby, dynamic = 100, traffic.ToStandby
	case "auto":
	default:
		return traffic.Change{}, fmt.Errorf("--to %s: there is no such region; there are %s and %s, and auto", to, w.Primary.Name, w.Standby.Name)
	}
	return traffic.Change{Standby: &standby, Dynamic: &dynamic}, nil
}

// changeWeights reads --weights.
func changeWeights(w *traffic.Switch, text string) (traffic.Change, error) {
	shares := map[string]int{}
	for part := range strings.SplitSeq(text, ",") {
		name, number, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(number)
		_, twice := shares[name]
		switch {
		case name != w.Primary.Name && name != w.Standby.Name:
			return traffic.Change{}, fmt.Errorf("--weights %s: there is no region %q; there are %s and %s", text, name, w.Primary.Name, w.Standby.Name)
		case err != nil || n < 0 || n > 100:
			return traffic.Change{}, fmt.Errorf("--weights %s: %q is no number from 0 to 100", text, number)
		case twice:
			return traffic.Change{}, fmt.Errorf("--weights %s: %s is there twice", text, name)
		}
		shares[name] = n
	}
	if sum := shares[w.Primary.Name] + shares[w.Standby.Name]; len(shares) != 2 || sum != 100 {
		return traffic.Change{}, fmt.Errorf("--weights %s: want both regions, and a hundred in all: %s=90,%s=10", text, w.Primary.Name, w.Standby.Name)
	}
	standby := shares[w.Standby.Name]
	return traffic.Change{Standby: &standby}, nil
}

// trafficReport is what blog traffic shows.
type trafficReport struct {
	Pages    map[string]int `json:"pages"`   // of a hundred viewers, by region
	Dynamic  string         `json:"dynamic"` // a region, or auto
	Drained  []string       `json:"drained"`
	Problems []string       `json:"problems"`

	primary, standby string
}

func report(s traffic.State, w *traffic.Switch) trafficReport {
	r := trafficReport{
		Pages:   map[string]int{w.Primary.Name: 100 - s.Steering.Standby, w.Standby.Name: s.Steering.Standby},
		Dynamic: "auto", Drained: append([]string{}, s.Drained()...), Problems: append([]string{}, s.Problems()...),
		primary: w.Primary.Name, standby: w.Standby.Name,
	}
	switch s.Steering.Dynamic {
	case traffic.ToPrimary:
		r.Dynamic = w.Primary.Name
	case traffic.ToStandby:
		r.Dynamic = w.Standby.Name
	}
	return r
}

// unsteered is where dynamic requests go when nobody says.
func unsteered(cfg *config.Config, w *traffic.Switch, aws bool) string {
	d := cfg.LiveDomain()
	if !aws || d == "" || !cfg.AWS.Recovery.Record() {
		return w.Primary.Name
	}
	return fmt.Sprintf("wherever origin.%s leads (%s)", d, cfg.AWS.Routing.Policy)
}

func (a *app) show(r trafficReport, host string) {
	switch n := r.Pages[r.standby]; n {
	case 0:
		fmt.Fprintf(a.out, "pages     %s first, then %s\n", r.primary, r.standby)
	case 100:
		fmt.Fprintf(a.out, "pages     %s first, then %s\n", r.standby, r.primary)
	default:
		fmt.Fprintf(a.out, "pages     for %d of 100 viewers %s first, for %d %s\n", 100-n, r.primary, n, r.standby)
	}
	other := r.primary
	switch r.Dynamic {
	case "auto":
		fmt.Fprintf(a.out, "dynamic   %s\n", host)
	case r.primary:
		other = r.standby
		fallthrough
	default:
		fmt.Fprintf(a.out, "dynamic   %s first, then %s\n", r.Dynamic, other)
	}
	drained := "none"
	if len(r.Drained) > 0 {
		drained = strings.Join(r.Drained, " and ")
	}
	fmt.Fprintf(a.out, "drained   %s\n", drained)
	for _, p := range r.Problems {
		fmt.Fprintf(a.err, "warning: %s\n", p)
	}
}
