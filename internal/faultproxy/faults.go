package faultproxy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is one way in which a request goes wrong.
type Fault string

// The faults. "After" means that the backend did what was asked: a client that
// takes the answer for the truth is wrong.
const (
	// SlowDown is S3's 503 SlowDown, and a ThrottlingException elsewhere.
	SlowDown Fault = "slow down"
	// ResetBefore is a connection that breaks before the backend heard.
	ResetBefore Fault = "reset before"
	// ResetAfter is one that breaks instead of the answer.
	ResetAfter Fault = "reset after"
	// ErrorAfter is a 500: S3 says that a request it answers so may have been
	// carried out all the same.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorBestPractices.html
	ErrorAfter Fault = "error after"
	// Truncate is half of the body, and then the end of the connection.
	Truncate Fault = "truncate"
	// Conflict is 409: of S3 ConditionalRequestConflict, for a conditional
	// write while another one is under way, of a KeyValueStore
	// ConflictException. Nothing was written.
	Conflict Fault = "conflict"
	// LostReply is what a client is told whose first reply was lost and that
	// tried again: a write that succeeded is answered as one that came too
	// late. S3 says 412, a KeyValueStore "Pre-Condition failed".
	LostReply Fault = "lost reply"
	// Delay is an answer that comes late, by up to Plan.Delay.
	Delay Fault = "delay"
)

// AllFaults lists them in the order in which a Plan tries them.
func AllFaults() []Fault {
	return []Fault{SlowDown, ResetBefore, ResetAfter, ErrorAfter, Truncate, Conflict, LostReply, Delay}
}

// applies says whether a fault can happen to requests of a kind.
func (f Fault) applies(kind string, r *http.Request) bool {
	write := kind == UpdateKeys || (kind == PutObject && (r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != ""))
	switch f {
	case Conflict, LostReply:
		return write
	case Truncate:
		return r.Method != http.MethodHead && kind != PutObject && kind != DeleteObject
	}
	return true
}

// Plan says what goes wrong.
type Plan struct {
	Seed  uint64
	Rates map[Fault]float64 // the share of the requests that it can happen to, 0 to 1
	Delay time.Duration     // the longest Delay
	// Only, if given, spares the requests for which it is false.
	Only func(r *http.Request, kind string) bool
}

// Every is a plan in which each fault happens to this share of the requests.
func Every(seed uint64, rate float64) *Plan {
	p := &Plan{Seed: seed, Rates: map[Fault]float64{}, Delay: 200 * time.Millisecond}
	for _, f := range AllFaults() {
		p.Rates[f] = rate
	}
	return p
}

// SetFaults changes the plan for the requests that begin from now on; nil is
// none. The requests of a path are counted anew.
func (p *Proxy) SetFaults(plan *Plan) {
	if plan == nil {
		plan = &Plan{}
	}
	copied := *plan
	copied.Rates = maps.Clone(plan.Rates)
	p.plan.Store(&running{plan: copied, seen: map[string]int{}})
}

// running is a plan with what it has seen.
type running struct {
	plan Plan
	mu   sync.Mutex
	seen map[string]int // requests by method and path
}

// choose returns what happens to a request, and for how long it waits first.
func (u *running) choose(r *http.Request, kind string) (Fault, time.Duration) {
	if len(u.plan.Rates) == 0 || (u.plan.Only != nil && !u.plan.Only(r, kind)) {
		return "", 0
	}
	name := r.Method + " " + subject(r, kind)
	u.mu.Lock()
	index := u.seen[name]
	u.seen[name]++
	u.mu.Unlock()
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", u.plan.Seed, index, name))
	dice := fraction(sum[:8])
	for _, f := range AllFaults() {
		if !f.applies(kind, r) {
			continue
		}
		if dice -= u.plan.Rates[f]; dice < 0 {
			if f == Delay {
				return f, time.Duration(fraction(sum[8:16]) * float64(u.plan.Delay))
			}
			return f, 0
		}
	}
	return "", 0
}

// subject is what a request is about: the path, for S3 without the bucket, whose
// name is another in each run.
func subject(r *http.Request, kind string) string {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	if kind == List || strings.HasSuffix(kind, " object") {
		_, path, _ = strings.Cut(path, "/")
	}
	return path
}

// fraction makes a number from 0 to 1, without 1, of eight bytes.
func fraction(b []byte) float64 { return float64(binary.BigEndian.Uint64(b)>>11) / (1 << 53) }

// outage is a backend that is away.
type outage struct {
	hang bool
	over chan struct{}
}

// Down takes the backend away: connections are reset, those that are open and
// new ones, or, with hang, accept what is sent and answer nothing. What is under
// way is carried out, and its answer lost. Up gives it back.
func (p *Proxy) Down(hang bool) {
	if old := p.down.Swap(&outage{hang: hang, over: make(chan struct{})}); old != nil {
		close(old.over)
	}
	if !hang {
		p.listener.resetAll()
	}
}

// Up ends an outage. Requests that hung are reset.
func (p *Proxy) Up() {
	if old := p.down.Swap(nil); old != nil {
		close(old.over)
	}
}

// refuse ends a request during an outage.
func (p *Proxy) refuse(r *http.Request, out *outage) {
	p.count(func(c *Counts) { c.Refused++ })
	if out.hang {
		select {
		case <-out.over:
		case <-r.Context().Done():
		}
	}
	abort(r)
}

// answer answers in the place of the backend, in the service's own form.
func (p *Proxy) answer(w http.ResponseWriter, r *http.Request, kind string, f Fault) {
	json := slices.Contains([]string{DescribeKVS, GetKey, ListKeys, UpdateKeys, Invoke}, kind)
	switch {
	case json && f == SlowDown:
		p.jsonError(w, http.StatusTooManyRequests, "ThrottlingException", "Rate exceeded")
	case json && f == Conflict:
		p.jsonError(w, http.StatusConflict, "ConflictException", "Resource is not in expected state.")
	case json && f == LostReply:
		p.jsonError(w, http.StatusBadRequest, "ValidationException", "Pre-Condition failed")
	case json:
		p.jsonError(w, http.StatusInternalServerError, "InternalServerException", "Internal server error")
	case f == SlowDown:
		p.xmlError(w, r, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
	case f == Conflict:
		p.xmlError(w, r, http.StatusConflict, "ConditionalRequestConflict", "The conditional request cannot succeed due to a conflicting operation against this resource.")
	case f == LostReply:
		p.xmlError(w, r, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	default:
		p.xmlError(w, r, http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
	}
}

// jsonError is an error of a KeyValueStore or of Lambda (REST JSON: the code in
// a header).
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
func (p *Proxy) jsonError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	body, _ := json.Marshal(map[string]string{"Message": message}) // strings encode
	p.write(w, status, "application/json", body)
}

// xmlError is an error of S3.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func (p *Proxy) xmlError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	const id = "4442587FB7D0A2F9"
	body, _ := xml.Marshal(struct { // strings encode
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		Resource  string
		RequestID string `xml:"RequestId"`
	}{Code: code, Message: message, Resource: r.URL.Path, RequestID: id})
	w.Header().Set("X-Amz-Request-Id", id)
	p.write(w, status, "application/xml", append([]byte(xml.Header), body...))
}

func (p *Proxy) write(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	n, _ := w.Write(body)
	p.count(func(c *Counts) { c.Down += int64(n) })
}

// String lists the counts on one line, requests by kind.
func (c Counts) String() string {
	out := fmt.Sprintf("%d requests", c.Total())
	for _, kind := range slices.Sorted(maps.Keys(c.Requests)) {
		out += fmt.Sprintf(", %d %s", c.Requests[kind], kind)
	}
	out += fmt.Sprintf("; %d bytes up, %d down; %d connections, %d at once", c.Up, c.Down, c.Conns, c.Peak)
	for _, f := range slices.Sorted(maps.Keys(c.Faults)) {
		out += fmt.Sprintf(", %d × %s", c.Faults[f], f)
	}
	return out
}
