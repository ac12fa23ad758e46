package ini

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/modules"
)

// section is a section of a file, and the file itself: the options before the
// first section, then the sections. A value is text or a *section. Comments
// and lines that are no option have keys that begin with "#".
type section struct {
	name, separator, sep string
	noSpaces             bool
	option               *pyre.Regexp
	keys                 []string
	vals                 map[string]any
}

// patterns are the shapes of lines.
type patterns struct{ header, comment, indented *pyre.Regexp }

func compile() (p patterns, err error) {
	for _, x := range []struct {
		re      **pyre.Regexp
		pattern string
		flags   pyre.Flags
	}{
		{&p.header, `^\s*\[(.+?)\]\s*$`, pyre.Multiline},
		{&p.comment, `^\s*(#|;)\s*(.*)`, 0},
		{&p.indented, `(\s+)(.*)`, 0},
	} {
		if *x.re, err = pyre.Compile(x.pattern, x.flags); err != nil {
			return p, err
		}
	}
	return p, nil
}

func newSection(name, separator string, noSpaces bool) (*section, error) {
	re, err := pyre.Compile(`(\s*)(.+?)\s*(\`+separator+`)\s*(.*)\s*`, 0)
	if err != nil {
		return nil, fmt.Errorf("separator %q: %w", separator, err)
	}
	return &section{name: name, separator: separator, sep: separator, noSpaces: noSpaces, option: re, vals: map[string]any{}}, nil
}

func (s *section) put(key string, v any) {
	if _, ok := s.vals[key]; !ok {
		s.keys = append(s.keys, key)
	}
	s.vals[key] = v
}

func (s *section) drop(key string) (any, bool) {
	v, ok := s.vals[key]
	if ok {
		delete(s.vals, key)
		s.keys = slices.DeleteFunc(s.keys, func(k string) bool { return k == key })
	}
	return v, ok
}

func (s *section) isOption(key string) bool { return !strings.HasPrefix(key, "#") }

// dict gives the options, and the sections as mappings; all says whether with
// comments.
func (s *section) dict(all bool) *py.Dict {
	d := py.NewDict()
	for _, k := range s.keys {
		if !all && !s.isOption(k) {
			continue
		}
		switch v := s.vals[k].(type) {
		case *section:
			d.SetStr(k, v.dict(all))
		case string:
			d.SetStr(k, py.Str(v))
		}
	}
	return d
}

// place makes room for a new option: in the place of the first comment that
// has it commented out, else at the end.
func (s *section) place(key string) error {
	at := len(s.keys)
	for i, k := range s.keys {
		text, ok := s.vals[k].(string)
		if !ok || !strings.Contains(k, "#comment") {
			continue
		}
		m, err := s.option.Match(strings.TrimLeft(text, "#"))
		if err != nil {
			return err
		}
		if m != nil && group(m, 2) == key {
			delete(s.vals, k)
			s.keys = slices.Delete(s.keys, i, i+1)
			at = i
			break
		}
	}
	s.keys = slices.Insert(s.keys, at, key)
	s.vals[key] = ""
	return nil
}

// set changes an option; what it was and is goes to changes.
func (s *section) set(key, value string, changes *py.Dict) error {
	have, ok := s.vals[key]
	if !ok {
		changes.SetStr(key, py.DictOf("before", py.None, "after", py.Str(value)))
		if err := s.place(key); err != nil {
			return err
		}
		s.vals[key] = value
		return nil
	}
	if _, is := have.(*section); is {
		return py.Errorf("AttributeError", "'str' object has no attribute 'items'")
	}
	if have != value {
		changes.SetStr(key, py.DictOf("before", py.Str(have.(string)), "after", py.Str(value)))
		s.vals[key] = value
	}
	return nil
}

// setSection merges options into a section of a file.
func (s *section) setSection(name string, from *section, changes *py.Dict) error {
	have, ok := s.vals[name]
	if sub, is := have.(*section); is {
		inner := py.NewDict()
		for _, k := range from.keys {
			if v, ok := from.vals[k].(string); ok {
				if err := sub.set(k, v, inner); err != nil {
					return err
				}
			}
		}
		if inner.Len() > 0 {
			changes.SetStr(name, inner)
		}
		return nil
	}
	fresh, err := newSection(name, s.sep, s.noSpaces)
	if err != nil {
		return err
	}
	none := py.NewDict()
	for _, k := range from.keys {
		if v, ok := from.vals[k].(string); ok {
			if err := fresh.set(k, v, none); err != nil {
				return err
			}
		}
	}
	before := py.Value(py.None)
	if text, is := have.(string); ok && is {
		before = py.Str(text)
	}
	changes.SetStr(name, py.DictOf("before", before, "after", fresh.dict(true)))
	s.put(name, fresh)
	return nil
}

// update sets options and sections given as a mapping and returns the changes.
func (s *section) update(values *py.Dict) (*py.Dict, error) {
	changes := py.NewDict()
	for k, v := range values.All() {
		key := py.ToStr(k)
		body, is := v.(*py.Dict)
		if !is {
			if err := s.set(key, py.ToStr(v), changes); err != nil {
				return nil, err
			}
			continue
		}
		from, err := newSection(key, s.sep, s.noSpaces)
		if err != nil {
			return nil, err
		}
		if _, err := from.update(body); err != nil {
			return nil, err
		}
		if err := s.setSection(key, from, changes); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

func group(m *pyre.Match, n int) string {
	s, _ := m.Group(n)
	return s
}

// parse reads the lines of one section.
func (s *section) parse(text string, p patterns) error {
	if text = strings.Trim(text, "\n"); text == "" {
		return nil
	}
	none := py.NewDict()
	comments, unknown, indent := 1, 1, ""
	for _, line := range strings.Split(text, "\n") {
		m, err := p.comment.Match(line)
		if err != nil {
			return err
		}
		if m != nil {
			if err := s.set(fmt.Sprintf("#comment%d", comments), line, none); err != nil {
				return err
			}
			comments++
			continue
		}
		if m, err = p.indented.Match(line); err != nil {
			return err
		}
		if m != nil && strings.ReplaceAll(group(m, 1), "\t", "    ") > indent && len(s.keys) > 0 {
			last := s.keys[len(s.keys)-1]
			if v, ok := s.vals[last].(string); ok { // a further line of the option above
				s.vals[last] = v + "\n" + line
				continue
			}
		}
		if m, err = s.option.Match(line); err != nil {
			return err
		}
		if m != nil {
			indent, s.sep = strings.ReplaceAll(group(m, 1), "\t", "    "), group(m, 3)
			if err := s.set(group(m, 2), group(m, 4), none); err != nil {
				return err
			}
			continue
		}
		if err := s.set(fmt.Sprintf("#unknown%d", unknown), line, none); err != nil {
			return err
		}
		unknown++
	}
	return nil
}

// render writes a section: its options, then the sections in it.
func (s *section) render(out *[]string) {
	*out = append(*out, "\n["+s.name+"]\n")
	var subs []*section
	for _, k := range s.keys {
		switch v := s.vals[k].(type) {
		case *section:
			subs = append(subs, v)
		case string:
			if t := strings.TrimLeft(k, " \t\n\r\f\v"); strings.HasPrefix(t, "#") || strings.HasPrefix(t, ";") {
				*out = append(*out, v+"\n")
				continue
			}
			bare := strings.TrimSpace(s.sep)
			switch {
			case strings.Trim(s.sep, " ") == "":
				s.sep = " "
			case s.noSpaces:
				s.sep = bare
			default:
				s.sep = " " + bare + " "
			}
			*out = append(*out, k+s.sep+v+"\n")
		}
	}
	for _, sub := range subs {
		sub.render(out)
	}
}

// file is an INI file on the host.
type file struct {
	*section
	path, encoding string
}

// fileArgs say which file, and how it is written.
type fileArgs struct {
	path, separator, encoding string
	noSpaces                  bool
}

// load reads a file; one that does not exist is empty, and in test mode so is
// one that cannot be read.
func load(c host.Reader, a fileArgs, test bool) (*file, error) {
	root, err := newSection(a.path, a.separator, a.noSpaces)
	if err != nil {
		return nil, err
	}
	f := &file{section: root, path: a.path, encoding: a.encoding}
	if f.encoding == "" {
		f.encoding = "utf-8"
	}
	data, err := c.ReadFile(a.path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		if test {
			return f, nil
		}
		return nil, modules.CommandExecutionError(fmt.Sprintf("Unable to open file '%s'. Exception: %v", a.path, pyError(err, a.path)))
	}
	text, err := py.Decode(string(data), f.encoding, "strict")
	if err != nil {
		return nil, fmt.Errorf("%s: read: %w", a.path, err)
	}
	p, err := compile()
	if err != nil {
		return nil, err
	}
	parts, err := p.header.Split(strings.Join(py.SplitLines(text, false), "\n"), 0)
	if err != nil {
		return nil, fmt.Errorf("%s: read: %w", a.path, err)
	}
	words := make([]string, parts.Len())
	for i, v := range parts.Items {
		words[i] = py.ToStr(v)
	}
	if len(words) == 0 {
		return f, nil
	}
	if err := f.parse(words[0], p); err != nil {
		return nil, fmt.Errorf("%s: read: %w", a.path, err)
	}
	none := py.NewDict()
	for i := 1; i+1 < len(words); i += 2 {
		sub, err := newSection(words[i], f.sep, false)
		if err != nil {
			return nil, err
		}
		if err := sub.parse(words[i+1], p); err != nil {
			return nil, fmt.Errorf("%s: section %s: read: %w", a.path, words[i], err)
		}
		if err := f.setSection(words[i], sub, none); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// pyError is an error of the system as Python shows it.
func pyError(err error, path string) string {
	var no interface{ Error() string } = err
	for e := err; e != nil; e = errors.Unwrap(e) {
		no = e
	}
	text := no.Error()
	if text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if no, ok := host.Errno(err); ok {
		return fmt.Sprintf("[Errno %d] %s: %s", int(no), host.Strerror(no), py.Repr(py.Str(path)))
	}
	return text
}

// write writes the file.
func (f *file) write(w host.Writer) error {
	var out []string
	f.render(&out)
	out = out[1:] // the file itself has no header
	if len(out) > 0 {
		out[0] = strings.TrimLeft(out[0], "\n")
	}
	data, err := py.Encode(strings.Join(out, ""), f.encoding, "strict")
	if err != nil {
		return fmt.Errorf("%s: write: %w", f.path, err)
	}
	o := host.WriteOptions{KeepLinks: true}
	if _, err := w.Stat(f.path); err != nil {
		mode := host.GoPerm(0o666 &^ uint32(w.Umask()))
		o.Mode = &mode
	}
	if err := w.WriteFile(f.path, strings.NewReader(data), o); err != nil {
		return modules.CommandExecutionError(fmt.Sprintf("Unable to write file '%s'. Exception: %s", f.path, pyError(err, f.path)))
	}
	return nil
}
