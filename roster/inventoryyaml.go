package roster

import (
	"fmt"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// yamlInventory reads the YAML form of an inventory, or the JSON of a script.
type yamlInventory struct {
	inv *inventory
	pos *saltyaml.Positions
}

func (y *yamlInventory) at(d *py.Dict, key py.Value) Pos {
	if p := y.pos.Key(d, key); p.Line > 0 {
		return Pos{y.inv.file, p.Line, p.Column}
	}
	return Pos{File: y.inv.file}
}

// parse reads the document's top level, a mapping of groups.
func (y *yamlInventory) parse(top *py.Dict) error {
	if meta, ok := top.Lookup("_meta").(*py.Dict); ok {
		return y.script(top, meta)
	}
	if p, ok := top.GetStr("plugin"); ok {
		return &Error{
			Pos: y.at(top, py.Str("plugin")), Msg: fmt.Sprintf("inventory plugin %s: dynamic inventories are not supported", show(p)),
			Advice: "save the output of `ansible-inventory --list` to a file and use that",
		}
	}
	for k, v := range top.All() {
		if err := y.group(top, k, v, 0); err != nil {
			return err
		}
	}
	return nil
}

const maxGroupDepth = 100

// mapping returns a section of a group as a mapping; null is an empty one, and
// a single text stands for one key.
func (y *yamlInventory) mapping(d *py.Dict, key string, what string) (*py.Dict, error) {
	switch v := d.Lookup(key).(type) {
	case nil, py.NoneType:
		return py.NewDict(), nil
	case *py.Dict:
		return v, nil
	case py.Str:
		if key != "vars" {
			return py.DictOf(string(v), py.None), nil
		}
		return nil, &Error{Pos: y.at(d, py.Str(key)), Msg: fmt.Sprintf("%s: expected a mapping, got text", what)}
	default:
		return nil, &Error{Pos: y.at(d, py.Str(key)), Msg: fmt.Sprintf("%s: expected a mapping, got %s", what, v.Type()), Advice: "end each name with a colon instead of a leading \"- \""}
	}
}

func (y *yamlInventory) group(in *py.Dict, key, value py.Value, depth int) error {
	name := py.ToStr(key)
	pos := y.at(in, key)
	if depth > maxGroupDepth {
		return &Error{Pos: pos, Msg: fmt.Sprintf("group %s: groups are nested too deeply", name)}
	}
	g := y.inv.group(name)
	g.defined = true
	if g.pos.File == "" {
		g.pos = pos
	}
	var d *py.Dict
	switch v := value.(type) {
	case *py.Dict:
		d = v
	case py.NoneType:
		return nil
	default:
		return &Error{Pos: pos, Msg: fmt.Sprintf("group %s: expected a mapping with hosts, vars or children, got %s", name, v.Type())}
	}
	// The sections are read in the order of the file.
	for k := range d.All() {
		section, _ := k.(py.Str)
		if section != "vars" && section != "children" && section != "hosts" {
			return &Error{Pos: y.at(d, k), Msg: fmt.Sprintf("group %s: unexpected key %s", name, show(k)), Advice: "write hosts, vars or children"}
		}
		items, err := y.mapping(d, string(section), string(section)+" of group "+name)
		if err != nil {
			return err
		}
		if err := y.section(g, string(section), items, depth); err != nil {
			return err
		}
	}
	return nil
}

func (y *yamlInventory) section(g *invGroup, section string, items *py.Dict, depth int) error {
	for k, v := range items.All() {
		switch section {
		case "vars":
			g.setVar(py.ToStr(k), v)
		case "children":
			if err := y.group(items, k, v, depth+1); err != nil {
				return err
			}
			y.inv.addChild(g.name, py.ToStr(k))
		case "hosts":
			if err := y.host(g, items, k, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (y *yamlInventory) host(g *invGroup, in *py.Dict, key, value py.Value) error {
	pos := y.at(in, key)
	names, port, err := expandHosts(py.ToStr(key))
	if err != nil {
		return &Error{Pos: pos, Err: err}
	}
	for _, n := range names {
		h := y.inv.host(n, port, g, pos)
		switch v := value.(type) {
		case *py.Dict:
			h.vars.Update(v)
		case py.NoneType:
		default:
			return &Error{Pos: pos, Host: HostID(n), Msg: "expected a mapping of variables, got " + v.Type()}
		}
	}
	return nil
}

// script reads what an inventory script, or `ansible-inventory --list`, prints.
func (y *yamlInventory) script(top, meta *py.Dict) error {
	for k, v := range top.All() {
		name := py.ToStr(k)
		if name == "_meta" {
			continue
		}
		g := y.inv.group(name)
		g.defined = true
		d, ok := v.(*py.Dict)
		if l, isList := v.(*py.List); isList {
			d, ok = py.DictOf("hosts", l), true
		}
		if !ok {
			return &Error{Pos: y.at(top, k), Msg: fmt.Sprintf("group %s: expected a list or a mapping, got %s", name, v.Type())}
		}
		for _, h := range listItems(d.Lookup("hosts")) {
			y.inv.host(py.ToStr(h), 0, g, y.at(top, k))
		}
		for _, c := range listItems(d.Lookup("children")) {
			y.inv.addChild(name, py.ToStr(c))
		}
		if vars, ok := d.Lookup("vars").(*py.Dict); ok {
			for k, v := range vars.All() {
				g.setVar(py.ToStr(k), v)
			}
		}
	}
	hostvars, _ := meta.Lookup("hostvars").(*py.Dict)
	for k, v := range hostvars.All() {
		d, ok := v.(*py.Dict)
		if !ok {
			return &Error{Pos: y.at(hostvars, k), Host: HostID(py.ToStr(k)), Msg: "expected a mapping of variables, got " + v.Type()}
		}
		if h, known := y.inv.hosts[py.ToStr(k)]; known {
			h.vars.Update(d)
		}
	}
	return nil
}

func listItems(v py.Value) []py.Value {
	if l, ok := v.(*py.List); ok {
		return l.Items
	}
	return nil
}
