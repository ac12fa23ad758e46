package iptables

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
)

// What real Salt's iptables.build_rule makes of these arguments.
func TestBuildRule(t *testing.T) {
	s := func(v string) py.Value { return py.Str(v) }
	for want, args := range map[string]*py.Dict{
		"-p tcp -m state --state NEW --dport 22 --jump ACCEPT":     py.DictOf("jump", s("ACCEPT"), "match", s("state"), "connstate", s("NEW"), "dport", py.Int(22), "protocol", s("tcp")),
		"! -i eth0 --jump DROP":                                    py.DictOf("if", s("!eth0"), "target", s("DROP")),
		"-m state --state RELATED,ESTABLISHED":                     py.DictOf("connstate", s("RELATED,ESTABLISHED")),
		"! --source 10.0.0.1 --jump ACCEPT":                        py.DictOf("source", s("not 10.0.0.1"), "jump", s("ACCEPT")),
		"-p tcp -m multiport ! --dports 80,443":                    py.DictOf("proto", s("tcp"), "dports", py.NewList(s("!80"), py.Int(443))),
		"Error: protocol must be specified":                        py.DictOf("dports", s("80,443")),
		`-m comment --comment "a b" --jump LOG --log-prefix "x y"`: py.DictOf("comment", s("a b"), "log-prefix", s("x y"), "jump", s("LOG")),
		"-m recent --name ssh --set":                               py.DictOf("match", s("recent"), "name_", s("ssh"), "set", s("")),
		"-m set ! --match-set bad src -m set --match-set good dst": py.DictOf("match-set", py.NewList(s("!bad src"), s("good dst"))),
		"-m policy --proto esp --jump ACCEPT":                      py.DictOf("match", s("policy"), "proto", s("esp"), "jump", s("ACCEPT")),
		"-f --jump MASQUERADE --random":                            py.DictOf("f", s(""), "jump", s("MASQUERADE"), "random", s("")),
		"--jump DNAT --to-destination 1.2.3.4:80":                  py.DictOf("to-destination", s("1.2.3.4:80"), "jump", s("DNAT")),
		"! --match-set bad src":                                    py.DictOf("set", s("!bad src")),
	} {
		if got := buildRule(args); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestParseRules(t *testing.T) {
	text := "# by iptables-save\n*filter\n:INPUT DROP [1:2]\n:X - [0:0]\n" +
		`-A INPUT ! -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -m comment --comment "let in" -j ACCEPT` + "\n-A X -m tcp --syn -j LOG\nCOMMIT\n"
	d, err := parseRules(text)
	if err != nil {
		t.Fatal(err)
	}
	rule := `{'protocol': ['tcp'], 'source': ['! 10.0.0.0/8'], 'jump': ['ACCEPT'], 'match': ['tcp', 'comment'], 'comment': ['let in'], 'destination_port': ['22']}`
	want := `{'filter': {'INPUT': {'policy': 'DROP', 'packet count': '1', 'byte count': '2', 'rules': [` + rule + `], 'rules_comment': {'let in': ` + rule + `}}, ` +
		`'X': {'policy': '-', 'packet count': '0', 'byte count': '0', 'rules': [{'jump': ['LOG'], 'match': ['tcp'], 'syn': ['']}], 'rules_comment': {}}}}`
	if diff := cmp.Diff(want, py.Repr(d)); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"*filter\n-A NONE -j DROP\n", ":INPUT\n", "-A", "*filter\n:A - [0:0]\n-A A --comment \"x\n"} {
		if _, err := parseRules(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add("*filter\n:INPUT DROP [1:2]\n-A INPUT ! -s a -m b c ! d\n")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = parseRules(text) }) // must not panic
}

func TestOptionNames(t *testing.T) {
	names, order := optionNames()
	if len(order) != 381 || names["-A"] != "append" || names["--dport"] != "destination_port" || names["--sports"] != "source-ports" {
		t.Errorf("%d options, -A %q, --dport %q", len(order), names["-A"], names["--dport"])
	}
	for _, n := range order {
		if strings.HasPrefix(n, "-") {
			t.Errorf("%q is no name", n)
		}
	}
}
