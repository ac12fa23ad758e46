package ssh

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/pkg/sftp"
)

// Put writes a file of size bytes with the given permission bits, all or
// nothing: the data goes to a new file with a random name beside path, its size
// is checked, and it takes path's place by one rename. Whatever fails, path is
// as before and the new file is removed if the connection allows. A relative
// path starts at the login directory. The directory must exist.
//
// Data goes over SFTP; a host without it gets the data on the standard input of
// a fixed shell command. Errors are *FileError, *SessionLimitError,
// *ClosedError and *TimeoutError.
func (c *Conn) Put(ctx context.Context, path string, r io.Reader, size int64, mode fs.FileMode) error {
	if err := checkPath(path, size); err != nil {
		return &FileError{Fault{Host: c.s.id, Op: "write " + cleanText(path, 300), Err: err}, path}
	}
	if c.noSFTP.Load() {
		return c.putExec(ctx, path, r, size, mode)
	}
	f, err := c.acquireFiles(ctx)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		c.noSFTP.Store(true)
		c.s.log.Debug("no SFTP, writing by a command", "host", c.s.id, "error", err)
		return c.putExec(ctx, path, r, size, mode)
	case err != nil:
		return err
	}
	defer c.releaseFiles(f)
	return f.Put(ctx, path, r, size, mode)
}

func checkPath(name string, size int64) error {
	switch {
	case name == "" || strings.HasSuffix(name, "/"):
		return errors.New("the path names no file")
	case strings.ContainsAny(name, "\x00\n"):
		return errors.New("the path has a NUL or a line break")
	case size < 0:
		return fmt.Errorf("the size %d is negative", size)
	}
	return nil
}

// acquireFiles returns the connection's SFTP session for Put, starting it.
func (c *Conn) acquireFiles(ctx context.Context) (*SFTP, error) {
	c.mu.Lock()
	if f := c.files; f != nil {
		select {
		case <-f.p.done: // it broke
			c.files = nil
		default:
			f.inUse++
			c.mu.Unlock()
			return f, nil
		}
	}
	c.mu.Unlock()
	f, err := c.SFTP(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f.inUse++
	if c.files == nil {
		c.files = f
	} // else another Put was faster: ours is closed when released
	return f, nil
}

func (c *Conn) releaseFiles(f *SFTP) {
	c.mu.Lock()
	f.inUse--
	drop := f.inUse == 0 && c.files != f
	c.mu.Unlock()
	if drop {
		f.Close()
	}
}

// closeIdleFiles gives the session of Put back to the host. It returns whether
// there was one to give back.
func (c *Conn) closeIdleFiles(ctx context.Context) bool {
	c.mu.Lock()
	f := c.files
	if f == nil || f.inUse > 0 {
		c.mu.Unlock()
		return false
	}
	c.files = nil
	c.mu.Unlock()
	f.Close()
	select {
	case <-f.p.reqsDone:
	case <-c.done:
	case <-ctx.Done():
	}
	return true
}

// cleanupTime bounds the removal of a temporary file after a failure.
const cleanupTime = 2 * time.Second

// randomName returns a new name beside the destination.
func randomName(dest string) string {
	var b [12]byte
	rand.Read(b[:]) // never fails
	return path.Join(path.Dir(dest), ".pinch-"+hex.EncodeToString(b[:]))
}

// Put is Conn.Put in this session.
func (f *SFTP) Put(ctx context.Context, dest string, r io.Reader, size int64, mode fs.FileMode) error {
	if err := checkPath(dest, size); err != nil {
		return f.file("write", dest, err, "")
	}
	tmp := randomName(dest)
	created, err := f.putTemp(ctx, tmp, r, size, mode)
	if err == nil {
		err = f.do(ctx, "rename", func() error { return f.rename(tmp, dest) })
	}
	if err == nil {
		return nil
	}
	if created && f.c.Err() == nil {
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		if rerr := f.do(cleanup, "remove", func() error { return f.cl.Remove(tmp) }); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			f.c.s.log.Warn("temporary file left behind", "host", f.c.s.id, "path", tmp, "error", rerr)
		}
	}
	return f.writeError(dest, err)
}

// putTemp writes the data to a new file and checks its size. created says that
// the file may be there.
func (f *SFTP) putTemp(ctx context.Context, tmp string, r io.Reader, size int64, mode fs.FileMode) (created bool, err error) {
	file, err := call(ctx, f, "create", func() (*sftp.File, error) {
		return f.cl.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	})
	if err != nil {
		return ctx.Err() != nil, err
	}
	// The mode is set before there is anything to read in the file.
	if err = f.do(ctx, "create", func() error { return file.Chmod(mode.Perm()) }); err == nil {
		err = f.upload(ctx, file, r, 0, size, nil)
	}
	if err != nil {
		f.c.spawn(func() { file.Close() }) // when what is under way has been answered
		return true, err
	}
	return true, f.closeFile(ctx, file, size)
}

// closeFile closes a file after checking that all of it is there.
func (f *SFTP) closeFile(ctx context.Context, file *sftp.File, size int64) error {
	return f.do(ctx, "write", func() error {
		info, err := file.Stat()
		if cerr := file.Close(); err == nil {
			err = cerr
		}
		if err == nil && info.Size() != size {
			err = fmt.Errorf("the host has %d bytes of %d", info.Size(), size)
		}
		return err
	})
}

// writeError explains why a file was not written; nil stays nil.
func (f *SFTP) writeError(dest string, err error) error {
	var source *sourceError
	var status *sftp.StatusError
	advice := ""
	switch {
	case errors.As(err, &source):
		return &FileError{Fault{Host: f.c.s.id, Op: "write " + cleanText(dest, 300), Err: source}, dest}
	case errors.Is(err, fs.ErrNotExist):
		advice = "the directory is missing"
	case errors.Is(err, fs.ErrPermission):
		advice = "user " + f.c.s.user + " may not write there"
	case errors.As(err, &status):
		advice = "SFTP does not say why; the file system may be full or read-only"
	}
	return f.file("write", dest, err, advice)
}

// PutResume is Put for large files whose name says their content: the data goes
// to path.part, which stays there when the connection breaks, and a later call
// goes on from what is certainly there. It does not compare content; the caller
// checks a hash on the host. The directory must belong to the user and nobody
// else may write to it, as the name is known beforehand. progress, if not nil,
// is called with the number of bytes on the host.
func (f *SFTP) PutResume(ctx context.Context, dest string, r io.ReadSeeker, size int64, mode fs.FileMode, progress func(int64)) error {
	if err := checkPath(dest, size); err != nil {
		return f.file("write", dest, err, "")
	}
	part := dest + ".part"
	file, err := call(ctx, f, "open", func() (*sftp.File, error) {
		return f.cl.OpenFile(part, os.O_WRONLY|os.O_CREATE)
	})
	if err != nil {
		return f.writeError(dest, err)
	}
	have, err := call(ctx, f, "open", func() (int64, error) {
		info, err := file.Stat()
		if err != nil {
			return 0, err
		}
		if !info.Mode().IsRegular() {
			return 0, errors.New("the partial file is no regular file")
		}
		have := info.Size()
		if have > size {
			have = 0
			if err := file.Truncate(0); err != nil {
				return 0, err
			}
		}
		return have, file.Chmod(mode.Perm())
	})
	from := max(0, have-maxHole)
	if err == nil {
		if _, serr := r.Seek(from, io.SeekStart); serr != nil {
			err = &sourceError{serr}
		}
	}
	if err == nil {
		err = f.upload(ctx, file, r, from, size, progress)
	}
	if err != nil {
		f.c.spawn(func() { file.Close() })
		return f.writeError(dest, err)
	}
	if err := f.closeFile(ctx, file, size); err != nil {
		return f.writeError(dest, err)
	}
	err = f.do(ctx, "rename", func() error {
		err := f.rename(part, dest)
		if errors.Is(err, fs.ErrNotExist) { // another controller put the same file there
			if info, serr := f.cl.Stat(dest); serr == nil && info.Size() == size {
				return nil
			}
		}
		return err
	})
	return f.writeError(dest, err)
}
