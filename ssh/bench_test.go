package ssh_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"pinch/ssh"
	"pinch/ssh/sshtest"
)

// BenchmarkPut measures uploads of a file the size of a shim.
func BenchmarkPut(b *testing.B) {
	const size = 8 << 20
	data := make([]byte, size)
	for name, cfg := range map[string]sshtest.Config{
		"sftp/embedded": {}, "exec/embedded": {NoSFTP: true},
		"sftp/openssh": {Backend: sshtest.OpenSSH}, "exec/openssh": {Backend: sshtest.OpenSSH, NoSFTP: true},
	} {
		b.Run(name, func(b *testing.B) {
			c := sshtest.New(b, cfg).Dial()
			dest := b.TempDir() + "/f"
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Put(context.Background(), dest, bytes.NewReader(data), size, 0o600); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPutDelay measures an upload where a round trip takes 40 ms.
func BenchmarkPutDelay(b *testing.B) {
	const size = 8 << 20
	s := sshtest.New(b, sshtest.Config{})
	o := s.Options()
	o.Dialer = &sshtest.Faults{Next: s, Delay: 20 * time.Millisecond}
	c, err := ssh.Dial(context.Background(), s.Endpoint(), o)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	data, dest := make([]byte, size), b.TempDir()+"/f"
	b.SetBytes(size)
	for b.Loop() {
		if err := c.Put(context.Background(), dest, bytes.NewReader(data), size, 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExec measures starting a command and reading its output.
func BenchmarkExec(b *testing.B) {
	for name, backend := range sshtest.Backends() {
		b.Run(name, func(b *testing.B) {
			c := sshtest.New(b, sshtest.Config{Backend: backend}).Dial()
			b.ReportAllocs()
			for b.Loop() {
				p, err := c.Start(context.Background(), "echo x")
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, p.Stdout); err != nil {
					b.Fatal(err)
				}
				if err := p.Wait(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRoundTrip measures a question and its answer over a running command.
func BenchmarkRoundTrip(b *testing.B) {
	p, err := sshtest.New(b, sshtest.Config{}).Dial().Start(context.Background(), "cat")
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	buf := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Stdin.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(p.Stdout, buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDial measures connecting and logging in, with known_hosts of
// different lengths.
func BenchmarkDial(b *testing.B) {
	s := sshtest.New(b, sshtest.Config{})
	for _, hosts := range []int{1, 5000} {
		b.Run(fmt.Sprintf("%d known hosts", hosts), func(b *testing.B) {
			o := s.Options()
			o.KnownHosts = []string{manyKnownHosts(b, s, hosts)}
			pool := ssh.NewPool(o)
			defer pool.Close()
			b.ReportAllocs()
			for b.Loop() {
				c, err := pool.Dial(context.Background(), s.Endpoint())
				if err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		})
	}
}

// manyKnownHosts writes a file of n hashed hosts, the last of which is s.
func manyKnownHosts(b *testing.B, s *sshtest.Server, n int) string {
	b.Helper()
	known, err := os.ReadFile(s.KnownHosts)
	if err != nil {
		b.Fatal(err)
	}
	_, key, _ := strings.Cut(string(known), " ")
	var text strings.Builder
	for i := range n - 1 {
		text.WriteString(xknownhosts.HashHostname(fmt.Sprintf("h%d.test", i)) + " " + key)
	}
	text.WriteString(xknownhosts.HashHostname(sshtest.Addr) + " " + key)
	file := b.TempDir() + "/known_hosts"
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}
