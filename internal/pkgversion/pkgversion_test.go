package pkgversion

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestRecorded compares with what Salt 3008.3 said.
func TestRecorded(t *testing.T) {
	b, err := os.ReadFile("testdata/salt.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		want, err := strconv.Atoi(f[3])
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := RPM(f[0], f[1], f[2] == "i"); got != want {
			t.Errorf("RPM(%q, %q, %s) = %d, want %d", f[0], f[1], f[2], got, want)
		}
		if f[4] != "None" { // Salt could not
			if got, _ := Loose(f[0], f[1], f[2] == "i"); strconv.Itoa(got) != f[4] {
				t.Errorf("Loose(%q, %q, %s) = %d, want %s", f[0], f[1], f[2], got, f[4])
			}
		}
		n++
	}
	if n < 200 {
		t.Errorf("only %d cases", n)
	}
}

// TestOrder: lists in rising order, of which every pair must compare so.
func TestOrder(t *testing.T) {
	for name, c := range map[string]struct {
		compare func(a, b string, ignoreEpoch bool) (int, bool)
		order   string
	}{
		"rpm":     {RPM, "0.9~beta 0.9 0.9^git1 0.9^git1.1 0.9a 0.9.1 1.0~rc1 1.0~rc1.1 1.0 1.0-1~x 1.0.1 1.9 1.10 10 1:0.1 2:0.1"},
		"apk":     {APK, "0.9 1.0_alpha 1.0_alpha2 1.0_beta 1.0_pre1 1.0_rc1 1.0_rc1-r1 1.0 1.0-r1 1.0-r10 1.0~ab12 1.0_git20240101 1.0_p1 1.0_p1-r2 1.0_p2 1.0a 1.0.001 1.0.01 1.0.1 1.0.1b 1.0.2 1.0.10 1.1 2 10"},
		"freebsd": {FreeBSD, "1.0.alpha 1.0.alpha1 1.0.beta1 1.0.pre1 1.0.rc1 1.0.rc2 1.0 1.0_1 1.0_10 1.0.1 1.0.1_3 1.1 1.1a 1.1b 1.2 1.10 2.0 0.1,1 0.2_1,1 0.1,2"},
	} {
		vs := strings.Fields(c.order)
		for i, a := range vs {
			for j, b := range vs {
				want := 0
				if i < j {
					want = -1
				} else if i > j {
					want = 1
				}
				if name == "rpm" && (strings.HasPrefix(a, "1.0-1~x") && b == "1.0" || a == "1.0" && b == "1.0-1~x") {
					want = 0 // a release counts against a release only
				}
				if got, ok := c.compare(a, b, false); !ok || got != want {
					t.Errorf("%s: %s and %s: %d, want %d", name, a, b, got, want)
				}
			}
		}
	}
	for _, c := range []struct{ a, b string }{{"1.0", "1.0.0"}, {"1.00", "1.0"}, {"1.0-r0", "1.0"}} {
		if got, ok := APK(c.a, c.b, false); ok && got == 0 {
			t.Errorf("apk takes %s for %s", c.a, c.b)
		}
	}
	for _, v := range []string{"1.0-x", "1.0_what", "", "a", "1.", "1.0~", "1.0-r", "1.0-r1_p1", "1.0b.1"} {
		if _, ok := APK(v, v, false); ok {
			t.Errorf("apk takes %q for a version", v)
		}
	}
}

// FuzzOrder: antisymmetry and transitivity hold for whatever is given.
func FuzzOrder(f *testing.F) {
	for _, s := range []string{"1.0~rc1-1 1.0^a 1:2", "1.0_rc1 1.0-r1 1.0b", "1.0,1 1.0_2 1.0.pl1", "1.a.+2 * 1+b", "007 7 0x7", "1.0.0 1.00 1.000"} {
		p := strings.Fields(s)
		f.Add(p[0], p[1], p[2])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for name, compare := range map[string]func(a, b string, ignoreEpoch bool) (int, bool){"rpm": RPM, "loose": Loose, "apk": APK, "freebsd": FreeBSD} {
			ab, ok1 := compare(a, b, false)
			ba, ok2 := compare(b, a, false)
			if ok1 != ok2 || ok1 && ab != -ba {
				t.Errorf("%s: %q and %q: %d, and %d the other way", name, a, b, ab, ba)
			}
			if aa, ok := compare(a, a, false); ok && aa != 0 {
				t.Errorf("%s: %q is not itself", name, a)
			}
			if (name == "rpm" && strings.Contains(a+b+c, "-")) || name == "apk" && !(validAPK(a) && validAPK(b) && validAPK(c)) || name == "loose" || name == "freebsd" && strings.ContainsAny(a+b+c, "+*") {
				continue // no total order there, by the managers' own rules
			}
			bc, _ := compare(b, c, false)
			ac, _ := compare(a, c, false)
			if ab <= 0 && bc <= 0 && ac > 0 {
				t.Errorf("%s: %q <= %q <= %q, but not the first and the last", name, a, b, c)
			}
		}
	})
}

func validAPK(s string) bool {
	_, ok := APK(s, s, false)
	return ok
}
