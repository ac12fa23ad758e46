package iptables

import (
	"strings"

	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
)

// knownOptions are the options that Salt knows when it reads rules, in its
// order: the name, or NAME=OPTION,... where an option is called otherwise.
const knownOptions = `
append=-A,--append delete=-D,--delete insert=-I,--insert replace=-R,--replace list=-L,--list flush=-F,--flush zero=-Z,--zero
new-chain=-N,--new-chain delete-chain=-X,--delete-chain policy=-P,--policy rename-chain=-E,--rename-chain protocol=-p,--protocol
source=-s,--source destination=-d,--destination jump=-j,--jump goto=-g,--goto in-interface=-i,--in-interface
out-interface=-o,--out-interface fragment=-f,--fragment set-counters=-c,--set-counters match=-m,--match src-type dst-type limit-iface-in
limit-iface-out ahspi ahlen ahres bytecode cgroup cluster-total-nodes cluster-local-node cluster-local-nodemask cluster-hash-seed h-length
mangle-mac-s mangle-mac-d comment connbytes connbytes-dir connbytes-mode label connlimit-upto connlimit-above connlimit-mask connlimit-saddr
connlimit-daddr mark ctstate ctproto ctorigsrc ctorigdst ctreplsrc ctrepldst ctorigsrcport ctorigdstport ctreplsrcport ctrepldstport
ctstatus ctexpire ctdir cpu source_port=--sport,--source-port destination_port=--dport,--destination-port dccp-types dccp-option src-group
dst-group dscp dscp-class dst-len dst-opts ecn-tcp-cwr ecn-tcp-ece ecn-ip-ect espspi fragid fraglen fragres fragfirst fragmore fraglast
hashlimit-upto hashlimit-above hashlimit-burst hashlimit-mode hashlimit-srcmask hashlimit-dstmask hashlimit-name hashlimit-htable-size
hashlimit-htable-max hashlimit-htable-expire hashlimit-htable-gcinterval hbh-len hbh-opts helper hl-eq hl-lt hl-gt icmp-type icmpv6-type
src-range dst-range soft header ipvs vproto vaddr vport vdir vmethod vportctl length limit limit-burst mac-source mh-type
source-ports=--sports,--source-ports destination-ports=--dports,--destination-ports ports nfacct-name genre ttl log uid-owner gid-owner
socket-exists physdev-in physdev-out physdev-is-in physdev-is-out physdev-is-bridged pkt-type dir pol strict reqid spi proto mode tunnel-src
tunnel-dst next quota rateest rateest1 rateest2 rateest-delta rateest-bps rateest-bps1 rateest-bps2 rateest-pps rateest-pps1 rateest-pps2
rateest-lt rateest-gt rateest-eq rateest-name rateest-interval rateest-ewma realm name set rsource rdest mask rcheck update remove seconds
reap hitcount rttl loose validmark accept-local invert rt-type rt-segsleft rt-len rt-0-res rt-0-addrs rt-0-not-strict chunk-types match-set
return-nomatch update-counters update-subcounters packets-eq packets-lt packets-gt bytes-eq bytes-lt bytes-gt transparent nowildcard state
probability every packet algo from to string hex-string tcp-flags syn tcp-option mss datestart datestop timestart timestop monthdays
weekdays contiguous kerneltz utc localtz tos ttl-eq ttl-gt ttl-lt u32 condition mac lower-limit upper-limit
source-country=--src-cc,--source-country destination-country=--dst-cc,--destination-country enabled disabled iface dev-in dev-out up down
broadcast loopback pointtopoint running noarp arp promisc multicast dynamic lower-up dormant edk kazaa gnu dc bit apple soul winmx ares
debug flags any layer3 layer4 layer5 stealth synscan cnscan grscan psd-weight-threshold psd-delay-threshold psd-lo-ports-weight
psd-hi-ports-weight grow no-change packets knockports time autoclose checkip type checksum-fill set-class new hashmode clustermac
total-nodes local-node hash-init set-xmark save-mark restore-mark and-mark or-mark xor-mark set-mark nfmask ctmask save restore notrack
ctevents expevents zone timeout to-destination random persistent src-pfx dst-pfx set-dscp set-dscp-class ecn-tcp-remove hl-set hl-dec hl-inc
hmark-tuple hmark-mod hmark-offset hmark-src-prefix hmark-dst-prefix hmark-sport-mask hmark-dport-mask hmark-spi-mask hmark-proto-mask
hmark-rnd led-trigger-id led-delay led-always-blink log-level log-prefix log-tcp-sequence log-tcp-options log-ip-options log-uid to-ports
nflog-group nflog-prefix nflog-range nflog-threshold queue-num queue-balance queue-bypass queue-cpu-fanout rateest-ewmalog reject-with nodst
selctx add-set del-set exist to-source set-mss clamp-mss-to-pmtu strip-options gateway set-tos and-tos or-tos xor-tos on-port on-ip
tproxy-mark ttl-set ttl-dec ttl-inc ulog-nlgroup ulog-prefix ulog-cprange ulog-qthreshold addr tname delude tarpit set-mac prefix reuse
static and-mask or-mask shift honeypot reset
`

// optionNames gives the name for each option, and the names in order.
func optionNames() (names map[string]string, order []string) {
	names = map[string]string{}
	for _, w := range strings.Fields(knownOptions) {
		name, opts, ok := strings.Cut(w, "=")
		order = append(order, name)
		if !ok {
			opts = "--" + name
		}
		for _, o := range strings.Split(opts, ",") {
			names[o] = name
		}
	}
	return names, order
}

// parseRules reads what iptables-save wrote: table, chain, then policy,
// counters and rules.
func parseRules(text string) (*py.Dict, error) {
	names, order := optionNames()
	out := py.NewDict()
	table := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "*"):
			table = strings.ReplaceAll(line, "*", "")
			out.SetStr(table, py.NewDict())
		case strings.HasPrefix(line, ":"):
			w := strings.Fields(line)
			t, ok := out.Lookup(table).(*py.Dict)
			if !ok || len(w) < 3 {
				return nil, modules.CommandExecutionError("iptables-save: cannot be read: " + line)
			}
			packets, bytes, _ := strings.Cut(strings.NewReplacer("[", "", "]", "").Replace(w[2]), ":")
			t.SetStr(strings.ReplaceAll(w[0], ":", ""), py.DictOf("policy", py.Str(w[1]), "packet count", py.Str(packets),
				"byte count", py.Str(bytes), "rules", py.NewList(), "rules_comment", py.NewDict()))
		case strings.HasPrefix(line, "-A"):
			if err := addRule(out, table, line, names, order); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func addRule(out *py.Dict, table, line string, names map[string]string, order []string) error {
	words, err := saltargs.ShlexSplit(line)
	if err != nil {
		return py.ValueErrorf("%v", err)
	}
	found := map[string]*py.List{}
	words = joined(words)
	for i := 0; i < len(words); i++ {
		name, ok := names[words[i]]
		if !ok || i+1 == len(words) {
			continue
		}
		i++
		if found[name] == nil {
			found[name] = py.NewList()
		}
		found[name].Append(py.Str(words[i]))
	}
	rule := py.NewDict()
	for _, n := range order {
		if l := found[n]; l != nil && n != "append" {
			rule.SetStr(n, l)
		}
	}
	t, _ := out.Lookup(table).(*py.Dict)
	var chain *py.Dict
	if l := found["append"]; l != nil {
		chain, _ = t.Lookup(py.ToStr(l.Items[0])).(*py.Dict)
	}
	if chain == nil {
		return modules.CommandExecutionError("iptables-save: a rule of an unknown chain: " + line)
	}
	chain.Lookup("rules").(*py.List).Append(rule)
	if l := found["comment"]; l != nil {
		chain.Lookup("rules_comment").(*py.Dict).SetStr(strings.Trim(py.ToStr(l.Items[0]), `"`), rule)
	}
	return nil
}

// joined makes each option be followed by exactly one word: several values are
// one with blanks, none is empty, and a "!" before an option moves to its value.
func joined(words []string) []string {
	var out []string
	dash := func(i int) bool { return strings.HasPrefix(words[i], "-") }
	for i := 0; i < len(words); i++ {
		bang := false
		if words[i] == "!" && i+1 < len(words) && dash(i+1) {
			bang = true
			i++
		}
		if !dash(i) {
			out = append(out, words[i])
			continue
		}
		out = append(out, words[i])
		var value []string
		if bang {
			value = append(value, "!")
		}
		for i+1 < len(words) && words[i+1] != "!" && !dash(i+1) {
			i++
			value = append(value, words[i])
		}
		out = append(out, strings.Join(value, " "))
	}
	return out
}
