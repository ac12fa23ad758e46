package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"pinch/internal/py"
	"pinch/states/low"
)

// pair connects two ends.
func pair(t *testing.T, a, b Config) (*Conn, *Conn) {
	t.Helper()
	x, y := net.Pipe()
	a.R, a.W, b.R, b.W = x, x, y, y
	ca, cb := NewConn(a), NewConn(b)
	done := make(chan struct{}, 2)
	for _, c := range []*Conn{ca, cb} {
		go func() { _ = c.Serve(); done <- struct{}{} }()
	}
	t.Cleanup(func() {
		x.Close()
		y.Close()
		for range 2 {
			select {
			case <-done:
			case <-time.After(5 * time.Second):
				t.Error("Serve did not end")
			}
		}
	})
	return ca, cb
}

func echo(_ context.Context, in *Incoming) (Answer, error) {
	switch in.Method {
	case "echo":
		return Answer{Value: in.Params.Lookup("v")}, nil
	case "bytes":
		n, _ := py.AsInt(in.Params.Lookup("n"))
		return Answer{Data: bytes.Repeat([]byte("x"), int(n))}, nil
	case "panic":
		panic("oh")
	case "wait":
		<-in.Stop
		return Answer{Value: py.Str("stopped")}, nil
	}
	return Answer{}, &RemoteError{Class: "method", Msg: "no " + in.Method, Data: py.DictOf("a", py.Int(1))}
}

func TestCalls(t *testing.T) {
	a, _ := pair(t, Config{}, Config{Handler: echo})
	ctx := context.Background()
	big := strings.Repeat("é", 200_000) // several frames
	for _, v := range []py.Value{py.Str("x"), py.Int(7), py.NewList(py.None, py.Str(big)), py.DictOf("k", py.Bytes("\x00\xff"))} {
		got, err := a.Call(ctx, "echo", py.DictOf("v", v))
		if err != nil {
			t.Fatal(err)
		}
		if same, err := py.Equal(got.Value, v); err != nil || !same {
			t.Errorf("got %.60s, want %.60s", py.Repr(got.Value), py.Repr(v))
		}
	}
	got, err := a.Call(ctx, "bytes", py.DictOf("n", py.Int(300_000)))
	if err != nil || len(got.Data) != 300_000 {
		t.Errorf("got %d bytes, %v", len(got.Data), err)
	}
	_, err = a.Call(ctx, "nothing", py.NewDict())
	var re *RemoteError
	if !errors.As(err, &re) || re.Class != "method" || re.Data == nil {
		t.Errorf("got %v", err)
	}
	if _, err = a.Call(ctx, "panic", py.NewDict()); err == nil || !strings.Contains(err.Error(), "oh") {
		t.Errorf("a panic gave %v", err)
	}
}

func TestSoftCancel(t *testing.T) {
	a, _ := pair(t, Config{}, Config{Handler: echo})
	p, err := a.Go("wait", py.NewDict())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	got, err := p.Wait(context.Background())
	if err != nil || got.Value != py.Value(py.Str("stopped")) {
		t.Errorf("got %v, %v", got.Value, err)
	}
}

func TestContextEndsACall(t *testing.T) {
	a, _ := pair(t, Config{}, Config{Handler: func(ctx context.Context, _ *Incoming) (Answer, error) {
		<-ctx.Done()
		return Answer{}, ctx.Err()
	}})
	ctx, cancel := context.WithCancel(context.Background())
	go cancel()
	if _, err := a.Call(ctx, "x", py.NewDict()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestClosedConnectionFailsCalls(t *testing.T) {
	x, y := net.Pipe()
	c := NewConn(Config{R: x, W: x})
	served := make(chan error, 1)
	go func() { served <- c.Serve() }()
	go func() { _, _ = io.Copy(io.Discard, y) }()
	p, err := c.Go("x", py.NewDict())
	if err != nil {
		t.Fatal(err)
	}
	y.Close()
	if _, err := p.Wait(context.Background()); err == nil {
		t.Error("a call on a closed connection succeeded")
	}
	<-served
	if _, err := c.Go("x", py.NewDict()); err == nil {
		t.Error("a call after the end was accepted")
	}
}

func TestSkipToMagic(t *testing.T) {
	for _, noise := range []string{"", "motd\n", "\x00pin", "\x00pinch\x00pinch\x01\r"} {
		r := bufio.NewReader(strings.NewReader(noise + Magic + "rest"))
		got, err := SkipToMagic(r)
		rest, _ := io.ReadAll(r)
		if err != nil || string(got) != noise || string(rest) != "rest" {
			t.Errorf("noise %q: got %q, rest %q, %v", noise, got, rest, err)
		}
	}
	if _, err := SkipToMagic(bufio.NewReader(strings.NewReader(strings.Repeat("x", MaxNoise+2)))); err == nil {
		t.Error("endless noise was accepted")
	}
	if noise, err := SkipToMagic(bufio.NewReader(strings.NewReader("PINCH-MISSING linux/amd64 /x\n"))); !errors.Is(err, io.ErrUnexpectedEOF) || len(noise) == 0 {
		t.Errorf("got %q, %v", noise, err)
	}
}

func TestBundleRoundTrip(t *testing.T) {
	b := &low.Bundle{JID: "1", Host: "h", Test: true, Opts: py.DictOf("a", py.Int(1)), Grains: py.NewDict(), Chunks: []low.Chunk{{
		Data: py.DictOf("state", py.Str("file"), "fun", py.Str("managed"), "__id__", py.Str("i"), "name", py.Str("/x")),
		Pos:  low.Pos{File: "f", Line: 2, Col: 3}, Sources: map[string]low.SourceID{"salt://x": 4}, Large: map[string]low.Large{"salt://x": {Hash: "ab", Size: 9}},
	}}}
	raw, err := py.EncodeJSON(EncodeBundle(b))
	if err != nil {
		t.Fatal(err)
	}
	v, err := py.DecodeJSON(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeBundle(v.(*py.Dict))
	if err != nil {
		t.Fatal(err)
	}
	c := got.Chunks[0]
	if c.Tag() != "file_|-i_|-/x_|-managed" || c.Pos != b.Chunks[0].Pos || c.Sources["salt://x"] != 4 || c.Large["salt://x"].Size != 9 || !got.Test {
		t.Errorf("got %+v", got)
	}
	for _, bad := range []*py.Dict{py.NewDict(), py.DictOf("chunks", py.NewList(py.None), "opts", py.NewDict(), "grains", py.NewDict())} {
		if _, err := DecodeBundle(bad); err == nil {
			t.Errorf("%s was accepted", py.Repr(bad))
		}
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(AppendFrame(nil, Frame{Kind: Request, ID: 1, Payload: []byte(`{"method":"x","params":{}}`)}))
	f.Add([]byte{0, 0, 0, 1, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := NewConn(Config{R: bytes.NewReader(data), W: io.Discard, Handler: echo, OnEvent: func(string, *py.Dict) {}, OnHello: func(*py.Dict) error { return nil }})
		_ = c.Serve() // it must end, and not panic
		fr, err := ReadFrame(bytes.NewReader(data), nil)
		if err == nil {
			again, err := ReadFrame(bytes.NewReader(AppendFrame(nil, fr)), nil)
			if err != nil || again.Kind != fr.Kind || !bytes.Equal(again.Payload, fr.Payload) {
				t.Fatalf("%v became %v, %v", fr, again, err)
			}
		}
	})
}

func BenchmarkCall(b *testing.B) {
	x, y := net.Pipe()
	defer x.Close()
	defer y.Close()
	a, s := NewConn(Config{R: x, W: x}), NewConn(Config{R: y, W: y, Handler: echo})
	go func() { _ = a.Serve() }()
	go func() { _ = s.Serve() }()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Call(context.Background(), "echo", py.DictOf("v", py.Int(1))); err != nil {
			b.Fatal(err)
		}
	}
}
