package config

import (
	"cmp"
	"fmt"
	"net/mail"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Budget says from when on the account's bill is news. The zero value is none.
type Budget struct {
	MonthlyUSD int    // of the whole account
	Email      string // who is told; AlarmEmail if not given
	// AnomalyMonitor is the ARN of the account's monitor of unusual costs by
	// service, of which there can be one; empty to make it.
	AnomalyMonitor string
}

var monitorForm = regexp.MustCompile(`^arn:aws:ce::[0-9]{12}:anomalymonitor/[0-9a-f-]{36}$`)

// budget reads aws.budget.
func (r *reader) budget(n *yaml.Node, b *Budget) {
	r.mapping(n, "aws.budget", fields{
		"monthly_usd": r.dollars("aws.budget.monthly_usd", &b.MonthlyUSD),
		"email":       r.address("aws.budget.email", &b.Email),
		"anomaly_monitor": r.scalar("aws.budget.anomaly_monitor", &b.AnomalyMonitor, func(s string) (string, string) {
			if !monitorForm.MatchString(s) {
				return fmt.Sprintf("%q is not a monitor of cost anomalies", s), "`aws ce get-anomaly-monitors` shows its MonitorArn"
			}
			return "", ""
		}),
	})
	if n.Kind == yaml.MappingNode && r.at["aws.budget.monthly_usd"] == 0 {
		r.probs.Errorf(r.file, r.at["aws.budget"], "add for example monthly_usd: 20", "aws.budget without monthly_usd")
	}
}

// dollars is a whole number of dollars. Nought is not a small budget but a mail
// for every cent.
func (r *reader) dollars(key string, to *int) func(*yaml.Node) {
	number := r.number(key, 1, 1_000_000, to)
	return func(n *yaml.Node) {
		if v, err := strconv.Atoi(n.Value); err == nil && v == 0 {
			r.errorf(n, "write what a month may cost, for example 20, or delete aws.budget to be told of nothing", "%s: a budget of 0", key)
			return
		}
		number(n)
	}
}

// address is an email address, or empty.
func (r *reader) address(key string, to *string) func(*yaml.Node) {
	return r.scalar(key, to, func(s string) (string, string) {
		if a, err := mail.ParseAddress(s); s != "" && (err != nil || a.Address != s) {
			return fmt.Sprintf("%q is not an email address", s), "for example ops@example.com"
		}
		return "", ""
	})
}

// watching checks what is watched against who is told.
func (r *reader) watching(cfg *Config) {
	if line := r.at["aws.budget"]; line > 0 {
		b := &cfg.AWS.Budget
		b.Email = cmp.Or(b.Email, cfg.AWS.AlarmEmail)
		if b.Email == "" {
			r.probs.Errorf(r.file, line, "add email below it, or alarm_email below aws", "aws.budget tells nobody")
		}
	}
	if line := r.at["aws.probe"]; cfg.AWS.Probe && cfg.AWS.AlarmEmail == "" {
		r.probs.Warnf(r.file, line, "add alarm_email", "aws.probe tells nobody")
	}
}
