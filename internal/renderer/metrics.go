package renderer

// What the renderer counts, in its log (package emf). Alarms and the dashboard
// name these.
const (
	// Service is the value of the dimension that all of them have.
	Service = "renderer"
	// MetricPages is how many pages were rendered and MetricTime how long the
	// batch or the request took that rendered them, compression and storing
	// included.
	MetricPages = "PagesRendered"
	MetricTime  = "RenderTime"
	// MetricMissed counts the pages that a reader's request had to be rendered
	// for: the bucket should have had them.
	MetricMissed = "PagesMissed"
	// MetricMismatch counts recipes of another version, which were refused.
	MetricMismatch = "RendererVersionMismatch"
	// MetricFailed counts readers' requests that were answered 500.
	MetricFailed = "PagesFailed"
)

// Metrics are all of them.
func Metrics() []string {
	return []string{MetricPages, MetricTime, MetricMissed, MetricMismatch, MetricFailed}
}
