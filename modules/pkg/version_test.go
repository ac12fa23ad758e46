package pkg

import (
	"strings"
	"testing"

	"pinch/internal/debversion"
)

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
			if got := fulfills(strings.Fields(c.have), c.spec, c.epoch, c.updates, debversion.Compare); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
