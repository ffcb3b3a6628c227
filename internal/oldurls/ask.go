package oldurls

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/routes"
)

// table is a route table that holds one release: path → digest, or where it
// redirects to.
type table map[string]string

func (t table) Get(_ context.Context, key string) (string, bool, error) {
	if key == string(routes.Site)+"!c" {
		return `{"n":1}`, true, nil
	}
	path, ok := strings.CutPrefix(key, string(routes.Site))
	to := t[path]
	if !ok || to == "" {
		return "", false, nil
	}
	return "1:" + to, true, nil
}

// planned asks the edge function.
type planned struct {
	function *edge.Function
	assets   func(path string) bool
}

// Planned asks what would be published: targets are the paths of a plan and what
// they are (release.Targets); asset says whether there is a file at a path.
func Planned(targets map[string]string, asset func(path string) bool) (Asker, error) {
	f, err := edge.NewFunction(edge.Source(), table(targets), slog.New(slog.DiscardHandler), 0)
	if err != nil {
		return nil, err
	}
	return planned{f, asset}, nil
}

func (p planned) Ask(ctx context.Context, path string) (Answer, error) {
	if strings.HasPrefix(path, "/asset/") { // which the function does not see
		if p.assets(path) {
			return Answer{Status: http.StatusOK}, nil
		}
		return Answer{Status: http.StatusNotFound}, nil
	}
	e := edge.NewEvent(httptest.NewRequest(http.MethodGet, "https://blog.invalid/", nil), "")
	e.Request.URI = path
	res, err := p.function.Run(ctx, e)
	if err != nil {
		return Answer{}, err
	}
	if res.Request != nil {
		return Answer{Status: http.StatusOK}, nil
	}
	return Answer{res.Response.StatusCode, res.Response.Headers["location"].Value}, nil
}

// running asks a blog over HTTP.
type running struct {
	client http.Client
	base   *url.URL
}

// Running asks a running blog, which is at base.
func Running(client *http.Client, base string) (Asker, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not the address of a blog; want for example https://blog.example.com", base)
	}
	r := &running{*client, u}
	r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return r, nil
}

func (r *running) Ask(ctx context.Context, path string) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base.Scheme+"://"+r.base.Host+path, nil)
	if err != nil {
		return Answer{}, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	resp.Body.Close()
	a := Answer{Status: resp.StatusCode}
	if to, err := resp.Location(); err == nil {
		if a.To = to.String(); to.Host == r.base.Host {
			a.To = to.RequestURI()
		}
	}
	return a, nil
}
