package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/picture"
	"github.com/victorleungtw/blog/internal/plan"
)

const whereTaken = "22.3193 N 114.1694 E"

// album is a folder of posts with a photograph that says where it was taken, and a
// graphic.
type album struct {
	t      *testing.T
	dir    string
	loader *content.Loader
}

func newAlbum(t *testing.T) *album {
	t.Helper()
	a := &album{t: t, dir: t.TempDir()}
	img := image.NewGray(image.Rect(0, 0, 600, 300))
	var photo, graphic bytes.Buffer
	if err := errors.Join(jpeg.Encode(&photo, img, nil), png.Encode(&graphic, img)); err != nil {
		t.Fatal(err)
	}
	comment := "\xff\xfe\x00" + string(rune(len(whereTaken)+2)) + whereTaken
	a.write("posts/a/photo.jpg", "\xff\xd8"+comment+photo.String()[2:])
	a.write("posts/a/graphic.png", graphic.String())
	a.write("posts/a/index.en.md", "---\ndate: 2026-01-01\n---\n# A\n\n![1](photo.jpg) ![2](graphic.png) [the file](photo.jpg)\n")
	var err error
	a.loader, err = content.Open(a.dir, content.Options{Site: config.Site{
		Title: "Test", BaseURL: "https://example.com", PerPage: 3, Languages: []config.Language{{Tag: "en"}}, Images: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.loader.Close() })
	return a
}

func (a *album) write(name, text string) {
	a.t.Helper()
	name = filepath.Join(a.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, []byte(text), 0o666)); err != nil {
		a.t.Fatal(err)
	}
}

func (a *album) plan() *plan.Plan {
	a.t.Helper()
	s, probs, err := a.loader.Load(context.Background())
	if err != nil || s == nil {
		a.t.Fatal(err, probs)
	}
	pl, probs := plan.Build(s, "v1")
	if probs.Err() != nil {
		a.t.Fatal(probs)
	}
	return pl
}

// assets are the keys of a region's assets, without the digests.
func (w *world) assets(region int) string {
	w.t.Helper()
	var out []string
	for key, err := range w.buckets[region].List(context.Background(), "asset/") {
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, key[len("asset/")+64:])
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

const allAssets = "-480.webp -480.webp -600.jpg -600.webp -600.webp .jpg .png"

func TestPictures(t *testing.T) {
	ctx := context.Background()
	w, a := newWorld(t), newAlbum(t)
	if res := publish(t, w.publisher(), a.plan()); res.Uploaded != 7 {
		t.Errorf("%d files are new", res.Uploaded)
	}
	for i := range w.buckets {
		if got := w.assets(i); got != allAssets {
			t.Errorf("region %d has %s", i, got)
		}
		for key := range w.buckets[i].List(ctx, "asset/") {
			obj, err := w.buckets[i].Get(ctx, key)
			if err != nil || bytes.Contains(obj.Body, []byte(whereTaken)) {
				t.Errorf("%s says where it was taken (%v)", key, err)
			}
			if _, format, err := image.Decode(bytes.NewReader(obj.Body)); err != nil || obj.ContentType != "image/"+format {
				t.Errorf("%s is %s, and says %s (%v)", key, format, obj.ContentType, err)
			}
		}
	}
}

// A text is edited, by somebody who has never seen the pictures: nothing is
// encoded, and nobody is asked for them.
func TestPictureRequests(t *testing.T) {
	w, a := newWorld(t), newAlbum(t)
	publish(t, w.publisher(), a.plan())
	a.write("posts/b/index.en.md", "---\ndate: 2026-01-02\n---\n# B\n\nText.\n")
	next := a.plan()
	p := w.publisher()
	var c counter
	for i := range p.Regions {
		p.Regions[i].Bucket = countedBucket{p.Regions[i].Bucket, &c}
	}
	p.Progress = func(step string, done, total int) {
		if step == "pictures" {
			t.Error("a picture is made again")
		}
	}
	publish(t, p, next)
	if want := "GET head.json 2, GET release 1, PUT head.json 3, PUT release 2"; c.String() != want {
		t.Errorf("an edit beside pictures costs %s, want %s", &c, want)
	}
}

// What a killed publish, or a region that was away, has of a picture is not made
// again, and what is lacking is.
func TestPicturesResumed(t *testing.T) {
	ctx := context.Background()
	w, pl := newWorld(t), newAlbum(t).plan()
	fresh := map[string]bool{}
	for key := range pl.Site.Assets {
		fresh[key] = true
	}
	list := originals(pl.Site.Assets, fresh)
	if len(list) != 2 || len(list[0].variants)+len(list[1].variants) != 7 {
		t.Fatalf("%+v", list)
	}
	give := func(regions ...int) (int, string) {
		p := w.publisher()
		var c counter
		var in []Region
		for _, i := range regions {
			r := p.Regions[i]
			r.Bucket = countedBucket{r.Bucket, &c}
			in = append(in, r)
		}
		p.Regions = in
		n, err := p.pictures(ctx, list)
		if err != nil {
			t.Fatal(err)
		}
		return n, c.String()
	}
	if n, did := give(0); n != 7 || did != "LIST asset 2, PUT asset 7" {
		t.Errorf("first: %d, %s", n, did)
	}
	if n, did := give(0); n != 0 || did != "LIST asset 2" {
		t.Errorf("again: %d, %s", n, did)
	}
	if n, did := give(0, 1); n != 0 || did != "LIST asset 4, PUT asset 14" {
		t.Errorf("in the other region: %d, %s", n, did)
	}
	if got := w.assets(1); got != allAssets {
		t.Errorf("the other region has %s", got)
	}
	for key := range fresh {
		one, err := w.buckets[0].Get(ctx, key)
		two, err2 := w.buckets[1].Get(ctx, key)
		if err != nil || err2 != nil || !bytes.Equal(one.Body, two.Body) {
			t.Errorf("%s differs (%v, %v)", key, err, err2)
		}
	}
}

// Damaged files are named, all at once, and a plan that knows of them is published.
func TestBrokenPictures(t *testing.T) {
	ctx := context.Background()
	w, a := newWorld(t), newAlbum(t)
	for _, name := range []string{"photo.jpg", "graphic.png"} {
		name := filepath.Join(a.dir, "posts/a", name)
		whole, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(name, whole[:len(whole)*2/3], 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.publisher().Publish(ctx, a.plan(), Commit{})
	broken := Broken(fmt.Errorf("publishing: %w", err))
	if len(broken) != 2 {
		t.Fatalf("%v: %v", err, broken)
	}
	if n, _ := w.visible(); n != 0 {
		t.Errorf("release %d is visible", n)
	}
	for sum, why := range broken {
		a.loader.Broken(sum, why)
	}
	pl := a.plan()
	publish(t, w.publisher(), pl)
	w.shows(pl)
	for key, as := range pl.Site.Assets {
		obj, err := w.buckets[1].Get(ctx, key)
		if as.Variant != nil || err != nil || int64(len(obj.Body)) != as.Body.Size {
			t.Errorf("%s is not the file as it is (%v)", key, err)
		}
	}
	if Broken(errors.New("x")) == nil || len(Broken(nil)) > 0 {
		t.Error("other errors are of no picture")
	}
}

// A preview makes a variant when somebody asks for it; of a damaged file it is the
// file.
func TestPicturesLater(t *testing.T) {
	ctx := context.Background()
	w, a := newWorld(t), newAlbum(t)
	graphic := filepath.Join(a.dir, "posts/a/graphic.png")
	whole, err := os.ReadFile(graphic)
	if err != nil {
		t.Fatal(err)
	}
	a.write("posts/a/graphic.png", string(whole[:len(whole)/2]))
	todo := map[string]func(context.Context) error{}
	p := w.publisher()
	p.Later = func(key string, make func(context.Context) error) { todo[key] = make }
	pl := a.plan()
	publish(t, p, pl)
	if got := w.assets(0); got != "" || len(todo) != 7 {
		t.Fatalf("there are %s, and %d to come", got, len(todo))
	}
	for key, make := range todo {
		if err := make(ctx); err != nil {
			t.Error(err)
		}
		obj, err := w.buckets[0].Get(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		v := pl.Site.Assets[key].Variant
		if broken := v.Format == picture.PNG; broken != bytes.HasPrefix(whole, obj.Body) {
			t.Errorf("%s is %.20q", key, obj.Body)
		}
	}
	if got := w.assets(1); got != allAssets {
		t.Errorf("the standby has %s", got)
	}
}
