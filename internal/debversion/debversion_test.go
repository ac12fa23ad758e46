package debversion

import (
	"cmp"
	"testing"
)

func TestCompare(t *testing.T) {
	// ordered: each is less than the next
	ordered := []string{"", "0~", "0", "0.9", "1.0~~", "1.0~~a", "1.0~", "1.0~rc1", "1.0", "1.0-1~bpo1", "1.0-1", "1.0-1+b1", "1.0-2", "1.0-10", "1.0a", "1.0b", "1.0+dfsg", "1.0.1", "1.1", "1.01.1", "1.10", "2:0.1", "10:0.1"}
	for i, a := range ordered {
		for j, b := range ordered {
			got, ok := Compare(a, b, false)
			if want := cmp.Compare(i, j); !ok || got != want {
				t.Errorf("Compare(%q, %q) = %d, %v; want %d", a, b, got, ok, want)
			}
		}
	}
	equal := [][2]string{{"1.0", "0:1.0"}, {"1.0", "1.0-0"}, {"1.00", "1.0"}, {" 1.0 ", "1.0"}, {"1.001", "1.1"}}
	for _, e := range equal {
		if got, ok := Compare(e[0], e[1], false); got != 0 || !ok {
			t.Errorf("Compare(%q, %q) = %d, %v; want 0", e[0], e[1], got, ok)
		}
	}
	if got, ok := Compare("2:1.0", "1.0", true); got != 0 || !ok {
		t.Errorf("without epochs: %d, %v; want 0", got, ok)
	}
	for _, bad := range []string{"a:1", ":1", "1:", "1 2", "1.0-", "-1:0", "99999999999999999999:1", "1:-1"} {
		if _, ok := Compare(bad, "1", false); ok {
			t.Errorf("Compare(%q) is taken for a version", bad)
		}
	}
}

func FuzzCompare(f *testing.F) {
	for _, s := range []string{"1.0", "1:2.3-4", "1.0~rc1", "a+b", "", "0", "1.2.3-4+deb12u1"} {
		f.Add(s, "1.0-1", "2~")
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, ok1 := Compare(a, b, false)
		ba, ok2 := Compare(b, a, false)
		if ok1 != ok2 || ab != -ba {
			t.Fatalf("compare(%q, %q) = %d, %v but reversed %d, %v", a, b, ab, ok1, ba, ok2)
		}
		bc, ok := Compare(b, c, false)
		ac, okAC := Compare(a, c, false)
		if !ok1 || !ok || !okAC {
			return
		}
		if ab <= 0 && bc <= 0 && (ac > 0 || (ab < 0 || bc < 0) && ac == 0) {
			t.Fatalf("not transitive: %q %d %q %d %q, but the ends compare as %d", a, ab, b, bc, c, ac)
		}
		if same, ok := Compare(a, a, false); ok && same != 0 {
			t.Fatalf("%q differs from itself", a)
		}
	})
}
