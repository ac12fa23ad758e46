package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// canary is a secret of the pillar. It must turn up where the tree puts it and
// nowhere else.
const canary = "c4n4ry-in-the-pillar"

// TestSecrets applies a tree that uses a secret in the ways in which it can be
// kept from sight, at the highest verbosity, and looks for it in the output, in
// the logs, in the arguments and the environment of all processes of the run,
// and on the disk.
func TestSecrets(t *testing.T) {
	s := &site{t, t.TempDir()}
	s.write("pillar/top.sls", "base: {'*': [p]}\n")
	s.write("pillar/p.sls", "secret: "+canary+"\nold: {secret: "+canary+"}\n")
	s.write("salt/conf", "password={{ pillar['secret'] }}\n")
	s.write("salt/u.sls", "u: {user.present: [{name: nobody-of-that-name}, {password: \"{{ pillar['secret'] }}\"}]}\n")
	s.write("w/changed", "before\n")
	// what a command of the run sees of the processes above it
	s.write("salt/a.sls", strings.ReplaceAll(`
w/pillar:
  file.managed: [{name: @/pillar}, {contents_pillar: secret}, {show_changes: False}, {mode: "0600"}]
w/nested:
  file.managed: [{name: @/changed}, {contents_pillar: "old:secret"}, {show_changes: False}]
w/template:
  file.managed: [{name: @/template}, {source: "salt://conf"}, {template: jinja}, {show_changes: False}]
w/replace:
  file.replace: [{name: @/template}, {pattern: "password=.*"}, {repl: "password=x{{ pillar['secret'] }}"}, {show_changes: False}, {backup: False}]
hidden output:
  cmd.run: [{name: cat @/pillar}, {hide_output: True}]
no_log:
  cmd.run: [{name: cat @/pillar}, {no_log: True}]
fails:
  cmd.run: [{name: cat @/pillar; exit 3}, {no_log: True}]
no_log with a name:
  test.configurable_test_state: [{changes: True}, {result: False}, {comment: "{{ pillar['secret'] }}"}, {no_log: True}]
missing:
  file.managed: [{name: /no/such/folder/f}, {contents_pillar: secret}, {show_changes: False}]
processes:
  cmd.run:
    - name: p=$PPID; while [ "$p" -gt 1 ] && [ "$p" != "$STOP" ]; do cat /proc/$p/cmdline /proc/$p/environ; p=$(cut -d' ' -f4 /proc/$p/stat); done > @/processes; true
    - env: [{STOP: "@PID"}]
`, "@PID", "1"))
	text, err := os.ReadFile(filepath.Join(s.dir, "salt/a.sls"))
	if err != nil {
		t.Fatal(err)
	}
	s.write("salt/a.sls", strings.ReplaceAll(string(text), "@", filepath.Join(s.dir, "w")))

	for _, args := range [][]string{{"a", "test=True"}, {"u", "test=True"}, {"a", "test=False"}} {
		for _, out := range []string{"--out=json", "--out=nested", "--out=highstate"} {
			stdout, stderr, code := s.pinch(append([]string{"-l", "debug", out, "--local", "--id", "me", "state.apply"}, args...)...)
			if code != exitFailed && args[1] == "test=False" || stdout == "" {
				t.Fatalf("%s %v: status %d\n%s\n%s", out, args, code, stdout, stderr)
			}
			for where, text := range map[string]string{"output": stdout, "log": stderr} {
				if i := strings.Index(text, canary); i >= 0 {
					t.Errorf("%s %v: the secret is in the %s: …%s…", out, args, where, text[max(0, i-300):min(len(text), i+60)])
				}
			}
		}
	}

	holders := map[string]bool{"pillar/p.sls": true, "w/pillar": true, "w/changed": true, "w/template": true}
	found := 0
	err = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(s.dir, path)
		if strings.Contains(string(data), canary) {
			found++
			if !holders[rel] {
				t.Errorf("the secret is in the file %s", rel)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found != len(holders) {
		t.Errorf("the secret is in %d files, want %d: the tree was not applied", found, len(holders))
	}
	if info, err := os.Stat(filepath.Join(s.dir, "w/processes")); err != nil || info.Size() == 0 {
		t.Errorf("the processes were not seen: %v", err)
	}
}
