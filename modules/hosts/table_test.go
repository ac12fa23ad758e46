package hosts

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
)

const sample = "# local\n127.0.0.1 localhost\n\n10.0.0.1  web.example.org web # the web\n10.0.0.1 www\n::1 localhost\n"

func TestText(t *testing.T) {
	want := "# local\n127.0.0.1\t\tlocalhost\n10.0.0.1\t\tweb.example.org web www\t\t# the web\n::1\t\tlocalhost\n"
	got := parse(sample).text()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, parse(got).text()); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutName(t *testing.T) {
	for name, c := range map[string]struct{ ip, name, want string }{
		"one of many": {"10.0.0.1", "web", "# local\n127.0.0.1 localhost\n\n10.0.0.1\t\tweb.example.org # the web\n10.0.0.1\t\twww \n::1 localhost\n"},
		"the last":    {"::1", "localhost", "# local\n127.0.0.1 localhost\n\n10.0.0.1  web.example.org web # the web\n10.0.0.1 www\n"},
		"other":       {"10.0.0.9", "web", sample},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, withoutName(sample, c.ip, c.name)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWithNames(t *testing.T) {
	for name, c := range map[string]struct{ text, ip, names, want string }{
		"replace": {"1.1.1.1 a\n2.2.2.2 b\n1.1.1.1 c\n", "1.1.1.1", "x y", "1.1.1.1\t\tx y\n2.2.2.2 b\n"},
		"new":     {"1.1.1.1 a", "2.2.2.2", "b", "1.1.1.1 a\n2.2.2.2\t\tb\n"},
		"remove":  {"1.1.1.1 a\n2.2.2.2 b\n", "1.1.1.1", " ", "2.2.2.2 b\n"},
		"nothing": {"", "1.1.1.1", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, withNames(c.text, c.ip, c.names, "")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLook(t *testing.T) {
	a := &presentArgs{Name: "web", IP: []string{"10.0.0.2", "10.0.0.1"}, Clean: true, Comment: "note"}
	got := a.look(parse("10.0.0.1 other\n10.0.0.3 web x\n10.0.0.4 y\n"))
	want := pending{add: []string{"10.0.0.2", "10.0.0.1"}, note: []string{"10.0.0.2", "10.0.0.1"}, remove: []string{"10.0.0.3"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(pending{})); diff != "" {
		t.Error(diff)
	}
}

func TestFile(t *testing.T) {
	f := host.NewFake(map[string]string{"/etc/": ""})
	if ok, err := addHost(f, "/etc/hosts", "1.1.1.1", "a"); !ok || err != nil {
		t.Fatalf("add = %v, %v", ok, err)
	}
	if ok, err := setComment(f, "/etc/hosts", "1.1.1.1", "note"); !ok || err != nil {
		t.Fatalf("comment = %v, %v", ok, err)
	}
	b, err := f.ReadFile("/etc/hosts")
	if want := "1.1.1.1\t\ta\t\t# note\n"; err != nil || string(b) != want {
		t.Errorf("file = %q, %v, want %q", b, err, want)
	}
	if i, err := f.Stat("/etc/hosts"); err != nil || i.Perm() != 0o644 {
		t.Errorf("mode = %o, %v", i.Perm(), err)
	}
	if ok, err := addHost(f, "/etc", "1.1.1.1", "a"); ok || err != nil {
		t.Errorf("a directory as hosts file: %v, %v", ok, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("#\n1 #\n1\t# a # b\n")
	f.Fuzz(func(t *testing.T, text string) {
		first := parse(text).text()
		if second := parse(first).text(); first != second {
			t.Errorf("%q is written as %q and then as %q", text, first, second)
		}
	})
}
