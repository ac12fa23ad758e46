package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinch/internal/gitfs/gittest"
)

func TestGitFS(t *testing.T) {
	s := &site{t, t.TempDir()}
	big := strings.Repeat("large file\n", 200_000) // 2.1 MiB
	to := filepath.Join(s.dir, "out")
	words := gittest.Build(t, s.dir, gittest.Repos{
		"states": {{Branch: "master", Files: map[string]string{
			"top.sls": "base:\n  '*': [a]\n",
			"a.sls": "f:\n  file.managed:\n    - name: {{ pillar.dir }}/f\n    - source: salt://files/t.jinja\n    - template: jinja\n    - makedirs: True\n" +
				"run:\n  file.managed:\n    - name: {{ pillar.dir }}/run\n    - source: salt://files/run\n    - mode: keep\n    - require: [{file: f}]\n" +
				"big:\n  file.managed:\n    - name: {{ pillar.dir }}/big\n    - source: salt://files/big\n" +
				"tree:\n  file.recurse:\n    - name: {{ pillar.dir }}/tree\n    - source: salt://files\n    - keep_symlinks: True\n",
			"files/t.jinja": "{% from 'files/map.jinja' import x %}{{ x }} {{ pillar.from }}\n", "files/map.jinja": "{% set x = 'mapped' %}", "files/big": big,
		}, Exec: map[string]string{"files/run": "#!/bin/sh\n"}, Links: map[string]string{"files/link": "t.jinja"}},
			{Branch: "dev", From: "master", Files: map[string]string{"a.sls": "x:\n  test.nop: []\n"}}},
		"secrets": {{Branch: "master", Files: map[string]string{"top.sls": "base:\n  '*': [p]\n", "p.sls": "from: git\ndir: " + to + "\n"}}},
	})
	s.write("master", words.Replace("fileserver_backend: [roots, git]\ngitfs_remotes: ['{states}']\next_pillar:\n  - git: [\"master {secrets}\"]\n"))
	s.want(exitOK, "Succeeded: 4 (changed=4)", "gitfs "+words.Replace("{states}")+" environment base: master is ", "--local", "-v", "state.apply")
	s.want(exitOK, "Succeeded: 4\n", "git_pillar", "--local", "-v", "state.apply")
	s.want(exitOK, "test", "", "--local", "state.show_sls", "a", "saltenv=dev")
	s.want(exitOK, "Succeeded: 4\n", "", "--local", "--no-fetch", "state.apply")
	if out, errs, code := s.pinchRaw("check", "-c", s.dir); code != exitOK || !strings.Contains(out+errs, "1 SLS") && !strings.Contains(out+errs, "2 SLS") {
		t.Errorf("check: status %d\n%s%s", code, out, errs)
	}
	for name, want := range map[string]string{"f": "mapped git\n", "big": big, "tree/run": "#!/bin/sh\n"} {
		if b, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(b) != want {
			t.Errorf("%s: %.40q, %v", name, b, err)
		}
	}
	if info, err := os.Stat(filepath.Join(to, "run")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("run: %v, %v", info.Mode(), err)
	}
	if l, err := os.Readlink(filepath.Join(to, "tree/link")); err != nil || l != "t.jinja" {
		t.Errorf("link: %q, %v", l, err)
	}

	s.write("master", "fileserver_backend: [gitfs]\ngitfs_remotes: ['https://u:s3cret@127.0.0.1:1/x.git']\n")
	_, stderr, code := s.pinch("--local", "state.apply")
	if code != exitError || !strings.Contains(stderr, "https://u:***@127.0.0.1:1/x.git") || strings.Contains(stderr, "s3cret") {
		t.Errorf("a remote that is not there: status %d\n%s", code, stderr)
	}
	s.want(exitOK, "True", "", "--local", "test.ping") // needs no tree
	s.write("master", "fileserver_backend: [hgfs]\n")
	s.want(exitError, "", "hgfs is not supported", "--local", "state.apply")
}

func TestRef(t *testing.T) {
	dir := t.TempDir()
	step := func(text, pillar string) gittest.Step {
		return gittest.Step{Branch: "master", Files: map[string]string{
			"salt/top.sls": "base:\n  '*': [a]\n", "salt/a.sls": "x:\n  test.show_notification:\n    - text: " + text + " {{ pillar.p }} {{ pillar.s }}\n",
			"pillar/top.sls": "base:\n  '*': [p]\n", "pillar/p.sls": "p: " + pillar + "\n", "stack/s.cfg": "s.yml\n", "stack/s.yml": "s: " + pillar + "\n",
		}}
	}
	words := gittest.Build(t, dir, gittest.Repos{"r": {step("first", "one"), step("second", "two"), {Branch: "master", Remove: []string{"salt", "pillar", "stack"}}}})
	s := &site{t, filepath.Join(dir, "r")}
	s.write("master", "file_roots: {base: [salt]}\npillar_roots: {base: [pillar]}\next_pillar: [{stack: "+s.dir+"/stack/s.cfg}]\n")
	s.want(exitOK, "first one one", "is "+words.Replace("{sha:r:0}"), "--local", "-v", "--ref", "HEAD~2", "state.apply")
	s.want(exitOK, "second two two", "", "--local", "--ref", words.Replace("{sha:r:1}"), "state.show_sls", "a")
	s.want(exitOK, "second two two", "", "--local", "--ref", "HEAD~1", "state.show_lowstate")
	s.want(exitOK, "two", "", "--local", "--ref", "HEAD~1", "pillar.get", "p")
	s.want(exitError, "", "revision nosuch", "--local", "--ref", "nosuch", "state.apply")
	outside := t.TempDir()
	s.want(exitError, "", "is in no git work tree", "--local", "--ref", "HEAD~1", "--file-root", outside, "state.apply")
	if _, err := os.Stat(filepath.Join(s.dir, "salt")); !os.IsNotExist(err) {
		t.Errorf("something was checked out: %v", err)
	}

	job, err := json.Marshal(map[string]any{
		"case": "c", "id": "web1", "sls": []string{"a"}, "what": []string{"low"}, "grains": map[string]any{}, "opts": map[string]any{"ext_pillar": []any{map[string]any{"stack": s.dir + "/stack/s.cfg"}}},
		"file_roots": map[string]any{"base": []string{s.dir + "/salt"}}, "pillar_roots": map[string]any{"base": []string{s.dir + "/pillar"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.write("grains.json", `{"id": "web1"}`)
	if out, errs, code := s.pinchRaw("compile", "-c", s.dir, "-v", "--grains-file", "grains.json", "--ref", "HEAD~1", "a"); code != exitOK || !strings.Contains(out, "second two two") ||
		!strings.Contains(errs, words.Replace("{sha:r:1}")) {
		t.Errorf("compile --ref SLS: status %d\n%s\n%s", code, out, errs)
	}
	if out, errs, code := s.pinchRaw("compile", "-c", s.dir, "--grains-file", "grains.json", "--ref", "nosuch", "a"); code != exitError || !strings.Contains(errs, "nosuch") {
		t.Errorf("compile --ref nosuch: status %d\n%s\n%s", code, out, errs)
	}
	var out, errs bytes.Buffer
	code := Main(Env{Stdin: bytes.NewReader(append(job, '\n')), Stdout: &out, Stderr: &errs, Dir: s.dir, Home: s.dir, Getenv: func(string) string { return "" }},
		[]string{"pinch", "compile", "--batch", "--ref", "HEAD~2"})
	if code != exitOK || !strings.Contains(out.String(), "first one one") {
		t.Errorf("compile --ref: status %d\n%s\n%s", code, out.String(), errs.String())
	}
}
