package assembly

import (
	"regexp"
	"slices"
	"time"

	"github.com/victorleungtw/blog/internal/names"
)

// answerWithin is how long the renderer's server takes for an answer at most
// (lambda/renderer/serve.go).
const answerWithin = 30 * time.Second

// listens and renders find, in what an instance runs when it starts, that the
// renderer is a server and from which bucket it renders.
var (
	listens = regexp.MustCompile(`(?m)^Environment=` + names.EnvListen + `=:(\d+)$`)
	renders = regexp.MustCompile(`(?m)^Environment=` + names.EnvBucket + `=(\S+)$`)
)

// fleet is where a VPC origin leads: by a load balancer to the instances behind
// it, which answer as an API of their region would. Nothing verifies a secret:
// whoever can connect may ask.
func (a *app) fleet(at *properties, id string) []Route {
	r := a.find("AWS::CloudFront::VpcOrigin", func(r *resource) bool {
		got, err := evaluation{r.stack, 0}.attribute(r, "Id")
		return err == nil && got == id
	})
	if r == nil {
		at.bad("VpcOriginId", "no stack makes the VPC origin %s", id)
		return nil
	}
	p := r.props()
	c := p.object("VpcOriginEndpointConfig")
	c.text("Name")
	c.number("HTTPPort", 80)
	c.only("HTTPSPort", "443")
	c.only("OriginProtocolPolicy", "https-only")
	for _, version := range c.texts("OriginSSLProtocols") {
		if version != "TLSv1.2" {
			c.bad("OriginSSLProtocols", "has %s", version)
		}
	}
	balancer := c.text("Arn")
	p.done()
	group := a.behind(c, r.stack, balancer)
	if group == nil {
		return nil
	}
	function := &Function{Region: r.stack.region, Name: group.id, Timeout: answerWithin, resource: group}
	boot := a.boot(group)
	if m := renders.FindStringSubmatch(boot); m != nil {
		function.Bucket = m[1]
	}
	if function.Bucket == "" || !listens.MatchString(boot) {
		a.bad.addf(group, "", "its instances do not start a renderer that listens: no %s or %s in their user data", names.EnvListen, names.EnvBucket)
		return nil
	}
	return []Route{{API: &API{Region: r.stack.region, Function: function, Timeout: answerWithin}}}
}

// behind is the group of instances to which a load balancer's listener forwards.
func (a *app) behind(at *properties, s *stack, balancer string) *resource {
	lb := a.find("AWS::ElasticLoadBalancingV2::LoadBalancer", func(r *resource) bool {
		got, err := evaluation{r.stack, 0}.identity(r)
		return err == nil && r.stack == s && got == balancer
	})
	if lb == nil {
		at.bad("Arn", "the stack makes no load balancer %s", balancer)
		return nil
	}
	if lb.properties["Scheme"] != "internal" {
		a.bad.addf(lb, "Scheme", "is %s: a VPC origin is a private one", show(lb.properties["Scheme"]))
	}
	listeners := a.within(s, "AWS::ElasticLoadBalancingV2::Listener", "LoadBalancerArn", balancer)
	if len(listeners) != 1 {
		a.bad.addf(lb, "", "has %d listeners; only one is understood", len(listeners))
		return nil
	}
	l := listeners[0].props()
	l.only("Protocol", "HTTPS")
	l.only("Port", "443")
	actions := l.list("DefaultActions")
	if len(actions) != 1 {
		l.bad("DefaultActions", "are %d; only one is understood", len(actions))
		return nil
	}
	actions[0].only("Type", "forward")
	target := actions[0].text("TargetGroupArn")
	group := a.find("AWS::AutoScaling::AutoScalingGroup", func(r *resource) bool {
		return r.stack == s && slices.Contains(r.props().texts("TargetGroupARNs"), target)
	})
	if group == nil {
		l.bad("DefaultActions[0].TargetGroupArn", "no group of instances is in %s", target)
	}
	return group
}

// boot is what the instances of a group run when they start for the first time.
func (a *app) boot(group *resource) string {
	in := evaluation{group.stack, 0}
	template, _ := group.properties["LaunchTemplate"].(map[string]any)
	id, err := in.text(template["LaunchTemplateId"])
	if err != nil {
		return ""
	}
	for _, r := range a.of("AWS::EC2::LaunchTemplate") {
		if got, err := in.identity(r); err != nil || r.stack != group.stack || got != id {
			continue
		}
		data, _ := r.properties["LaunchTemplateData"].(map[string]any)
		encoded, _ := data["UserData"].(map[string]any)
		text, err := in.text(encoded["Fn::Base64"])
		if err != nil {
			a.bad.addf(r, "LaunchTemplateData.UserData", "%v", err)
		}
		return text
	}
	return ""
}
