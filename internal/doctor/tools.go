package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// checkTools holds the programs that a deployment runs to the versions that
// the project pins. A wrong one fails after minutes, with another's message.
func (b *Blog) checkTools(ctx context.Context) Report {
	r := &report{area: "tools"}
	if mod, err := os.ReadFile(filepath.Join(b.Root, "go.mod")); err != nil {
		r.skip("Go", "no go.mod here: this is not the project's folder")
	} else {
		want := "go" + goLine.FindStringSubmatch(string(mod) + "\ngo 0\n")[1]
		if have := runtime.Version(); older(have, want) {
			r.fail("Go", "install "+want+" or newer", "%s, and go.mod wants %s", have, want)
		} else {
			r.ok("Go", "%s", have)
		}
	}
	pins, err := readPins(filepath.Join(b.Root, "infra", "package.json"))
	if err != nil {
		r.skip("CDK and Node.js", "%v", err)
		return r.list
	}
	const install = "npm ci --prefix infra"
	switch have, err := installed(b.Root, "aws-cdk"); {
	case !exact.MatchString(pins.cdk):
		r.fail("CDK command line", "name one version in infra/package.json: npm's newest is an older build that cannot read this project's output",
			"pinned to %q", pins.cdk)
	case errors.Is(err, fs.ErrNotExist):
		r.warn("CDK command line", install, "not installed; npx would offer to download another than %s", pins.cdk)
	case err != nil:
		r.fail("CDK command line", install, "%v", err)
	case have != pins.cdk:
		r.fail("CDK command line", install, "%s is installed, %s is pinned", have, pins.cdk)
	default:
		r.ok("CDK command line", "%s", have)
	}
	out, err := b.Run(ctx, filepath.Join(b.Root, "infra", "node_modules", ".bin", "node"), "--version")
	switch have := strings.TrimPrefix(strings.TrimSpace(out), "v"); {
	case errors.Is(err, fs.ErrNotExist):
		r.warn("Node.js", install, "not installed below infra; %s is pinned", pins.node)
	case err != nil:
		r.fail("Node.js", install, "the one below infra does not run: %v", err)
	case have != pins.node:
		r.fail("Node.js", install, "%s is installed, %s is pinned", have, pins.node)
	default:
		r.ok("Node.js", "%s", have)
	}
	return r.list
}

var (
	goLine = regexp.MustCompile(`(?m)^go (\S+)$`)
	exact  = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	digits = regexp.MustCompile(`\d+`)
)

// older compares versions by their numbers: "go1.26.0".
func older(a, b string) bool {
	x, y := digits.FindAllString(a, 3), digits.FindAllString(b, 3)
	for i := range y {
		if i >= len(x) {
			return strings.Trim(strings.Join(y[i:], ""), "0") != ""
		}
		p, q := strings.TrimLeft(x[i], "0"), strings.TrimLeft(y[i], "0")
		if p != q {
			return len(p) < len(q) || len(p) == len(q) && p < q
		}
	}
	return false
}

// pins are the versions that infra/package.json names.
type pins struct{ cdk, node string }

func readPins(path string) (pins, error) {
	var p struct{ DevDependencies, OptionalDependencies map[string]string }
	data, err := os.ReadFile(path)
	if err != nil {
		return pins{}, errors.New("no infra/package.json here: this is not the project's folder")
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return pins{}, err
	}
	out := pins{cdk: p.DevDependencies["aws-cdk"]}
	for _, version := range p.OptionalDependencies { // one for each kind of machine
		out.node = version
	}
	return out, nil
}

// installed is the version of an npm package below infra.
func installed(root, name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(root, "infra", "node_modules", name, "package.json"))
	if err != nil {
		return "", err
	}
	var p struct{ Version string }
	return p.Version, json.Unmarshal(data, &p)
}
