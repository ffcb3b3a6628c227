package corpus

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
)

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		out[name] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWriteIsDeterministic(t *testing.T) {
	write := func(o Options) map[string]string {
		dir := t.TempDir()
		stats, err := Write(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		if stats.Documents != 3*o.Posts || stats.Images != o.Images {
			t.Errorf("%+v for %+v", stats, o)
		}
		return tree(t, dir)
	}
	a, b := write(Options{20, 4, 1}), write(Options{20, 4, 1})
	if len(a) != 65 {
		t.Errorf("%d files, want 60 posts, 4 images and blog.yaml", len(a))
	}
	for name, sum := range a {
		if b[name] != sum {
			t.Errorf("%s: other bytes the second time", name)
		}
	}
	other := write(Options{20, 4, 2})
	for name, sum := range a {
		if name != "blog.yaml" && other[name] == sum {
			t.Errorf("%s: the same bytes with another seed", name)
		}
	}
}

// The blog is one that can be published, with all its files; and it has the
// shape that it is said to have.
func TestCorpusIsContent(t *testing.T) {
	dir := t.TempDir()
	o := Options{Posts: 60, Images: 20, Seed: 1}
	stats, err := Write(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if mean := stats.DocumentBytes / int64(stats.Documents); mean < 4000 || mean > 5200 {
		t.Errorf("a post has %d bytes on average", mean)
	}
	if mean := stats.ImageBytes / int64(stats.Images); mean < 100_000 || mean > 220_000 {
		t.Errorf("an image has %d bytes on average", mean)
	}
	for _, e := range []Edit{EditOne(o, 1), NewPost(o, 1)} {
		before, err := os.ReadFile(filepath.Join(dir, "content", e.File))
		if isNew := strings.Contains(e.File, slug(o.Posts+1)); isNew != os.IsNotExist(err) {
			t.Errorf("%s: new %v, %v", e.File, isNew, err)
		}
		if len(before) > 0 && !strings.HasPrefix(string(e.Body), string(before)) {
			t.Errorf("%s: an edit that is more than one sentence at the end", e.File)
		}
		if err := write(filepath.Join(dir, "content", e.File), e.Body); err != nil {
			t.Fatal(err)
		}
	}
	cfg, probs := config.Load(filepath.Join(dir, "blog.yaml"))
	if len(probs) > 0 {
		t.Fatalf("blog.yaml: %v", probs)
	}
	cfg.Site.BaseURL = "https://blog.test"
	loader, err := content.Open(filepath.Join(dir, "content"), content.Options{Site: cfg.Site})
	if err != nil {
		t.Fatal(err)
	}
	site, probs, err := loader.Load(t.Context())
	if err != nil || site == nil {
		t.Fatalf("%v %v", err, probs)
	}
	if len(site.Posts) != 181 {
		t.Errorf("%d posts, want 181", len(site.Posts))
	}
	for _, d := range site.Posts {
		if d.Slug != slug(o.Posts+1) && len(d.Translations) != 3 {
			t.Errorf("%s has %d translations", d.File, len(d.Translations))
		}
	}
	if len(site.Assets) != o.Images {
		t.Errorf("%d assets, want each of the %d images", len(site.Assets), o.Images)
	}
}
