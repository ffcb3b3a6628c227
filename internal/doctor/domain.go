package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/names"
)

// checkDomain finds out whether the domain's zone is where the world looks for
// it. Where it is not, no certificate is issued, and a deployment that waits for
// one waits for hours.
func (a *AWS) checkDomain(ctx context.Context, b *Blog) Report {
	r := &report{area: "domain"}
	cfg := b.Config
	switch {
	case cfg.Domain == "":
		r.ok("address", "none: CloudFront's own name")
		return r.list
	case cfg.Zone.ID == "":
		r.warn("hosted zone", "deploy, enter its name servers at the registrar, and write its id into blog.yaml: docs/deploy.md",
			"it does not exist yet: the first deployment makes it, and a blog without the domain")
		return r.list
	}
	var zone struct {
		Name    string   `xml:"HostedZone>Name"`
		Private bool     `xml:"HostedZone>Config>PrivateZone"`
		Servers []string `xml:"DelegationSet>NameServers>NameServer"`
	}
	err := a.xml(ctx, "route53", "/2013-04-01/hostedzone/"+cfg.Zone.ID, &zone)
	name := strings.TrimSuffix(zone.Name, ".")
	const list = "aws route53 list-hosted-zones shows which there are"
	switch {
	case denied(err):
		r.skip("hosted zone", "the credentials may not look: %v", err)
		return r.list
	case code(err) == "NoSuchHostedZone":
		r.fail("hosted zone", list, "there is no zone %s in this account", cfg.Zone.ID)
		return r.list
	case err != nil:
		r.fail("hosted zone", "try again", "%v", err)
		return r.list
	case zone.Private:
		r.fail("hosted zone", list, "%s is private: readers cannot see it", cfg.Zone.ID)
		return r.list
	case cfg.Domain != name && !strings.HasSuffix(cfg.Domain, "."+name):
		r.fail("hosted zone", list, "%s is of %s, and %s is not in it", cfg.Zone.ID, name, cfg.Domain)
		return r.list
	}
	r.ok("hosted zone", "%s is of %s", cfg.Zone.ID, name)
	a.checkDelegation(ctx, r, name, zone.Servers)
	for _, region := range b.regions() {
		if region == names.GlobalRegion {
			a.checkCertificate(ctx, r, region, cfg.Domain)
		}
		if slices.Contains(cfg.RendererRegions(), region) {
			a.checkCertificate(ctx, r, region, names.OriginDomain(cfg.Domain))
		}
	}
	return r.list
}

// checkDelegation compares a zone's name servers with those that the zone above
// names.
func (a *AWS) checkDelegation(ctx context.Context, r *report, zone string, servers []string) {
	const what = "delegation"
	do := "enter these name servers for " + zone + " at its registrar, or in the zone above it: " + strings.Join(servers, " ")
	found, err := a.DNS.LookupNS(ctx, zone)
	if err != nil && len(found) == 0 {
		r.fail(what, do, "the DNS knows no name servers of %s: %v", zone, err)
		return
	}
	plain := func(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }
	var ours, others []string
	for _, ns := range found {
		host := plain(ns.Host)
		if slices.ContainsFunc(servers, func(s string) bool { return plain(s) == host }) {
			ours = append(ours, host)
		} else {
			others = append(others, host)
		}
	}
	slices.Sort(others)
	switch {
	case len(ours) == 0:
		r.fail(what, do, "the DNS asks %s, which are not the zone's name servers", strings.Join(others, " "))
	case len(others) > 0:
		r.warn(what, do, "the DNS asks %s too, which are not the zone's name servers: some readers will not find the blog", strings.Join(others, " "))
	default:
		r.ok(what, "the DNS asks the zone's name servers")
	}
}

// checkCertificate finds out how far a certificate is. The stacks ask for it;
// that there is none yet is well.
func (a *AWS) checkCertificate(ctx context.Context, r *report, region, domain string) {
	what := fmt.Sprintf("certificate of %s in %s", domain, region)
	status := ""
	for token := ""; ; {
		// Without a filter ACM leaves out keys that are not RSA 2048.
		in := map[string]any{"MaxItems": 1000, "Includes": map[string]any{"keyTypes": []string{"RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"}}}
		if token != "" {
			in["NextToken"] = token
		}
		var page struct {
			CertificateSummaryList []struct{ DomainName, Status string }
			NextToken              string
		}
		err := a.json(ctx, "acm", region, "CertificateManager.ListCertificates", in, &page)
		switch {
		case denied(err):
			r.skip(what, "the credentials may not look: %v", err)
			return
		case err != nil:
			r.fail(what, "try again", "%v", err)
			return
		}
		for _, c := range page.CertificateSummaryList {
			// Of several the good one counts: an older may have expired.
			if c.DomainName == domain && status != "ISSUED" {
				status = c.Status
			}
		}
		if token = page.NextToken; token == "" {
			break
		}
	}
	switch status {
	case "":
		r.ok(what, "none yet: the deployment asks for it")
	case "ISSUED":
		r.ok(what, "ISSUED")
	case "PENDING_VALIDATION":
		r.warn(what, "wait, if a deployment is running; it ends within the hour if the zone is delegated, and not at all if not", "PENDING_VALIDATION")
	default:
		r.fail(what, "delete it (aws acm delete-certificate), see that the zone is delegated, and deploy", "%s", status)
	}
}
