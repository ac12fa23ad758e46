// Package kmod has Salt's kmod module: kernel modules of Linux, and those that
// are loaded at boot.
package kmod

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/internal/pyre"
	"pinch/internal/saltargs"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) { return c.Grains.String("kernel") == "Linux", "" }

func stateVirtual(c *modules.Call) (bool, string) {
	return c.Grains.String("kernel") == "Linux", "kmod module could not be loaded"
}

// kmod is the kernel's modules of a host.
type kmod struct {
	ctx context.Context
	c   *modules.Call
	r   host.Reader
	w   host.Writer // nil where nothing may change
}

func (k *kmod) need(program string) (string, error) {
	p := k.r.LookPath(program)
	if p == "" {
		return "", modules.CommandExecutionError(fmt.Sprintf("Command '%s' cannot be found", program))
	}
	return p, nil
}

// conf is the file of the modules that are loaded at boot.
func (k *kmod) conf() string {
	if k.c.Grains.Has("systemd") {
		return "/etc/modules-load.d/salt_managed.conf"
	}
	return "/etc/modules"
}

// module is a line of lsmod.
type module struct {
	name, size, count string
	deps              []string
}

func (k *kmod) lsmod() ([]module, error) {
	p, err := k.need("lsmod")
	if err != nil {
		return nil, err
	}
	s, err := k.c.Ask(k.ctx, p)
	if err != nil {
		return nil, err
	}
	var out []module
	for _, line := range s.Lines() {
		w := strings.Fields(line)
		if len(w) < 3 || w[0] == "Module" {
			continue
		}
		m := module{name: w[0], size: w[1], count: w[2]}
		if len(w) > 3 {
			m.deps = strings.Split(w[3], ",")
		}
		out = append(out, m)
	}
	return out, nil
}

// loaded are the names of the loaded modules, sorted.
func (k *kmod) loaded() ([]string, error) {
	list, err := k.lsmod()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range list {
		names = append(names, m.name)
	}
	return sorted(names), nil
}

func sorted(names []string) []string {
	sort.Strings(names)
	return slices.Compact(names)
}

// nameOf is the module of a line of the configuration, which may have options.
func nameOf(line string) string {
	if w := strings.Fields(line); len(w) > 0 {
		return w[0]
	}
	return ""
}

// persistent are the modules that are loaded at boot, sorted.
func (k *kmod) persistent() ([]string, error) {
	data, err := k.r.ReadFile(k.conf())
	if err != nil {
		return nil, nil // Salt: a file that is missing or cannot be read has none
	}
	var names []string
	for line := range strings.Lines(string(data)) {
		if n := nameOf(line); n != "" && n[0] != '#' {
			names = append(names, n)
		}
	}
	return sorted(names), nil
}

// available are the modules of the running kernel, built in or not, sorted.
func (k *kmod) available() ([]string, error) {
	release := k.c.Grains.String("kernelrelease")
	dir := "/lib/modules/" + release
	var names []string
	if data, err := k.r.ReadFile(dir + "/modules.builtin"); err == nil {
		for line := range strings.Lines(string(data)) {
			base := pypath.Base(line)
			names = append(names, base[:max(len(base)-4, 0)]) // ".ko" and the line break
		}
	}
	names = k.below(dir, names)
	if strings.Contains(k.c.Grains.String("os_family"), "Arch") && len(release) >= 3 {
		names = k.below("/lib/modules/extramodules-"+release[:3]+"-ARCH", names)
	}
	sort.Strings(names)
	return names, nil
}

// below adds the modules of a directory and its directories.
func (k *kmod) below(dir string, names []string) []string {
	entries, err := k.r.ReadDir(dir)
	if err != nil {
		return names // as os.walk: a directory that cannot be read has nothing
	}
	for _, e := range entries {
		if e.IsDir() {
			names = k.below(dir+"/"+e.Name(), names)
		} else if e.Type()&fs.ModeSymlink == 0 || !isDir(k.r, dir+"/"+e.Name()) {
			if name, _, ok := strings.Cut(e.Name(), ".ko"); ok {
				names = append(names, strings.ReplaceAll(name, "-", "_"))
			}
		}
	}
	return names
}

func isDir(r host.Reader, p string) bool {
	fi, err := r.Stat(p)
	return err == nil && fi.IsDir()
}

// change runs modprobe or rmmod and says which modules came or went; problem is
// why it failed.
func (k *kmod) change(program, mod string, added bool) (mods []string, problem string, err error) {
	before, err := k.loaded()
	if err != nil {
		return nil, "", err
	}
	p, err := k.need(program)
	if err != nil {
		return nil, "", err
	}
	words, err := saltargs.ShlexSplit(mod)
	if err != nil {
		return nil, "", py.ValueErrorf("%v", err)
	}
	s, err := k.c.Do(k.ctx, k.w, append([]string{p}, words...)...)
	if err != nil || s.Code != 0 {
		return nil, s.Err, err
	}
	after, err := k.loaded()
	if err != nil {
		return nil, "", err
	}
	from, to := before, after
	if !added {
		from, to = after, before
	}
	return slices.DeleteFunc(slices.Clone(to), func(m string) bool { return slices.Contains(from, m) }), "", nil
}

// load is Salt's kmod.load: the modules that were loaded or made persistent.
func (k *kmod) load(mod string, persist bool) (mods []string, failed string, err error) {
	mods, problem, err := k.change("modprobe", mod, true)
	if err != nil || problem != "" {
		return nil, fmt.Sprintf("Error loading module %s: %s", mod, problem), err
	}
	if persist {
		more, err := k.keep(mod)
		if err != nil {
			return nil, "", err
		}
		mods = sorted(append(mods, more...))
	}
	return mods, "", nil
}

// remove is Salt's kmod.remove.
func (k *kmod) remove(mod string, persist, comment bool) (mods []string, failed string, err error) {
	mods, problem, err := k.change("rmmod", mod, false)
	if err != nil || problem != "" {
		return nil, fmt.Sprintf("Error removing module %s: %s", mod, problem), err
	}
	if persist {
		more, err := k.forget(mod, comment)
		if err != nil {
			return nil, "", err
		}
		mods = sorted(append(mods, more...))
	}
	return mods, "", nil
}

func (k *kmod) file(fun string, kw []py.KwArg, args ...string) (py.Value, error) {
	a := &py.Args{Kw: kw}
	for _, s := range args {
		a.Pos = append(a.Pos, py.Str(s))
	}
	return k.c.Funcs.Call(k.ctx, fun, a)
}

// keep has a module loaded at boot; one that is commented out is put in again.
func (k *kmod) keep(mod string) ([]string, error) {
	conf, name := k.conf(), nameOf(mod)
	if _, err := k.r.Stat(conf); err != nil {
		if _, err := k.file("file.touch", nil, conf); err != nil {
			return nil, err
		}
	}
	kept, err := k.persistent()
	if err != nil || name == "" || slices.Contains(kept, name) {
		return nil, err
	}
	if all, err := k.available(); err != nil || !slices.Contains(all, name) {
		return nil, err
	}
	escaped := pyre.Escape(mod)
	out, err := k.file("file.search", []py.KwArg{{Name: "multiline", Value: py.True}}, conf, "^#[\t ]*"+escaped+"[\t ]*$")
	if err != nil {
		return nil, err
	}
	if py.IsTrue(out) {
		_, err = k.file("file.uncomment", nil, conf, escaped)
	} else {
		_, err = k.file("file.append", nil, conf, mod)
	}
	return []string{name}, err
}

// forget has a module not loaded at boot.
func (k *kmod) forget(mod string, comment bool) ([]string, error) {
	name := nameOf(mod)
	kept, err := k.persistent()
	if err != nil || name == "" || !slices.Contains(kept, name) {
		return nil, err
	}
	line := "^[\t ]*" + pyre.Escape(mod) + "[\t ]?"
	if comment {
		_, err = k.file("file.comment", nil, k.conf(), line)
	} else {
		_, err = k.file("file.sed", nil, k.conf(), line, "")
	}
	return []string{name}, err
}
