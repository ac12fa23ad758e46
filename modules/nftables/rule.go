package nftables

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/py"
)

// buildRule is Salt's nftables.build_rule without the command around it. args
// is used up; what it does not know is left out, as in Salt.
func buildRule(fam string, args *py.Dict) (string, error) {
	var b strings.Builder
	take := func(name string) (string, bool) {
		v, ok := args.DeleteStr(name)
		if !ok {
			return "", false
		}
		return py.ToStr(v), true
	}
	// add writes the words of an argument that was given.
	add := func(name, format string) {
		if v, ok := take(name); ok {
			fmt.Fprintf(&b, format, v)
		}
	}
	// either takes the first of two names that has a value.
	either := func(x, y, format string) {
		v, okx := args.DeleteStr(x)
		u, oky := args.DeleteStr(y)
		if !okx && !oky {
			return
		}
		if !okx || !py.IsTrue(v) {
			v = py.OrNone(u)
		}
		fmt.Fprintf(&b, format, py.ToStr(v))
	}
	if v, ok := args.DeleteStr("target"); ok {
		args.SetStr("jump", v)
	}
	proto := ""
	if v, ok := args.GetStr("proto"); ok {
		proto = py.ToStr(v)
	}
	add("if", "meta iifname %s ")
	add("of", "meta oifname %s ")
	add("connstate", "ct state { %s } ")
	add("icmp-type", "icmp type { %s } ")
	add("icmpv6-type", "icmpv6 type { %s } ")
	add("pkttype", "meta pkttype { %s } ")
	if args.Has("counter") {
		b.WriteString("counter ")
	}
	either("saddr", "source", fam+" saddr %s ")
	either("daddr", "destination", fam+" daddr %s ")
	for _, k := range []string{"dport", "sport"} {
		if v, ok := take(k); ok {
			fmt.Fprintf(&b, "%s { %s } ", k, strings.ReplaceAll(v, ":", "-"))
		}
	}
	for _, k := range []string{"dports", "sports"} {
		v, ok := args.DeleteStr(k)
		if !ok {
			continue
		}
		list, err := portList(v)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s { %s } ", strings.TrimSuffix(k, "s"), list)
	}
	add("jump", "%s ")
	add("j", "%s ")
	either("redirect-to", "to-port", "redirect to %s ")
	add("to-ports", "--to-ports %s ")
	add("to-source", "%s ")
	add("to-destination", "%s ")
	add("reject-with", "reject with %s ")
	rule := strings.TrimSpace(b.String())
	rule = strings.ReplaceAll(rule, "dport", proto+" dport")
	return strings.ReplaceAll(rule, "sport", proto+" sport"), nil
}

// portList is a list of ports with commas, the highest first.
func portList(v py.Value) (string, error) {
	s, ok := v.(py.Str)
	if !ok {
		return "", py.AttributeErrorf("'%s' object has no attribute 'split'", v.Type())
	}
	var ports []int
	for _, w := range strings.Split(string(s), ",") {
		p, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil {
			return "", py.ValueErrorf("invalid literal for int() with base 10: %s", py.Repr(py.Str(w)))
		}
		ports = append(ports, p)
	}
	slices.SortFunc(ports, func(a, b int) int { return b - a })
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.Itoa(p)
	}
	return strings.Join(words, ", "), nil
}
