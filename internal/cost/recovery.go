package cost

import (
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/recovery"
)

// Extra is what a strategy of recovery costs in a month beside the same blog in
// its primary region alone. It is nothing for a blog without a standby.
func Extra(cfg *config.Config, s recovery.Strategy, u Usage) float64 {
	alone := *cfg
	alone.AWS.Standby, alone.AWS.Recovery, alone.AWS.Routing = "", "", config.Routing{}
	return Estimate(cfg.WithRecovery(s), u).Total - Estimate(&alone, u).Total
}
