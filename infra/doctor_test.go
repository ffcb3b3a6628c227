package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/victorleungtw/blog/internal/doctor"
)

// Whatever is synthesized can be deployed, as far as blog doctor can tell.
func TestDoctorFindsNothing(t *testing.T) {
	for _, d := range deployments {
		t.Run(d.name, func(t *testing.T) {
			root := t.TempDir()
			if err := os.Symlink(d.dir, filepath.Join(root, "cdk.out")); err != nil {
				t.Fatal(err)
			}
			report := doctor.Offline(context.Background(), &doctor.Blog{
				Config: d.blog.Config, Names: d.blog.Names, Root: root,
				Run: func(context.Context, string, ...string) (string, error) { return "", fs.ErrNotExist },
			})
			looked := false
			for _, c := range report {
				if c.Status == doctor.Failure {
					t.Errorf("%s: %s", c.What, c.Found)
				}
				looked = looked || c.Area == "templates" && c.What == "order" && c.Status == doctor.OK
			}
			if !looked {
				t.Errorf("the templates were not looked at: %+v", report)
			}
		})
	}
}
