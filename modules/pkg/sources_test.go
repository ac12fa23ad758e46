package pkg

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pinch/internal/host"
	"pinch/internal/py"
)

func TestParseLine(t *testing.T) {
	yes := true
	for _, c := range []struct {
		line string
		want source
		text string
	}{
		{"deb http://a/ stable main contrib\n", source{kind: "deb", uri: "http://a/", dist: "stable", parts: []string{"main", "contrib"}}, "deb http://a/ stable main contrib"},
		{"#  deb-src  http://a  stable   main # why\n", source{off: true, kind: "deb-src", uri: "http://a", dist: "stable", parts: []string{"main"}, comment: " why"}, "# deb-src http://a stable main # why"},
		{"deb [arch=amd64,i386 signed-by=/k.gpg trusted=yes] http://a stable main", source{kind: "deb", archs: []string{"amd64", "i386"}, signedBy: "/k.gpg", trust: &yes, uri: "http://a", dist: "stable", parts: []string{"main"}}, "deb [arch=amd64,i386 signed-by=/k.gpg trusted=yes] http://a stable main"},
		{"deb [ arch=amd64 ] http://a stable main", source{kind: "deb", archs: []string{"amd64"}, uri: "http://a", dist: "stable", parts: []string{"main"}}, "deb [arch=amd64] http://a stable main"},
		{"deb [lang=de] file:/srv ./", source{kind: "deb", uri: "file:/srv", dist: "./", parts: []string{}}, "deb [lang=de] file:/srv ./"},
		{"deb cdrom:[Debian 12 _Bookworm_]/ bookworm main", source{kind: "deb", uri: "cdrom:[Debian 12 _Bookworm_]/", dist: "bookworm", parts: []string{"main"}}, "deb cdrom:[Debian 12 _Bookworm_]/ bookworm main"},
		{"deb [x allow-insecure=no trusted=no] http://[::1]/ stable main", source{kind: "deb", trust: new(bool), uri: "http://[::1]/", dist: "stable", parts: []string{"main"}}, "deb [x allow-insecure=no] http://[::1]/ stable main"},
		{"# just a comment\n", source{off: true, invalid: true}, "# just a comment"},
		{"deb http://a", source{invalid: true}, "deb http://a"},
		{"", source{invalid: true}, ""},
	} {
		t.Run(c.line, func(t *testing.T) {
			got, err := parseLine(c.line, "/f")
			if err != nil {
				t.Fatal(err)
			}
			c.want.line, c.want.file = c.line, "/f"
			if d := cmp.Diff(c.want, *got, cmp.AllowUnexported(source{}), cmpopts.IgnoreFields(source{}, "options")); d != "" {
				t.Error(d)
			}
			if got.text() != c.text {
				t.Errorf("written as %q, want %q", got.text(), c.text)
			}
		})
	}
	for _, bad := range []string{"deb [arch=amd64] http://a", "deb [trusted=maybe] http://a stable main"} {
		if _, err := parseLine(bad, "/f"); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add("deb [arch=amd64 signed-by=/k] http://a stable main # c")
	f.Add("# deb [x= http://a ] y")
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\r\n") {
			return
		}
		s, err := parseLine(line, "/f")
		if err != nil || s.invalid {
			return
		}
		// what is written reads as the same repository
		again, err := parseLine(s.text(), "/f")
		if err != nil || again.invalid || again.uri != s.uri || again.dist != s.dist || again.off != s.off {
			t.Fatalf("%q is written as %q: %+v, %v", line, s.text(), again, err)
		}
	})
}

const deb822Text = `# The distribution
Types: deb deb-src
URIs: http://a/debian
Suites: stable stable-updates
Components: main
# below
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Enabled: no
Types: deb
uris: http://b
Suites: x
`

func TestDeb822(t *testing.T) {
	all := parseSections(deb822Text)
	if len(all) != 2 {
		t.Fatalf("%d paragraphs", len(all))
	}
	first := &source{file: "/f.sources", section: all[0]}
	if d := cmp.Diff([][]string{{"deb", "deb-src"}, {"http://a/debian"}, {"stable", "stable-updates"}, {"main"}, {}}, [][]string{first.types(), first.uris(), first.suites(), first.comps(), first.architectures()}); d != "" {
		t.Error(d)
	}
	want := "# The distribution\nTypes: deb deb-src\nURIs: http://a/debian\nSuites: stable stable-updates\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n# below"
	if d := cmp.Diff(want, first.text()); d != "" {
		t.Error(d)
	}
	second := &source{file: "/f.sources", section: all[1]}
	off, err := second.disabled()
	if err != nil || !off {
		t.Errorf("disabled: %v, %v", off, err)
	}
	for k, v := range map[string]py.Value{"disabled": py.False, "comps": py.Strings("main", "x"), "trusted": py.True, "uri": py.Str("http://c")} {
		if err := second.set(k, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{"uris: http://c", "Components: main x", "Trusted: yes"} {
		if !strings.Contains(second.text(), line) || strings.Contains(second.text(), "Enabled") {
			t.Errorf("%s is missing in %q", line, second.text())
		}
	}
}

func TestSourcesSave(t *testing.T) {
	files := map[string]string{
		sourcesList:                    "# a comment\n\ndeb   http://a stable main\nnot a line\n",
		sourcesParts + "/b.sources":    deb822Text,
		sourcesParts + "/ignored.save": "deb http://x y z\n",
	}
	h := host.NewFake(files)
	all, err := readSources(h)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(all.usable()); n != 3 {
		t.Fatalf("%d repositories", n)
	}
	all.remove(all.usable()[0])
	if err := all.save(h); err != nil {
		t.Fatal(err)
	}
	got, err := h.ReadFile(sourcesList)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("# a comment\n\nnot a line\n", string(got)); d != "" {
		t.Error(d)
	}
	// reading again and saving changes nothing
	all, err = readSources(h)
	if err != nil {
		t.Fatal(err)
	}
	h.Ops = nil
	if err := all.save(h); err != nil || len(h.Ops) > 0 {
		t.Errorf("%v, %v", h.Ops, err)
	}
}
