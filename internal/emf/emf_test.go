package emf

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/slogtest"
	"time"
)

// units are those that a MetricDefinition may name
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html).
var units = strings.Fields("Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits Gigabits Terabits Percent Count None")

// metricsOf reads a log line as CloudWatch does, and fails where it does not
// keep to the specification.
func metricsOf(t *testing.T, line []byte) map[string]float64 {
	t.Helper()
	var root map[string]json.RawMessage
	if err := json.Unmarshal(line, &root); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if root["_aws"] == nil {
		return nil
	}
	var aws struct {
		Timestamp         *int64
		CloudWatchMetrics []struct {
			Namespace  *string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	}
	dec := json.NewDecoder(bytes.NewReader(root["_aws"]))
	dec.DisallowUnknownFields() // objects of the format have no other members
	if err := dec.Decode(&aws); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if aws.Timestamp == nil || len(aws.CloudWatchMetrics) == 0 {
		t.Fatalf("%s: a required member of _aws is missing", line)
	}
	out := map[string]float64{}
	for _, d := range aws.CloudWatchMetrics {
		if d.Namespace == nil || *d.Namespace == "" || len(*d.Namespace) > 1024 || len(d.Dimensions) == 0 || len(d.Metrics) == 0 || len(d.Metrics) > 100 {
			t.Errorf("%s: a directive is not whole", line)
		}
		for _, set := range d.Dimensions {
			if len(set) == 0 || len(set) > 30 {
				t.Errorf("%s: a set of %d dimensions", line, len(set))
			}
			for _, name := range set { // its value stands at the root, and is a text
				var value string
				if err := json.Unmarshal(root[name], &value); err != nil || value == "" || len(value) > 1024 {
					t.Errorf("%s: dimension %s: %v", line, name, err)
				}
			}
		}
		for _, m := range d.Metrics {
			var value float64
			if err := json.Unmarshal(root[m.Name], &value); err != nil {
				t.Errorf("%s: metric %s: %v", line, m.Name, err)
			}
			if !slices.Contains(units, m.Unit) {
				t.Errorf("%s: metric %s in %q", line, m.Name, m.Unit)
			}
			out[m.Name] = value
		}
	}
	return out
}

func TestMetrics(t *testing.T) {
	for name, c := range map[string]struct {
		log  func(*slog.Logger)
		want map[string]float64
	}{
		"none":    {func(l *slog.Logger) { l.Info("request", "ms", 3) }, nil},
		"a count": {func(l *slog.Logger) { l.Info("x", Count("Pages", 3), "path", "/") }, map[string]float64{"Pages": 3}},
		"two": {
			func(l *slog.Logger) {
				l.Error("x", Count("Pages", 0), Milliseconds("Time", 1500*time.Microsecond))
			},
			map[string]float64{"Pages": 0, "Time": 1.5},
		},
		"beside what With adds": {func(l *slog.Logger) { l.With("region", "x").Info("x", Count("Pages", 1)) }, map[string]float64{"Pages": 1}},
		"in a group":            {func(l *slog.Logger) { l.WithGroup("g").Info("x", Count("Pages", 1)) }, nil},
		"below Info":            {func(l *slog.Logger) { l.Debug("x", Count("Pages", 1)); l.Info("y") }, nil},
	} {
		var b bytes.Buffer
		c.log(slog.New(New(&b, "blog-prod", "renderer")))
		if got := metricsOf(t, b.Bytes()); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v in %s", name, got, c.want, b.String())
		}
		if strings.Count(b.String(), "\n") != 1 {
			t.Errorf("%s: more than a line: %s", name, b.String())
		}
	}
}

// The time of the metric is the time of the record, in milliseconds.
func TestTimestamp(t *testing.T) {
	var b bytes.Buffer
	at := time.Date(2026, 11, 24, 17, 0, 0, 123e6, time.UTC)
	r := slog.NewRecord(at, slog.LevelInfo, "x", 0)
	r.AddAttrs(Count("Pages", 1))
	if err := New(&b, "n", "s").Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"Timestamp":1795539600123`) {
		t.Error(b.String())
	}
}

// Under another handler a metric is its number.
func TestOtherHandlers(t *testing.T) {
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", Count("Pages", 3), Milliseconds("Time", 1500*time.Microsecond))
	if !strings.HasSuffix(b.String(), "msg=x Pages=3 Time=1.5\n") {
		t.Error(b.String())
	}
}

// It is a handler like any other.
func TestHandler(t *testing.T) {
	var b bytes.Buffer
	slogtest.Run(t, func(t *testing.T) slog.Handler {
		b.Reset()
		return New(&b, "n", "s")
	}, func(t *testing.T) map[string]any {
		var m map[string]any
		if err := json.Unmarshal(b.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		return m
	})
}
