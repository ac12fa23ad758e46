package ssh

import (
	"os/user"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSSHOptions(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		options []string
		got     func(s *settings) any
		want    any
	}{
		"port":                 {[]string{"Port=2222"}, func(s *settings) any { return s.port }, uint16(2222)},
		"first value wins":     {[]string{"Port=1", "Port=2"}, func(s *settings) any { return s.port }, uint16(1)},
		"blank form":           {[]string{"Port 2222"}, func(s *settings) any { return s.port }, uint16(2222)},
		"spaced form":          {[]string{"  port  =  2222 "}, func(s *settings) any { return s.port }, uint16(2222)},
		"user":                 {[]string{"User=bob"}, func(s *settings) any { return s.user }, "bob"},
		"no user":              {nil, func(s *settings) any { return s.user }, me.Username},
		"host name":            {[]string{"HostName=10.0.0.1"}, func(s *settings) any { return s.addr() }, "10.0.0.1:22"},
		"alias":                {[]string{"HostKeyAlias=Web", "Port=99"}, func(s *settings) any { return s.knownName() }, "web:22"},
		"strict":               {[]string{"StrictHostKeyChecking=yes"}, func(s *settings) any { return s.hostKeys }, Strict},
		"strict ask":           {[]string{"StrictHostKeyChecking=ask"}, func(s *settings) any { return s.hostKeys }, Strict},
		"strict no":            {[]string{"stricthostkeychecking=No"}, func(s *settings) any { return s.hostKeys }, IgnoreKeys},
		"strict off":           {[]string{"StrictHostKeyChecking=off"}, func(s *settings) any { return s.hostKeys }, IgnoreKeys},
		"accept new":           {[]string{"StrictHostKeyChecking=accept-new"}, func(s *settings) any { return s.hostKeys }, AcceptNew},
		"known hosts":          {[]string{`UserKnownHostsFile="/a b" ~/k`, "GlobalKnownHostsFile=none"}, func(s *settings) any { return s.knownHosts }, []string{"/a b", "/h/k"}},
		"known hosts null":     {[]string{"UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null"}, func(s *settings) any { return s.knownHosts }, []string{"/dev/null", "/dev/null"}},
		"known hosts tokens":   {[]string{"UserKnownHostsFile=%d/%h-%p-%r-%%", "User=u", "GlobalKnownHostsFile=none"}, func(s *settings) any { return s.knownHosts }, []string{"/h/web.test-22-u-%"}},
		"known hosts default":  {nil, func(s *settings) any { return s.knownHosts }, []string{"/h/.ssh/known_hosts", "/h/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}},
		"global by default":    {[]string{"UserKnownHostsFile=/u"}, func(s *settings) any { return s.knownHosts }, []string{"/u", "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}},
		"connect timeout":      {[]string{"ConnectTimeout=1m30"}, func(s *settings) any { return s.connectTimeout }, 90 * time.Second},
		"no connect timeout":   {[]string{"ConnectTimeout=none"}, func(s *settings) any { return s.connectTimeout }, time.Duration(0)},
		"default timeout":      {nil, func(s *settings) any { return s.connectTimeout }, 60 * time.Second},
		"keepalive":            {[]string{"ServerAliveInterval=5", "ServerAliveCountMax=2"}, func(s *settings) any { return []any{s.aliveInterval, s.aliveCountMax} }, []any{5 * time.Second, 2}},
		"no keepalive":         {[]string{"ServerAliveInterval=0"}, func(s *settings) any { return s.aliveInterval }, time.Duration(0)},
		"identity files add":   {[]string{"IdentityFile=~/a", `IdentityFile="/b c"`}, func(s *settings) any { return s.identities }, []string{"/h/a", "/b c"}},
		"identity none":        {[]string{"IdentityFile=none"}, func(s *settings) any { return len(s.identities) }, 5},
		"identity environment": {[]string{"IdentityFile=${PINCH_TEST_DIR}/k"}, func(s *settings) any { return s.identities }, []string{"/e/k"}},
		"identities only":      {[]string{"IdentitiesOnly=yes"}, func(s *settings) any { return s.identitiesOnly }, true},
		"agent":                {[]string{"IdentityAgent=~/agent"}, func(s *settings) any { return s.agentSocket }, "/h/agent"},
		"no agent":             {[]string{"IdentityAgent=none"}, func(s *settings) any { return s.agentSocket }, ""},
		"methods":              {[]string{"PreferredAuthentications=password,gssapi-with-mic,publickey"}, func(s *settings) any { return s.methods }, []string{"password", "publickey"}},
		"default methods":      {nil, func(s *settings) any { return s.methods }, []string{"publickey", "keyboard-interactive", "password"}},
		"no password":          {[]string{"PasswordAuthentication=no"}, func(s *settings) any { return s.methods }, []string{"publickey", "keyboard-interactive"}},
		"old name":             {[]string{"ChallengeResponseAuthentication=no"}, func(s *settings) any { return s.methods }, []string{"publickey", "password"}},
		"no public key":        {[]string{"PubkeyAuthentication=no"}, func(s *settings) any { return s.methods }, []string{"keyboard-interactive", "password"}},
		"ciphers":              {[]string{"Ciphers=aes256-ctr,unknown@x"}, func(s *settings) any { return s.ciphers }, []string{"aes256-ctr"}},
		"cipher added":         {[]string{"Ciphers=+aes128-cbc"}, func(s *settings) any { return s.ciphers[len(s.ciphers)-1] }, "aes128-cbc"},
		"kex first":            {[]string{"KexAlgorithms=^ecdh-sha2-nistp521"}, func(s *settings) any { return s.kex[0] }, "ecdh-sha2-nistp521"},
		"MACs removed":         {[]string{"MACs=-*sha1*,*etm*"}, func(s *settings) any { return s.macs }, []string{"hmac-sha2-256", "hmac-sha2-512"}},
		"old host keys":        {[]string{"HostKeyAlgorithms=+ssh-rsa"}, func(s *settings) any { return slices.Contains(s.hostKeyAlgs, "ssh-rsa") }, true},
		"old keys":             {[]string{"PubkeyAcceptedKeyTypes=+ssh-rsa"}, func(s *settings) any { return slices.Contains(s.pubkeyAlgs, "ssh-rsa") }, true},
		"family":               {[]string{"AddressFamily=inet6"}, func(s *settings) any { return s.network }, "tcp6"},
		"bind":                 {[]string{"BindAddress=10.0.0.2"}, func(s *settings) any { return s.bind }, "10.0.0.2"},
		"attempts":             {[]string{"ConnectionAttempts=3"}, func(s *settings) any { return s.attempts }, 3},
		"jump": {[]string{"ProxyJump=a,bob@b:2222,ssh://c@[::1]:22/"}, func(s *settings) any {
			var out []string
			for _, j := range s.jump {
				out = append(out, j.User+"|"+j.Addr+"|"+string(rune('0'+j.Port/1000)))
			}
			return out
		}, []string{"|a|0", "bob|b|2", "c|::1|0"}},
		"no jump":          {[]string{"ProxyJump=none"}, func(s *settings) any { return len(s.jump) }, 0},
		"proxy command":    {[]string{`ProxyCommand="ssh -W %h:%p gw"`}, func(s *settings) any { return s.proxyCommand }, "ssh -W %h:%p gw"},
		"quotes inside":    {[]string{`ProxyCommand="a" "b"`}, func(s *settings) any { return s.proxyCommand }, `"a" "b"`},
		"no proxy command": {[]string{"ProxyCommand=none"}, func(s *settings) any { return s.proxyCommand }, ""},
		"ignored":          {[]string{"LogLevel=ERROR", "ControlMaster=auto", "ControlPath=~/.ssh/%C", "ForwardAgent=no", "Compression=no", "GSSAPIAuthentication=no", "RequestTTY=no"}, func(s *settings) any { return s.port }, uint16(22)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := resolve(Endpoint{ID: "web1", Addr: "web.test", SSHOptions: tc.options}, Options{Home: "/h", AgentSocket: "none"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, tc.got(s)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSSHOptionErrors(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ option, text string }{
		"no value":           {"Port", `ssh option "Port": has no value`},
		"empty value":        {"Port=", "has no value"},
		"empty":              {"", "has no value"},
		"dash":               {"-oPort=22", "write it as after ssh's -o"},
		"line break":         {"User=a\nProxyCommand=x", "line break"},
		"unknown":            {"NoSuchThing=1", "ssh option NoSuchThing: not supported"},
		"local forward":      {"LocalForward=1 h:2", "ssh option LocalForward: not supported"},
		"local command":      {"LocalCommand=x", "ssh option LocalCommand: not supported"},
		"permit command":     {"PermitLocalCommand=yes", `only "no"`},
		"agent forwarding":   {"ForwardAgent=yes", `ssh option ForwardAgent=yes: pinch has only "no" for it`},
		"compression":        {"Compression=yes", `only "no"`},
		"port zero":          {"Port=0", "not a port number"},
		"port too large":     {"Port=65536", "not a port number"},
		"port text":          {"Port=ssh", "not a port number"},
		"bool":               {"IdentitiesOnly=maybe", "not yes or no"},
		"strict":             {"StrictHostKeyChecking=perhaps", "accept-new"},
		"time":               {"ConnectTimeout=5x", "not a time"},
		"time too long":      {"ConnectTimeout=99999w", "not a time"},
		"negative time":      {"ConnectTimeout=-5", "not a time"},
		"user option":        {"User=-l", "not a login name"},
		"family":             {"AddressFamily=ipx", "inet6"},
		"cipher":             {"Ciphers=rot13", `unknown algorithm "rot13"; known are`},
		"empty cipher":       {"Ciphers=aes128-ctr,,", "empty algorithm name"},
		"all ciphers gone":   {"Ciphers=-*", "leaves no algorithm"},
		"methods":            {"PreferredAuthentications=magic", "unknown method"},
		"methods we lack":    {"PreferredAuthentications=gssapi-with-mic", "pinch has none of these"},
		"open quote":         {`UserKnownHostsFile="/a`, "quote is not closed"},
		"jump option":        {"ProxyJump=-oX", "starts with a dash"},
		"jump user":          {"ProxyJump=-l@h", "not a login name"},
		"jump port":          {"ProxyJump=h:0", "not a port number"},
		"jump without port":  {"ProxyJump=h:", "not [user@]host[:port]"},
		"jump bracket":       {"ProxyJump=[::1", "bracket is not closed"},
		"jump empty":         {"ProxyJump=a,,b", "address is empty"},
		"jump too long":      {"ProxyJump=" + strings.Repeat("a,", 20) + "a", "more than 16"},
		"host name tokens":   {"HostName=%h.example", "tokens"},
		"shadowed and wrong": {"Port=x", "not a port number"},
		"control characters": {"\x1b[31mBad=1", "ssh option [31mBad: not supported"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			options := []string{tc.option}
			if name == "shadowed and wrong" {
				options = []string{"Port=22", tc.option}
			}
			if err := CheckSSHOptions(options); err == nil || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got %v, want %q", err, tc.text)
			}
		})
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	no := func(s *settings, err error) *settings {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	o := Options{Home: "/h", AgentSocket: "none", SSHOptions: []string{"Port=1", "User=run", "ConnectTimeout=7", "ProxyJump=gw"}}
	s := no(resolve(Endpoint{Addr: "h"}, o))
	if s.port != 1 || s.user != "run" || s.connectTimeout != 7*time.Second || len(s.jump) != 1 {
		t.Errorf("options of the run: %+v", s)
	}
	s = no(resolve(Endpoint{Addr: "h", SSHOptions: []string{"Port=2", "User=host"}}, o))
	if s.port != 2 || s.user != "host" {
		t.Errorf("options of the host: %d %s", s.port, s.user)
	}
	s = no(resolve(Endpoint{Addr: "h", Port: 3, User: "field", SSHOptions: []string{"Port=2", "User=host"}, ConnectTimeout: time.Minute}, o))
	if s.port != 3 || s.user != "field" || s.connectTimeout != 7*time.Second {
		t.Errorf("fields of the host: %d %s %v", s.port, s.user, s.connectTimeout)
	}
	s = no(resolve(Endpoint{Addr: "h", ProxyCommand: "nc"}, o))
	if s.proxyCommand != "nc" || len(s.jump) != 0 {
		t.Errorf("ProxyCommand of the host: %q, %d jumps", s.proxyCommand, len(s.jump))
	}
	o.HostKeys = IgnoreKeys
	if s = no(resolve(Endpoint{Addr: "h", SSHOptions: []string{"StrictHostKeyChecking=yes"}}, o)); s.hostKeys != IgnoreKeys {
		t.Error("-i does not win over StrictHostKeyChecking")
	}
	if s = no(resolve(Endpoint{Addr: "h", KeyFiles: []string{"/k"}}, o)); len(s.identities) != 0 {
		t.Errorf("default key files beside one of the host: %q", s.identities)
	}
}

func FuzzSSHOptions(f *testing.F) {
	for _, seed := range []string{"Port=22", "ProxyJump=a@b:1,ssh://[::1]:2/", `UserKnownHostsFile="a b" c`, "Ciphers=+aes128-cbc",
		"ConnectTimeout=1w2d3h4m5s", "ProxyCommand=nc %h %p", "IdentityFile=~/${X}%d", "KexAlgorithms=-*,?", "StrictHostKeyChecking no", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, option string) {
		e := Endpoint{ID: "h", Addr: "h", SSHOptions: []string{option}}
		s, err := resolve(e, Options{Home: "/h", AgentSocket: "none"})
		if (CheckSSHOptions(e.SSHOptions) != nil) && err == nil {
			t.Fatalf("%q: refused by the check but taken", option)
		}
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b\x00") {
				t.Fatalf("%q: the error has control characters: %q", option, err)
			}
			return
		}
		if s.port == 0 || s.user == "" || s.user[0] == '-' || s.host == "" || s.host[0] == '-' || strings.ContainsAny(s.host, " ;$`|&\n") {
			t.Fatalf("%q: unsafe settings: %+v", option, s)
		}
		for _, j := range s.jump {
			if checkAddr(j.Addr) != nil || j.User != "" && !validUser(j.User) {
				t.Fatalf("%q: unsafe jump host %+v", option, j)
			}
		}
		if len(s.kex) == 0 || len(s.ciphers) == 0 || len(s.macs) == 0 || len(s.hostKeyAlgs) == 0 || len(s.methods) == 0 {
			t.Fatalf("%q: an empty list: %+v", option, s)
		}
	})
}
