package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// How long a connection may take. A load balancer keeps idle connections for a
// minute; whoever closes first must not be this side, or a request that is just
// then sent on one is lost.
const (
	headerWithin = 5 * time.Second
	answerWithin = 30 * time.Second
	idleFor      = 75 * time.Second
	// drainFor is for what was being answered when the instance is to go. systemd
	// waits for longer (infra/fleet.go).
	drainFor = 25 * time.Second
)

// serve answers HTTP on a listener until ctx ends, and then what had begun.
func serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: headerWithin, ReadTimeout: headerWithin, WriteTimeout: answerWithin, IdleTimeout: idleFor,
		MaxHeaderBytes: 32 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	log.Info("listening", "address", l.Addr().String())
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	err := s.Shutdown(drain)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		return served
	}
	return err
}
