package ssh_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinch/ssh"
	"pinch/ssh/sshtest"
)

// eachBackend runs a test on every kind of server.
func eachBackend(t *testing.T, cfg sshtest.Config, test func(t *testing.T, s *sshtest.Server)) {
	t.Helper()
	for name, backend := range sshtest.Backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := cfg
			cfg.Backend = backend
			test(t, sshtest.New(t, cfg))
		})
	}
}

// run runs a command to its end.
func run(t *testing.T, c *ssh.Conn, command, stdin string) (stdout, stderr string, err error) {
	t.Helper()
	p, err := c.Start(context.Background(), command)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	if _, err := io.WriteString(p.Stdin, stdin); err != nil {
		t.Fatalf("stdin: %v", err)
	}
	if err := p.Stdin.Close(); err != nil {
		t.Fatalf("close stdin: %v", err)
	}
	out, rerr := io.ReadAll(p.Stdout)
	err = p.Wait()
	if rerr != nil && err == nil {
		t.Fatalf("stdout: %v", rerr)
	}
	return string(out), p.Stderr.String(), err
}

func TestRun(t *testing.T) {
	t.Parallel()
	type result struct {
		out, stderr string
		code        int
		signal      string
	}
	cases := map[string]struct {
		command, stdin string
		want           result
	}{
		"output":       {"echo hello", "", result{out: "hello\n"}},
		"two streams":  {"echo out; echo err >&2", "", result{out: "out\n", stderr: "err\n"}},
		"stdin":        {"cat", "line\n", result{out: "line\n"}},
		"status":       {"exit 7", "", result{code: 7}},
		"signal":       {"kill -TERM $$", "", result{code: 143, signal: "TERM"}},
		"not found":    {"/no/such/command 2>/dev/null", "", result{code: 127}},
		"large output": {"head -c 3000000 /dev/zero | tr '\\0' x", "", result{out: strings.Repeat("x", 3000000)}},
		"stdin to end": {"wc -c | tr -d ' '", strings.Repeat("y", 1<<20), result{out: "1048576\n"}},
	}
	eachBackend(t, sshtest.Config{}, func(t *testing.T, s *sshtest.Server) {
		c := s.Dial()
		for name, tc := range cases {
			t.Run(name, func(t *testing.T) {
				out, stderr, err := run(t, c, tc.command, tc.stdin)
				got := result{out: out, stderr: stderr}
				var exit *ssh.ExitError
				if errors.As(err, &exit) {
					got.code, got.signal = exit.Code, exit.Signal
				} else if err != nil {
					t.Fatal(err)
				}
				if got != tc.want {
					t.Errorf("got %+.200v, want %+.200v", got, tc.want)
				}
			})
		}
	})
}

func TestStderrIsDrainedAndBounded(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{}, func(t *testing.T, s *sshtest.Server) {
		// 4 MiB of errors before the first output: more than the shared window.
		out, stderr, err := run(t, s.Dial(), "head -c 4194304 /dev/zero | tr '\\0' e >&2; echo tail >&2; echo done", "")
		if err != nil || out != "done\n" {
			t.Fatalf("got %q, %v", out, err)
		}
		if len(stderr) != 64<<10 || !strings.HasSuffix(stderr, "etail\n") {
			t.Errorf("kept %d bytes ending in %q", len(stderr), stderr[max(0, len(stderr)-10):])
		}
	})
}

func TestExitErrorText(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	_, _, err := run(t, s.Dial(), `printf 'bad \033[31mthing\n\377' >&2; exit 3`, "")
	if want := "web1: command ended with status 3: bad [31mthing ?"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestConcurrentCommands(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{}, func(t *testing.T, s *sshtest.Server) {
		c := s.Dial()
		errs := make(chan error, 8)
		for i := range cap(errs) {
			go func() {
				p, err := c.Start(context.Background(), fmt.Sprintf("cat; echo %d", i))
				if err != nil {
					errs <- err
					return
				}
				go func() {
					io.WriteString(p.Stdin, strings.Repeat("z", 100000))
					p.Stdin.Close()
				}()
				out, err := io.ReadAll(p.Stdout)
				if err == nil && string(out) != strings.Repeat("z", 100000)+fmt.Sprintf("%d\n", i) {
					err = fmt.Errorf("wrong output of %d bytes", len(out))
				}
				if err == nil {
					err = p.Wait()
				}
				errs <- err
			}()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if got := c.Stats().Sessions; got != 8 {
			t.Errorf("sessions: got %d, want 8", got)
		}
	})
}

func TestCancelEndsCommandAtOnce(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{}, func(t *testing.T, s *sshtest.Server) {
		c := s.Dial()
		pidFile := filepath.Join(t.TempDir(), "pid")
		ctx, cancel := context.WithCancel(context.Background())
		p, err := c.Start(ctx, "echo $$ > "+pidFile+"; echo ready; exec cat")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(p.Stdout, make([]byte, 6)); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(50*time.Millisecond, cancel)
		began := time.Now()
		_, rerr := p.Stdout.Read(make([]byte, 1))
		err = p.Wait()
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %v", took)
		}
		var closed *ssh.ClosedError
		for _, e := range []error{rerr, err} {
			if !errors.As(e, &closed) || !errors.Is(e, context.Canceled) {
				t.Errorf("got %v, want a ClosedError for context.Canceled", e)
			}
		}
		if _, err := p.Stdin.Write([]byte("x")); !errors.As(err, &closed) {
			t.Errorf("write after cancel: got %v", err)
		}
		waitGone(t, pidFile)
		if out, _, err := run(t, c, "echo alive", ""); err != nil || out != "alive\n" {
			t.Errorf("connection afterwards: %q, %v", out, err)
		}
	})
}

// waitGone waits until the process named in a file has ended.
func waitGone(t *testing.T, pidFile string) {
	t.Helper()
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	proc := "/proc/" + string(bytes.TrimSpace(pid))
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("no /proc here")
	}
	for range 300 {
		stat, err := os.ReadFile(proc + "/stat")
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %s still runs", pid)
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{}, func(t *testing.T, s *sshtest.Server) {
		c := s.Dial()
		p, err := c.Start(context.Background(), "cat") // ends at end of input
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(50*time.Millisecond, func() { c.Close() })
		_, rerr := io.ReadAll(p.Stdout)
		var closed *ssh.ClosedError
		for what, e := range map[string]error{"read": rerr, "wait": p.Wait(), "conn": c.Err()} {
			if !errors.As(e, &closed) {
				t.Errorf("%s: got %v, want a ClosedError", what, e)
			}
		}
		if _, err := c.Start(context.Background(), "true"); !errors.As(err, &closed) {
			t.Errorf("start afterwards: got %v", err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
	})
}

func TestUnreadOutputDoesNotBlockClose(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	c := s.Dial()
	if _, err := c.Start(context.Background(), "yes"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	done := make(chan struct{})
	go func() { c.Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("Close hangs")
	}
}

func TestNoisyLogin(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{Noise: "Welcome!\nmotd\n", Banner: "Authorized \x1b[1museonly\n"}, func(t *testing.T, s *sshtest.Server) {
		c := s.Dial()
		out, _, err := run(t, c, "echo real", "")
		if err != nil || out != "Welcome!\nmotd\nreal\n" {
			t.Errorf("got %q, %v", out, err)
		}
		if got := c.Banner(); !strings.HasPrefix(got, "Authorized ") || strings.ContainsRune(got, 0x1b) {
			t.Errorf("banner %q", got)
		}
	})
}

func TestMaxSessions(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{MaxSessions: 1}, func(t *testing.T, s *sshtest.Server) {
		c := s.Dial()
		ctx := context.Background()
		p, err := c.Start(ctx, "cat")
		if err != nil {
			t.Fatal(err)
		}
		var limit *ssh.SessionLimitError
		if _, err := c.Start(ctx, "true"); !errors.As(err, &limit) {
			t.Errorf("second command: got %v, want a SessionLimitError", err)
		}
		dest := filepath.Join(t.TempDir(), "f")
		if err := c.Put(ctx, dest, strings.NewReader("data"), 4, 0o600); !errors.As(err, &limit) {
			t.Errorf("upload beside a command: got %v, want a SessionLimitError", err)
		}
		p.Stdin.Close()
		io.Copy(io.Discard, p.Stdout)
		if err := p.Wait(); err != nil {
			t.Fatal(err)
		}
		// One after the other all of them fit, the kept SFTP session included.
		if err := c.Put(ctx, dest, strings.NewReader("data"), 4, 0o600); err != nil {
			t.Fatalf("upload: %v", err)
		}
		if out, _, err := run(t, c, "cat "+dest, ""); err != nil || out != "data" {
			t.Errorf("command after upload: %q, %v", out, err)
		}
	})
}

func TestLongCommandIsRefused(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	if _, err := s.Dial().Start(context.Background(), strings.Repeat("x", 200<<10)); err == nil {
		t.Error("no error")
	}
}

func TestWaitForPrompt(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	p, err := s.Dial().Start(context.Background(), `printf 'nonce-123:' >&2; read -r answer; echo "got $answer"`)
	if err != nil {
		t.Fatal(err)
	}
	found, err := p.Stderr.WaitFor(context.Background(), []byte("nonce-123:"), 1)
	if !found || err != nil {
		t.Fatalf("got %v, %v", found, err)
	}
	io.WriteString(p.Stdin, "secret\n")
	out, _ := io.ReadAll(p.Stdout)
	if err := p.Wait(); err != nil || string(out) != "got secret\n" {
		t.Errorf("got %q, %v", out, err)
	}
	if found, err := p.Stderr.WaitFor(context.Background(), []byte("never"), 1); found || err != nil {
		t.Errorf("after the end: got %v, %v", found, err)
	}
}
