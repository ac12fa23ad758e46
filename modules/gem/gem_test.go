package gem

import "testing"

func TestSatisfied(t *testing.T) {
	for _, c := range []struct {
		have []string
		want string
		ok   bool
	}{
		{[]string{"1.0", "0.9"}, "0.9", true}, {[]string{"1.0"}, "1", false}, {[]string{"default: 2.10.0"}, ">= 2.9", true}, {[]string{"1.0"}, ">1.0", false},
		{[]string{"1.0"}, "<2", true}, {[]string{"1.0"}, "<=2", false}, {[]string{"1.0.rc1"}, ">1.0.1", false},
	} {
		if got := satisfied(c.have, c.want); (got != "") != c.ok {
			t.Errorf("%v %s: %q", c.have, c.want, got)
		}
	}
}
