package routes

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"
)

// ShareLink returns the path at which the edge shows a shared draft until a
// moment, to whoever has the link:
//
//	/~share/<expiry>.<digest>.<signature>
//
// Expiry is that moment in Unix seconds, in base 36. The signature is the
// HMAC-SHA256 of "share\n<namespace>\n<expiry>\n<digest>" (RFC 2104) in base64url
// without padding (RFC 4648 section 5); its key is the value of the namespace's
// ShareKey, as the text that it is. The digest of a recipe that nobody else has
// cannot be guessed, and the signature keeps one that was found out from being
// looked up.
func ShareLink(ns Namespace, key string, until time.Time, digest string) string {
	expiry := strconv.FormatInt(until.Unix(), 36)
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "share\n%s\n%s\n%s", ns, expiry, digest)
	return "/~share/" + expiry + "." + digest + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// NewShareKey returns 32 random bytes in base64url, as a key for ShareLink.
func NewShareKey() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}
