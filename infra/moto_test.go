package main

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// moto is an AWS on this machine, made of S3, IAM and STS (Python,
// https://docs.getmoto.org). It evaluates the policy of whoever signed a
// request to S3, which is why it is here and not the S3 server of package lab,
// whose users have no policies.
//
// What it does not evaluate: conditions on keys of S3, the policies of buckets,
// and the trust of a role in a token. It answers 404 for a missing object also
// without s3:ListBucket.
type moto struct {
	endpoint string
	admin    aws.CredentialsProvider // may do anything to S3
}

var running = regexp.MustCompile(`Running on (http://\S+)`)

// startMoto runs a moto that ends with the test. It may be missing on a desk;
// in CI it may not.
func startMoto(t *testing.T) *moto {
	t.Helper()
	program, err := exec.LookPath("moto_server")
	if err != nil {
		const missing = "moto is not installed (pip install 'moto[s3,server]'): what the publisher may do is not proved"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip("NOT TESTED: " + missing)
	}
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", "0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-drained
		cmd.Wait()
	})
	m := &moto{}
	lines := bufio.NewReader(stderr)
	var said strings.Builder
	for m.endpoint == "" {
		line, err := lines.ReadString('\n')
		said.WriteString(line)
		if err != nil {
			close(drained)
			t.Fatalf("moto did not start: %s", said.String())
		}
		if at := running.FindStringSubmatch(line); at != nil {
			m.endpoint = at[1]
		}
	}
	go func() {
		defer close(drained)
		io.Copy(io.Discard, lines)
	}()

	m.call(t, "iam", url.Values{"Action": {"CreateUser"}, "UserName": {"admin"}})
	m.call(t, "iam", url.Values{"Action": {"PutUserPolicy"}, "UserName": {"admin"}, "PolicyName": {"all"},
		"PolicyDocument": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`}})
	m.admin = m.call(t, "iam", url.Values{"Action": {"CreateAccessKey"}, "UserName": {"admin"}})
	return m
}

// enforce makes moto ask, from now on, who calls and what they may do, or not.
func (m *moto) enforce(t *testing.T, on bool) {
	t.Helper()
	after := "inf" // requests
	if on {
		after = "0"
	}
	resp, err := http.Post(m.endpoint+"/moto-api/reset-auth", "text/plain", strings.NewReader(after))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("moto: %s", resp.Status)
	}
}

// role makes a role and returns the credentials of a session of it. The token
// is anything: moto does not read it.
func (m *moto) role(t *testing.T, name, trust, policy string) aws.CredentialsProvider {
	t.Helper()
	m.enforce(t, false)
	m.call(t, "iam", url.Values{"Action": {"CreateRole"}, "RoleName": {name}, "AssumeRolePolicyDocument": {trust}})
	m.call(t, "iam", url.Values{"Action": {"PutRolePolicy"}, "RoleName": {name}, "PolicyName": {"policy"}, "PolicyDocument": {policy}})
	creds := m.call(t, "sts", url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "RoleSessionName": {"test"},
		"RoleArn": {"arn:aws:iam::" + motoAccount + ":role/" + name}, "WebIdentityToken": {"token"}})
	m.enforce(t, true)
	return creds
}

// motoAccount is the account that moto is, unless told otherwise.
const motoAccount = "123456789012"

// call calls IAM or STS as nobody, before moto asks who it is, and returns the
// credentials in the answer, if there are any.
func (m *moto) call(t *testing.T, service string, form url.Values) aws.CredentialsProvider {
	t.Helper()
	form.Set("Version", map[string]string{"iam": "2010-05-08", "sts": "2011-06-15"}[service])
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.endpoint+"/", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=nobody/20260101/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=none", service))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("moto: %s of %s: %s %s", form.Get("Action"), service, resp.Status, body)
	}
	type keys struct{ AccessKeyId, SecretAccessKey, SessionToken string }
	var out struct {
		Key     keys `xml:"CreateAccessKeyResult>AccessKey"`
		Session keys `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	}
	if err := xml.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	k := out.Key
	if k.AccessKeyId == "" {
		k = out.Session
	}
	return credentials.NewStaticCredentialsProvider(k.AccessKeyId, k.SecretAccessKey, k.SessionToken)
}

// s3 is a client of moto's S3 with somebody's credentials.
func (m *moto) s3(as aws.CredentialsProvider) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &m.endpoint, UsePathStyle: true, Region: "us-east-1",
		Credentials: as, Retryer: aws.NopRetryer{}, HTTPClient: motoTransport{m, as},
	})
}
