package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Templates ask the other hosts of the roster: by mine_functions of roster,
// pillar and configuration, and by publish.
func TestPeers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts SSH hosts and builds the shim")
	}
	s := newSite(t, map[string]string{
		"pillar/top.sls": "base: {'*': [p]}\n",
		"pillar/p.sls": `mine_functions:
  test.echo: [from {{ grains['id'] }}]
  root: [{mine_function: grains.get}, demo_root]
  kw: {mine_function: test.kwarg, a: 1}
  asks: [{mine_function: mine.get}, '*', test.echo]
  fails: {mine_function: test.exception, message: no}
`,
		"salt/t.sls": `{% macro show(n, v) %}
{{ n }}:
  test.show_notification:
    - text: {{ v | json | json }}
{% endmacro %}
{{ show('echo', salt['mine.get']('*', 'test.echo')) }}
{{ show('list', salt['mine.get']('web1,db1', 'kw', 'list')) }}
{{ show('tuple', salt['mine.get'](['web2'], 'kw', tgt_type='list')) }}
{{ show('grain', salt['mine.get']('demo_root:*/db1', 'root', tgt_type='grain')) }}
{{ show('pcre', salt['mine.get']('web[2-9]', 'root', 'pcre')) }}
{{ show('nobody', salt['mine.get']('nosuch*', 'test.echo')) }}
{{ show('plain', salt['mine.get']('web1', 'grains.ls') is mapping) }}
{{ show('asks', salt['mine.get']('web1', 'asks')) }}
{{ show('fails', salt['mine.get']('*', 'fails')) }}
{{ show('ssh', salt['mine.get']('*', 'test.echo', ssh_minions=False)) }}
{{ show('bad', salt['test.try']('mine.get', return_try_exception=True, tgt='*', expr_form='grain')) }}
{{ show('publish', salt['publish.publish']('web*', 'test.arg', ['a', '1', '{x: [y]}'])) }}
{{ show('one', salt['publish.publish']('web1', 'test.echo', 'a,b')) }}
{{ show('again', salt['publish.publish']('web1', 'publish.publish', ['*', 'test.ping'])) }}
{{ show('full', salt['publish.full_data']('web1', 'test.ping')['web1']['ret']) }}
`,
	})
	stdout, stderr, code := s.pinch("--out=json", "web1", "state.apply", "t")
	if code != exitOK {
		t.Fatalf("status %d\n%s\n%s", code, stdout, stderr)
	}
	got := comments(t, stdout)
	want := map[string]string{
		"echo":  `{"db1": "from db1", "web1": "from web1", "web2": "from web2"}`,
		"list":  `{"db1": {"a": 1}, "web1": {"a": 1}}`,
		"tuple": `{"web2": {"a": 1}}`,
		"grain": `{"db1": "` + filepath.Join(s.dir, "hosts", "db1") + `"}`, "pcre": `{"web2": "` + filepath.Join(s.dir, "hosts", "web2") + `"}`,
		"nobody": "{}", "plain": "true", "asks": `{"web1": {}}`, "fails": "{}", "ssh": "{}",
		"bad":     `"get() got an unexpected keyword argument 'expr_form'"`,
		"publish": `{"web1": {"args": ["a", 1, {"x": ["y"]}], "kwargs": {}}, "web2": {"args": ["a", 1, {"x": ["y"]}], "kwargs": {}}}`,
		"one":     `{"web1": "a,b"}`, "again": "{}", "full": "true",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !strings.Contains(stderr, "Excluding minion from mine") {
		t.Errorf("no word of the mine function that fails:\n%s", stderr)
	}
	s.want(exitOK, "from web2", "", "web1", "mine.get", "web*", "test.echo")
}

// comments are the comments of a run's states by their IDs.
func comments(t *testing.T, stdout string) map[string]string {
	t.Helper()
	var out map[string]map[string]struct{ Comment string }
	if err := json.Unmarshal([]byte(stdout), &out); err != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	got := map[string]string{}
	for _, states := range out {
		for key, r := range states {
			got[strings.Split(key, "_|-")[1]] = r.Comment
		}
	}
	return got
}

// What only looks is asked once in a compile, unless something wrote meanwhile;
// while states run it is asked again.
func TestCallsAreRemembered(t *testing.T) {
	if testing.Short() {
		t.Skip("starts SSH hosts and builds the shim")
	}
	s := newSite(t, map[string]string{
		"salt/t.sls": `{% set f = grains['demo_root'] ~ '/mark' %}
{% set a = salt['file.file_exists'](f) %}
{% do salt['cmd.run']('touch ' ~ f) %}
{% set b = salt['file.file_exists'](f) %}
{% set l = salt['file.readdir'](grains['demo_root']) %}
{% do l.append('own') %}
seen:
  test.show_notification:
    - text: {{ a }} {{ b }} {{ 'own' in salt['file.readdir'](grains['demo_root']) }}
{{ f }}:
  file.absent: []
{{ f }}2:
  file.managed:
    - source: salt://f.jinja
    - template: jinja
`,
		"salt/f.jinja": "{{ salt['file.file_exists'](grains['demo_root'] ~ '/mark') }}\n",
	})
	stdout, stderr, code := s.pinch("--out=json", "web1", "state.apply", "t")
	if code != exitOK {
		t.Fatalf("status %d\n%s\n%s", code, stdout, stderr)
	}
	if got := comments(t, stdout)["seen"]; got != "False True False" {
		t.Errorf("the template saw %s", got)
	}
	b, err := os.ReadFile(filepath.Join(s.dir, "hosts", "web1", "mark2"))
	if err != nil || string(b) != "False\n" {
		t.Errorf("the file's template saw %q, %v", b, err)
	}
}
