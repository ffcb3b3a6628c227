package assembly

import (
	"net/http"
	"slices"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/names"
)

// reading is the distribution that is being read.
type reading struct {
	app      *app
	resource *resource
	out      *Deployment

	cache    map[string]*edge.CachePolicy
	request  map[string]*edge.OriginRequestPolicy
	response map[string]*edge.ResponseHeadersPolicy
	function string // ARN of the only one
}

// deployment reads everything that an answer passes, beginning with the
// distribution.
func (a *app) deployment() *Deployment {
	all := a.of("AWS::CloudFront::Distribution")
	if len(all) != 1 {
		for _, r := range all {
			a.bad.addf(r, "", "it is one of %d distributions, and a blog has one", len(all))
		}
		if len(all) == 0 {
			a.bad = append(a.bad, Problem{Stack: "all stacks", ID: "Distribution", Type: "AWS::CloudFront::Distribution", What: "there is none"})
		}
		return nil
	}
	d := &reading{
		app: a, resource: all[0], out: &Deployment{Parameters: map[string]string{}},
		cache: map[string]*edge.CachePolicy{}, request: map[string]*edge.OriginRequestPolicy{},
		response: map[string]*edge.ResponseHeadersPolicy{},
	}
	d.read()
	for _, r := range a.of("AWS::SSM::Parameter") {
		name, err := r.stack.text(r.properties["Name"])
		value, err2 := r.stack.text(r.properties["Value"])
		if err == nil && err2 == nil && r.stack.region == names.GlobalRegion {
			d.out.Parameters[name] = value
		}
	}
	return d.out
}

func (d *reading) read() {
	top := d.resource.props()
	p := top.object("DistributionConfig")
	c := &d.out.Config
	if !p.truth("Enabled") {
		p.bad("Enabled", "a distribution that is not enabled answers nobody")
	}
	d.out.Hosts = p.texts("Aliases")
	c.HTTPVersion = p.text("HttpVersion")
	c.IPV6Enabled = p.truth("IPV6Enabled")
	c.CacheTagHeader = p.object("CacheTagConfig").text("HeaderName")
	c.WebACL = p.has("WebACLId") && p.text("WebACLId") != ""
	certificate := p.object("ViewerCertificate")
	c.MinimumProtocolVersion = certificate.text("MinimumProtocolVersion")
	if p.has("ViewerCertificate") {
		certificate.only("SslSupportMethod", "sni-only")
	}
	for _, e := range p.list("CustomErrorResponses") {
		c.CustomErrorResponses = append(c.CustomErrorResponses, edge.CustomErrorResponse{
			ErrorCode: e.number("ErrorCode", 0), ErrorCachingMinTTL: e.seconds("ErrorCachingMinTTL", 10),
		})
	}
	for _, o := range p.list("Origins") {
		d.origin(o)
	}
	for _, g := range p.counted("OriginGroups").list("Items") {
		d.group(g)
	}
	for _, b := range p.list("CacheBehaviors") {
		c.CacheBehaviors = append(c.CacheBehaviors, d.behavior(b))
	}
	c.DefaultCacheBehavior = d.behavior(p.object("DefaultCacheBehavior"))
	top.done()
	d.order()
	d.pair()
	d.out.Checked = d.app.checked
	nobody := func(string, string) (int, string, error) { return 0, "", nil }
	for _, o := range d.out.Origins {
		if len(o.Routes) == 0 {
			continue // a bucket, or a problem that is told already
		}
		if _, err := Choose(o.Routes, nobody, d.out.Regions); err != nil {
			p.bad("Origins", "%s is led to by records that Route 53 would not have: %v", o.ID, err)
		}
	}
}

// pair checks that each region's renderer makes the pages of the bucket that the
// edge reads there.
func (d *reading) pair() {
	for _, b := range d.out.Origins {
		for _, o := range d.out.Origins {
			for _, r := range o.Routes {
				if f := r.API.Function; b.Bucket != nil && f != nil && f.Region == b.Bucket.Region && f.Bucket != b.Bucket.Name {
					d.app.bad.addf(f.resource, "Environment.Variables."+names.EnvBucket,
						"is %q, and the edge reads %s in %s", f.Bucket, b.Bucket.Name, f.Region)
				}
			}
		}
	}
}

func (d *reading) group(p *properties) {
	g := edge.OriginGroup{
		ID:               p.text("Id"),
		FailoverCriteria: p.object("FailoverCriteria").counted("StatusCodes").numbers("Items"),
	}
	p.only("SelectionCriteria", "default")
	members := p.counted("Members")
	var ids []string
	for _, m := range members.list("Items") {
		ids = append(ids, m.text("OriginId"))
	}
	if len(ids) != 2 {
		members.bad("Items", "a group has two origins, not %d", len(ids))
		return
	}
	g.Primary, g.Secondary = ids[0], ids[1]
	d.out.Config.OriginGroups = append(d.out.Config.OriginGroups, g)
}

func (d *reading) behavior(p *properties) edge.CacheBehavior {
	b := edge.CacheBehavior{
		PathPattern:           p.text("PathPattern"),
		TargetOriginID:        p.text("TargetOriginId"),
		ViewerProtocolPolicy:  p.text("ViewerProtocolPolicy"),
		AllowedMethods:        p.texts("AllowedMethods"),
		Compress:              p.truth("Compress"),
		CachePolicy:           d.cachePolicy(p),
		OriginRequestPolicy:   d.originRequestPolicy(p),
		ResponseHeadersPolicy: d.responseHeadersPolicy(p),
	}
	read := []string{http.MethodGet, http.MethodHead}
	if b.AllowedMethods == nil {
		b.AllowedMethods = read
	}
	if cached := p.texts("CachedMethods"); cached != nil && !slices.Equal(cached, read) {
		p.bad("CachedMethods", "is %q, and only GET and HEAD are understood", cached)
	}
	for _, f := range p.list("FunctionAssociations") {
		f.only("EventType", "viewer-request")
		d.associate(f)
		b.ViewerRequestFunction = true
	}
	return b
}

// associate reads the function of a behaviour. All behaviours have the same.
func (d *reading) associate(p *properties) {
	arn := p.text("FunctionARN")
	if arn == d.function || arn == "" {
		return
	}
	if d.function != "" {
		p.bad("FunctionARN", "names another function than the other behaviours, which is not understood")
		return
	}
	d.function = arn
	r := d.app.find("AWS::CloudFront::Function", func(r *resource) bool {
		got, err := evaluation{r.stack, 0}.attribute(r, "FunctionARN")
		return err == nil && got == arn
	})
	if r == nil {
		p.bad("FunctionARN", "no stack makes the function %s", arn)
		return
	}
	f := r.props()
	d.out.Function = []byte(f.text("FunctionCode"))
	if !f.truth("AutoPublish") {
		f.bad("AutoPublish", "without it the code stays in development, and no reader's request meets it")
	}
	config := f.object("FunctionConfig")
	config.only("Runtime", "cloudfront-js-2.0")
	stores := config.list("KeyValueStoreAssociations")
	if len(stores) != 1 {
		config.bad("KeyValueStoreAssociations", "names %d stores; the function reads one", len(stores))
	}
	for _, s := range stores {
		store := s.text("KeyValueStoreARN")
		if d.app.find("AWS::CloudFront::KeyValueStore", func(r *resource) bool {
			got, err := evaluation{r.stack, 0}.attribute(r, "Arn")
			return err == nil && got == store
		}) == nil {
			s.bad("KeyValueStoreARN", "no stack makes the store %s", store)
		}
		d.out.KeyValueStore = store
	}
	f.done()
}

// order finds which regions answer, the primary first.
func (d *reading) order() {
	ids := []string{d.out.Config.DefaultCacheBehavior.TargetOriginID}
	for _, g := range d.out.Config.OriginGroups {
		if g.ID == ids[0] {
			ids = []string{g.Primary, g.Secondary}
		}
	}
	rank := func(o Origin) int {
		if i := slices.Index(ids, o.ID); i >= 0 {
			return i
		}
		return len(ids)
	}
	origins := slices.Clone(d.out.Origins)
	slices.SortStableFunc(origins, func(x, y Origin) int { return rank(x) - rank(y) })
	add := func(region string) {
		if !slices.Contains(d.out.Regions, region) {
			d.out.Regions = append(d.out.Regions, region)
		}
	}
	for _, o := range origins {
		if o.Bucket != nil {
			add(o.Bucket.Region)
		}
		for _, r := range o.Routes {
			add(r.API.Region)
		}
	}
}

// What CloudFront takes when nobody sets it.
const (
	attemptsUnset = 3
	connectUnset  = 10
	readUnset     = 30
)

func (d *reading) origin(p *properties) {
	o := edge.Origin{
		ID:                 p.text("Id"),
		ConnectionAttempts: p.number("ConnectionAttempts", attemptsUnset),
		ConnectionTimeout:  p.seconds("ConnectionTimeout", connectUnset),
		ReadTimeout:        readUnset * time.Second,
	}
	if p.has("OriginShield") {
		shield := p.object("OriginShield")
		if o.OriginShield = shield.text("OriginShieldRegion"); !shield.truth("Enabled") {
			o.OriginShield = ""
		}
	}
	led := Origin{ID: o.ID}
	host := p.text("DomainName")
	switch {
	case p.has("S3OriginConfig"):
		s3 := p.object("S3OriginConfig")
		o.Bucket, o.ReadTimeout = true, s3.seconds("OriginReadTimeout", readUnset)
		s3.only("OriginAccessIdentity", "")
		if led.Bucket = d.app.bucketAt(p, host); led.Bucket != nil {
			led.Bucket.caller = caller(d.resource, d.signs(p))
		}
	case p.has("CustomOriginConfig"):
		custom := p.object("CustomOriginConfig")
		o.ReadTimeout = custom.seconds("OriginReadTimeout", readUnset)
		custom.only("OriginProtocolPolicy", "https-only")
		custom.only("HTTPSPort", "443")
		for _, version := range custom.texts("OriginSSLProtocols") {
			if version != "TLSv1.2" {
				custom.bad("OriginSSLProtocols", "has %s, which the renderers' hosts do not speak", version)
			}
		}
		led.Routes = d.app.resolve(p, host)
	case p.has("VpcOriginConfig"):
		vpc := p.object("VpcOriginConfig")
		o.Private, o.ReadTimeout = true, vpc.seconds("OriginReadTimeout", readUnset)
		led.Routes = d.app.fleet(vpc, vpc.text("VpcOriginId"))
	default:
		p.bad("", "is neither of a bucket nor of a host name nor a VPC origin; another kind is not understood")
	}
	for _, h := range p.list("OriginCustomHeaders") {
		h.only("HeaderName", names.OriginHeader)
		secret := h.text("HeaderValue")
		if d.out.Secret != "" && d.out.Secret != secret {
			h.bad("HeaderValue", "is another than the other origins', which is not understood")
		}
		o.Verify, d.out.Secret = true, secret
	}
	d.out.Config.Origins = append(d.out.Config.Origins, o)
	d.out.Origins = append(d.out.Origins, led)
}

// signs says whether requests of an origin are signed.
func (d *reading) signs(p *properties) bool {
	id := p.text("OriginAccessControlId")
	if id == "" {
		return false
	}
	r := d.app.find("AWS::CloudFront::OriginAccessControl", func(r *resource) bool {
		got, err := evaluation{r.stack, 0}.identity(r)
		return err == nil && got == id
	})
	if r == nil {
		p.bad("OriginAccessControlId", "no stack makes the origin access control %s", id)
		return false
	}
	c := r.props()
	config := c.object("OriginAccessControlConfig")
	config.only("OriginAccessControlOriginType", "s3")
	config.only("SigningProtocol", "sigv4")
	signs := config.only("SigningBehavior", "always", "never") == "always"
	c.done()
	return signs
}
