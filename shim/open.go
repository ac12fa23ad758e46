package shim

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/shim/wire"
)

// Open starts the shim on a host and waits for its greeting. The shim is
// uploaded only when the host says that it is missing: a warm start is one
// command.
func Open(ctx context.Context, t Transport, o Options) (*Session, error) {
	if o.Finder == nil {
		return nil, errors.New("shim: no finder")
	}
	s, err := newScript(&o)
	if err != nil {
		return nil, err
	}
	sess, said, err := start(ctx, t, s, &o)
	if err == nil {
		return sess, nil
	}
	m, noDir, ok := parseMissing(said.noise)
	switch {
	case noDir != "":
		return nil, &StartError{What: "find a place for the shim", Err: fmt.Errorf("none of %s can be used", noDir),
			Advice: "it must belong to the login user and allow execution; set thin_dir in the roster to one that does"}
	case !ok:
		return nil, said.explain(err, &o)
	}
	if sess, err = upload(ctx, t, s, m, &o); err != nil {
		return nil, err
	}
	sess.Hello.Uploaded = true
	return sess, nil
}

func newScript(o *Options) (*script, error) {
	if err := checkWord("sudo_user", o.Privilege.User); err != nil {
		return nil, err
	}
	if o.Dir != "" && (!strings.HasPrefix(o.Dir, "/") || strings.ContainsAny(o.Dir, "'!\n")) {
		return nil, fmt.Errorf("thin_dir %q: it must be an absolute path without quotes, exclamation marks or newlines", o.Dir)
	}
	for _, kv := range o.Env {
		if strings.ContainsAny(kv[0]+kv[1], "'!\n") {
			return nil, fmt.Errorf("environment variable %s: its value cannot hold quotes, exclamation marks or newlines", kv[0])
		}
	}
	nonce := make([]byte, 12)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return &script{
		ladder: ladderOf(o.Dir, o.Privilege), binaries: o.Finder.Known(), privilege: o.Privilege,
		nonce: "pinch-" + hex.EncodeToString(nonce) + ":", env: o.Env, flags: shimFlags(o),
	}, nil
}

// upload copies the shim to the directory that the host named and starts it
// from there, in the same command that unpacks it.
func upload(ctx context.Context, t Transport, s *script, m missing, o *Options) (*Session, error) {
	bin, err := o.Finder.Find(m.os, m.arch)
	if err != nil {
		return nil, err
	}
	gz, err := bin.Gzip()
	if err != nil {
		return nil, fmt.Errorf("shim for %s/%s: %w", m.os, m.arch, err)
	}
	if strings.ContainsAny(m.dir, "'!\n\"$`\\") {
		return nil, &StartError{What: "upload the shim", Err: fmt.Errorf("the directory %q has characters that pinch does not put on a command line", m.dir)}
	}
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	s.unpack, s.unpackDir, s.unpackBinary = ".up-"+hex.EncodeToString(random)+".gz", m.dir, bin
	if err := t.Put(ctx, m.dir+"/"+s.unpack, bytes.NewReader(gz), int64(len(gz))); err != nil {
		return nil, &StartError{What: "upload the shim to " + m.dir, Err: err}
	}
	s.ladder = append([]string{shellQuote(m.dir)}, s.ladder...)
	s.binaries[m.os+"/"+m.arch] = bin
	sess, said, err := start(ctx, t, s, o)
	if err != nil {
		return nil, said.explain(err, o)
	}
	return sess, nil
}

// said is what a host printed instead of a greeting, or before it.
type said struct {
	noise  []byte
	stderr interface{ String() string }
	prompt string // sudo's, not worth showing
	exit   error
}

// errSudoAgain says that sudo asked a second time.
var errSudoAgain = errors.New("sudo refused the password")

// explain makes an error of a start that gave no greeting.
func (s said) explain(err error, o *Options) error {
	text := oneLine(strings.ReplaceAll(clean(s.stderr.String()+"\n"+string(s.noise)), s.prompt, ""))
	e := &StartError{What: "start the shim", Said: text, Err: err}
	if s.exit != nil {
		e.Err = s.exit
	}
	switch {
	case strings.Contains(text, "a password is required"):
		e.Advice = "sudo wants a password there: give passwd in the roster"
	case errors.Is(e.Err, errSudoAgain) || strings.Contains(text, "incorrect password"):
		e.Advice = "sudo refused the password of the roster"
	case strings.Contains(text, "you must have a tty"):
		e.Advice = "sudo's requiretty is set there: remove it for this user"
	case strings.Contains(text, "is not in the sudoers file") || strings.Contains(text, "is not allowed to"):
		e.Advice = "the login user may not use sudo for this"
	}
	e.Denied = e.Advice != ""
	return e
}

// start runs the bootstrap and reads the greeting.
func start(ctx context.Context, t Transport, s *script, o *Options) (*Session, said, error) {
	out := said{stderr: &tail{}, prompt: s.nonce}
	proc, err := t.Start(ctx, s.command())
	if err != nil {
		return nil, out, err
	}
	out.stderr = proc.Stderr()
	sudoCtx, answered := context.WithCancel(ctx)
	defer answered()
	refused := make(chan struct{})
	if s.privilege.Sudo && s.privilege.Password.IsSet() {
		go func() {
			if answerSudo(sudoCtx, proc, s.nonce, s.privilege.Password) {
				close(refused)
				_ = proc.Kill()
			}
		}()
	}
	stop := context.AfterFunc(ctx, func() { _ = proc.Kill() })
	r, noise, err := pastMagic(proc.Stdout())
	out.noise = noise
	if err != nil {
		stop()
		_ = proc.Stdin().Close()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			out.exit = proc.Wait()
		} else {
			_ = proc.Kill()
			out.exit = err
		}
		select {
		case <-refused:
			out.exit = errSudoAgain
		default:
		}
		if ctx.Err() != nil {
			return nil, out, context.Cause(ctx)
		}
		return nil, out, errors.New("it ended before its greeting")
	}
	sess := newSession(proc, r, o)
	if err := sess.greet(ctx); err != nil {
		stop()
		_ = proc.Kill()
		return nil, out, err
	}
	if !stop() && ctx.Err() != nil {
		return nil, out, context.Cause(ctx)
	}
	return sess, out, nil
}

// answerSudo waits for sudo's prompt, which carries a nonce so that nothing
// else can look like it, and answers it once: a second try with the same
// password could lock the account. It reports whether sudo asked again, which
// it does in any language.
func answerSudo(ctx context.Context, proc RemoteProc, nonce string, password secret.String) bool {
	prompt := []byte(nonce)
	if found, err := proc.Stderr().WaitFor(ctx, prompt, 1); err != nil || !found {
		return false // sudo did not ask, or the command has ended
	}
	// a failed write shows as the end of the command
	if _, err := io.WriteString(proc.Stdin(), password.Reveal()+"\n"); err != nil {
		return false
	}
	found, err := proc.Stderr().WaitFor(ctx, prompt, 2)
	return err == nil && found
}

// tail keeps the last bytes of what was written.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailSize = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > tailSize {
		t.b = append([]byte(nil), t.b[len(t.b)-tailSize:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// clean makes a host's text safe to print: valid UTF-8, no control characters
// but newline and tab.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// oneLine joins the lines of a host's text.
func oneLine(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// greet waits for HELLO and starts the heartbeat.
func (s *Session) greet(ctx context.Context) error {
	select {
	case d := <-s.hello:
		if v, _ := py.AsInt(py.OrNone(d.Lookup("protocol"))); v != wire.Version {
			return &StartError{What: "talk to the shim", Err: fmt.Errorf("it speaks protocol %d, and this is %d", v, wire.Version), Advice: "remove it from " + d.String("dir")}
		}
		num := func(k string) int { n, _ := py.AsInt(py.OrNone(d.Lookup(k))); return int(n) }
		s.Hello = Hello{OS: d.String("os"), Arch: d.String("arch"), UID: num("uid"), PID: num("pid"), Host: d.String("host"), Dir: d.String("dir")}
		s.Hello.Grains, _ = d.Lookup("grains").(*py.Dict)
		if s.Hello.Grains == nil {
			return &StartError{What: "talk to the shim", Err: errors.New("its greeting has no grains")}
		}
	case <-s.conn.Closed():
		return &StartError{What: "talk to the shim", Err: errors.New("it ended during its greeting")}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	go s.beat(s.opts.heartbeat())
	return nil
}

func (s *Session) beat(every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if _, err := s.conn.Go("ping", py.NewDict()); err != nil {
				return // the connection has ended; its users see why
			}
		case <-s.conn.Closed():
			return
		}
	}
}

// pastMagic reads up to the greeting's end.
func pastMagic(r io.Reader) (*bufio.Reader, []byte, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	noise, err := wire.SkipToMagic(br)
	return br, noise, err
}
