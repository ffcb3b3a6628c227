package main

import (
	"fmt"
	"time"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/cost"
	"github.com/victorleungtw/blog/internal/recovery"
)

// recovery lists the strategies and marks the configured one.
func (a *app) recovery(cfg *config.Config) {
	if cfg.AWS.Standby == "" {
		return
	}
	fmt.Fprintf(a.out, "when %s is lost, with %s beside it:\n", cfg.AWS.Region, cfg.AWS.Standby)
	fmt.Fprintf(a.out, "  %-15s %-9s %-16s %-16s %-8s %s\n", "", "pages", "api", "publishing", "lost", "USD a month")
	for _, p := range recovery.Promises(cfg.Domain != "") {
		mark := " "
		if p.Strategy == cfg.AWS.Recovery {
			mark = "*"
		}
		usd := fmt.Sprintf("%.2f", cost.Extra(cfg, p.Strategy, cost.Typical()))
		if p.Strategy == recovery.ActiveActive && cfg.Domain == "" {
			usd = "needs a domain"
		}
		fmt.Fprintf(a.out, "%s %-15s %-9s %-16s %-16s %-8s %s\n", mark, p.Strategy,
			objective(p.Pages), objective(p.Dynamic), objective(p.Publish), loss(p.RPO), usd)
	}
	fmt.Fprintln(a.out, "  * is the one in use; none has been measured on AWS. blog cost shows what the prices are of.")
}

func objective(o recovery.Objective) string {
	s := span(o.RTO)
	if o.ByHand {
		s += " by hand"
	}
	return s
}

func loss(d time.Duration) string {
	if d == 0 {
		return "nothing"
	}
	return span(d)
}

// span writes seconds or minutes, rounded up.
func span(d time.Duration) string {
	if d < 100*time.Second {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%d min", int((d+time.Minute-1)/time.Minute))
}
