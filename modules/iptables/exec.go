package iptables

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type familyArgs struct {
	Family string `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

type buildArgs struct {
	Table    string   `arg:"table" default:"filter" doc:"The table."`
	Chain    string   `arg:"chain" doc:"The chain."`
	Command  string   `arg:"command" doc:"A for append, I for insert, ... or the long option."`
	Position py.Value `arg:"position" default:"''" doc:"Where to insert or what to delete."`
	Full     bool     `arg:"full" doc:"The whole command line."`
	Family   string   `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
	Rule     *py.Dict `arg:"**"`
}

type savedArgs struct {
	File   string `arg:"conf_file" doc:"The file; by default the system's."`
	Family string `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

type savedPolicyArgs struct {
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Chain  string `arg:"chain" doc:"The chain."`
	File   string `arg:"conf_file" doc:"The file; by default the system's."`
	Family string `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

type tableChainArgs struct {
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Chain  string `arg:"chain" doc:"The chain."`
	Family string `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

type setPolicyArgs struct {
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Chain  string `arg:"chain" doc:"The chain."`
	Policy string `arg:"policy" doc:"ACCEPT or DROP."`
	Family string `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

type saveArgs struct {
	File   string `arg:"filename" doc:"The file; by default the system's."`
	Family string `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

type chainRuleArgs struct {
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Chain  string `arg:"chain" doc:"The chain."`
	Rule   string `arg:"rule" doc:"The rule, as on iptables' command line."`
	Family string `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

type insertArgs struct {
	Table    string   `arg:"table" default:"filter" doc:"The table."`
	Chain    string   `arg:"chain" doc:"The chain."`
	Position py.Value `arg:"position" doc:"Its place, from 1; negative ones count from the end."`
	Rule     string   `arg:"rule" doc:"The rule, as on iptables' command line."`
	Family   string   `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

type deleteArgs struct {
	Table    string   `arg:"table,required" doc:"The table."`
	Chain    string   `arg:"chain" doc:"The chain."`
	Position py.Value `arg:"position" doc:"Its place, from 1."`
	Rule     string   `arg:"rule" doc:"The rule, as on iptables' command line."`
	Family   string   `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

type execFlushArgs struct {
	Table  string `arg:"table" default:"filter" doc:"The table."`
	Chain  string `arg:"chain" default:"''" doc:"The chain; all by default."`
	Family string `arg:"family" default:"ipv4" doc:"ipv4 or ipv6."`
}

func query[A any](name, doc string, family func(*A) string, run func(*tables, *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "iptables." + name, Doc: doc, Virtual: virtual,
		Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
			t, err := open(ctx, c, nil, family(a))
			if err != nil {
				return nil, err
			}
			return run(t, a)
		}}.Func()
}

func action[A any](name, doc string, family func(*A) string, run func(*tables, *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "iptables." + name, Doc: doc, Virtual: virtual,
		Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
			t, err := open(ctx, c, w, family(a))
			if err != nil {
				return nil, err
			}
			return run(t, a)
		}}.Func()
}

const (
	noChain = py.Str("Error: Chain needs to be specified")
	noRule  = py.Str("Error: Rule needs to be specified")
)

func str(s string, err error) (py.Value, error) { return py.Str(s), err }

// trueOrSaid is True when a command said nothing.
func trueOrSaid(s string, err error) (py.Value, error) {
	if s == "" {
		return py.True, err
	}
	return py.Str(s), err
}

func rulesOf(text string, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	d, err := parseRules(text)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// savedText reads the saved rules.
func (t *tables) savedText(file string) (string, error) {
	if file == "" {
		var err error
		if file, err = t.savedPath(); err != nil {
			return "", err
		}
	}
	data, err := t.r.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: read the saved rules: %w", file, err)
	}
	return string(data), nil
}

func execFuncs() []*modules.Func {
	tc := func(a *tableChainArgs) string { return a.Family }
	return []*modules.Func{
		query("version", "Gives the version of iptables.", func(a *familyArgs) string { return a.Family }, func(t *tables, _ *familyArgs) (py.Value, error) {
			s, err := t.c.Ask(t.ctx, t.path, "--version")
			if w := strings.Fields(s.Out); len(w) > 1 {
				return py.Str(w[1]), err
			}
			return py.Str(s.Out), err
		}),
		query("build_rule", "Makes the text of a rule, or of the whole command line.", func(a *buildArgs) string { return a.Family }, runBuild),
		query("get_rules", "Gives the rules of the kernel by table and chain.", func(a *familyArgs) string { return a.Family },
			func(t *tables, _ *familyArgs) (py.Value, error) { return rulesOf(t.dump("")) }),
		query("get_saved_rules", "Gives the rules of a file by table and chain.", func(a *savedArgs) string { return a.Family },
			func(t *tables, a *savedArgs) (py.Value, error) { return rulesOf(t.savedText(a.File)) }),
		query("get_policy", "Gives the policy of a chain.", tc, func(t *tables, a *tableChainArgs) (py.Value, error) { return t.policy(a.Table, a.Chain) }),
		query("get_saved_policy", "Gives the policy of a chain in a file.", func(a *savedPolicyArgs) string { return a.Family },
			func(t *tables, a *savedPolicyArgs) (py.Value, error) {
				if a.Chain == "" {
					return noChain, nil
				}
				text, err := t.savedText(a.File)
				if err != nil {
					return nil, err
				}
				return policyIn(text, a.Table, a.Chain)
			}),
		query("check_chain", "Says whether a chain is there.", tc, func(t *tables, a *tableChainArgs) (py.Value, error) {
			if a.Chain == "" {
				return noChain, nil
			}
			has, err := t.hasChain(a.Table, a.Chain)
			return py.Bool(has), err
		}),
		query("check", "Says whether a rule is there.", func(a *chainRuleArgs) string { return a.Family }, func(t *tables, a *chainRuleArgs) (py.Value, error) {
			switch {
			case a.Chain == "":
				return noChain, nil
			case a.Rule == "":
				return noRule, nil
			}
			has, err := t.check(a.Table, a.Chain, a.Rule)
			return py.Bool(has), err
		}),
		action("set_policy", "Sets the policy of a chain.", func(a *setPolicyArgs) string { return a.Family }, func(t *tables, a *setPolicyArgs) (py.Value, error) {
			switch {
			case a.Chain == "":
				return noChain, nil
			case a.Policy == "":
				return py.Str("Error: Policy needs to be specified"), nil
			}
			return str(t.act(a.Table, "-P "+a.Chain+" "+a.Policy))
		}),
		action("save", "Writes the rules of the kernel to a file.", func(a *saveArgs) string { return a.Family },
			func(t *tables, a *saveArgs) (py.Value, error) { return str(t.save(a.File)) }),
		action("new_chain", "Makes a chain.", tc, func(t *tables, a *tableChainArgs) (py.Value, error) {
			if a.Chain == "" {
				return noChain, nil
			}
			return trueOrSaid(t.act(a.Table, "-N "+a.Chain))
		}),
		action("delete_chain", "Removes an empty chain.", tc, func(t *tables, a *tableChainArgs) (py.Value, error) {
			if a.Chain == "" {
				return noChain, nil
			}
			return trueOrSaid(t.act(a.Table, "-X "+a.Chain))
		}),
		action("append", "Adds a rule at the end of a chain; False when it is there.", func(a *chainRuleArgs) string { return a.Family }, runAppend),
		action("insert", "Adds a rule at a place of a chain; False when it is there.", func(a *insertArgs) string { return a.Family }, runInsert),
		action("delete", "Removes a rule of a chain.", func(a *deleteArgs) string { return a.Family }, func(t *tables, a *deleteArgs) (py.Value, error) {
			rule := a.Rule
			if py.IsTrue(a.Position) {
				if rule != "" {
					return py.Str("Error: Only specify a position or a rule, not both"), nil
				}
				rule = py.ToStr(a.Position)
			}
			return str(t.act(a.Table, "-D "+a.Chain+" "+rule))
		}),
		action("flush", "Removes all rules of a chain or table.", func(a *execFlushArgs) string { return a.Family },
			func(t *tables, a *execFlushArgs) (py.Value, error) { return str(t.act(a.Table, "-F "+a.Chain)) }),
	}
}

func runBuild(t *tables, a *buildArgs) (py.Value, error) {
	rule := buildRule(a.Rule)
	if !a.Full || strings.HasPrefix(rule, "Error: ") {
		return py.Str(rule), nil
	}
	return str(t.full(a.Table, a.Chain, a.Command, py.ToStr(a.Position), rule))
}

func runAppend(t *tables, a *chainRuleArgs) (py.Value, error) {
	switch {
	case a.Chain == "":
		return noChain, nil
	case a.Rule == "":
		return noRule, nil
	}
	if has, err := t.check(a.Table, a.Chain, a.Rule); err != nil || has {
		return py.False, err
	}
	said, err := t.act(a.Table, "-A "+a.Chain+" "+a.Rule)
	return py.Bool(said == ""), err
}

func runInsert(t *tables, a *insertArgs) (py.Value, error) {
	if a.Chain != "" && a.Rule != "" && py.IsTrue(a.Position) {
		if has, err := t.check(a.Table, a.Chain, a.Rule); err != nil || has {
			return py.False, err
		}
	}
	return str(t.insert(a.Table, a.Chain, a.Position, a.Rule))
}
