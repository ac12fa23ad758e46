package roster_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
	"pinch/internal/rosterrender"
	"pinch/internal/secret"
	"pinch/roster"
	"pinch/roster/sshconfig"
)

var ctx = context.Background()

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func flat(t *testing.T, text string) *roster.Flat {
	t.Helper()
	return &roster.Flat{Path: write(t, t.TempDir(), "roster", text), Render: rosterrender.New(rosterrender.Options{})}
}

func load(t *testing.T, o roster.Options, sources ...roster.Source) *roster.Roster {
	t.Helper()
	r, err := roster.Load(ctx, o, sources...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func host(t *testing.T, r *roster.Roster, id roster.HostID) *roster.Host {
	t.Helper()
	h, ok := r.Host(id)
	if !ok {
		t.Fatalf("no host %s; problems: %v", id, r.Problems[id])
	}
	return h
}

func sshConfig(t *testing.T, text string) *sshconfig.Config {
	t.Helper()
	c, err := sshconfig.Load(sshconfig.Env{
		Home: "/home/u", User: "me",
		ReadFile: func(p string) ([]byte, error) {
			if p != "/c" {
				return nil, fs.ErrNotExist
			}
			return []byte(text), nil
		},
		Glob: func(string) ([]string, error) { return nil, nil },
	}, sshconfig.File{Path: "/c"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFlatHost(t *testing.T) {
	src := flat(t, `
{% set user = 'deploy' %}
web1: 10.0.0.1
web2:
  host: "[2001:db8::1]"
  port: "2222"
  user: {{ user }}
  passwd: hunter2
  priv: ~/.ssh/id_web
  priv_passwd: opensesame
  identities_only: yes
  sudo: True
  sudo_user: app
  tty: true
  timeout: 12
  keepalive_interval: 5
  keepalive_count_max: 9
  thin_dir: /var/tmp/x
  set_path: $PATH:/opt/bin
  cmd_umask: "0o027"
  ssh_options: [Compression=yes, StrictHostKeyChecking=no]
  remote_port_forwards: 1:h:2,3:h:4
  ssh_pre_flight: /pre.sh
  ssh_pre_flight_args: [a, 1]
  minion_opts: {x: 1, grains: {role: web}}
  grains: {dc: ams}
  mine_functions: {m: [1]}
`)
	r := load(t, roster.Options{
		Home: "/home/u", LocalUser: "me",
		Defaults: roster.Defaults{MinionOpts: py.DictOf("y", py.Int(2), "x", py.Int(0))},
	}, src)
	web1 := host(t, r, "web1")
	if web1.User != "root" || web1.Port != 22 || web1.Addr != "10.0.0.1" || web1.Timeout != 65*time.Second || web1.CmdUmask != -1 ||
		web1.Keepalive != (roster.Keepalive{Interval: time.Minute, Count: 3}) || !web1.Auth.Agent {
		t.Errorf("Salt's defaults: %+v", web1)
	}
	h := host(t, r, "web2")
	got := map[string]any{
		"addr": h.Addr, "port": int(h.Port), "user": h.User, "pw": h.Auth.Password.Reveal(), "keys": h.Auth.PrivateKeys,
		"phrase": h.Auth.KeyPassphrase.Reveal(), "only": h.Auth.IdentitiesOnly, "sudo": h.Sudo.Enabled, "sudouser": h.Sudo.User,
		"sudopw": h.Sudo.Password.Reveal(), "tty": h.TTY, "timeout": h.Timeout.String(), "keepalive": h.Keepalive.Interval.String() + fmt.Sprint(h.Keepalive.Count),
		"dir": h.ShimDir, "path": h.SetPath, "umask": h.CmdUmask, "opts": h.SSHOptions, "fwd": h.RemotePortForwards,
		"pre": *h.PreFlight, "minion": py.Repr(h.MinionOpts), "grains": py.Repr(h.Grains), "mine": py.Repr(h.MineFunctions), "strict": h.HostKeys.Strict,
	}
	want := map[string]any{
		"addr": "2001:db8::1", "port": 2222, "user": "deploy", "pw": "hunter2", "keys": []string{"/home/u/.ssh/id_web"},
		"phrase": "opensesame", "only": true, "sudo": true, "sudouser": "app", "sudopw": "hunter2", "tty": true, "timeout": "12s",
		"keepalive": "5s9", "dir": "/var/tmp/x", "path": "$PATH:/opt/bin", "umask": 0o27,
		"opts": []string{"Compression=yes", "StrictHostKeyChecking=no"}, "fwd": []string{"1:h:2", "3:h:4"},
		"pre":    roster.PreFlight{Script: "/pre.sh", Args: "a 1"},
		"minion": "{'y': 2, 'x': 1, 'grains': OrderedDict([('role', 'web')])}", "grains": "{'role': 'web', 'dc': 'ams'}",
		"mine": "OrderedDict([('m', [1])])", "strict": "no",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if h.Pos.Line != 4 || h.Pos.Col != 1 || len(r.Warnings) != 0 {
		t.Errorf("place %s, warnings %v", h.Pos, r.Warnings)
	}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if s := fmt.Sprintf(verb, h.Auth); strings.Contains(s, "hunter2") || strings.Contains(s, "opensesame") {
			t.Errorf("%s shows a password: %s", verb, s)
		}
	}
}

func TestDefaultsAndMerge(t *testing.T) {
	o := roster.Options{
		RosterDefaults: py.DictOf("user", py.Str("def"), "sudo", py.True),
		Defaults:       roster.Defaults{User: "cfg", Port: 2000, Password: secret.New("p"), PrivateKeys: []string{"/k"}},
	}
	r := load(t, o, flat(t, "a: h1\nb: {host: h2, user: b, port: 1}\n"), flat(t, "b: {port: 2}\nc: h3\na: {timeout: 3}\n"))
	var got []string
	for _, h := range r.Hosts {
		got = append(got, fmt.Sprintf("%s %s@%s:%d sudo=%v %v %s", h.ID, h.User, h.Addr, h.Port, h.Sudo.Enabled, h.Auth.PrivateKeys, h.Timeout))
	}
	want := []string{"a def@h1:2000 sudo=true [/k] 3s", "b b@h2:2 sudo=true [/k] 1m5s", "c def@h3:2000 sudo=true [/k] 1m5s"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFlatMistakes(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"port":           {"web1:\n  host: h\n  port: abc\n", "roster:3:3: host web1: port 'abc': expected a number from 1 to 65535"},
		"port range":     {"web1: {host: h, port: 70000}\n", "roster:1:17: host web1: port 70000: expected"},
		"templated port": {"{% set p = 'x' %}\n\nweb1:\n  host: h\n  port: {{ p }}\n", "roster:5:3: host web1: port 'x'"},
		"no host":        {"web1:\n  user: bob\n", "roster:1:1: host web1: has no host (add host: ADDRESS"},
		"null":           {"web1:\n", "roster:1:1: host web1: the entry is empty"},
		"list":           {"web1: [a]\n", "roster:1:1: host web1: expected an address or a mapping, got list ['a']"},
		"number":         {"web1: 10.0\n", "roster:1:1: host web1: expected an address or a mapping, got float 10.0 (put an address in quotes)"},
		"empty address":  {"web1: ''\n", "host web1: host \"\": not a host name or address"},
		"port in host":   {"web1: h:22\n", "host web1: host \"h:22\": not a host name or address (put the port in port:)"},
		"user in host":   {"web1: u@h\n", "(put the user in user:)"},
		"option":         {"web1: -oProxyCommand=x\n", "not a host name or address"},
		"blank":          {"web1: {host: 'a b'}\n", "not a host name or address"},
		"sudo":           {"web1: {host: h, sudo: perhaps}\n", "roster:1:17: host web1: sudo: expected true or false, got 'perhaps'"},
		"user":           {"web1: {host: h, user: 5}\n", "host web1: user: expected text, got int 5 (put it in quotes)"},
		"timeout":        {"web1: {host: h, timeout: soon}\n", "timeout: expected a number, got 'soon'"},
		"ssh options":    {"web1: {host: h, ssh_options: A=b}\n", "ssh_options: expected a list of texts"},
		"bad option":     {"web1: {host: h, ssh_options: [Port=x]}\n", "ssh_options: \"Port=x\": option:1: Port \"x\": expected a number"},
		"umask":          {"web1: {host: h, cmd_umask: '022'}\n", "cmd_umask '022': expected a umask (write for example \"0o022\")"},
		"minion opts":    {"web1: {host: h, minion_opts: 5}\n", "minion_opts: expected a mapping, got 5"},
		"winrm":          {"web1: {host: h, winrm: true}\n", "winrm: Windows hosts are not supported"},
		"sdb":            {"web1: {host: h, passwd: 'sdb://x/y'}\n", "roster:1:17: host web1: passwd: sdb:// values are not supported"},
		"two":            {"web1: {host: h, port: x, sudo: y}\n", "sudo: expected true or false"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := load(t, roster.Options{}, flat(t, tc.text+"ok: good\n"))
			host(t, r, "ok") // one bad entry does not harm the others
			target, err := roster.NewTarget("glob", "*", "", roster.Groups{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.Select(target)
			var re *roster.Error
			if err == nil || !strings.Contains(err.Error(), tc.want) || !errors.As(err, &re) {
				t.Errorf("error %v\nwant %s", err, tc.want)
			}
			if target, err = roster.NewTarget("glob", "ok", "", roster.Groups{}); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Select(target); err != nil {
				t.Errorf("the good host: %v", err)
			}
		})
	}
}

func TestFlatFileErrors(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"broken yaml": {"a: [\n", "roster:2:1: while parsing a flow node"},
		"duplicate":   {"a: x\na: y\n", "roster:2:1: "},
		"jinja":       {"a: x\nb: {{ nosuch }}\n", "roster:2: Jinja variable 'nosuch' is undefined"},
		"syntax":      {"a: {% if %}\n", "roster:1: Jinja syntax error"},
		"list":        {"- a\n", "roster:1:1: expected a mapping of host names, got list ['a']"},
		"text":        {"web1\n", "expected a mapping of host names, got str 'web1'"},
		"python":      {"#!py\ndef run(): return {}\n", `renderer "py" is not supported for rosters`},
		"unknown":     {"#!nosuch\na: b\n", `The renderer "nosuch" is not available`},
		"not utf-8":   {"a: \xff\n", "is not UTF-8 text"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := roster.Load(ctx, roster.Options{}, flat(t, tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v\nwant %s", err, tc.want)
			}
		})
	}
	_, err := roster.Load(ctx, roster.Options{}, &roster.Flat{Path: "/nonexistent/roster"})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "--roster-file") {
		t.Errorf("missing roster: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	r := load(t, roster.Options{}, flat(t, "a:\n  host: h\n  prot: 22\n  passwd: 0123\n  cmd_umask: 22\n  zzzz: 1\n1: x\n"))
	var got []string
	for _, w := range r.Warnings {
		s := w.String()
		got = append(got, s[strings.Index(s, "roster:"):])
	}
	slices.Sort(got)
	want := []string{
		"roster:3:3: host a: unknown key \"prot\" is ignored; did you mean port?",
		"roster:4:3: host a: passwd: is a number for YAML, so zeros and signs may be lost; put it in quotes",
		"roster:5:3: host a: cmd_umask: 22 is a decimal number, 0o26; write \"0o022\" in quotes for an octal one",
		"roster:6:3: host a: unknown key \"zzzz\" is ignored",
		"roster:7:1: host 1: the name is no text for YAML (int); put it in quotes",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDir(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "d/web1", "user: bob\n")
	write(t, dir, "d/web2", "host: {{ 'real' }}\n")
	write(t, dir, "d/bad", "port: [\n")
	write(t, dir, "d/worse", "host: h\n\nport: x\n")
	write(t, dir, "d/.hidden", "x")
	write(t, dir, "d/sub/file", "x")
	src := &roster.Dir{Path: filepath.Join(dir, "d"), Domain: "example.com", Render: rosterrender.New(rosterrender.Options{})}
	r := load(t, roster.Options{}, src)
	if d := cmp.Diff([]roster.HostID{"bad", "web1", "web2", "worse"}, r.IDs()); d != "" {
		t.Error(d)
	}
	if h := host(t, r, "web1"); h.Addr != "web1.example.com" || h.User != "bob" {
		t.Errorf("%+v", h)
	}
	if h := host(t, r, "web2"); h.Addr != "real" {
		t.Errorf("%+v", h)
	}
	if got := r.Problems["bad"].Error(); !strings.Contains(got, "d/bad:2:1: host bad: ") {
		t.Errorf("bad: %s", got)
	}
	if got := r.Problems["worse"].Error(); !strings.Contains(got, "d/worse:3:1: host worse: port 'x'") {
		t.Errorf("worse: %s", got)
	}
}

const jumpConfig = `
Host web
  HostName web.internal
  User deploy
  Port 2200
  IdentityFile ~/k/%r
  ProxyJump bastion,inner:2222
  Ciphers aes128-ctr
  ServerAliveInterval 3
Host bastion
  HostName 192.0.2.1
  User jump
  ProxyJump outer
  IdentityFile /k/bastion
Host outer
  Port 9
Host *.lan !x.lan
  User lan
Host agentless
  IdentityAgent none
  IdentityFile none
`

func TestSSHConfigSource(t *testing.T) {
	cfg := sshConfig(t, jumpConfig)
	o := roster.Options{SSHConfig: cfg, Home: "/home/u", LocalUser: "me", DefaultKeys: []string{"/home/u/.ssh/id_ed25519"}}
	r := load(t, o, &roster.SSHConfig{Config: cfg})
	if d := cmp.Diff([]roster.HostID{"web", "bastion", "outer", "agentless"}, r.IDs()); d != "" {
		t.Error(d)
	}
	web := host(t, r, "web")
	if web.Addr != "web.internal" || web.User != "deploy" || web.Port != 2200 || web.Pos.String() != "/c:2:1" {
		t.Errorf("%+v", web)
	}
	if d := cmp.Diff([]string{"/home/u/k/deploy"}, web.Auth.PrivateKeys); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"Ciphers=aes128-ctr"}, web.ConfigOptions); d != "" {
		t.Error(d)
	}
	var hops []string
	for _, j := range web.Jump {
		hops = append(hops, j.String()+" "+strings.Join(j.PrivateKeys, ","))
	}
	// The first hop's own way comes first.
	want := []string{"me@outer:9 /home/u/.ssh/id_ed25519", "jump@192.0.2.1 /k/bastion", "me@inner:2222 /home/u/.ssh/id_ed25519"}
	if d := cmp.Diff(want, hops); d != "" {
		t.Error(d)
	}
	wantOpts := []string{"ConnectTimeout=65", "ServerAliveInterval=60", "ServerAliveCountMax=3", "Ciphers=aes128-ctr"}
	if d := cmp.Diff(wantOpts, web.ConnectionOptions()); d != "" {
		t.Error(d)
	}
	if h := host(t, r, "agentless"); h.Auth.Agent || len(h.Auth.PrivateKeys) != 0 || h.User != "root" {
		t.Errorf("%+v", h)
	}
}

func TestJumpLoops(t *testing.T) {
	cfg := sshConfig(t, "Host a\n  ProxyJump b\nHost b\n  ProxyJump c\nHost c\n  ProxyJump a\nHost x y\n  ProxyJump y\n")
	r := load(t, roster.Options{SSHConfig: cfg, LocalUser: "me"}, &roster.SSHConfig{Config: cfg})
	if got := r.Problems["a"]; got == nil || !strings.Contains(got.Error(), "the way goes in a circle: a > b > c > a") {
		t.Errorf("loop: %v", got)
	}
	if h := host(t, r, "x"); len(h.Jump) != 1 || h.Jump[0].Addr != "y" {
		t.Errorf("a jump host sent through itself: %+v", h.Jump)
	}
}

func TestFlatUsesSSHConfig(t *testing.T) {
	o := roster.Options{SSHConfig: sshConfig(t, jumpConfig), LocalUser: "me"}
	r := load(t, o, flat(t, "a: web\nb: {host: web, user: x, port: 7, priv: /mine, ssh_options: [ProxyJump=none]}\nc: {host: y.lan, priv: agent-forwarding}\n"))
	// salt-ssh passes User=root and Port=22 to ssh, which win over the file.
	if h := host(t, r, "a"); h.Addr != "web.internal" || h.User != "root" || h.Port != 22 || len(h.Jump) != 3 {
		t.Errorf("%+v", h)
	}
	if h := host(t, r, "b"); h.User != "x" || h.Port != 7 || len(h.Jump) != 0 || h.Auth.PrivateKeys[0] != "/mine" {
		t.Errorf("%+v", h)
	}
	if h := host(t, r, "c"); h.User != "root" || len(h.Auth.PrivateKeys) != 0 || !h.Auth.Agent {
		t.Errorf("%+v", h)
	}
}

func TestBare(t *testing.T) {
	o := roster.Options{SSHConfig: sshConfig(t, jumpConfig), LocalUser: "me", Defaults: roster.Defaults{User: "cfg"}}
	r := load(t, o, &roster.Bare{Destinations: []string{"bob@192.0.2.7:2022", "web", "[2001:db8::1]:23", "z.lan"}})
	var got []string
	for _, h := range r.Hosts {
		got = append(got, fmt.Sprintf("%s %s@%s %d", h.ID, h.User, h.Addr, h.Port))
	}
	want := []string{"192.0.2.7 bob@192.0.2.7 2022", "web deploy@web.internal 2200", "2001:db8::1 cfg@2001:db8::1 23", "z.lan lan@z.lan 22"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for expr, want := range map[string]roster.HostID{"bob@192.0.2.7:2022": "192.0.2.7", "192.0.2.7": "192.0.2.7", "[2001:db8::1]:23": "2001:db8::1"} {
		target, err := roster.NewTarget("glob", expr, "", roster.Groups{})
		if err != nil {
			t.Fatal(err)
		}
		if s, err := r.Select(target); err != nil || len(s.Yes) != 1 || s.Yes[0].ID != want {
			t.Errorf("%s: %v, %v", expr, s, err)
		}
	}
	if _, err := roster.Load(ctx, o, &roster.Bare{Destinations: []string{"u@h:x"}}); err == nil || !strings.Contains(err.Error(), "write user@host") {
		t.Errorf("bad destination: %v", err)
	}
	for in, want := range map[string]bool{"u@h": true, "ssh://h": true, "web1": false, "*": false, "E@web": true, "@x": false, "a@b,c": false} {
		if roster.LooksBare(in) != want {
			t.Errorf("LooksBare(%q) = %v", in, !want)
		}
	}
}

func TestScan(t *testing.T) {
	s := &roster.Scan{
		Networks: []string{"192.0.2.0/29", "192.0.2.1", "198.51.100.4/31"}, Ports: []uint16{22, 2222}, Parallel: 3,
		Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
			if addr == "192.0.2.1:22" || addr == "192.0.2.1:2222" || addr == "192.0.2.6:22" || addr == "198.51.100.5:2222" {
				c, _ := net.Pipe()
				return c, nil
			}
			return nil, errors.New("refused")
		},
	}
	r := load(t, roster.Options{}, s)
	var got []string
	for _, h := range r.Hosts {
		got = append(got, fmt.Sprintf("%s:%d", h.Addr, h.Port))
	}
	if d := cmp.Diff([]string{"192.0.2.1:2222", "192.0.2.6:22", "198.51.100.5:2222"}, got); d != "" {
		t.Error(d)
	}
	for in, want := range map[string]string{"10.0.0.1/8": "write 10.0.0.0/8", "10.0.0.0/8": "more than 65536", "web": "neither an address nor a network"} {
		if _, err := roster.Load(ctx, roster.Options{}, &roster.Scan{Networks: []string{in}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", in, err)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := roster.Load(cancelled, roster.Options{}, s); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled scan: %v", err)
	}
}

func FuzzFlat(f *testing.F) {
	f.Add("a: h\nb: {host: x, port: y}\n")
	f.Add("{% for i in range(3) %}\nw{{ i }}: h\n{% endfor %}\n")
	f.Add("#!yaml\na: [\n")
	dir := f.TempDir()
	render := rosterrender.New(rosterrender.Options{})
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "{%") || strings.Contains(text, "{{") {
			return // the template engine has its own fuzz target
		}
		path := filepath.Join(dir, "roster")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := roster.Load(ctx, roster.Options{}, &roster.Flat{Path: path, Render: render})
		if err != nil {
			return
		}
		for _, h := range r.Hosts {
			if h.Addr == "" || h.User == "" || h.Port == 0 || strings.HasPrefix(h.Addr, "-") {
				t.Errorf("incomplete host %+v", h)
			}
		}
		for id, p := range r.Problems {
			if len(p) == 0 || p[0].Pos.File != path || p.Error() == "" {
				t.Errorf("%s: problem without a place: %v", id, p)
			}
		}
	})
}
