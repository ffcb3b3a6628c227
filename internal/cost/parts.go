package cost

import (
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/routes"
)

// parts are what a bill is made of, each a group of lines.
var parts = []func(*meter){delivery, record, rendering, dns, keeping, watching, deploying}

// What one act takes. The calls of a publish are those that TestRequests of
// package release counts; the rest is rounded up from what the tests of the
// renderer and of the edge function show.
const (
	callsPerPublish   = 2   // of the route table; a large one makes more
	writesPerPublish  = 3   // of S3, beside the pages' objects
	readsPerPublish   = 40  // of S3, in each region: records, sources
	objectsPerPage    = 4   // the page, its two compressed variants, its recipe
	objectKB          = 12  // of one of the objects of a page, on average
	tableReadsPerView = 2.0 // the current release, and the path's entry
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
	for i, region := range m.cfg.Regions() {
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
	n := float64(len(m.cfg.Regions()))
	m.use(healthChecks, "", n, "")
	m.use(checkFeatures, "", n, "")
}

// keeping is what secrets and keys cost.
func keeping(m *meter) {
	copies := 1 // of the origin secret, in us-east-1
	for _, region := range m.cfg.Regions() {
		if region != names.GlobalRegion {
			copies++
		}
	}
	m.use(secrets, "", float64(copies), "origin secret and its copies")
	if m.cfg.LiveDomain() == "" {
		hosts := 0
		for _, region := range m.cfg.Regions() {
			hosts++
			if region != names.GlobalRegion {
				hosts++
			}
		}
		m.use(secrets, "", float64(hosts), "host names of renderers, without a domain")
	}
	if m.cfg.AWS.KMS {
		m.use(keys, "", float64(len(m.cfg.Regions())), "")
		m.use(keyUses, "", (m.pages()*objectsPerPage+m.requests()*m.u.MissShare)/100, "") // a bucket key stands for many
	}
}

// alarmsPerRegion watch one renderer.
const (
	alarmsPerRegion  = 4
	metricsPerRegion = 2
)

// watching is what alarms and logs cost.
func watching(m *meter) {
	for _, region := range m.cfg.Regions() {
		m.use(alarms, region, alarmsPerRegion, "")
		m.use(customMetrics, region, metricsPerRegion, "")
	}
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
