package git

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
	"pinch/internal/secret"
)

func TestParseFetch(t *testing.T) {
	text := `From /srv/git/r
   321c2f6..7c95115  main       -> origin/main
 * [new branch]      dev/x      -> origin/dev/x
 * [new tag]         v1         -> v1
 * [tag update]      v2         -> v2
 * branch            HEAD       -> FETCH_HEAD`
	want := "{'updated branches': {'main': {'old': '321c2f6', 'new': '7c95115'}}, 'new branches': ['dev/x'], 'new tags': ['v1'], 'updated tags': ['v2']}"
	if diff := cmp.Diff(want, py.Repr(parseFetch(text))); diff != "" {
		t.Error(diff)
	}
}

func TestParseRemotes(t *testing.T) {
	got := parseRemotes("origin\thttps://u:p@x/y.git (fetch)\norigin\t/srv/a b (push)\nother\t/o (fetch)\nodd\n")
	want := []remote{{"origin", "https://u:p@x/y.git", "/srv/a b"}, {"other", "/o", ""}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(remote{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("{'fetch': 'https://<redacted>@x/y.git', 'push': '/srv/a b'}", py.Repr(got[0].dict(true))); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefs(t *testing.T) {
	refs := parseRefs("aaa\tHEAD\nbbb\trefs/heads/main\n\nodd\nccc\trefs/tags/v1^{}\n")
	if diff := cmp.Diff("{'HEAD': 'aaa', 'refs/heads/main': 'bbb', 'refs/tags/v1^{}': 'ccc'}", py.Repr(refs.dict())); diff != "" {
		t.Error(diff)
	}
}

func TestHTTPSURL(t *testing.T) {
	user, pass, empty := "al ice@x", secret.New("p:/@w"), secret.New("")
	for _, c := range []struct {
		url   string
		user  *string
		pass  *secret.String
		clean string
		pw    string
		err   bool
	}{
		{url: "/srv/git", clean: "/srv/git"},
		{url: "git@host:x.git", clean: "git@host:x.git"},
		{url: "https://host/x.git", clean: "https://host/x.git"},
		{url: "https://bob@host/x.git", clean: "https://bob@host/x.git"},
		{url: "https://bob:s%2Fx@host:8443/x.git", clean: "https://bob@host:8443/x.git", pw: "s/x"},
		{url: "http://bob:s@host/x.git", clean: "http://bob@host/x.git", pw: "s"},
		{url: "https://host/x.git", user: &user, pass: &pass, clean: "https://al%20ice%40x@host/x.git", pw: "p:/@w"},
		{url: "https://host/x.git", user: &user, clean: "https://al%20ice%40x@host/x.git"},
		{url: "https://host/x.git", user: &user, pass: &empty, clean: "https://al%20ice%40x@host/x.git"},
		{url: "http://host/x.git", user: &user, err: true},
		{url: "/srv/git", user: &user, pass: &pass, err: true},
		{url: "https://host/x.git", pass: &pass, err: true},
	} {
		clean, cred, err := httpsURL(c.url, c.user, c.pass)
		pw := ""
		if cred != nil {
			pw = cred.password.Reveal()
		}
		if clean != c.clean || pw != c.pw || (err != nil) != c.err {
			t.Errorf("%s: %q, password %q, %v", c.url, clean, pw, err)
		}
	}
}

func TestSaid(t *testing.T) {
	err := commandError("Command 'git ls-remote x' failed: fatal: no 'x' failed: y\nmore")
	if got := said(err); got != "y\nmore" {
		t.Errorf("%q", got) // greedy within the line, as in Salt
	}
}

func TestRedact(t *testing.T) {
	if got := redact("to HTTPS://a:b@c/d and http://e@f\nhttps://g/h"); got != "to HTTPS://<redacted>@f\nhttps://g/h" {
		t.Errorf("%q", got)
	}
}
