package ssh

import (
	"bytes"
	"context"
	"io"
	"sync"
)

// Ring keeps the last bytes written to it. The error stream of every command
// goes into one, because the two streams of a command share one window: if
// nobody read the errors, the output would stop as well.
type Ring struct {
	mu      sync.Mutex
	buf     []byte // the last max bytes, oldest first
	max     int
	total   int64
	closed  bool
	changed chan struct{} // replaced at every change while someone waits
}

func newRing(max int) *Ring { return &Ring{max: max} }

// Write implements io.Writer; it never fails.
func (r *Ring) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total += int64(len(p))
	if len(p) >= r.max {
		r.buf = append(r.buf[:0], p[len(p)-r.max:]...)
	} else {
		if over := len(r.buf) + len(p) - r.max; over > 0 {
			r.buf = r.buf[:copy(r.buf, r.buf[over:])]
		}
		r.buf = append(r.buf, p...)
	}
	r.wake()
	return len(p), nil
}

// ReadFrom implements io.ReaderFrom with a small buffer: errors are few.
func (r *Ring) ReadFrom(src io.Reader) (n int64, err error) {
	buf := make([]byte, 4<<10)
	for {
		k, err := src.Read(buf)
		n += int64(k)
		if k > 0 {
			r.Write(buf[:k])
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

func (r *Ring) wake() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// close ends every WaitFor.
func (r *Ring) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.wake()
}

// Bytes returns a copy of what is kept.
func (r *Ring) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.buf)
}

// String returns what is kept, as it came. It is text of the host: clean it
// before printing.
func (r *Ring) String() string { return string(r.Bytes()) }

// Total returns the number of bytes written so far, kept or not.
func (r *Ring) Total() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

// WaitFor waits until what is kept contains text that many times, for a
// password prompt with a nonce. It returns false when the stream ended without
// it, and ctx's error when that ended first.
func (r *Ring) WaitFor(ctx context.Context, text []byte, times int) (bool, error) {
	for {
		r.mu.Lock()
		found, closed := bytes.Count(r.buf, text) >= times, r.closed
		if r.changed == nil && !found && !closed {
			r.changed = make(chan struct{})
		}
		changed := r.changed
		r.mu.Unlock()
		if found || closed {
			return found, nil
		}
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-changed:
		}
	}
}
