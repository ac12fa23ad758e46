package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// ErrReadOnly is what every change of a ReadOnly host fails with.
var ErrReadOnly = errors.New("refused: only reading is allowed")

// ReadOnly returns a Writer that looks like r and refuses every change.
func ReadOnly(r Reader) Writer { return readOnly{r} }

type readOnly struct{ Reader }

func refuse(op, path string) error { return &fs.PathError{Op: op, Path: path, Err: ErrReadOnly} }

func (readOnly) WriteFile(path string, _ io.Reader, _ WriteOptions) error {
	return refuse("write", path)
}
func (readOnly) Mkdir(path string, _ fs.FileMode) error              { return refuse("mkdir", path) }
func (readOnly) MkdirAll(path string, _ fs.FileMode) error           { return refuse("mkdir", path) }
func (readOnly) Remove(path string) error                            { return refuse("remove", path) }
func (readOnly) RemoveAll(path string) error                         { return refuse("remove", path) }
func (readOnly) Rename(path, _ string) error                         { return refuse("rename", path) }
func (readOnly) Symlink(_, path string) error                        { return refuse("symlink", path) }
func (readOnly) Link(_, path string) error                           { return refuse("link", path) }
func (readOnly) Chmod(path string, _ fs.FileMode) error              { return refuse("chmod", path) }
func (readOnly) Chown(path string, _, _ int) error                   { return refuse("chown", path) }
func (readOnly) Lchown(path string, _, _ int) error                  { return refuse("lchown", path) }
func (readOnly) Chtimes(path string, _, _ time.Time) error           { return refuse("chtimes", path) }
func (readOnly) SetXattr(path, _ string, _ []byte) error             { return refuse("setxattr", path) }
func (readOnly) SetAttrs(path string, _ uint32) error                { return refuse("chattr", path) }
func (readOnly) Mknod(path string, _ fs.FileMode, _, _ uint32) error { return refuse("mknod", path) }
func (readOnly) Setenv(name, _ string) error                         { return refuse("setenv", name) }
func (readOnly) Unsetenv(name string) error                          { return refuse("unsetenv", name) }
func (readOnly) TempFile(dir, _ string) (string, error)              { return "", refuse("create", dir) }
func (readOnly) TempDir(dir, _ string) (string, error)               { return "", refuse("mkdir", dir) }
func (readOnly) Kill(pid int, _ int) error                           { return refuse("kill", fmt.Sprint(pid)) }
func (readOnly) Run(_ context.Context, cmd Cmd) (Output, error) {
	if len(cmd.Argv) == 0 {
		return Output{}, ErrReadOnly
	}
	return Output{}, refuse("run", cmd.Argv[0])
}

// Recorder passes everything on and keeps what changed, in order, as lines such
// as "write /etc/motd" or "run apt-get install x". It is for tests: a run in
// test mode must leave Ops empty. It is not safe for concurrent use.
type Recorder struct {
	Writer
	Ops []string
}

// NewRecorder returns a recorder in front of w.
func NewRecorder(w Writer) *Recorder { return &Recorder{Writer: w} }

func (r *Recorder) note(op string, args ...any) {
	line := op
	for _, a := range args {
		line += " " + fmt.Sprint(a)
	}
	r.Ops = append(r.Ops, line)
}

// WriteFile implements Writer.
func (r *Recorder) WriteFile(path string, content io.Reader, o WriteOptions) error {
	r.note("write", path)
	return r.Writer.WriteFile(path, content, o)
}

// Mkdir implements Writer.
func (r *Recorder) Mkdir(path string, mode fs.FileMode) error {
	r.note("mkdir", path)
	return r.Writer.Mkdir(path, mode)
}

// MkdirAll implements Writer.
func (r *Recorder) MkdirAll(path string, mode fs.FileMode) error {
	r.note("mkdir -p", path)
	return r.Writer.MkdirAll(path, mode)
}

// Remove implements Writer.
func (r *Recorder) Remove(path string) error {
	r.note("remove", path)
	return r.Writer.Remove(path)
}

// RemoveAll implements Writer.
func (r *Recorder) RemoveAll(path string) error {
	r.note("remove -r", path)
	return r.Writer.RemoveAll(path)
}

// Rename implements Writer.
func (r *Recorder) Rename(oldPath, newPath string) error {
	r.note("rename", oldPath, newPath)
	return r.Writer.Rename(oldPath, newPath)
}

// Symlink implements Writer.
func (r *Recorder) Symlink(target, path string) error {
	r.note("symlink", target, path)
	return r.Writer.Symlink(target, path)
}

// Link implements Writer.
func (r *Recorder) Link(oldPath, newPath string) error {
	r.note("link", oldPath, newPath)
	return r.Writer.Link(oldPath, newPath)
}

// Chmod implements Writer.
func (r *Recorder) Chmod(path string, mode fs.FileMode) error {
	r.note("chmod", path, fmt.Sprintf("%04o", UnixPerm(mode)))
	return r.Writer.Chmod(path, mode)
}

// Chown implements Writer.
func (r *Recorder) Chown(path string, uid, gid int) error {
	r.note("chown", path, uid, gid)
	return r.Writer.Chown(path, uid, gid)
}

// Lchown implements Writer.
func (r *Recorder) Lchown(path string, uid, gid int) error {
	r.note("lchown", path, uid, gid)
	return r.Writer.Lchown(path, uid, gid)
}

// Chtimes implements Writer.
func (r *Recorder) Chtimes(path string, atime, mtime time.Time) error {
	r.note("chtimes", path)
	return r.Writer.Chtimes(path, atime, mtime)
}

// SetXattr implements Writer.
func (r *Recorder) SetXattr(path, name string, value []byte) error {
	r.note("setxattr", path, name)
	return r.Writer.SetXattr(path, name, value)
}

// SetAttrs implements Writer.
func (r *Recorder) SetAttrs(path string, flags uint32) error {
	r.note("chattr", path, flags)
	return r.Writer.SetAttrs(path, flags)
}

// Mknod implements Writer.
func (r *Recorder) Mknod(path string, mode fs.FileMode, major, minor uint32) error {
	r.note("mknod", path)
	return r.Writer.Mknod(path, mode, major, minor)
}

// Setenv implements Writer.
func (r *Recorder) Setenv(name, value string) error {
	r.note("setenv", name)
	return r.Writer.Setenv(name, value)
}

// Unsetenv implements Writer.
func (r *Recorder) Unsetenv(name string) error {
	r.note("unsetenv", name)
	return r.Writer.Unsetenv(name)
}

// Run implements Writer.
func (r *Recorder) Run(ctx context.Context, cmd Cmd) (Output, error) {
	args := make([]any, len(cmd.Argv))
	for i, a := range cmd.Argv {
		args[i] = a
	}
	r.note("run", args...)
	return r.Writer.Run(ctx, cmd)
}

// Kill implements Writer.
func (r *Recorder) Kill(pid int, signal int) error {
	r.note("kill", pid, signal)
	return r.Writer.Kill(pid, signal)
}

// TempFile implements Writer.
func (r *Recorder) TempFile(dir, pattern string) (string, error) {
	r.note("tempfile", dir)
	return r.Writer.TempFile(dir, pattern)
}

// TempDir implements Writer.
func (r *Recorder) TempDir(dir, pattern string) (string, error) {
	r.note("tempdir", dir)
	return r.Writer.TempDir(dir, pattern)
}
