// Command jinja compares pinch's Jinja and YAML with those of Salt: the same
// templates with the same variables in one process each, the best turn of
// both by CPU time. The texts must be equal.
//
//	go run ./integration/bench/jinja -python VENV/bin/python
//
// VENV is a virtual environment that has Salt.
package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

//go:embed jinja2.py
var script string

// benchCase is one template. Goal is how many times faster than Salt it is
// meant to be.
type benchCase struct {
	Name     string
	Template string
	Vars     *py.Dict
	YAML     bool // what comes out is loaded too
	Goal     float64
}

func main() {
	python := flag.String("python", "", "Python of a virtual environment with Salt")
	seconds := flag.Float64("seconds", 3, "CPU time to spend on each template and engine")
	flag.Parse()
	if err := work(*python, *seconds); err != nil {
		fmt.Fprintln(os.Stderr, "jinja:", err)
		os.Exit(1)
	}
}

func work(python string, seconds float64) error {
	if python == "" {
		return errors.New("-python is needed: the Python of an environment with Salt")
	}
	cases := benchCases()
	theirs, err := salt(python, cases, seconds)
	if err != nil {
		return err
	}
	fmt.Printf("%-32s %12s %12s %8s %6s\n", "", "Salt", "pinch", "factor", "goal")
	missed := 0
	for i, c := range cases {
		ours, text, err := time1(c, seconds)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		if text != theirs[i].Text {
			return fmt.Errorf("%s: the texts differ", c.Name)
		}
		their := time.Duration(theirs[i].Seconds * float64(time.Second))
		factor := float64(their) / float64(ours)
		mark := ""
		if factor < c.Goal {
			mark = " missed"
			missed++
		}
		fmt.Printf("%-32s %12v %12v %7.1fx %5.0fx%s\n", c.Name, their.Round(time.Microsecond), ours.Round(time.Microsecond), factor, c.Goal, mark)
	}
	if missed > 0 {
		return fmt.Errorf("%d goals missed", missed)
	}
	return nil
}

type result struct {
	Seconds float64
	Text    string
}

// salt runs the cases in Python.
func salt(python string, cases []benchCase, seconds float64) ([]result, error) {
	dir, err := os.MkdirTemp("", "bench-jinja")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var in bytes.Buffer
	for _, c := range cases {
		vars, err := py.DumpsJSON(c.Vars, py.DumpOptions{})
		if err != nil {
			return nil, err
		}
		if err := json.NewEncoder(&in).Encode(map[string]any{"template": c.Template, "vars": json.RawMessage(vars), "yaml": c.YAML, "seconds": seconds, "dir": dir}); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", python, err)
	}
	var results []result
	sc := bufio.NewScanner(bytes.NewReader(out))
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		var r result
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	if len(results) != len(cases) {
		return nil, fmt.Errorf("%s: %d results for %d templates", python, len(results), len(cases))
	}
	return results, sc.Err()
}

// time1 returns the CPU time of the best turn: parse, render and load, as Salt
// does it each time.
func time1(c benchCase, seconds float64) (best time.Duration, text string, err error) {
	r := &jinja.Render{Vars: py.NewDict(), Codec: jinjacodec.New()}
	r.Vars.Update(c.Vars)
	for name, v := range py.DictOf("opts", py.NewDict(), "saltenv", py.Str(""), "sls", py.Str(""), "salt", py.NewDict()).All() {
		r.Vars.SetStr(py.ToStr(name), v)
	}
	var spent time.Duration
	for turns := 0; spent.Seconds() < seconds || turns < 3; turns++ {
		start := cpu()
		if text, err = jinja.RenderSalt(context.Background(), "", c.Template, r); err != nil {
			return 0, "", err
		}
		if c.YAML {
			if _, err := saltyaml.Load(text); err != nil {
				return 0, "", err
			}
		}
		took := cpu() - start
		spent += took
		if best == 0 || took < best {
			best = took
		}
	}
	return best, text, nil
}

// cpu is the CPU time of this process, its garbage collector included.
func cpu() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		panic(err) // Linux has this clock
	}
	return time.Duration(ts.Nano())
}

func benchCases() []benchCase {
	sites := py.NewDict()
	for i := range 10 {
		sites.SetStr(fmt.Sprintf("site%d.example.com", i), py.DictOf("port", py.Int(8000+i), "aliases", py.Strings("a", "b", "c")))
	}
	users := py.NewDict()
	for i := range 5000 {
		users.SetStr(fmt.Sprintf("user%05d", 5000-i), py.DictOf("fullname", py.Str(fmt.Sprintf("User Number %d", i)),
			"uid", py.Int(1000+i), "groups", py.Strings("wheel", "dev", "adm")))
	}
	return []benchCase{
		{Name: "small SLS, parse and render", Template: smallSLS, Goal: 20, Vars: py.DictOf("pillar", py.DictOf("app", py.DictOf("port", py.Int(8080), "sites", sites)),
			"grains", py.DictOf("id", py.Str("web1"), "os_family", py.Str("Debian")))},
		{Name: "loops", Template: loops, Goal: 4, Vars: py.NewDict()},
		{Name: "5,000 users, with YAML loaded", Template: usersSLS, YAML: true, Goal: 4, Vars: py.DictOf("users", users)},
	}
}

const loops = `{% set total = namespace(n=0) %}{% for i in range(10000) %}{% if i % 3 == 0 and i is not divisibleby 5 %}{% set total.n = total.n + i %}{% endif %}{{ i }},{% endfor %}{{ total.n }}`

var smallSLS = strings.TrimLeft(`
{%- set app = pillar.get('app', {}) %}
{%- set port = app.get('port', 80) %}
include:
  - common

app-pkg:
  pkg.installed:
    - name: app
    - version: {{ app.version | default('latest') }}

{% for name, site in app.get('sites', {}).items() %}
{%- if site.enabled | default(true) %}
/etc/app/sites/{{ name }}.conf:
  file.managed:
    - source: salt://app/files/site.conf
    - template: jinja
    - mode: '0644'
    - context:
        port: {{ site.get('port', port) }}
        aliases: {{ site.aliases | default([]) | join(' ') }}
        grains_id: {{ grains['id'] }}
    - require:
      - pkg: app-pkg
{%- endif %}
{%- endfor %}

app:
  service.running:
    - enable: {{ app.get('enable', True) }}
{%- if grains.os_family == 'Debian' and port > 1024 %}
    - reload: true
{%- endif %}
`, "\n")

const usersSLS = `{% macro line(name, u) -%}
{{ name }}:
  user.present:
    - fullname: {{ u.fullname }}
    - uid: {{ u.uid }}
    - home: {{ u.get('home', '/home/' ~ name) }}
    - shell: {{ u.shell | default('/bin/bash') }}
    - groups: [{{ u.groups | sort | join(', ') }}]
{%- endmacro %}
{% for name, u in users.items() | sort if u.uid > 1000 %}
{{ line(name, u) }}
{% endfor %}`
