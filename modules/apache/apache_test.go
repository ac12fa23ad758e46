package apache

import (
	"testing"

	"pinch/internal/py"
)

func TestDirectives(t *testing.T) {
	this := py.DictOf("this", py.Str("*:80"), "Alias", py.Strings("a", "b"), "Port", py.Int(80))
	for _, c := range []struct {
		config py.Value
		want   string
	}{
		{py.NewList(py.DictOf("Listen", py.Str("80")), py.DictOf("VirtualHost", this)), "Listen 80\n<VirtualHost *:80>\nAlias a\nAlias b\n\n</VirtualHost>\n"},
		{py.NewList(py.DictOf("If", py.NewList(py.DictOf("this", py.None), py.DictOf("do", py.Str("it"))))), "<If None>\ndo it\n</If>\n"},
		{py.Str("text"), ""}, {py.Int(1), ""}, {py.NewList(py.NewDict()), ""}, {py.NewList(py.DictOf("A", py.NewDict())), ""},
		{py.NewList(py.DictOf("A", py.NewList(py.Int(1)))), ""}, {py.NewList(py.DictOf("A", py.Strings("this"))), ""},
	} {
		got, err := directives(c.config)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v", py.Repr(c.config), got, err)
		}
	}
}

func TestReadVhosts(t *testing.T) {
	v, err := readVhosts("VirtualHost configuration:\n*:80 is a NameVirtualHost\n  default server a (/e/a.conf:1)\n  port 80 namevhost b (/e/b.conf:1)\n")
	want := "{'*:80': {'default': {'vhost': 'a', 'conf': '/e/a.conf:1'}, 'b': {'vhost': 'b', 'conf': '/e/b.conf:1', 'port': '80'}}}"
	if err != nil || py.Repr(v) != want {
		t.Error(py.Repr(v), err)
	}
	for _, bad := range []string{"port 80 x b c", " \n", "*:1 is a NameVirtualHost\ndefault x"} {
		if _, err := readVhosts(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
