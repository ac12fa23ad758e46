package iptables

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/py"
)

// targetOptions are the arguments of targets: they follow the jump, in this
// order. ("save" is left out, as it is an argument of the states.)
var targetOptions = strings.Fields(`
j jump
add-set and-mark and-tos checksum-fill clamp-mss-to-pmtu clustermac ctevents ctmask del-set ecn-tcp-remove exist
expevents gateway hash-init hashmode helper label local-node log-ip-options log-level log-prefix log-tcp-options
log-tcp-sequence log-uid map-set mask mss new nfmask nflog-group nflog-prefix nflog-range nflog-threshold nodst
notrack on-ip on-port or-mark or-tos persistent queue-balance queue-bypass queue-num random random-fully
rateest-ewmalog rateest-interval rateest-name reject-with restore restore-mark sack-perm save-mark selctx set-class
set-dscp set-dscp-class set-mark set-mss set-tos set-xmark strip-options timeout timestamp to to-destination to-ports
to-source total-nodes tproxy-mark ttl-dec ttl-inc ttl-set type ulog-cprange ulog-nlgroup ulog-prefix ulog-qthreshold
wscale xor-mark xor-tos zone zone-orig zone-reply
dst-pfx hl-dec hl-inc hl-set hmark-dport-mask hmark-dst-prefix hmark-mod hmark-offset hmark-proto-mask hmark-rnd
hmark-spi-mask hmark-sport-mask hmark-src-prefix hmark-tuple led-always-blink led-delay led-trigger-id
queue-cpu-fanout src-pfx
to-port
addr and-mask delude honeypot or-mask prefix reset reuse set-mac shift static tarpit tname ttl
`)

var negation = regexp.MustCompile(`(!|not)\s?`)

func negated(s string) bool { return strings.HasPrefix(s, "!") || strings.HasPrefix(s, "not") }

// builder makes the text of a rule of Salt's arguments.
type builder struct {
	args *py.Dict // what is left
	rule []string
}

// take removes an argument; ok is false when it was not given.
func (b *builder) take(name string) (py.Value, bool) { return b.args.DeleteStr(name) }

// option adds an option, with "! " before it where its value is negated.
func (b *builder) option(flag string, v py.Value) {
	value := py.ToStr(v)
	bang := ""
	if negated(value) {
		bang, value = "! ", negation.ReplaceAllString(value, "")
	}
	b.rule = append(b.rule, bang+flag+" "+value)
}

// takeOption adds the option of an argument that was given.
func (b *builder) takeOption(name, flag string) {
	if v, ok := b.take(name); ok {
		b.option(flag, v)
	}
}

// ensure adds words that are not there yet.
func (b *builder) ensure(words string) (added bool) {
	if slices.Contains(b.rule, words) {
		return false
	}
	b.rule = append(b.rule, words)
	return true
}

// buildRule is Salt's iptables.build_rule without the command around it. args
// is used up. A text that begins with "Error: " is what Salt returns for a rule
// that cannot be.
func buildRule(args *py.Dict) string {
	b := &builder{args: args}
	if v, ok := b.take("target"); ok {
		args.SetStr("jump", v)
	}
	for _, k := range []string{"name", "state", "chain", "save", "table"} {
		b.take(k)
	}
	policy := args.String("match") == "policy"
	b.takeOption("if", "-i")
	b.takeOption("of", "-o")
	if v, ok := args.GetStr("proto"); ok && !policy {
		b.take("proto")
		args.SetStr("protocol", v)
	}
	protocol := args.Has("protocol")
	b.takeOption("protocol", "-p")
	b.matches(policy)
	if v, ok := b.take("connstate"); ok {
		b.ensure("-m state")
		b.option("--state", v)
	}
	b.takeOption("dport", "--dport")
	b.takeOption("sport", "--sport")
	for _, k := range []string{"dports", "sports"} {
		if v, ok := b.take(k); ok {
			if b.ensure("-m multiport") && !protocol {
				return "Error: protocol must be specified"
			}
			b.ports(k, v)
		}
	}
	if v, ok := b.take("comment"); ok {
		b.ensure("-m comment")
		b.rule = append(b.rule, fmt.Sprintf(`--comment "%s"`, py.ToStr(v)))
	}
	if v, ok := args.GetStr("set"); ok && py.IsTrue(v) {
		b.takeOption("set", "--match-set")
	}
	target := b.target()
	for k, v := range args.All() {
		b.rest(py.ToStr(k), v)
	}
	return strings.Join(append(b.rule, target...), " ")
}

// matches adds the match extensions.
func (b *builder) matches(policy bool) {
	if v, ok := b.take("match"); ok {
		var list []string
		if l, isList := v.(*py.List); isList {
			for _, it := range l.Items {
				list = append(list, py.ToStr(it))
			}
		} else {
			list = strings.Split(py.ToStr(v), ",")
		}
		for _, m := range list {
			b.rule = append(b.rule, "-m "+m)
			if slices.Contains([]string{"pknock", "quota2", "recent"}, strings.TrimSpace(m)) {
				if name, ok := b.take("name_"); ok {
					b.rule = append(b.rule, "--name "+py.ToStr(name))
				}
			}
		}
		if policy {
			b.takeOption("proto", "--proto")
		}
	}
	v, ok := b.take("match-set")
	if !ok {
		return
	}
	sets := []py.Value{v}
	if l, isList := v.(*py.List); isList {
		sets = l.Items
	}
	for _, s := range sets {
		set, bang := py.ToStr(s), ""
		if negated(set) {
			bang, set = "! ", negation.ReplaceAllString(set, "")
		}
		b.rule = append(b.rule, fmt.Sprintf("-m set %s--match-set %s", bang, set))
	}
}

// ports adds a list of ports; one that is negated negates the list.
func (b *builder) ports(name string, v py.Value) {
	items := []py.Value{v}
	if l, ok := v.(*py.List); ok {
		items = l.Items
	}
	words := make([]string, len(items))
	bang := false
	for i, it := range items {
		words[i] = py.ToStr(it)
		bang = bang || negated(words[i])
	}
	if bang {
		b.rule = append(b.rule, "!")
		for i, w := range words {
			words[i] = negation.ReplaceAllString(w, "")
		}
	}
	b.rule = append(b.rule, fmt.Sprintf("--%s %s", name, strings.Join(words, ",")))
}

// target takes the jump and its arguments.
func (b *builder) target() []string {
	var out []string
	for _, k := range targetOptions {
		v, ok := b.take(k)
		if !ok {
			continue
		}
		switch s := py.ToStr(v); {
		case py.IsNone(v) || s == "":
			out = append(out, "--"+k)
		case strings.ContainsAny(s, " \t\n\r\v\f"):
			out = append(out, fmt.Sprintf(`--%s "%s"`, k, s))
		default:
			out = append(out, fmt.Sprintf("--%s %s", k, s))
		}
	}
	return out
}

// rest adds an option that has no rule of its own.
func (b *builder) rest(name string, v py.Value) {
	flag := "--" + name
	if len([]rune(name)) == 1 {
		flag = "-" + name
	}
	s := py.ToStr(v)
	switch {
	case py.IsNone(v) || s == "":
		b.rule = append(b.rule, flag)
	default:
		b.option(flag, v)
	}
}
