package file

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/states/low"
)

// selinuxContext is the security context that a file should have; "" keeps.
type selinuxContext struct{ user, role, typ, level string }

func (s selinuxContext) isSet() bool { return s != selinuxContext{} }

// selinuxArg reads the selinux argument of file.managed.
func selinuxArg(d *py.Dict) selinuxContext {
	text := func(key string) string {
		v, ok := d.GetStr(key)
		if !ok || py.IsNone(v) {
			return ""
		}
		return py.ToStr(v)
	}
	if d == nil {
		return selinuxContext{}
	}
	return selinuxContext{text("seuser"), text("serole"), text("setype"), text("serange")}
}

const selinuxAttr = "security.selinux"

// contextOf returns a file's security context, "" when it has none.
func contextOf(r host.Reader, name string) string {
	v, err := r.Xattr(name, selinuxAttr)
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(v), "\x00")
}

// splitContext reads a context; one with categories is beyond Salt.
func splitContext(text string) (selinuxContext, bool) {
	f := strings.Split(text, ":")
	if len(f) != 4 {
		return selinuxContext{}, false
	}
	return selinuxContext{f[0], f[1], f[2], f[3]}, true
}

// checkSELinux brings the security context in order: in the policy, so that a
// relabelling keeps it, and on the file.
func (o *op) checkSELinux(ctx context.Context, name string, r *ret, want selinuxContext) {
	add := func(text string) { r.comment = strings.Join(append(nonEmpty(r.comment), text), "; ") }
	have, ok := splitContext(contextOf(o.w, name))
	if !ok {
		r.result = low.False
		add("Failed to get selinux attributes")
		return
	}
	var newText, oldText []string
	set := have
	diff := func(label, want, have string, field *string) bool {
		if want == "" || want == have {
			return false
		}
		newText, oldText = append(newText, label+": "+want), append(oldText, label+": "+have)
		*field = want
		return true
	}
	chUser := diff("User", want.user, have.user, &set.user)
	chRole := diff("Role", want.role, have.role, &set.role)
	chType := diff("Type", want.typ, have.typ, &set.typ)
	chLevel := diff("Range", want.level, have.level, &set.level)
	if !chUser && !chRole && !chType && !chLevel {
		return
	}
	change := py.DictOf("Old", py.Str(strings.Join(oldText, " ")), "New", py.Str(strings.Join(newText, " ")))
	if o.test {
		r.is(low.None, "File "+name+" selinux context to be updated")
		r.change("selinux", change)
		return
	}
	if err := o.setContext(ctx, name, set, chUser, chLevel); err != nil {
		r.result = low.False
		add("Failed to set selinux attributes: " + raised(err))
		return
	}
	now, _ := splitContext(contextOf(o.w, name))
	add("The file " + name + " is set to be changed")
	for _, c := range []struct {
		changed    bool
		want, have string
		label      string
	}{{chUser, set.user, now.user, "seuser"}, {chRole, set.role, now.role, "serole"}, {chType, set.typ, now.typ, "setype"}, {chLevel, set.level, now.level, "serange"}} {
		if c.changed && c.want != c.have {
			r.result = low.False
			add("Unable to update " + c.label + " context")
		}
	}
	r.change("selinux", change)
}

// setContext adds the context to the policy and sets it on the file.
func (o *op) setContext(ctx context.Context, name string, set selinuxContext, user, level bool) error {
	args := py.NewArgs(py.Str(name))
	args.Kw = append(args.Kw, py.KwArg{Name: "sel_type", Value: py.Str(set.typ)})
	if user {
		args.Kw = append(args.Kw, py.KwArg{Name: "sel_user", Value: py.Str(set.user)})
	}
	if level {
		args.Kw = append(args.Kw, py.KwArg{Name: "sel_level", Value: py.Str(set.level)})
	}
	res, err := o.Funcs.Call(ctx, "selinux.fcontext_add_policy", args)
	if err != nil {
		return err
	}
	if d, ok := res.(*py.Dict); ok {
		if code, ok := d.GetStr("retcode"); ok && py.IsTrue(code) {
			return execError("Problem setting fcontext: " + py.ToStr(d))
		}
	}
	text := strings.Join([]string{set.user, set.role, set.typ, set.level}, ":")
	return o.w.SetXattr(name, selinuxAttr, append([]byte(text), 0))
}
