package sweeper

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// clouds is CloudFormation as far as stacks are listed and deleted, over its
// Query API (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/).
// It is strict: a parameter that it does not know, a region that signs wrongly or
// a stack by name instead of by id is an error. A stack whose export another one
// imports, or which is protected, is not deleted.
type clouds struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	stacks []*fakeStack
	denied map[string]bool // regions that answer AccessDenied
	asked  []string        // names of the stacks whose deletion was asked for
}

type fakeStack struct {
	region, name string
	tags         map[string]string
	status       string
	protected    bool
	created      time.Time
	updated      time.Time
	imports      []string // stacks whose exports it uses
	stuck        bool     // its deletion fails
}

func (s *fakeStack) id() string {
	return "arn:aws:cloudformation:" + s.region + ":123456789012:stack/" + s.name + "/1b2c"
}

func newClouds(t *testing.T, stacks ...*fakeStack) *clouds {
	c := &clouds{t: t, stacks: stacks, denied: map[string]bool{}}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// api is a client as the function has it, of one region.
func (c *clouds) api(region string) API {
	return cloudformation.New(cloudformation.Options{
		Region: region, BaseEndpoint: &c.URL, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	})
}

var signed = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/([a-z0-9-]+)/cloudformation/aws4_request, `)

func (c *clouds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := signed.FindStringSubmatch(r.Header.Get("Authorization"))
	if err := r.ParseForm(); err != nil || m == nil || r.Method != http.MethodPost || r.PostForm.Get("Version") != "2010-05-15" {
		refuse(w, "ValidationError", fmt.Sprintf("%s %v %v", r.Method, err, r.PostForm))
		return
	}
	if c.denied[m[1]] {
		refuse(w, "AccessDenied", "not authorized")
		return
	}
	action := r.PostForm.Get("Action")
	known := map[string][]string{"DescribeStacks": {"NextToken"}, "DeleteStack": {"StackName"}}[action]
	for key := range r.PostForm {
		if key != "Action" && key != "Version" && !slices.Contains(known, key) {
			refuse(w, "ValidationError", "unexpected parameter "+key)
			return
		}
	}
	switch action {
	case "DescribeStacks":
		c.describe(w, m[1], r.PostForm)
	case "DeleteStack":
		c.delete(w, m[1], r.PostForm.Get("StackName"))
	default:
		refuse(w, "InvalidAction", action)
	}
}

func refuse(w http.ResponseWriter, code, message string) {
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>`, code, message)
}

// describe lists two stacks at a time.
func (c *clouds) describe(w http.ResponseWriter, region string, form url.Values) {
	type tag struct{ Key, Value string }
	type member struct {
		StackId, StackName, StackStatus string
		CreationTime                    time.Time
		LastUpdatedTime                 *time.Time `xml:",omitempty"`
		EnableTerminationProtection     bool
		Tags                            struct {
			Member []tag `xml:"member"`
		}
	}
	var out struct {
		XMLName xml.Name `xml:"http://cloudformation.amazonaws.com/doc/2010-05-15/ DescribeStacksResponse"`
		Result  struct {
			Stacks struct {
				Member []member `xml:"member"`
			}
			NextToken string `xml:",omitempty"`
		} `xml:"DescribeStacksResult"`
	}
	var here []*fakeStack
	for _, s := range c.stacks {
		if s.region == region {
			here = append(here, s)
		}
	}
	from := 0
	if token := form.Get("NextToken"); token != "" {
		if _, err := fmt.Sscanf(token, "after-%d", &from); err != nil || from >= len(here) {
			refuse(w, "ValidationError", "token "+token)
			return
		}
	}
	for _, s := range here[from:min(from+2, len(here))] {
		m := member{StackId: s.id(), StackName: s.name, StackStatus: s.status, CreationTime: s.created, EnableTerminationProtection: s.protected}
		if !s.updated.IsZero() {
			m.LastUpdatedTime = &s.updated
		}
		for k, v := range s.tags {
			m.Tags.Member = append(m.Tags.Member, tag{k, v})
		}
		out.Result.Stacks.Member = append(out.Result.Stacks.Member, m)
	}
	if from+2 < len(here) {
		out.Result.NextToken = fmt.Sprintf("after-%d", from+2)
	}
	if err := xml.NewEncoder(w).Encode(out); err != nil {
		c.t.Error(err)
	}
}

// delete begins a deletion, which ends when pass is called.
func (c *clouds) delete(w http.ResponseWriter, region, id string) {
	i := slices.IndexFunc(c.stacks, func(s *fakeStack) bool { return s.region == region && s.id() == id })
	if i < 0 {
		refuse(w, "ValidationError", "no stack has the id "+id)
		return
	}
	s := c.stacks[i]
	c.asked = append(c.asked, s.name)
	if s.protected {
		refuse(w, "ValidationError", "Stack ["+s.name+"] cannot be deleted while TerminationProtection is enabled")
		return
	}
	s.status = "DELETE_IN_PROGRESS"
	fmt.Fprint(w, `<DeleteStackResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DeleteStackResponse>`)
}

// pass lets the time pass that deletions take. One whose export is in use fails,
// as one that is stuck does.
func (c *clouds) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	inUse := map[string]bool{}
	for _, s := range c.stacks {
		for _, name := range s.imports {
			inUse[name] = true
		}
	}
	c.stacks = slices.DeleteFunc(c.stacks, func(s *fakeStack) bool {
		if s.status != "DELETE_IN_PROGRESS" {
			return false
		}
		if inUse[s.name] || s.stuck {
			s.status = "DELETE_FAILED"
			return false
		}
		return true
	})
}

// left are the names of the stacks that are there, in order.
func (c *clouds) left() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, s := range c.stacks {
		out = append(out, s.name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// took are the stacks whose deletion was asked for since the last call.
func (c *clouds) took() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.asked
	c.asked = nil
	slices.Sort(out)
	return strings.Join(out, " ")
}
