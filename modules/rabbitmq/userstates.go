package rabbitmq

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
	"pinch/states/low"
)

type userPresentArgs struct {
	Name     string         `arg:"name,required" doc:"The user."`
	Password *secret.String `arg:"password" doc:"The password."`
	Force    py.Value       `arg:"force" default:"False" doc:"Sets the password, or removes it when none is given, whatever it is."`
	Tags     py.Value       `arg:"tags" doc:"The tags, a list or a text with blanks."`
	Perms    py.Value       `arg:"perms" doc:"A list of mappings from a virtual host to the patterns of what the user may configure, write and read."`
	RunAs    *string        `arg:"runas" doc:"Who runs the commands."`
}

func (a *userPresentArgs) user() *string { return a.RunAs }

func isSet(v py.Value) bool { return v != nil && py.IsTrue(v) }

func userPresent(ctx context.Context, b *broker, a *userPresentArgs) (modules.Done, error) {
	changes := py.NewDict()
	fail := func(err error) (modules.Done, error) { return caught("Error: ", changes, err) }
	users, err := b.users(ctx)
	if err != nil {
		return fail(err)
	}
	there, stale := users.Has(a.Name), false
	if there && a.Password != nil {
		ok, err := b.checkPassword(ctx, a.Name, *a.Password)
		if err != nil {
			return fail(err)
		}
		stale = !ok
	}
	if there && !isSet(a.Force) && !isSet(a.Perms) && !isSet(a.Tags) && !stale {
		return modules.OK(fmt.Sprintf("User '%s' is already present.", a.Name), nil), nil
	}
	switch {
	case !there:
		changes.SetStr("user", py.DictOf("old", py.Str(""), "new", py.Str(a.Name)))
		if b.w == nil {
			return would(fmt.Sprintf("User '%s' is set to be created.", a.Name), changes), nil
		}
		if _, err := b.addUser(ctx, a.Name, a.Password); err != nil {
			return fail(err)
		}
	case isSet(a.Force) || stale:
		if err := b.setPassword(ctx, a, changes); err != nil {
			return fail(err)
		}
	}
	if !py.IsNone(a.Tags) {
		if err := b.changeTags(ctx, a, changes); err != nil {
			return fail(err)
		}
	}
	if err := b.changePermissions(ctx, a, changes); err != nil {
		return fail(err)
	}
	switch {
	case changes.Len() == 0:
		return modules.OK(fmt.Sprintf("'%s' is already in the desired state.", a.Name), nil), nil
	case b.w == nil:
		return would(fmt.Sprintf("Configuration for '%s' will change.", a.Name), changes), nil
	}
	return modules.OK(fmt.Sprintf("'%s' was configured.", a.Name), changes), nil
}

func (b *broker) setPassword(ctx context.Context, a *userPresentArgs, changes *py.Dict) error {
	argv, change := []string{ctl, "clear_password", a.Name}, py.DictOf("old", py.Str("Removed password."), "new", py.Str(""))
	if a.Password != nil {
		argv, change = []string{ctl, "change_password", a.Name, a.Password.Reveal()}, py.DictOf("old", py.Str(""), "new", py.Str("Set password."))
	}
	if b.w != nil {
		if _, err := checked(b.do(ctx, argv...)); err != nil {
			return err
		}
	}
	changes.SetStr("password", change)
	return nil
}

func (b *broker) changeTags(ctx context.Context, a *userPresentArgs, changes *py.Dict) error {
	have := py.NewList()
	users, err := b.users(ctx)
	switch {
	case err != nil:
		if _, other := caught("", nil, err); other != nil {
			return other
		}
		b.c.Log.Error("Error: " + err.Error())
	case !users.Has(a.Name):
		return py.KeyError(py.Str(a.Name))
	default:
		if have.Items, err = py.Collect(users.Lookup(a.Name)); err != nil {
			return err
		}
	}
	want := a.Tags
	if s, ok := want.(py.Str); ok {
		want = py.Strings(strings.Fields(string(s))...)
	}
	wanted, err := py.Collect(want)
	if err != nil {
		return err
	}
	if sameSet(wanted, have.Items) {
		return nil
	}
	if b.w != nil {
		if _, err := b.setTags(ctx, a.Name, want); err != nil {
			return err
		}
	}
	changes.SetStr("tags", py.DictOf("old", have, "new", want))
	return nil
}

func sameSet(a, b []py.Value) bool { return within(a, b) && within(b, a) }

func within(a, b []py.Value) bool {
	for _, x := range a {
		found := false
		for _, y := range b {
			found = found || same(x, y)
		}
		if !found {
			return false
		}
	}
	return true
}

func same(a, b py.Value) bool {
	eq, err := py.Equal(a, b)
	return err == nil && eq
}

// grant is what a user shall be allowed on a virtual host.
type grant struct {
	vhost py.Value
	perms [3]py.Value
}

func (g grant) dict() *py.Dict {
	return py.DictOf("configure", g.perms[0], "write", g.perms[1], "read", g.perms[2])
}

// grants reads the argument perms.
func grants(perms py.Value) ([]grant, error) {
	if !isSet(perms) {
		return nil, nil
	}
	items, err := py.Collect(perms)
	if err != nil {
		return nil, err
	}
	var out []grant
	for _, item := range items {
		d, ok := item.(*py.Dict)
		if !ok {
			return nil, py.Errorf("AttributeError", "'%s' object has no attribute 'items'", item.Type())
		}
		for vhost, p := range d.All() {
			g := grant{vhost: vhost}
			for i := range g.perms {
				if g.perms[i], err = py.GetItem(p, py.Int(i)); err != nil {
					return nil, err
				}
			}
			out = append(out, g)
		}
	}
	return out, nil
}

func (b *broker) changePermissions(ctx context.Context, a *userPresentArgs, changes *py.Dict) error {
	have, err := b.userPermissions(ctx, a.Name)
	if err != nil {
		return err
	}
	want, err := grants(a.Perms)
	if err != nil {
		return err
	}
	lookup := func(g grant) (py.Value, bool) {
		v, ok, err := have.Get(g.vhost)
		return v, ok && err == nil
	}
	needed := false
	for _, g := range want {
		old, there := lookup(g)
		needed = needed || !there || !same(old, g.dict())
	}
	if !needed {
		return nil
	}
	for _, g := range want {
		if b.w != nil {
			if _, err := b.setPermissions(ctx, py.ToStr(g.vhost), a.Name, [3]string{py.ToStr(g.perms[0]), py.ToStr(g.perms[1]), py.ToStr(g.perms[2])}); err != nil {
				return err
			}
		}
		old, there := lookup(g)
		if there && same(old, g.dict()) {
			continue
		}
		// What was, Salt gives without its virtual host, and a virtual host
		// that is new to the user replaces what was told of those before it.
		p, ok := changes.Lookup("perms").(*py.Dict)
		if !there || !ok {
			p = py.NewDict()
			if there {
				p.SetStr("old", py.NewDict())
			}
			p.SetStr("new", py.NewDict())
			changes.SetStr("perms", p)
		}
		if there {
			if err := update(p, "old", old); err != nil {
				return err
			}
		}
		entry := py.NewDict()
		if err := entry.Set(g.vhost, g.dict()); err != nil {
			return err
		}
		if err := update(p, "new", entry); err != nil {
			return err
		}
	}
	return nil
}

func update(p *py.Dict, key string, with py.Value) error {
	d, ok := p.Lookup(key).(*py.Dict)
	if !ok {
		return py.KeyError(py.Str(key))
	}
	if w, ok := with.(*py.Dict); ok {
		d.Update(w)
	}
	return nil
}

func userAbsent(ctx context.Context, b *broker, a *nameArgs) (modules.Done, error) {
	users, err := b.users(ctx)
	if err != nil {
		return caught("Error: ", nil, err)
	}
	if !users.Has(a.Name) {
		return modules.OK(fmt.Sprintf("The user '%s' is not present.", a.Name), nil), nil
	}
	changes := py.DictOf("name", py.DictOf("old", py.Str(a.Name), "new", py.Str("")))
	if b.w == nil {
		return would(fmt.Sprintf("The user '%s' will be removed.", a.Name), changes), nil
	}
	if _, err := checked(b.do(ctx, ctl, "delete_user", a.Name)); err != nil {
		return caught("Error: ", nil, err)
	}
	return modules.Done{Result: low.True, Comment: fmt.Sprintf("The user '%s' was removed.", a.Name), Changes: changes}, nil
}

func userStates() []*modules.Func {
	return []*modules.Func{
		state("rabbitmq_user.present", "Makes sure that there is a user, with password, tags and permissions.\n\n```yaml\nalice:\n  rabbitmq_user.present:\n"+
			"    - password: secret\n    - tags: [monitoring]\n    - perms:\n      - /: ['.*', '.*', '.*']\n```", stateVirtual, (*userPresentArgs).user, userPresent),
		state("rabbitmq_user.absent", "Makes sure that there is no user of a name.\n\n```yaml\nguest:\n  rabbitmq_user.absent: []\n```", stateVirtual, (*nameArgs).user, userAbsent),
	}
}
