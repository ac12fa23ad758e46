package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"pinch/internal/host"
)

// Helper fetches with the helper program, one process a request.
type Helper struct {
	Host host.Writer
	// Path returns where the program is, bringing it there when it is missing.
	Path func(ctx context.Context) (string, error)
}

// Fetch implements Fetcher.
func (h *Helper) Fetch(ctx context.Context, r *Request) (*Response, error) {
	path, err := h.Path(ctx)
	if err != nil {
		return nil, err
	}
	in, err := EncodeRequest(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	pr, pw := io.Pipe()
	var running sync.WaitGroup
	running.Go(func() {
		out, err := h.Host.Run(ctx, host.Cmd{Argv: []string{path}, Stdin: bytes.NewReader(in), Stdout: pw, MaxOutput: 1 << 10})
		if err == nil && out.Code != 0 {
			err = fmt.Errorf("the helper program ended with status %d: %s", out.Code, bytes.ToValidUTF8(bytes.TrimSpace(out.Stderr), nil))
		}
		_ = pw.CloseWithError(err) // nil is the end of file
	})
	b := &body{r: &blockReader{r: pr}, close: func() {
		cancel()
		_ = pr.Close() // what is not read is not wanted
		running.Wait()
	}}
	resp, err := readResponse(pr)
	if err != nil {
		b.close()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("the helper program %s gave no answer", path)
		}
		return nil, err
	}
	resp.Body = b
	return resp, nil
}

type body struct {
	r     io.Reader
	close func()
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) { return b.r.Read(p) }

// Close implements io.Closer.
func (b *body) Close() error {
	b.close()
	return nil
}
