package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pkg/sftp"
)

// An upload writes chunks of 32 KiB, which is what every server takes, and
// keeps up to 64 of them unacknowledged, which fills the 2 MiB window of a
// channel. Chunk n is sent only when chunk n-64 is acknowledged: whatever
// breaks, all bytes up to 2 MiB before the end of the partial file are there.
const (
	chunkSize = 32 << 10
	inFlight  = 64
	// maxHole bounds the part of a partial file that may have holes.
	maxHole = chunkSize * inFlight
)

// slot is one place in the window: a buffer and the result of its last write.
type slot struct {
	buf  *[]byte
	done chan error
}

// upload writes size bytes of r to file from offset on. It returns when all
// are acknowledged, or at the first error. progress, if not nil, is called
// with the number of bytes acknowledged in order.
func (f *SFTP) upload(ctx context.Context, file *sftp.File, r io.Reader, offset, size int64, progress func(int64)) error {
	const op = "write"
	f.p.watch.begin()
	defer f.p.watch.end()
	var slots [inFlight]slot
	wait := func(i int) error {
		select {
		case err := <-slots[i].done:
			if err != nil {
				err = f.plain(op, err)
			}
			return err
		case <-ctx.Done():
			return f.c.ended(ctx, op)
		case <-f.p.done:
			return f.over(op)
		}
	}
	next, pending, acked := 0, 0, offset
	lengths := [inFlight]int64{}
	for pos := offset; pos < size; {
		if pending == inFlight {
			if err := wait(next); err != nil {
				return err
			}
			pending--
			acked += lengths[next]
			if progress != nil {
				progress(acked)
			}
		}
		s := &slots[next]
		if s.buf == nil {
			s.buf, s.done = outBuffers.Get().(*[]byte), make(chan error, 1)
		}
		n := min(int64(chunkSize), size-pos)
		got, err := io.ReadFull(r, (*s.buf)[:n])
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = fmt.Errorf("the source ended after %d of %d bytes", pos+int64(got), size)
			}
			return &sourceError{err}
		}
		chunk, at, done := (*s.buf)[:n], pos, s.done
		if !f.c.spawn(func() {
			_, err := file.WriteAt(chunk, at)
			done <- err
		}) {
			return f.c.usable(op)
		}
		lengths[next] = n
		pos += n
		pending++
		next = (next + 1) % inFlight
	}
	for ; pending > 0; pending-- {
		oldest := (next - pending + inFlight) % inFlight
		if err := wait(oldest); err != nil {
			return err
		}
		acked += lengths[oldest]
		if progress != nil {
			progress(acked)
		}
	}
	for i := range slots { // after an error some are still being sent
		if slots[i].buf != nil {
			outBuffers.Put(slots[i].buf)
		}
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 {
		return &sourceError{fmt.Errorf("the source has more than %d bytes", size)}
	} else if err != nil && !errors.Is(err, io.EOF) {
		return &sourceError{err}
	}
	return nil
}

// sourceError is an error of the data to upload, not of the host.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }
