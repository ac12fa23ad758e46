package roster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/match"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// SaltView computes which targets salt-ssh 3008.3 itself would have, silent
// drops included. pinch does not run by it: it is the measure that this
// package's back ends are compared with, and tells what a deviation is.
type SaltView struct {
	// RosterFile is the file of the flat and ansible back ends, RosterDir the
	// directory of dir, SSHConfigFile the file of sshconfig.
	RosterFile    string
	RosterDir     string
	RosterDomain  string
	SSHConfigFile string
	// Defaults is roster_defaults, ListNodegroups is ssh_list_nodegroups.
	Defaults       *py.Dict
	ListNodegroups *py.Dict
	Render         Renderer
}

// SaltRenderError is what a Renderer returns when Salt would report the
// failure as a SaltRenderError: a roster with such an error has no targets,
// while other exceptions end the run.
type SaltRenderError struct {
	// Msg is str(exc).
	Msg string
	// Template says that a template engine failed, which Salt also logs.
	Template bool
	// Line is the line in the roster, 0 when it is not known.
	Line int
	Err  error
}

// Error implements error.
func (e *SaltRenderError) Error() string { return e.Msg }

// SourceLine returns the line in the roster, 0 when it is not known.
func (e *SaltRenderError) SourceLine() int { return e.Line }

// Unwrap returns the cause.
func (e *SaltRenderError) Unwrap() error { return e.Err }

// LoggedError is what a Renderer returns when Salt logs a message and goes on
// with an empty result.
type LoggedError struct{ Msg string }

// Error implements error.
func (e *LoggedError) Error() string { return e.Msg }

// Targets returns the targets of a back end by id, with what Salt logs at
// level ERROR. backend "" is flat; one that does not exist has no targets. An
// error is an exception that ends salt-ssh, as *py.Error.
//
// For the types list and nodegroup Salt's order is that of a set, which
// changes from run to run; here they are sorted.
func (s *SaltView) Targets(ctx context.Context, backend string, tgt py.Value, kind string) (*py.Dict, []string, error) {
	var targets *py.Dict
	var logged []string
	var err error
	switch backend {
	case "", "flat":
		targets, logged, err = s.flat(ctx, tgt, kind)
	case "dir":
		targets, err = s.dir(ctx, tgt, kind)
	case "sshconfig":
		targets, err = s.sshconfig(tgt, kind)
		backend = "sshconfig"
	case "ansible":
		targets, err = s.ansible(tgt, kind)
	default:
		targets = py.NewDict()
	}
	var render *SaltRenderError
	var access *accessError
	switch {
	case errors.As(err, &render):
		if render.Template {
			logged = append(logged, "ERROR: Rendering exception occurred")
		}
		return py.NewDict(), append(logged, "ERROR: Unable to render roster file: "+render.Msg), nil
	case errors.As(err, &access):
		if backend == "" {
			backend = "flat"
		}
		return py.NewDict(), append(logged, "ERROR: Can't access roster for backend "+backend+": "+access.msg), nil
	case err != nil:
		return nil, logged, err
	}
	return targets, logged, nil
}

// accessError is Salt's OSError for a roster that is not there.
type accessError struct{ msg string }

func (e *accessError) Error() string { return e.msg }

func (s *SaltView) file() (string, error) {
	if info, err := os.Stat(s.RosterFile); err != nil || !info.Mode().IsRegular() {
		return "", &accessError{fmt.Sprintf("Roster file %q not found", s.RosterFile)}
	}
	return s.RosterFile, nil
}

// render renders a file; an empty one is an empty mapping for Salt.
func (s *SaltView) render(ctx context.Context, path string) (py.Value, []string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, &accessError{fmt.Sprintf("Access denied to roster %q", path)}
	}
	if len(text) == 0 {
		return py.NewDict(), nil, nil
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return py.NewDict(), []string{"ERROR: Template is nothing but whitespace: " + path}, nil
	}
	r, err := s.Render(ctx, path, text)
	var logged *LoggedError
	if errors.As(err, &logged) {
		var lines []string
		if logged.Msg != "" {
			lines = []string{"ERROR: " + logged.Msg}
		}
		return py.NewDict(), lines, nil
	}
	var ye *saltyaml.Error
	if errors.As(err, &ye) && ye.Class != "SaltRenderError" {
		return nil, nil, py.Errorf(ye.Class, "%s", ye.Error())
	}
	if err != nil {
		if ye != nil {
			return nil, nil, &SaltRenderError{Msg: ye.Error(), Err: err}
		}
		return nil, nil, err
	}
	if r.Value == nil {
		return py.NewDict(), nil, nil
	}
	return r.Value, nil, nil
}

func (s *SaltView) flat(ctx context.Context, tgt py.Value, kind string) (*py.Dict, []string, error) {
	path, err := s.file()
	if err != nil {
		return nil, nil, err
	}
	raw, logged, err := s.render(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	conditioned := py.NewDict()
	switch raw := raw.(type) {
	case *py.Dict:
		for k, v := range raw.All() {
			conditioned.SetStr(py.ToStr(k), v)
		}
	case *py.List:
		for _, it := range raw.Items {
			if _, isInt := py.AsInt(it); !isInt {
				return nil, nil, py.TypeErrorf("list indices must be integers or slices, not %s", it.Type())
			}
			return nil, nil, py.Errorf("IndexError", "list index out of range")
		}
	case py.Str:
		if raw != "" {
			return nil, nil, py.TypeErrorf("string indices must be integers, not 'str'")
		}
	default:
		return nil, nil, py.TypeErrorf("'%s' object is not iterable", raw.Type())
	}
	out, err := s.match(conditioned, tgt, kind)
	return out, logged, err
}

// match is Salt's RosterMatcher.
func (s *SaltView) match(raw *py.Dict, tgt py.Value, kind string) (*py.Dict, error) {
	out := py.NewDict()
	add := func(id string) {
		if v, ok := raw.GetStr(id); ok {
			if d := s.data(v); d.Len() > 0 {
				out.SetStr(id, d)
			}
		}
	}
	switch kind {
	case "glob":
		pattern, ok := tgt.(py.Str)
		if !ok {
			return nil, py.TypeErrorf("expected str, bytes or os.PathLike object, not %s", tgt.Type())
		}
		p := fnmatch.Compile(string(pattern))
		for k := range raw.All() {
			if id := py.ToStr(k); p.Match(id) {
				add(id)
			}
		}
	case "pcre":
		for k := range raw.All() {
			id := py.ToStr(k)
			m := match.Matcher{Minion: match.Minion{ID: id}}
			yes, err := m.Match("pcre", tgt, "")
			if err != nil {
				return nil, err
			}
			if yes {
				add(id)
			}
		}
	case "list":
		return out, s.addSet(tgt, add)
	case "nodegroup":
		group, ok, err := s.ListNodegroups.Get(tgt)
		if err != nil {
			return nil, err
		}
		if !ok {
			return out, nil
		}
		return out, s.addSet(group, add)
	case "range":
		return nil, py.Errorf("RuntimeError", "Python lib 'seco.range' is not available")
	}
	return out, nil
}

func (s *SaltView) addSet(tgt py.Value, add func(string)) error {
	var names []string
	if t, ok := tgt.(py.Str); ok {
		names = strings.Split(string(t), ",")
	} else {
		items, err := py.Collect(tgt)
		if err != nil {
			return err
		}
		for _, it := range items {
			if n, ok := it.(py.Str); ok {
				names = append(names, string(n))
			}
		}
	}
	slices.Sort(names)
	for _, n := range names {
		add(n)
	}
	return nil
}

// data puts an entry over the defaults; what is neither text nor a mapping is
// no host.
func (s *SaltView) data(v py.Value) *py.Dict {
	out := py.NewDict()
	if s.Defaults != nil {
		out = py.DeepCopy(s.Defaults).(*py.Dict)
	}
	switch v := v.(type) {
	case py.Str:
		out.SetStr("host", v)
	case *py.Dict:
		out.Update(v)
	default:
		return py.NewDict()
	}
	return out
}

// dir matches file names first and then renders the files; one that cannot be
// rendered is no host.
func (s *SaltView) dir(ctx context.Context, tgt py.Value, kind string) (*py.Dict, error) {
	entries, err := os.ReadDir(s.RosterDir)
	if err != nil {
		return nil, &accessError{fmt.Sprintf("[Errno 2] No such file or directory: %s", py.Repr(py.Str(s.RosterDir)))}
	}
	raw := py.NewDict()
	for _, e := range entries {
		raw.SetStr(e.Name(), py.Str(""))
	}
	matched, err := s.match(raw, tgt, kind)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for k := range matched.All() {
		id := py.ToStr(k)
		v, _, err := s.render(ctx, filepath.Join(s.RosterDir, id))
		d, ok := v.(*py.Dict)
		if err != nil || !ok {
			continue
		}
		d = d.Copy()
		if !d.Has("host") {
			d.SetStr("host", py.Str(id+"."+s.RosterDomain))
		}
		out.SetStr(id, d)
	}
	return out, nil
}

// ansible converts the inventory's variables by Salt's table, and matches by
// Salt's three types.
func (s *SaltView) ansible(tgt py.Value, kind string) (*py.Dict, error) {
	path, err := s.file()
	if err != nil {
		return nil, err
	}
	inv, err := readInventory(path)
	if err != nil {
		return nil, err
	}
	var hosts []string
	switch kind {
	case "glob":
		for _, h := range inv.saltHosts(groupAll) {
			m := match.Matcher{Minion: match.Minion{ID: h}}
			if yes, err := m.Match("glob", tgt, ""); err != nil {
				return nil, err
			} else if yes {
				hosts = append(hosts, h)
			}
		}
	case "list":
		for _, h := range inv.saltHosts(groupAll) {
			// `host in tgt`: a part of the text is enough.
			if t, ok := tgt.(py.Str); ok && strings.Contains(string(t), h) {
				hosts = append(hosts, h)
			} else if l, ok := tgt.(*py.List); ok && slices.Contains(l.Items, py.Value(py.Str(h))) {
				hosts = append(hosts, h)
			}
		}
		slices.Sort(hosts)
	case "nodegroup":
		if t, ok := tgt.(py.Str); ok {
			hosts = inv.saltHosts(string(t))
		}
		slices.Sort(hosts)
	}
	out := py.NewDict()
	all := map[string]*py.Dict{}
	for _, h := range hosts {
		vars, seen := all[h]
		if !seen {
			if vars, err = inv.vars(h); err != nil {
				return nil, err
			}
			all[h] = vars
		}
		d := s.data(py.NewDict())
		for _, c := range ansibleConversion {
			// Salt takes the variables out of the inventory, so that a host in
			// two groups, which it looks at twice, loses its connection data.
			if v, ok := vars.DeleteStr(c.from); ok {
				d.SetStr(c.to, v)
			}
		}
		d.SetStr("minion_opts", vars)
		if !d.Has("host") {
			d.SetStr("host", py.Str(h))
		}
		out.SetStr(h, d)
	}
	return out, nil
}

// saltHosts lists a group's hosts as salt-ssh does: those of a host in several
// groups are repeated.
func (inv *inventory) saltHosts(group string) []string {
	g, ok := inv.groups[group]
	if !ok {
		return nil
	}
	var out []string
	if group != groupAll {
		out = append(out, g.hosts...)
	}
	for _, c := range g.children {
		out = append(out, inv.saltHosts(c)...)
	}
	return out
}
