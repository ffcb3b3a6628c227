package remedy

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/names"
)

// services are Lambda's and SNS's APIs, as far as a code remedy calls them.
type services struct {
	version, revision string
	weights           map[string]float64
	published         url.Values
}

func (s *services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	alias := func() {
		json.NewEncoder(w).Encode(map[string]any{
			"Name": "live", "FunctionVersion": s.version, "RevisionId": s.revision,
			"RoutingConfig": map[string]any{"AdditionalVersionWeights": s.weights},
		})
	}
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/2015-03-31/functions/blog-prod-renderer/aliases/live":
		alias()
	case r.Method == http.MethodPut && r.URL.Path == "/2015-03-31/functions/blog-prod-renderer/aliases/live":
		var in map[string]any
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in) != 2 {
			http.Error(w, "it sets more than the version", http.StatusBadRequest)
			return
		}
		if in["RevisionId"] != s.revision {
			w.Header().Set("X-Amzn-Errortype", "PreconditionFailedException")
			w.WriteHeader(http.StatusPreconditionFailed)
			io.WriteString(w, `{"Type":"User","Message":"The RevisionId provided does not match"}`)
			return
		}
		s.version, s.revision = in["FunctionVersion"].(string), s.revision+"x"
		alias()
	case r.Method == http.MethodPost && r.URL.Path == "/":
		r.ParseForm()
		s.published = r.PostForm
		io.WriteString(w, `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>`)
	default:
		http.Error(w, r.Method+" "+r.URL.Path, http.StatusNotFound)
	}
}

// The code remedy as its Lambda opens it, on AWS's protocols.
func TestOpenCode(t *testing.T) {
	s := &services{version: "6", revision: "r"}
	server := httptest.NewServer(s)
	defer server.Close()
	for k, v := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "ap-southeast-1",
		"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(k, v)
	}
	env := map[string]string{
		names.EnvBucket: "dir:" + t.TempDir(), names.EnvFunction: "blog-prod-renderer",
		names.EnvTopic: "arn:aws:sns:ap-southeast-1:123456789012:alarms", names.EnvAlarms: "x," + alarmName,
	}
	r, err := OpenCode(t.Context(), func(k string) string { return env[k] }, quiet)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"6", "7"} {
		s.version = v
		if err := r.Handle(t.Context(), recorded(t, "deployment")); err != nil {
			t.Fatal(err)
		}
	}
	s.weights = map[string]float64{"8": 0.1}
	if p, err := r.Alias.Get(t.Context()); err != nil || p != (Pointer{"7", "r", true}) {
		t.Errorf("%+v %v", p, err)
	}
	s.weights = nil
	if err := r.Alias.Point(t.Context(), Pointer{Revision: "another"}, "6"); err != ErrMoved {
		t.Errorf("got %v, want ErrMoved", err)
	}
	if err := r.Handle(t.Context(), alarmAt(t, "a", time.Now())); err != nil {
		t.Fatal(err)
	}
	if s.version != "6" {
		t.Errorf("the alias is at %s", s.version)
	}
	if got := s.published; got.Get("TopicArn") != env[names.EnvTopic] || got.Get("Subject") != "Taken back: "+alarmName ||
		!strings.Contains(got.Get("Message"), "version 6 again instead of 7") {
		t.Errorf("published %v", got)
	}
	// What SNS refuses of a subject never reaches it.
	if err := r.Tell(t.Context(), strings.Repeat("é\n", 100), "x"); err != nil || s.published.Get("Subject") != strings.Repeat("?", 100) {
		t.Errorf("%v %v", s.published, err)
	}
}

// A Lambda that lacks something of its environment says what, all of it.
func TestOpenLacks(t *testing.T) {
	none := func(string) string { return "" }
	_, code := OpenCode(t.Context(), none, quiet)
	_, content := OpenContent(t.Context(), none, quiet)
	for _, c := range []struct {
		err  error
		keys []string
	}{
		{code, []string{names.EnvBucket, names.EnvFunction, names.EnvTopic, names.EnvAlarms}},
		{content, []string{names.EnvName, names.EnvEnv, names.EnvRegions, names.EnvTopic, names.EnvAlarms}},
	} {
		if c.err == nil || slices.ContainsFunc(c.keys, func(k string) bool { return !strings.Contains(c.err.Error(), k) }) {
			t.Errorf("got %v, want %v", c.err, c.keys)
		}
	}
}
