package assembly

import (
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/names"
)

// API is an HTTP API of which every request goes to one function.
type API struct {
	Region   string
	Function *Function
	// Timeout is how long the API waits for the function.
	Timeout time.Duration
}

// Function is a renderer, as its environment says.
type Function struct {
	Region, Name string
	Bucket       string // the name of the bucket that it renders from
	Secret       string // what a request through the distribution must carry
	Timeout      time.Duration

	resource *resource
}

// apiTimeout is how long an HTTP API waits at most
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
const apiTimeout = 30 * time.Second

// api reads an API and everything behind it, once.
func (a *app) api(r *resource) *API {
	if out, ok := a.apis[r]; ok {
		return out
	}
	out := &API{Region: r.stack.region}
	a.apis[r] = out
	id, _ := evaluation{r.stack, 0}.identity(r)
	p := r.props()
	p.only("ProtocolType", "HTTP")
	p.truth("DisableExecuteApiEndpoint")
	p.done()
	a.stage(r, id)

	// Its only route, what that leads to, and whether it may.
	routes := a.within(r.stack, "AWS::ApiGatewayV2::Route", "ApiId", id)
	if len(routes) != 1 {
		a.bad.addf(r, "", "has %d routes; only one, $default, is understood", len(routes))
		return out
	}
	route := routes[0].props()
	route.text("ApiId")
	route.only("RouteKey", "$default")
	route.only("AuthorizationType", "NONE")
	target := strings.TrimPrefix(route.text("Target"), "integrations/")
	route.done()
	integration := a.find("AWS::ApiGatewayV2::Integration", func(i *resource) bool {
		got, err := evaluation{i.stack, 0}.identity(i)
		return err == nil && got == target
	})
	if integration == nil {
		route.bad("Target", "no stack makes the integration %s", target)
		return out
	}
	i := integration.props()
	i.text("ApiId")
	i.only("IntegrationType", "AWS_PROXY")
	i.only("PayloadFormatVersion", "2.0")
	i.only("ConnectionType", "INTERNET")
	out.Timeout = time.Duration(i.number("TimeoutInMillis", int(apiTimeout/time.Millisecond))) * time.Millisecond
	uri := i.text("IntegrationUri")
	i.done()
	out.Function = a.function(i, uri)
	a.mayInvoke(i, uri, id)
	return out
}

// stage checks that what the routes say is deployed.
func (a *app) stage(api *resource, id string) {
	stages := a.within(api.stack, "AWS::ApiGatewayV2::Stage", "ApiId", id)
	if len(stages) != 1 {
		a.bad.addf(api, "", "has %d stages; only one, $default, is understood", len(stages))
		return
	}
	p := stages[0].props()
	p.text("ApiId")
	p.only("StageName", "$default")
	if !p.truth("AutoDeploy") {
		p.bad("AutoDeploy", "without it no route is deployed")
	}
	p.done()
}

// within are a stack's resources of a type of which a property has a value.
func (a *app) within(s *stack, typ, property, value string) []*resource {
	var out []*resource
	for _, r := range a.of(typ) {
		if r.stack != s {
			continue
		}
		if got, err := s.text(r.properties[property]); err == nil && got == value {
			out = append(out, r)
		}
	}
	return out
}

// function is what an ARN leads to, by an alias to a version of it.
func (a *app) function(at *properties, arn string) *Function {
	alias := a.find("AWS::Lambda::Alias", func(r *resource) bool {
		got, err := evaluation{r.stack, 0}.identity(r)
		return err == nil && got == arn
	})
	if alias == nil {
		at.bad("IntegrationUri", "no stack makes the alias %s", arn)
		return nil
	}
	p := alias.props()
	of := p.text("FunctionName")
	p.only("Name", names.LiveAlias)
	if p.text("FunctionVersion") == "$LATEST" {
		p.bad("FunctionVersion", "is $LATEST, which cannot be gone back from")
	}
	p.done()
	r := a.find("AWS::Lambda::Function", func(r *resource) bool {
		name, err := evaluation{r.stack, 0}.identity(r)
		return err == nil && r.stack == alias.stack && (name == of || functionARN(r.stack, name) == of)
	})
	if r == nil {
		p.bad("FunctionName", "the stack makes no function %s", of)
		return nil
	}
	out := &Function{Region: r.stack.region, resource: r}
	out.Name, _ = evaluation{r.stack, 0}.identity(r)
	f := r.props()
	f.asked["FunctionName"] = true
	f.only("Runtime", "provided.al2023")
	out.Timeout = f.seconds("Timeout", 3)
	env := f.object("Environment").object("Variables")
	out.Bucket = env.text(names.EnvBucket)
	secret := env.text(names.EnvOriginSecret)
	f.done()
	var err error
	if out.Secret, err = (evaluation{r.stack, 0}).secret(secret); err != nil {
		env.bad(names.EnvOriginSecret, "%v", err)
	}
	return out
}

// mayInvoke checks that the function lets the API call it: without, every
// answer is 500.
func (a *app) mayInvoke(at *properties, arn, api string) {
	s := at.of.stack
	from := "arn:aws:execute-api:" + s.region + ":" + s.account + ":" + api + "/$default/$default"
	for _, r := range a.within(s, "AWS::Lambda::Permission", "FunctionName", arn) {
		p := r.props()
		source := p.text("SourceArn")
		if p.text("Action") == "lambda:InvokeFunction" && p.text("Principal") == "apigateway.amazonaws.com" &&
			(source == "" || like(source, from)) {
			return
		}
	}
	at.bad("IntegrationUri", "no permission lets the API call %s", arn)
}
