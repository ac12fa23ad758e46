package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"pinch/internal/py"
	"pinch/shim/wire"
)

// lockPath is the lock of writing runs: one for the whole host for root, who
// may come by different login users, and one for each other user. Hosts that
// share a machine (`pinch demo`, tests) set PINCH_LOCK_DIR.
func lockPath(dir string, uid int) string {
	if d := os.Getenv("PINCH_LOCK_DIR"); d != "" {
		return filepath.Join(d, fmt.Sprintf("lock-%d", uid))
	}
	if uid == 0 {
		for _, d := range []string{"/run", "/var/run"} {
			if fi, err := os.Stat(d); err == nil && fi.IsDir() {
				return filepath.Join(d, "pinch.lock")
			}
		}
	}
	if dir == "" {
		dir = os.TempDir()
	}
	return filepath.Join(dir, fmt.Sprintf("lock-%d", uid))
}

// holder says who holds a lock.
type holder struct {
	JID        string
	PID        int
	Controller string
	Since      time.Time
}

// encode is what the lock's file says of its holder, JSON.
func (h holder) encode() ([]byte, error) {
	return py.EncodeJSON(py.DictOf("jid", py.Str(h.JID), "pid", py.Int(h.PID), "controller", py.Str(h.Controller), "since", py.Str(h.Since.Format(time.RFC3339Nano))))
}

// decodeHolder reads what encode wrote; what it cannot read it leaves out.
func decodeHolder(b []byte) (h holder) {
	v, err := py.DecodeJSON(string(b))
	if err != nil {
		return h
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return h
	}
	pid, _ := py.AsInt(py.OrNone(d.Lookup("pid")))
	h = holder{JID: d.String("jid"), PID: int(pid), Controller: d.String("controller")}
	if t, err := time.Parse(time.RFC3339Nano, d.String("since")); err == nil {
		h.Since = t
	}
	return h
}

// lock is a held lock. The kernel releases it with the process; the file is
// removed in order.
type lock struct{ f *os.File }

// acquire takes the lock or says who has it.
func acquire(path string, h holder) (*lock, error) {
	for range 10 {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, fmt.Errorf("locking this host: %w", err)
		}
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case errors.Is(err, syscall.EWOULDBLOCK):
			defer f.Close()
			return nil, busy(f)
		case err != nil:
			f.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if !sameFile(f, path) { // its last holder removed it meanwhile
			f.Close()
			continue
		}
		l := &lock{f: f}
		b, err := h.encode()
		if err == nil {
			err = f.Truncate(0)
		}
		if err == nil {
			_, err = f.WriteAt(b, 0)
		}
		if err != nil {
			l.release()
			return nil, fmt.Errorf("writing %s: %w", path, err)
		}
		return l, nil
	}
	return nil, fmt.Errorf("locking %s: it changes hands all the time", path)
}

func sameFile(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

func busy(f *os.File) error {
	b := make([]byte, 4096)
	n, _ := f.ReadAt(b, 0) // an unreadable holder is an unknown one
	msg := "another run holds this host"
	h := decodeHolder(b[:n])
	if h.PID != 0 {
		msg = fmt.Sprintf("another run holds this host: jid %s, pid %d, started %s by %s", h.JID, h.PID, h.Since.Format(time.DateTime), h.Controller)
	}
	return &wire.RemoteError{Class: "busy", Msg: msg, Data: py.DictOf("jid", py.Str(h.JID), "pid", py.Int(h.PID), "controller", py.Str(h.Controller))}
}

func (l *lock) release() {
	// the name goes while the lock is held, so nobody can lock a dead file unseen
	_ = os.Remove(l.f.Name())
	_ = l.f.Close()
}

// wipe removes the shim's directory. It refuses a directory that the shim
// does not live in.
func wipe(exe, dir string) error {
	own := filepath.Dir(filepath.Dir(exe))
	if dir != own || filepath.Base(exe) != "pinch" || len(filepath.Base(filepath.Dir(exe))) != 16 {
		return fmt.Errorf("%s is not the directory of this shim", dir)
	}
	for _, sub := range []string{filepath.Dir(exe), filepath.Join(dir, blobDir)} {
		if err := os.RemoveAll(sub); err != nil {
			return err
		}
	}
	// other versions may live there; then it stays
	if err := os.Remove(dir); err != nil && !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, syscall.EEXIST) {
		return err
	}
	return nil
}
