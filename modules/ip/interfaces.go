package ip

import (
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

const (
	interfacesFile = "/etc/network/interfaces"
	interfacesDir  = "/etc/network/interfaces.d/"
)

// adapter is an interface as the files of Debian describe it.
type adapter struct {
	name             string
	enabled, hotplug bool
	// source is set for the type source: lines that name further files.
	source bool
	// sources are what the source lines of the files name; nil when there are none.
	sources []py.Value
	// families are the options by address family, by their names in Salt.
	families map[string]*py.Dict
	// hasData says that the files say more than that it comes up.
	hasData bool
}

func (a *adapter) family(name string) *py.Dict {
	if a.families == nil {
		a.families = map[string]*py.Dict{}
	}
	if a.families[name] == nil {
		a.families[name] = py.NewDict()
	}
	a.hasData = true
	return a.families[name]
}

// adapters are those of all files, in their order.
type adapters []*adapter

func (as adapters) find(name string) *adapter {
	for _, a := range as {
		if a.name == name {
			return a
		}
	}
	return nil
}

// put sets an adapter in the place of the one with its name, or as the last.
func (as adapters) put(a *adapter) adapters {
	for i := range as {
		if as[i].name == a.name {
			as[i] = a
			return as
		}
	}
	return append(as, a)
}

// parser reads /etc/network/interfaces and the files beside it.
type parser struct {
	all adapters
	// family is the address family of the last iface line of any file.
	family string
	// options are those of the stanza that is open; a file begins with one that
	// belongs to no interface.
	options *py.Dict
}

// readAdapters reads the interfaces that the files of Debian describe.
func readAdapters(r host.Reader) (adapters, error) {
	var files []string
	if fi, err := r.Stat(interfacesFile); err == nil && fi.IsRegular() {
		files = append(files, interfacesFile)
	}
	if _, err := r.Stat(interfacesDir); err == nil {
		entries, err := r.ScanDir(interfacesDir)
		if err != nil {
			return nil, modules.OSError(err)
		}
		for _, e := range entries {
			files = append(files, interfacesDir+e.Name())
		}
	}
	p := &parser{}
	for _, file := range files {
		data, err := r.ReadFile(file)
		if err != nil {
			return nil, modules.OSError(err)
		}
		p.options = py.NewDict()
		text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
		for line := range strings.Lines(text) {
			if err := p.line(line); err != nil {
				return nil, err
			}
		}
	}
	return complete(p.all), nil
}

// complete leaves out the interfaces of which the files say nothing but that
// they come up.
func complete(all adapters) adapters {
	return slices.DeleteFunc(all, func(a *adapter) bool { return a.name != "source" && !a.hasData })
}

func (p *parser) adapter(name string) *adapter {
	a := p.all.find(name)
	if a == nil {
		a = &adapter{name: name}
		p.all = append(p.all, a)
	}
	return a
}

// line reads one line. As in Salt the first letters decide, whatever follows them.
func (p *parser) line(line string) error {
	fields := strings.Fields(line)
	switch {
	case len(fields) == 0 || fields[0][0] == '#':
	case strings.HasPrefix(line, "iface"):
		if len(fields) != 4 {
			return py.AttributeErrorf("Interface file malformed: %s.", py.Repr(py.Strings(fields...)))
		}
		p.family = fields[2]
		p.options = p.adapter(fields[1]).family(p.family)
		p.options.SetStr("addrfam", py.Str(fields[2]))
		p.options.SetStr("proto", py.Str(fields[3]))
	case line[0] == ' ' || line[0] == '\t':
		return p.option(fields[0], strings.TrimSpace(strings.TrimSpace(line)[len(fields[0]):]))
	case strings.HasPrefix(line, "auto"):
		for _, name := range fields[1:] {
			p.adapter(name).enabled = true
		}
	case strings.HasPrefix(line, "allow-hotplug"):
		for _, name := range fields[1:] {
			p.adapter(name).hotplug = true
		}
	case strings.HasPrefix(line, "source"):
		if len(fields) < 2 {
			return &py.Error{Class: "IndexError", Msg: "list index out of range"}
		}
		a := p.adapter("source")
		a.sources = append(a.sources, py.Str(fields[1]))
	}
	return nil
}

// option reads a line inside a stanza.
func (p *parser) option(attr, value string) error {
	if value == "" {
		return py.ValueErrorf("not enough values to unpack (expected 2, got 1)")
	}
	text := py.Str(value)
	if knownAttr(attr) {
		if p.family == "" {
			return &py.Error{Class: "UnboundLocalError", Msg: "cannot access local variable 'addrfam' where it is not associated with a value"}
		}
		_, v, err := validate(attr, text, p.family)
		if err != nil {
			return err
		}
		name := strings.ReplaceAll(attr, "-", "_")
		if name == "address" && p.options.Has(name) {
			appendTo(p.options, "addresses", v)
		} else {
			p.options.SetStr(name, v)
		}
		return nil
	}
	var group string
	switch {
	case isEthtool(attr):
		within(p.options, "ethtool").SetStr(attr, text)
		return nil
	case strings.HasPrefix(attr, "bond"):
		group = "bonding"
	case strings.HasPrefix(attr, "bridge"):
		group = "bridging"
	default:
		if key := commands[attr]; key != "" {
			appendTo(p.options, key, text)
		}
		return nil
	}
	i := strings.IndexAny(attr, "_-")
	if i < 0 {
		return &py.Error{Class: "IndexError", Msg: "list index out of range"}
	}
	within(p.options, group).SetStr(attr[i+1:], text)
	return nil
}

// within is the mapping under a key, made when it is not there.
func within(d *py.Dict, key string) *py.Dict {
	in, ok := d.Lookup(key).(*py.Dict)
	if !ok {
		in = py.NewDict()
		d.SetStr(key, in)
	}
	return in
}

// appendTo adds to the list under a key; options of files hold no other values there.
func appendTo(d *py.Dict, key string, v py.Value) {
	l, ok := d.Lookup(key).(*py.List)
	if !ok {
		l = py.NewList()
		if old, had := d.GetStr(key); had {
			l.Append(old)
		}
		d.SetStr(key, l)
	}
	l.Append(v)
}

// cannotWrite is Salt's error for a file whose directory is missing.
func cannotWrite(file, dir string) error {
	return py.AttributeErrorf("%s cannot be written. %s does not exist", file, dir)
}

// writeFile writes a file as Python's open does.
func writeFile(w host.Writer, file, text string) error {
	if err := w.WriteFile(file, strings.NewReader(text), modules.WriteNew(w, file)); err != nil {
		return modules.OSError(fmt.Errorf("%s: write: %w", file, err))
	}
	return nil
}

// readLines are the lines of a file with their ends; ok is false, and Salt has
// an empty text then, when it cannot be read.
func readLines(r host.Reader, file string) (lines []string, ok bool) {
	data, err := r.ReadFile(file)
	if err != nil {
		return nil, false
	}
	return slices.Collect(strings.Lines(string(data))), true
}

// exists says whether something is at a path.
func exists(r host.Reader, path string) bool {
	_, err := r.Stat(path)
	return err == nil
}
