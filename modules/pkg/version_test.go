package pkg

import (
	"cmp"
	"strings"
	"testing"
)

func TestCompareDebian(t *testing.T) {
	// ordered: each is less than the next
	ordered := []string{"", "0~", "0", "0.9", "1.0~~", "1.0~~a", "1.0~", "1.0~rc1", "1.0", "1.0-1~bpo1", "1.0-1", "1.0-1+b1", "1.0-2", "1.0-10", "1.0a", "1.0b", "1.0+dfsg", "1.0.1", "1.1", "1.01.1", "1.10", "2:0.1", "10:0.1"}
	for i, a := range ordered {
		for j, b := range ordered {
			got, ok := compareDebian(a, b, false)
			if want := cmp.Compare(i, j); !ok || got != want {
				t.Errorf("compareDebian(%q, %q) = %d, %v; want %d", a, b, got, ok, want)
			}
		}
	}
	equal := [][2]string{{"1.0", "0:1.0"}, {"1.0", "1.0-0"}, {"1.00", "1.0"}, {" 1.0 ", "1.0"}, {"1.001", "1.1"}}
	for _, e := range equal {
		if got, ok := compareDebian(e[0], e[1], false); got != 0 || !ok {
			t.Errorf("compareDebian(%q, %q) = %d, %v; want 0", e[0], e[1], got, ok)
		}
	}
	if got, ok := compareDebian("2:1.0", "1.0", true); got != 0 || !ok {
		t.Errorf("without epochs: %d, %v; want 0", got, ok)
	}
	for _, bad := range []string{"a:1", ":1", "1:", "1 2", "1.0-", "-1:0", "99999999999999999999:1", "1:-1"} {
		if _, ok := compareDebian(bad, "1", false); ok {
			t.Errorf("compareDebian(%q) is taken for a version", bad)
		}
	}
}

func FuzzCompareDebian(f *testing.F) {
	for _, s := range []string{"1.0", "1:2.3-4", "1.0~rc1", "a+b", "", "0", "1.2.3-4+deb12u1"} {
		f.Add(s, "1.0-1", "2~")
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, ok1 := compareDebian(a, b, false)
		ba, ok2 := compareDebian(b, a, false)
		if ok1 != ok2 || ab != -ba {
			t.Fatalf("compare(%q, %q) = %d, %v but reversed %d, %v", a, b, ab, ok1, ba, ok2)
		}
		bc, ok := compareDebian(b, c, false)
		ac, okAC := compareDebian(a, c, false)
		if !ok1 || !ok || !okAC {
			return
		}
		if ab <= 0 && bc <= 0 && (ac > 0 || (ab < 0 || bc < 0) && ac == 0) {
			t.Fatalf("not transitive: %q %d %q %d %q, but the ends compare as %d", a, ab, b, bc, c, ac)
		}
		if same, ok := compareDebian(a, a, false); ok && same != 0 {
			t.Fatalf("%q differs from itself", a)
		}
	})
}

func TestSplitComparison(t *testing.T) {
	for _, c := range []struct{ in, oper, ver string }{
		{"1.0", "", "1.0"}, {">=1.0", ">=", "1.0"}, {">= 1.0", ">=", "1.0"}, {"=1.0", "=", "1.0"}, {"<=>1", "<=>", "1"},
		{"<<1", "<<", "1"}, {"!=1", "!=", "1"}, {">=", "", ">="}, {"1<2", "", "1<2"}, {"", "", ""}, {"< ", "<", " "}, {"==1", "", "==1"},
	} {
		if oper, ver := splitComparison(c.in); oper != c.oper || ver != c.ver {
			t.Errorf("splitComparison(%q) = %q, %q; want %q, %q", c.in, oper, ver, c.oper, c.ver)
		}
	}
}

func TestFulfills(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		name    string
		have    string
		spec    string
		epoch   *bool
		updates bool
		want    bool
	}{
		{"equal", "1.0", "1.0", nil, false, true},
		{"pattern", "1.1-2", "1.1*", nil, false, true},
		{"pattern of something else", "1.2", "1.1*", nil, false, false},
		{"range", "1.5", ">=1.0, <2", nil, false, true},
		{"out of the range", "2.0", ">=1.0,<2", nil, false, false},
		{"epoch is ignored for equality", "2:1.0", "1.0", nil, false, true},
		{"and counts when it is told to", "2:1.0", "1.0", &no, false, false},
		{"epoch counts for a comparison", "2:1.0", "<2.0", nil, false, false},
		{"unless it is told not to", "2:1.0", "<2.0", &yes, false, true},
		{"newer is as good", "2.0", "1.0", nil, true, true},
		{"newer is not as good for two conditions", "2.0", "==1.0,!=3", nil, true, false},
		{"one of several versions", "1.0 2.0", "2.0", nil, false, true},
		{"no condition", "1.0", "", nil, false, true},
		{"nothing installed", "", "", nil, false, false},
		{"operator that does not exist", "1.0", "<<2.0", nil, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fulfills(strings.Fields(c.have), c.spec, c.epoch, c.updates, compareDebian); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
