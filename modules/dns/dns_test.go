package dns_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/modules/dns"
)

// The answers are those of Salt's functions for the same output of dig.
func TestDig(t *testing.T) {
	h := host.NewFake(map[string]string{})
	h.Programs = map[string]string{"dig": "/usr/bin/dig"}
	for cmd, out := range map[string]string{
		"dig +short web.example A":                "web2.example.\n192.0.2.1\n192.0.2.2\n",
		"dig +short web.example AAAA @192.0.2.53": "2001:db8::1\n",
		"dig +short example NS":                   "ns1.example.\nns2.example.\n",
		"dig +short ns1.example. A":               "192.0.2.3\n",
		"dig +short ns2.example. A":               "192.0.2.4\n192.0.2.5\n",
		"dig +short example MX":                   "10 mail.example.\n20 backup.example.\n",
		"dig +short mail.example. A":              "192.0.2.6\n",
		"dig +short backup.example. A":            "192.0.2.7\n",
		"dig +short example SPF":                  "",
		"dig +short example TXT":                  "\"v=spf1 ip4:192.0.2.0/24 +ip6:2001:db8::/32 include:other.example -all\"\n",
		"dig +short other.example SPF":            "\"v=spf1 redirect=third.example\"\n",
		"dig +short third.example SPF":            "\"v=spf1 ip4:198.51.100.1 ip4:300.1.1.1 a mx ~all\"\n",
		"dig +short -x 192.0.2.1":                 "web.example.\n",
		"dig +short www.example CNAME":            "web.example.\n",
		"dig +short loop.example SPF":             "v=spf1 include:loop.example",
		"dig +short nobody.example A":             "",
		"dig +short nobody.example SPF":           "",
		"dig +short nobody.example TXT":           "other text",
	} {
		h.Commands[cmd] = host.Output{Stdout: []byte(out)}
	}
	h.Commands["dig +short broken.example A"] = host.Output{Code: 9, Stderr: []byte("no servers could be reached")}
	funcs := map[string]*modules.Func{}
	for _, f := range dns.Funcs() {
		funcs[f.Name] = f
	}
	for _, c := range []struct {
		fun, want string
		args      []py.Value
	}{
		{"dig.A", "['192.0.2.1', '192.0.2.2']", []py.Value{py.Str("web.example")}},
		{"dnsutil.A", "['192.0.2.1', '192.0.2.2']", []py.Value{py.Str("web.example")}},
		{"dig.aaaa", "['2001:db8::1']", []py.Value{py.Str("web.example"), py.Str("192.0.2.53")}},
		{"dig.A", "[]", []py.Value{py.Str("nobody.example")}},
		{"dig.A", "[]", []py.Value{py.Str("broken.example")}},
		{"dig.NS", "['192.0.2.3', '192.0.2.4', '192.0.2.5']", []py.Value{py.Str("example")}},
		{"dnsutil.NS", "['ns1.example.', 'ns2.example.']", []py.Value{py.Str("example"), py.False}},
		{"dig.MX", "[['10', 'mail.example.'], ['20', 'backup.example.']]", []py.Value{py.Str("example")}},
		{"dig.mx", "[['10', '192.0.2.6'], ['20', '192.0.2.7']]", []py.Value{py.Str("example"), py.True}},
		{"dig.SPF", "['192.0.2.0/24', '2001:db8::/32', '198.51.100.1']", []py.Value{py.Str("example")}},
		{"dnsutil.SPF", "[]", []py.Value{py.Str("nobody.example")}},
		{"dig.PTR", "['web.example.']", []py.Value{py.Str("192.0.2.1")}},
		{"dig.CNAME", "'web.example.'", []py.Value{py.Str("www.example")}},
		{"dig.check_ip", "True", []py.Value{py.Str("10.0.0.0/8")}},
		{"dig.check_ip", "False", []py.Value{py.Str("10.0.0.0/33")}},
		{"dig.check_ip", "False", []py.Value{py.Str("2001:db8::/7")}},
		{"dig.check_ip", "False", []py.Value{py.Int(5)}},
	} {
		v, err := funcs[c.fun].Exec(context.Background(), call(h), nil, py.NewArgs(c.args...))
		if err != nil || py.Repr(v) != c.want {
			t.Errorf("%s%s: %v, %v, want %s", c.fun, py.Repr(py.Tuple(c.args)), v, err, c.want)
		}
	}
	if _, err := funcs["dig.SPF"].Exec(context.Background(), call(h), nil, py.NewArgs(py.Str("loop.example"))); err == nil {
		t.Error("a record that includes itself is no error")
	}
}

func call(h host.Reader) *modules.Call {
	return &modules.Call{Reader: h, Memo: modules.NewMemo(), Grains: py.NewDict(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}
