package edge

import (
	"errors"
	"fmt"
	"slices"

	"github.com/grafana/sobek"
)

// failoverCodes are the statuses of an origin at which a group may ask its other
// one. A failed connection and a timeout are always such.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html
var failoverCodes = []int{400, 403, 404, 416, 429, 500, 502, 503, 504}

// createOriginGroup is createRequestOriginGroup({originIds: [{originId},
// {originId}], failoverCriteria: {statusCodes}}) of the module 'cloudfront': for
// this request, the first of two origins of the distribution and the one that is
// asked when it fails. It takes what is documented and throws at anything else,
// also at an option that this program has no use for. Of several calls in one run
// the last counts.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html
func (in *instance) createOriginGroup(call sobek.FunctionCall) sobek.Value {
	group, err := in.originGroup(call)
	if err != nil {
		panic(in.rt.NewTypeError("createRequestOriginGroup: %s", err.Error()))
	}
	in.group = group
	return sobek.Undefined()
}

func (in *instance) originGroup(call sobek.FunctionCall) (*OriginGroup, error) {
	if in.ctx == nil {
		return nil, errors.New("outside the handler")
	}
	if len(call.Arguments) != 1 {
		return nil, fmt.Errorf("%d arguments", len(call.Arguments))
	}
	options, err := object(call.Argument(0).Export(), "originIds", "failoverCriteria")
	if err != nil {
		return nil, err
	}
	criteria, err := object(options["failoverCriteria"], "statusCodes")
	if err != nil {
		return nil, fmt.Errorf("failoverCriteria: %w", err)
	}
	origins, _ := options["originIds"].([]any)
	codes, _ := criteria["statusCodes"].([]any)
	if len(origins) != 2 || len(codes) == 0 {
		return nil, errors.New("want two originIds and a list of statusCodes")
	}
	var ids [2]string
	for i, v := range origins {
		id, err := object(v, "originId")
		if err != nil {
			return nil, fmt.Errorf("originIds: %w", err)
		}
		ids[i], _ = id["originId"].(string)
	}
	if ids[0] == "" || ids[1] == "" || ids[0] == ids[1] {
		return nil, fmt.Errorf("originIds: %q and %q are not two origins", ids[0], ids[1])
	}
	out := &OriginGroup{Primary: ids[0], Secondary: ids[1]}
	for _, v := range codes {
		code, ok := v.(int64)
		if !ok || !slices.Contains(failoverCodes, int(code)) {
			return nil, fmt.Errorf("statusCodes: %v is none at which an origin fails over", v)
		}
		out.FailoverCriteria = append(out.FailoverCriteria, int(code))
	}
	return out, nil
}

// object is a JavaScript object with exactly these properties.
func object(v any, names ...string) (map[string]any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%v is not an object", v)
	}
	for _, name := range names {
		if _, ok := m[name]; !ok {
			return nil, fmt.Errorf("%s is missing", name)
		}
	}
	if len(m) > len(names) {
		return nil, fmt.Errorf("more than %v", names)
	}
	return m, nil
}
