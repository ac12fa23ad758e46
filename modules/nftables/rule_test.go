package nftables

import (
	"testing"

	"pinch/internal/py"
)

// What real Salt's nftables.build_rule makes of these arguments.
func TestBuildRule(t *testing.T) {
	s := func(v string) py.Value { return py.Str(v) }
	for want, args := range map[string]*py.Dict{
		"ct state { new } tcp dport { 80 } accept":         py.DictOf("jump", s("accept"), "match", s("state"), "connstate", s("new"), "dport", py.Int(80), "proto", s("tcp")),
		"meta iifname lo counter ip saddr 10.0.0.1 drop":   py.DictOf("if", s("lo"), "counter", py.True, "source", s("10.0.0.1"), "j", s("drop")),
		"tcp dport { 443, 80 } accept":                     py.DictOf("dports", s("80,443"), "proto", s("tcp"), "jump", s("accept")),
		"udp sport { 1-5 } redirect to 99":                 py.DictOf("sport", s("1:5"), "proto", s("udp"), "to-port", py.Int(99)),
		"icmp type { echo-request } reject with tcp reset": py.DictOf("icmp-type", s("echo-request"), "reject-with", s("tcp reset")),
		"snat 1.2.3.4": py.DictOf("target", s("snat"), "to-source", s("1.2.3.4")),
	} {
		got, err := buildRule("ip", args)
		if got != want || err != nil {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
	for _, bad := range []*py.Dict{py.DictOf("dports", py.Int(80)), py.DictOf("sports", s("a,b"))} {
		if got, err := buildRule("ip", bad); err == nil {
			t.Errorf("%s: no error", got)
		}
	}
}
