package acl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type listPresentArgs struct {
	Name    string   `arg:"name,required" doc:"The file."`
	Type    string   `arg:"acl_type,required" doc:"user or group; with default: before it those of new files in a directory."`
	Names   py.Value `arg:"acl_names" doc:"The users or groups, a list."`
	Perms   string   `arg:"perms" default:"''" doc:"Permissions, such as rwx."`
	Recurse bool     `arg:"recurse" default:"False" doc:"In all files below too."`
	Force   bool     `arg:"force" default:"False" doc:"Remove all other entries first."`
}

type listAbsentArgs struct {
	Name    string   `arg:"name,required" doc:"The file."`
	Type    string   `arg:"acl_type,required" doc:"user or group; with default: before it those of new files in a directory."`
	Names   py.Value `arg:"acl_names" doc:"The users or groups, a list."`
	Recurse bool     `arg:"recurse" default:"False" doc:"In all files below too."`
}

// namesOf are the items of acl_names; of a text its characters, as Python has it.
func namesOf(v py.Value) ([]string, error) {
	if !py.IsTrue(v) {
		return nil, nil
	}
	items, err := py.Collect(v)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(items))
	for i, it := range items {
		s, ok := it.(py.Str)
		if !ok {
			return nil, py.TypeErrorf("sequence item %d: expected str instance, %s found", i, it.Type())
		}
		names[i] = string(s)
	}
	return names, nil
}

// entriesOf are the entries of a list whose names are looked for, each with its
// permissions.
func (cur *current) entriesOf(names []string) map[string]int64 {
	found := map[string]int64{}
	for _, n := range names {
		if oct, ok := octalOf(cur.perms, cur.kind, n); ok {
			found[n] = oct
		}
	}
	return found
}

func checkListPresent(ctx context.Context, c *modules.Call, a *listPresentArgs) (modules.Plan, error) {
	oct, err := wanted(a.Perms, false)
	if err != nil {
		return modules.Plan{}, err
	}
	if p, gone := missing(c, a.Name); gone {
		return p, nil
	}
	names, err := namesOf(a.Names)
	if err != nil {
		return modules.Plan{}, err
	}
	cur, err := load(ctx, c, a.Name, a.Type, false)
	if err != nil {
		return modules.Plan{}, err
	}
	if !cur.defType && !cur.perms.Has(cur.kind) {
		return modules.Plan{}, py.KeyError(py.Str(a.Type))
	}
	if !cur.knows() {
		return modules.Fail("ACL Type does not exist"), nil
	}
	l := &listing{c: c, a: a, names: names, oct: oct, users: cur.entriesOf(names)}
	if c.Test || l.inOrder() {
		d, err := l.run(ctx, nil)
		return modules.Plan{Would: d}, err
	}
	return modules.Plan{Apply: l.run}, nil
}

// listing is a run of acl.list_present.
type listing struct {
	c     *modules.Call
	a     *listPresentArgs
	names []string
	oct   int64
	users map[string]int64 // of the names those that have an entry
}

func (l *listing) inOrder() bool {
	for _, n := range l.names {
		if have, ok := l.users[n]; !ok || have != l.oct {
			return false
		}
	}
	return len(l.users) > 0
}

// run goes through the names. Each that is not right sets the entries of all;
// the last one has the last word in the comment, as in Salt. w is nil in test
// mode.
func (l *listing) run(ctx context.Context, w host.Writer) (modules.Done, error) {
	d := modules.Done{Result: low.True}
	list, joined := py.Repr(l.a.Names), strings.Join(l.names, ", ")
	set := func(would, did string, changes *py.Dict) (stop bool, err error) {
		if w == nil {
			d = inTest(would, changes)
			return true, nil
		}
		problem, err := apply(ctx, l.c, w, l.a.Force, l.a.Recurse, l.a.Name, l.a.Type, l.a.Perms, l.names)
		if problem != "" {
			d.Result, d.Comment = low.False, fmt.Sprintf("Error updating permissions for %s: %s", list, problem)
			return false, err
		}
		d.Result, d.Comment, d.Changes = low.True, did, changes
		return false, err
	}
	fresh := py.DictOf("new", describe(joined, l.a.Type, py.Str(l.a.Perms)))
	wouldNew := fmt.Sprintf("New permissions will be applied for %s: %s", list, l.a.Perms)
	if len(l.users) == 0 {
		_, err := set(wouldNew, "Applied new permissions for "+joined, fresh)
		return d, err
	}
	for _, n := range l.names {
		have, ok := l.users[n]
		var stop bool
		var err error
		switch {
		case ok && have == l.oct:
			d.Comment = desired
		case ok:
			stop, err = set(fmt.Sprintf("Updated permissions will be applied for %s: %d -> %s", list, have, l.a.Perms), "Updated permissions for "+list,
				py.DictOf("new", describe(joined, l.a.Type, py.Int(l.oct)), "old", describe(joined, l.a.Type, py.Str(fmt.Sprint(have)))))
		default:
			stop, err = set(wouldNew, "Applied new permissions for "+joined, fresh)
		}
		if err != nil || stop {
			return d, err
		}
	}
	return d, nil
}

func checkListAbsent(ctx context.Context, c *modules.Call, a *listAbsentArgs) (modules.Plan, error) {
	if p, gone := missing(c, a.Name); gone {
		return p, nil
	}
	names, err := namesOf(a.Names)
	if err != nil {
		return modules.Plan{}, err
	}
	cur, err := load(ctx, c, a.Name, a.Type, false)
	if err != nil {
		return modules.Plan{}, err
	}
	if !cur.knows() {
		return modules.Fail("ACL Type does not exist"), nil
	}
	search := slices.Clone(names)
	if len(search) == 0 { // Salt: the characters of the owner's name
		search = strings.Split(cur.owner(), "")
	}
	return removing(len(cur.entriesOf(search)) > 0, func(ctx context.Context, w host.Writer) error {
		for _, n := range names {
			if _, err := delfacl(ctx, c, w, a.Recurse, a.Type, n, a.Name); err != nil {
				return err
			}
		}
		return nil
	}), nil
}
