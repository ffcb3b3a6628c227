package cost

import (
	"strings"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
)

// parts are what a bill is made of, each a group of lines.
var parts = []func(*meter){delivery, record, rendering, dns, keeping, watching, deploying, fleet, protecting}

// What one act takes. The calls of a publish are those that TestRequests of
// package release counts; the rest is rounded up from what the tests of the
// renderer and of the edge function show.
const (
	callsPerPublish   = 2   // of the route table; a large one makes more
	writesPerPublish  = 3   // of S3, beside the pages' objects
	readsPerPublish   = 40  // of S3, in each region: records, sources
	objectsPerPage    = 4   // the page, its two compressed variants, its recipe
	objectKB          = 12  // of one of the objects of a page, on average
	tableReadsPerView = 3.0 // the current release, the path's entry, where readers are sent
	secondsPerPage    = 0.1 // of one whole CPU, most of it compression
	secondsPerRequest = 0.02
	logKBPerCall      = 1.0
	mailsPerMonth     = 30
	wholeCPU          = 1769.0 // MB
)

// delivery is what CloudFront charges.
func delivery(m *meter) {
	gb := float64(m.u.Views) * m.u.KBPerView / 1e6
	for _, class := range []struct {
		name  string
		share float64
	}{{asia, m.u.AsiaShare}, {west, 1 - m.u.AsiaShare}} {
		m.use(transfer, class.name, gb*class.share, "")
		m.use(httpsRequests, class.name, m.requests()*class.share, "")
	}
	// It runs for all but assets: a view is one page and what it needs.
	runs := float64(m.u.Views) * (1 + m.u.DynamicPerView)
	m.use(functionRuns, "", runs, "")
	m.use(tableReads, "", runs*tableReadsPerView, "")
	m.use(tableCalls, "", float64(m.u.Publishes)*callsPerPublish+m.pages()/routes.MaxUpdate, "")
}

// record is what S3 charges: for both regions the same, and for the copies of
// replication, which is a net behind the publisher's own double write and sends
// everything once more.
func record(m *meter) {
	for i, region := range m.cfg.Regions() {
		m.use(stored, region, m.u.StoredGB, "")
		w := m.pages()*objectsPerPage + float64(m.u.Publishes)*writesPerPublish
		if i > 0 {
			w *= 2 // replication writes what the publisher wrote
		}
		m.use(writes, region, w, "")
		r := float64(m.u.Publishes) * readsPerPublish
		if i == 0 {
			r += m.requests() * m.u.MissShare
		}
		m.use(reads, region, r, "")
	}
	if m.cfg.AWS.Standby != "" {
		m.use(betweenRegions, m.cfg.AWS.Region, m.pages()*objectsPerPage*objectKB/1e6, "")
	}
}

// rendering is what the renderers charge: batches of publishers in each
// region, and readers' requests in the primary.
func rendering(m *meter) {
	memory := float64(m.cfg.AWS.RendererMemory)
	perGB := memory / 1024
	slower := max(1, wholeCPU/memory) // a smaller function has a share of a CPU
	for i, region := range m.cfg.RendererRegions() {
		calls := float64(m.u.Publishes) * 2
		seconds := m.pages() * secondsPerPage * slower
		if i == 0 {
			calls += m.dynamic()
			seconds += m.dynamic() * secondsPerRequest
			m.use(apiRequests, region, m.dynamic(), "")
		}
		m.use(invocations, region, calls, "")
		m.use(computing, region, seconds*perGB, "")
		m.use(logs, region, calls*logKBPerCall/1e6, "")
	}
}

// dns is what Route 53 charges. Questions for the blog's names cost nothing:
// they are aliases of CloudFront and API Gateway.
func dns(m *meter) {
	if m.cfg.Domain == "" {
		return
	}
	m.use(hostedZone, "", 1, "")
	if m.cfg.LiveDomain() == "" {
		return
	}
	// A region's own check is over HTTPS. What takes a region out is one that
	// looks for a text besides, and one that is calculated from the two.
	own, drains := float64(len(m.cfg.RecordRegions())), float64(len(m.cfg.Drainable()))
	m.use(healthChecks, "", own+2*drains, "")
	m.use(checkFeatures, "", own+2*drains, "")
}

// keeping is what secrets and keys cost.
func keeping(m *meter) {
	copies := 1 // of the origin secret, in us-east-1
	for _, region := range m.cfg.RendererRegions() {
		if region != names.GlobalRegion {
			copies++
		}
	}
	m.use(secrets, "", float64(copies), "origin secret and its copies")
	if m.cfg.LiveDomain() == "" {
		hosts := 0
		for _, region := range m.cfg.RendererRegions() {
			hosts++
			if region != names.GlobalRegion {
				hosts++
			}
		}
		m.use(secrets, "", float64(hosts), "host names of renderers, without a domain")
	}
	if m.cfg.AWS.Compute == config.ComputeFleet {
		ids := 0
		for _, region := range m.cfg.RendererRegions() {
			ids++
			if region != names.GlobalRegion {
				ids++
			}
		}
		m.use(secrets, "", float64(ids), "ids of the fleets' VPC origins")
	}
	if m.cfg.AWS.KMS {
		m.use(keys, "", float64(len(m.cfg.Regions())), "")
		m.use(keyUses, "", (m.pages()*objectsPerPage+m.requests()*m.u.MissShare)/100, "") // a bucket key stands for many
	}
}

const (
	alarmsPerRegion = 4 // that watch one renderer
	alarmsOfEdge    = 4
	// probeRequests are a month's of a health check from three regions: twice a
	// minute, and some two checkers in each.
	probeRequests = 520_000
)

// watching is what alarms, the dashboard and logs cost. In prod there is an
// alarm more for each function that acts on alarms.
func watching(m *meter) {
	remedies := 0.0
	if m.cfg.AWS.Env == config.Prod {
		remedies = 1
		m.use(dashboards, "", 1, "")
	}
	for _, region := range m.cfg.RendererRegions() {
		m.use(alarms, region, alarmsPerRegion+remedies, "")
		m.use(customMetrics, region, float64(len(renderer.Metrics())), "")
	}
	edge := alarmsOfEdge + remedies
	if m.cfg.AWS.Probe {
		edge++
		m.use(healthChecks, "", 1, "health check of the first page")
		m.use(checkFeatures, "", 1, "health check of the first page: HTTPS")
		m.use(httpsRequests, west, probeRequests, "requests of the health check")
		m.use(functionRuns, "", probeRequests, "runs of the edge function for it")
		m.use(tableReads, "", probeRequests*tableReadsPerView, "reads of the route table for it")
	}
	m.use(alarms, names.GlobalRegion, edge, "alarms at the edge")
	if a := m.cfg.AWS; a.TrialDays > 0 && !a.Trial {
		m.use(alarms, names.GlobalRegion, 1, "alarm of who deletes trials")
	}
	if m.cfg.AWS.AlarmEmail != "" {
		m.use(mails, "", mailsPerMonth, "")
	}
}

// What a pipeline takes to bring one commit to the readers, rounded up from how
// long its scripts run on a machine of two CPUs.
const (
	deploysPerMonth = 4
	testMinutes     = 20
	deployMinutes   = 20 // the rehearsal and the blog
)

// deploying is what a pipeline charges. The rehearsal's own bill is that of
// another environment.
func deploying(m *meter) {
	if m.cfg.AWS.Pipeline.Connection == "" {
		return
	}
	m.use(testBuilds, "", deploysPerMonth*testMinutes, "")
	m.use(deployBuilds, "", deploysPerMonth*deployMinutes, "")
	m.use(pipelineMinutes, "", deploysPerMonth*(testMinutes+deployMinutes), "")
}

// hoursPerMonth is 365 days in twelve months.
const hoursPerMonth = 730

// fleet is what instances behind a load balancer cost, while no more than the
// fewest are needed. Requests that reach a renderer are still a line of the API's
// price, which is more than a load balancer takes for them.
func fleet(m *meter) {
	f := m.cfg.AWS.Fleet
	if m.cfg.AWS.Compute != config.ComputeFleet {
		return
	}
	for _, region := range m.cfg.RendererRegions() {
		n := float64(f.Min)
		m.use(balancers, region, 1, "")
		m.use(endpoints, region, float64(f.Zones)*hoursPerMonth, "")
		m.use(volumes, region, n*volumeGB, "")
		m.use(alarms, region, 2, "alarms of the fleet")
		size, t4g := strings.CutPrefix(f.InstanceType, "t4g.")
		if times := t4gSizes[size]; t4g && times > 0 {
			m.use(smallHours, region, n*hoursPerMonth*times, "instances, in hours of a t4g.small")
		} else {
			m.use(otherHours, region, n*hoursPerMonth, "instances: "+f.InstanceType)
		}
	}
}

// volumeGB is the disk of an instance.
const volumeGB = 8

// t4gSizes are how many of the small one another costs.
var t4gSizes = map[string]float64{"nano": 0.25, "micro": 0.5, "small": 1, "medium": 2, "large": 4, "xlarge": 8, "2xlarge": 16}
