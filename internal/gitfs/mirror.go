package gitfs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Access says how a remote is reached.
type Access struct {
	URL string
	// User and Password log in over HTTP. The password goes to git through a
	// pipe: it stands in no file, argument or environment.
	User, Password string
	// InsecureAuth allows a password over plain HTTP.
	InsecureAuth bool
	// PrivateKey is a key file for SSH, "" for what ssh is configured with.
	PrivateKey string
	// NoVerify leaves TLS certificates unchecked.
	NoVerify bool
	Proxy    string // of HTTP, "" for git's own
	Refspecs []string
	Depth    int // commits of history, 0 for all
}

// Mirrors are the bare copies of remotes in pinch's cache. Each is brought up
// to date at most once. It is safe for concurrent use.
type Mirrors struct {
	dir     string
	noFetch bool
	log     func(level, format string, args ...any)

	mu   sync.Mutex
	open map[string]*mirrorEntry
}

type mirrorEntry struct {
	done chan struct{} // closed when the rest is set
	m    *Mirror
	err  error
}

// Mirror is an up-to-date copy of a remote.
type Mirror struct {
	*Repo
	URL  string // masked
	refs map[string]string
}

// NewMirrors keeps mirrors below a directory. With noFetch those that exist
// are taken as they are.
func NewMirrors(dir string, noFetch bool, log func(level, format string, args ...any)) *Mirrors {
	return &Mirrors{dir: dir, noFetch: noFetch, log: log, open: map[string]*mirrorEntry{}}
}

// Close ends the processes that read mirrors.
func (m *Mirrors) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for _, e := range m.open {
		select {
		case <-e.done:
			if e.m != nil {
				errs = append(errs, e.m.Close())
			}
		default: // still being fetched, with no reader yet
		}
	}
	return errors.Join(errs...)
}

// Get returns the mirror of a remote, fetched in this run.
func (m *Mirrors) Get(ctx context.Context, a Access) (*Mirror, error) {
	key := a.key()
	m.mu.Lock()
	e, known := m.open[key]
	if !known {
		e = &mirrorEntry{done: make(chan struct{})}
		m.open[key] = e
	}
	m.mu.Unlock()
	if known {
		select {
		case <-e.done:
			return e.m, e.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer close(e.done)
	e.m, e.err = m.update(ctx, key, a)
	if ctx.Err() != nil { // it was not tried to the end
		m.mu.Lock()
		delete(m.open, key)
		m.mu.Unlock()
	}
	if e.err != nil && ctx.Err() == nil {
		e.err = fmt.Errorf("%s: %s", Mask(a.URL), Mask(e.err.Error()))
	}
	return e.m, e.err
}

// key names the mirror: what is fetched decides, not how one logs in.
func (a *Access) key() string {
	u, _, _ := a.plain() // an error comes out again when it is used
	sum := sha256.Sum256([]byte(strings.Join(append([]string{u, strconv.Itoa(a.Depth)}, a.Refspecs...), "\n")))
	return hex.EncodeToString(sum[:16])
}

// plain returns the URL without a password, and the login.
func (a *Access) plain() (remote, user, password string) {
	user, password = a.User, a.Password
	u, err := url.Parse(a.URL)
	if err != nil || u.User == nil {
		return a.URL, user, password
	}
	if p, ok := u.User.Password(); ok {
		user, password = u.User.Username(), p
		u.User = url.User(user)
		return u.String(), user, password
	}
	return a.URL, user, password
}

// update makes the mirror or brings it up to date, alone among all pinches.
func (m *Mirrors) update(ctx context.Context, key string, a Access) (*Mirror, error) {
	dir := filepath.Join(m.dir, key)
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return nil, err
	}
	unlock, err := m.lock(ctx, dir+".lock", a.URL)
	if err != nil {
		return nil, err
	}
	defer unlock()
	_, err = os.Stat(filepath.Join(dir, "HEAD"))
	switch {
	case err == nil && m.noFetch:
		return m.opened(ctx, dir, a)
	case err == nil:
	case !os.IsNotExist(err):
		return nil, err
	case m.noFetch:
		return nil, errors.New("it is not in the cache, and --no-fetch forbids to fetch it")
	default:
		if err := m.create(ctx, dir); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	if err := fetch(ctx, dir, a); err != nil {
		return nil, err
	}
	m.log("debug", "git: fetched %s in %s", Mask(a.URL), time.Since(start).Round(time.Millisecond))
	return m.opened(ctx, dir, a)
}

// create makes an empty bare repository; one that an interrupted run left
// half-made is made anew.
func (m *Mirrors) create(ctx context.Context, dir string) error {
	tmp, err := os.MkdirTemp(m.dir, ".new-")
	if err != nil {
		return err
	}
	_, err = command{dir: tmp, args: []string{"init", "--quiet", "--bare", "--template=", tmp}}.run(ctx)
	if err == nil {
		if err = os.RemoveAll(dir); err == nil {
			err = os.Rename(tmp, dir)
		}
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	return nil
}

// opened takes the references as they are now: what another run fetches later
// does not count.
func (m *Mirrors) opened(ctx context.Context, dir string, a Access) (*Mirror, error) {
	r := NewRepo(dir)
	refs, err := r.refs(ctx)
	if err != nil {
		return nil, err
	}
	return &Mirror{Repo: r, URL: Mask(a.URL), refs: refs}, nil
}

// sshWord is a path that ssh's command line in git's configuration takes as
// it is.
var sshWord = regexp.MustCompile(`^[A-Za-z0-9_./@%+=:,~-]+$`)

func fetch(ctx context.Context, dir string, a Access) error {
	remote, user, password := a.plain()
	c := command{dir: dir, args: []string{"-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false", "-c", "fetch.recurseSubmodules=false"}}
	if password != "" {
		switch scheme, _, _ := strings.Cut(remote, "://"); {
		case scheme == "https", scheme == "http" && a.InsecureAuth:
		case scheme == "http":
			return errors.New("a password over plain http is not sent (insecure_auth allows it)")
		default:
			return errors.New("a password can be used over https only; for ssh use a key")
		}
		if strings.ContainsAny(user+password, "\n\r\x00") {
			return errors.New("the user name or password has a line break in it")
		}
		// no other helper may see the password, and perhaps keep it
		c.args = append(c.args, "-c", "credential.helper=", "-c", `credential.helper=!f() { test "$1" = get && cat <&3; }; f`)
		c.secret = "username=" + user + "\npassword=" + password + "\n"
	}
	if a.NoVerify {
		c.args = append(c.args, "-c", "http.sslVerify=false")
	}
	if a.Proxy != "" {
		if Mask(a.Proxy) != a.Proxy {
			return errors.New("a proxy with a password is not supported: configure it in git")
		}
		c.args = append(c.args, "-c", "http.proxy="+a.Proxy)
	}
	if a.PrivateKey != "" {
		if _, err := os.Stat(a.PrivateKey); err != nil {
			return fmt.Errorf("privkey: %w", err)
		}
		if !sshWord.MatchString(a.PrivateKey) {
			return fmt.Errorf("privkey: %q has characters that ssh's command line cannot take", a.PrivateKey)
		}
		c.env = append(c.env, "GIT_SSH_COMMAND=ssh -o IdentitiesOnly=yes -i "+a.PrivateKey)
	}
	c.args = append(c.args, "fetch", "--quiet", "--prune", "--force")
	if a.Depth > 0 {
		c.args = append(c.args, "--depth", strconv.Itoa(a.Depth))
	}
	c.args = append(append(c.args, "--", remote), a.Refspecs...)
	_, err := c.run(ctx)
	return err
}

// lock waits for the right to write a mirror.
func (m *Mirrors) lock(ctx context.Context, path, remote string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	told := false
	start := time.Now()
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing gives the lock up
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			_ = f.Close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if !told && time.Since(start) > time.Second {
			told = true
			m.log("warning", "git: waiting for another pinch that fetches %s", Mask(remote))
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Branches and Tags of a mirror have these prefixes, as in Salt's copies.
const (
	branchPrefix = "refs/remotes/origin/"
	tagPrefix    = "refs/tags/"
)

// names returns the names of references of a kind.
func (m *Mirror) names(prefix string) []string {
	var out []string
	for ref := range m.refs {
		if name, ok := strings.CutPrefix(ref, prefix); ok && !(prefix == branchPrefix && name == "HEAD") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
