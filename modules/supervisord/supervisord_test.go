package supervisord

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]process{
		"a   RUNNING   pid 1, uptime 0:00:01": {"a", "RUNNING", "pid 1, uptime 0:00:01"},
		"nope: ERROR (no such process)":       {"nope:", "ERROR", "(no such process)"},
		"g:g_1 STOPPED":                       {"g:g_1", "STOPPED", ""},
	} {
		if got, err := parse(line); err != nil || got != want {
			t.Errorf("%q: %v, %v", line, got, err)
		}
	}
	if _, err := parse("x"); err == nil {
		t.Error("one word is a status")
	}
}

func TestOptions(t *testing.T) {
	h := host.NewFake(map[string]string{"/etc/supervisord.conf": "[DEFAULT]\nbase=/srv\n; c\n[program:a]\nCommand = %(base)s/x --p=1 ; comment\nnum: 3\nmulti=a\n  b\n\nauto=TRUE\n" +
		"[program:bad]\nname=%(program_name)s\n", "/broken.conf": "x=1\n", "/twice.conf": "[a]\n[a]\n"})
	c := &modules.Call{Reader: h}
	d, err := options(c, &optionsArgs{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{'base': '/srv', 'command': '/srv/x --p=1', 'num': 3, 'multi': 'a\nb', 'auto': True}`, py.Repr(d)); diff != "" {
		t.Error(diff)
	}
	broken, twice := "/broken.conf", "/twice.conf"
	for _, a := range []*optionsArgs{{Name: "none"}, {Name: "bad"}, {Name: "a", ConfFile: &broken}, {Name: "a", ConfFile: &twice}} {
		if _, err := options(c, a); err == nil {
			t.Errorf("%s: no error", a.Name)
		}
	}
}
