package roster_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
	"pinch/roster"
)

func groups() roster.Groups {
	return roster.Groups{
		List:     py.DictOf("pair", py.Strings("web1", "db1"), "text", py.Str("web1, web2"), "gone", py.Strings("web1", "old")),
		Compound: py.DictOf("webs", py.Str("web*"), "debian", py.Str("G@os:Debian and N@pair"), "names", py.Strings("web2", "db1")),
		Source:   map[string][]roster.HostID{"inv": {"db2"}},
	}
}

const targetRoster = "web1: h\nweb2: h\ndb1: h\ndb2: h\n"

func TestSelect(t *testing.T) {
	r := load(t, roster.Options{}, flat(t, targetRoster))
	cases := []struct{ kind, expr, yes, maybe string }{
		{"", "*", "web1 web2 db1 db2", ""},
		{"glob", "web?", "web1 web2", ""},
		{"glob", "[!w]*", "db1 db2", ""},
		{"list", "db1, web1", "web1 db1", ""},
		{"pcre", "(web|db)1", "web1 db1", ""},
		{"nodegroup", "pair", "web1 db1", ""},
		{"nodegroup", "text", "web1 web2", ""},
		{"nodegroup", "inv", "db2", ""},
		{"nodegroup", "webs", "web1 web2", ""},
		{"nodegroup", "names", "web2 db1", ""},
		{"nodegroup", "debian", "", "web1 db1"},
		{"compound", "web* and not L@web2", "web1", ""},
		{"compound", "web1 or G@os:Debian", "web1", "web2 db1 db2"},
		{"compound", "web* and ( G@os:Debian or not G@os:Debian )", "web1 web2", ""},
		{"compound", "db* and I@role:x", "", "db1 db2"},
		{"compound", "N@inv or N@pair", "web1 db1 db2", ""},
		{"grain", "os:Debian", "", "web1 web2 db1 db2"},
		{"grain_pcre", "os:Deb.*", "", "web1 web2 db1 db2"},
		{"pillar", "role:web", "", "web1 web2 db1 db2"},
		{"ipcidr", "10.0.0.0/8", "", "web1 web2 db1 db2"},
	}
	for _, tc := range cases {
		t.Run(tc.kind+" "+tc.expr, func(t *testing.T) {
			target, err := roster.NewTarget(tc.kind, tc.expr, "", groups())
			if err != nil {
				t.Fatal(err)
			}
			s, err := r.Select(target)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{tc.yes, tc.maybe}, []string{ids(s.Yes), ids(s.Maybe)}); d != "" {
				t.Error(d)
			}
		})
	}
}

func ids(hosts []*roster.Host) string {
	var out []string
	for _, h := range hosts {
		out = append(out, string(h.ID))
	}
	return strings.Join(out, " ")
}

func TestMatchWithFacts(t *testing.T) {
	web := &roster.Host{ID: "web1"}
	grains := py.DictOf("os", py.Str("Debian"), "ipv4", py.Strings("10.1.2.3"), "a", py.Value(py.DictOf("b", py.Str("c:d"))))
	pillar := py.DictOf("role", py.Str("web"))
	both := roster.Facts{Grains: grains, Pillar: pillar}
	cases := []struct {
		kind, expr, delim string
		facts             roster.Facts
		want              roster.Verdict
	}{
		{"grain", "os:deb*", "", both, roster.Yes},
		{"grain", "os:RedHat", "", both, roster.No},
		{"grain", "a|b|c:d", "|", both, roster.Yes},
		{"grain_pcre", "os:^Deb", "", both, roster.Yes},
		{"pillar", "role:web", "", both, roster.Yes},
		{"pillar_pcre", "role:w.b", "", both, roster.Yes},
		{"pillar_exact", "role:w*", "", both, roster.No},
		{"ipcidr", "10.1.0.0/16", "", both, roster.Yes},
		{"ipcidr", "10.1.2.4", "", both, roster.No},
		{"pillar", "role:web", "", roster.Facts{Grains: grains}, roster.NeedPillar},
		{"grain", "os:Debian", "", roster.Facts{}, roster.NeedGrains},
		{"compound", "G@os:Debian and I@role:web", "", roster.Facts{}, roster.NeedGrains},
		{"compound", "G@os:Debian and I@role:web", "", roster.Facts{Grains: grains}, roster.NeedPillar},
		{"compound", "G@os:RedHat and I@role:web", "", roster.Facts{Grains: grains}, roster.No},
		{"compound", "G@os:Debian and I@role:web", "", both, roster.Yes},
	}
	for _, tc := range cases {
		t.Run(fmt.Sprint(tc.kind, tc.expr, tc.want), func(t *testing.T) {
			target, err := roster.NewTarget(tc.kind, tc.expr, tc.delim, groups())
			if err != nil {
				t.Fatal(err)
			}
			if got := target.Match(web, tc.facts); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestSelectErrors(t *testing.T) {
	r := load(t, roster.Options{}, flat(t, targetRoster))
	cases := []struct {
		kind, expr string
		want       string
		as         any
	}{
		{"glob", "wbe1", `target "wbe1" (glob): not in the roster: wbe1; did you mean web1`, new(*roster.UnknownHostError)},
		{"glob", "mail*", `target "mail*" (glob): no host of the roster matches; the roster has web1, web2, db1, db2`, new(*roster.NoMatchError)},
		{"list", "web1,web9,old", `target "web1,web9,old" (list): not in the roster: web9, old; did you mean web1, web2`, new(*roster.UnknownHostError)},
		{"nodegroup", "gone", `target "gone" (nodegroup): not in the roster: old`, new(*roster.UnknownHostError)},
		{"nodegroup", "pari", `there is no such nodegroup (did you mean pair?)`, new(*roster.TargetError)},
		{"pcre", "[", `target "[" (pcre): error: unterminated character set at position 0`, new(*roster.TargetError)},
		{"pcre", "x.*", `no host of the roster matches`, new(*roster.NoMatchError)},
		{"compound", "web1 or", `Invalid compound target: web1 or for results: False or (write words joined by`, new(*roster.TargetError)},
		{"compound", "( web1", `Invalid compound target`, new(*roster.TargetError)},
		{"compound", "and web1", `Invalid beginning operator: and`, new(*roster.TargetError)},
		{"compound", "N@nosuch", `unknown nodegroup "nosuch"`, new(*roster.TargetError)},
		{"compound", "R@x", `Unrecognized target engine "R"`, new(*roster.TargetError)},
		{"compound", "E@[", `unterminated character set`, new(*roster.TargetError)},
		{"grain", "os", `has no ":" between key and value (write key:value)`, new(*roster.TargetError)},
		{"ipcidr", "10.0.0.1/8", `has host bits set (write 10.0.0.0/8)`, new(*roster.TargetError)},
		{"ipcidr", "web", `is neither an address nor a network`, new(*roster.TargetError)},
		{"range", "%x", `range targets need a range server and are not supported`, new(*roster.TargetError)},
		{"nosuch", "x", `unknown target type (known types are glob, list,`, new(*roster.TargetError)},
		{"glob", " ", `is empty`, new(*roster.TargetError)},
		{"list", ",", `no host of the roster matches`, new(*roster.NoMatchError)},
	}
	for _, tc := range cases {
		t.Run(tc.kind+" "+tc.expr, func(t *testing.T) {
			target, err := roster.NewTarget(tc.kind, tc.expr, "", groups())
			if err == nil {
				_, err = r.Select(target)
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || !errors.As(err, tc.as) {
				t.Errorf("error %v\nwant %s as %T", err, tc.want, tc.as)
			}
		})
	}
	empty := load(t, roster.Options{}, flat(t, ""))
	target, err := roster.NewTarget("glob", "*", "", roster.Groups{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := empty.Select(target); err == nil || !strings.Contains(err.Error(), "the roster has no hosts") {
		t.Errorf("empty roster: %v", err)
	}
}

func FuzzTarget(f *testing.F) {
	f.Add("compound", "web* and not ( G@os:x or N@pair )", "")
	f.Add("pcre", "(a|b)*c", "")
	f.Add("grain", "a:b:c", "|")
	f.Add("list", "a,,b", "")
	f.Fuzz(func(t *testing.T, kind, expr, delim string) {
		target, err := roster.NewTarget(kind, expr, delim, groups())
		if err != nil {
			var te *roster.TargetError
			if !errors.As(err, &te) {
				t.Fatalf("not a TargetError: %v", err)
			}
			return
		}
		h := &roster.Host{ID: "web1"}
		known := target.Match(h, roster.Facts{Grains: py.NewDict(), Pillar: py.NewDict()})
		if known != roster.Yes && known != roster.No {
			t.Errorf("%s %q: %s with all facts", kind, expr, known)
		}
		if early := target.Match(h, roster.Facts{}); (early == roster.Yes || early == roster.No) && early != known {
			t.Errorf("%s %q: %s without facts, %s with them", kind, expr, early, known)
		}
	})
}
