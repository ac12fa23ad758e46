package mount

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
)

// entry is a line of an fstab. Which fields count is the caller's business.
type entry map[string]string

// fields are those of a line, in its order.
var fields = []string{"device", "name", "fstype", "opts", "dump", "pass_num"}

// parseLine reads a line of an fstab; ok is false for what is no entry.
func parseLine(line string) (entry, bool) {
	w := strings.Fields(line)
	if strings.HasPrefix(line, "#") || len(w) < 4 || len(w) > 6 {
		return nil, false
	}
	for len(w) < len(fields) {
		w = append(w, "0")
	}
	e := entry{}
	for i, f := range fields {
		e[f] = w[i]
	}
	return e, true
}

func (e entry) line() string {
	return fmt.Sprintf("%s\t\t%s\t%s\t%s\t%s %s\n", e["device"], e["name"], e["fstype"], e["opts"], e["dump"], e["pass_num"])
}

// match says whether a parsed line has the fields of e; options in any order.
func (e entry) match(line entry) bool {
	for k, v := range e {
		if k == "opts" {
			if !slices.Equal(sortedOpts(line[k]), sortedOpts(v)) {
				return false
			}
		} else if line[k] != v {
			return false
		}
	}
	return true
}

func sortedOpts(s string) []string {
	o := strings.Split(s, ",")
	sort.Strings(o)
	return o
}

// specialFS are the file systems whose device says nothing: their lines are
// known by the mount point.
var specialFS = []string{"none", "tmpfs", "sysfs", "proc", "fusectl", "debugfs", "securityfs", "devtmpfs", "cgroup", "nfs", "nfs4", "glusterfs", "btrfs", "ceph"}

// setFstab holds the arguments of Salt's mount.set_fstab.
type setFstab struct {
	name, device, fstype, opts, dump, pass string
	config                                 string
	matchOn                                py.Value
	notChange                              bool
}

// criteria are the fields by which the line is found.
func (a *setFstab) criteria(e entry) (entry, error) {
	var on []string
	switch v := a.matchOn.(type) {
	case nil:
		on = []string{"auto"}
	case *py.List:
		for _, it := range v.Items {
			on = append(on, py.ToStr(it))
		}
	case py.Str:
		on = []string{string(v)}
	default:
		return nil, modules.CommandExecutionError("match_on must be a string or list of strings")
	}
	if _, list := a.matchOn.(*py.List); !list && on[0] == "auto" {
		on[0] = "device"
		if slices.Contains(specialFS, a.fstype) {
			on[0] = "name"
		}
	}
	c := entry{}
	var unknown []string
	for _, k := range on {
		v, ok := e[k]
		if !ok {
			unknown = append(unknown, k)
		}
		c[k] = v
	}
	if unknown != nil {
		return nil, modules.CommandExecutionError(fmt.Sprintf("Unrecognized keys in match_on: %q", strings.Join(unknown, ", ")))
	}
	return c, nil
}

// plan says what set_fstab would return ("present", "new" or "change") and the
// file's new content.
func (a *setFstab) plan(r host.Reader) (word, content string, err error) {
	e := entry{"name": a.name, "device": strings.ReplaceAll(a.device, `\ `, `\040`), "fstype": a.fstype,
		"opts": strings.ReplaceAll(a.opts, `\ `, `\040`), "dump": a.dump, "pass_num": a.pass}
	c, err := a.criteria(e)
	if err != nil {
		return "", "", err
	}
	text, err := readConfig(r, a.config)
	if err != nil {
		return "", "", err
	}
	var b strings.Builder
	for l := range strings.Lines(text) {
		have, ok := parseLine(l)
		if !ok || !c.match(have) {
			b.WriteString(l)
			continue
		}
		word = "present"
		if e.match(have) || a.notChange {
			b.WriteString(l)
			continue
		}
		word = "change"
		b.WriteString(e.line())
	}
	if word == "" {
		word = "new"
		if text != "" && !strings.HasSuffix(text, "\n") {
			b.WriteByte('\n') // Salt writes on in the last line, which spoils two entries
		}
		b.WriteString(e.line())
	}
	return word, b.String(), nil
}

// set is plan and writing; w is nil in test mode.
func (a *setFstab) set(r host.Reader, w host.Writer) (string, error) {
	word, content, err := a.plan(r)
	if err != nil || word == "present" || w == nil {
		return word, err
	}
	if err := w.WriteFile(a.config, strings.NewReader(content), host.WriteOptions{}); err != nil {
		return "", modules.CommandExecutionError("File not writable " + a.config)
	}
	return word, nil
}

func readConfig(r host.Reader, config string) (string, error) {
	if fi, err := r.Stat(config); err != nil || !fi.IsRegular() {
		return "", modules.CommandExecutionError(fmt.Sprintf("Bad config file %q", config))
	}
	data, err := r.ReadFile(config)
	if err != nil {
		return "", modules.CommandExecutionError(fmt.Sprintf("Couldn't read from %s: %s", config, osError(err, config)))
	}
	return string(data), nil
}

// tabEntry is an entry of an fstab under its mount point.
type tabEntry struct {
	name string
	entry
}

// readFstab is Salt's mount.fstab: a mount point that comes again has
// underscores behind its name. A file that is not there has no entries.
func readFstab(r host.Reader, config string) ([]tabEntry, error) {
	if fi, err := r.Stat(config); err != nil || !fi.IsRegular() {
		return nil, nil
	}
	data, err := r.ReadFile(config)
	if err != nil {
		return nil, err
	}
	var tab []tabEntry
	for l := range strings.Lines(string(data)) {
		e, ok := parseLine(l)
		if !ok {
			continue
		}
		name := e["name"]
		for find(tab, name) != nil {
			name += "_"
		}
		tab = append(tab, tabEntry{name, e})
	}
	return tab, nil
}

func find(tab []tabEntry, name string) entry {
	for _, t := range tab {
		if t.name == name {
			return t.entry
		}
	}
	return nil
}

func (e entry) dict() *py.Dict {
	return py.DictOf("device", py.Str(e["device"]), "fstype", py.Str(e["fstype"]), "opts", py.Strings(strings.Split(e["opts"], ",")...),
		"dump", py.Str(e["dump"]), "pass", py.Str(e["pass_num"]))
}

// removeFstab removes the lines of a mount point, and with a device only those
// of that device.
func removeFstab(w host.Writer, name, device, config string) error {
	c := entry{"name": name}
	if device != "" {
		c["device"] = device
	}
	data, err := w.ReadFile(config)
	if err != nil {
		return modules.CommandExecutionError(fmt.Sprintf("Couldn't read from %s: %s", config, osError(err, config)))
	}
	var b strings.Builder
	modified := false
	for l := range strings.Lines(string(data)) {
		if have, ok := parseLine(l); ok && c.match(have) {
			modified = true
			continue
		}
		b.WriteString(l)
	}
	if !modified {
		return nil
	}
	if err := w.WriteFile(config, strings.NewReader(b.String()), host.WriteOptions{}); err != nil {
		return modules.CommandExecutionError(fmt.Sprintf("Couldn't write to %s: %s", config, osError(err, config)))
	}
	return nil
}

// osError is an error of a file as Python prints an OSError.
func osError(err error, path string) string {
	if no, ok := host.Errno(err); ok {
		return fmt.Sprintf("[Errno %d] %s: '%s'", int(no), host.Strerror(no), path)
	}
	return err.Error()
}

// makeDir makes a mount point and its parents, for a user where one is named.
func makeDir(w host.Writer, dir, user string) error {
	var made []string
	for d := pypath.Norm(dir); d != "/"; d = pypath.Dir(d) {
		if _, err := w.Stat(d); err == nil {
			break
		}
		made = append(made, d)
	}
	if err := w.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if user == "" {
		return nil
	}
	u, ok := w.User(user)
	if !ok {
		return modules.CommandExecutionError(fmt.Sprintf("User '%s' is not available", user))
	}
	for _, d := range made {
		if err := w.Chown(d, u.UID, -1); err != nil {
			return err
		}
	}
	return nil
}
