package rabbitmq

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/pep440"
	"pinch/internal/py"
	"pinch/modules"
)

type policyArgs struct {
	Name       string   `arg:"name,required" doc:"The policy."`
	Pattern    string   `arg:"pattern,required" doc:"The names that it is for, a regular expression."`
	Definition py.Value `arg:"definition,required" doc:"What it sets, a text of JSON."`
	Priority   py.Value `arg:"priority" default:"0" doc:"Its priority."`
	Vhost      string   `arg:"vhost" default:"'/'" doc:"Its virtual host."`
	RunAs      *string  `arg:"runas" doc:"Who runs the commands."`
	ApplyTo    py.Value `arg:"apply_to" doc:"What it is for: queues, exchanges or all."`
}

func (a *policyArgs) user() *string { return a.RunAs }

type policyAbsentArgs struct {
	Name  string  `arg:"name,required" doc:"The policy."`
	Vhost string  `arg:"vhost" default:"'/'" doc:"Its virtual host."`
	RunAs *string `arg:"runas" doc:"Who runs the commands."`
}

func (a *policyAbsentArgs) user() *string { return a.RunAs }

type setPolicyArgs struct {
	Vhost      string   `arg:"vhost,required" doc:"The virtual host."`
	Name       string   `arg:"name,required" doc:"The policy."`
	Pattern    string   `arg:"pattern,required" doc:"The names that it is for, a regular expression."`
	Definition py.Value `arg:"definition,required" doc:"What it sets, a mapping or a text of JSON."`
	Priority   py.Value `arg:"priority" doc:"Its priority."`
	RunAs      *string  `arg:"runas" doc:"Who runs the command."`
	ApplyTo    py.Value `arg:"apply_to" doc:"What it is for: queues, exchanges or all."`
}

func (a *setPolicyArgs) user() *string { return a.RunAs }

type listPoliciesArgs struct {
	Vhost string  `arg:"vhost" default:"'/'" doc:"The virtual host."`
	RunAs *string `arg:"runas" doc:"Who runs the command."`
}

func (a *listPoliciesArgs) user() *string { return a.RunAs }

type onePolicyArgs struct {
	Vhost string  `arg:"vhost,required" doc:"The virtual host."`
	Name  string  `arg:"name,required" doc:"The policy."`
	RunAs *string `arg:"runas" doc:"Who runs the command."`
}

func (a *onePolicyArgs) user() *string { return a.RunAs }

// policies are those of a virtual host, by it and by name. The order of the
// columns is another since version 3.7.
func (b *broker) policies(ctx context.Context, vhost string) (*py.Dict, error) {
	s, err := checked(b.ask(ctx, ctl, "list_policies", "-q", "-p", vhost))
	if err != nil {
		return nil, err
	}
	name := "rabbitmq-server"
	if b.c.Grains.String("os_family") == "FreeBSD" {
		name = "rabbitmq"
	}
	version, err := b.packageVersion(ctx, name)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range dataLines(s.Out) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 5 && len(f) != 6 {
			continue
		}
		of, ok := out.Lookup(f[0]).(*py.Dict)
		if !ok {
			of = py.NewDict()
			out.SetStr(f[0], of)
		}
		p := py.NewDict()
		of.SetStr(f[1], p)
		columns := []string{"pattern", "apply_to", "definition", "priority"}
		modern, err := atLeast37(version)
		switch {
		case err != nil:
			return nil, err
		case modern && len(f) == 5:
			return nil, py.Errorf("IndexError", "list index out of range")
		case modern:
		case len(f) == 6:
			columns = []string{"apply_to", "pattern", "definition", "priority"}
		default:
			columns = []string{"pattern", "definition", "priority"}
		}
		for i, c := range columns {
			p.SetStr(c, py.Str(f[2+i]))
		}
	}
	return out, nil
}

func atLeast37(version string) (bool, error) {
	have, err := pep440.Parse(version)
	if err != nil {
		return false, py.Errorf("packaging.version.InvalidVersion", "Invalid version: '%s'", version)
	}
	least, err := pep440.Parse("3.7")
	return err == nil && pep440.Compare(have, least) >= 0, err
}

func (b *broker) setPolicy(ctx context.Context, a *setPolicyArgs) (modules.Said, error) {
	definition, ok := a.Definition.(py.Str)
	if d, isDict := a.Definition.(*py.Dict); isDict {
		text, err := py.DumpsJSON(d, py.DumpOptions{})
		if err != nil {
			return modules.Said{}, err
		}
		definition, ok = py.Str(text), true
	}
	if !ok {
		return modules.Said{}, modules.SaltInvocationError("The 'definition' argument must be a dictionary or JSON string")
	}
	argv := []string{ctl, "set_policy", "-p", a.Vhost}
	if isSet(a.Priority) {
		argv = append(argv, "--priority", py.ToStr(a.Priority))
	}
	if isSet(a.ApplyTo) {
		argv = append(argv, "--apply-to", py.ToStr(a.ApplyTo))
	}
	return checked(b.do(ctx, append(argv, a.Name, a.Pattern, string(definition))...))
}

// policyUpdates names what of a policy is not as wanted. Salt looks for what
// the policy is applied to under a name that is never there: with apply_to
// there is always something.
func policyUpdates(have *py.Dict, a *policyArgs) ([]string, error) {
	var out []string
	if have.String("pattern") != a.Pattern {
		out = append(out, "Pattern")
	}
	load := func(v py.Value) (py.Value, error) {
		if !isSet(v) {
			return py.Str(""), nil
		}
		s, ok := v.(py.Str)
		if !ok {
			return nil, py.TypeErrorf("the JSON object must be str, bytes or bytearray, not %s", py.TypeName(v))
		}
		return py.LoadsJSON(string(s))
	}
	now, err := load(have.Lookup("definition"))
	if err != nil {
		return nil, err
	}
	want, err := load(a.Definition)
	if err != nil {
		return nil, err
	}
	if !same(now, want) {
		out = append(out, "Definition")
	}
	if isSet(a.ApplyTo) {
		out = append(out, "Applyto")
	}
	priority, err := py.ToInt(have.Lookup("priority"))
	if err != nil {
		return nil, err
	}
	if !same(priority, a.Priority) {
		out = append(out, "Priority")
	}
	return out, nil
}

func policyPresent(ctx context.Context, b *broker, a *policyArgs) (modules.Done, error) {
	all, err := b.policies(ctx, a.Vhost)
	if err != nil {
		return modules.Done{}, err
	}
	what := a.Vhost + " " + a.Name
	changes, comment := py.DictOf("old", py.NewDict(), "new", py.Str(a.Name)), fmt.Sprintf("Policy %s is set to be created", what)
	of, _ := all.Lookup(a.Vhost).(*py.Dict)
	if of == nil {
		of = py.NewDict()
	}
	if have, ok := of.Lookup(a.Name).(*py.Dict); ok {
		updates, err := policyUpdates(have, a)
		if err != nil {
			return modules.Done{}, err
		}
		if len(updates) == 0 {
			return modules.OK(fmt.Sprintf("Policy %s is already present", what), nil), nil
		}
		changes, comment = py.DictOf("old", have, "new", py.Strings(updates...)), fmt.Sprintf("Policy %s is set to be updated", what)
	}
	if b.w == nil {
		return would(comment, changes), nil
	}
	s, err := b.setPolicy(ctx, &setPolicyArgs{Vhost: a.Vhost, Name: a.Name, Pattern: a.Pattern, Definition: a.Definition, Priority: a.Priority, ApplyTo: a.ApplyTo})
	return modules.OK(s.Out, changes), err
}

// hasPolicy looks at the virtual host / only, as Salt does.
func (b *broker) hasPolicy(ctx context.Context, vhost, name string) (bool, error) {
	all, err := b.policies(ctx, "/")
	if err != nil {
		return false, err
	}
	of, ok := all.Lookup(vhost).(*py.Dict)
	return ok && of.Has(name), nil
}

func policyAbsent(ctx context.Context, b *broker, a *policyAbsentArgs) (modules.Done, error) {
	there, err := b.hasPolicy(ctx, a.Vhost, a.Name)
	if err != nil {
		return modules.Done{}, err
	}
	what := a.Vhost + " " + a.Name
	if !there {
		return modules.OK(fmt.Sprintf("Policy '%s' is not present.", what), nil), nil
	}
	changes := py.DictOf("new", py.Str(""), "old", py.Str(a.Name))
	if b.w == nil {
		return would(fmt.Sprintf("Policy '%s' will be removed.", what), changes), nil
	}
	_, err = checked(b.do(ctx, ctl, "clear_policy", "-p", a.Vhost, a.Name))
	return modules.OK("Deleted", changes), err
}

func policyStates() []*modules.Func {
	return []*modules.Func{
		state("rabbitmq_policy.present", "Makes sure that there is a policy with these settings.\n\n```yaml\nshort:\n  rabbitmq_policy.present:\n    - pattern: '^tmp'\n"+
			"    - definition: '{\"max-length\": 100}'\n```", stateVirtual, (*policyArgs).user, policyPresent),
		state("rabbitmq_policy.absent", "Makes sure that there is no policy of a name.\n\n```yaml\nshort:\n  rabbitmq_policy.absent: []\n```",
			stateVirtual, (*policyAbsentArgs).user, policyAbsent),
	}
}

func policyFuncs() []*modules.Func {
	return []*modules.Func{
		query("list_policies", "Gives the policies of a virtual host.", (*listPoliciesArgs).user, func(ctx context.Context, b *broker, a *listPoliciesArgs) (py.Value, error) {
			return dict(b.policies(ctx, a.Vhost))
		}),
		query("policy_exists", "Says whether the virtual host / has a policy.", (*onePolicyArgs).user, func(ctx context.Context, b *broker, a *onePolicyArgs) (py.Value, error) {
			there, err := b.hasPolicy(ctx, a.Vhost, a.Name)
			return py.Bool(there), err
		}),
		action("set_policy", "Sets a policy.", (*setPolicyArgs).user, func(ctx context.Context, b *broker, a *setPolicyArgs) (py.Value, error) {
			s, err := b.setPolicy(ctx, a)
			return told("Set", s, err)
		}),
		action("delete_policy", "Deletes a policy.", (*onePolicyArgs).user, func(ctx context.Context, b *broker, a *onePolicyArgs) (py.Value, error) {
			s, err := b.do(ctx, ctl, "clear_policy", "-p", a.Vhost, a.Name)
			return told("Deleted", s, err)
		}),
	}
}
