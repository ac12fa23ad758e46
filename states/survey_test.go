package states_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTreeSurvey(t *testing.T) {
	tree := newTree(t, map[string]string{
		"web/config.sls":  "#!jinja|yaml\n{%- set root = tpldir.split('/')[0] %}\n{%- from root ~ '/map.jinja' import m with context %}\na:\n  test.nop:\n    - x: {{ salt['cmd.run']('id') }}\n",
		"web/map.jinja":   "{% import_yaml slspath ~ '/' ~ grains.os ~ '.yaml' as m %}",
		"web/files/a.txt": "{% from 'web/map.jinja' import m %}{{ pillar.a }}\n",
	}, nil)
	survey := func(name, sls string) string {
		t.Helper()
		f, ok := tree.Files().Find(name, "base")
		if !ok {
			t.Fatal(name)
		}
		s, err := tree.Survey(context.Background(), f, sls, nil)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, u := range s.Functions {
			out = append(out, u.Pos.String()+" "+u.Name)
		}
		for _, u := range s.Unknown {
			place := u.Pos.String()
			out = append(out, place[strings.Index(place, "web/"):]+" "+u.Text)
		}
		return strings.Join(out, "\n")
	}
	if d := cmp.Diff("6:13 cmd.run\nweb/map.jinja:1:16 slspath ~ '/' ~ grains.os ~ '.yaml'", survey("web/config.sls", "web.config")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff("web/map.jinja:1:16 slspath ~ '/' ~ grains.os ~ '.yaml'", survey("web/files/a.txt", "")); d != "" {
		t.Error(d)
	}
}
