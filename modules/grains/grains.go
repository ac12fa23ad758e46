// Package grains collects a host's grains with Salt's names and values. It
// reads files and asks the kernel; it starts no process where either will do.
package grains

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pinch/internal/host"
	"pinch/internal/py"
)

// Collect returns the grains of the host.
func Collect(ctx context.Context, h host.Reader) (*py.Dict, error) {
	g := py.NewDict()
	for _, c := range []func(context.Context, host.Reader, *py.Dict) error{kernel, names, release} {
		if err := c(ctx, h, g); err != nil {
			return nil, err
		}
	}
	return g, ctx.Err()
}

func kernel(_ context.Context, _ host.Reader, g *py.Dict) error {
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

func names(_ context.Context, h host.Reader, g *py.Dict) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	short, domain, _ := strings.Cut(name, ".")
	g.SetStr("host", py.Str(short))
	g.SetStr("fqdn", py.Str(name))
	g.SetStr("localhost", py.Str(name))
	g.SetStr("domain", py.Str(domain))
	g.SetStr("path", py.Str(h.Getenv("PATH")))
	g.SetStr("systempath", py.Strings(filepath.SplitList(h.Getenv("PATH"))...))
	shell := h.Getenv("SHELL")
	if shell == "" {
		shell = "/bin/sh"
	}
	g.SetStr("shell", py.Str(shell))
	return nil
}

func release(_ context.Context, h host.Reader, g *py.Dict) error {
	data, err := h.ReadFile("/etc/os-release")
	if err != nil {
		return nil // not every system has one
	}
	v := map[string]string{}
	for _, line := range strings.Split(string(data), "\n") {
		if k, x, ok := strings.Cut(line, "="); ok {
			v[k] = strings.Trim(x, `"'`)
		}
	}
	if v["ID"] == "debian" {
		full, err := h.ReadFile("/etc/debian_version")
		rel := strings.TrimSpace(string(full))
		if err != nil || rel == "" || strings.Contains(rel, "/") {
			rel = v["VERSION_ID"]
		}
		major, _ := strconv.Atoi(v["VERSION_ID"])
		g.SetStr("os", py.Str("Debian"))
		g.SetStr("os_family", py.Str("Debian"))
		g.SetStr("osfullname", py.Str(v["NAME"]))
		g.SetStr("osrelease", py.Str(rel))
		g.SetStr("oscodename", py.Str(v["VERSION_CODENAME"]))
		g.SetStr("osmajorrelease", py.Int(major))
		g.SetStr("osfinger", py.Str("Debian-"+v["VERSION_ID"]))
	}
	return nil
}
