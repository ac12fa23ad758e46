package ssh_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"pinch/ssh"
	"pinch/ssh/sshtest"
)

func TestParseForward(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]ssh.Forward{
		"8888:srv.local:443":          {Listen: "127.0.0.1:8888", Target: "srv.local:443"},
		"localhost:8888:10.0.0.1:443": {Listen: "127.0.0.1:8888", Target: "10.0.0.1:443"},
		"*:1:h:2":                     {Listen: "0.0.0.0:1", Target: "h:2"},
		":1:h:2":                      {Listen: "0.0.0.0:1", Target: "h:2"},
		"[::1]:1:[fe80::1]:2":         {Listen: "[::1]:1", Target: "[fe80::1]:2"},
	} {
		if got, err := ssh.ParseForward(spec); err != nil || got != want {
			t.Errorf("%s: %+v, %v", spec, got, err)
		}
	}
	for spec, text := range map[string]string{
		"": "expected [bind", "8888": "expected [bind", "a:b:c:d:e": "expected [bind", "x:h:2": "a port is", "1:h:0": "a port is",
		"web:1:h:2": "bind address", "1:-x:2": "dash", "[::1:1:h:2": "not closed", "[::1]x:h:2": "colon", "1:h;x:2": "character",
	} {
		if _, err := ssh.ParseForward(spec); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q", spec, err, text)
		}
	}
}

func TestForwardRemote(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{Backend: sshtest.OpenSSH})
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	var held []net.Conn
	go func() {
		for {
			nc, err := target.Accept()
			if err != nil {
				return
			}
			data, _ := io.ReadAll(nc)
			if len(data) == 0 {
				held = append(held, nc) // never closed: a target that hangs
				continue
			}
			nc.Write([]byte("got " + string(data)))
			nc.Close()
		}
	}()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	c := s.Dial()
	var refused *ssh.RefusedError
	if err := c.ForwardRemote(context.Background(), ssh.Forward{Listen: addr, Target: target.Addr().String()}); !errors.As(err, &refused) {
		t.Errorf("port in use: %v", err)
	}
	free.Close()
	if err := c.ForwardRemote(context.Background(), ssh.Forward{Listen: addr, Target: target.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, "hello")
	nc.(*net.TCPConn).CloseWrite()
	if out, err := io.ReadAll(nc); string(out) != "got hello" {
		t.Errorf("got %q, %v", out, err)
	}
	idle, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	if err := c.Close(); err != nil { // must not wait for the idle connection
		t.Error(err)
	}
}
