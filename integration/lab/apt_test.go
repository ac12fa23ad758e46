package lab

import "testing"

func TestMirrorIn(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		deb822     bool
		want       string
	}{
		{"deb822", "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n", true, "http://mirror.example/debian"},
		{"deb822 security first", "Types: deb\nURIs: http://mirror.example/sec\nSuites: bookworm-security\nComponents: main\n\n" +
			"Types: deb deb-src\nURIs:\n http://mirror.example/debian\n http://other.example/debian\nSuites: bookworm\nComponents: main contrib\n", true, "http://mirror.example/debian"},
		{"deb822 sources only", "Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n", true, ""},
		{"one line", "# deb http://no.example bookworm main\ndeb http://mirror.example/debian bookworm main\n", false, "http://mirror.example/debian"},
		{"one line with options", "deb [arch=amd64 signed-by=/k] http://mirror.example/debian bookworm contrib main\n", false, "http://mirror.example/debian"},
		{"other repository", "deb http://mirror.example/tool nodistro main\n", false, ""},
		{"empty", "", true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := mirrorIn(tt.text, tt.deb822, "bookworm"); got != tt.want {
				t.Errorf("mirrorIn = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestProxyEnvironment(t *testing.T) {
	for options, want := range map[string]string{
		"Acquire::http::Proxy \"http://p.example:3128\";\n": "http_proxy=http://p.example:3128",
		"Acquire::http::Proxy \"DIRECT\";\n":                "",
		"Acquire::Check-Date \"false\";\n":                  "",
	} {
		got := proxyEnvironment(options)
		if want == "" && got != nil || want != "" && (len(got) != 1 || got[0] != want) {
			t.Errorf("proxyEnvironment(%q) = %q, want %q", options, got, want)
		}
	}
}

func TestUnescapeMount(t *testing.T) {
	if got, want := unescapeMount(`/a\040b\134040c`), `/a b\040c`; got != want {
		t.Errorf("unescapeMount = %q, want %q", got, want)
	}
}
