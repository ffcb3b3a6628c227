// Package httprecord holds an HTTP answer in memory: for whoever must have it
// whole before sending it on (a Lambda, an origin in this process, a page that
// is added to).
package httprecord

import (
	"bytes"
	"net/http"
)

// Recorder is an http.ResponseWriter that keeps what it is given. The zero
// value is ready. net/http/httptest has one for tests.
type Recorder struct {
	Body   bytes.Buffer
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (r *Recorder) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}

// WriteHeader implements http.ResponseWriter. The first final status counts;
// informational ones (1xx) are not kept.
func (r *Recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *Recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.Body.Write(b)
}

// Status is what was answered: 200 for a handler that said nothing.
func (r *Recorder) Status() int {
	r.WriteHeader(http.StatusOK)
	return r.status
}
