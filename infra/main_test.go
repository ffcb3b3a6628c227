package main

import (
	"context"
	"debug/buildinfo"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, yaml, env, account, want string }{
		{"nothing known", "title: Blog\n", "", "", ""},
		{"the credentials' account", "title: Blog\n", "", "111122223333", ""},
		{"the same account", "title: Blog\naws: {account: '111122223333'}\n", "", "111122223333", ""},
		{"another account", "title: Blog\naws: {account: '111122223333'}\n", "", "444455556666", "the credentials in use are of account 444455556666"},
		{"another environment", "title: Blog\n", "dev", "", ""},
		{"no environment", "title: Blog\n", "Dev 1", "", "-c env or BLOG_ENV: environment"},
		{"a problem, with its line", "title: Blog\nregion: x\n", "", "", "blog.yaml:2: unknown key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, "blog.yaml")
			if err := os.WriteFile(path, []byte(c.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := load(path, c.env, c.account)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// One environment is named, or the same one twice.
func TestEnvironment(t *testing.T) {
	for _, c := range []struct{ context, variable, want, wrong string }{
		{"", "", "", ""},
		{`{"@aws-cdk/x": true}`, "", "", ""},
		{`{"env": "dev"}`, "", "dev", ""},
		{`{"env": "dev"}`, "dev", "dev", ""},
		{"", "dev", "dev", ""},
		{`{"env": 7}`, "", "7", ""}, // which is then no name
		{`{"env": "dev"}`, "prod", "", "-c env=dev, and BLOG_ENV is prod"},
		{`{"env": ""}`, "dev", "", "names no environment"},
		{`{`, "", "", "CDK_CONTEXT_JSON"},
	} {
		got, err := environment(func(key string) string {
			return map[string]string{"CDK_CONTEXT_JSON": c.context, "BLOG_ENV": c.variable}[key]
		})
		if got != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("context %s, BLOG_ENV=%s: %q %v, want %q %s", c.context, c.variable, got, err, c.want, c.wrong)
		}
	}
}

// Each function is one file for Lambda's machine, and nothing of the machine
// that built it is in it.
func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the functions")
	}
	mains, err := filepath.Glob("../lambda/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	b, err := build(context.Background(), "..")
	if err != nil {
		t.Fatal(err)
	}
	if len(mains) != len(b.folders()) {
		t.Errorf("%d functions are built of %v", len(b.folders()), mains)
	}
	for name, dir := range b.folders() {
		t.Run(name, func(t *testing.T) { checkBuilt(t, *dir) })
	}
}

func checkBuilt(t *testing.T, dir string) {
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "bootstrap" {
		t.Fatalf("%v %v", files, err)
	}
	bin := filepath.Join(dir, "bootstrap")
	f, err := elf.Open(bin)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if libs, _ := f.ImportedLibraries(); f.Machine != elf.EM_AARCH64 || len(libs) > 0 {
		t.Errorf("%v that needs %v", f.Machine, libs)
	}
	info, err := buildinfo.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
		if strings.HasPrefix(s.Key, "vcs") {
			t.Errorf("holds %s=%s", s.Key, s.Value)
		}
	}
	if settings["-trimpath"] != "true" || settings["-tags"] != "lambda.norpc" || settings["CGO_ENABLED"] != "0" {
		t.Errorf("built with %v", settings)
	}
	data, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	home, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), home) {
		t.Errorf("holds the path %s", home)
	}
}
