package saltcache

import (
	"testing"

	"pinch/internal/py"
)

func TestPath(t *testing.T) {
	opts := py.DictOf("cachedir", py.Str("/c"))
	for ref, want := range map[string]string{
		"salt://a/b":                 "/c/files/base/a/b",
		"salt://a/b?saltenv=dev":     "/c/files/dev/a/b",
		"salt://|/x":                 "/c/files/base/x",
		"http://h/a.tar.gz":          "/c/extrn_files/base/h/a.tar.gz",
		"http://h:8000/a.tar.gz?q=1": "/c/extrn_files/base/h8000/a.tar.gz-q=1",
		"https://u:p@h/x":            "/c/extrn_files/base/h/x",
		"http://h/../../x":           "",
		"salt://../../x":             "",
		"/srv/x":                     "",
		"file:///srv/x":              "",
	} {
		if got := Path(opts, ref, "base"); got != want {
			t.Errorf("%s: %q, want %q", ref, got, want)
		}
	}
	if got := Path(nil, "salt://x", "base"); got != "/var/cache/salt/minion/files/base/x" {
		t.Errorf("%q", got)
	}
}
