// Package keyfake stands in for the one call of Secrets Manager that package
// originkey makes.
package keyfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// New answers GetSecretValue (AWS JSON 1.1) with one value, which was never
// another. It looks at no signature.
func New(value string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ VersionStage string }
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"__type":"InvalidRequestException"}`)
			return
		}
		if in.VersionStage != "AWSCURRENT" {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"__type":"ResourceNotFoundException","Message":"no such version"}`)
			return
		}
		fmt.Fprintf(w, `{"SecretString":%q}`, value)
	})
}
