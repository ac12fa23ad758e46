package server

import (
	"context"
	"io"
	"sync/atomic"
	"time"
)

// watched notes when something was last read.
type watched struct {
	r    io.Reader
	last atomic.Int64 // Unix nanoseconds
}

func newWatched(r io.Reader) *watched {
	w := &watched{r: r}
	w.last.Store(time.Now().UnixNano())
	return w
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.last.Store(time.Now().UnixNano())
	return n, err
}

// silent waits until nothing has been read for d and then returns true; false
// when ctx or done ends first.
func (w *watched) silent(ctx context.Context, done <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		return false
	}
	t := time.NewTicker(max(d/8, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if time.Since(time.Unix(0, w.last.Load())) > d {
				return true
			}
		case <-ctx.Done():
			return false
		case <-done:
			return false
		}
	}
}
