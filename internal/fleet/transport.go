package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"pinch/shim"
	"pinch/ssh"
)

// transport makes an SSH connection a shim.Transport.
type transport struct{ conn *ssh.Conn }

type proc struct{ *ssh.Proc }

func (p proc) Stdin() io.WriteCloser { return p.Proc.Stdin }
func (p proc) Stdout() io.Reader     { return p.Proc.Stdout }
func (p proc) Stderr() shim.Stderr   { return p.Proc.Stderr }
func (p proc) Kill() error           { return p.Proc.Close() }

// Start implements shim.Transport.
func (t transport) Start(ctx context.Context, command string) (shim.RemoteProc, error) {
	p, err := t.conn.Start(ctx, command)
	if err != nil {
		return nil, err
	}
	return proc{p}, nil
}

// Put implements shim.Transport.
func (t transport) Put(ctx context.Context, dest string, r io.Reader, size int64) error {
	return t.conn.Put(ctx, dest, r, size, 0o600)
}

// PutResumable implements shim.Transport. The directory is made when missing.
func (t transport) PutResumable(ctx context.Context, dest string, r io.ReaderAt, size int64) (err error) {
	f, err := t.conn.SFTP(ctx)
	var refused *ssh.RefusedError
	if errors.As(err, &refused) { // no SFTP there: all at once, over a command
		return t.conn.Put(ctx, dest, io.NewSectionReader(r, 0, size), size, 0o600)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	dir := path.Dir(dest)
	if _, err := f.Lstat(ctx, dir); errors.Is(err, fs.ErrNotExist) {
		if err := f.Mkdir(ctx, dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s: %w", dir, err)
		}
	} else if err != nil {
		return err
	}
	return f.PutResume(ctx, dest, io.NewSectionReader(r, 0, size), size, 0o600, nil)
}
