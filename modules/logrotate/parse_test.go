package logrotate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
)

func TestParse(t *testing.T) {
	h := host.NewFake(map[string]string{
		"/etc/logrotate.conf":  "# c\nweekly\nrotate 4\ncreate 0640 root adm\ninclude /etc/logrotate.d\n/var/log/a\n/var/log/b {\n  rotate 2\n  missingok\n  postrotate\n    x y\n  endscript\n}\n",
		"/etc/logrotate.d/one": "/var/log/one {\n\tdaily\n}\n",
	})
	d, err := parse(h, "/etc/logrotate.conf", 0)
	if err != nil {
		t.Fatal(err)
	}
	block := "{'rotate': 2, 'missingok': True, 'postrotate': ['x y']}"
	want := "{'weekly': True, 'rotate': 4, 'create': '0640 root adm', 'include': '/etc/logrotate.d', 'include files': {'one': ['/var/log/one']}, " +
		"'/var/log/one': {'daily': True}, '/var/log/a': " + block + ", '/var/log/b': " + block + "}"
	if diff := cmp.Diff(want, py.Repr(d)); diff != "" {
		t.Error(diff)
	}
	text := stanza("/var/log/b", d.Lookup("/var/log/b").(*py.Dict))
	if diff := cmp.Diff("/var/log/b {\n    rotate 2\n    missingok \n    postrotate\n        x y\n    endscript\n}", text); diff != "" {
		t.Error(diff)
	}
}

func TestParseIncludesItself(t *testing.T) {
	h := host.NewFake(map[string]string{"/etc/d/a": "include /etc/d\n"})
	if _, err := parse(h, "/etc/d/a", 0); err == nil {
		t.Error("no error")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a {\n}\n}\nx {\ny\n\"\n")
	f.Fuzz(func(_ *testing.T, text string) {
		d, err := parse(host.NewFake(map[string]string{"/f": text}), "/f", 0)
		if err != nil {
			return
		}
		for k, v := range d.All() { // must not panic
			if block, ok := v.(*py.Dict); ok {
				stanza(py.ToStr(k), block)
			}
		}
	})
}
