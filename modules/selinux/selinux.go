// Package selinux has Salt's selinux module: the mode, booleans, modules, file
// contexts and ports of SELinux, through semanage and its like.
package selinux

import (
	"context"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	for _, p := range []string{"semanage", "setsebool", "semodule"} {
		if c.LookPath(p) == "" {
			return false, p + " is not in the path"
		}
	}
	return c.Grains.String("kernel") == "Linux", "Module only works on Linux with selinux installed"
}

func stateVirtual(c *modules.Call) (bool, string) {
	ok, _ := virtual(c)
	return ok, "selinux module could not be loaded"
}

// policy is the SELinux of a host.
type policy struct {
	ctx context.Context
	c   *modules.Call
	r   host.Reader
	w   host.Writer // nil where nothing may change
}

// What is remembered of a run; a change drops its key.
const (
	keyBooleans = "selinux/booleans"
	keyModules  = "selinux/modules"
	keyContexts = "selinux/fcontext"
	keyPorts    = "selinux/port"
)

// list is what a look-only command prints, both streams, asked once.
func (p *policy) list(key string, argv ...string) ([]string, error) {
	return modules.Remember(p.c.Memo, key, func() ([]string, error) {
		s, err := p.c.DoCommand(p.ctx, nil, modules.Command{Argv: argv, IgnoreRetcode: strings.Contains(key, "fcontext") || strings.Contains(key, "port")})
		return strings.Split(s.All(), "\n"), err
	})
}

// do runs a command that changes what key remembers.
func (p *policy) do(key string, argv ...string) (modules.CommandResult, error) {
	defer p.c.Memo.Drop(key)
	return p.c.RunAll(p.ctx, p.w, modules.Command{Argv: argv})
}

// done says whether such a command ended well.
func (p *policy) done(key string, argv ...string) (bool, error) {
	r, err := p.do(key, argv...)
	return r.Code == 0 && err == nil, err
}

// result is how a command ended, as cmd.run_all returns it.
func result(r modules.CommandResult) *py.Dict {
	return py.DictOf("pid", py.Int(r.PID), "retcode", py.Int(r.Code), "stdout", py.Str(r.Stdout), "stderr", py.Str(r.Stderr))
}

// fsPath is the kernel's file system of SELinux, "" where it is off.
func fsPath(r host.Reader) string {
	for _, d := range []string{"/sys/fs/selinux", "/selinux"} {
		if fi, err := r.Stat(pypath.Join(d, "enforce")); err == nil && fi.IsRegular() {
			return d
		}
	}
	return ""
}

const disabled = "Disabled"

// enforced is the mode that the kernel is in.
func enforced(r host.Reader) string {
	d := fsPath(r)
	if d == "" {
		return disabled
	}
	data, err := r.ReadFile(d + "/enforce")
	if err != nil {
		return disabled
	}
	if line, _, _ := strings.Cut(string(data), "\n"); strings.TrimSpace(line) == "0" {
		return "Permissive"
	}
	return "Enforcing"
}

const config = "/etc/selinux/config"

// configured is the mode after the next boot; ok is false when it is not known.
func configured(r host.Reader) (mode string, ok bool) {
	data, err := r.ReadFile(config)
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(data)) {
		if v, is := strings.CutPrefix(strings.TrimSpace(line), "SELINUX="); is {
			return strings.TrimLeft(py.Capitalize(v), " \t"), true
		}
	}
	return "", false
}

var configLine = regexp.MustCompile(`\nSELINUX=.*\n`)

// enforce sets the mode of the kernel, where SELinux is on, and that of the
// next boot; it returns the kernel's.
func (p *policy) enforce(mode string) (string, error) {
	word := strings.ToLower(mode)
	digit := map[string]string{"enforcing": "1", "permissive": "0", "disabled": "0"}[word]
	if digit == "" {
		return "", modules.SaltInvocationError("Invalid mode " + mode)
	}
	if d := fsPath(p.w); d != "" && enforced(p.w) != disabled {
		if err := p.w.WriteFile(d+"/enforce", strings.NewReader(digit), host.WriteOptions{KeepLinks: true}); err != nil {
			return "", modules.CommandExecutionError("Could not write SELinux enforce file: " + modules.OSErrorText(err))
		}
	}
	data, err := p.w.ReadFile(config)
	if err != nil {
		return "", modules.CommandExecutionError("Could not read SELinux config file: " + modules.OSErrorText(err))
	}
	text := configLine.ReplaceAllLiteralString(string(data), "\nSELINUX="+word+"\n")
	if text != string(data) {
		if err := p.w.WriteFile(config, strings.NewReader(text), host.WriteOptions{KeepLinks: true}); err != nil {
			return "", modules.CommandExecutionError("Could not write SELinux config file: " + modules.OSErrorText(err))
		}
	}
	return enforced(p.w), nil
}
