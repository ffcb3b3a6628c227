package edge

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/store"
)

// The types of this file say what a distribution is in CloudFront's own terms
// (https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html).
// They are plain data: the CDK app translates them, Distribution obeys them.

// DistributionConfig describes a distribution.
type DistributionConfig struct {
	Origins              []Origin
	OriginGroups         []OriginGroup
	CacheBehaviors       []CacheBehavior // in order; the first that matches is taken
	DefaultCacheBehavior CacheBehavior
	CustomErrorResponses []CustomErrorResponse
	HTTPVersion          string
	IPV6Enabled          bool
	WebACL               bool // the firewall's verdict comes first; this edge has none
	// CacheTagHeader is where origins name an object's cache tags, by which
	// Invalidate finds it.
	CacheTagHeader string
	// MinimumProtocolVersion is the security policy of a distribution with a
	// domain of its own.
	MinimumProtocolVersion string
}

// Origin is one place that answers cache misses. Its address is the caller's
// to know: infra's domain names, Distribution's round trippers.
type Origin struct {
	ID                 string
	Bucket             bool // an S3 bucket behind an origin access control; else a host that speaks HTTPS
	ConnectionAttempts int  // for a host also: attempts to get an answer in time
	ConnectionTimeout  time.Duration
	ReadTimeout        time.Duration // origin response timeout
	// OriginShield is the region of one more cache, through which all others ask;
	// empty for none. Here there is one cache anyway.
	OriginShield string
	// Verify says that requests carry the origin secret, in the custom header
	// names.OriginHeader.
	Verify bool
	// Private says that it is a VPC origin: a network of the account's own, which
	// only its distributions reach.
	Private bool
}

// The origins' IDs.
const (
	OriginStore        = "store"         // the primary region's bucket
	OriginStoreStandby = "store-standby" // the standby region's bucket; the primary's if there is one region
	// OriginFallback is the renderer that stands in for the store: the standby
	// region's if there is one, else the primary's, so that one lost region
	// does not take both.
	OriginFallback = "renderer-fallback"
	OriginDynamic  = "renderer" // origin.<domain>, or the primary's API without a domain
	// OriginPrimary is the primary region's renderer by a name that is its own,
	// wherever origin.<domain> leads.
	OriginPrimary = "renderer-primary"
)

// OriginGroup is a primary origin and the one that is asked when it fails.
type OriginGroup struct {
	ID               string
	Primary          string
	Secondary        string
	FailoverCriteria []int // status codes; a failed connection or a timeout always counts
}

// CacheBehavior says what happens to the paths that a pattern matches.
type CacheBehavior struct {
	PathPattern           string // empty in the default behaviour
	TargetOriginID        string // an origin or an origin group
	ViewerProtocolPolicy  string
	AllowedMethods        []string
	ViewerRequestFunction bool // the edge function runs for viewer requests
	Compress              bool
	CachePolicy           *CachePolicy
	OriginRequestPolicy   *OriginRequestPolicy // nil for none
	ResponseHeadersPolicy *ResponseHeadersPolicy
}

// CachePolicy says what tells two objects apart and how long one is kept.
type CachePolicy struct {
	Name                       string
	MinTTL, DefaultTTL, MaxTTL time.Duration
	QueryStrings               bool     // all or none in the cache key
	Headers                    []string // in the cache key, and so sent to the origin
	EnableAcceptEncodingGzip   bool
	EnableAcceptEncodingBrotli bool
}

// OriginRequestPolicy says what is sent to the origin beside the cache key.
type OriginRequestPolicy struct {
	Name    string
	Headers []string
}

// ResponseHeadersPolicy says which headers an answer is given and deprived of
// on its way to the viewer. Every header overrides the origin's.
type ResponseHeadersPolicy struct {
	Name                    string
	ContentSecurityPolicy   string
	ContentTypeOptions      bool // X-Content-Type-Options: nosniff
	ReferrerPolicy          string
	StrictTransportSecurity StrictTransportSecurity
	CustomHeaders           []Header
	RemoveHeaders           []string
}

// StrictTransportSecurity is HSTS; no MaxAge, no header.
type StrictTransportSecurity struct {
	MaxAge            time.Duration
	IncludeSubdomains bool
	Preload           bool
}

// Header is one response header.
type Header struct{ Name, Value string }

// CustomErrorResponse says for how long an error is kept. There are no custom
// error pages: the edge function answers what it knows to be missing.
type CustomErrorResponse struct {
	ErrorCode          int
	ErrorCachingMinTTL time.Duration
}

const (
	// BrowserCacheControl is what a browser is told about a routed path: keep
	// it, and ask (for a 304) before showing it again. The edge's own copy is
	// named by its digest and lives on.
	BrowserCacheControl = "public, max-age=0, must-revalidate"

	// PageCSP allows a page its own stylesheet, fonts and pictures, and
	// pictures and audio from elsewhere over TLS, because an author's old
	// posts show pictures, and feeds play audio, that live on other hosts. It
	// allows no script at all: the pages have none.
	PageCSP = "default-src 'none'; style-src 'self'; img-src 'self' data: https:; font-src 'self'; " +
		"media-src 'self' https:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; " +
		"form-action 'self'; frame-ancestors 'none'; upgrade-insecure-requests"

	// AssetCSP is for a file that a reader opens by itself. An SVG may then
	// style itself but run nothing, and the browser's own viewer may show
	// audio and PDF.
	AssetCSP = "default-src 'none'; img-src 'self' data:; media-src 'self'; object-src 'self'; " +
		"style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

	referrerPolicy = "strict-origin-when-cross-origin"

	pagesGroup   = "pages"
	assetsGroup  = "assets"
	dynamicGroup = "dynamic"
)

// digestPattern matches digest addresses and not /page/2/, which is a routed
// path: "?" is exactly one character, so 64 or more follow "/page/". The edge
// function answers 404 to any other path that it matches.
var digestPattern = "/page/" + strings.Repeat("?", 64) + "*"

// Topology is what a description depends on.
type Topology struct {
	Standby bool // there is a standby region
	Fleet   bool // renderers are fleets of instances, as VPC origins
	// BucketOnly says that no renderer stands in it: what the primary's bucket
	// cannot give comes from the standby's.
	BucketOnly bool
	// Shield and StandbyShield are the regions of the origin shields in front of
	// the primary's bucket and of what the standby (or, without one, the primary)
	// answers in its place. Empty for none. Dynamic answers have none: they live
	// for minutes, or not at all, and would make the detour each time.
	Shield, StandbyShield string
	Firewall              bool // a web ACL stands in front
}

// Describe returns the distribution of a topology.
//
// Every distribution has all the origins, one of a single region too: the edge
// function names four of them at the word of a key in the route table, which
// may be older than the distribution.
func Describe(t Topology) DistributionConfig {
	// A browser that has seen this once speaks TLS for two years. Not for
	// subdomains and not preloaded: the author's other hosts are not ours to
	// commit, and neither can be taken back quickly.
	hsts := StrictTransportSecurity{MaxAge: 2 * 365 * 24 * time.Hour}
	tags := strings.ToLower(store.CacheTagHeader)
	noise := []string{tags, "x-amz-server-side-encryption", "x-amz-version-id", "x-amz-replication-status"}
	// No Cross-Origin-Opener-Policy: a browser reads it when it has begun to show
	// the page, and begins again in a new process (docs/decisions.md, The edge).
	page := []Header{{"Cross-Origin-Resource-Policy", "same-origin"}}
	// One address answers several encodings.
	vary := Header{"Vary", "Accept-Encoding"}

	// A routed path answers the language, the text and the time that were asked
	// for too; the function's answers say the same.
	chosen := Header{"Vary", "Accept, Accept-Datetime, Accept-Encoding, Accept-Language"}

	pages := &ResponseHeadersPolicy{
		Name: "pages", ContentSecurityPolicy: PageCSP, ContentTypeOptions: true,
		ReferrerPolicy: referrerPolicy, StrictTransportSecurity: hsts, RemoveHeaders: noise,
		CustomHeaders: append(slices.Clone(page), chosen, Header{"Cache-Control", BrowserCacheControl}),
	}
	digests := &ResponseHeadersPolicy{
		Name: "digests", ContentSecurityPolicy: PageCSP, ContentTypeOptions: true,
		ReferrerPolicy: referrerPolicy, StrictTransportSecurity: hsts, RemoveHeaders: noise,
		// A page has one address for search engines, and it is not this one.
		CustomHeaders: append(slices.Clone(page), vary, Header{"X-Robots-Tag", "noindex"}),
	}
	assets := &ResponseHeadersPolicy{
		Name: "assets", ContentSecurityPolicy: AssetCSP, ContentTypeOptions: true,
		ReferrerPolicy: referrerPolicy, StrictTransportSecurity: hsts, RemoveHeaders: noise,
		// Feed readers, podcast players and link previews show these files on
		// pages of other sites.
		CustomHeaders: []Header{{"Cross-Origin-Resource-Policy", "cross-origin"}},
	}
	shares := &ResponseHeadersPolicy{
		Name: "shares", ContentSecurityPolicy: PageCSP, ContentTypeOptions: true,
		// The address is the secret: no other site is told it, no browser and
		// no proxy keeps what is behind it, and no search engine lists it.
		ReferrerPolicy: "no-referrer", StrictTransportSecurity: hsts, RemoveHeaders: noise,
		CustomHeaders: append(slices.Clone(page), vary,
			Header{"Cache-Control", "private, no-store"}, Header{"X-Robots-Tag", "noindex, nofollow"}),
	}
	dynamic := &ResponseHeadersPolicy{
		Name: "dynamic", ContentSecurityPolicy: PageCSP, ContentTypeOptions: true,
		ReferrerPolicy: referrerPolicy, StrictTransportSecurity: hsts, RemoveHeaders: noise,
		CustomHeaders: page,
	}

	// What a page was is not what it is, for search engines.
	old := &ResponseHeadersPolicy{
		Name: "old", ContentSecurityPolicy: PageCSP, ContentTypeOptions: true,
		ReferrerPolicy: referrerPolicy, StrictTransportSecurity: hsts, RemoveHeaders: noise,
		CustomHeaders: append(slices.Clone(page), Header{"X-Robots-Tag", "noindex"}),
	}

	// Objects say how long they live (store.Immutable); a day is for one that
	// lost its header. MinTTL is zero because any other would make CloudFront
	// keep what says no-store.
	byAddress := &CachePolicy{
		Name: "address", DefaultTTL: 24 * time.Hour, MaxTTL: 365 * 24 * time.Hour,
	}
	// Kept only as long as the renderer says. The release is in the key, so
	// that no answer of one release is given under the next.
	byQuery := &CachePolicy{
		Name: "query", MaxTTL: 24 * time.Hour, QueryStrings: true, Headers: []string{ReleaseHeader},
		EnableAcceptEncodingGzip: true, EnableAcceptEncodingBrotli: true,
	}
	// For the renderer's log alone.
	withRelease := &OriginRequestPolicy{Name: "release", Headers: []string{ReleaseHeader}}

	read := []string{http.MethodGet, http.MethodHead}
	const https = "redirect-to-https"
	behaviour := CacheBehavior{
		TargetOriginID: pagesGroup, ViewerProtocolPolicy: https, AllowedMethods: read,
		ViewerRequestFunction: true, CachePolicy: byAddress, OriginRequestPolicy: withRelease,
		ResponseHeadersPolicy: pages,
	}
	digest := behaviour
	digest.PathPattern, digest.ResponseHeadersPolicy = digestPattern, digests
	// A behaviour is chosen by the address that the viewer sent, and so by the
	// link. The edge may keep a draft: whoever asks is asked for the signature
	// first, by the function, and the draft's own address leads nowhere.
	share := behaviour
	share.PathPattern, share.ResponseHeadersPolicy = "/~share/*", shares
	asset := CacheBehavior{
		PathPattern: "/asset/*", TargetOriginID: OriginStore, ViewerProtocolPolicy: https,
		AllowedMethods: read, CachePolicy: byAddress, ResponseHeadersPolicy: assets,
	}
	api := CacheBehavior{
		PathPattern: "/api/*", TargetOriginID: OriginDynamic, ViewerProtocolPolicy: https,
		AllowedMethods: append(slices.Clone(read), http.MethodOptions), ViewerRequestFunction: true,
		Compress: true, CachePolicy: byQuery, ResponseHeadersPolicy: dynamic,
	}
	search := api
	search.PathPattern = "/search"
	// Old releases (package travel). What else begins so is above it, or nothing.
	travel := api
	travel.PathPattern, travel.AllowedMethods, travel.ResponseHeadersPolicy = "/~*", read, old

	// Without these, CloudFront spends 30 seconds (3 attempts of 10) before it
	// asks the other origin.
	origin := func(id string, read time.Duration) Origin {
		return Origin{ID: id, ConnectionAttempts: 2, ConnectionTimeout: 2 * time.Second, ReadTimeout: read}
	}
	// The time to the first byte, and between any two. A bucket takes a tenth
	// of a second; one that takes three seconds is ill, and the reader is
	// better off with the other region. CloudFront's default is 30.
	bucket := func(id string) Origin { o := origin(id, 3*time.Second); o.Bucket = true; return o }
	renderer := func(id string) Origin { o := origin(id, 10*time.Second); o.Verify = true; return o }
	// 403 is what a bucket says of a missing key to a reader without
	// ListBucket.
	failed := []int{500, 502, 503, 504}
	failover := append([]int{403, 404}, failed...)
	c := DistributionConfig{
		Origins: []Origin{
			bucket(OriginStore), renderer(OriginFallback), renderer(OriginDynamic),
			renderer(OriginPrimary), bucket(OriginStoreStandby),
		},
		OriginGroups: []OriginGroup{
			{ID: pagesGroup, Primary: OriginStore, Secondary: OriginFallback, FailoverCriteria: failover},
		},
		DefaultCacheBehavior: behaviour,
		// CloudFront's default is ten seconds for every error. A missing
		// object is worth that; an origin's failure ends when it ends.
		CustomErrorResponses: []CustomErrorResponse{
			{403, 10 * time.Second}, {404, 10 * time.Second},
			{500, 0}, {501, 0}, {502, 0}, {503, 0}, {504, 0},
		},
		CacheTagHeader: tags,
		HTTPVersion:    "http2and3", IPV6Enabled: true, MinimumProtocolVersion: "TLSv1.2_2025",
		WebACL: t.Firewall,
	}
	if t.Standby {
		c.OriginGroups = append(c.OriginGroups, OriginGroup{
			ID: assetsGroup, Primary: OriginStore, Secondary: OriginStoreStandby, FailoverCriteria: failover,
		})
		asset.TargetOriginID = assetsGroup
	}
	if t.BucketOnly {
		c.OriginGroups[0].Secondary = OriginStoreStandby
	}
	if t.Fleet {
		for i := range c.Origins {
			o := &c.Origins[i]
			o.Verify, o.Private = false, o.Verify
		}
	}
	if t.Standby && !t.BucketOnly {
		// 404 is a renderer whose region has not the index of the release: one that
		// was away while the other took over and published.
		c.OriginGroups = append(c.OriginGroups, OriginGroup{
			ID: dynamicGroup, Primary: OriginDynamic, Secondary: OriginFallback, FailoverCriteria: append([]int{404}, failed...),
		})
		search.TargetOriginID, travel.TargetOriginID = dynamicGroup, dynamicGroup
		if t.Fleet {
			// Elsewhere Route 53 chooses. CloudFront looks up no name of a VPC origin.
			api.TargetOriginID = dynamicGroup
		}
	}
	for i, o := range c.Origins {
		switch {
		case o.ID == OriginStore, o.ID == OriginPrimary && !o.Private:
			c.Origins[i].OriginShield = t.Shield
		case o.ID == OriginStoreStandby, o.ID == OriginFallback && !o.Private:
			c.Origins[i].OriginShield = t.StandbyShield
		}
	}
	c.CacheBehaviors = []CacheBehavior{digest, asset, api, search, share, travel}
	return c
}
