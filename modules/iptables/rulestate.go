package iptables

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// oneRule is a rule that a state is to keep in or out of a chain.
type oneRule struct {
	name, table, chain string
	position           py.Value // nil when not given
	save               py.Value
	// rule is its text, command the whole command line.
	rule, command string
}

// newRule reads the arguments of append, insert and delete.
func (t *tables) newRule(fun, name, table string, kw *py.Dict) (*oneRule, error) {
	command := map[string]string{"append": "A", "insert": "I", "delete": "D"}[fun]
	args := kw.Copy()
	chain, ok := args.GetStr("chain")
	r := &oneRule{name: name, table: table, position: args.Lookup("position"), save: args.Lookup("save")}
	position := ""
	if v, ok := args.DeleteStr("position"); ok {
		position = py.ToStr(v)
	}
	for _, k := range []string{"command", "full"} {
		if args.Has(k) {
			return nil, py.TypeErrorf("build_rule() got multiple values for keyword argument '%s'", k)
		}
	}
	r.rule = buildRule(args)
	if ok {
		r.chain = py.ToStr(chain)
	}
	if strings.HasPrefix(r.rule, "Error: ") {
		r.command = r.rule
	} else {
		var err error
		if r.command, err = t.full(table, r.chain, command, position, r.rule); err != nil {
			return nil, err
		}
		r.command = strings.TrimSpace(r.command)
	}
	if !ok {
		return nil, py.KeyError(py.Str("chain"))
	}
	return r, nil
}

// present says whether the rule is there. A chain or rule of no text is not.
func (t *tables) present(r *oneRule) (bool, error) {
	if r.chain == "" || r.rule == "" {
		return false, nil
	}
	return t.check(r.table, r.chain, r.rule)
}

func checkRules(ctx context.Context, c *modules.Call, fun string, a *ruleArgs) (modules.Plan, error) {
	return pending(ctx, c, a.Family, func(t *tables) (modules.Done, error) {
		if list, ok := a.Rules.(*py.List); ok {
			return t.ruleList(fun, list)
		}
		return t.oneRule(fun, a.Name, a.Table, a.Rule)
	})
}

// ruleList does a list of rules: the last result counts, and the file is
// written once, at the end.
func (t *tables) ruleList(fun string, list *py.List) (modules.Done, error) {
	d := modules.Done{Result: low.None}
	names := py.NewList()
	var comments []string
	var file string
	save := false
	for i, it := range list.Items {
		kw, ok := it.(*py.Dict)
		if !ok {
			return d, modules.SaltInvocationError(fmt.Sprintf("iptables.%s: rules: item %d is no mapping", fun, i+1))
		}
		kw = kw.Copy()
		for _, k := range kw.Keys() {
			if name := py.ToStr(k); name != "name" && low.IsInternal(name) || name == "rules" || name == "__agg__" {
				kw.DeleteStr(name)
			}
		}
		if f, ok := saveFile(kw.Lookup("save")); ok {
			kw.DeleteStr("save")
			file, save = f, fun != "delete" // Salt: does not save after deleting
		}
		rule := *t
		if v, ok := kw.DeleteStr("family"); ok {
			other, err := open(t.ctx, t.c, t.w, py.ToStr(v))
			if err != nil {
				return d, err
			}
			rule = *other
		}
		name, _ := kw.DeleteStr("name")
		table := "filter"
		if v, ok := kw.DeleteStr("table"); ok {
			table = py.ToStr(v)
		}
		one, err := rule.oneRule(fun, py.ToStr(py.OrNone(name)), table, kw)
		if err != nil {
			return d, err
		}
		if one.Changes != nil {
			names.Append(one.Changes.(*py.Dict).Lookup("locale"))
		}
		comments = append(comments, one.Comment)
		d.Result = one.Result
	}
	if save && t.w != nil {
		if _, err := t.save(file); err != nil {
			return d, err
		}
	}
	if names.Len() > 0 {
		d.Changes = py.DictOf("locale", names)
	}
	d.Comment = strings.Join(comments, "\n")
	return d, nil
}

func (t *tables) oneRule(fun, name, table string, kw *py.Dict) (modules.Done, error) {
	kw = kw.Copy()
	kw.DeleteStr("__agg__")
	r, err := t.newRule(fun, name, table, kw)
	if err != nil {
		return modules.Done{}, err
	}
	there, err := t.present(r)
	if err != nil {
		return modules.Done{}, err
	}
	switch fun {
	case "append":
		return t.appendRule(r, there)
	case "insert":
		return t.insertRule(r, there)
	}
	return t.deleteRule(r, there)
}

// asIs is the result of a rule that is there already; the file is written when
// it has not the rules of the kernel.
func (t *tables) asIs(r *oneRule, comment string) (modules.Done, error) {
	d := modules.OK(comment, nil)
	file, ok := saveFile(r.save)
	if !ok {
		return d, nil
	}
	same, err := t.savedIsActive(file)
	if err != nil || same {
		return d, err
	}
	if t.w == nil {
		// Salt saves here in test mode too
		d.Result = low.None
		d.Comment += fmt.Sprintf("\niptables rules for %s would be saved", t.family)
		return d, nil
	}
	out, err := t.save(file)
	d.Comment += fmt.Sprintf("\nSaved iptables rule %s for %s\n%s\n%s", r.name, t.family, r.command, out)
	return d, err
}

// savedIsActive says whether a file has the rules of the kernel, chain by chain.
func (t *tables) savedIsActive(file string) (bool, error) {
	if file == "" {
		var err error
		if file, err = t.savedPath(); err != nil {
			return false, err
		}
	}
	data, err := t.r.ReadFile(file)
	if err != nil {
		return false, fmt.Errorf("%s: read the saved rules: %w", file, err)
	}
	active, err := t.dump("")
	if err != nil {
		return false, err
	}
	var lists [2][]py.Value
	for i, text := range []string{string(data), active} {
		rules, err := parseRules(text)
		if err != nil {
			return false, err
		}
		for _, table := range rules.All() {
			for _, chain := range table.(*py.Dict).All() {
				lists[i] = append(lists[i], chain.(*py.Dict).Lookup("rules"))
			}
		}
	}
	return slices.EqualFunc(lists[0], lists[1], func(a, b py.Value) bool { eq, err := py.Equal(a, b); return err == nil && eq }), nil
}

func (t *tables) appendRule(r *oneRule, there bool) (modules.Done, error) {
	switch {
	case there:
		return t.asIs(r, fmt.Sprintf("iptables rule for %s already set (%s) for %s", r.name, r.command, t.family))
	case t.w == nil:
		return would("iptables rule for %s needs to be set (%s) for %s", r.name, r.command, t.family)
	}
	failed := modules.Failed(fmt.Sprintf("Failed to set iptables rule for %s.\nAttempted rule was %s for %s", r.name, r.command, t.family))
	if r.chain != "" && r.rule != "" { // Salt: takes the text of an error for success there
		said, err := t.act(r.table, "-A "+r.chain+" "+r.rule)
		if err != nil || said != "" {
			return failed, err
		}
	}
	d := changed(r.name, "Set iptables rule for %s to: %s for %s", r.name, r.command, t.family)
	return t.saved(r, d, "Set and saved")
}

// saved writes the file after a change, where that is wanted.
func (t *tables) saved(r *oneRule, d modules.Done, did string) (modules.Done, error) {
	file, ok := saveFile(r.save)
	if !ok {
		return d, nil
	}
	out, err := t.save(file)
	d.Comment = fmt.Sprintf("%s iptables rule %s for %s\n%s\n%s", did, r.name, t.family, r.command, out)
	return d, err
}

func (t *tables) insertRule(r *oneRule, there bool) (modules.Done, error) {
	switch {
	case there:
		return t.asIs(r, fmt.Sprintf("iptables rule for %s already set for %s (%s)", r.name, t.family, r.command))
	case t.w == nil:
		return would("iptables rule for %s needs to be set for %s (%s)", r.name, t.family, r.command)
	case r.position == nil:
		return modules.Done{}, py.KeyError(py.Str("position"))
	}
	said, err := t.insert(r.table, r.chain, r.position, r.rule)
	if err != nil || said != "" {
		return modules.Failed(fmt.Sprintf("Failed to set iptables rule for %s.\nAttempted rule was %s", r.name, r.command)), err
	}
	d := changed(r.name, "Set iptables rule for %s to: %s for %s", r.name, r.command, t.family)
	return t.saved(r, d, "Set and saved")
}

// insert puts a rule at a position, which counts from the end when negative.
// It returns what iptables said, or why it was not asked.
func (t *tables) insert(table, chain string, position py.Value, rule string) (string, error) {
	switch {
	case chain == "":
		return "Error: Chain needs to be specified", nil
	case position == nil || !py.IsTrue(position):
		return "Error: Position needs to be specified or use append (-A)", nil
	case rule == "":
		return "Error: Rule needs to be specified", nil
	}
	n, ok := py.AsInt(position)
	if !ok {
		return "", py.TypeErrorf("'<' not supported between instances of '%s' and 'int'", position.Type())
	}
	if n < 0 {
		text, err := t.dump("")
		if err != nil {
			return "", err
		}
		rules, err := parseRules(text)
		if err != nil {
			return "", err
		}
		tb, _ := rules.Lookup(table).(*py.Dict)
		ch, _ := tb.Lookup(chain).(*py.Dict)
		l, ok := ch.Lookup("rules").(*py.List)
		if !ok {
			return "", py.KeyError(py.Str(chain))
		}
		if n = int64(l.Len()) + n + 1; n == 0 {
			n = 1
		}
	}
	return t.act(table, fmt.Sprintf("-I %s %d %s", chain, n, rule))
}

func (t *tables) deleteRule(r *oneRule, there bool) (modules.Done, error) {
	switch {
	case !there && r.position == nil:
		return modules.OK(fmt.Sprintf("iptables rule for %s already absent for %s (%s)", r.name, t.family, r.command), nil), nil
	case t.w == nil:
		return would("iptables rule for %s needs to be deleted for %s (%s)", r.name, t.family, r.command)
	}
	rule := r.rule
	if r.position != nil {
		rule = py.ToStr(r.position)
	}
	said, err := t.act(r.table, "-D "+r.chain+" "+rule)
	if err != nil || said != "" {
		return modules.Failed(fmt.Sprintf("Failed to delete iptables rule for %s.\nAttempted rule was %s", r.name, r.command)), err
	}
	d := changed(r.name, "Delete iptables rule for %s %s", r.name, r.command)
	return t.saved(r, d, "Deleted and saved")
}
