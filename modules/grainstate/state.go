package grainstate

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/modules"
	"pinch/states/low"
)

type existsArgs struct {
	Name      string `arg:"name,required" doc:"The grain; colons lead to nested values."`
	Delimiter string `arg:"delimiter" default:"':'" doc:"What separates nested keys."`
}

type presentArgs struct {
	Name      string   `arg:"name,required" doc:"The grain; colons lead to nested values."`
	Value     py.Value `arg:"value,required" doc:"The value."`
	Delimiter string   `arg:"delimiter" default:"':'" doc:"What separates nested keys."`
	Force     bool     `arg:"force" default:"False" doc:"Replaces a list or a mapping too."`
}

type listArgs struct {
	Name      string   `arg:"name,required" doc:"The grain, a list."`
	Value     py.Value `arg:"value,required" doc:"A value or a list of them."`
	Delimiter string   `arg:"delimiter" default:"':'" doc:"What separates nested keys."`
}

type absentArgs struct {
	Name        string   `arg:"name,required" doc:"The grain."`
	Destructive py.Value `arg:"destructive" default:"False" doc:"Removes the grain in the place of setting it to None."`
	Delimiter   string   `arg:"delimiter" default:"':'" doc:"What separates nested keys."`
	Force       bool     `arg:"force" default:"False" doc:"Changes a list or a mapping too."`
}

type appendState struct {
	Name      string   `arg:"name,required" doc:"The grain, a list."`
	Value     py.Value `arg:"value,required" doc:"The value to add."`
	Convert   py.Value `arg:"convert" default:"False" doc:"Makes a list of a simple value."`
	Delimiter string   `arg:"delimiter" default:"':'" doc:"What separates nested keys."`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append(execFuncs(),
		modules.State[existsArgs]{Name: "grains.exists", Access: modules.ReadOnly, Check: checkExists,
			Doc: "Fails when there is no such grain.\n\n```yaml\nrole:\n  grains.exists: []\n```"}.Func(),
		modules.State[presentArgs]{Name: "grains.present", Check: checkPresent,
			Doc: "Sets a grain.\n\n```yaml\nrole:\n  grains.present:\n    - value: web\n```"}.Func(),
		modules.State[absentArgs]{Name: "grains.absent", Check: checkAbsent,
			Doc: "Sets a grain to None, or removes it.\n\n```yaml\nrole:\n  grains.absent:\n    - destructive: True\n```"}.Func(),
		modules.State[listArgs]{Name: "grains.list_present", Check: checkListPresent,
			Doc: "Adds values to a grain that is a list.\n\n```yaml\nroles:\n  grains.list_present:\n    - value: web\n```"}.Func(),
		modules.State[listArgs]{Name: "grains.list_absent", Check: checkListAbsent,
			Doc: "Takes values out of a grain that is a list.\n\n```yaml\nroles:\n  grains.list_absent:\n    - value: web\n```"}.Func(),
		modules.State[appendState]{Name: "grains.append", Check: checkAppend,
			Doc: "Adds a value to a grain that is a list already.\n\n```yaml\nroles:\n  grains.append:\n    - value: web\n```"}.Func(),
	)
}

// plain writes a grain's path with colons. As in Salt the delimiter is a
// regular expression.
func plain(name, delimiter string) (string, error) {
	if delimiter == delim {
		return name, nil
	}
	re, err := pyre.Compile(delimiter, 0)
	if err != nil {
		return "", fmt.Errorf("grain %s: delimiter %q: %w", name, delimiter, err)
	}
	v, err := re.Sub(delim, name, 0)
	if err != nil {
		return "", fmt.Errorf("grain %s: delimiter %q: %w", name, delimiter, err)
	}
	return v, nil
}

func checkExists(_ context.Context, c *modules.Call, a *existsArgs) (modules.Plan, error) {
	name, err := plain(a.Name, a.Delimiter)
	if err != nil {
		return modules.Plan{}, err
	}
	_, ok, err := find(c, name)
	d := modules.Done{Result: low.True, Comment: "Grain exists", Name: name}
	if !ok {
		d.Result, d.Comment = low.False, "Grain does not exist"
	}
	return modules.Plan{Would: d}, err
}

// named sets the name that Salt returns.
func named(p modules.Plan, name string) modules.Plan {
	p.Would.Name = name
	if apply := p.Apply; apply != nil {
		p.Apply = func(ctx context.Context, w host.Writer) (modules.Done, error) {
			d, err := apply(ctx, w)
			d.Name = name
			return d, err
		}
	}
	return p
}

func checkPresent(_ context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	name, err := plain(a.Name, a.Delimiter)
	if err != nil {
		return modules.Plan{}, err
	}
	have, exists, err := find(c, name)
	if err != nil {
		return modules.Plan{}, err
	}
	comment, changes := fmt.Sprintf("Grain %s is set to be added", name), py.DictOf("new", py.Str(name))
	if exists {
		same, err := py.Equal(have, a.Value)
		if err != nil {
			return modules.Plan{}, err
		}
		if same {
			return named(modules.InOrder("Grain is already set"), name), nil
		}
		comment, changes = fmt.Sprintf("Grain %s is set to be changed", name), py.DictOf("changed", py.DictOf(name, a.Value))
	}
	return named(modules.Would(comment, changes, func(_ context.Context, w host.Writer) (modules.Done, error) {
		r, err := set(c, w, name, a.Value, a.Force, false)
		if err != nil || !r.ok {
			return modules.Failed(r.comment), err
		}
		if r.changes == nil || r.changes.Len() == 0 {
			return modules.OK(r.comment, nil), nil
		}
		return modules.OK(fmt.Sprintf("Set grain %s to %s", name, py.ToStr(a.Value)), r.changes), nil
	}), name), nil
}

func checkAbsent(_ context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	name, err := plain(a.Name, a.Delimiter)
	if err != nil {
		return modules.Plan{}, err
	}
	have, exists, err := find(c, name)
	if err != nil {
		return modules.Plan{}, err
	}
	if !exists {
		return named(modules.InOrder(fmt.Sprintf("Grain %s does not exist", name)), name), nil
	}
	destructive := a.Destructive == py.True
	comment, changes := "", py.Value(nil)
	done := ""
	switch {
	case destructive:
		comment, changes = fmt.Sprintf("Grain %s is set to be deleted", name), py.DictOf("deleted", py.Str(name))
		done = fmt.Sprintf("Grain %s was deleted", name)
	case have != py.None:
		comment, changes = fmt.Sprintf("Value for grain %s is set to be deleted (None)", name), py.DictOf("grain", py.Str(name), "value", py.None)
		done = fmt.Sprintf("Value for grain %s was set to None", name)
	}
	return named(modules.Would(comment, changes, func(_ context.Context, w host.Writer) (modules.Done, error) {
		r, err := set(c, w, name, py.None, a.Force, destructive)
		if err != nil || !r.ok {
			return modules.Failed(r.comment), err
		}
		if done == "" { // it was None already
			return modules.OK(r.comment, r.changes), nil
		}
		return modules.OK(done, changes), nil
	}), name), nil
}

const pendingKey = "grains/pending"

// pendingOf are the values that earlier states of the run have added to a
// grain, or would add in test mode.
func pendingOf(c *modules.Call, name string) *py.List {
	all, ok := c.Memo.Get(pendingKey)
	if !ok {
		all = map[string]*py.List{}
		c.Memo.Put(pendingKey, all)
	}
	m := all.(map[string]*py.List)
	if m[name] == nil {
		m[name] = py.NewList()
	}
	return m[name]
}

func checkListPresent(_ context.Context, c *modules.Call, a *listArgs) (modules.Plan, error) {
	name, err := plain(a.Name, a.Delimiter)
	if err != nil {
		return modules.Plan{}, err
	}
	v, err := get(c, name, py.Str(""))
	if err != nil {
		return modules.Plan{}, err
	}
	given := py.IsTrue(v)
	grain, isList := v.(*py.List)
	if given && !isList {
		return named(modules.Fail(fmt.Sprintf("Grain %s is not a valid list", name)), name), nil
	}
	if !given {
		grain = py.NewList()
	}
	pending := pendingOf(c, name)
	value, note := a.Value, ""
	already := fmt.Sprintf("Value %s is already in grain %s (or pending)", py.ToStr(value), name)
	removed := `Removed value %s from update due to value found in "%s" (or pending).` + "\n"
	if !given {
		already = fmt.Sprintf("Value %s is already pending in grain %s", py.ToStr(value), name)
		removed = `Removed value %s from update due to value already pending in "%s".` + "\n"
	}
	known := func(v py.Value) bool { return contains(grain, v) || contains(pending, v) }
	if l, ok := value.(*py.List); ok {
		both, fresh := py.NewList(), py.NewList()
		for _, it := range l.Items {
			if known(it) {
				both.Append(it)
				continue
			}
			fresh.Append(it)
			pending.Append(it)
		}
		if fresh.Len() == 0 {
			return named(modules.InOrder(already), name), nil
		}
		value = fresh
		if both.Len() > 0 {
			note = fmt.Sprintf(removed, py.ToStr(both), name)
		}
	} else {
		if known(value) {
			return named(modules.InOrder(already), name), nil
		}
		pending.Append(value)
	}
	comment := fmt.Sprintf("Grain %s is set to be added", name)
	if given {
		comment = fmt.Sprintf("Value %s is set to be appended to grain %s", py.ToStr(value), name)
	}
	return named(modules.Would(comment, py.DictOf("new", v), func(_ context.Context, w host.Writer) (modules.Done, error) {
		now, err := appendTo(c, w, name, value, false)
		if err != nil {
			return modules.Done{}, err
		}
		v, err := get(c, name, py.NewList())
		if err != nil {
			return modules.Done{}, err
		}
		actual, ok := v.(*py.List)
		wanted := []py.Value{value}
		if l, isList := value.(*py.List); isList {
			wanted = l.Items
		}
		for _, it := range wanted {
			if !ok || !contains(actual, it) {
				return modules.Failed(fmt.Sprintf("Failed append value %s to grain %s", py.ToStr(value), name)), nil
			}
		}
		return modules.OK(fmt.Sprintf("%sAppend value %s to grain %s", note, py.ToStr(value), name), py.DictOf("new", now)), nil
	}), name), nil
}

func checkListAbsent(_ context.Context, c *modules.Call, a *listArgs) (modules.Plan, error) {
	name, err := plain(a.Name, a.Delimiter)
	if err != nil {
		return modules.Plan{}, err
	}
	v, _, err := find(c, name)
	if err != nil {
		return modules.Plan{}, err
	}
	if !py.IsTrue(v) {
		return named(modules.InOrder(fmt.Sprintf("Grain %s does not exist", name)), name), nil
	}
	grain, ok := v.(*py.List)
	if !ok {
		return named(modules.Fail(fmt.Sprintf("Grain %s is not a valid list", name)), name), nil
	}
	values := []py.Value{a.Value}
	if l, ok := a.Value.(*py.List); ok {
		values = l.Items
	}
	deleted := py.NewList()
	var would, did []string
	for _, v := range values {
		s := py.ToStr(v)
		if !contains(grain, v) {
			missing := fmt.Sprintf("Value %s is absent from grain %s", s, name)
			would, did = append(would, missing), append(did, missing)
			continue
		}
		deleted.Append(v)
		would = append(would, fmt.Sprintf("Value %s in grain %s is set to be deleted", s, name))
		did = append(did, fmt.Sprintf("Value %s was deleted from grain %s", s, name))
	}
	if deleted.Len() == 0 {
		return named(modules.InOrder(strings.Join(would, "\n")), name), nil
	}
	changes := py.DictOf("deleted", deleted)
	return named(modules.Would(strings.Join(would, "\n"), changes, func(_ context.Context, w host.Writer) (modules.Done, error) {
		for _, v := range deleted.Items {
			if _, err := removeFrom(c, w, name, v); err != nil {
				return modules.Done{}, err
			}
		}
		return modules.OK(strings.Join(did, "\n"), changes), nil
	}), name), nil
}

func checkAppend(_ context.Context, c *modules.Call, a *appendState) (modules.Plan, error) {
	name, err := plain(a.Name, a.Delimiter)
	if err != nil {
		return modules.Plan{}, err
	}
	v, _, err := find(c, name)
	if err != nil {
		return modules.Plan{}, err
	}
	if !py.IsTrue(v) && !c.Grains.Has(name) {
		return named(modules.Fail(fmt.Sprintf("Grain %s does not exist", name)), name), nil
	}
	value := py.ToStr(a.Value)
	changes := py.DictOf("added", a.Value)
	added := modules.OK(fmt.Sprintf("Value %s was added to grain %s", value, name), changes)
	if l, ok := v.(*py.List); ok {
		if contains(l, a.Value) {
			return named(modules.InOrder(fmt.Sprintf("Value %s is already in the list for grain %s", value, name)), name), nil
		}
		return named(modules.Would(fmt.Sprintf("Value %s in grain %s is set to be added", value, name), changes, func(_ context.Context, w host.Writer) (modules.Done, error) {
			_, err := appendTo(c, w, name, a.Value, false)
			return added, err
		}), name), nil
	}
	if a.Convert != py.True {
		return named(modules.Fail(fmt.Sprintf("Grain %s is not a valid list", name)), name), nil
	}
	return named(modules.Would(fmt.Sprintf("Grain %s is set to be converted to list and value %s will be added", name, value), changes, func(_ context.Context, w host.Writer) (modules.Done, error) {
		l := py.NewList()
		if v != py.None {
			l.Append(v)
		}
		l.Append(a.Value)
		_, err := saved(c, w, name, l, false)
		return added, err
	}), name), nil
}
