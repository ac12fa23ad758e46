package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"pinch/internal/host"
	"pinch/internal/py"
)

// helper is a further program that the controller has for this platform. It
// lies beside the shim, in the directory that is removed with it; where that
// cannot be written (the shim runs as another user than the one who logged in)
// it is a temporary file of the session.
type helper struct {
	s       *server
	program string

	mu   sync.Mutex
	file string // once it is there
}

// path returns where the program is, after it was brought there if needed.
func (h *helper) path(ctx context.Context) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file != "" {
		return h.file, nil
	}
	a, err := h.s.conn.Call(ctx, "helper.stat", py.DictOf("program", py.Str(h.program)))
	if err != nil {
		return "", err
	}
	d, ok := a.Value.(*py.Dict)
	if !ok {
		return "", fmt.Errorf("helper program %s: the controller gave no description", h.program)
	}
	hash := d.String("hash")
	length, _ := py.AsInt(py.OrNone(d.Lookup("length")))
	file := ""
	if h.s.Dir != "" && len(h.s.Build) == 16 {
		file = filepath.Join(h.s.Dir, h.s.Build, h.program)
		if b, err := h.s.Host.ReadFile(file); err == nil && hashOf(b) == hash && hash != "" {
			h.file = file
			return file, nil
		}
	}
	program, err := h.read(ctx, length)
	if err != nil {
		return "", err
	}
	if hashOf(program) != hash {
		return "", fmt.Errorf("helper program %s: it does not have the hash that the controller gave", h.program)
	}
	if h.file, err = h.place(file, program); err != nil {
		return "", fmt.Errorf("helper program %s: %w", h.program, err)
	}
	return h.file, nil
}

// read reads the program in pieces, many under way at once.
func (h *helper) read(ctx context.Context, length int64) ([]byte, error) {
	if length < 0 || length > maxHelper {
		return nil, fmt.Errorf("helper program %s: %d bytes", h.program, length)
	}
	r := &remoteReader{ctx: ctx, conn: h.s.conn, method: "helper.read", of: py.DictOf("program", py.Str(h.program)), size: length}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("helper program %s: %w", h.program, err)
	}
	b, err := io.ReadAll(io.LimitReader(z, maxHelper))
	if err != nil {
		return nil, fmt.Errorf("helper program %s: %w", h.program, err)
	}
	return b, nil
}

// maxHelper bounds a helper program.
const maxHelper = 32 << 20

func (h *helper) place(file string, program []byte) (string, error) {
	mode := fs.FileMode(0o700)
	o := host.WriteOptions{Mode: &mode}
	if file != "" && h.s.Host.WriteFile(file, bytes.NewReader(program), o) == nil {
		return file, nil
	}
	file, err := h.s.Host.TempFile("", "pinch-"+strings.ToLower(h.program)+"-*")
	if err != nil {
		return "", err
	}
	return file, h.s.Host.WriteFile(file, bytes.NewReader(program), o)
}

// hashOf is a program's content address, as the controller makes it.
func hashOf(program []byte) string {
	sum := sha256.Sum256(program)
	return hex.EncodeToString(sum[:])[:16]
}
