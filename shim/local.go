package shim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// OpenLocal starts the shim on this machine: the program exe itself, called as
// `exe shim`, over pipes. Nothing is copied and nothing is cached.
func OpenLocal(ctx context.Context, exe string, o Options) (*Session, error) {
	argv := []string{exe, "shim"}
	for _, f := range shimFlags(&o) {
		if f != "--wipe" { // there is nothing to wipe
			argv = append(argv, f)
		}
	}
	argv = append(argv, "--no-blobs")
	if dir := localDir(); dir != "" && !o.Privilege.Sudo {
		argv = append(argv, "--dir", dir)
	}
	if o.Privilege.Sudo {
		user := o.Privilege.User
		if user == "" {
			user = "root"
		}
		argv = append([]string{"sudo", "-n", "-u", user, "--"}, argv...)
	}
	stderr := &tail{}
	out := said{stderr: stderr}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = os.Environ()
	for _, kv := range o.Env {
		cmd.Env = append(cmd.Env, kv[0]+"="+os.ExpandEnv(kv[1]))
	}
	cmd.Stderr = stderr
	// of its own process group: Ctrl-C reaches the controller, which then
	// decides what the shim does
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(&StartError{What: "start the shim on this machine", Err: err}, r.Close(), w.Close())
	}
	_ = w.Close() // the child has it
	p := &localProc{cmd: cmd, in: stdin, out: r}
	br, noise, err := pastMagic(r)
	out.noise = noise
	if err != nil {
		_ = stdin.Close()
		out.exit = p.Wait()
		return nil, out.explain(err, &o)
	}
	sess := newSession(p, br, &o)
	if err := sess.greet(ctx); err != nil {
		_ = p.Kill()
		return nil, err
	}
	return sess, nil
}

// localDir is where the lock of a user's runs on this machine is: the user's
// cache directory for pinch. "" lets the shim choose.
func localDir() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	dir := filepath.Join(cache, "pinch")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ""
	}
	return dir
}

type localProc struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *os.File
}

func (p *localProc) Stdin() io.WriteCloser { return p.in }
func (p *localProc) Stdout() io.Reader     { return p.out }

func (p *localProc) Wait() error {
	err := p.cmd.Wait()
	if cerr := p.out.Close(); err == nil && cerr != nil && !errors.Is(cerr, os.ErrClosed) {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("the shim on this machine: %w", err)
	}
	return nil
}

// Kill closes its input first: the shim then ends its children.
func (p *localProc) Kill() error {
	_ = p.in.Close()
	return p.cmd.Process.Kill()
}
