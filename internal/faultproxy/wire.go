package faultproxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"sync"
	"time"
)

// listener makes connections that count, that can be reset, and that are as
// long as the round trip says.
type listener struct {
	net.Listener
	proxy *Proxy
	rtt   time.Duration

	mu   sync.Mutex
	open map[*conn]bool
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp := c.(*net.TCPConn)
		if out := l.proxy.down.Load(); out != nil && !out.hang {
			l.proxy.count(func(c *Counts) { c.Refused++ })
			tcp.SetLinger(0)
			tcp.Close()
			continue
		}
		l.proxy.count(func(c *Counts) { c.Conns++ })
		in := &conn{Conn: tcp, tcp: tcp, l: l}
		l.mu.Lock()
		l.open[in] = true
		l.mu.Unlock()
		if l.rtt > 0 {
			in.Conn = l.stretch(tcp)
		}
		return in, nil
	}
}

func (l *listener) resetAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.tcp.SetLinger(0)
		c.tcp.Close()
	}
}

// conn is the server's end of a connection.
type conn struct {
	net.Conn // tcp, or the near end of the long line to it
	tcp      *net.TCPConn
	l        *listener
	ended    sync.Once
}

// Read implements net.Conn. On a long line the bytes are counted at its end.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.Conn == net.Conn(c.tcp) {
		c.l.proxy.count(func(k *Counts) { k.WireUp += int64(n) })
	}
	return n, err
}

// Write implements net.Conn. The bytes are counted before a client can have
// them, who may ask for the counts next.
func (c *conn) Write(b []byte) (int, error) {
	down := func(n int) {
		if c.Conn == net.Conn(c.tcp) {
			c.l.proxy.count(func(k *Counts) { k.WireDown += int64(n) })
		}
	}
	down(len(b))
	n, err := c.Conn.Write(b)
	down(n - len(b))
	return n, err
}

// Close implements net.Conn. What is on its way on a long line still arrives.
func (c *conn) Close() error {
	c.forget()
	return c.Conn.Close()
}

func (c *conn) forget() {
	c.ended.Do(func() {
		c.l.mu.Lock()
		defer c.l.mu.Unlock()
		delete(c.l.open, c)
	})
}

// reset ends the connection so that the client sees ECONNRESET.
func (c *conn) reset() {
	c.forget()
	c.tcp.SetLinger(0)
	c.tcp.Close()
	c.Conn.Close()
}

// RemoteAddr implements net.Conn.
func (c *conn) RemoteAddr() net.Addr { return c.tcp.RemoteAddr() }

// LocalAddr implements net.Conn.
func (c *conn) LocalAddr() net.Addr { return c.tcp.LocalAddr() }

// stretch puts a long line before a connection and returns its near end.
func (l *listener) stretch(tcp *net.TCPConn) net.Conn {
	near, far := net.Pipe()
	go func() {
		carry(far, tcp, l.rtt/2, time.Now().Add(l.rtt+l.rtt/2), func(n int) {
			l.proxy.count(func(k *Counts) { k.WireUp += int64(n) })
		})
		far.Close()
	}()
	go func() {
		carry(tcp, far, l.rtt/2, time.Time{}, func(n int) {
			l.proxy.count(func(k *Counts) { k.WireDown += int64(n) })
		})
		tcp.Close()
	}()
	return near
}

const (
	segment = 32 << 10 // bytes
	window  = 64       // segments on their way at once
)

var segments = sync.Pool{New: func() any { return new([segment]byte) }}

// carry takes bytes from one end to the other, each half a round trip later
// and none before a moment, until one end closes.
func carry(to io.Writer, from io.Reader, half time.Duration, first time.Time, count func(int)) {
	type chunk struct {
		buf *[segment]byte
		n   int
		due time.Time
	}
	line := make(chan chunk, window)
	gone := make(chan struct{})
	defer close(gone)
	go func() {
		defer close(line)
		for {
			buf := segments.Get().(*[segment]byte)
			n, err := from.Read(buf[:])
			if n > 0 {
				count(n)
				due := time.Now().Add(half)
				if due.Before(first) {
					due = first
				}
				select {
				case line <- chunk{buf, n, due}:
				case <-gone:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range line {
		time.Sleep(time.Until(c.due))
		_, err := to.Write(c.buf[:c.n])
		segments.Put(c.buf)
		if err != nil {
			return
		}
	}
}

// certificate is one that the proxy signed itself.
type certificate struct {
	pair tls.Certificate
	pem  []byte
}

// newCertificate makes one for 127.0.0.1 and localhost, good for a day.
func newCertificate() (*certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "faultproxy"},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &certificate{
		pair: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}, nil
}
