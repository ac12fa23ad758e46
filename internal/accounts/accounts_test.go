package accounts

import (
	"testing"

	"pinch/internal/host"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		programs []string
		want     Tools
	}{
		{nil, Shadow}, {[]string{"useradd", "adduser", "addgroup"}, Shadow}, {[]string{"pw"}, PW}, {[]string{"adduser", "addgroup"}, Busybox}, {[]string{"adduser"}, Shadow},
	} {
		f := host.NewFake(nil)
		for _, p := range c.programs {
			f.Programs[p] = "/sbin/" + p
		}
		if got := Of(f); got != c.want {
			t.Errorf("%v: %v", c.programs, got)
		}
	}
}

func TestSetField(t *testing.T) {
	f := host.NewFake(map[string]string{Group: "root:x:0:\nweb:x:80:ada\nshort:x"})
	for _, c := range []struct {
		name, value string
		field       int
		ok          bool
	}{{"web", "ada,bob", 3, true}, {"root", "1", 2, true}, {"none", "1", 2, false}, {"web", "a:b", 3, false}, {"web", "a\nroot::0:", 3, false}, {"short", "1", 2, false}, {"short", "y", 1, true}} {
		if err := SetField(f, Group, c.name, c.field, c.value); (err == nil) != c.ok {
			t.Errorf("%s %d %q: %v", c.name, c.field, c.value, err)
		}
	}
	if b, err := f.ReadFile(Group); err != nil || string(b) != "root:x:1:\nweb:x:80:ada,bob\nshort:y" {
		t.Errorf("%q, %v", b, err)
	}
}
