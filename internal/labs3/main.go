// Command labs3 is the S3 server that tests run against: versitygw with its
// POSIX backend, on a loopback address, over a directory of its own.
//
//	labs3 [-addr 127.0.0.1:0] [-dir DIR]
//
// It prints its endpoint ("http://127.0.0.1:41873") as one line on standard
// output when it is ready to answer, and serves until standard input ends.
// That is how a test binary that is killed leaves no server behind: its end of
// the pipe closes with it. Without -dir the objects live in a temporary
// directory that is removed at the end. The root account is
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or labs3 and labs3-secret.
//
// # Why a module of its own
//
// versitygw brings some sixty modules. Nothing that is deployed needs them, so
// they are kept out of the project's go.mod and go.sum.
//
// # What it does not show
//
// versitygw answers conditional writes, checksums and signatures as S3 does
// (412, 404, 400 BadDigest, 403). It never answers 409
// ConditionalRequestConflict or 503 SlowDown, it always holds s3:ListBucket
// (S3 without it answers 403 for a missing key), and it knows neither
// replication nor the condition keys s3:if-match and s3:if-none-match. Those
// cases are tested with recorded answers.
//
// Its POSIX backend does not read an object and its ETag in one, which S3 does;
// atomic.go mends that.
//
// HTTP keep-alive stays off, which is versitygw's default: with it on, uploads
// in the aws-chunked encoding by some clients fail about once in a hundred.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "the `address` to listen on")
	dir := flag.String("dir", "", "keep the objects in `DIR` (default: a temporary directory)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "labs3:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, dir string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// The gateway prints remarks of its own; the endpoint must stand alone.
	stdout := os.Stdout
	os.Stdout = os.Stderr

	tmp, err := os.MkdirTemp("", "labs3-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if dir == "" {
		dir = filepath.Join(tmp, "data")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}

	// The gateway says nowhere which port it got when it is asked for port 0.
	// So it listens on a socket in the file system, and the port is ours.
	socket := filepath.Join(tmp, "s3.sock")
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer listener.Close()

	backend, err := posix.New(dir, meta.XattrMeta{}, posix.PosixOpts{})
	if err != nil {
		return fmt.Errorf("opening %s: %w", dir, err)
	}
	served := make(chan error, 1)
	go func() {
		served <- embedgw.RunVersityGW(ctx, &atomic{Backend: backend}, &embedgw.Config{
			RootUserAccess:    env("AWS_ACCESS_KEY_ID", "labs3"),
			RootUserSecret:    env("AWS_SECRET_ACCESS_KEY", "labs3-secret"),
			Region:            env("AWS_REGION", "us-east-1"),
			Ports:             []string{socket},
			MaxConnections:    4096,
			MaxRequests:       4096,
			MultipartMaxParts: 10000,
			Quiet:             true,
		})
	}()
	if err := await(ctx, socket, served); err != nil {
		return err
	}
	go forward(listener, socket)
	fmt.Fprintf(stdout, "http://%s\n", listener.Addr())

	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel(nil)
	}()
	err = <-served
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// await returns when the gateway accepts connections.
func await(ctx context.Context, socket string, served <-chan error) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		c, err := net.Dial("unix", socket)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-served:
			return errors.Join(errors.New("the gateway stopped"), err)
		case <-tick.C:
		}
	}
}

// forward hands each connection to the gateway's socket, byte for byte.
func forward(l net.Listener, socket string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return // closed: the program is ending
		}
		go func() {
			defer client.Close()
			gateway, err := net.Dial("unix", socket)
			if err != nil {
				return
			}
			defer gateway.Close()
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				io.Copy(gateway, client)
				gateway.(*net.UnixConn).CloseWrite()
				// A gateway that refuses a request early stops reading. What
				// the client still sends is read here: closing on unread data
				// resets the connection, and the refusal would be lost.
				io.Copy(io.Discard, client)
			}()
			io.Copy(client, gateway)
			client.(*net.TCPConn).CloseWrite()
			<-sent
		}()
	}
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
