package pkg

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/nested"
	"pinch/internal/py"
)

func TestParsePolicy(t *testing.T) {
	const out = `bash:
  Installed: 5.2-1
  Candidate: 5.2-2
  Version table:
     5.2-2 500
        500 http://deb.example.org stable/main amd64 Packages
 *** 5.2-1 100
        100 /var/lib/dpkg/status
libc6:i386:
  Installed: (none)
  Candidate: 2.36-9
  Version table:
virtual:
  Installed: (none)
  Candidate: (none)
  Version table:
`
	want := map[string]string{"bash": "5.2-2", "libc6:i386": "2.36-9", "virtual": ""}
	got, first := parsePolicy(out)
	if d := cmp.Diff(want, got); d != "" || first != "bash" {
		t.Error(first, d)
	}
	if got, _ := parsePolicy("Candidate: 1\n"); len(got) != 0 {
		t.Errorf("without a heading: %v", got)
	}
}

func wantValue(t *testing.T, got, want py.Value) {
	t.Helper()
	if d := cmp.Diff(py.Repr(want), py.Repr(got)); d != "" {
		t.Error(d)
	}
}

func TestParseShow(t *testing.T) {
	got := parseShow("Package: pa\nVersion: 1.1\nDescription: x\n Package: no\n\nPackage: pa\nVersion: 1.0\n\nPackage: pb\nVersion: 2\n")
	wantValue(t, got, py.DictOf("pa", py.Strings("1.1", "1.0"), "pb", py.Strings("2")))
}

func TestParseUpgrades(t *testing.T) {
	got := parseUpgrades("Inst pa [1.0] (1.1 repo [all])\nConf pa (1.1 repo [all])\nConf pb (2:3 x)\nRemv pc [1]\nConf\n")
	wantValue(t, got, py.DictOf("pa", py.Str("1.1"), "pb", py.Str("2:3")))
}

func TestParseUpdate(t *testing.T) {
	ret := py.NewDict()
	failed := parseUpdate("Hit:1 http://a stable InRelease\nGet:2 http://b stable InRelease [12.3 kB]\nIgn:3 file:/c ./ InRelease\nErr:4 file:/c ./ Packages\n  File not found\nReading package lists...\n", ret)
	wantValue(t, ret, py.DictOf("http://a stable InRelease", py.None, "http://b stable InRelease", py.True, "file:/c ./ InRelease", py.False, "file:/c ./ Packages", py.False))
	if d := cmp.Diff([]string{"file:/c ./ Packages"}, failed); d != "" {
		t.Error(d)
	}
}

func TestSelections(t *testing.T) {
	all := parseSelections("bash\t\t\tinstall\nlibc6:amd64\t\thold\nlibc6:i386\tinstall\nbroken\n")
	for _, c := range []struct {
		pattern string
		want    *py.Dict
	}{
		{"", py.DictOf("install", py.Strings("bash", "libc6:i386"), "hold", py.Strings("libc6:amd64"))},
		{"libc6", py.DictOf("hold", py.Strings("libc6:amd64"), "install", py.Strings("libc6:i386"))},
		{"libc6:i386", py.DictOf("install", py.Strings("libc6:i386"))},
		{"b*", py.DictOf("install", py.Strings("bash"))},
		{"nosuch", py.NewDict()},
	} {
		t.Run(c.pattern, func(t *testing.T) { wantValue(t, selectionsOf(all, c.pattern), c.want) })
	}
}

func TestParseRemovals(t *testing.T) {
	got := parseRemovals("Reading...\nThe following packages will be REMOVED:\n  pb pa\n  pc\n0 upgraded\n  not this\n")
	if d := cmp.Diff([]string{"pa", "pb", "pc"}, got); d != "" {
		t.Error(d)
	}
}

func TestParseBinInfo(t *testing.T) {
	got := parseBinInfo(" new Debian package, version 2.0.\n size 700 bytes: control archive=300 bytes.\n Package: pa\n Version: 1.0\n Architecture: all\n Description: x: y\n")
	wantValue(t, got, py.DictOf("name", py.Str("pa"), "version", py.Str("1.0"), "arch", py.Str("all")))
}

func TestParseKeys(t *testing.T) {
	got := parseKeys("tru::1:1:0:3:1:5\npub:-:4096:1:AAAABBBBCCCCDDDD:1600000000:::-:::scSC:\nfpr:::::::::FFFF:\nuid:-::::1::HASH::Some One <a@b>:\nsub:-:2048:1:1111222233334444:1600000001::::::e:\nfpr:::::::::EEEE:\n")
	key, ok := got.Lookup("AAAABBBBCCCCDDDD").(*py.Dict)
	if !ok {
		t.Fatalf("got %s", py.Repr(got))
	}
	if key.String("fingerprint") != "FFFF" || key.String("uid") != "Some One <a@b>" || key.Lookup("bits") != py.Value(py.Int(4096)) || key.Lookup("date_expiration") != py.Value(py.None) {
		t.Errorf("got %s", py.Repr(key))
	}
	if sub, ok := key.Lookup("subkey").(*py.Dict); !ok || sub.String("fingerprint") != "EEEE" {
		t.Errorf("subkey: %s", py.Repr(key))
	}
}

func TestNested(t *testing.T) {
	v := py.DictOf("errors", py.Strings("E: one\nE: two", "E: three"), "changes", py.DictOf("pa", py.DictOf("old", py.Str(""), "new", py.Str("1"))), "code", py.Int(100))
	want := "changes:\n    ----------\n    pa:\n        ----------\n        new:\n            1\n        old:\ncode:\n    100\nerrors:\n    - E: one\n      E: two\n    - E: three"
	if d := cmp.Diff(want, nested.Text(v)); d != "" {
		t.Error(d)
	}
}

func TestRepack(t *testing.T) {
	one := func(k string, v py.Value) py.Value { return py.DictOf(k, v) }
	for _, c := range []struct {
		name string
		in   py.Value
		want *py.Dict // nil: refused
	}{
		{"names and versions", py.NewList(py.Str("pa"), one("pb", py.Float(1.5)), one("pc", py.None)), py.DictOf("pa", py.None, "pb", py.Str("1.5"), "pc", py.None)},
		{"number as a name", py.NewList(py.Int(7)), py.DictOf("7", py.None)},
		{"twice", py.NewList(py.Str("pa"), py.Str("pa")), nil},
		{"two keys", py.NewList(py.DictOf("a", py.None, "b", py.None)), nil},
		{"list in the list", py.NewList(py.NewList()), nil},
		{"text", py.Str("pa pb"), nil},
		{"empty", py.NewList(), py.NewDict()},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := repack(c.in, unchanged)
			if (err != nil) != (c.want == nil) {
				t.Fatalf("error %v", err)
			}
			if c.want != nil {
				wantValue(t, got, c.want)
			}
		})
	}
}
