package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// motoTransport mends two things between the SDK and moto. moto reads %2F in a
// query as a slash before it verifies the signature, so that every listing below
// a prefix would be refused; it is signed again, as moto reads it. And of
// DeleteObjects moto asks for a permission on the bucket, where S3 asks for one
// on each key; it becomes a DeleteObject for each.
type motoTransport struct {
	m  *moto
	as aws.CredentialsProvider
}

func (m motoTransport) Do(r *http.Request) (*http.Response, error) {
	switch {
	case r.Method == http.MethodPost && r.URL.Query().Has("delete"):
		return m.deleteEach(r)
	case strings.Contains(r.URL.RawQuery, "%2F"):
		if err := m.sign(r); err != nil {
			return nil, err
		}
	}
	return http.DefaultClient.Do(r)
}

// deleteEach answers DeleteObjects by what DeleteObject is answered
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html).
func (m motoTransport) deleteEach(r *http.Request) (*http.Response, error) {
	var in struct {
		Objects []struct {
			Key       string
			VersionId *string
		} `xml:"Object"`
	}
	if err := xml.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	type refused struct{ Key, Code, Message string }
	var out struct {
		XMLName xml.Name  `xml:"DeleteResult"`
		Errors  []refused `xml:"Error"`
	}
	bucket := strings.Trim(r.URL.Path, "/")
	for _, o := range in.Objects {
		_, err := m.m.s3(m.as).DeleteObject(r.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &o.Key, VersionId: o.VersionId})
		if err != nil {
			out.Errors = append(out.Errors, refused{o.Key, code(err), err.Error()})
		}
	}
	body, err := xml.Marshal(out)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// sign is Signature Version 4 but for the slash
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
func (m motoTransport) sign(r *http.Request) error {
	creds, err := m.as.Retrieve(r.Context())
	if err != nil {
		return err
	}
	auth := r.Header.Get("Authorization")
	between := func(from, to string) string {
		_, rest, _ := strings.Cut(auth, from)
		out, _, _ := strings.Cut(rest, to)
		return out
	}
	scope := between("/", ",") // after the key's id: date, region, service
	signed := between("SignedHeaders=", ",")
	canonical := []string{r.Method, r.URL.EscapedPath(), strings.ReplaceAll(r.URL.RawQuery, "%2F", "/")}
	for name := range strings.SplitSeq(signed, ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.URL.Host
		}
		canonical = append(canonical, name+":"+strings.TrimSpace(value))
	}
	canonical = append(canonical, "", signed, r.Header.Get("X-Amz-Content-Sha256"))
	sum := sha256.Sum256([]byte(strings.Join(canonical, "\n")))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), scope, hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + creds.SecretAccessKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	i := strings.Index(auth, "Signature=")
	r.Header.Set("Authorization", auth[:i]+"Signature="+hex.EncodeToString(mac(key, text)))
	return nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
