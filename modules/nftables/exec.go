package nftables

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type familyArgs struct {
	Family string `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

type buildArgs struct {
	Table    string   `arg:"table" doc:"The table."`
	Chain    string   `arg:"chain" doc:"The chain."`
	Command  string   `arg:"command" doc:"insert, add or delete."`
	Position py.Value `arg:"position" default:"''" doc:"The handle of the rule before which to insert."`
	Full     py.Value `arg:"full" doc:"The text True: the whole command line."`
	Family   string   `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
	Rule     *py.Dict `arg:"**"`
}

type confArgs struct {
	File string `arg:"conf_file" doc:"The file; /etc/nftables by default."`
}

type saveArgs struct {
	File   string `arg:"filename" doc:"The file; /etc/nftables by default."`
	Family string `arg:"family" default:"ipv4" doc:"Has no effect: all families are saved."`
}

type ruleOfArgs struct {
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Chain  string `arg:"chain" doc:"The chain."`
	Rule   string `arg:"rule" doc:"The rule, as on nft's command line."`
	Family string `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

type insertArgs struct {
	Table    string   `arg:"table" default:"filter" doc:"The table."`
	Chain    string   `arg:"chain" doc:"The chain."`
	Position py.Value `arg:"position" doc:"The handle of the rule before which to insert."`
	Rule     string   `arg:"rule" doc:"The rule, as on nft's command line."`
	Family   string   `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

type deleteArgs struct {
	Table    string   `arg:"table,required" doc:"The table."`
	Chain    string   `arg:"chain" doc:"The chain."`
	Position py.Value `arg:"position" doc:"The handle of the rule."`
	Rule     string   `arg:"rule" doc:"The rule, as on nft's command line."`
	Family   string   `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

type chainOfArgs struct {
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Chain  string `arg:"chain" doc:"The chain."`
	Family string `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

type flushExecArgs struct {
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Chain  string `arg:"chain" default:"''" doc:"The chain; all by default."`
	Family string `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

type tableOfArgs struct {
	Table  string `arg:"table" doc:"The table."`
	Family string `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

type newChainArgs struct {
	Table     string   `arg:"table" default:"filter" doc:"The table."`
	Chain     string   `arg:"chain" doc:"The chain."`
	TableType py.Value `arg:"table_type" doc:"Of a base chain: filter, nat or route."`
	Hook      py.Value `arg:"hook" doc:"Of a base chain: its hook."`
	Priority  py.Value `arg:"priority" doc:"Of a base chain: its priority."`
	Family    string   `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

type setPolicyArgs struct {
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Chain  string `arg:"chain" doc:"The chain."`
	Policy string `arg:"policy" doc:"accept or drop."`
	Family string `arg:"family" default:"ipv4" doc:"ip, ip6, inet, arp, bridge or netdev."`
}

func query[A any](name, doc string, family func(*A) string, run func(*nft, *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "nftables." + name, Doc: doc, Virtual: virtual,
		Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
			n, err := open(ctx, c, nil, family(a))
			if err != nil {
				return nil, err
			}
			return run(n, a)
		}}.Func()
}

func action[A any](name, doc string, family func(*A) string, run func(*nft, *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "nftables." + name, Doc: doc, Virtual: virtual,
		Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
			n, err := open(ctx, c, w, family(a))
			if err != nil {
				return nil, err
			}
			return run(n, a)
		}}.Func()
}

func value(a answer, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	return a.value(), nil
}

func list(l *py.List, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

func execFuncs() []*modules.Func {
	fam := func(a *familyArgs) string { return a.Family }
	ruleOf := func(a *ruleOfArgs) string { return a.Family }
	chainOf := func(a *chainOfArgs) string { return a.Family }
	tableOf := func(a *tableOfArgs) string { return a.Family }
	return []*modules.Func{
		query("version", "Gives the version of nft.", func(*noArgs) string { return "ip" }, func(n *nft, _ *noArgs) (py.Value, error) {
			out, err := n.ask("nft --version")
			if w := strings.Fields(out); len(w) > 1 {
				return py.Str(w[1]), err
			}
			return py.Str(out), err
		}),
		query("build_rule", "Makes the text of a rule.", func(a *buildArgs) string { return a.Family }, runBuild),
		query("get_saved_rules", "Gives the lines of a file of rules.", func(*confArgs) string { return "ip" }, runSaved),
		query("list_tables", "Gives the tables of a family.", fam, func(n *nft, _ *familyArgs) (py.Value, error) { return list(n.listTables()) }),
		query("get_rules", "Gives the tables of a family as nft prints them.", fam, func(n *nft, _ *familyArgs) (py.Value, error) {
			rules, err := n.rules()
			return py.Strings(rules...), err
		}),
		query("get_rules_json", "Gives the rules of a family as nft's JSON.", fam, func(n *nft, _ *familyArgs) (py.Value, error) { return list(n.rulesJSON()) }),
		query("get_rule_handle", "Gives the number of a rule.", ruleOf, func(n *nft, a *ruleOfArgs) (py.Value, error) {
			h, ans, err := n.handle(a.Table, a.Chain, a.Rule)
			if err != nil || !ans.ok {
				return value(ans, err)
			}
			return py.DictOf("result", py.True, "handle", py.Str(h)), nil
		}),
		query("check", "Says whether a rule is there.", ruleOf, func(n *nft, a *ruleOfArgs) (py.Value, error) { return value(n.check(a.Table, a.Chain, a.Rule)) }),
		query("check_chain", "Says whether a chain is there.", chainOf, func(n *nft, a *chainOfArgs) (py.Value, error) { return value(n.checkChain(a.Table, a.Chain)) }),
		query("check_table", "Says whether a table is there.", tableOf, func(n *nft, a *tableOfArgs) (py.Value, error) { return value(n.checkTable(a.Table)) }),
		query("get_policy", "Gives the policy of a chain.", chainOf, runGetPolicy),
		action("save", "Writes the rules of all families to a file and returns them.", func(*saveArgs) string { return "ip" }, func(n *nft, a *saveArgs) (py.Value, error) {
			text, err := n.save(a.File)
			return py.Str(text), err
		}),
		action("new_table", "Makes a table.", tableOf, func(n *nft, a *tableOfArgs) (py.Value, error) { return value(n.newTable(a.Table)) }),
		action("delete_table", "Removes a table.", tableOf, func(n *nft, a *tableOfArgs) (py.Value, error) { return value(n.deleteTable(a.Table)) }),
		action("new_chain", "Makes a chain.", func(a *newChainArgs) string { return a.Family }, func(n *nft, a *newChainArgs) (py.Value, error) {
			return value(n.newChain(a.Table, a.Chain, a.TableType, a.Hook, a.Priority))
		}),
		action("delete_chain", "Removes a chain.", chainOf, func(n *nft, a *chainOfArgs) (py.Value, error) { return value(n.deleteChain(a.Table, a.Chain)) }),
		action("append", "Adds a rule at the end of a chain.", ruleOf, func(n *nft, a *ruleOfArgs) (py.Value, error) {
			return value(n.add("add", a.Table, a.Chain, nil, a.Rule))
		}),
		action("insert", "Adds a rule before another.", func(a *insertArgs) string { return a.Family }, func(n *nft, a *insertArgs) (py.Value, error) {
			return value(n.add("insert", a.Table, a.Chain, a.Position, a.Rule))
		}),
		action("delete", "Removes a rule.", func(a *deleteArgs) string { return a.Family }, func(n *nft, a *deleteArgs) (py.Value, error) {
			return value(n.remove(a.Table, a.Chain, a.Position, a.Rule))
		}),
		action("flush", "Removes all rules of a chain or table.", func(a *flushExecArgs) string { return a.Family }, func(n *nft, a *flushExecArgs) (py.Value, error) {
			return value(n.flush(a.Table, a.Chain))
		}),
		action("set_policy", "Sets the policy of a chain.", func(a *setPolicyArgs) string { return a.Family }, func(n *nft, a *setPolicyArgs) (py.Value, error) {
			switch {
			case a.Chain == "":
				return py.Str("Error: Chain needs to be specified"), nil
			case a.Policy == "":
				return py.Str("Error: Policy needs to be specified"), nil
			}
			ok, err := n.setPolicy(a.Table, a.Chain, a.Policy)
			return py.Bool(ok), err
		}),
	}
}

func runBuild(n *nft, a *buildArgs) (py.Value, error) {
	for _, k := range []string{"state", "save"} {
		a.Rule.DeleteStr(k)
	}
	rule, err := buildRule(n.fam, a.Rule)
	if err != nil {
		return nil, err
	}
	d := py.DictOf("comment", py.Str(""), "rule", py.Str(rule), "result", py.False)
	if s, ok := a.Full.(py.Str); ok && strings.ToLower(string(s)) == "true" {
		switch {
		case a.Table == "":
			d.SetStr("comment", py.Str("Table needs to be specified"))
			return d, nil
		case a.Chain == "":
			d.SetStr("comment", py.Str("Chain needs to be specified"))
			return d, nil
		case a.Command == "":
			d.SetStr("comment", py.Str("Command needs to be specified"))
			return d, nil
		}
		verb, at := a.Command, ""
		if slices.Contains([]string{"Insert", "insert", "INSERT"}, a.Command) {
			verb = "insert"
			if py.IsTrue(a.Position) {
				at = "position " + py.ToStr(a.Position) + " "
			}
		}
		rule = fmt.Sprintf("nft %s rule %s %s %s %s%s", verb, n.fam, a.Table, a.Chain, at, rule)
		d.SetStr("rule", py.Str(rule))
	}
	if rule != "" {
		d.SetStr("comment", py.Str("Successfully built rule"))
	}
	d.SetStr("result", py.True)
	return d, nil
}

func runSaved(n *nft, a *confArgs) (py.Value, error) {
	file := a.File
	if file == "" {
		var err error
		if file, err = n.savedPath(); err != nil {
			return nil, err
		}
	}
	data, err := n.r.ReadFile(file)
	if err != nil {
		return nil, err
	}
	out := py.NewList()
	for l := range strings.Lines(string(data)) {
		if s := strings.TrimSpace(l); s != "" && !strings.HasPrefix(s, "#") {
			out.Append(py.Str(l))
		}
	}
	return out, nil
}

// runGetPolicy finds the policy of a chain, None when it has none. Salt's looks
// into its list of rules as if it were a mapping, and never finds one.
func runGetPolicy(n *nft, a *chainOfArgs) (py.Value, error) {
	if a.Chain == "" {
		return py.Str("Error: Chain needs to be specified"), nil
	}
	rules, err := n.rulesJSON()
	if err != nil {
		return nil, err
	}
	for _, it := range rules.Items {
		d, _ := it.(*py.Dict)
		if info, ok := d.Lookup("chain").(*py.Dict); ok && info.String("table") == a.Table && info.String("name") == a.Chain {
			return py.OrNone(info.Lookup("policy")), nil
		}
	}
	return py.None, nil
}
