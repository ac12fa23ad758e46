package states

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"pinch/internal/py"
)

// errNoGPG says that there is no gpg.
var errNoGPG = errors.New("gpg is not installed")

// runGPG decrypts one message with gpg as Salt calls it, with the keys of a
// directory.
func runGPG(ctx context.Context, home string, message []byte) (plain, stderr []byte, err error) {
	gpg, err := exec.LookPath("gpg")
	if err != nil {
		return nil, nil, errNoGPG
	}
	cmd := exec.CommandContext(ctx, gpg, "--homedir", home, "--status-fd", "2", "--no-tty", "-d")
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdin = bytes.NewReader(message)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if cmd.ProcessState != nil && ctx.Err() == nil {
		err = nil // what it wrote counts, not how it ended
	}
	return out.Bytes(), errs.Bytes(), err
}

// pgpMessage is one ASCII-armoured message in a text.
var pgpMessage = regexp.MustCompile(`(?s)-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----`)

// decrypt is the gpg renderer: it decrypts the PGP messages in all text below
// a value, in place where it can.
func (c *compiler) decrypt(ctx context.Context, v py.Value) (py.Value, error) {
	switch v := v.(type) {
	case rendered:
		return c.decryptText(ctx, []byte(v.text), v)
	case py.Str:
		return c.decryptText(ctx, []byte(v), v)
	case py.Bytes:
		return c.decryptText(ctx, []byte(v), v)
	case *py.Dict:
		for _, k := range v.Keys() {
			x, _, err := v.Get(k)
			if err != nil {
				return nil, err
			}
			if x, err = c.decrypt(ctx, x); err != nil {
				return nil, err
			}
			if err := v.Set(k, x); err != nil {
				return nil, err
			}
		}
	case *py.List:
		for i, x := range v.Items {
			y, err := c.decrypt(ctx, x)
			if err != nil {
				return nil, err
			}
			v.Items[i] = y
		}
	}
	return v, nil
}

// decryptText decrypts the messages of a text. Line breaks at its end go then,
// and what is no UTF-8 becomes bytes. was is the text as a value.
func (c *compiler) decryptText(ctx context.Context, text []byte, was py.Value) (py.Value, error) {
	var failed error
	found := false
	out := pgpMessage.ReplaceAllFunc(text, func(m []byte) []byte {
		found = true
		plain, err := c.decryptMessage(ctx, m)
		if err != nil && failed == nil {
			failed = err
		}
		return plain
	})
	if failed != nil {
		return nil, failed
	}
	if found {
		out = bytes.TrimRight(out, "\n")
	}
	_, isText := was.(rendered)
	switch {
	case !utf8.Valid(out):
		return py.Bytes(out), nil
	case isText:
		return rendered{string(out)}, nil
	}
	return py.Str(out), nil
}

// decryptMessage decrypts one message. Unless gpg_decrypt_must_succeed is set
// one that cannot be decrypted stays as it is.
func (c *compiler) decryptMessage(ctx context.Context, m []byte) ([]byte, error) {
	if utf8.Valid(m) {
		m = bytes.ReplaceAll(m, []byte(`\n`), []byte("\n"))
	}
	home, err := c.gpgHome(ctx)
	if err != nil {
		return nil, err
	}
	plain, stderr, err := c.tree.decrypted(ctx, home, m)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errNoGPG):
		return nil, py.Errorf("SaltRenderError", "GPG unavailable")
	case err != nil:
		return nil, fmt.Errorf("gpg with the keys in %s: %w", home, err)
	case len(plain) > 0:
		return plain, nil
	case py.IsTrue(c.opts.Lookup("gpg_decrypt_must_succeed")):
		return nil, py.Errorf("SaltRenderError", "Could not decrypt cipher %s, received: %s", py.Repr(py.Bytes(m)), py.Repr(py.Bytes(stderr)))
	}
	c.tree.log("warning", "Could not decrypt cipher %s, received: %s", py.Repr(py.Bytes(m)), py.Repr(py.Bytes(stderr)))
	return m, nil
}

// plainTexts are messages that were decrypted: all hosts share them, because
// starting gpg is slow. They are in memory only.
type plainTexts struct {
	mu sync.Mutex
	m  map[plainKey]*plainText
}

type plainKey struct {
	home string
	sum  [sha256.Size]byte
}

type plainText struct {
	mu    sync.Mutex
	known bool
	text  []byte
}

// maxPlainTexts bounds how many are kept; a full table starts anew.
const maxPlainTexts = 10_000

// decrypted decrypts a message once. What fails is tried again.
func (t *Tree) decrypted(ctx context.Context, home string, message []byte) (plain, stderr []byte, err error) {
	key := plainKey{home, sha256.Sum256(message)}
	t.plain.mu.Lock()
	e, ok := t.plain.m[key]
	if !ok {
		if t.plain.m == nil || len(t.plain.m) >= maxPlainTexts {
			t.plain.m = map[plainKey]*plainText{}
		}
		e = &plainText{}
		t.plain.m[key] = e
	}
	t.plain.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known {
		return e.text, nil, nil
	}
	plain, stderr, err = t.cfg.Decrypt(ctx, home, message)
	if err == nil && len(plain) > 0 {
		e.text, e.known = plain, true
	}
	return plain, stderr, err
}

// gpgHome is the directory of the keys: gpg_keydir of the options, grains or
// pillar, or gpgkeys beside the configuration.
func (c *compiler) gpgHome(ctx context.Context) (string, error) {
	v, err := c.fun.Call(ctx, "config.get", py.NewArgs(py.Str("gpg_keydir")))
	if err != nil {
		return "", err
	}
	if py.IsTrue(v) {
		return str(v), nil
	}
	dir := c.opts.String("config_dir")
	if dir == "" {
		dir = filepath.Dir(c.opts.String("conf_file"))
	}
	if dir == "" || strings.HasPrefix(dir, ".") {
		dir = "/etc/salt"
	}
	return filepath.Join(dir, "gpgkeys"), nil
}
