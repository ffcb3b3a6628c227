package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/victorleungtw/blog/internal/bench/program"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store/lab"
)

// tool is a program that brings a folder to a place.
type tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Missing string `json:"missing,omitempty"` // why it does not take part

	regions   int
	renderers renderers
	ours      bool
	env       func(p *place) []string
	command   func(p *place, tree string) []string
}

// s5cmdVersion is built from source.
const s5cmdVersion = "v2.3.0"

// findTools finds or builds the tools with these names; the ones that are not
// to be had say why.
func findTools(ctx context.Context, dir string, names []string) ([]*tool, error) {
	find := map[string]func() (*tool, error){
		"blog":   func() (*tool, error) { return findBlog(ctx, dir, "") },
		"s5cmd":  func() (*tool, error) { return findS5cmd(ctx, dir) },
		"rclone": func() (*tool, error) { return findRclone(ctx) },
		"aws":    func() (*tool, error) { return findAWS(ctx) },
	}
	var out []*tool
	for _, name := range names {
		f, ok := find[name]
		if !ok {
			return nil, fmt.Errorf("there is no tool %q: use blog, s5cmd, rclone or aws", name)
		}
		t, err := f()
		if err != nil && name == "blog" {
			return nil, err
		}
		if err != nil {
			t = &tool{Name: name, Missing: err.Error()}
		}
		out = append(out, t)
		if name == "blog" {
			two := *t
			two.Name, two.regions = "blog, 2 regions", 2
			out = append(out, &two)
		}
	}
	return out, nil
}

// hugeTable is the build tag for a route table larger than AWS gives. With it
// in this program, larger blogs are measured by a publisher that has it too.
const hugeTable = "hugetable"

// isHuge says whether this program was built with it.
func isHuge() bool { return routes.MaxTable > 5<<20 }

func findBlog(ctx context.Context, dir, tags string) (*tool, error) {
	bin, err := program.Own(ctx, filepath.Join(dir, "blog"+tags), nil, "./cmd/blog", "-tags", tags)
	if err != nil {
		return nil, err
	}
	version, err := program.Describe(ctx)
	if err != nil {
		return nil, err
	}
	return &tool{
		Name: "blog", Version: version, ours: true, regions: 1, renderers: standins,
		command: func(p *place, tree string) []string {
			args := []string{bin, "publish", "--json", "--content", filepath.Join(tree, "content"),
				"--config", filepath.Join(tree, "blog.yaml"), "--base-url", "https://blog.example", "--routes", p.table.address}
			for i, r := range p.regions {
				bucket := url.Values{"region": {lab.Region}, "endpoint": {r.s3.URL()}, "path_style": {"true"}}
				function := "lambda:" + function + "?" + url.Values{"region": {lab.Region}, "endpoint": {r.renderer.URL()}}.Encode()
				address := "s3://" + r.bucket + "?" + bucket.Encode()
				if i == 0 {
					args = append(args, "--primary", address, "--renderer", function)
				} else {
					args = append(args, "--standby", address, "--standby-renderer", function)
				}
			}
			return args
		},
	}, nil
}

// findS5cmd builds s5cmd in a module of its own, which is thrown away.
func findS5cmd(ctx context.Context, dir string) (*tool, error) {
	bin, err := program.Build(ctx, dir, "github.com/peak/s5cmd/v2", s5cmdVersion)
	if err != nil {
		return nil, err
	}
	return &tool{
		Name: "s5cmd", Version: s5cmdVersion, regions: 1,
		command: func(p *place, tree string) []string {
			return []string{bin, "--endpoint-url", p.regions[0].s3.URL(), "--log", "error", "sync", "--delete",
				filepath.Join(tree, "content") + "/", "s3://" + p.regions[0].bucket + "/"}
		},
	}, nil
}

// findRclone uses the rclone that is installed, tuned as far as its options go:
// 64 transfers at once, comparing by checksum so that no object needs a HEAD
// for its modification time.
func findRclone(ctx context.Context) (*tool, error) {
	bin, err := exec.LookPath("rclone")
	if err != nil {
		return nil, fmt.Errorf("%w (Debian: apt-get install rclone)", err)
	}
	version, err := program.Output(ctx, "", nil, bin, "version")
	if err != nil {
		return nil, err
	}
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "rclone "), "\n")
	return &tool{
		Name: "rclone, tuned", Version: version, regions: 1,
		env: func(p *place) []string {
			return []string{"RCLONE_CONFIG=" + filepath.Join(p.dir, "rclone.conf"),
				"RCLONE_CONFIG_LAB_TYPE=s3", "RCLONE_CONFIG_LAB_PROVIDER=Other", "RCLONE_CONFIG_LAB_ENV_AUTH=true",
				"RCLONE_CONFIG_LAB_REGION=" + lab.Region, "RCLONE_CONFIG_LAB_ENDPOINT=" + p.regions[0].s3.URL()}
		},
		command: func(p *place, tree string) []string {
			return []string{bin, "sync", filepath.Join(tree, "content"), "lab:" + p.regions[0].bucket,
				"--transfers", "64", "--checkers", "64", "--checksum", "--fast-list", "--s3-no-check-bucket", "--s3-no-head"}
		},
	}, nil
}

// findAWS uses the AWS CLI that is installed, with 64 requests at once.
func findAWS(ctx context.Context) (*tool, error) {
	bin, err := exec.LookPath("aws")
	if err != nil {
		return nil, fmt.Errorf("%w (pip install awscli)", err)
	}
	// pyenv puts a shell script before it, whose time is not the tool's.
	if strings.Contains(bin, "/shims/") {
		if real, err := program.Output(ctx, "", nil, "pyenv", "which", "aws"); err == nil {
			bin = real
		}
	}
	version, err := program.Output(ctx, "", nil, bin, "--version")
	if err != nil {
		return nil, err
	}
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "aws-cli/"), " ")
	return &tool{
		Name: "aws s3 sync", Version: version, regions: 1,
		env: func(p *place) []string {
			config := filepath.Join(p.dir, "aws.config")
			os.WriteFile(config, []byte("[default]\ns3 =\n  max_concurrent_requests = 64\n"), 0o644) // without it the tool is slower, not wrong
			return []string{"AWS_CONFIG_FILE=" + config, "AWS_CA_BUNDLE=" + p.bundle}
		},
		command: func(p *place, tree string) []string {
			return []string{bin, "--endpoint-url", p.regions[0].s3.URL(), "s3", "sync",
				filepath.Join(tree, "content"), "s3://" + p.regions[0].bucket, "--delete", "--no-progress", "--only-show-errors"}
		},
	}, nil
}
