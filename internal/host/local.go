package host

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// defaultPath is searched behind PATH, as Salt does: a login without the
// system directories in its PATH still finds the system's programs.
const defaultPath = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"

// Local is the machine that the process runs on. It is safe for concurrent
// use. Close removes the temporary files made through it.
type Local struct {
	mu    sync.Mutex
	env   map[string]string
	temps []string

	users  database[User]
	groups database[Group]
}

var _ Writer = (*Local)(nil)

// NewLocal returns the machine itself. environ is the environment in the form
// of os.Environ, which commands get and Setenv changes.
func NewLocal(environ []string) *Local {
	inheritNothing()
	l := &Local{env: map[string]string{}}
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok && k != "" {
			l.env[k] = v
		}
	}
	l.users.init("/etc/passwd", "passwd", parseUser, lookupUser)
	l.groups.init("/etc/group", "group", parseGroup, lookupGroup)
	return l
}

// Close removes what TempFile and TempDir made. All files are tried; the
// errors are joined.
func (l *Local) Close() error {
	l.mu.Lock()
	temps := l.temps
	l.temps = nil
	l.mu.Unlock()
	var errs []error
	for _, t := range temps {
		errs = append(errs, os.RemoveAll(t))
	}
	return errors.Join(errs...)
}

// Getenv implements Reader.
func (l *Local) Getenv(name string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.env[name]
}

// Setenv implements Writer.
func (l *Local) Setenv(name, value string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") {
		return &os.SyscallError{Syscall: "setenv", Err: os.ErrInvalid}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.env[name] = value
	return nil
}

// Unsetenv implements Writer.
func (l *Local) Unsetenv(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.env, name)
	return nil
}

// Environ implements Reader.
func (l *Local) Environ() []string { return environList(l.environ()) }

// environ returns a copy of the environment.
func (l *Local) environ() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.env)
}

// Getuid implements Reader.
func (l *Local) Getuid() int { return os.Geteuid() }

// Now implements Reader.
func (l *Local) Now() time.Time { return time.Now() }

// LookPath implements Reader.
func (l *Local) LookPath(name string) string { return lookPath(name, l.Getenv("PATH")) }

// lookPath finds an executable regular file in path and the system's
// directories; "" when there is none.
func lookPath(name, path string) string {
	executable := func(p string) bool {
		st, err := os.Stat(p)
		return err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0
	}
	if strings.Contains(name, "/") {
		if executable(name) {
			return name
		}
		return ""
	}
	if name == "" {
		return ""
	}
	dirs := filepath.SplitList(path)
	for _, d := range filepath.SplitList(defaultPath) {
		if !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	for _, d := range dirs {
		if d == "" {
			continue // the current directory is nobody's wish here
		}
		if p := filepath.Join(d, name); executable(p) {
			return p
		}
	}
	return ""
}

// TempFile implements Writer.
func (l *Local) TempFile(dir, pattern string) (string, error) {
	f, err := os.CreateTemp(l.tempDir(dir), pattern)
	if err != nil {
		return "", err
	}
	l.note(f.Name())
	return f.Name(), f.Close()
}

// TempDir implements Writer.
func (l *Local) TempDir(dir, pattern string) (string, error) {
	d, err := os.MkdirTemp(l.tempDir(dir), pattern)
	if err != nil {
		return "", err
	}
	l.note(d)
	return d, nil
}

func (l *Local) tempDir(dir string) string {
	if dir != "" {
		return dir
	}
	if d := l.Getenv("TMPDIR"); d != "" {
		return d
	}
	return "/tmp"
}

func (l *Local) note(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.temps = append(l.temps, path)
}
