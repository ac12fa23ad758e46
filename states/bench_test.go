package states_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"pinch/internal/py"
	"pinch/states"
)

// writeTree writes files below a new directory, and returns it.
func writeTree(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// newTree returns a tree of state files and pillar files.
func newTree(tb testing.TB, stateFiles, pillarFiles map[string]string, opts ...any) *states.Tree {
	tb.Helper()
	all := py.DictOf(
		"file_roots", py.DictOf("base", py.Strings(writeTree(tb, stateFiles))),
		"pillar_roots", py.DictOf("base", py.Strings(writeTree(tb, pillarFiles))))
	all.Update(py.DictOf(opts...))
	tree, err := states.NewTree(context.Background(), states.Config{Opts: all})
	if err != nil {
		tb.Fatal(err)
	}
	return tree
}

func testGrains(id string) *py.Dict {
	return py.DictOf("id", py.Str(id), "os", py.Str("Debian"), "os_family", py.Str("Debian"),
		"osfinger", py.Str("Debian-12"), "roles", py.Strings("web", "db"))
}

// largeTree is a site of 50 SLS with a map file, a pillar and requisites.
func largeTree(tb testing.TB) *states.Tree {
	tb.Helper()
	top := "base:\n  '*':\n"
	files := map[string]string{
		"map.jinja": "{% set defaults = {'user': 'root', 'mode': '0644', 'opts': {'a': 1}} %}\n" +
			"{% set m = salt['grains.filter_by']({'Debian': {'pkg': 'x-deb'}, 'default': {'pkg': 'x'}}, merge=salt['pillar.get']('app', {})) %}\n",
	}
	for i := range 50 {
		top += fmt.Sprintf("    - app%d\n", i)
		files[fmt.Sprintf("app%d/init.sls", i)] = fmt.Sprintf(`{%% from 'map.jinja' import m, defaults with context %%}
include:
  - common

app%[1]d-pkg:
  pkg.installed:
    - name: {{ m.pkg }}-%[1]d
    - version: {{ salt['pillar.get']('versions:app%[1]d', '1.0') }}
{%% for f in ['a', 'b', 'c', 'd'] %%}
/etc/app%[1]d/{{ f }}.conf:
  file.managed:
    - source: salt://app%[1]d/files/{{ f }}.conf
    - template: jinja
    - user: {{ defaults.user }}
    - mode: "{{ defaults.mode }}"
    - context: {host: {{ grains['id'] }}, n: %[1]d}
    - require:
      - pkg: app%[1]d-pkg
    - watch_in:
      - service: app%[1]d
{%% endfor %%}
app%[1]d:
  service.running:
    - enable: True
    - require:
      - pkg: app%[1]d-pkg
`, i)
	}
	files["top.sls"] = top
	files["common.sls"] = "common:\n  test.nop: []\n"
	return newTree(tb, files, map[string]string{
		"top.sls":    "base:\n  '*': [common]\n  'os:Debian': [{match: grain}, debian]\n",
		"common.sls": "app: {pkg: nginx}\nversions:\n{% for i in range(50) %}  app{{ i }}: '2.{{ i }}'\n{% endfor %}",
		"debian.sls": "apt: {mirror: deb.example}\n",
	})
}

// BenchmarkCompile50SLS is one host again and again: all texts are the same.
// The goal is at most 10 ms.
func BenchmarkCompile50SLS(b *testing.B) {
	tree := largeTree(b)
	defer reportCPU(b)()
	for b.Loop() {
		compileLarge(b, tree, "web1")
	}
}

// BenchmarkCompileHosts is the same tree for a host with an ID of its own each
// time, which stands in every SLS: no parsed YAML can be shared. The goal is
// at most 5 ms of CPU, which makes 5 s for 1,000 hosts.
func BenchmarkCompileHosts(b *testing.B) {
	tree := largeTree(b)
	i := 0
	defer reportCPU(b)()
	for b.Loop() {
		i++
		compileLarge(b, tree, fmt.Sprintf("web%d", i))
	}
}

func compileLarge(b *testing.B, tree *states.Tree, id string) *states.Compiled {
	c, err := tree.Compile(context.Background(), states.Request{Host: id, Grains: testGrains(id), Highstate: true}, nil)
	if err != nil || len(c.Errors) > 0 || len(c.Chunks) != 301 {
		b.Fatal(err, c.Errors, len(c.Chunks))
	}
	return c
}

// reportCPU returns a function that reports the CPU time of an iteration, the
// garbage collector's included: on a busy machine only that can be compared.
func reportCPU(b *testing.B) func() {
	old := debug.SetGCPercent(400) // as the command line has it
	start := cpuTime(b)
	return func() {
		debug.SetGCPercent(old)
		b.ReportMetric(float64((cpuTime(b)-start).Microseconds())/1000/float64(b.N), "cpu-ms/op")
	}
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
