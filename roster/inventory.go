package roster

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// inventory is an Ansible inventory: hosts, groups and their variables, with
// Ansible's rules for which value wins. A static file in INI or YAML form is
// read, the JSON that inventory scripts print, and the directories group_vars
// and host_vars beside it. Scripts and plugins are not run.
type inventory struct {
	file   string
	groups map[string]*invGroup
	names  []string // groups in order of first mention
	hosts  map[string]*invHost
	order  []string // hosts in order of first mention
}

type invGroup struct {
	name     string
	hosts    []string
	children []string
	parents  []string
	vars     *py.Dict
	depth    int
	priority int64
	// filled is whether the group was defined, not only named as a child.
	defined bool
	pos     Pos
}

type invHost struct {
	name string
	vars *py.Dict
	pos  Pos
}

const (
	groupAll       = "all"
	groupUngrouped = "ungrouped"
)

func newInventory(file string) *inventory {
	inv := &inventory{file: file, groups: map[string]*invGroup{}, hosts: map[string]*invHost{}}
	inv.group(groupAll)
	inv.addChild(groupAll, groupUngrouped)
	return inv
}

func (inv *inventory) group(name string) *invGroup {
	g, ok := inv.groups[name]
	if !ok {
		g = &invGroup{name: name, vars: py.NewDict(), priority: 1}
		inv.groups[name] = g
		inv.names = append(inv.names, name)
	}
	return g
}

// host adds a host to a group. A port counts where the host is first named.
func (inv *inventory) host(name string, port uint16, group *invGroup, pos Pos) *invHost {
	h, ok := inv.hosts[name]
	if !ok {
		h = &invHost{name: name, vars: py.NewDict(), pos: pos}
		if port != 0 {
			h.vars.SetStr("ansible_port", py.Int(int64(port)))
		}
		inv.hosts[name] = h
		inv.order = append(inv.order, name)
	}
	if !slices.Contains(group.hosts, name) {
		group.hosts = append(group.hosts, name)
	}
	return h
}

func (inv *inventory) addChild(parent, child string) {
	p, c := inv.group(parent), inv.group(child)
	if !slices.Contains(p.children, child) {
		p.children = append(p.children, child)
		c.parents = append(c.parents, parent)
	}
}

// setVar sets a group variable; one of them is the group's priority.
func (g *invGroup) setVar(k string, v py.Value) {
	if k == "ansible_group_priority" {
		if n, ok := py.AsInt(v); ok {
			g.priority = n
		}
		return
	}
	g.vars.SetStr(k, v)
}

// finish makes the tree whole: groups without a parent belong to all, hosts
// without a group to ungrouped, and every group gets its depth. It fails when
// a group contains itself.
func (inv *inventory) finish() error {
	for _, n := range inv.names {
		if n != groupAll && len(inv.groups[n].parents) == 0 {
			inv.addChild(groupAll, n)
		}
	}
	grouped := map[string]bool{}
	for _, n := range inv.names {
		if n != groupAll && n != groupUngrouped {
			for _, h := range inv.groups[n].hosts {
				grouped[h] = true
			}
		}
	}
	un := inv.groups[groupUngrouped]
	un.hosts = slices.DeleteFunc(un.hosts, func(h string) bool { return grouped[h] })
	for _, h := range inv.order {
		if !grouped[h] && !slices.Contains(un.hosts, h) {
			un.hosts = append(un.hosts, h)
		}
	}
	var path []string
	var walk func(n string, depth int) error
	walk = func(n string, depth int) error {
		if i := slices.Index(path, n); i >= 0 {
			return &Error{
				Pos: inv.groups[n].pos.orFile(inv.file),
				Msg: fmt.Sprintf("group %s contains itself: %s", n, strings.Join(append(path[i:], n), " > ")),
			}
		}
		g := inv.groups[n]
		if depth <= g.depth && depth > 0 {
			return nil // reached by a longer way already
		}
		g.depth = depth
		path = append(path, n)
		defer func() { path = path[:len(path)-1] }()
		for _, c := range g.children {
			if err := walk(c, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(groupAll, 0); err != nil {
		return err
	}
	for _, n := range inv.names { // a loop apart from all
		if n != groupAll && inv.groups[n].depth == 0 {
			if err := walk(n, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p Pos) orFile(file string) Pos {
	if p.File == "" {
		p.File = file
	}
	return p
}

// hostsOf lists a group's hosts as salt-ssh does: its own, then its children's,
// each once. The hosts of all are those of its children.
func (inv *inventory) hostsOf(group string) []string {
	var out []string
	seen := map[string]bool{}
	done := map[string]bool{}
	var walk func(n string)
	walk = func(n string) {
		g, ok := inv.groups[n]
		if !ok || done[n] {
			return
		}
		done[n] = true
		if n != groupAll {
			for _, h := range g.hosts {
				if !seen[h] {
					seen[h] = true
					out = append(out, h)
				}
			}
		}
		for _, c := range g.children {
			walk(c)
		}
	}
	walk(group)
	return out
}

// groupsOf lists the groups of a host, ancestors included, all first, the
// rest by depth, priority and name: the order in which variables are merged.
func (inv *inventory) groupsOf(host string) []*invGroup {
	in := map[string]bool{}
	var up func(n string)
	up = func(n string) {
		if in[n] {
			return
		}
		in[n] = true
		for _, p := range inv.groups[n].parents {
			up(p)
		}
	}
	for _, n := range inv.names {
		if slices.Contains(inv.groups[n].hosts, host) {
			up(n)
		}
	}
	in[groupAll] = true
	var out []*invGroup
	for _, n := range inv.names {
		if in[n] {
			out = append(out, inv.groups[n])
		}
	}
	slices.SortStableFunc(out, func(a, b *invGroup) int {
		return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(a.priority, b.priority), cmp.Compare(a.name, b.name))
	})
	return out
}

// vars computes a host's variables: those of its groups, then its own, each
// kind first from the inventory and then from the directories. The keys are
// sorted, as `ansible-inventory --list` prints them.
func (inv *inventory) vars(host string) (*py.Dict, error) {
	groups := inv.groupsOf(host)
	out := py.NewDict()
	merge := func(d *py.Dict, err error) error {
		out.Update(d)
		return err
	}
	for _, g := range groups {
		out.Update(g.vars)
	}
	for _, g := range groups {
		if err := merge(inv.varsDir("group_vars", g.name)); err != nil {
			return nil, err
		}
	}
	if h := inv.hosts[host]; h != nil {
		out.Update(h.vars)
	}
	if err := merge(inv.varsDir("host_vars", host)); err != nil {
		return nil, err
	}
	sorted, _ := jsonValue(out).(*py.Dict)
	return sorted, nil
}

// varsDir reads dir/name, name.yml, .yaml or .json beside the inventory, or
// all files of a directory of that name.
func (inv *inventory) varsDir(dir, name string) (*py.Dict, error) {
	out := py.NewDict()
	if strings.ContainsAny(name, "/\x00") {
		return out, nil
	}
	base := filepath.Join(filepath.Dir(inv.file), dir, name)
	if entries, err := os.ReadDir(base); err == nil {
		for _, e := range entries {
			ext := filepath.Ext(e.Name())
			if e.IsDir() || strings.HasPrefix(e.Name(), ".") || ext != "" && ext != ".yml" && ext != ".yaml" && ext != ".json" {
				continue
			}
			if err := readVars(filepath.Join(base, e.Name()), out); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	for _, ext := range []string{"", ".yml", ".yaml", ".json"} {
		if info, err := os.Stat(base + ext); err == nil && info.Mode().IsRegular() {
			return out, readVars(base+ext, out)
		}
	}
	return out, nil
}

func readVars(path string, into *py.Dict) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return readError(path, err)
	}
	if strings.HasPrefix(string(text), "$ANSIBLE_VAULT") {
		return &Error{Pos: Pos{File: path, Line: 1, Col: 1}, Msg: "the file is encrypted with ansible-vault", Advice: "decrypt it, or keep its values out of the inventory"}
	}
	v, err := saltyaml.Load(string(text))
	if err != nil {
		return fileError(path, err)
	}
	switch v := v.(type) {
	case *py.Dict:
		into.Update(v)
	case py.NoneType:
	default:
		return &Error{Pos: Pos{File: path, Line: 1, Col: 1}, Msg: "expected a mapping of variables, got " + v.Type()}
	}
	return nil
}

// jsonValue is v as it comes out of sorted JSON: keys are texts in order,
// tuples and sets are lists.
func jsonValue(v py.Value) py.Value {
	switch v := v.(type) {
	case *py.Dict:
		byName := map[string]py.Value{}
		for k, x := range v.All() {
			byName[jsonKey(k)] = jsonValue(x)
		}
		out := py.NewDict()
		for _, k := range slices.Sorted(maps.Keys(byName)) {
			out.SetStr(k, byName[k])
		}
		return out
	case *py.List:
		return jsonList(v.Items)
	case py.Tuple:
		return jsonList(v)
	case *py.Set:
		return jsonList(v.Items())
	case py.Bytes:
		return py.Str(v)
	}
	return v
}

func jsonList(items []py.Value) py.Value {
	out := make([]py.Value, len(items))
	for i, it := range items {
		out[i] = jsonValue(it)
	}
	return py.NewList(out...)
}

func jsonKey(k py.Value) string {
	switch k := k.(type) {
	case py.NoneType:
		return "null"
	case py.Bool:
		if k {
			return "true"
		}
		return "false"
	}
	return py.ToStr(k)
}
