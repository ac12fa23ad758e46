package sshconfig_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pinch/roster/sshconfig"
)

// memEnv serves files from a map of absolute names.
func memEnv(files map[string]string) sshconfig.Env {
	return sshconfig.Env{
		Home: "/home/u", User: "u", UID: "1000", Hostname: "ctl.example.com",
		Getenv: func(n string) (string, bool) {
			v, ok := map[string]string{"KEYS": "/keys", "SOCK": "/run/agent"}[n]
			return v, ok
		},
		ReadFile: func(p string) ([]byte, error) {
			if t, ok := files[p]; ok {
				return []byte(t), nil
			}
			return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
		},
		Glob: func(pattern string) ([]string, error) {
			var out []string
			for name := range files {
				if ok, err := filepath.Match(pattern, name); err != nil {
					return nil, err
				} else if ok {
					out = append(out, name)
				}
			}
			return out, nil
		},
	}
}

func load(t *testing.T, text string, more map[string]string) *sshconfig.Config {
	t.Helper()
	files := map[string]string{"/c": text}
	for n, v := range more {
		files[n] = v
	}
	c, err := sshconfig.Load(memEnv(files), sshconfig.File{Path: "/c", Required: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestResolveValues(t *testing.T) {
	c := load(t, `
# first value wins
Host web*
	User=deploy
	IdentityFile "~/my keys/%h"
	IdentityFile ${KEYS}/%r
	HostName %h.example.com
	ConnectTimeout 1m30
	ServerAliveInterval 15
	ServerAliveCountMax 4
	UserKnownHostsFile ~/a "~/b c" # comment
	ProxyJump u@j1:2222,j2
	IdentityAgent $SOCK
	SendEnv LANG
Host * !web9
	User other
	Port 2200
	IdentitiesOnly yes
	ProxyCommand nc %h %p
	StrictHostKeyChecking off
`, nil)
	got, err := c.Resolve(sshconfig.Query{Host: "web1"})
	if err != nil {
		t.Fatal(err)
	}
	want := &sshconfig.Settings{
		HostName: "web1.example.com", User: "deploy", Port: 2200,
		IdentityFiles:  []string{"/home/u/my keys/web1.example.com", "/keys/deploy"},
		IdentitiesOnly: sshconfig.Yes, IdentityAgent: "/run/agent",
		ProxyJump:             []sshconfig.Jump{{User: "u", Host: "j1", Port: 2222}, {Host: "j2"}},
		StrictHostKeyChecking: "no", UserKnownHostsFiles: []string{"/home/u/a", "/home/u/b c"},
		ConnectTimeout: 90 * time.Second, ServerAliveInterval: 15 * time.Second, ServerAliveIntervalSet: true,
		ServerAliveCountMax: 4, Other: map[string]string{"sendenv": "LANG"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got, err = c.Resolve(sshconfig.Query{Host: "db", User: "me", Port: 23}); err != nil {
		t.Fatal(err)
	}
	if got.User != "me" || got.Port != 23 || got.ProxyCommand != "nc db 23" {
		t.Errorf("given user and port must win: %+v", got)
	}
	if got, err = c.Resolve(sshconfig.Query{Host: "web9"}); err != nil || got.Port != 0 {
		t.Errorf("negated pattern: %+v, %v", got, err)
	}
}

func TestHosts(t *testing.T) {
	c := load(t, "Host a b* c\nHost !d e a\nInclude inc*\nHost \"f g\" h\n",
		map[string]string{"/home/u/.ssh/inc1": "Host i\n", "/home/u/.ssh/other": "Host j\n"})
	var got []string
	for _, h := range c.Hosts() {
		got = append(got, fmt.Sprintf("%s@%s:%d", h.Name, h.File, h.Line))
	}
	want := []string{"a@/c:1", "c@/c:1", "e@/c:2", "i@/home/u/.ssh/inc1:1", "f g@/c:4", "h@/c:4"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestErrors(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"port":         {"Host x\n  Port abc\n", `/c:2: Port "abc": expected a number from 1 to 65535`},
		"port range":   {"Port 70000\n", `/c:1: Port "70000": expected a number`},
		"no argument":  {"\nHost\n", `/c:2: no argument after keyword "Host"`},
		"quote":        {"User \"a\n", `/c:1: keyword User: unterminated quote`},
		"yes or no":    {"IdentitiesOnly maybe\n", `/c:1: identitiesonly "maybe": expected yes or no`},
		"time":         {"ConnectTimeout soon\n", `/c:1: connecttimeout "soon": expected a time`},
		"jump":         {"ProxyJump a@\n", `/c:1: ProxyJump "a@": "a@": empty host name`},
		"jump inject":  {"ProxyJump $(x)\n", `not a host name`},
		"strict":       {"StrictHostKeyChecking perhaps\n", `/c:1: StrictHostKeyChecking "perhaps"`},
		"loop":         {"Include /c\n", `too many recursive configuration includes`},
		"token":        {"HostName %x\n", `/c:1: HostName "%x": unknown or not allowed token %x`},
		"variable":     {"IdentityFile ${NOPE}/x\n", `environment variable ${NOPE} is not set`},
		"match what":   {"Match nosuch x\n", `/c:1: Match: unknown criterion "nosuch"`},
		"match exec":   {"Match exec true\n", `/c:1: Match exec "true": commands are not run`},
		"match all":    {"Match all user x\n", `"all" cannot be combined`},
		"only comment": {"Port # 1\n", `/c:1: keyword port: missing argument`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c, err := sshconfig.Load(memEnv(map[string]string{"/c": tc.text}), sshconfig.File{Path: "/c"})
			if err == nil {
				_, err = c.Resolve(sshconfig.Query{Host: "h"})
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
	if _, err := sshconfig.Load(memEnv(nil), sshconfig.File{Path: "/nope", Required: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing required file: %v", err)
	}
	if _, err := sshconfig.Load(memEnv(nil), sshconfig.File{Path: "/nope"}); err != nil {
		t.Errorf("missing optional file: %v", err)
	}
}

func TestMatchExec(t *testing.T) {
	env := memEnv(map[string]string{"/c": "Match host web exec \"test %h = %n\"\n  Port 5\n"})
	var ran []string
	env.Exec = func(cmd string) (bool, error) { ran = append(ran, cmd); return true, nil }
	c, err := sshconfig.Load(env, sshconfig.File{Path: "/c"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Resolve(sshconfig.Query{Host: "web"})
	if err != nil || s.Port != 5 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = c.Resolve(sshconfig.Query{Host: "db"}); err != nil || s.Port != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if d := cmp.Diff([]string{"test web = web"}, ran); d != "" {
		t.Error(d)
	}
}

func TestParseDestination(t *testing.T) {
	cases := map[string]sshconfig.Jump{
		"h": {Host: "h"}, "u@h": {User: "u", Host: "h"}, "h:22": {Host: "h", Port: 22},
		"a@b@h:23": {User: "a@b", Host: "h", Port: 23}, "[::1]:24": {Host: "::1", Port: 24},
		"[::1]": {Host: "::1"}, "::1": {Host: "::1"}, "u@fe80::1%eth0": {User: "u", Host: "fe80::1%eth0"},
		"ssh://u@h:25/": {User: "u", Host: "h", Port: 25},
	}
	for in, want := range cases {
		if got, err := sshconfig.ParseDestination(in); err != nil || got != want {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "@h", "u@", "h:", "h:0", "h:x", "[::1", "[::1]x", "-oProxyCommand=x", "a b", "h;x", "h/x"} {
		if got, err := sshconfig.ParseDestination(in); err == nil {
			t.Errorf("%q is accepted: %+v", in, got)
		}
	}
}

// Some versions of OpenSSH let "ProxyJump none" hide a ProxyCommand that follows,
// others do not: that is no case for TestAgainstSSH.
func TestProxyJumpNone(t *testing.T) {
	c := load(t, "Host f\n  ProxyJump none\n  ProxyCommand nc %h 22\n  ProxyJump j\n", nil)
	got, err := c.Resolve(sshconfig.Query{Host: "f"})
	if err != nil {
		t.Fatal(err)
	}
	if got.ProxyCommand != "nc f 22" || len(got.ProxyJump) != 0 {
		t.Errorf("got %q and jumps %v", got.ProxyCommand, got.ProxyJump)
	}
}

// TestAgainstSSH compares with what ssh itself makes of the same files.
func TestAgainstSSH(t *testing.T) {
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		t.Skip("no ssh here")
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("inc1", "Port 44\nHost other\n  User other\nHost l\n  User inl\n")
	write("inc2", "Match host l\n  HostKeyAlias from2\n")
	write("config", strings.ReplaceAll(`
Port=2022
Host Foo
  User a
Host foo
  User b
Host a
  ProxyCommand none
  ProxyJump j
Host b
  ProxyJump none
Host b
  ProxyJump j
Host c
  ProxyCommand x "y" %h # no comment
  ProxyJump j
Host d
  ProxyJump ssh://u@jj:24,k
Host e
  ProxyJump [::1]:23
Host i
  User "a b"
  User=c
  IdentityFile "/x y"
  IdentityFile /p\ q
  IdentityFile none
Host k !k1
  HostKeyAlias notk1
Host l
  Include DIR/inc*
  User after
Host m
  CertificateFile /c
  IdentityFile /i/%u
  IdentityFile /i/%u
  GlobalKnownHostsFile /a /b
  UserKnownHostsFile /k1 /k2
  ConnectTimeout 1h2m
  ServerAliveInterval 3
  ServerAliveCountMax 9
  StrictHostKeyChecking accept-new
Match user nosuchuser originalhost n*
  HostKeyAlias wrong
Match !host n1 exec "test 1 = 1"
  IdentitiesOnly yes
Match originalhost n2,n3 !user x
  User matched
Host n3
  HostName real.%h
Match final host real.n3
  HostKeyAlias finally
Match host real.*
  ServerAliveCountMax 77
Host h-?? h-*-x
  HostKeyAlias pat
Match all
  ServerAliveCountMax 55
`, "DIR", dir))
	env := sshconfig.Env{
		Home: me.HomeDir, User: me.Username, UID: me.Uid, ReadFile: os.ReadFile, Glob: filepath.Glob,
		Exec: func(cmd string) (bool, error) { return exec.Command("sh", "-c", cmd).Run() == nil, nil },
	}
	c, err := sshconfig.Load(env, sshconfig.File{Path: filepath.Join(dir, "config"), Required: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"Foo", "foo", "FOO", "a", "b", "c", "d", "e", "i", "k", "k1", "l", "other", "m", "n1", "n2", "n3", "real.n3", "h-1", "h-12", "h-1-x", "h-1-y"} {
		t.Run(host, func(t *testing.T) {
			out, err := exec.Command(ssh, "-G", "-F", filepath.Join(dir, "config"), host).Output()
			if err != nil {
				t.Fatalf("ssh -G: %v", err)
			}
			s, err := c.Resolve(sshconfig.Query{Host: host})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(fromSSH(string(out), host), fromSettings(s, me.Username)); d != "" {
				t.Error(d)
			}
		})
	}
}

// fromSSH picks the settings compared out of `ssh -G`, dropping defaults.
func fromSSH(out, host string) map[string]string {
	keys := map[string]bool{
		"hostname": true, "user": true, "port": true, "proxyjump": true, "proxycommand": true, "hostkeyalias": true,
		"identityfile": true, "certificatefile": true, "identitiesonly": true, "connecttimeout": true,
		"serveraliveinterval": true, "serveralivecountmax": true, "stricthostkeychecking": true,
		"userknownhostsfile": true, "globalknownhostsfile": true,
	}
	got := map[string]string{}
	for _, line := range strings.Split(out, "\n") {
		k, v, _ := strings.Cut(line, " ")
		if !keys[k] || v == "none" || strings.HasPrefix(v, "~/.ssh/id_") || strings.Contains(v, "/known_hosts2") ||
			strings.HasSuffix(v, "ssh_known_hosts2") {
			continue
		}
		if k == "proxycommand" {
			v = strings.NewReplacer("%h", host, "%p", got["port"]).Replace(v)
		}
		v = strings.TrimPrefix(v, "ssh://") // shown as it was written
		if k == "identityfile" {
			v = strings.ReplaceAll(v, "%u", got["user"])
		}
		if old, ok := got[k]; ok {
			v = old + "|" + v
		}
		got[k] = v
	}
	if got["stricthostkeychecking"] == "ask" {
		delete(got, "stricthostkeychecking")
	}
	if got["serveraliveinterval"] == "0" {
		delete(got, "serveraliveinterval")
	}
	if got["identitiesonly"] == "no" {
		delete(got, "identitiesonly")
	}
	return got
}

func fromSettings(s *sshconfig.Settings, me string) map[string]string {
	got := map[string]string{"hostname": s.HostName, "user": me, "port": "22"}
	if s.User != "" {
		got["user"] = s.User
	}
	if s.Port != 0 {
		got["port"] = fmt.Sprint(s.Port)
	}
	set := func(k, v string) {
		if v != "" {
			got[k] = v
		}
	}
	var jumps []string
	for _, j := range s.ProxyJump {
		text := j.Host
		if strings.Contains(text, ":") {
			text = "[" + text + "]"
		}
		if j.User != "" {
			text = j.User + "@" + text
		}
		if j.Port != 0 {
			text += fmt.Sprintf(":%d", j.Port)
		}
		jumps = append(jumps, text)
	}
	set("proxyjump", strings.Join(jumps, ","))
	set("proxycommand", s.ProxyCommand)
	set("hostkeyalias", s.HostKeyAlias)
	set("identityfile", strings.Join(s.IdentityFiles, "|"))
	set("certificatefile", strings.Join(s.CertificateFiles, "|"))
	set("userknownhostsfile", strings.Join(s.UserKnownHostsFiles, " "))
	set("globalknownhostsfile", strings.Join(s.GlobalKnownHostsFiles, " "))
	set("stricthostkeychecking", s.StrictHostKeyChecking)
	if s.IdentitiesOnly == sshconfig.Yes {
		got["identitiesonly"] = "yes"
	}
	if s.ConnectTimeout > 0 {
		got["connecttimeout"] = fmt.Sprint(int(s.ConnectTimeout.Seconds()))
	}
	if s.ServerAliveInterval > 0 {
		got["serveraliveinterval"] = fmt.Sprint(int(s.ServerAliveInterval.Seconds()))
	}
	if s.ServerAliveCountMax >= 0 {
		got["serveralivecountmax"] = fmt.Sprint(s.ServerAliveCountMax)
	}
	return got
}

func FuzzLoad(f *testing.F) {
	f.Add("Host a\n  Port 1\n")
	f.Add("Match host \"x y\" exec z\nProxyJump a@b:1,c\nInclude *\n")
	f.Add("User \"\\\"")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := sshconfig.Load(memEnv(map[string]string{"/c": text, "/home/u/.ssh/i": "Port 3\n"}), sshconfig.File{Path: "/c"})
		if err != nil {
			var e *sshconfig.Error
			if !errors.As(err, &e) || e.File == "" {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		c.Hosts()
		if s, err := c.Resolve(sshconfig.Query{Host: "a"}); err == nil && s.HostName == "" {
			t.Error("empty host name")
		}
	})
}
