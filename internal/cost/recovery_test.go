package cost

import (
	"math"
	"testing"

	"github.com/victorleungtw/blog/internal/recovery"
)

// Each strategy costs more than the one before it, as the paper has them, and by
// what its parts cost.
func TestExtra(t *testing.T) {
	const domain = "domain: blog.example.com\nhosted_zone: {id: Z0123456789ABC}\n"
	quiet := Usage{StoredGB: 1}
	for _, c := range []struct {
		yaml string
		want map[recovery.Strategy]float64
	}{
		// A GB at 0.0275 in Hong Kong; the origin secret's copy, and five alarms
		// beside the free ten.
		{domain + "aws: {standby: ap-east-1}\n", map[recovery.Strategy]float64{
			recovery.BackupRestore: 0.0275, recovery.PilotLight: 0.90 + 0.0275,
			recovery.WarmStandby: 1 + 0.90 + 0.0275, recovery.ActiveActive: 5 + 0.90 + 0.0275,
		}},
		{domain + "aws: {standby: ap-east-1, routing: {policy: failover, switch: true}}\n", map[recovery.Strategy]float64{
			recovery.WarmStandby: 3 + 0.90 + 0.0275,
		}},
		// Two secrets for the host name; no records.
		{"aws: {standby: ap-east-1}\n", map[recovery.Strategy]float64{
			recovery.BackupRestore: 0.0275, recovery.PilotLight: 1.70 + 0.0275, recovery.WarmStandby: 1.70 + 0.0275,
		}},
		{"", map[recovery.Strategy]float64{recovery.WarmStandby: 0}},
	} {
		cfg := parse(t, c.yaml)
		for s, want := range c.want {
			if got := Extra(cfg, s, quiet); math.Abs(got-want) > 0.01 {
				t.Errorf("%s: %s costs %.4f, want %.4f", c.yaml, s, got, want)
			}
		}
	}
}
