package s3_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/store/s3"
)

// versioned is a bucket with versions, as far as an Erase sees it. Its forms
// are those of
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html and
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html.
type versioned struct {
	t        *testing.T
	versions []string // "key version" and "key version marker", in the order of a listing
	listings int
	deleted  []string
	refuse   string // a key that may not be deleted
}

func (v *versioned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodGet && q.Has("versions"):
		v.listings++
		v.list(w, q.Get("prefix"), q.Get("key-marker")+" "+q.Get("version-id-marker"))
	case r.Method == http.MethodPost && q.Has("delete"):
		body, err := io.ReadAll(r.Body)
		if err != nil {
			v.t.Error(err)
		}
		// S3 takes no DeleteObjects without a checksum of its body.
		if r.Header.Get("X-Amz-Checksum-Crc32") == "" && r.Header.Get("Content-Md5") == "" {
			v.t.Error("DeleteObjects without a checksum")
		}
		if strings.Count(string(body), "<Object>") > 1000 {
			answer(w, http.StatusBadRequest, "MalformedXML")
			return
		}
		fmt.Fprint(w, "<DeleteResult>")
		for object := range strings.SplitSeq(string(body), "<Object>") {
			_, rest, ok := strings.Cut(object, "<Key>")
			if !ok {
				continue
			}
			key, rest, _ := strings.Cut(rest, "</Key>")
			_, rest, _ = strings.Cut(rest, "<VersionId>")
			version, _, _ := strings.Cut(rest, "</VersionId>")
			if key == v.refuse {
				fmt.Fprintf(w, "<Error><Key>%s</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", key)
				continue
			}
			v.deleted = append(v.deleted, key+" "+version)
		}
		fmt.Fprint(w, "</DeleteResult>")
	default:
		v.t.Errorf("unexpected: %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusBadRequest)
	}
}

// list answers two versions at a time.
func (v *versioned) list(w http.ResponseWriter, prefix, after string) {
	var page []string
	started := strings.TrimSpace(after) == ""
	for _, line := range v.versions {
		if started && strings.HasPrefix(line, prefix) {
			page = append(page, line)
		}
		started = started || strings.HasPrefix(line, after)
	}
	more := len(page) > 2
	page = page[:min(2, len(page))]
	fmt.Fprintf(w, "<ListVersionsResult><IsTruncated>%v</IsTruncated>", more)
	for i, line := range page {
		f := strings.Fields(line)
		element := "Version"
		if len(f) == 3 {
			element = "DeleteMarker"
		}
		fmt.Fprintf(w, "<%[1]s><Key>%[2]s</Key><VersionId>%[3]s</VersionId></%[1]s>", element, f[0], f[1])
		if more && i == 1 {
			fmt.Fprintf(w, "<NextKeyMarker>%s</NextKeyMarker><NextVersionIdMarker>%s</NextVersionIdMarker>", f[0], f[1])
		}
	}
	fmt.Fprint(w, "</ListVersionsResult>")
}

func versionedBucket(t *testing.T) (*versioned, *s3.Bucket) {
	v := &versioned{t: t, versions: []string{
		"page/ab v3 marker", "page/ab v2", "page/ab v1", "page/ab.br v4", "page/abc v5", "page/b v6", "src/ab v7",
	}}
	return v, bucket(t, httptest.NewServer(v))
}

// Every version goes, and every mark; what only begins alike stays.
func TestEraseEveryVersion(t *testing.T) {
	v, b := versionedBucket(t)
	if err := b.Erase(t.Context(), []string{"src/ab", "page/ab.br", "page/ab", "never/was"}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(v.deleted)
	if want := []string{"page/ab v1", "page/ab v2", "page/ab v3", "page/ab.br v4", "src/ab v7"}; !slices.Equal(v.deleted, want) {
		t.Errorf("deleted %q, want %q", v.deleted, want)
	}
	if v.listings != 5 { // three pages below page/ab, which hold page/ab.br too; never/was; src/ab
		t.Errorf("%d listings, want 5", v.listings)
	}
}

// A delete names no version, so that a bucket with versions keeps them.
func TestDeleteKeepsVersions(t *testing.T) {
	v, b := versionedBucket(t)
	if err := b.Delete(t.Context(), []string{"page/ab", "page/b"}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"page/ab ", "page/b "}; !slices.Equal(v.deleted, want) || v.listings != 0 {
		t.Errorf("deleted %q after %d listings, want %q after none", v.deleted, v.listings, want)
	}
}

// S3 takes 1,000 keys at a time.
func TestDeleteInBatches(t *testing.T) {
	v, b := versionedBucket(t)
	var keys []string
	for i := range 1001 {
		keys = append(keys, fmt.Sprintf("page/%04d", i))
	}
	if err := b.Delete(t.Context(), keys); err != nil || len(v.deleted) != len(keys) {
		t.Errorf("%d of %d deleted: %v", len(v.deleted), len(keys), err)
	}
}

// S3 says 200 of a DeleteObjects in which it refused a key.
func TestDeleteRefused(t *testing.T) {
	v, b := versionedBucket(t)
	v.refuse = "page/b"
	for what, err := range map[string]error{
		"Delete": b.Delete(t.Context(), []string{"page/ab", "page/b"}),
		"Erase":  b.Erase(t.Context(), []string{"page/ab", "page/b"}),
	} {
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "page/b") || !strings.Contains(err.Error(), "s3:DeleteObjectVersion") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
