// Package nftables has Salt's nftables module: tables, chains, rules and
// policies of nft(8).
package nftables

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/internal/saltargs"
	"pinch/modules"
)

// families gives nft's name of a family for each that Salt knows.
var families = map[string]string{"ipv4": "ip", "ip4": "ip", "ip": "ip", "ipv6": "ip6", "ip6": "ip6",
	"inet": "inet", "arp": "arp", "bridge": "bridge", "netdev": "netdev"}

func virtual(c *modules.Call) (bool, string) {
	return c.LookPath("nft") != "", "The nftables execution module failed to load: nftables is not installed."
}

func stateVirtual(c *modules.Call) (bool, string) {
	return c.LookPath("nft") != "", "nftables module could not be loaded"
}

// answer is what Salt's functions return: whether it is so or was done, and words.
type answer struct {
	ok      bool
	comment string
}

func no(format string, args ...any) answer  { return answer{comment: fmt.Sprintf(format, args...)} }
func yes(format string, args ...any) answer { return answer{true, fmt.Sprintf(format, args...)} }

func (a answer) value() *py.Dict {
	return py.DictOf("comment", py.Str(a.comment), "result", py.Bool(a.ok))
}

// nft is nft(8) for a family; w is nil where nothing may change.
type nft struct {
	ctx context.Context
	c   *modules.Call
	r   host.Reader
	w   host.Writer
	// family is as the user wrote it, fam as nft calls it.
	family, fam string
}

func open(ctx context.Context, c *modules.Call, w host.Writer, family string) (*nft, error) {
	fam, ok := families[family]
	if !ok {
		return nil, py.KeyError(py.Str(family))
	}
	n := &nft{ctx: ctx, c: c, r: c, w: w, family: family, fam: fam}
	if w != nil {
		n.r = w
	}
	return n, nil
}

// ask runs a command line that only looks.
func (n *nft) ask(line string) (string, error) {
	argv, err := saltargs.ShlexSplit(line)
	if err != nil {
		return "", py.ValueErrorf("%v", err)
	}
	s, err := n.c.Ask(n.ctx, argv...)
	return s.All(), err
}

// act runs a command line that changes; what it says is why it failed.
func (n *nft) act(line string) (string, error) {
	argv, err := saltargs.ShlexSplit(line)
	if err != nil {
		return "", py.ValueErrorf("%v", err)
	}
	s, err := n.c.Do(n.ctx, n.w, argv...)
	return s.All(), err
}

func (n *nft) checkTable(table string) (answer, error) {
	if table == "" {
		return no("Table needs to be specified"), nil
	}
	out, err := n.ask("nft list tables " + n.fam)
	if !strings.Contains(out, fmt.Sprintf("table %s %s", n.fam, table)) {
		return no("Table %s in family %s does not exist", table, n.family), err
	}
	return yes("Table %s in family %s exists", table, n.family), err
}

func (n *nft) checkChain(table, chain string) (answer, error) {
	if chain == "" {
		return no("Chain needs to be specified"), nil
	}
	out, err := n.ask(fmt.Sprintf("nft list table %s %s", n.fam, table))
	if !strings.Contains(out, "chain "+chain+" {") {
		return no("Chain %s in table %s in family %s does not exist", chain, table, n.family), err
	}
	return yes("Chain %s in table %s in family %s exists", chain, table, n.family), err
}

// both checks a table and a chain in it.
func (n *nft) both(table, chain string) (answer, error) {
	if a, err := n.checkTable(table); err != nil || !a.ok {
		return a, err
	}
	return n.checkChain(table, chain)
}

// ready checks that a chain and a rule are named and the chain is there.
func (n *nft) ready(table, chain, rule string) (answer, error) {
	switch {
	case chain == "":
		return no("Chain needs to be specified"), nil
	case rule == "":
		return no("Rule needs to be specified"), nil
	}
	return n.both(table, chain)
}

// check looks for a rule as Salt does: its text is a pattern, in which the
// braces of a set may be missing.
func (n *nft) check(table, chain, rule string) (answer, error) {
	if a, err := n.ready(table, chain, rule); err != nil || !a.ok {
		return a, err
	}
	out, err := n.ask(fmt.Sprintf("nft --handle list chain %s %s %s", n.fam, table, chain))
	if err != nil {
		return answer{}, err
	}
	re, err := pyre.Compile(strings.NewReplacer("{ ", "{? ?", " }", " ?}?").Replace(rule+" #"), 0)
	if err != nil {
		return answer{}, fmt.Errorf("nftables: rule %s: %w", rule, err)
	}
	m, err := re.Search(out)
	if err != nil {
		return answer{}, fmt.Errorf("nftables: rule %s: %w", rule, err)
	}
	where := fmt.Sprintf("Rule %s in chain %s in table %s in family %s ", rule, chain, table, n.family)
	if m == nil {
		return no("%s", where+"does not exist"), nil
	}
	return yes("%s", where+"exists"), nil
}

// handle finds the number of a rule. Unlike Salt, which asks for the exact text
// here, it takes the rule that check finds.
func (n *nft) handle(table, chain, rule string) (string, answer, error) {
	if a, err := n.check(table, chain, rule); err != nil || !a.ok {
		return "", a, err
	}
	out, err := n.ask(fmt.Sprintf("nft --numeric --numeric --numeric --handle list chain %s %s %s", n.fam, table, chain))
	if err != nil {
		return "", answer{}, err
	}
	re, err := pyre.Compile(strings.NewReplacer("{ ", "{? ?", " }", " ?}?").Replace(rule)+` # handle (\d+)`, 0)
	if err != nil {
		return "", answer{}, fmt.Errorf("nftables: rule %s: %w", rule, err)
	}
	m, err := re.Search(out)
	if err != nil {
		return "", answer{}, fmt.Errorf("nftables: rule %s: %w", rule, err)
	}
	if m == nil {
		return "", no("Could not find rule %s", rule), nil
	}
	h, _ := m.Group(1)
	return h, answer{ok: true}, nil
}

func (n *nft) newTable(table string) (answer, error) {
	if a, err := n.checkTable(table); err != nil || a.ok || table == "" {
		return a, err
	}
	out, err := n.act(fmt.Sprintf("nft add table %s %s", n.fam, table))
	if out != "" {
		return no("Table %s in family %s could not be created", table, n.family), err
	}
	return yes("Table %s in family %s created", table, n.family), err
}

func (n *nft) deleteTable(table string) (answer, error) {
	if a, err := n.checkTable(table); err != nil || !a.ok {
		return a, err // Salt: says that it is there after deleting nothing, too
	}
	out, err := n.act(fmt.Sprintf("nft delete table %s %s", n.fam, table))
	if out != "" {
		return no("Table %s in family %s could not be deleted", table, n.family), err
	}
	return yes("Table %s in family %s deleted", table, n.family), err
}

func (n *nft) newChain(table, chain string, kind, hook, priority py.Value) (answer, error) {
	if chain == "" {
		return no("Chain needs to be specified"), nil
	}
	if a, err := n.checkTable(table); err != nil || !a.ok {
		return a, err
	}
	if a, err := n.checkChain(table, chain); err != nil || a.ok {
		return no("Chain %s in table %s in family %s already exists", chain, table, n.family), err
	}
	line := fmt.Sprintf("nft -- add chain %s %s %s", n.fam, table, chain)
	if py.IsTrue(kind) || py.IsTrue(hook) || py.IsTrue(priority) {
		if !py.IsTrue(kind) || !py.IsTrue(hook) {
			return no("Table_type, hook, and priority required."), nil
		}
		line += fmt.Sprintf(` \{ type %s hook %s priority %s\; \}`, py.ToStr(kind), py.ToStr(hook), py.ToStr(priority))
	}
	out, err := n.act(line)
	if out != "" {
		return no("Chain %s in table %s in family %s could not be created", chain, table, n.family), err
	}
	return yes("Chain %s in table %s in family %s created", chain, table, n.family), err
}

func (n *nft) deleteChain(table, chain string) (answer, error) {
	if chain == "" {
		return no("Chain needs to be specified"), nil
	}
	if a, err := n.both(table, chain); err != nil || !a.ok {
		return a, err
	}
	out, err := n.act(fmt.Sprintf("nft delete chain %s %s %s", n.fam, table, chain))
	if out != "" {
		return no("Chain %s in table %s in family %s could not be deleted", chain, table, n.family), err
	}
	return yes("Chain %s in table %s in family %s deleted", chain, table, n.family), err
}

// add appends a rule, or inserts it; a position is the handle of a rule.
func (n *nft) add(verb, table, chain string, position py.Value, rule string) (answer, error) {
	if a, err := n.ready(table, chain, rule); err != nil || !a.ok {
		return a, err
	}
	if a, err := n.check(table, chain, rule); err != nil || a.ok {
		return no("Rule %s chain %s in table %s in family %s already exists", rule, chain, table, n.family), err
	}
	at := ""
	if position != nil && py.IsTrue(position) {
		at = "position " + py.ToStr(position) + " "
	}
	out, err := n.act(fmt.Sprintf("nft %s rule %s %s %s %s%s", verb, n.fam, table, chain, at, rule))
	where := fmt.Sprintf(`rule "%s" chain %s in table %s in family %s.`, rule, chain, table, n.family)
	if out != "" {
		return no("Failed to add %s", where), err
	}
	return yes("Added %s", where), err
}

// remove deletes a rule by its text, or by its handle.
func (n *nft) remove(table, chain string, position py.Value, rule string) (answer, error) {
	byHandle := position != nil && py.IsTrue(position)
	if byHandle && rule != "" {
		return no("Only specify a position or a rule, not both"), nil
	}
	if a, err := n.both(table, chain); err != nil || !a.ok {
		return a, err
	}
	h := ""
	if byHandle {
		h = py.ToStr(position)
	} else {
		a, err := n.check(table, chain, rule)
		if err != nil {
			return answer{}, err
		}
		if !a.ok {
			return no("Rule %s chain %s in table %s in family %s does not exist", rule, chain, table, n.family), nil
		}
		if h, a, err = n.handle(table, chain, rule); err != nil || !a.ok {
			return a, err
		}
	}
	out, err := n.act(fmt.Sprintf("nft delete rule %s %s %s handle %s", n.fam, table, chain, h))
	if out != "" {
		return no(`Failed to delete rule "%s" in chain %s  table %s in family %s`, rule, chain, table, n.family), err
	}
	return yes(`Deleted rule "%s" in chain %s in table %s in family %s.`, rule, chain, table, n.family), err
}

func (n *nft) flush(table, chain string) (answer, error) {
	if a, err := n.checkTable(table); err != nil || !a.ok {
		return a, err
	}
	line, what := fmt.Sprintf("nft flush table %s %s", n.fam, table), fmt.Sprintf("from table %s in family %s.", table, n.family)
	if chain != "" {
		if a, err := n.checkChain(table, chain); err != nil || !a.ok {
			return a, err
		}
		line = fmt.Sprintf("nft flush chain %s %s %s", n.fam, table, chain)
		what = fmt.Sprintf("from chain %s in table %s in family %s.", chain, table, n.family)
	}
	out, err := n.act(line)
	if out != "" {
		return no("Failed to flush rules %s", what), err
	}
	return yes("Flushed rules %s", what), err
}

// rulesJSON are all rules of the family, as nft's JSON has them; nil when nft
// cannot say.
func (n *nft) rulesJSON() (*py.List, error) {
	out, err := n.ask("nft --numeric --numeric --numeric --json list ruleset " + n.fam)
	if err != nil {
		return nil, err
	}
	v, err := py.LoadsJSON(out)
	if err != nil {
		return py.NewList(), nil // an error message, or no output
	}
	d, _ := v.(*py.Dict)
	l, ok := d.Lookup("nftables").(*py.List)
	if !ok {
		return py.NewList(), nil
	}
	return l, nil
}

// setPolicy sets the policy of a base chain; ok is false for another.
func (n *nft) setPolicy(table, chain, policy string) (bool, error) {
	rules, err := n.rulesJSON()
	if err != nil {
		return false, err
	}
	for _, it := range rules.Items {
		d, _ := it.(*py.Dict)
		info, ok := d.Lookup("chain").(*py.Dict)
		if !ok || info.String("table") != table || info.String("name") != chain {
			continue
		}
		kind, hook, prio := info.Lookup("type"), info.Lookup("hook"), info.Lookup("prio")
		if kind == nil || hook == nil || prio == nil {
			return false, nil
		}
		s, err := n.c.Do(n.ctx, n.w, "nft", "add", "chain", n.fam, table, chain,
			fmt.Sprintf("{ type %s hook %s priority %s; policy %s; }", py.ToStr(kind), py.ToStr(hook), py.ToStr(prio), policy))
		return err == nil && s.Code == 0, err
	}
	return false, nil
}

// listTables are the tables of the family.
func (n *nft) listTables() (*py.List, error) {
	out, err := n.ask("nft --json --numeric --numeric --numeric list tables " + n.fam)
	tables := py.NewList()
	if err != nil {
		return nil, err
	}
	v, err := py.LoadsJSON(out)
	if err != nil {
		return tables, nil // an error message, or no output
	}
	d, _ := v.(*py.Dict)
	l, _ := d.Lookup("nftables").(*py.List)
	if l == nil {
		return tables, nil
	}
	for _, it := range l.Items {
		if t, ok := it.(*py.Dict); ok && !t.Has("metainfo") {
			tables.Append(py.OrNone(t.Lookup("table")))
		}
	}
	return tables, nil
}

// rules are the tables of the family as nft prints them.
func (n *nft) rules() ([]string, error) {
	tables, err := n.listTables()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, it := range tables.Items {
		d, _ := it.(*py.Dict)
		s, err := n.ask(fmt.Sprintf("nft --numeric --numeric --numeric list table %s %s", n.fam, d.String("name")))
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// savedPath is where Salt keeps the rules.
func (n *nft) savedPath() (string, error) {
	switch n.c.Grains.String("os_family") {
	case "RedHat", "Arch", "Debian":
		return "/etc/nftables", nil
	}
	if n.c.Grains.String("os") == "Gentoo" {
		return "/etc/nftables", nil
	}
	return "", modules.CommandExecutionError(fmt.Sprintf("nftables: no file for the rules is known for %s: name it", n.c.Grains.String("os")))
}

// save writes the rules of all families to a file and returns its text.
func (n *nft) save(file string) (string, error) {
	if file == "" {
		var err error
		if file, err = n.savedPath(); err != nil {
			return "", err
		}
	}
	text := "#! nft -f\n"
	for _, fam := range []string{"ip", "ip6", "inet", "arp", "bridge", "netdev"} {
		other, err := open(n.ctx, n.c, n.w, fam)
		if err != nil {
			return "", err
		}
		rules, err := other.rules()
		if err != nil {
			return "", err
		}
		if len(rules) > 0 {
			text += "\n"
		}
		text += strings.Join(rules, "\n")
	}
	text += "\n"
	if fi, err := n.w.Stat(file); err == nil && fi.IsDir() {
		file += "/salt-all-in-one.nft"
	}
	o := host.WriteOptions{}
	if _, err := n.w.Stat(file); err != nil {
		mode := host.GoPerm(0o666 &^ uint32(n.w.Umask()))
		o.Mode = &mode
	}
	if err := n.w.WriteFile(file, strings.NewReader(text), o); err != nil {
		return "", modules.CommandExecutionError("Problem writing to configuration file: " + err.Error())
	}
	return text, nil
}
