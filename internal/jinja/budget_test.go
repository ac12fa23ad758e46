package jinja_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/py"
)

// TestHostile renders templates that ask for more than there is: each ends
// soon, with an error that names line 2.
func TestHostile(t *testing.T) {
	rep := strings.Repeat
	cycle := "{% set l = [1] %}{% do l.append(l) %}{% set d = {} %}{% do d.update({'d': d}) %}{% set m = [1] %}{% do m.append(m) %}\n"
	deep := "{% set ns = namespace(x=[]) %}{% for i in range(50000) %}{% set ns.x = [ns.x] %}{% endfor %}\n"
	for _, source := range []string{
		"{{ 'a' * 10**9 }}", "{{ [0] * 10**9 }}", "{{ 2**(10**9) }}", "{{ 10**(10**10) }}", "{{ (2**3000000) * (2**3000000) }}", "{{ (2**100000)|string }}",
		"{{ ('9' * 1000000)|int }}{{ none + 1 }}", "{{ '%1000000000d' % 1 }}", "{{ '%.1000000000f' % 1 }}", "{{ '%*d' % (1000000000, 1) }}",
		"{{ '{:1000000000}'.format(1) }}", "{{ '{:.1000000000f}'.format(1.5) }}", "{{ '{:{}}'.format(1, 10**9) }}",
		"{{ 'a'|center(10**9) }}", "{{ 'a'.ljust(10**9) }}", "{{ 'a'.zfill(10**9) }}", "{{ 'a'|indent(10**9, true) }}", "{{ ('a' * 10**6).replace('a', 'b' * 10**6) }}",
		"{{ ('b' * 10**6).join('a' * 10**4) }}", "{{ [1]|batch(10**9, 'x')|list }}", "{{ [1, 2]|product(repeat=10**9)|list }}", "{{ '::/0'|network_hosts }}",
		"{{ range(10**18) }}", "{% for i in range(100000) %}{{ 'a' * 100000 }}{% endfor %}", "{% set l = [1] %}{% for i in range(100) %}{% do l.extend(l) %}{% endfor %}",
		"{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}", "{% include 'self' %}", "{% block a %}{{ self.a() }}{% endblock %}",
		"{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}", "{{ " + rep("(", 100000), "{{ " + rep("not ", 100000) + "1 }}", "{{ " + rep("-", 100000) + "1 }}",
		"{{ x" + rep(".a", 200000) + " }}", "{{ 1" + rep("+1", 200000) + " }}", "{{ 1" + rep("|e", 200000) + " }}", "{{ 1" + rep(" and 1", 200000) + " }}",
		"{{ 1" + rep(" is none", 5000) + " }}", "{{ 1" + rep(" if 1", 5000) + " }}", "{{ x" + rep("[0]", 200000) + " }}", rep("{% if 1 %}", 100000),
		"{{ ('a' * 30 ~ 'c')|regex_match('(a|aa)+$') }}{{ none + 1 }}", "{{ ('a' * 5000)|regex_search('(a*)*b\\1') }}",
		"{% load_yaml as x %}" + rep("[", 100000) + "{% endload %}", "{{ ('[' * 100000)|load_json }}", "{{ ('{0:' * 100000).format(1) }}",
		cycle + "{{ d }}", cycle + "{{ l|json }}", cycle + "{{ l == m }}", cycle + "{{ l < m }}", cycle + "{{ [l, m]|sort }}", cycle + "{{ l|flatten }}",
		deep + "{{ ns.x|json }}", deep + "{{ ns.x == [ns.x] }}", deep + "{{ ns.x|flatten }}", deep + "{{ ns.x|string }}",
		"{% set ns = namespace(d=(), e=()) %}{% for i in range(60) %}{% set ns.d = (ns.d, ns.d) %}{% endfor %}{{ {ns.d: 1} }}",
		"{% set ns = namespace(d=[]) %}{% for i in range(60) %}{% set ns.d = [ns.d, ns.d] %}{% endfor %}{{ ns.d }}", "{{ range(30)|permutations|list }}",
	} {
		name := source
		if len(name) > 60 {
			name = name[:60]
		}
		t.Run(name, func(t *testing.T) {
			if strings.Contains(source, "\n") {
				source = strings.Replace(source, "\n", "", 1)
			}
			start := time.Now()
			_, err := jinja.RenderSalt(context.Background(), "", "\n"+source, &jinja.Render{
				Vars: py.DictOf("x", py.NewDict(), "opts", py.NewDict()), Loader: mapLoader{"self": "{% include 'self' %}"},
				Codec: jinjacodec.New(), Budget: jinja.Budget{RegexTime: 200 * time.Millisecond},
			})
			var e *jinja.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v", err)
			}
			if last := e.Trace[len(e.Trace)-1]; last.Line != 2 {
				t.Errorf("line %d, want 2: %v", last.Line, err)
			}
			if took := time.Since(start); took > time.Minute { // it takes a second or two
				t.Errorf("%v", took)
			}
		})
	}
}

// TestNoWayOut says that a template reaches nothing but what it is given.
func TestNoWayOut(t *testing.T) {
	for _, source := range []string{
		"{{ ''.__class__ }}", "{{ [].__class__.__mro__ }}", "{{ range.__globals__ }}", "{{ joiner.__init__.__globals__ }}", "{{ cycler.__init__ }}",
		"{{ (1).__class__.__base__.__subclasses__() }}", "{{ '{0.__class__}'.format(1) }}", "{{ ('{0.__class__}'|attr('format'))(1) }}",
		"{{ '{x.__class__}'.format_map({'x': 1}) }}", "{{ ('%s'|safe).__html__.__func__ }}", "{{ ''|attr('__class__') }}",
		"{{ lipsum.__globals__['os'] }}", "{{ self.__class__ }}", "{% macro m() %}{% endmacro %}{{ m.__code__ }}", "{{ namespace.__init__ }}", "{{ dict.__base__ }}",
		"{{ ''['__class__'] }}", "{{ open('/etc/passwd') }}", "{{ __import__('os') }}", "{{ environ }}", "{{ getattr }}", "{{ eval('1') }}",
		"{% include '/etc/passwd' %}", "{% include '../../../etc/passwd' %}", "{% import_text '/etc/passwd' as x %}{{ x }}",
		"{{ '/etc/passwd'|file_hashsum }}", "{{ 'sh'|which }}", "{{ '/etc'|list_files }}", "{{ 'x'|http_query }}", "{{ 'x'|dns_check(80) }}", "{{ 'root'|get_uid }}", "{{ '/etc/passwd'|is_text_file }}",
		"{{ '!!python/object/apply:os.system [id]'|load_yaml }}",
	} {
		t.Run(source, func(t *testing.T) {
			out, err := jinja.RenderSalt(context.Background(), "", source, &jinja.Render{Vars: py.DictOf("opts", py.NewDict()), Loader: mapLoader{}, Codec: jinjacodec.New()})
			if err == nil {
				t.Errorf("rendered %q", out)
			}
		})
	}
}
