// Package grains collects a host's grains with Salt's names and values. It
// reads files and asks the kernel; a process is started only where there is no
// other way (`systemctl --version`). What concerns Salt's own Python
// (pythonpath, saltpath, zmqversion, ...) does not exist here.
package grains

import (
	"context"
	"os"
	"os/user"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pinch/internal/host"
	"pinch/internal/py"
)

// saltVersion is the release whose grains these are.
const saltVersion = "3008.3"

// collector adds one family of grains. What cannot be found is left out; an
// error means that the host cannot be looked at.
type collector func(ctx context.Context, h host.Reader, g *py.Dict) error

// Collect returns the grains of the host, all but id, which the controller
// knows.
func Collect(ctx context.Context, h host.Reader) (*py.Dict, error) {
	g := py.NewDict()
	for _, c := range []collector{uname, platform, cpu, memory, names, network, process, versions, custom} {
		if err := c(ctx, h, g); err != nil {
			return nil, err
		}
	}
	return g, ctx.Err()
}

func uname(_ context.Context, _ host.Reader, g *py.Dict) error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	str := func(b []byte) py.Str { return py.Str(unix.ByteSliceToString(b)) }
	g.SetStr("kernel", str(u.Sysname[:]))
	g.SetStr("nodename", str(u.Nodename[:]))
	g.SetStr("kernelrelease", str(u.Release[:]))
	g.SetStr("kernelversion", str(u.Version[:]))
	g.SetStr("cpuarch", str(u.Machine[:]))
	return nil
}

// process are the grains of the process that runs the states.
func process(_ context.Context, h host.Reader, g *py.Dict) error {
	path := strings.TrimSpace(h.Getenv("PATH"))
	g.SetStr("path", py.Str(path))
	g.SetStr("systempath", py.Strings(strings.Split(path, ":")...))
	shell := h.Getenv("SHELL")
	if shell == "" {
		shell = "/bin/sh"
	}
	g.SetStr("shell", py.Str(shell))
	g.SetStr("pid", py.Int(os.Getpid()))
	g.SetStr("uid", py.Int(h.Getuid()))
	if u, ok := h.UserID(h.Getuid()); ok {
		g.SetStr("username", py.Str(u.Name))
		g.SetStr("gid", py.Int(u.GID))
		if gr, ok := h.GroupID(u.GID); ok {
			g.SetStr("groupname", py.Str(gr.Name))
		}
	} else if u, err := user.Current(); err == nil { // not in the files of this host
		g.SetStr("username", py.Str(u.Username))
	}
	if wd, err := os.Getwd(); err == nil {
		g.SetStr("cwd", py.Str(wd))
	}
	return nil
}

// versions say which Salt a tree may take this for.
func versions(_ context.Context, _ host.Reader, g *py.Dict) error {
	g.SetStr("saltversion", py.Str(saltVersion))
	info := py.NewList()
	for _, p := range strings.Split(saltVersion, ".") {
		n, err := strconv.Atoi(p)
		if err != nil {
			return err
		}
		info.Append(py.Int(n))
	}
	g.SetStr("saltversioninfo", info)
	g.SetStr("transactional", py.False)
	return nil
}

// custom are the grains that somebody wrote into the host's own file.
func custom(_ context.Context, h host.Reader, g *py.Dict) error {
	b, err := h.ReadFile("/etc/salt/grains")
	if err != nil {
		return nil // hardly any host has one
	}
	d, err := readCustom(string(b))
	if err != nil {
		g.SetStr("grains_error", py.Str("/etc/salt/grains: "+err.Error()))
		return nil
	}
	g.Update(d)
	return nil
}

// lines splits a file that may not be there.
func lines(h host.Reader, path string) []string {
	b, err := h.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Split(string(b), "\n")
}

func first(h host.Reader, path string) string {
	if l := lines(h, path); len(l) > 0 {
		return strings.TrimSpace(l[0])
	}
	return ""
}
