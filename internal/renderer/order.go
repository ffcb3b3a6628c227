package renderer

import (
	"fmt"
	"net/http"

	"github.com/victorleungtw/blog/internal/traffic"
)

// OrderPath is where a region says which other one it drains, for the health
// check of that one (package traffic).
const OrderPath = "/ops/route"

// order says which region this one's record drains. When it cannot tell it
// answers an error, and so nothing that a health check looks for: nobody is
// drained by a region that is ill.
func (r *Renderer) order(w http.ResponseWriter, req *http.Request) {
	o, _, err := traffic.ReadOrder(req.Context(), r.Bucket)
	if err != nil {
		r.Log.ErrorContext(req.Context(), "no order to show", "error", err)
		fail(w, http.StatusServiceUnavailable, "the order cannot be read")
		return
	}
	body := o.Text()
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", noStore)
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(http.StatusOK)
	if req.Method != http.MethodHead {
		fmt.Fprint(w, body) // a checker that hung up is not our failure
	}
}
