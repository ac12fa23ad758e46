package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/pkg/sftp"
)

// SFTP is a file transfer session with a host. It takes one of the host's
// sessions until Close. It may be used by many goroutines at once.
type SFTP struct {
	c  *Conn
	p  *Proc
	cl *sftp.Client

	inUse int // operations under way; guarded by c.mu
}

// SFTP starts a file transfer session. ctx bounds the start only. Errors are
// *RefusedError when the host has no SFTP, *SessionLimitError, *ClosedError and
// *TimeoutError.
func (c *Conn) SFTP(ctx context.Context) (*SFTP, error) {
	const op = "start SFTP on"
	p, err := c.session(ctx, context.Background(), op, "subsystem", "sftp")
	if err != nil {
		return nil, err
	}
	f := &SFTP{c: c, p: p}
	cl, err := call(ctx, f, op, func() (*sftp.Client, error) {
		return sftp.NewClientPipe(p.Stdout, p.Stdin, sftp.UseFstat(true))
	})
	if err == nil {
		f.cl = cl
		return f, nil
	}
	p.Close()
	var timeout *TimeoutError
	if ctx.Err() != nil || c.Err() != nil || errors.As(err, &timeout) {
		return nil, err
	}
	// The subsystem was accepted, but what runs there does not speak SFTP: the
	// program is missing, or a shell start file prints something.
	said := cleanText(p.Stderr.String(), 300)
	return nil, &RefusedError{c.s.fault(op, fmt.Errorf("what answers does not speak SFTP: %s", orText(said, cleanText(err.Error(), 200))),
		"the subsystem in its sshd_config may name a missing program, or a shell start file may print text"), "subsystem"}
}

// Close ends the session.
func (f *SFTP) Close() error { return f.p.Close() }

// call runs one operation, which ends for us when ctx or the session does. It
// may go on behind our back then, so its result comes by way of a channel.
func call[T any](ctx context.Context, f *SFTP, op string, fn func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	if ctx.Err() != nil {
		return none, f.c.ended(ctx, op)
	}
	f.p.watch.begin()
	defer f.p.watch.end()
	result := make(chan outcome, 1)
	if !f.c.spawn(func() {
		v, err := fn()
		result <- outcome{v, err}
	}) {
		return none, f.c.usable(op)
	}
	select {
	case o := <-result:
		if o.err != nil {
			return none, f.plain(op, o.err)
		}
		return o.value, nil
	case <-ctx.Done():
		return none, f.c.ended(ctx, op)
	case <-f.p.done:
		return none, f.over(op)
	}
}

// do is call for operations without a result.
func (f *SFTP) do(ctx context.Context, op string, fn func() error) error {
	_, err := call(ctx, f, op, func() (struct{}, error) { return struct{}{}, fn() })
	return err
}

// over explains why the session ended.
func (f *SFTP) over(op string) error {
	<-f.p.done
	var timeout *TimeoutError
	if errors.As(f.p.err, &timeout) {
		return f.p.err
	}
	if f.c.net.broken() != nil {
		<-f.c.done // follows at once, and the reason with it
	}
	if ended := f.c.usable(op); ended != nil {
		return ended
	}
	cause := errors.New("the SFTP session ended")
	if said := cleanText(f.p.Stderr.String(), 300); said != "" {
		cause = fmt.Errorf("the SFTP session ended: %s", said)
	}
	return &ClosedError{f.c.s.fault(op, cause, "")}
}

// plain makes the host's answers readable; errors of the session become typed.
func (f *SFTP) plain(op string, err error) error {
	var status *sftp.StatusError
	switch {
	case errors.Is(err, sftp.ErrSSHFxConnectionLost), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if f.cl == nil {
			return err // during the start: see SFTP
		}
		f.p.Close()
		return f.over(op)
	case errors.Is(err, fs.ErrNotExist):
		return &netCause{"no such file or directory", fs.ErrNotExist}
	case errors.Is(err, fs.ErrPermission):
		return &netCause{"permission denied", fs.ErrPermission}
	case errors.As(err, &status):
		return &netCause{cleanText(status.Error(), 300), err}
	}
	return err
}

// file wraps an error of do with the path, unless it is about the connection.
func (f *SFTP) file(op, path string, err error, advice string) error {
	var typed interface{ text() string }
	if err == nil || errors.As(err, &typed) {
		return err
	}
	shown := cleanText(path, 300)
	return &FileError{Fault{Host: f.c.s.id, Op: op + " " + shown, Err: err, Advice: advice}, path}
}

// Stat returns what a path is, following links. The error unwraps to
// fs.ErrNotExist when there is nothing.
func (f *SFTP) Stat(ctx context.Context, path string) (fs.FileInfo, error) {
	info, err := call(ctx, f, "look at", func() (fs.FileInfo, error) { return f.cl.Stat(path) })
	if err != nil {
		return nil, f.file("look at", path, err, "")
	}
	return info, nil
}

// Lstat is Stat without following links.
func (f *SFTP) Lstat(ctx context.Context, path string) (fs.FileInfo, error) {
	info, err := call(ctx, f, "look at", func() (fs.FileInfo, error) { return f.cl.Lstat(path) })
	if err != nil {
		return nil, f.file("look at", path, err, "")
	}
	return info, nil
}

// Mkdir makes a directory with the given permission bits. One that is there
// already is an error that Stat explains: SFTP does not say why it failed.
func (f *SFTP) Mkdir(ctx context.Context, path string, mode fs.FileMode) error {
	err := f.do(ctx, "make directory", func() error {
		if err := f.cl.Mkdir(path); err != nil {
			return err
		}
		return f.cl.Chmod(path, mode.Perm())
	})
	return f.file("make directory", path, err, "")
}

// Rename moves a file, replacing what is at to, atomically where the host can.
func (f *SFTP) Rename(ctx context.Context, from, to string) error {
	err := f.do(ctx, "rename", func() error { return f.rename(from, to) })
	return f.file("rename to", to, err, "")
}

func (f *SFTP) rename(from, to string) error {
	if _, ok := f.cl.HasExtension("posix-rename@openssh.com"); ok {
		return f.cl.PosixRename(from, to)
	}
	// SFTP's own rename refuses to replace. Removing first leaves a moment
	// without the file, which no server in use today asks for.
	err := f.cl.Rename(from, to)
	if err != nil {
		if _, serr := f.cl.Lstat(to); serr == nil {
			if rerr := f.cl.Remove(to); rerr != nil {
				return rerr
			}
			err = f.cl.Rename(from, to)
		}
	}
	return err
}

// Remove removes a file or an empty directory.
func (f *SFTP) Remove(ctx context.Context, path string) error {
	err := f.do(ctx, "remove", func() error { return f.cl.Remove(path) })
	return f.file("remove", path, err, "")
}

// ReadDir lists a directory, in the host's order.
func (f *SFTP) ReadDir(ctx context.Context, path string) ([]fs.FileInfo, error) {
	list, err := call(ctx, f, "list", func() ([]fs.FileInfo, error) { return f.cl.ReadDirContext(ctx, path) })
	if err != nil {
		return nil, f.file("list", path, err, "")
	}
	return list, nil
}

// ReadFile returns a file of at most max bytes.
func (f *SFTP) ReadFile(ctx context.Context, path string, max int64) ([]byte, error) {
	data, err := call(ctx, f, "read", func() ([]byte, error) {
		file, err := f.cl.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		data, err := io.ReadAll(io.LimitReader(file, max+1))
		if err == nil && int64(len(data)) > max {
			err = fmt.Errorf("has more than %d bytes", max)
		}
		return data, err
	})
	if err != nil {
		return nil, f.file("read", path, err, "")
	}
	return data, nil
}
