// Package recovery is what can be lost with a region, and for how long: the four
// strategies of AWS's paper on disaster recovery
// (https://docs.aws.amazon.com/whitepapers/latest/disaster-recovery-workloads-on-aws/disaster-recovery-options-in-the-cloud.html),
// in its order, as this system has them. Configuration names one (aws.recovery),
// the stacks follow it, `blog check` shows what each promises and costs.
//
// # What each is here
//
//	                  in the standby region         pages and assets     dynamic requests
//	backup-restore    bucket                        per request, bucket  after a deployment
//	pilot-light       bucket, renderer              per request          by hand, at the edge
//	warm-standby      bucket, renderer, SECONDARY   per request          by themselves, with a domain
//	active-active     bucket, renderer, record of   per request          both regions answer,
//	                  its own                                            always
//
// Pages are the same in all of them, and that is not an oversight: they are stored
// in both buckets before anybody can see them (with backup-restore soon after), and
// CloudFront asks the second origin within the same request. So it does for a
// search, where a renderer stands in the standby region. What a strategy buys is
// the rest: the API, and whether somebody has to get up at night.
//
// # What the figures are
//
// An RTO is the longest time that the design leaves readers without an answer,
// counted from the parts that it is made of (Because says how); none has been
// measured on AWS. Where a person has to act, it counts from when they do. An RPO
// is what of the published content can be lost: the publisher writes both regions
// before it shows anything, so that it is nothing, except where no renderer stands
// in the second region and S3's replication brings the pages.
//
// What a strategy costs is package cost's to say.
package recovery

import "time"

// Strategy is one of the four, by its name in blog.yaml.
type Strategy string

// The strategies, from the cheapest to the quickest.
const (
	BackupRestore Strategy = "backup-restore"
	PilotLight    Strategy = "pilot-light"
	WarmStandby   Strategy = "warm-standby"
	ActiveActive  Strategy = "active-active"
)

// Strategies are all of them, in the paper's order.
func Strategies() []Strategy {
	return []Strategy{BackupRestore, PilotLight, WarmStandby, ActiveActive}
}

// Renderer says whether a renderer stands in the standby region.
func (s Strategy) Renderer() bool { return s != BackupRestore && s != "" }

// Record says whether Route 53 leads dynamic requests to the standby region too.
func (s Strategy) Record() bool { return s == WarmStandby || s == ActiveActive }

// Promise is what a strategy is good for when the primary region is lost.
type Promise struct {
	Strategy Strategy
	Pages    Objective // what readers read: pages, feeds, assets
	Dynamic  Objective // /api/*, and /search where no renderer stands by
	Publish  Objective // the author's next post
	// RPO is how much of what was published can be lost: the age of the oldest
	// change that only the lost region had.
	RPO        time.Duration
	RPOBecause string
}

// Objective is how soon something works again.
type Objective struct {
	RTO     time.Duration
	ByHand  bool // somebody has to do it, and RTO counts from when they do
	Because string
}

// What the figures are made of. They are the settings of the stacks and of the
// distribution; tests compare them with those.
const (
	// connect is how long CloudFront tries to connect to an origin before it
	// asks the other one: two attempts of two seconds.
	connect = 4 * time.Second
	// silent is how long a bucket that took the connection may say nothing.
	silent = 3 * time.Second
	// detect is three failed checks, half a minute apart.
	detect = 90 * time.Second
	// ttl is for how long the alias of an API's domain may be remembered.
	ttl = time.Minute
	// edges is for how long an edge may not have heard of the route table.
	edges = time.Minute
	// deploy is Render and Edge in another region, by CloudFormation.
	deploy = 45 * time.Minute
	// command is one of ours.
	command = 5 * time.Minute
)

// Promises are those of all strategies. Without a domain there are no records, and
// the standby that waits is switched to as in pilot-light.
func Promises(domain bool) []Promise {
	pages := Objective{RTO: connect + silent, Because: "per request: 4 s without a connection, 3 more if the bucket takes it and says nothing; cached pages at once"}
	prefer := Objective{RTO: command, ByHand: true, Because: "blog publish --primary REGION"}
	byHand := Objective{RTO: edges, ByHand: true, Because: "blog traffic --to REGION"}
	byItself := byHand
	if domain {
		byItself = Objective{RTO: detect + ttl, Because: "Route 53: three failed checks, then the old answer's time"}
	}
	return []Promise{
		{
			Strategy: BackupRestore, Pages: pages,
			Dynamic: Objective{RTO: deploy, ByHand: true, Because: "the standby becomes the region in blog.yaml, and is deployed"},
			Publish: Objective{RTO: deploy + command, ByHand: true, Because: "the same, then blog publish"},
			RPO:     15 * time.Minute, RPOBecause: "text and pages come by S3's replication, which promises no time, most within 15 minutes; images and the list of what is published are written to both regions. The author's folder has it all",
		},
		{
			Strategy: PilotLight, Pages: pages,
			Dynamic:    byHand,
			Publish:    prefer,
			RPOBecause: "a release is in both regions before anybody sees it",
		},
		{
			Strategy: WarmStandby, Pages: pages,
			Dynamic:    byItself,
			Publish:    prefer,
			RPOBecause: "a release is in both regions before anybody sees it",
		},
		{
			Strategy: ActiveActive, Pages: pages,
			Dynamic:    Objective{RTO: detect + ttl, Because: "Route 53, and only for the requests that the lost region had"},
			Publish:    prefer,
			RPOBecause: "a release is in both regions before anybody sees it",
		},
	}
}

// PromiseOf is that of one strategy.
func PromiseOf(s Strategy, domain bool) (Promise, bool) {
	for _, p := range Promises(domain) {
		if p.Strategy == s {
			return p, true
		}
	}
	return Promise{}, false
}
