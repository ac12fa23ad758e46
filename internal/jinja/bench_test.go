package jinja_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pinch/internal/jinja"
	"pinch/internal/py"
)

const benchSLS = `{%- set app = salt['pillar.get']('app', {}) %}
{%- set port = app.get('port', 80) %}
{%- from "app/map.jinja" import settings with context %}
include:
  - common
  - app.{{ settings.flavour }}

app-pkg:
  pkg.installed:
    - name: {{ settings.pkg }}
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
    - watch_in:
      - service: app
{%- endif %}
{%- endfor %}

app:
  service.running:
    - name: {{ settings.service }}
    - enable: {{ app.get('enable', True) }}
{%- if grains.os_family == 'Debian' and port > 1024 %}
    - reload: true
{%- endif %}
`

const benchMap = `{% set base = {'pkg': 'app', 'service': 'appd', 'flavour': 'std'} %}
{% set os = {'Debian': {'service': 'app'}, 'RedHat': {'pkg': 'app-server'}}.get(grains.os_family, {}) %}
{% do base.update(os) %}
{% set settings = base %}
`

func benchRender(t testing.TB) *jinja.Render {
	t.Helper()
	sites := py.NewDict()
	for i := range 10 {
		sites.SetStr(fmt.Sprintf("site%d.example.com", i), py.DictOf("port", py.Int(8000+i), "aliases", py.Strings("a", "b", "c")))
	}
	pillar := py.DictOf("app", py.DictOf("port", py.Int(8080), "sites", sites))
	get := py.NewFunc("pillar.get", func(_ context.Context, a *py.Args) (py.Value, error) {
		if v, ok := pillar.GetStr(py.ToStr(a.Pos[0])); ok {
			return v, nil
		}
		return a.Pos[1], nil
	})
	vars := py.DictOf(
		"salt", py.DictOf("pillar.get", get),
		"grains", py.DictOf("id", py.Str("web1"), "os_family", py.Str("Debian")),
		"pillar", pillar, "opts", py.NewDict(), "saltenv", py.Str("base"), "sls", py.Str("app"))
	return &jinja.Render{Vars: vars, Loader: mapLoader{"app/map.jinja": benchMap}}
}

func BenchmarkParseSLS(b *testing.B) {
	b.SetBytes(int64(len(benchSLS)))
	for b.Loop() {
		if _, err := jinja.Parse("", benchSLS, jinja.SaltOptions()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRenderSLS(b *testing.B) {
	r := benchRender(b)
	r.Cache = jinja.NewCache()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jinja.RenderSalt(context.Background(), "app/init.sls", benchSLS, r); err != nil {
			b.Fatal(err)
		}
	}
}

const benchLoop = `{% set total = namespace(n=0) %}{% for i in range(10000) %}{% if i % 3 == 0 and i is not divisibleby 5 %}{% set total.n = total.n + i %}{% endif %}{{ i }},{% endfor %}{{ total.n }}`

func BenchmarkLoop(b *testing.B) {
	benchTemplate(b, benchLoop, py.NewDict())
}

const benchUsers = `{% macro line(name, u) -%}
{{ name }}:
  user.present:
    - fullname: {{ u.fullname }}
    - uid: {{ u.uid }}
    - home: {{ u.get('home', '/home/' ~ name) }}
    - shell: {{ u.shell | default('/bin/bash') }}
    - groups: {{ u.groups | sort | join(',') }}
{%- endmacro %}
{% for name, u in users.items() | sort if u.uid > 1000 %}
{{ line(name, u) }}
{% if not loop.last %}---{% endif %}
{% endfor %}`

func users(n int) *py.Dict {
	d := py.NewDict()
	for i := range n {
		d.SetStr(fmt.Sprintf("user%05d", n-i), py.DictOf("fullname", py.Str(fmt.Sprintf("User Number %d", i)), "uid", py.Int(1000+i),
			"groups", py.Strings("wheel", "dev", "adm")))
	}
	return d
}

func BenchmarkUsers5000(b *testing.B) {
	benchTemplate(b, benchUsers, py.DictOf("users", users(5000)))
}

func benchTemplate(b *testing.B, source string, vars *py.Dict) {
	t, err := jinja.Parse("", source, jinja.SaltOptions())
	if err != nil {
		b.Fatal(err)
	}
	r := &jinja.Render{Vars: vars}
	b.ReportAllocs()
	for b.Loop() {
		out, err := t.Render(context.Background(), r)
		if err != nil {
			b.Fatal(err)
		}
		if !strings.Contains(out, "1") {
			b.Fatal("no output")
		}
	}
}
