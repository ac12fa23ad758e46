// Package hosts has Salt's host states and hosts functions: the names of
// addresses in the hosts file.
package hosts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[presentArgs]{Name: "host.present", Check: checkPresent, Doc: "Gives addresses a name in the hosts file.\n\n" +
			"```yaml\nweb.example.org:\n  host.present:\n    - ip: 10.0.0.5\n    - clean: True\n```"}.Func(),
		modules.State[absentArgs]{Name: "host.absent", Check: checkAbsent, Doc: "Takes a name of addresses out of the hosts file.\n\n" +
			"```yaml\nweb.example.org:\n  host.absent:\n    - ip: [10.0.0.5, 10.0.0.6]\n```"}.Func(),
		modules.State[onlyArgs]{Name: "host.only", Check: checkOnly, Doc: "Keeps exactly the given names of an address in the hosts file.\n\n" +
			"```yaml\n10.0.0.5:\n  host.only:\n    - hostnames: [web.example.org, web]\n```"}.Func(),
	}, execFuncs()...)
}

// file is the path of the hosts file: the option hosts.file, or the usual one.
func file(c *modules.Call) string {
	if c.Opts != nil {
		if p := c.Opts.String("hosts.file"); p != "" {
			return p
		}
	}
	return "/etc/hosts"
}

// readFile is the text of the hosts file, "" when there is none.
func readFile(r host.Reader, path string) (string, error) {
	b, err := r.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(b), err
}

func read(r host.Reader, path string) (*table, error) {
	text, err := readFile(r, path)
	return parse(text), err
}

// write replaces the file; a new one is for everybody to read.
func write(w host.Writer, path, text string) error {
	o := host.WriteOptions{}
	if _, err := w.Stat(path); err != nil {
		mode := fs.FileMode(0o666 &^ fs.FileMode(w.Umask()))
		o.Mode = &mode
	}
	return w.WriteFile(path, strings.NewReader(text), o)
}

// usable says whether the file is a regular one, or can become one.
func usable(r host.Reader, path string) bool {
	i, err := r.Stat(path)
	return err != nil && errors.Is(err, fs.ErrNotExist) || err == nil && i.IsRegular()
}

func addHost(w host.Writer, path, ip, name string) (bool, error) {
	if !usable(w, path) {
		return false, nil
	}
	t, err := read(w, path)
	if err != nil || t.hasPair(ip, name) {
		return err == nil, err
	}
	t.add(ip, name)
	return true, write(w, path, t.text())
}

func removeHost(w host.Writer, path, ip, name string) error {
	text, err := readFile(w, path)
	if err != nil || !parse(text).hasPair(ip, name) {
		return err
	}
	return write(w, path, withoutName(text, ip, name))
}

func setComment(w host.Writer, path, ip, comment string) (bool, error) {
	if !usable(w, path) {
		return false, nil
	}
	t, err := read(w, path)
	if err != nil {
		return false, err
	}
	e := t.entry(ip)
	if e == nil {
		return false, nil
	}
	if e.hasNote && e.note == comment {
		return true, nil
	}
	e.note, e.hasNote = comment, true
	return true, write(w, path, t.text())
}

func setHost(w host.Writer, path, ip, names, comment string) (bool, error) {
	if !usable(w, path) {
		return false, nil
	}
	text, err := readFile(w, path)
	if err != nil {
		return false, err
	}
	return true, write(w, path, withNames(text, ip, names, comment))
}

type presentArgs struct {
	Name    string   `arg:"name,required" doc:"The host name."`
	IP      []string `arg:"ip,required" doc:"The address, or a list of them."`
	Comment string   `arg:"comment" default:"''" doc:"Comment behind the entry."`
	Clean   bool     `arg:"clean" default:"False" doc:"Take the name away from other addresses."`
}

// pending is what host.present has to do, in the order in which it is done:
// addresses in the order of the argument, then of the file.
type pending struct {
	add, note, remove []string
	comments          []string
	warnings          []string
	bad               bool
}

func (a *presentArgs) look(t *table) pending {
	var p pending
	for _, ip := range a.IP {
		if t.entry(ip) == nil && !slices.Contains(p.add, ip) {
			p.add = append(p.add, ip)
			if a.Comment != "" {
				p.note = append(p.note, ip)
			}
		}
	}
	for i := range t.lines {
		e := &t.lines[i]
		if e.comment != "" {
			continue
		}
		wanted, has := slices.Contains(a.IP, e.ip), slices.Contains(e.aliases, a.Name)
		switch {
		case !wanted && !has:
		case !wanted && a.Clean:
			p.remove = append(p.remove, e.ip)
		case !wanted:
			p.warnings = append(p.warnings, fmt.Sprintf("Host %[1]s present for IP address %[2]s. To get rid of this warning, either run this state with "+
				"'clean' set to True to remove %[1]s from %[2]s, or add %[2]s to the 'ip' argument.", a.Name, e.ip))
		case has && a.Comment != "" && (!e.hasNote || e.note != a.Comment):
			p.note = append(p.note, e.ip)
		case has:
			p.comments = append(p.comments, fmt.Sprintf("Host %s (%s) already present", a.Name, e.ip))
		case validIP(e.ip):
			p.add = append(p.add, e.ip)
			if a.Comment != "" {
				p.note = append(p.note, e.ip)
			}
		default:
			p.bad = true
			p.comments = append(p.comments, fmt.Sprintf("Invalid IP Address for %s (%s)", a.Name, e.ip))
		}
	}
	return p
}

func validIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

func checkPresent(_ context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	path := file(c)
	t, err := read(c, path)
	if err != nil {
		return modules.Plan{}, err
	}
	p := a.look(t)
	if c.Test || len(p.add)+len(p.note)+len(p.remove) == 0 {
		d, err := a.do(p, nil, path)
		return modules.Plan{Would: d}, err
	}
	return modules.Plan{Apply: func(_ context.Context, w host.Writer) (modules.Done, error) { return a.do(p, w, path) }}, nil
}

// do makes the changes, or with a nil writer tells them.
func (a *presentArgs) do(p pending, w host.Writer, path string) (modules.Done, error) {
	d := modules.Done{Result: low.True, Warnings: p.warnings}
	if p.bad {
		d.Result = low.False
	}
	changes := py.NewDict()
	note := func(kind, ip, value string) {
		m, ok := changes.Lookup(kind).(*py.Dict)
		if !ok {
			m = py.NewDict()
			changes.SetStr(kind, m)
		}
		m.SetStr(ip, py.Strings(value))
	}
	comments := p.comments
	say := func(format string, args ...any) { comments = append(comments, fmt.Sprintf(format, args...)) }
	for _, ip := range p.add {
		if w == nil {
			d.Result = low.None
			say("Host %s (%s) would be added", a.Name, ip)
		} else if ok, err := addHost(w, path, ip, a.Name); err != nil {
			return d, err
		} else if !ok {
			d.Result = low.False
			say("Failed to add host %s (%s)", a.Name, ip)
			continue
		} else {
			say("Added host %s (%s)", a.Name, ip)
		}
		note("added", ip, a.Name)
	}
	for _, ip := range p.note {
		if w == nil {
			say("Comment for %s (%s) would be added", ip, a.Comment)
		} else if ok, err := setComment(w, path, ip, a.Comment); err != nil {
			return d, err
		} else if !ok {
			d.Result = low.False
			say("Failed to add comment for host %s (%s)", ip, a.Comment)
			continue
		} else {
			say("Set comment for host %s (%s)", ip, a.Comment)
		}
		note("comment_added", ip, a.Comment)
	}
	for _, ip := range p.remove {
		if w == nil {
			d.Result = low.None
			say("Host %s (%s) would be removed", a.Name, ip)
		} else if err := removeHost(w, path, ip, a.Name); err != nil {
			return d, err
		} else {
			say("Removed host %s (%s)", a.Name, ip)
		}
		note("removed", ip, a.Name)
	}
	d.Comment, d.Changes = strings.Join(comments, "\n"), changes
	return d, nil
}

type absentArgs struct {
	Name string   `arg:"name,required" doc:"The host name."`
	IP   []string `arg:"ip,required" doc:"The address, or a list of them."`
}

func checkAbsent(_ context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	path := file(c)
	t, err := read(c, path)
	if err != nil {
		return modules.Plan{}, err
	}
	// as in Salt the last address that decides gives the result
	run := func(w host.Writer) (modules.Done, error) {
		d := modules.Done{Result: low.None}
		var comments []string
		for _, ip := range a.IP {
			switch {
			case !t.hasPair(ip, a.Name):
				d.Result = low.True
				comments = append(comments, fmt.Sprintf("Host %s (%s) already absent", a.Name, ip))
			case w == nil:
				comments = append(comments, fmt.Sprintf("Host %s (%s) needs to be removed", a.Name, ip))
			default:
				if err := removeHost(w, path, ip, a.Name); err != nil {
					return d, err
				}
				d.Result, d.Changes = low.True, py.DictOf("host", py.Str(a.Name))
				comments = append(comments, fmt.Sprintf("Removed host %s (%s)", a.Name, ip))
			}
		}
		d.Comment = strings.Join(comments, "\n")
		return d, nil
	}
	would, err := run(nil)
	p := modules.Plan{Would: would}
	if slices.ContainsFunc(a.IP, func(ip string) bool { return t.hasPair(ip, a.Name) }) {
		p.Apply = func(_ context.Context, w host.Writer) (modules.Done, error) { return run(w) }
	}
	return p, err
}

type onlyArgs struct {
	Name      string   `arg:"name,required" doc:"The address."`
	Hostnames []string `arg:"hostnames,required" doc:"Its names, in this order; none removes the address."`
}

func checkOnly(_ context.Context, c *modules.Call, a *onlyArgs) (modules.Plan, error) {
	path := file(c)
	t, err := read(c, path)
	if err != nil {
		return modules.Plan{}, err
	}
	old := ""
	if e := t.entry(a.Name); e != nil {
		old = strings.Join(e.aliases, " ")
	}
	names := make([]string, len(a.Hostnames))
	for i, h := range a.Hostnames {
		names[i] = strings.TrimSpace(h)
	}
	want := strings.Join(names, " ")
	if old == want {
		return modules.InOrder(fmt.Sprintf(`IP address %s already set to "%s"`, a.Name, want)), nil
	}
	fromTo := fmt.Sprintf(`%s from "%s" to "%s"`, a.Name, old, want)
	return modules.Would("Would change "+fromTo, nil, func(_ context.Context, w host.Writer) (modules.Done, error) {
		ok, err := setHost(w, path, a.Name, want, "")
		if err != nil {
			return modules.Done{}, err
		}
		if !ok {
			return modules.Failed("hosts.set_host failed to change " + fromTo), nil
		}
		return modules.OK("successfully changed "+fromTo, py.DictOf(a.Name, py.DictOf("old", py.Str(old), "new", py.Str(want)))), nil
	}), nil
}
