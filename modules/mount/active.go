package mount

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// active is a mounted file system. Texts are as the kernel writes them: a blank
// in a mount point is \040.
type active struct {
	point                           string
	device, altDevice, fstype       string
	opts, superopts                 []string
	uuid, label                     string
	mountID, parent, major, minor   string
	root                            string
	extended                        bool // the fields of mountinfo are there
	hasAlt, hasSuper, hasUUID, hasL bool
}

// table is what is mounted, in the kernel's order; the last mount on a point
// is the one that counts.
type table struct{ list []*active }

func (t *table) get(point string) *active {
	for _, m := range t.list {
		if m.point == point {
			return m
		}
	}
	return nil
}

// put adds a mount, in the place of an older one on the same point.
func (t *table) put(m *active) {
	for i, old := range t.list {
		if old.point == m.point {
			t.list[i] = m
			return
		}
	}
	t.list = append(t.list, m)
}

// readActive is Salt's mount.active.
func readActive(ctx context.Context, c *modules.Call, extended bool) (*table, error) {
	g := c.Grains
	switch os := g.String("os"); {
	case os == "FreeBSD":
		return activeFreeBSD(ctx, c)
	case os == "MacOS" || os == "Darwin":
		return activeDarwin(ctx, c)
	case os == "OpenBSD" || g.String("kernel") == "SunOS" || strings.Contains(g.String("kernel"), "AIX"):
		return nil, modules.CommandExecutionError("mount: " + os + " is not supported")
	}
	if extended {
		// where mountinfo, mount or blkid are missing Salt takes the simple table
		if t, err := activeInfo(ctx, c); err == nil {
			return t, nil
		} else if ctx.Err() != nil {
			return nil, err
		}
	}
	return activeMounts(ctx, c)
}

// listed gives the device that mount(8) names for each mount point.
func listed(ctx context.Context, c *modules.Call) (map[string]string, error) {
	s, err := c.Ask(ctx, "mount", "-l")
	if err != nil {
		return nil, err
	}
	list := map[string]string{}
	for _, line := range s.Lines() {
		if w := strings.Fields(line); len(w) >= 3 {
			list[w[2]] = w[0]
		}
	}
	return list, nil
}

func activeInfo(ctx context.Context, c *modules.Call) (*table, error) {
	list, err := listed(ctx, c)
	if err != nil {
		return nil, err
	}
	data, err := c.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	devices, err := host.Blkid(ctx, c)
	if err != nil {
		return nil, err
	}
	t := &table{}
	for line := range strings.Lines(string(data)) {
		before, after, ok := strings.Cut(strings.TrimRight(line, "\n"), " - ")
		w, s := strings.Fields(before), strings.Fields(after)
		if !ok || len(w) < 6 || len(s) < 3 {
			continue
		}
		major, minor, _ := strings.Cut(w[2], ":")
		m := &active{point: w[4], mountID: w[0], parent: w[1], major: major, minor: minor, root: w[3],
			opts: resolve(c, w[5]), fstype: s[0], device: spaces(s[1]), superopts: resolve(c, s[2]), extended: true, hasSuper: true}
		m.altDevice, m.hasAlt = list[w[4]]
		for _, d := range devices {
			if d.Name != s[1] {
				continue
			}
			if u := d.Attr("UUID"); u != "" {
				m.uuid, m.hasUUID = strings.ToLower(u), true
			}
			if l := d.Attr("LABEL"); l != "" {
				m.label, m.hasL = l, true
			}
		}
		t.put(m)
	}
	return t, nil
}

func activeMounts(ctx context.Context, c *modules.Call) (*table, error) {
	list, err := listed(ctx, c)
	if err != nil {
		return nil, err
	}
	data, err := c.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, modules.CommandExecutionError("File not readable /proc/self/mounts")
	}
	t := &table{}
	for line := range strings.Lines(string(data)) {
		w := strings.Fields(line)
		if len(w) < 4 {
			continue
		}
		m := &active{point: w[1], device: w[0], fstype: w[2], opts: resolve(c, w[3])}
		m.altDevice, m.hasAlt = list[w[1]]
		t.put(m)
	}
	return t, nil
}

func activeFreeBSD(ctx context.Context, c *modules.Call) (*table, error) {
	s, err := c.Ask(ctx, "mount", "-p")
	if err != nil {
		return nil, err
	}
	t := &table{}
	for _, line := range s.Lines() {
		if w := strings.Fields(line); len(w) >= 4 {
			t.put(&active{point: w[1], device: w[0], fstype: w[2], opts: resolve(c, w[3])})
		}
	}
	return t, nil
}

func activeDarwin(ctx context.Context, c *modules.Call) (*table, error) {
	s, err := c.Ask(ctx, "mount")
	if err != nil {
		return nil, err
	}
	t := &table{}
	for _, line := range s.Lines() {
		w := strings.Fields(line)
		_, in, ok := strings.Cut(line, "(")
		in, _, closed := strings.Cut(in, ")")
		if len(w) < 3 || !ok || !closed {
			continue
		}
		words := strings.Split(in, ", ")
		t.put(&active{point: w[2], device: w[0], fstype: words[0], opts: resolve(c, strings.Join(words[1:], ","))})
	}
	return t, nil
}

func spaces(s string) string { return strings.ReplaceAll(s, `\040`, `\ `) }

// resolve splits mount options and gives users and groups by number.
func resolve(r host.Reader, text string) []string {
	opts := strings.Split(text, ",")
	for i, o := range opts {
		opts[i] = spaces(byID(r, o))
	}
	return opts
}

// byID is an option uid=NAME or gid=NAME with the number of that name, where
// the host knows it; other options are as they are.
func byID(r host.Reader, opt string) string {
	key, name, ok := strings.Cut(opt, "=")
	if !ok || key != "uid" && key != "gid" {
		return opt
	}
	name, _, _ = strings.Cut(name, "=")
	if isDigits(name) {
		return key + "=" + name
	}
	if u, found := r.User(name); found && key == "uid" {
		return "uid=" + py.ToStr(py.Int(u.UID))
	}
	if g, found := r.Group(name); found && key == "gid" {
		return "gid=" + py.ToStr(py.Int(g.GID))
	}
	return key + "=" + name
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// dict is the mount as Salt returns it.
func (m *active) dict() *py.Dict {
	opt := func(s string, has bool) py.Value {
		if !has {
			return py.None
		}
		return py.Str(s)
	}
	if m.extended {
		return py.DictOf("mountid", py.Str(m.mountID), "parentid", py.Str(m.parent), "major", py.Str(m.major), "minor", py.Str(m.minor),
			"root", py.Str(m.root), "opts", py.Strings(m.opts...), "fstype", py.Str(m.fstype), "device", py.Str(m.device),
			"alt_device", opt(m.altDevice, m.hasAlt), "superopts", py.Strings(m.superopts...),
			"device_uuid", opt(m.uuid, m.hasUUID), "device_label", opt(m.label, m.hasL))
	}
	d := py.DictOf("device", py.Str(m.device))
	if m.hasAlt {
		d.SetStr("alt_device", py.Str(m.altDevice))
	}
	d.SetStr("fstype", py.Str(m.fstype))
	d.SetStr("opts", py.Strings(m.opts...))
	return d
}
