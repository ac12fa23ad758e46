package selinux

import (
	"context"
	"fmt"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

func policyStates() []*modules.Func {
	return []*modules.Func{
		modules.State[contextPresentArgs]{Name: "selinux.fcontext_policy_present", Virtual: stateVirtual, Check: checkContextPresent,
			Doc: "Keeps a rule of the policy for the contexts of files.\n\n```yaml\n/srv/web(/.*)?:\n  selinux.fcontext_policy_present:\n    - sel_type: httpd_sys_content_t\n```"}.Func(),
		modules.State[contextAbsentArgs]{Name: "selinux.fcontext_policy_absent", Virtual: stateVirtual, Check: checkContextAbsent,
			Doc: "Keeps a rule for the contexts of files out of the policy.\n\n```yaml\n/srv/web(/.*)?:\n  selinux.fcontext_policy_absent: []\n```"}.Func(),
		modules.State[appliedArgs]{Name: "selinux.fcontext_policy_applied", Virtual: stateVirtual, Check: checkContextApplied,
			Doc: "Keeps the contexts of files as the policy has them.\n\n```yaml\n/srv/web:\n  selinux.fcontext_policy_applied:\n    - recursive: True\n```"}.Func(),
		modules.State[portPresentArgs]{Name: "selinux.port_policy_present", Virtual: stateVirtual, Check: checkPortPresent,
			Doc: "Keeps an entry of the policy for a port.\n\n```yaml\ntcp/8081:\n  selinux.port_policy_present:\n    - sel_type: http_port_t\n```"}.Func(),
		modules.State[portArgs]{Name: "selinux.port_policy_absent", Virtual: stateVirtual, Check: checkPortAbsent,
			Doc: "Keeps an entry for a port out of the policy.\n\n```yaml\ntcp/8081:\n  selinux.port_policy_absent:\n    - sel_type: http_port_t\n```"}.Func(),
	}
}

type contextPresentArgs struct {
	Name     string  `arg:"name,required" doc:"The file specification, an expression."`
	SelType  string  `arg:"sel_type,required" doc:"The type of the context."`
	Filetype string  `arg:"filetype" default:"a" doc:"The kind of files: a, f, d, c, b, s, l or p."`
	SelUser  *string `arg:"sel_user" doc:"The user of the context."`
	SelLevel *string `arg:"sel_level" doc:"The level of the context."`
}

func checkContextPresent(ctx context.Context, c *modules.Call, a *contextPresentArgs) (modules.Plan, error) {
	kind, err := fileType(a.Filetype)
	if err != nil {
		return modules.Plan{}, err
	}
	r := rule{name: a.Name, filetype: a.Filetype, selType: &a.SelType, user: a.SelUser, levels: a.SelLevel}
	have, err := (&policy{ctx: ctx, c: c, r: c}).context(r)
	if err != nil {
		return modules.Plan{}, err
	}
	if have != nil && have.Lookup("sel_type") == py.Str(a.SelType) {
		return modules.InOrder(fmt.Sprintf("SELinux policy for \"%s\" already present with specified filetype \"%s\" and sel_type \"%s\".", a.Name, kind, a.SelType)), nil
	}
	old, now := py.NewDict(), py.DictOf(a.Name, py.DictOf("filetype", py.Str(kind), "sel_type", py.Str(a.SelType)))
	if have != nil {
		old = py.DictOf(a.Name, py.DictOf("sel_type", py.OrNone(have.Lookup("sel_type"))))
		now = py.DictOf(a.Name, py.DictOf("sel_type", py.Str(a.SelType)))
	}
	return modules.Would("", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		res, err := (&policy{ctx: ctx, c: c, r: w, w: w}).changeContext("add", r)
		if err != nil || failed(res) {
			return modules.Failed("Error adding new rule: " + py.Repr(res)), err
		}
		return modules.OK("", py.DictOf("old", old, "new", now)), nil
	}), nil
}

// failed says whether the result of a command is a failure.
func failed(res *py.Dict) bool { return res.Lookup("retcode") != py.Int(0) }

type contextAbsentArgs struct {
	Name     string  `arg:"name,required" doc:"The file specification, an expression."`
	Filetype string  `arg:"filetype" default:"a" doc:"The kind of files: a, f, d, c, b, s, l or p."`
	SelType  *string `arg:"sel_type" doc:"The type of the context."`
	SelUser  *string `arg:"sel_user" doc:"The user of the context."`
	SelLevel *string `arg:"sel_level" doc:"The level of the context."`
}

func checkContextAbsent(ctx context.Context, c *modules.Call, a *contextAbsentArgs) (modules.Plan, error) {
	r := rule{name: a.Name, filetype: a.Filetype, selType: a.SelType, user: a.SelUser, levels: a.SelLevel}
	have, err := (&policy{ctx: ctx, c: c, r: c}).context(r)
	if err != nil {
		return modules.Plan{}, err
	}
	if have == nil {
		given := "None"
		if a.SelType != nil {
			given = *a.SelType
		}
		return modules.InOrder(fmt.Sprintf("SELinux policy for \"%s\" already absent with specified filetype \"%s\" and sel_type \"%s\".", a.Name, a.Filetype, given)), nil
	}
	changes := py.DictOf("old", py.DictOf(a.Name, have), "new", py.NewDict())
	return modules.Would("", changes, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		if r.selType == nil || *r.selType == "" {
			t := py.ToStr(py.OrNone(have.Lookup("sel_type")))
			r.selType = &t
		}
		res, err := (&policy{ctx: ctx, c: c, r: w, w: w}).changeContext("delete", r)
		if err != nil || failed(res) {
			return modules.Done{Result: low.False, Changes: changes, Comment: "Error removing policy: " + py.Repr(res)}, err
		}
		return modules.OK("", changes), nil
	}), nil
}

func checkContextApplied(ctx context.Context, c *modules.Call, a *appliedArgs) (modules.Plan, error) {
	text, err := (&policy{ctx: ctx, c: c, r: c}).unapplied(a.Name, a.Recursive)
	if err != nil {
		return modules.Plan{}, err
	}
	if text == "" {
		return modules.InOrder(fmt.Sprintf("SElinux policies are already applied for filespec \"%s\"", a.Name)), nil
	}
	return modules.Would("", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		res, err := (&policy{ctx: ctx, c: c, r: w, w: w}).applyContext(a.Name, a.Recursive)
		if err != nil || failed(res) {
			return modules.Done{Result: low.False, CommentValue: res}, err
		}
		return modules.OK("", py.OrNone(res.Lookup("changes"))), nil
	}), nil
}

type portPresentArgs struct {
	Name     string   `arg:"name,required" doc:"Protocol and port or range, such as tcp/8080; a name else."`
	SelType  string   `arg:"sel_type,required" doc:"The type."`
	Protocol py.Value `arg:"protocol" doc:"tcp or udp, where the name does not say it."`
	Port     py.Value `arg:"port" doc:"The port or range, where the name does not say it."`
	SelRange string   `arg:"sel_range" doc:"The level."`
}

// described is a port in the words of a comment.
func described(selType string, protocol, number py.Value) string {
	return fmt.Sprintf("with specified sel_type \"%s\", protocol \"%s\" and port \"%s\".", selType, py.ToStr(py.OrNone(protocol)), py.ToStr(py.OrNone(number)))
}

func checkPortPresent(ctx context.Context, c *modules.Call, a *portPresentArgs) (modules.Plan, error) {
	q := port{name: a.Name, selType: a.SelType, level: a.SelRange, protocol: a.Protocol, port: a.Port}
	have, err := (&policy{ctx: ctx, c: c, r: c}).port(q)
	if err != nil {
		return modules.Plan{}, err
	}
	if have != py.None {
		return modules.InOrder(fmt.Sprintf("SELinux policy for \"%s\" already present ", a.Name) + described(a.SelType, a.Protocol, a.Port)), nil
	}
	return modules.Would("", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		p := &policy{ctx: ctx, c: c, r: w, w: w}
		old, err := p.port(port{name: a.Name, protocol: a.Protocol, port: a.Port})
		if err != nil {
			return modules.Done{}, err
		}
		act := "add"
		if old != py.None {
			act = "modify"
		}
		res, err := p.changePort(act, q)
		if err != nil || failed(res) {
			return modules.Failed("Error adding new policy: " + py.Repr(res)), err
		}
		now, err := p.port(q)
		return modules.OK("", py.DictOf("old", old, "new", now)), err
	}), nil
}

func checkPortAbsent(ctx context.Context, c *modules.Call, a *portArgs) (modules.Plan, error) {
	q := port{name: a.Name, selType: a.SelType, protocol: a.Protocol, port: a.Port}
	have, err := (&policy{ctx: ctx, c: c, r: c}).port(q)
	if err != nil {
		return modules.Plan{}, err
	}
	if have == py.None {
		given := a.SelType
		if given == "" {
			given = "None"
		}
		return modules.InOrder(fmt.Sprintf("SELinux policy for \"%s\" already absent ", a.Name) + described(given, a.Protocol, a.Port)), nil
	}
	return modules.Would("", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		p := &policy{ctx: ctx, c: c, r: w, w: w}
		res, err := p.changePort("delete", q.bare())
		if err != nil || failed(res) {
			return modules.Failed("Error deleting policy: " + py.Repr(res)), err
		}
		now, err := p.port(q)
		return modules.OK("", py.DictOf("old", have, "new", now)), err
	}), nil
}

// bare is the port without its type, which deleting has no use for.
func (q port) bare() port {
	q.selType = ""
	return q
}
