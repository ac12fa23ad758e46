package shim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/modules/cmd"
	"pinch/modules/file"
	testmod "pinch/modules/test"
	"pinch/shim/server"
	"pinch/shim/wire"
	"pinch/states/low"
)

// pair is a session with a shim in this process.
type pair struct {
	*Session
	host   *host.Fake
	served chan error
}

// cut ends a stream after a number of bytes, as a broken connection does.
type cut struct {
	mu    sync.Mutex
	left  int // negative: never
	total int
	after func()
}

func (c *cut) take(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left >= 0 && n > c.left {
		n = c.left
	}
	if c.left >= 0 {
		c.left -= n
	}
	c.total += n
	return n
}

type cutReader struct {
	io.Reader
	c *cut
}

func (r cutReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if m := r.c.take(n); m < n {
		r.c.after()
		return m, io.ErrUnexpectedEOF
	}
	return n, err
}

// proc is the remote process of a pair.
type proc struct {
	in   io.WriteCloser
	out  io.Reader
	end  func()
	done chan struct{}
}

func (p *proc) Stdin() io.WriteCloser { return p.in }
func (p *proc) Stdout() io.Reader     { return p.out }
func (p *proc) Kill() error           { p.end(); return nil }
func (p *proc) Wait() error           { <-p.done; return nil }

// open starts a pair. The host's stream to the controller is cut after the
// given number of bytes; negative is never.
func open(t *testing.T, after int) (*pair, *cut) {
	t.Helper()
	p := &pair{host: host.NewFake(map[string]string{"/etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "/srv/keep": ""}), served: make(chan error, 1)}
	c := p.start(t, after, server.Options{
		Registry: modules.New(testmod.Funcs(), file.Funcs(), cmd.Funcs()), Host: p.host, Dir: "", Build: "x",
	}, &Options{Controller: "me@here"})
	if p.Session == nil {
		return nil, c
	}
	return p, c
}

// start starts both sides; without a greeting, because the stream is cut
// before, there is no session.
func (p *pair) start(t *testing.T, after int, so server.Options, o *Options) *cut {
	t.Helper()
	toShim, fromController := io.Pipe()
	toController, fromShim := io.Pipe()
	lost := errors.New("connection lost")
	end := func() {
		toShim.CloseWithError(lost)
		fromController.CloseWithError(lost)
		toController.CloseWithError(lost)
		fromShim.CloseWithError(lost)
	}
	pr := &proc{in: fromController, end: end, done: make(chan struct{})}
	go func() {
		defer close(pr.done)
		err := server.Serve(context.Background(), toShim, fromShim, so)
		fromShim.Close()
		p.served <- err
	}()
	c := &cut{left: after, after: end}
	pr.out = cutReader{toController, c}
	br, _, err := pastMagic(pr.out)
	if err == nil {
		p.Session = newSession(pr, br, o)
		err = p.greet(context.Background())
	}
	if err != nil {
		end()
		<-p.served
		if after < 0 {
			t.Fatal(err)
		}
		p.Session = nil
	}
	return c
}

// textSources are sources by number, from 1.
type textSources []string

func (s textSources) Get(_ context.Context, n low.SourceID, _ *py.Dict) (*Source, error) {
	text := s[n-1]
	sum := sha256.Sum256([]byte(text))
	return &Source{Hash: hex.EncodeToString(sum[:]), Size: int64(len(text)), Mode: 0o644, Content: strings.NewReader(text)}, nil
}

func (textSources) List(context.Context, low.SourceID) ([]SourceEntry, error) {
	return nil, errors.New("no directories")
}

func bundle(t *testing.T) *low.Bundle {
	t.Helper()
	chunk := func(state, fun, id string, n int, kv ...any) low.Chunk {
		d := py.DictOf("state", py.Str(state), "fun", py.Str(fun), "__id__", py.Str(id), "name", py.Str(id), "order", py.Int(10000+n), "__sls__", py.Str("s"), "__env__", py.Str("base"))
		d.Update(py.DictOf(kv...))
		return low.Chunk{Data: d}
	}
	managed := chunk("file", "managed", "/srv/f", 1, "source", py.Str("salt://f"))
	managed.Sources = map[string]low.SourceID{"salt://f": 1}
	return &low.Bundle{
		JID: "20260101000000000000", Host: "h1", Opts: py.NewDict(), Grains: py.NewDict(),
		Chunks: []low.Chunk{chunk("test", "succeed_with_changes", "a", 0), managed, chunk("test", "nop", "b", 2)},
	}
}

// TestCutAnywhere cuts the host's stream after every so many bytes of a whole
// session: never a hang, never a success that did not happen.
func TestCutAnywhere(t *testing.T) {
	t.Setenv("PINCH_LOCK_DIR", t.TempDir())
	content := strings.Repeat("0123456789abcdef", 8<<10) // read in windows
	run := func(after int) (results int, err error, p *pair, c *cut) {
		if p, c = open(t, after); p == nil {
			return 0, io.ErrUnexpectedEOF, nil, c
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_, err = p.Run(ctx, bundle(t), RunOptions{Sources: textSources{content}, Each: func(low.Result) { results++ }})
		_ = p.Close(ctx)
		<-p.served
		return results, err, p, c
	}
	results, err, p, c := run(-1)
	if err != nil || results != 3 {
		t.Fatalf("uncut: %d results, %v", results, err)
	}
	if b, err := p.host.ReadFile("/srv/f"); err != nil || string(b) != content {
		t.Fatalf("uncut: the file has %d bytes, %v", len(b), err)
	}
	total := c.total
	for after := 0; after < total-1; after += 1 + total/150 {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			results, err, p, _ := run(after)
			if errors.Is(err, context.DeadlineExceeded) {
				t.Fatal("the session hangs")
			}
			if err == nil && results != 3 {
				t.Errorf("success with %d results", results)
			}
			if p == nil {
				return
			}
			if b, rerr := p.host.ReadFile("/srv/f"); rerr == nil && string(b) != content {
				t.Errorf("the file is left with %d of %d bytes", len(b), len(content))
			}
		})
	}
}

// TestSourceNotGranted: a shim can ask for nothing that its bundle did not grant.
func TestSourceNotGranted(t *testing.T) {
	ctx := context.Background()
	s := &Session{cache: map[low.SourceID]*Source{}}
	s.run = &RunOptions{}
	for _, method := range []string{"source.stat", "source.read", "source.list", "source.upload", "call", "nosuch"} {
		if a, err := s.handle(ctx, &wire.Incoming{Method: method, Params: py.DictOf("n", py.Int(7), "path", py.Str("/etc/passwd"), "fun", py.Str("cmd.run"))}); err == nil {
			t.Errorf("%s of a source that was not granted: %v", method, a)
		}
	}
}

// putter keeps what is uploaded.
type putter struct {
	Transport
	path string
	data []byte
}

func (p *putter) PutResumable(_ context.Context, path string, r io.ReaderAt, size int64) error {
	p.path, p.data = path, make([]byte, size)
	_, err := r.ReadAt(p.data, 0)
	if err == io.EOF {
		err = nil
	}
	return err
}

// TestUploadGoesToTheCacheOnly: a host cannot have a file put anywhere else.
func TestUploadGoesToTheCacheOnly(t *testing.T) {
	text := strings.Repeat("x", 100<<10)
	sum := sha256.Sum256([]byte(text))
	hash := hex.EncodeToString(sum[:])
	put := &putter{}
	s := &Session{cache: map[low.SourceID]*Source{}, Hello: Hello{Dir: "/root/.cache/pinch"}}
	s.cache[1] = &Source{Hash: hash, Size: int64(len(text)), Plain: true, Content: strings.NewReader(text)}
	s.run = &RunOptions{Transport: put}
	for _, path := range []string{"/etc/cron.d/x", "/root/.cache/pinch/blobs/../../../.ssh/authorized_keys", "/root/.cache/pinch/blobs/" + strings.Repeat("0", 64), "blobs/" + hash, "/root/.ssh/" + hash} {
		if _, err := s.upload(context.Background(), s.run, 1, path); err == nil {
			t.Errorf("an upload to %s is accepted", path)
		}
	}
	if put.path != "" {
		t.Fatalf("something was uploaded to %s", put.path)
	}
	want := filepath.Join(s.Hello.Dir, "blobs", hash)
	if _, err := s.upload(context.Background(), s.run, 1, want); err != nil || put.path != want || !bytes.Equal(put.data, []byte(text)) {
		t.Errorf("upload to %s: %v", put.path, err)
	}
}
