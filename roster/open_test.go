package roster_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/roster"
	"pinch/roster/sshconfig"
)

func TestSources(t *testing.T) {
	got, err := roster.Sources(append(roster.Backends(), ""), roster.SourceConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range got {
		names = append(names, s.Name())
	}
	if d := cmp.Diff([]string{"flat", "dir", "sshconfig", "ansible", "scan", "flat"}, names); d != "" {
		t.Error(d)
	}
	for name, want := range map[string]string{
		"flatt": "there is no such roster back end (did you mean flat?)", "range": "is not supported (known ones are flat, dir",
	} {
		if _, err := roster.Sources([]string{name}, roster.SourceConfig{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadSSHConfigAndKeys(t *testing.T) {
	home := t.TempDir()
	write(t, home, ".ssh/config", "Host a\nInclude more\n")
	write(t, home, ".ssh/more", "Host b\n")
	key := write(t, home, ".ssh/id_ed25519", "x")
	other := write(t, home, "other", "Host c\n")
	names := func(file string) []string {
		c, err := roster.LoadSSHConfig(roster.SSHFiles{Env: sshconfig.Env{Home: home}, File: file})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, h := range c.Hosts() {
			if strings.HasPrefix(h.File, home) {
				out = append(out, h.Name)
			}
		}
		return out
	}
	for file, want := range map[string][]string{"": {"a", "b"}, other: {"c"}, "none": nil} {
		if d := cmp.Diff(want, names(file)); d != "" {
			t.Errorf("%q: %s", file, d)
		}
	}
	if _, err := roster.LoadSSHConfig(roster.SSHFiles{File: filepath.Join(home, "nowhere")}); err == nil {
		t.Error("a missing file that was named is no error")
	}
	if d := cmp.Diff([]string{key}, roster.DefaultKeys(home)); d != "" {
		t.Error(d)
	}
}
