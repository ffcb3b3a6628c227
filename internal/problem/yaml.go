package problem

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// YAML takes the line out of the library's message about src. It is 0 when the
// message names none.
func YAML(err error, src []byte) (line int, msg string) {
	msg = strings.TrimPrefix(err.Error(), "yaml: ")
	var te *yaml.TypeError
	if errors.As(err, &te) && len(te.Errors) > 0 {
		msg = te.Errors[0]
	}
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1])
		// YAML begins a line at a bare carriage return as well, editors do not.
		return min(line, 1+bytes.Count(src, []byte("\n"))), m[2]
	}
	return 0, msg
}
