package mount

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/states/low"
)

// Options that the kernel does not show, and those whose values it does not.
var (
	invisibleOptions = []string{"_netdev", "actimeo", "bg", "comment", "defaults", "delay_connect", "direct-io-mode", "intr", "loop", "nointr",
		"nobootwait", "nofail", "password", "reconnect", "retry", "soft", "auto", "users", "bind", "nonempty", "transform_symlinks", "port",
		"backup-volfile-servers"}
	invisibleKeys = []string{"actimeo", "comment", "credentials", "direct-io-mode", "password", "port", "retry", "secretfile"}
)

var sizeOption = regexp.MustCompile(`^size=([0-9]+)([kmg])`)

// inKiB gives a size option in the unit of the kernel.
func inKiB(opt string) (string, bool) {
	m := sizeOption.FindStringSubmatch(opt)
	if m == nil {
		return opt, false
	}
	n, err := strconv.ParseUint(m[1], 10, 53)
	if err != nil {
		return opt, false
	}
	switch m[2] {
	case "m":
		n <<= 10
	case "g":
		n <<= 20
	}
	return fmt.Sprintf("size=%dk", n), true
}

func key(opt string) string {
	k, _, _ := strings.Cut(opt, "=")
	return k
}

func value(opt string) string {
	w := strings.Split(opt, "=")
	if len(w) < 2 {
		return ""
	}
	return w[1]
}

// ignoredKeys are the options of the file system that force no remount.
func (m *mounting) ignoredKeys() []string {
	if v, ok := m.a.ExtraFS.GetStr(m.a.Fstype); ok {
		return optList(v)
	}
	if m.a.Fstype == "ramfs" {
		return []string{"size"}
	}
	return nil
}

// shown is an option as the kernel shows it.
func (m *mounting) shown(opt string, keys, ignored []string) string {
	switch v, ok := m.a.ExtraTrans.GetStr(opt); {
	case ok:
		opt = py.ToStr(v)
	case opt == "tcp" || opt == "udp":
		opt = "proto=" + opt
	}
	if k := key(opt); slices.Contains(keys, k) {
		opt = k
	}
	opt, _ = inKiB(opt)
	if m.a.Fstype == "cifs" && key(opt) == "user" {
		opt = "username=" + value(opt)
	}
	if k := key(opt); slices.Contains(ignored, k) {
		opt = k
	}
	return byID(m.r, opt)
}

// compareOptions remounts when an option is not active, or when one that Salt
// once mounted with is not wanted any more.
func (m *mounting) compareOptions(cur *active) (done bool, err error) {
	invisible := append(append(slices.Clone(invisibleOptions), m.a.ExtraInv...), optList(m.a.Hidden)...)
	keys := append(slices.Clone(invisibleKeys), m.a.ExtraKeys...)
	ignored := m.ignoredKeys()
	var changed []string
	var last string
	for _, o := range m.opts {
		opt := m.shown(o, keys, ignored)
		for i, s := range cur.superopts {
			if size, ok := inKiB(s); ok {
				// Salt: a size that is active takes the place of every option, so
				// that nothing is remounted for such file systems.
				cur.superopts[i], opt = size, size
			}
		}
		last = opt
		if !slices.Contains(cur.opts, opt) && !slices.Contains(cur.superopts, opt) && !slices.Contains(invisible, opt) &&
			!slices.Contains(ignored, opt) && !slices.Contains(keys, opt) {
			changed = append(changed, opt)
		}
	}
	if len(changed) > 0 {
		sort.Strings(changed)
		why := strings.Join(changed, ",")
		if m.w == nil {
			m.d.Result, m.d.Comment = low.None, fmt.Sprintf("Remount would be forced because options (%s) changed", why)
			return true, nil
		}
		if done, err := m.remount(why, true); err != nil || done {
			return done, err
		}
		m.cacheIt = true
	}
	old, err := cached(m.c, m.r, m.real)
	if err != nil {
		return false, err
	}
	if !old.Has("opts") {
		m.cacheIt = true
		return false, nil
	}
	var missing []string
	for _, o := range optList(old.Lookup("opts")) {
		if !slices.Contains(m.opts, o) {
			missing = append(missing, o)
		}
	}
	if len(missing) == 0 {
		return false, nil
	}
	m.cacheIt = true
	if m.w == nil {
		m.d.Result, m.d.Comment = low.None, fmt.Sprintf("Remount would be forced because options (%s)changed", strings.Join(missing, ","))
		return true, nil
	}
	return m.remount(last, false)
}

// remount mounts again with the wanted options; file systems that cannot be
// remounted are unmounted first.
func (m *mounting) remount(why string, tellLazy bool) (done bool, err error) {
	a := m.a
	if a.Fstype != "nfs" && a.Fstype != "cvfs" && !strings.HasPrefix(a.Fstype, "fuse") {
		m.changes.SetStr("umount", py.Str(fmt.Sprintf("Forced remount because options (%s) changed", why)))
		problem, err := doRemount(m.ctx, m.c, m.w, m.real, a.Device, a.Mkmnt, a.Fstype, m.opts, "")
		m.opts = slices.DeleteFunc(m.opts, func(o string) bool { return o == "remount" })
		m.warn("remount", problem)
		return false, err
	}
	m.changes.SetStr("umount", py.Str(fmt.Sprintf("Forced unmount and mount because options (%s) changed", why)))
	problem, err := doUmount(m.ctx, m.c, m.w, m.real, "", "", false)
	if err == nil && problem != "" {
		if tellLazy {
			m.changes.SetStr("umount", py.Str(fmt.Sprintf(
				"Forced a lazy unmount and mount because the previous unmount failed and because the options (%s) changed", why)))
		}
		problem, err = doUmount(m.ctx, m.c, m.w, m.real, "", "", true)
	}
	if err != nil {
		return false, err
	}
	if problem != "" {
		m.d.Result, m.d.Comment = low.False, fmt.Sprintf("Unable to unmount %s: %s.", m.real, problem)
		return true, nil
	}
	problem, err = doMount(m.ctx, m.c, m.w, m.real, a.Device, a.Mkmnt, a.Fstype, m.opts, "")
	m.warn("mount", problem)
	return false, err
}

// warn tells of a failure that Salt takes for success: its result is then the
// text of the error, which is true.
func (m *mounting) warn(what, problem string) {
	m.d.Result = low.True
	if problem != "" {
		m.d.Warnings = append(m.d.Warnings, fmt.Sprintf("%s of %s failed: %s", what, m.real, problem))
	}
}

// ignoredDevice returns the first name of what is mounted that a pattern of
// device_name_regex matches, "" when none does.
func (m *mounting) ignoredDevice() (string, error) {
	var patterns []string
	switch v := m.a.Regex.(type) {
	case *py.List:
		patterns = optList(v)
	case py.Str: // Salt takes a text for a list of characters
		patterns = strings.Split(string(v), "")
	}
	for _, p := range patterns {
		re, err := pyre.Compile(p, 0)
		if err != nil {
			return "", fmt.Errorf("device_name_regex: %s: %w", p, err)
		}
		for _, d := range m.devices {
			hit, err := re.Match(d)
			if err != nil {
				return "", fmt.Errorf("device_name_regex: %s: %w", p, err)
			}
			if hit != nil {
				return d, nil
			}
		}
	}
	return "", nil
}
