// Package group has Salt's group module, over the tools of shadow-utils,
// FreeBSD's pw or busybox.
package group

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[presentArgs]{Name: "group.present", Platforms: platforms, Check: checkPresent,
			Doc: "Makes a group and keeps its number and members.\n\n```yaml\nweb:\n  group.present:\n    - gid: 2000\n    - addusers: [alice]\n```"}.Func(),
		modules.State[absentArgs]{Name: "group.absent", Platforms: platforms, Check: checkAbsent,
			Doc: "Removes a group.\n\n```yaml\nweb:\n  group.absent: []\n```"}.Func(),
	}, execFuncs()...)
}

// platforms are the kernels whose tools are known.
var platforms = []string{"Linux", "FreeBSD"}

type presentArgs struct {
	Name      string   `arg:"name,required" doc:"The group's name."`
	GID       py.Value `arg:"gid" doc:"Its number; chosen by the host when not given."`
	System    bool     `arg:"system" default:"False" doc:"Choose the number among those of system groups."`
	Addusers  py.Value `arg:"addusers" doc:"Users that must be members."`
	Delusers  py.Value `arg:"delusers" doc:"Users that must not be members."`
	Members   py.Value `arg:"members" doc:"All the members there are to be."`
	NonUnique bool     `arg:"non_unique" default:"False" doc:"Accept a number that another group has."`
	Local     bool     `arg:"local" default:"False" doc:"Look at the local files only."`
}

type absentArgs struct {
	Name  string `arg:"name,required" doc:"The group's name."`
	Local bool   `arg:"local" default:"False" doc:"Look at the local files only."`
}

func dict(g host.Group) *py.Dict {
	return py.DictOf("name", py.Str(g.Name), "passwd", py.Str("x"), "gid", py.Int(g.GID), "members", py.Strings(g.Members...))
}

// delta is what is different about a group, in Salt's order.
type delta struct {
	list     *py.Dict // as Salt prints it
	add, del []string // who comes and who goes
}

// wish is the members that the arguments ask for.
type wish struct {
	*presentArgs
	add, del, members []string
}

// texts gives the items of a list argument as text. A text is a list of its
// characters, as it is to Salt.
func texts(v py.Value) ([]string, error) {
	if v == py.Value(py.None) {
		return nil, nil
	}
	items, err := py.Collect(v)
	out := make([]string, len(items)) // not nil: given
	for i, it := range items {
		out[i] = py.ToStr(it)
	}
	return out, err
}

func (a *presentArgs) wish() (*wish, error) {
	w := &wish{presentArgs: a}
	for _, l := range []struct {
		to   *[]string
		from py.Value
	}{{&w.add, a.Addusers}, {&w.del, a.Delusers}, {&w.members, a.Members}} {
		var err error
		if *l.to, err = texts(l.from); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// changes compares; ok is false when there is no such group.
func (a *wish) changes(c host.Reader) (d delta, ok bool) {
	g, ok := c.Group(a.Name)
	if !ok {
		return delta{}, false
	}
	d.list = py.NewDict()
	if py.IsTrue(a.GID) {
		n, err := strconv.Atoi(py.ToStr(a.GID))
		if err != nil {
			// Salt shows its own two keys as if they were changes
			d.list.SetStr("result", py.False)
			d.list.SetStr("comment", py.Str("Invalid gid"))
			return d, true
		}
		if g.GID != n {
			d.list.SetStr("gid", py.Int(n))
		}
	}
	switch {
	case a.members == nil:
	case len(a.members) == 0:
		if len(g.Members) > 0 {
			set, err := py.NewSet(py.Strings(g.Members...).Items...)
			if err == nil {
				d.list.SetStr("delusers", set)
			}
			d.del = g.Members
		}
	case !sameSet(a.members, g.Members):
		d.list.SetStr("members", py.Strings(a.members...))
	}
	missing := slices.DeleteFunc(slices.Clone(a.add), func(u string) bool { return slices.Contains(g.Members, u) })
	if len(missing) > 0 {
		d.list.SetStr("addusers", py.Strings(missing...))
		d.add = missing
	}
	extra := slices.DeleteFunc(slices.Clone(a.del), func(u string) bool { return !slices.Contains(g.Members, u) })
	if len(extra) > 0 {
		d.list.SetStr("delusers", py.Strings(extra...))
		d.del = extra
	}
	return d, true
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	sort.Strings(a)
	sort.Strings(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

func checkPresent(_ context.Context, c *modules.Call, args *presentArgs) (modules.Plan, error) {
	a, err := args.wish()
	if err != nil {
		return modules.Plan{}, err
	}
	none := func(comment string) (modules.Plan, error) {
		return modules.Plan{Would: modules.Done{Result: low.None, Comment: comment}}, nil
	}
	if a.members != nil && (a.add != nil || a.del != nil) {
		return none(`Error: Conflicting options "members" with "addusers" and/or "delusers" can not be used together. `)
	}
	for _, u := range a.add {
		if slices.Contains(a.del, u) {
			return none("Error. Same user(s) can not be added and deleted simultaneously")
		}
	}
	d, exists := a.changes(c)
	switch {
	case !exists:
		return modules.Would(fmt.Sprintf("Group %s set to be added", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) { return a.create(ctx, w) }), nil
	case d.list.Len() == 0:
		return modules.InOrder(fmt.Sprintf("Group %s is present and up to date", a.Name)), nil
	}
	var b strings.Builder
	b.WriteString("The following group attributes are set to be changed:\n")
	for k, v := range d.list.All() {
		fmt.Fprintf(&b, "%s: %s\n", py.ToStr(k), py.ToStr(v))
	}
	comment := b.String()
	return modules.Would(comment, nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		if err := a.update(ctx, w, d); err != nil {
			return modules.Done{}, err
		}
		if left, ok := a.changes(w); ok && left.list.Len() > 0 {
			return modules.Done{Result: low.False, Comment: comment + "Some changes could not be applied", Changes: py.DictOf("Failed", left.list)}, nil
		}
		return modules.OK(comment, py.DictOf("Final", py.Str("All changes applied successfully"))), nil
	}), nil
}

func (a *wish) update(ctx context.Context, w host.Writer, d delta) error {
	each := func(set func(context.Context, host.Writer, string, string) (bool, error), users []string) error {
		for _, u := range users {
			if _, err := set(ctx, w, a.Name, u); err != nil {
				return err
			}
		}
		return nil
	}
	for k := range d.list.All() {
		var err error
		switch py.ToStr(k) {
		case "gid":
			flags := []string{"-g"}
			if a.NonUnique {
				flags = []string{"-o", "-g"}
			}
			err = setGID(ctx, w, a.Name, py.ToStr(a.GID), flags...)
		case "addusers":
			err = each(join, d.add)
		case "delusers":
			err = each(leave, d.del)
		case "members":
			_, err = setMembers(ctx, w, a.Name, strings.Join(a.members, ","))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *wish) create(ctx context.Context, w host.Writer) (modules.Done, error) {
	if n, isInt := py.AsInt(a.GID); isInt && !a.NonUnique {
		if g, taken := w.GroupID(int(n)); taken {
			return modules.Failed(fmt.Sprintf("Group %s is not present but gid %d is already taken by group %s", a.Name, n, g.Name)), nil
		}
	}
	ok, err := add(ctx, w, a.Name, a.GID, a.System, a.NonUnique, a.Local)
	if err != nil {
		return modules.Done{}, err
	}
	g, found := w.Group(a.Name)
	if !ok || !found {
		return modules.Failed(fmt.Sprintf("Failed to create new group %s", a.Name)), nil
	}
	members := a.members
	if len(a.add) > 0 {
		members = a.add
	}
	if len(members) > 0 {
		if _, err := setMembers(ctx, w, a.Name, strings.Join(members, ",")); err != nil {
			return modules.Done{}, err
		}
		g, _ = w.Group(a.Name)
	}
	if left, ok := a.changes(w); ok && left.list.Len() > 0 {
		return modules.Done{Result: low.False, Comment: fmt.Sprintf("Group %s has been created but, some changes could not be applied", a.Name), Changes: py.DictOf("Failed", left.list)}, nil
	}
	return modules.OK(fmt.Sprintf("New group %s created", a.Name), dict(g)), nil
}

func checkAbsent(_ context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	if _, ok := c.Group(a.Name); !ok {
		return modules.InOrder("Group not present"), nil
	}
	return modules.Would(fmt.Sprintf("Group %s is set for removal", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := remove(ctx, w, a.Name, a.Local)
		if err != nil {
			return modules.Done{}, err
		}
		if !ok {
			return modules.Failed("Failed to remove group " + a.Name), nil
		}
		return modules.OK("Removed group "+a.Name, py.DictOf(a.Name, py.Str(""))), nil
	}), nil
}
