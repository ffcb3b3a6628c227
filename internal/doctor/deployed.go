package doctor

import (
	"context"
	"errors"
	"net/http"

	"github.com/victorleungtw/blog/internal/awsclient"
	"github.com/victorleungtw/blog/internal/names"
)

// checkDeployed finds out what is there. Before the first deployment: whether
// something has the names already, and whether there is room for more.
func (a *AWS) checkDeployed(ctx context.Context, b *Blog, account string) Report {
	r := &report{area: "deployed"}
	var page struct {
		Parameters []struct{ Name, Value string }
	}
	err := a.json(ctx, "ssm", names.GlobalRegion, "AmazonSSM.GetParametersByPath", map[string]string{"Path": b.Names.Parameters()}, &page)
	switch {
	case denied(err):
		r.skip("blog", "the credentials may not look: %v", err)
		return r.list
	case err != nil:
		r.fail("blog", "try again", "%v", err)
		return r.list
	}
	params := map[string]string{}
	for _, p := range page.Parameters {
		params[p.Name] = p.Value
	}
	if params[b.Names.RouteTableARN()] == "" {
		r.ok("blog", "not yet: nothing is below %s in %s", b.Names.Parameters(), names.GlobalRegion)
		a.checkTaken(ctx, r, b, account)
		a.checkRoom(ctx, r, b)
		return r.list
	}
	if url := params[b.Names.BaseURL()]; url != "" {
		r.ok("blog", "%s", url)
	} else {
		r.warn("blog", "npx --prefix infra cdk deploy --all", "the route table is there and the distribution is not: a deployment was cut short")
	}
	var table struct {
		Status string `xml:"Status"`
	}
	switch err := a.xml(ctx, "cloudfront", "/2020-05-31/key-value-store/"+b.Names.RouteTable(), &table); {
	case denied(err):
		r.skip("route table", "the credentials may not look: %v", err)
	case err != nil:
		r.fail("route table", "deploy "+b.Names.Stack("global")+", then blog reconcile", "%s: %v", b.Names.RouteTable(), err)
	case table.Status != "READY":
		r.warn("route table", "wait", "%s", table.Status)
	default:
		r.ok("route table", "READY")
	}
	if id := params[b.Names.DistributionID()]; id != "" {
		var d struct {
			Status  string `xml:"Status"`
			Enabled bool   `xml:"DistributionConfig>Enabled"`
		}
		switch err := a.xml(ctx, "cloudfront", "/2020-05-31/distribution/"+id, &d); {
		case denied(err):
			r.skip("distribution", "the credentials may not look: %v", err)
		case err != nil:
			r.fail("distribution", "deploy "+b.Names.Stack("edge"), "%s: %v", id, err)
		case !d.Enabled:
			r.fail("distribution", "somebody switched it off: deploy "+b.Names.Stack("edge"), "%s is disabled", id)
		case d.Status != "Deployed":
			r.warn("distribution", "wait: changes are on their way to the edges, which takes minutes", "%s: %s", id, d.Status)
		default:
			r.ok("distribution", "%s is on every edge", id)
		}
	}
	return r.list
}

// checkTaken looks for what an earlier deployment left behind: it keeps data,
// and with it the names.
func (a *AWS) checkTaken(ctx context.Context, r *report, b *Blog, account string) {
	const do = "it stayed when the stacks went, with what is in it: delete it by hand, or choose another aws.name: docs/deploy.md"
	taken := 0
	look := func(what, name string, err error) {
		var f *awsclient.Fault
		switch {
		case err == nil:
			taken++
			r.fail("name of the "+what, do, "%s exists already", name)
		case errors.As(err, &f) && f.Status == http.StatusNotFound:
		default: // also 403, which a bucket says of itself to who may not list it
			taken++
			r.skip("name of the "+what, "the credentials may not look at %s: %v", name, err)
		}
	}
	var table struct{}
	look("route table", b.Names.RouteTable(), a.xml(ctx, "cloudfront", "/2020-05-31/key-value-store/"+b.Names.RouteTable(), &table))
	for _, region := range b.Config.Regions() {
		for _, name := range []string{b.Names.Bucket(account, region), b.Names.LogBucket(account, region)} {
			_, err := a.call(ctx, "s3", region, http.MethodHead, "/"+name, map[string]string{"X-Amz-Content-Sha256": emptySHA256}, nil)
			look("bucket", name, err)
		}
	}
	if taken == 0 {
		r.ok("names", "nothing has them")
	}
}

// emptySHA256 is what S3 wants to be told of a request without a body.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// checkRoom counts what CloudFront gives an account few of.
func (a *AWS) checkRoom(ctx context.Context, r *report, b *Blog) {
	responses, caches := policies(b.describe())
	const do = "ask AWS for a higher quota of CloudFront, or delete what is not used"
	for _, c := range []struct {
		what, path string
		needed     int // by a blog
		most       int
	}{
		{"route tables (key value stores)", "/2020-05-31/key-value-store", 1, 50},
		{"origin access controls", "/2020-05-31/origin-access-control", 1, 100},
		{"header policies", "/2020-05-31/response-headers-policy?Type=custom", len(responses), maxPolicies},
		{"cache policies", "/2020-05-31/cache-policy?Type=custom", len(caches), maxPolicies},
	} {
		var list struct {
			Quantity int `xml:"Quantity"`
		}
		switch err := a.xml(ctx, "cloudfront", c.path, &list); {
		case denied(err):
			r.skip(c.what, "the credentials may not look: %v", err)
		case err != nil:
			r.fail(c.what, "try again", "%v", err)
		case list.Quantity+c.needed > c.most:
			r.fail(c.what, do, "%d of %d are in use, and a blog needs %d", list.Quantity, c.most, c.needed)
		default:
			r.ok(c.what, "%d of %d are in use", list.Quantity, c.most)
		}
	}
}
