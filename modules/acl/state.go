package acl

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[presentArgs]{Name: "acl.present", Virtual: stateVirtual, Check: checkPresent,
			Doc: "Keeps permissions for a user or group on a file.\n\n```yaml\nweb may write:\n  acl.present:\n    - name: /srv/data\n    - acl_type: user\n    - acl_name: web\n    - perms: rwx\n```"}.Func(),
		modules.State[absentArgs]{Name: "acl.absent", Virtual: stateVirtual, Check: checkAbsent,
			Doc: "Removes the permissions of a user or group on a file.\n\n```yaml\nweb may not:\n  acl.absent:\n    - name: /srv/data\n    - acl_type: user\n    - acl_name: web\n```"}.Func(),
		modules.State[listPresentArgs]{Name: "acl.list_present", Virtual: stateVirtual, Check: checkListPresent,
			Doc: "Keeps permissions for several users or groups on a file.\n\n```yaml\neditors:\n  acl.list_present:\n    - name: /srv/data\n    - acl_type: user\n    - acl_names:\n      - ann\n      - bob\n    - perms: rwx\n```"}.Func(),
		modules.State[listAbsentArgs]{Name: "acl.list_absent", Virtual: stateVirtual, Check: checkListAbsent,
			Doc: "Removes the permissions of several users or groups on a file.\n\n```yaml\nno editors:\n  acl.list_absent:\n    - name: /srv/data\n    - acl_type: user\n    - acl_names:\n      - ann\n      - bob\n```"}.Func(),
	}, execFuncs()...)
}

func stateVirtual(c *modules.Call) (bool, string) {
	return c.LookPath("getfacl") != "" && c.LookPath("setfacl") != "",
		"The linux_acl state cannot be loaded: the getfacl or setfacl binary is not in the path."
}

type presentArgs struct {
	Name    string `arg:"name,required" doc:"The file."`
	Type    string `arg:"acl_type,required" doc:"user, group, mask or other; with default: before it those of new files in a directory."`
	ACLName string `arg:"acl_name" default:"''" doc:"The user or group; by default the owner's."`
	Perms   string `arg:"perms" default:"''" doc:"Permissions, such as rwx."`
	Recurse bool   `arg:"recurse" default:"False" doc:"In all files below too."`
	Force   bool   `arg:"force" default:"False" doc:"Remove all other entries first."`
}

type absentArgs struct {
	Name    string `arg:"name,required" doc:"The file."`
	Type    string `arg:"acl_type,required" doc:"user, group, mask or other; with default: before it those of new files in a directory."`
	ACLName string `arg:"acl_name" default:"''" doc:"The user or group."`
	Perms   string `arg:"perms" default:"''" doc:"Has no effect."`
	Recurse bool   `arg:"recurse" default:"False" doc:"In all files below too."`
}

// current is the list of a file that an argument acl_type speaks of.
type current struct {
	all     *py.Dict // of all files by path
	file    *py.Dict // of the file
	perms   *py.Dict // its list, or its list of defaults
	kind    string   // acl_type without default:
	defType bool
}

func load(ctx context.Context, c *modules.Call, name, kind string, recurse bool) (*current, error) {
	all, err := getfacl(ctx, c, recurse, name)
	if err != nil {
		return nil, err
	}
	file, ok := all.Lookup(name).(*py.Dict)
	if !ok {
		return nil, py.KeyError(py.Str(name))
	}
	cur := &current{all: all, file: file, perms: file, kind: kind}
	if strings.HasPrefix(kind, "d:") || strings.HasPrefix(kind, "default:") {
		_, cur.kind, _ = strings.Cut(kind, ":")
		cur.perms, cur.defType = defaults(file), true
	}
	return cur, nil
}

func defaults(file *py.Dict) *py.Dict {
	d, ok := file.Lookup("defaults").(*py.Dict)
	if !ok {
		return py.NewDict()
	}
	return d
}

// knows says whether the file can have entries of the type.
func (cur *current) knows() bool {
	return cur.defType || py.IsTrue(py.OrNone(cur.perms.Lookup(cur.kind)))
}

// owner is the name that stands for no name.
func (cur *current) owner() string {
	comment, _ := cur.file.Lookup("comment").(*py.Dict)
	return comment.String(cur.kind)
}

// octalOf finds the permissions of a name in a list: the last entry counts.
func octalOf(perms *py.Dict, kind, name string) (n int64, ok bool) {
	l, _ := perms.Lookup(kind).(*py.List)
	if l == nil {
		return 0, false
	}
	for _, it := range l.Items {
		vals, has := it.(*py.Dict).Lookup(name).(*py.Dict)
		if !has {
			continue
		}
		n, ok = py.AsInt(vals.Lookup("octal"))
	}
	return n, ok
}

// wanted is the number of the permissions of an argument.
func wanted(perms string, bigX bool) (int64, error) {
	var n int64
	for _, c := range perms {
		switch {
		case c == 'r':
			n += 4
		case c == 'w':
			n += 2
		case c == 'x' || c == 'X' && bigX:
			n++
		case c == '-':
		default:
			return 0, py.TypeErrorf("unsupported operand type(s) for +: 'int' and 'str'")
		}
	}
	return n, nil
}

func letters(n int64) string {
	b := []byte("---")
	for i, c := range []byte("rwx") {
		if n&(4>>i) != 0 {
			b[i] = c
		}
	}
	return string(b)
}

func describe(name, kind string, perms py.Value) *py.Dict {
	return py.DictOf("acl_name", py.Str(name), "acl_type", py.Str(kind), "perms", perms)
}

const desired = "Permissions are in the desired state"

func missing(c *modules.Call, name string) (modules.Plan, bool) {
	if _, err := c.Stat(name); err != nil {
		return modules.Fail(name + " does not exist"), true
	}
	return modules.Plan{}, false
}

func checkPresent(ctx context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	if p, gone := missing(c, a.Name); gone {
		return p, nil
	}
	cur, err := load(ctx, c, a.Name, a.Type, a.Recurse)
	if err != nil {
		return modules.Plan{}, err
	}
	if !cur.knows() {
		return modules.Fail("ACL Type does not exist"), nil
	}
	search := a.ACLName
	if search == "" {
		search = cur.owner()
	}
	changes := py.DictOf("new", describe(a.ACLName, a.Type, py.Str(a.Perms)))
	old, found := octalOf(cur.perms, cur.kind, search)
	would := fmt.Sprintf("New permissions will be applied for %s: %s", a.ACLName, a.Perms)
	did := "Applied new permissions for " + a.ACLName
	if found {
		n, err := wanted(a.Perms, true)
		if err != nil {
			return modules.Plan{}, err
		}
		same := old == n
		if a.Recurse {
			same = cur.allHave(c, search, n, strings.HasSuffix(a.Perms, "X"))
		}
		if same {
			return modules.InOrder(desired), nil
		}
		changes.SetStr("old", describe(a.ACLName, a.Type, py.Str(letters(old))))
		would = fmt.Sprintf("Updated permissions will be applied for %s: %s -> %s", a.ACLName, letters(old), a.Perms)
		did = "Updated permissions for " + a.ACLName
	}
	return modules.Would(would, changes, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		problem, err := apply(ctx, c, w, a.Force, a.Recurse, a.Name, a.Type, a.Perms, []string{a.ACLName})
		if problem != "" {
			return modules.Failed(fmt.Sprintf("Error updating permissions for %s: %s", a.ACLName, problem)), err
		}
		return modules.OK(did, changes), err
	}), nil
}

// allHave says whether all files below have the permissions for a name. With
// bigX those that are not executable may lack x.
func (cur *current) allHave(c *modules.Call, name string, n int64, bigX bool) bool {
	for path, v := range cur.all.All() {
		perms := v.(*py.Dict)
		if cur.defType {
			if fi, err := c.Stat(py.ToStr(path)); err != nil || !fi.IsDir() {
				continue
			}
			perms = defaults(perms)
		}
		have, ok := octalOf(perms, cur.kind, name)
		if !ok || have != n && !(bigX && have%2 == 0 && have == n-1) {
			return false
		}
	}
	return true
}

// apply gives names their permissions on a file.
func apply(ctx context.Context, c *modules.Call, w host.Writer, force, recurse bool, name, kind, perms string, names []string) (problem string, err error) {
	if force {
		if problem, err = setfacl(ctx, c, w, recurse, []string{"-b"}, name); err != nil {
			return problem, err
		}
	}
	for _, n := range names {
		if problem, err = modfacl(ctx, c, w, recurse, kind, n, perms, name); problem != "" || err != nil {
			return problem, err
		}
	}
	return "", nil
}

func checkAbsent(ctx context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	if p, gone := missing(c, a.Name); gone {
		return p, nil
	}
	cur, err := load(ctx, c, a.Name, a.Type, a.Recurse)
	if err != nil {
		return modules.Plan{}, err
	}
	if !cur.knows() {
		return modules.Fail("ACL Type does not exist"), nil
	}
	search := a.ACLName
	if search == "" {
		search = cur.owner()
	}
	_, found := octalOf(cur.perms, cur.kind, search)
	for _, v := range cur.all.All() {
		_, there := octalOf(v.(*py.Dict), cur.kind, search)
		found = found || there
	}
	return removing(found, func(ctx context.Context, w host.Writer) error {
		_, err := delfacl(ctx, c, w, a.Recurse, a.Type, a.ACLName, a.Name)
		return err
	}), nil
}

// removing is the plan of a state that removes entries. Salt tells no changes,
// and does not look whether setfacl failed.
func removing(found bool, remove func(context.Context, host.Writer) error) modules.Plan {
	if !found {
		return modules.InOrder(desired)
	}
	return modules.Would("Removing permissions", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return modules.OK("Removing permissions", nil), remove(ctx, w)
	})
}

// plan1 returns a result as it is; in test mode only Would counts.
func inTest(comment string, changes *py.Dict) modules.Done {
	return modules.Done{Result: low.None, Comment: comment, Changes: changes}
}
