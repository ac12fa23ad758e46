package iptables

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
	rule := func(fun, what, example string) *modules.Func {
		return modules.State[ruleArgs]{Name: "iptables." + fun, Virtual: stateVirtual,
			Doc: what + " Arguments are called as iptables' long options; `if` and `of` are the interfaces, `connstate` is --state. " +
				"A value that begins with `!` or `not` is negated.\n\n```yaml\n" + example + "\n```",
			Check: func(ctx context.Context, c *modules.Call, a *ruleArgs) (modules.Plan, error) {
				return checkRules(ctx, c, fun, a)
			},
		}.Func()
	}
	return append([]*modules.Func{
		rule("append", "Keeps a rule in a chain; a new one is put at its end.",
			"allow ssh:\n  iptables.append:\n    - table: filter\n    - chain: INPUT\n    - jump: ACCEPT\n    - match: state\n    - connstate: NEW\n    - dport: 22\n    - protocol: tcp\n    - save: True"),
		rule("insert", "Keeps a rule in a chain; a new one is put at `position`.",
			"block:\n  iptables.insert:\n    - position: 1\n    - chain: INPUT\n    - source: 192.0.2.0/24\n    - jump: DROP"),
		rule("delete", "Keeps a rule out of a chain.",
			"unblock:\n  iptables.delete:\n    - chain: INPUT\n    - source: 192.0.2.0/24\n    - jump: DROP"),
		modules.State[chainArgs]{Name: "iptables.chain_present", Virtual: stateVirtual, Check: checkChainPresent,
			Doc: "Keeps a chain.\n\n```yaml\nLOGDROP:\n  iptables.chain_present:\n    - table: filter\n```"}.Func(),
		modules.State[chainArgs]{Name: "iptables.chain_absent", Virtual: stateVirtual, Check: checkChainAbsent,
			Doc: "Removes a chain and its rules.\n\n```yaml\nLOGDROP:\n  iptables.chain_absent: []\n```"}.Func(),
		modules.State[policyArgs]{Name: "iptables.set_policy", Virtual: stateVirtual, Check: checkPolicy,
			Doc: "Sets what becomes of packets that no rule of a chain decides.\n\n```yaml\ndefault drop:\n  iptables.set_policy:\n    - chain: INPUT\n    - policy: DROP\n```"}.Func(),
		modules.State[flushArgs]{Name: "iptables.flush", Virtual: stateVirtual, Check: checkFlush,
			Doc: "Removes all rules of a chain or of a table.\n\n```yaml\nempty:\n  iptables.flush:\n    - chain: FORWARD\n```"}.Func(),
	}, execFuncs()...)
}

type ruleArgs struct {
	Name   string   `arg:"name,required" doc:"A name for the rule in the results."`
	Table  string   `arg:"table" default:"filter" doc:"The table."`
	Family string   `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
	Rules  py.Value `arg:"rules" doc:"Several rules: a list of the arguments of each."`
	Rule   *py.Dict `arg:"**"`
}

type chainArgs struct {
	Name   string `arg:"name,required" doc:"The chain."`
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Family string `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

type policyArgs struct {
	Name   string   `arg:"name,required" doc:"A name in the results."`
	Table  string   `arg:"table" default:"filter" doc:"The table."`
	Family string   `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
	Chain  *string  `arg:"chain" doc:"The chain."`
	Policy *string  `arg:"policy" doc:"ACCEPT or DROP."`
	Save   py.Value `arg:"save" doc:"Save the rules: True for the system's file, or a path."`
	Extra  *py.Dict `arg:"**"`
}

type flushArgs struct {
	Name   string   `arg:"name,required" doc:"A name in the results."`
	Table  string   `arg:"table" default:"filter" doc:"The table."`
	Family string   `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
	Chain  string   `arg:"chain" default:"''" doc:"The chain; all of the table by default."`
	Extra  *py.Dict `arg:"**"`
}

// pending makes a plan of a function that is run with a nil writer in test mode.
func pending(ctx context.Context, c *modules.Call, family string, run func(t *tables) (modules.Done, error)) (modules.Plan, error) {
	do := func(ctx context.Context, w host.Writer) (modules.Done, error) {
		t, err := open(ctx, c, w, family)
		if err != nil {
			return modules.Done{}, err
		}
		return run(t)
	}
	if !c.Test {
		return modules.Plan{Apply: do}, nil
	}
	d, err := do(ctx, nil)
	return modules.Plan{Would: d}, err
}

func would(format string, args ...any) (modules.Done, error) {
	return modules.Done{Result: low.None, Comment: fmt.Sprintf(format, args...)}, nil
}

// changed is the result of something that was done.
func changed(name, format string, args ...any) modules.Done {
	return modules.OK(fmt.Sprintf(format, args...), py.DictOf("locale", py.Str(name)))
}

func checkChainPresent(ctx context.Context, c *modules.Call, a *chainArgs) (modules.Plan, error) {
	return pending(ctx, c, a.Family, func(t *tables) (modules.Done, error) {
		has, err := t.hasChain(a.Table, a.Name)
		switch {
		case err != nil:
			return modules.Done{}, err
		case has:
			return modules.OK(fmt.Sprintf("iptables %s chain is already exist in %s table for %s", a.Name, a.Table, a.Family), nil), nil
		case t.w == nil:
			return would("iptables %s chain in %s table needs to be set for %s", a.Name, a.Table, a.Family)
		}
		said, err := t.act(a.Table, "-N "+a.Name)
		if said != "" {
			return modules.Failed(fmt.Sprintf("Failed to create %s chain in %s table: %s for %s", a.Name, a.Table, said, a.Family)), err
		}
		return changed(a.Name, "iptables %s chain in %s table create success for %s", a.Name, a.Table, a.Family), err
	})
}

func checkChainAbsent(ctx context.Context, c *modules.Call, a *chainArgs) (modules.Plan, error) {
	return pending(ctx, c, a.Family, func(t *tables) (modules.Done, error) {
		has, err := t.hasChain(a.Table, a.Name)
		switch {
		case err != nil:
			return modules.Done{}, err
		case !has:
			return modules.OK(fmt.Sprintf("iptables %s chain is already absent in %s table for %s", a.Name, a.Table, a.Family), nil), nil
		case t.w == nil:
			return would("iptables %s chain in %s table needs to be removed %s", a.Name, a.Table, a.Family)
		}
		said, err := t.act(a.Table, "-F "+a.Name)
		if err != nil || said != "" {
			return modules.Failed(fmt.Sprintf("Failed to flush %s chain in %s table: %s for %s", a.Name, a.Table, said, a.Family)), err
		}
		said, err = t.act(a.Table, "-X "+a.Name)
		if said != "" {
			return modules.Failed(fmt.Sprintf("Failed to delete %s chain in %s table: %s for %s", a.Name, a.Table, said, a.Family)), err
		}
		return changed(a.Name, "iptables %s chain in %s table delete success for %s", a.Name, a.Table, a.Family), err
	})
}

func checkPolicy(ctx context.Context, c *modules.Call, a *policyArgs) (modules.Plan, error) {
	switch {
	case a.Chain == nil:
		return modules.Plan{}, py.KeyError(py.Str("chain"))
	case a.Policy == nil:
		return modules.Plan{}, py.KeyError(py.Str("policy"))
	}
	chain, policy := *a.Chain, *a.Policy
	return pending(ctx, c, a.Family, func(t *tables) (modules.Done, error) {
		have, err := t.policy(a.Table, chain)
		switch {
		case err != nil:
			return modules.Done{}, err
		case have == py.Value(py.Str(policy)):
			return modules.OK(fmt.Sprintf("iptables default policy for chain %s on table %s for %s already set to %s", chain, a.Table, a.Family, policy), nil), nil
		case t.w == nil:
			return would("iptables default policy for chain %s on table %s for %s needs to be set to %s", chain, a.Table, a.Family, policy)
		}
		said, err := t.act(a.Table, "-P "+chain+" "+policy)
		if err != nil || said != "" {
			return modules.Failed("Failed to set iptables default policy"), err
		}
		d := changed(a.Name, "Set default policy for %s to %s family %s", chain, policy, a.Family)
		if file, ok := saveFile(a.Save); ok {
			if _, err := t.save(file); err != nil {
				return d, err
			}
			d.Comment = fmt.Sprintf("Set and saved default policy for %s to %s family %s", chain, policy, a.Family)
		}
		return d, nil
	})
}

// policy is the policy of a chain: None when there is no such chain.
func (t *tables) policy(table, chain string) (py.Value, error) {
	if chain == "" {
		return py.Str("Error: Chain needs to be specified"), nil
	}
	text, err := t.dump("")
	if err != nil {
		return nil, err
	}
	return policyIn(text, table, chain)
}

func policyIn(text, table, chain string) (py.Value, error) {
	rules, err := parseRules(text)
	if err != nil {
		return nil, err
	}
	tb, _ := rules.Lookup(table).(*py.Dict)
	ch, _ := tb.Lookup(chain).(*py.Dict)
	return py.OrNone(ch.Lookup("policy")), nil
}

// saveFile says whether an argument wants the rules saved, and where ("" is
// the system's file).
func saveFile(v py.Value) (file string, ok bool) {
	switch {
	case v == nil || !py.IsTrue(v):
		return "", false
	case v == py.Value(py.True):
		return "", true
	}
	return py.ToStr(v), true
}

func checkFlush(ctx context.Context, c *modules.Call, a *flushArgs) (modules.Plan, error) {
	return pending(ctx, c, a.Family, func(t *tables) (modules.Done, error) {
		if t.w == nil { // Salt: the words are in the wrong places
			return would("iptables rules in %s table %s chain %s family needs to be flushed", a.Name, a.Table, a.Family)
		}
		said, err := t.act(a.Table, strings.TrimRight("-F "+a.Chain, " "))
		if err != nil || said != "" {
			return modules.Failed("Failed to flush iptables rules"), err
		}
		return changed(a.Name, "Flush iptables rules in %s table %s chain %s family", a.Table, a.Chain, a.Family), nil
	})
}
