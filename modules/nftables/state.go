package nftables

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
		return modules.State[ruleArgs]{Name: "nftables." + fun, Virtual: stateVirtual,
			Doc: what + "\n\n```yaml\n" + example + "\n```",
			Check: func(ctx context.Context, c *modules.Call, a *ruleArgs) (modules.Plan, error) {
				return checkRule(ctx, c, fun, a)
			},
		}.Func()
	}
	return append([]*modules.Func{
		rule("append", "Keeps a rule in a chain; a new one is put at its end.",
			"allow web:\n  nftables.append:\n    - family: ip\n    - table: filter\n    - chain: input\n    - proto: tcp\n    - dport: 80\n    - jump: accept"),
		rule("insert", "Keeps a rule in a chain; a new one is put before the rule with the handle `position`.",
			"block:\n  nftables.insert:\n    - family: ip\n    - table: filter\n    - chain: input\n    - position: 1\n    - source: 192.0.2.0/24\n    - jump: drop"),
		rule("delete", "Keeps a rule out of a chain.",
			"unblock:\n  nftables.delete:\n    - family: ip\n    - table: filter\n    - chain: input\n    - source: 192.0.2.0/24\n    - jump: drop"),
		modules.State[tableArgs]{Name: "nftables.table_present", Virtual: stateVirtual, Check: checkTablePresent,
			Doc: "Keeps a table.\n\n```yaml\nfilter:\n  nftables.table_present:\n    - family: inet\n```"}.Func(),
		modules.State[tableArgs]{Name: "nftables.table_absent", Virtual: stateVirtual, Check: checkTableAbsent,
			Doc: "Removes a table and all in it.\n\n```yaml\nold:\n  nftables.table_absent:\n    - family: inet\n```"}.Func(),
		modules.State[chainPresentArgs]{Name: "nftables.chain_present", Virtual: stateVirtual, Check: checkChainPresent,
			Doc: "Keeps a chain in a table.\n\n```yaml\ninput:\n  nftables.chain_present:\n    - family: inet\n    - table: filter\n    - table_type: filter\n    - hook: input\n    - priority: 0\n```"}.Func(),
		modules.State[chainAbsentArgs]{Name: "nftables.chain_absent", Virtual: stateVirtual, Check: checkChainAbsent,
			Doc: "Removes a chain and its rules.\n\n```yaml\nold:\n  nftables.chain_absent:\n    - family: inet\n    - table: filter\n```"}.Func(),
		modules.State[flushArgs]{Name: "nftables.flush", Virtual: stateVirtual, Check: checkFlush,
			Doc: "Removes all rules of a table or of a chain.\n\n```yaml\nempty:\n  nftables.flush:\n    - family: inet\n    - table: filter\n    - chain: input\n```"}.Func(),
		modules.State[policyArgs]{Name: "nftables.set_policy", Virtual: stateVirtual, Check: checkPolicy,
			Doc: "Sets what becomes of packets that no rule of a chain decides.\n\n```yaml\ndefault drop:\n  nftables.set_policy:\n    - family: inet\n    - table: filter\n    - chain: input\n    - policy: drop\n```"}.Func(),
	}, execFuncs()...)
}

type ruleArgs struct {
	Name   string   `arg:"name,required" doc:"A name for the rule in the results."`
	Family string   `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
	Rule   *py.Dict `arg:"**"`
}

type tableArgs struct {
	Name   string   `arg:"name,required" doc:"The table."`
	Family string   `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
	Extra  *py.Dict `arg:"**"`
}

type chainPresentArgs struct {
	Name      string   `arg:"name,required" doc:"The chain."`
	Table     string   `arg:"table" default:"filter" doc:"The table."`
	TableType py.Value `arg:"table_type" doc:"Of a base chain: filter, nat or route."`
	Hook      py.Value `arg:"hook" doc:"Of a base chain: its hook."`
	Priority  py.Value `arg:"priority" doc:"Of a base chain: its priority."`
	Family    string   `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

type chainAbsentArgs struct {
	Name   string `arg:"name,required" doc:"The chain."`
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Family string `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

type flushArgs struct {
	Name          string   `arg:"name,required" doc:"A name in the results."`
	Family        string   `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
	IgnoreAbsence bool     `arg:"ignore_absence" default:"False" doc:"A table or chain that is not there is no failure."`
	Table         string   `arg:"table" default:"filter" doc:"The table."`
	Chain         *string  `arg:"chain" doc:"The chain; all by default."`
	Extra         *py.Dict `arg:"**"`
}

type policyArgs struct {
	Name         string   `arg:"name,required" doc:"A name in the results."`
	Table        string   `arg:"table" default:"filter" doc:"The table."`
	Family       string   `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
	Chain        *string  `arg:"chain" doc:"The chain."`
	Policy       *string  `arg:"policy" doc:"accept or drop."`
	Save         bool     `arg:"save" doc:"Write the rules to a file."`
	SaveFilename string   `arg:"save_filename" doc:"That file; /etc/nftables by default."`
	Extra        *py.Dict `arg:"**"`
}

// pending makes a plan of a function that is run with a nil writer in test mode.
func pending(ctx context.Context, c *modules.Call, family string, run func(n *nft) (modules.Done, error)) (modules.Plan, error) {
	do := func(ctx context.Context, w host.Writer) (modules.Done, error) {
		n, err := open(ctx, c, w, family)
		if err != nil {
			return modules.Done{}, err
		}
		return run(n)
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

func inOrder(format string, args ...any) (modules.Done, error) {
	return modules.OK(fmt.Sprintf(format, args...), nil), nil
}

// result is that of something that was tried.
func result(a answer, err error, name, done, failed string) (modules.Done, error) {
	if err != nil || !a.ok {
		return modules.Failed(failed), err
	}
	return modules.OK(done, py.DictOf("locale", py.Str(name))), nil
}

func checkTablePresent(ctx context.Context, c *modules.Call, a *tableArgs) (modules.Plan, error) {
	return pending(ctx, c, a.Family, func(n *nft) (modules.Done, error) {
		there, err := n.checkTable(a.Name)
		switch {
		case err != nil:
			return modules.Done{}, err
		case there.ok:
			return inOrder("nftables table %s already exists in family %s", a.Name, a.Family)
		case n.w == nil:
			return would("nftables table %s would be created in family %s", a.Name, a.Family)
		}
		did, err := n.newTable(a.Name)
		return result(did, err, a.Name, fmt.Sprintf("nftables table %s successfully created in family %s", a.Name, a.Family),
			fmt.Sprintf("Failed to create table %s for family %s", a.Name, a.Family))
	})
}

func checkTableAbsent(ctx context.Context, c *modules.Call, a *tableArgs) (modules.Plan, error) {
	return pending(ctx, c, a.Family, func(n *nft) (modules.Done, error) {
		there, err := n.checkTable(a.Name)
		switch {
		case err != nil:
			return modules.Done{}, err
		case !there.ok:
			return inOrder("nftables table %s is already absent from family %s", a.Name, a.Family)
		case n.w == nil:
			return would("nftables table %s would be deleted from family %s", a.Name, a.Family)
		}
		did, err := n.deleteTable(a.Name)
		return result(did, err, a.Name, fmt.Sprintf("nftables table %s successfully deleted from family %s", a.Name, a.Family),
			fmt.Sprintf("Failed to delete table %s from family %s", a.Name, a.Family))
	})
}

func checkChainPresent(ctx context.Context, c *modules.Call, a *chainPresentArgs) (modules.Plan, error) {
	return pending(ctx, c, a.Family, func(n *nft) (modules.Done, error) {
		there, err := n.checkChain(a.Table, a.Name)
		switch {
		case err != nil:
			return modules.Done{}, err
		case there.ok:
			return inOrder("nftables %s chain is already exist in %s table for %s", a.Name, a.Table, a.Family)
		case n.w == nil:
			return would("nftables chain %s would be created in table %s for family %s", a.Name, a.Table, a.Family)
		}
		did, err := n.newChain(a.Table, a.Name, a.TableType, a.Hook, a.Priority)
		return result(did, err, a.Name, fmt.Sprintf("nftables %s chain in %s table create success for %s", a.Name, a.Table, a.Family),
			fmt.Sprintf("Failed to create %s chain in %s table: %s for %s", a.Name, a.Table, strings.TrimSpace(did.comment), a.Family))
	})
}

// checkChainAbsent does what Salt's is meant to do. Salt removes the chain in
// test mode too, and then fails with an exception.
func checkChainAbsent(ctx context.Context, c *modules.Call, a *chainAbsentArgs) (modules.Plan, error) {
	return pending(ctx, c, a.Family, func(n *nft) (modules.Done, error) {
		there, err := n.both(a.Table, a.Name)
		switch {
		case err != nil:
			return modules.Done{}, err
		case !there.ok:
			return inOrder("nftables %s chain is already absent in %s table for %s", a.Name, a.Table, a.Family)
		case n.w == nil:
			return would("nftables chain %s would be removed from table %s for family %s", a.Name, a.Table, a.Family)
		}
		did, err := n.flush(a.Table, a.Name)
		if err != nil || !did.ok {
			return modules.Failed(fmt.Sprintf("Failed to flush %s chain in %s table: %s for %s", a.Name, a.Table, did.comment, a.Family)), err
		}
		did, err = n.deleteChain(a.Table, a.Name)
		return result(did, err, a.Name, fmt.Sprintf("nftables %s chain in %s table delete success for %s", a.Name, a.Table, a.Family),
			fmt.Sprintf("Failed to delete %s chain in %s table: %s for %s", a.Name, a.Table, did.comment, a.Family))
	})
}

func checkFlush(ctx context.Context, c *modules.Call, a *flushArgs) (modules.Plan, error) {
	return pending(ctx, c, a.Family, func(n *nft) (modules.Done, error) {
		if n.w == nil {
			return would("nftables flush not performed in test mode.")
		}
		table, err := n.checkTable(a.Table)
		if err != nil {
			return modules.Done{}, err
		}
		if !a.IgnoreAbsence && !table.ok {
			return modules.Failed(fmt.Sprintf("Failed to flush table %s in family %s, table does not exist.", a.Table, a.Family)), nil
		}
		name, gone := "", !table.ok
		if a.Chain != nil {
			name = *a.Chain
			chain, err := n.checkChain(a.Table, name)
			if err != nil {
				return modules.Done{}, err
			}
			if !a.IgnoreAbsence && !chain.ok {
				return modules.Failed(fmt.Sprintf("Failed to flush chain %s in table %s in family %s, chain does not exist.", name, a.Table, a.Family)), nil
			}
			gone = gone || !chain.ok
		}
		did, err := n.flush(a.Table, name)
		did.ok = did.ok || gone
		return result(did, err, a.Name, fmt.Sprintf("Flush nftables rules in %s table %s chain %s family", a.Table, name, a.Family), "Failed to flush nftables rules")
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
	return pending(ctx, c, a.Family, func(n *nft) (modules.Done, error) {
		if n.w == nil {
			// Salt: nftables.get_policy never finds a policy, so it is set each time
			return would("nftables default policy for chain %s on table %s for %s needs to be set to %s", chain, a.Table, a.Family, policy)
		}
		ok, err := n.setPolicy(a.Table, chain, strings.ToLower(policy))
		d, err := result(answer{ok: ok}, err, a.Name, fmt.Sprintf("Set default policy for %s to %s family %s", chain, policy, a.Family), "Failed to set nftables default policy")
		if err == nil && ok && a.Save {
			_, err = n.save(a.SaveFilename)
			d.Comment = fmt.Sprintf("Set and saved default policy for %s to %s family %s", chain, policy, a.Family)
		}
		return d, err
	})
}

// theRule is a rule that a state is to keep in or out of a chain.
type theRule struct {
	table, chain, rule string
	position           py.Value // nil when not given
	save               bool
}

func newRule(fam string, kw *py.Dict) (*theRule, error) {
	args := kw.Copy()
	r := &theRule{position: args.Lookup("position"), save: py.IsTrue(py.OrNone(args.Lookup("save")))}
	for _, k := range []string{"position", "save", "full", "command"} {
		args.DeleteStr(k)
	}
	table, okTable := args.DeleteStr("table")
	chain, okChain := args.DeleteStr("chain")
	var err error
	if r.rule, err = buildRule(fam, args); err != nil {
		return nil, err
	}
	switch {
	case !okTable:
		return nil, py.KeyError(py.Str("table"))
	case !okChain:
		return nil, py.KeyError(py.Str("chain"))
	}
	r.table, r.chain = py.ToStr(table), py.ToStr(chain)
	return r, nil
}

func checkRule(ctx context.Context, c *modules.Call, fun string, a *ruleArgs) (modules.Plan, error) {
	return pending(ctx, c, a.Family, func(n *nft) (modules.Done, error) {
		r, err := newRule(n.fam, a.Rule)
		if err != nil {
			return modules.Done{}, err
		}
		there, err := n.check(r.table, r.chain, r.rule)
		if err != nil {
			return modules.Done{}, err
		}
		switch fun {
		case "append":
			return n.appendRule(a.Name, r, there.ok)
		case "insert":
			return n.insertRule(a.Name, r, there.ok)
		}
		return n.deleteRule(a.Name, r, there.ok)
	})
}

// saved writes the file after a change, where that is wanted.
func (n *nft) saved(r *theRule, d modules.Done, err error, comment string) (modules.Done, error) {
	if err != nil || d.Result != low.True || !r.save {
		return d, err
	}
	d.Comment = comment
	_, err = n.save("")
	return d, err
}

func (n *nft) appendRule(name string, r *theRule, there bool) (modules.Done, error) {
	switch {
	case there:
		return inOrder("nftables rule for %s already set (%s) for %s", name, r.rule, n.family)
	case n.w == nil:
		return would("nftables rule for %s needs to be set (%s) for %s", name, r.rule, n.family)
	}
	a, err := n.add("add", r.table, r.chain, nil, r.rule)
	d, err := result(a, err, name, fmt.Sprintf("Set nftables rule for %s to: %s for %s", name, r.rule, n.family),
		fmt.Sprintf("Failed to set nftables rule for %s.\nAttempted rule was %s for %s.\n%s", name, r.rule, n.family, a.comment))
	return n.saved(r, d, err, fmt.Sprintf("Set and Saved nftables rule for %s to: %s for %s", name, r.rule, n.family))
}

func (n *nft) insertRule(name string, r *theRule, there bool) (modules.Done, error) {
	switch {
	case there:
		return inOrder("nftables rule for %s already set for %s (%s)", name, n.family, r.rule)
	case n.w == nil:
		return would("nftables rule for %s needs to be set for %s (%s)", name, n.family, r.rule)
	case r.position == nil:
		return modules.Done{}, py.KeyError(py.Str("position"))
	}
	a, err := n.add("insert", r.table, r.chain, r.position, r.rule)
	d, err := result(a, err, name, fmt.Sprintf("Set nftables rule for %s to: %s for %s", name, r.rule, n.family),
		fmt.Sprintf("Failed to set nftables rule for %s.\nAttempted rule was %s", name, r.rule))
	return n.saved(r, d, err, fmt.Sprintf("Set and Saved nftables rule for %s to: %s for %s", name, r.rule, n.family))
}

// deleteRule does what Salt's is meant to do. Salt formats the answer about the
// handle into the command, in the place of the handle, and always fails.
func (n *nft) deleteRule(name string, r *theRule, there bool) (modules.Done, error) {
	switch {
	case !there:
		return inOrder("nftables rule for %s already absent for %s (%s)", name, n.family, r.rule)
	case n.w == nil:
		return would("nftables rule for %s needs to be deleted for %s (%s)", name, n.family, r.rule)
	}
	rule := r.rule
	if r.position != nil {
		rule = ""
	}
	a, err := n.remove(r.table, r.chain, r.position, rule)
	d, err := result(a, err, name, fmt.Sprintf("Delete nftables rule for %s %s", name, r.rule),
		fmt.Sprintf("Failed to delete nftables rule for %s.\nAttempted rule was %s", name, r.rule))
	return n.saved(r, d, err, fmt.Sprintf("Deleted and Saved nftables rule for %s for %s%s", name, r.rule, n.family))
}
