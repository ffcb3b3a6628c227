package config

import "testing"

func TestWatching(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      Budget
		problems  string
	}{
		{"none", "title: Blog\n", Budget{}, ""},
		{"whole", "title: Blog\naws:\n  budget: {monthly_usd: 20, email: me@example.com}\n", Budget{MonthlyUSD: 20, Email: "me@example.com"}, ""},
		{"who is told of alarms", "title: Blog\naws:\n  alarm_email: ops@example.com\n  budget: {monthly_usd: 20}\n", Budget{MonthlyUSD: 20, Email: "ops@example.com"}, ""},
		{
			"a monitor that exists", "title: Blog\naws:\n  budget: {monthly_usd: 20, email: a@b.c, anomaly_monitor: 'arn:aws:ce::123456789012:anomalymonitor/12345678-1234-1234-1234-123456789012'}\n",
			Budget{20, "a@b.c", "arn:aws:ce::123456789012:anomalymonitor/12345678-1234-1234-1234-123456789012"}, "",
		},
		{
			"nought", "title: Blog\naws:\n  alarm_email: a@b.c\n  budget:\n    monthly_usd: 0\n", Budget{Email: "a@b.c"},
			":5: aws.budget.monthly_usd: a budget of 0 | write what a month may cost, for example 20, or delete aws.budget to be told of nothing\n",
		},
		{
			"less than nought, and nobody", "title: Blog\naws:\n  budget:\n    monthly_usd: -3\n", Budget{},
			":3: aws.budget tells nobody | add email below it, or alarm_email below aws\n" +
				":4: aws.budget.monthly_usd: want a number from 1 to 1000000, got -3\n",
		},
		{
			"no sum", "title: Blog\naws:\n  budget: {email: a@b.c}\n", Budget{Email: "a@b.c"},
			":3: aws.budget without monthly_usd | add for example monthly_usd: 20\n",
		},
		{
			"a sum alone", "title: Blog\naws: {alarm_email: a@b.c, budget: 20}\n", Budget{Email: "a@b.c"},
			":2: aws.budget: want keys and values, got \"20\" | its keys are anomaly_monitor, email, monthly_usd\n",
		},
		{
			"another ARN", "title: Blog\naws: {alarm_email: a@b.c, budget: {monthly_usd: 1, anomaly_monitor: x}}\n", Budget{MonthlyUSD: 1, Email: "a@b.c"},
			":2: aws.budget.anomaly_monitor: \"x\" is not a monitor of cost anomalies | `aws ce get-anomaly-monitors` shows its MonitorArn\n",
		},
		{
			"a probe that tells nobody", "title: Blog\naws: {probe: true}\n", Budget{},
			":2: warning: aws.probe tells nobody | add alarm_email\n",
		},
		{"a probe", "title: Blog\naws: {probe: true, alarm_email: a@b.c}\n", Budget{}, ""},
	} {
		cfg, probs := Parse("blog.yaml", []byte(c.src))
		if got := show(probs); got != c.problems {
			t.Errorf("%s: problems\n%swant\n%s", c.name, got, c.problems)
		}
		if cfg.AWS.Budget != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, cfg.AWS.Budget, c.want)
		}
		if trial := cfg.ForEnv("dev"); trial.AWS.Budget != (Budget{}) || trial.AWS.Probe {
			t.Errorf("%s: a trial is watched: %+v", c.name, trial.AWS)
		}
	}
}
