// Package grains collects a host's grains with Salt's names and values. It
// reads files and asks the kernel; a process is started only where there is no
// other way (`systemctl --version`, `systemd-detect-virt`). What concerns Salt's
// own Python (pythonpath, saltpath, zmqversion, ...) does not exist here.
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

// Collect returns the grains of the host, all but those that follow from the
// minion's id, which the controller knows (id, server_id).
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
	g.SetStr("num_gpus", py.Int(0))
	g.SetStr("gpus", py.NewList())
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
	g.SetStr("locale_info", localeInfo(h))
	return nil
}

// localeInfo is the locale as Python sets it up: the C locale counts as C.UTF-8,
// which is en_US to it.
func localeInfo(h host.Reader) *py.Dict {
	name := ""
	for _, v := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if name = h.Getenv(v); name != "" {
			break
		}
	}
	lang, enc, _ := strings.Cut(name, ".")
	enc, _, _ = strings.Cut(enc, "@")
	lang, _, _ = strings.Cut(lang, "@")
	if lang == "" || lang == "C" || lang == "POSIX" {
		lang, enc = "en_US", "UTF-8"
	}
	switch strings.ToLower(strings.ReplaceAll(enc, "-", "")) {
	case "utf8", "":
		enc = "UTF-8"
	}
	zone, _ := h.Now().Local().Zone()
	return py.DictOf("defaultlanguage", py.Str(lang), "defaultencoding", py.Str(enc), "detectedencoding", py.Str("utf-8"), "timezone", py.Str(zone))
}

// versions say which Salt a tree may take this for.
func versions(_ context.Context, h host.Reader, g *py.Dict) error {
	g.SetStr("saltversion", py.Str(saltVersion))
	info := py.NewList()
	for _, p := range strings.Split(saltVersion, ".") {
		info.Append(number(p))
	}
	g.SetStr("saltversioninfo", info)
	g.SetStr("pythonversion", pythonVersion(h))
	g.SetStr("package", py.None)
	g.SetStr("transactional", py.Bool(h.LookPath("transactional-update") != ""))
	return nil
}

// pythonVersion is that of the host's python3, as far as the name of its program
// tells, else that of Salt's own packages. Trees choose the names of packages
// by its first number.
func pythonVersion(h host.Reader) *py.List {
	minor := py.Int(11)
	if p := h.LookPath("python3"); p != "" {
		if target, err := h.Readlink(p); err == nil {
			if _, v, ok := strings.Cut(target, "python3."); ok {
				if n, err := strconv.Atoi(v); err == nil {
					minor = py.Int(n)
				}
			}
		}
	}
	return py.NewList(py.Int(3), minor, py.Int(0), py.Str("final"), py.Int(0))
}

// number is an int where a text is all digits.
func number(s string) py.Value {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return py.Str(s)
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return py.Str(s)
	}
	return py.Int(n)
}

// lines splits a file that may not be there; nil when it is not.
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

func isFile(h host.Reader, path string) bool {
	info, err := h.Stat(path)
	return err == nil && info.IsRegular()
}

func isDir(h host.Reader, path string) bool {
	info, err := h.Stat(path)
	return err == nil && info.IsDir()
}
