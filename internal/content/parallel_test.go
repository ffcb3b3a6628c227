package content

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
)

func TestEach(t *testing.T) {
	var seen [1000]atomic.Int32
	if err := each(t.Context(), len(seen), func(i int, buf []byte) error {
		seen[i].Add(1)
		buf[0] = byte(i)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Fatalf("%d was done %d times", i, n)
		}
	}
	// Both fail, the second first.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	second := make(chan bool)
	err := each(t.Context(), 1000, func(i int, _ []byte) error {
		switch i {
		case 0:
			<-second
		case 1:
			defer close(second)
		}
		return fmt.Errorf("%d", i)
	})
	if err == nil || err.Error() != "0" {
		t.Errorf("the error is that of %v, want 0", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := each(ctx, 3, func(int, []byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := each(t.Context(), 0, nil); err != nil {
		t.Error(err)
	}
}
