// Package emf writes metrics into a log: CloudWatch's embedded metric format
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//
// A Lambda's log line that is a JSON object with a member "_aws" tells
// CloudWatch Logs which of its other members are metrics. So a function says
// how much it did in the line that it writes anyway: no call to an API, no
// permission, nothing to wait for, and nothing lost that is not lost with the
// log.
//
// New returns a slog handler that writes one JSON object a line. A record with
// attributes made by Count or Milliseconds becomes such an object; any other
// record is what slog's own JSON handler makes of it.
//
// # Decisions
//
// Metrics stand at the top of a record: inside a group they would be members
// that CloudWatch does not find, so there they are numbers and no metrics. The
// same holds for attributes of Logger.With.
//
// Every metric has one dimension, Service. The format takes sets of dimensions
// and does not say that a set may be empty; and each combination of values is a
// metric that costs money, so nothing that varies is a dimension.
//
// CloudWatch may deliver a metric twice. Alarms here ask whether something
// happened, which twice does not change.
package emf

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strconv"
	"time"
)

// ServiceDimension is the dimension that every metric has.
const ServiceDimension = "Service"

// value is a metric's value, which is a number in the log line.
type value struct {
	n    float64
	unit string
}

// MarshalJSON writes the number alone.
func (v value) MarshalJSON() ([]byte, error) { return json.Marshal(v.n) }

// String is the same for other handlers, such as slog's for text.
func (v value) String() string { return strconv.FormatFloat(v.n, 'f', -1, 64) }

// Count is how often something happened, or how many there were.
func Count(name string, n int) slog.Attr {
	return slog.Any(name, value{float64(n), "Count"})
}

// Milliseconds is how long something took.
func Milliseconds(name string, d time.Duration) slog.Attr {
	return slog.Any(name, value{float64(d.Microseconds()) / 1000, "Milliseconds"})
}

// New returns a handler that writes to w, and metrics into a namespace for a
// service. Records below Info are left out.
func New(w io.Writer, namespace, service string) slog.Handler {
	return &handler{slog.NewJSONHandler(w, nil), namespace, service, false}
}

type handler struct {
	slog.Handler
	namespace, service string
	grouped            bool
}

// metadata is the member "_aws".
type metadata struct {
	Timestamp         int64 // milliseconds since 1970
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct{ Name, Unit string }

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	var metrics []definition
	r.Attrs(func(a slog.Attr) bool {
		if v, ok := a.Value.Any().(value); ok {
			metrics = append(metrics, definition{a.Key, v.unit})
		}
		return true
	})
	if len(metrics) > 0 && !h.grouped {
		r = r.Clone()
		r.AddAttrs(slog.String(ServiceDimension, h.service), slog.Any("_aws", metadata{
			Timestamp:         r.Time.UnixMilli(),
			CloudWatchMetrics: []directive{{h.namespace, [][]string{{ServiceDimension}}, metrics}},
		}))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := *h
	out.Handler = h.Handler.WithAttrs(attrs)
	return &out
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	out := *h
	out.Handler, out.grouped = h.Handler.WithGroup(name), h.grouped || name != ""
	return &out
}
