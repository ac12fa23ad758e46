package ssh

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/skeema/knownhosts"
	xssh "golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
	"golang.org/x/sys/unix"
)

// hostKeyStore keeps the known_hosts files of a run in memory and adds to them.
// One store serves all connections of a Pool.
type hostKeyStore struct {
	mu     sync.Mutex
	loaded map[string]*loadedFiles // by the list of names
	log    *slog.Logger
}

type loadedFiles struct {
	known *knownHosts
	state []fileState
	added map[string][]xssh.PublicKey // keys of this run, by "host:port"
}

// fileState tells whether a file is still the one that was read.
type fileState struct {
	size  int64
	mtime time.Time
}

func stateOf(name string) fileState {
	info, err := os.Stat(name)
	if err != nil {
		return fileState{size: -1}
	}
	return fileState{info.Size(), info.ModTime()}
}

func newHostKeyStore(log *slog.Logger) *hostKeyStore {
	return &hostKeyStore{loaded: map[string]*loadedFiles{}, log: log}
}

// open returns the entries of files, reading them again when they changed.
// Callers hold h.mu.
func (h *hostKeyStore) open(files []string) (*loadedFiles, error) {
	key := strings.Join(files, "\x00")
	l := h.loaded[key]
	if l != nil {
		same := true
		for i, f := range files {
			same = same && stateOf(f) == l.state[i]
		}
		if same {
			return l, nil
		}
	}
	fresh := &loadedFiles{added: map[string][]xssh.PublicKey{}}
	for _, f := range files {
		fresh.state = append(fresh.state, stateOf(f))
	}
	known, err := loadKnownHosts(files)
	if err != nil {
		return nil, err
	}
	fresh.known = known
	for _, note := range known.notes {
		if l == nil { // once per run
			h.log.Warn("known_hosts line passed over", "at", note)
		}
	}
	if l != nil {
		fresh.added = l.added
	}
	h.loaded[key] = fresh
	return fresh, nil
}

// algorithms returns the host key algorithms to offer, best first.
func (h *hostKeyStore) algorithms(s *settings) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, err := h.open(s.knownHosts)
	if err != nil {
		return nil, err
	}
	return l.known.algorithms(s.knownName(), s.hostKeyAlgs), nil
}

// verify decides about the key a host showed. It returns whether the key is
// trusted: under IgnoreKeys a changed key is let through but no secret may be
// sent to it. The error is a *HostKeyError, or one on the files.
func (h *hostKeyStore) verify(ctx context.Context, s *settings, key xssh.PublicKey) (trusted bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, err := h.open(s.knownHosts)
	if err != nil {
		return false, err
	}
	name := s.knownName()
	v := l.known.check(name, key)
	if !v.ok && v.kind == HostKeyUnknown {
		for _, k := range l.added[name] {
			if sameKey(k, plainKey(key)) {
				return true, nil
			}
		}
		if len(l.added[name]) > 0 { // accepted a moment ago, and now another
			v.kind = HostKeyChanged
		}
	}
	if v.ok {
		return true, nil
	}
	switch {
	case v.kind == HostKeyUnknown && s.hostKeys != Strict:
		return h.learn(ctx, s, l, name, key)
	case v.kind == HostKeyChanged && s.hostKeys == IgnoreKeys:
		h.log.Warn("host key changed, accepted because host keys are ignored; no password will be sent",
			"host", s.id, "addr", s.addr(), "key", xssh.FingerprintSHA256(plainKey(key)), "known", strings.Join(describe(v.known), ", "))
		return false, nil
	}
	return false, s.hostKeyError(v, key)
}

// learn stores the key of an unknown host.
func (h *hostKeyStore) learn(ctx context.Context, s *settings, l *loadedFiles, name string, key xssh.PublicKey) (bool, error) {
	key = plainKey(key)
	l.added[name] = append(l.added[name], key)
	if len(s.knownHosts) == 0 {
		return true, nil
	}
	file := s.knownHosts[0]
	v, state, err := appendKnownHost(ctx, file, l.state[0], name, key, s.hashKnown)
	if err != nil {
		// As ssh: not being able to remember is no reason not to connect.
		h.log.Warn("host key could not be stored", "host", s.id, "file", file, "error", err)
		return true, nil
	}
	if !v.ok {
		delete(l.added, name)
		if s.hostKeys == IgnoreKeys && v.kind == HostKeyChanged {
			h.log.Warn("host key changed, accepted because host keys are ignored; no password will be sent",
				"host", s.id, "addr", s.addr(), "key", xssh.FingerprintSHA256(key))
			return false, nil
		}
		return false, s.hostKeyError(v, key)
	}
	l.state[0] = state
	h.log.Info("stored the key of a new host", "host", s.id, "addr", s.addr(), "type", key.Type(),
		"key", xssh.FingerprintSHA256(key), "file", file)
	return true, nil
}

// appendKnownHost adds an entry to file under an exclusive lock, so that
// several processes can do so at once. When the file is no longer in the state
// the caller read it in, it is read again first: another process may have
// added this host meanwhile, with this key (then nothing is written) or with
// another (then the verdict says so). The entry is written with one call.
func appendKnownHost(ctx context.Context, file string, read fileState, name string, key xssh.PublicKey, hash bool) (verdict, fileState, error) {
	fine := verdict{ok: true}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fine, read, err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fine, read, err
	}
	defer f.Close() // releases the lock
	info, err := f.Stat()
	if err != nil {
		return fine, read, err
	}
	if !info.Mode().IsRegular() { // /dev/null: nothing is to be remembered
		return fine, read, nil
	}
	if err := lockFile(ctx, f); err != nil {
		return fine, read, fmt.Errorf("lock %s: %w", file, err)
	}
	if info, err = f.Stat(); err != nil {
		return fine, read, err
	}
	now := fileState{info.Size(), info.ModTime()}
	if now != read && now.size > 0 {
		known, err := loadKnownHosts([]string{file})
		if err != nil {
			return fine, read, err
		}
		if v := known.check(name, key); v.ok || v.kind != HostKeyUnknown {
			return v, read, nil // the store reads the file again: its state differs
		}
	}
	line := knownhosts.Line([]string{name}, key) + "\n"
	if hash {
		_, rest, _ := strings.Cut(line, " ")
		line = xknownhosts.HashHostname(knownhosts.Normalize(name)) + " " + rest
	}
	if now.size > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, now.size-1); err != nil {
			return fine, read, err
		}
		if last[0] != '\n' {
			line = "\n" + line
		}
	}
	if _, err := f.WriteString(line); err != nil {
		return fine, read, err
	}
	if now != read {
		// Others wrote since we read: let the store read all of it again.
		return fine, read, nil
	}
	return fine, stateOf(file), nil
}

// lockFile takes the exclusive advisory lock of f, trying until ctx ends.
func lockFile(ctx context.Context, f *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("another process holds it")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// hostKeyError explains a refused key.
func (s *settings) hostKeyError(v verdict, key xssh.PublicKey) error {
	key = plainKey(key)
	e := &HostKeyError{Kind: v.kind, KeyType: key.Type(), Fingerprint: xssh.FingerprintSHA256(key), Known: describe(v.known)}
	shown := e.KeyType + " " + e.Fingerprint
	name := knownhosts.Normalize(s.knownName())
	files := "no known_hosts file"
	if len(s.knownHosts) > 0 {
		files = strings.Join(existing(s.knownHosts), ", ")
	}
	var cause error
	advice := ""
	switch v.kind {
	case HostKeyUnknown:
		cause = fmt.Errorf("host key %s is not known: no entry for %s in %s", shown, name, files)
		advice = "compare the fingerprint with the host's (ssh-keygen -lf /etc/ssh/ssh_host_" + keyFileName(e.KeyType) + "_key.pub there), then add the key by connecting once with ssh, or pass --accept-new"
	case HostKeyChanged:
		cause = fmt.Errorf("host key has CHANGED: the host shows %s, but %s", shown, orText(strings.Join(e.Known, ", "), "another was accepted in this run"))
		advice = "someone may be intercepting the connection; if the host was reinstalled, remove the old key"
		if len(v.known) > 0 {
			advice += fmt.Sprintf(" (ssh-keygen -f %s -R '%s')", v.known[0].Filename, name)
		}
		advice += " and verify the new fingerprint"
	case HostKeyRevoked:
		cause = fmt.Errorf("host key %s is marked @revoked in %s", shown, files)
		advice = "the key may be stolen; do not connect, give the host a new key"
	default:
		cause = fmt.Errorf("host certificate for key %s is not valid: %w", shown, v.cause)
		advice = "have the certificate renewed for the name " + name
	}
	e.Fault = s.fault("verify host key of", cause, advice)
	return e
}

func describe(known []xknownhosts.KnownKey) []string {
	var out []string
	for _, k := range known {
		out = append(out, fmt.Sprintf("%s:%d has %s %s", k.Filename, k.Line, k.Key.Type(), xssh.FingerprintSHA256(k.Key)))
	}
	return out
}

// existing leaves out files that are not there, unless none is.
func existing(files []string) []string {
	var out []string
	for _, f := range files {
		if _, err := os.Stat(f); !errors.Is(err, fs.ErrNotExist) {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return files[:1]
	}
	return out
}

// plainKey returns the key inside a certificate, or key.
func plainKey(key xssh.PublicKey) xssh.PublicKey {
	if cert, ok := key.(*xssh.Certificate); ok {
		return cert.Key
	}
	return key
}

func keyFileName(keyType string) string {
	switch {
	case strings.HasPrefix(keyType, "ecdsa-"):
		return "ecdsa"
	case strings.HasPrefix(keyType, "ssh-rsa"):
		return "rsa"
	default:
		return "ed25519"
	}
}

func orText(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
