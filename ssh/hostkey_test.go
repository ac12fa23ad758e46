package ssh_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	xssh "golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"pinch/internal/secret"
	"pinch/ssh"
	"pinch/ssh/sshtest"
)

// hostCase is a known_hosts file and what is to be thought of a host that shows
// the key KEY, or a certificate for it signed by CA.
type hostCase struct {
	known    string // KEY, OTHER, CA, OTHERCA stand for keys; HASH(x) for the hashed name x
	addr     string // default host.test
	port     uint16
	alias    string
	mode     ssh.HostKeyMode
	cert     *sshtest.CertConfig // show a certificate
	want     string              // "", "unknown", "changed", "revoked", "invalid"
	stricter bool                // ssh accepts it, on purpose we do not
}

func hostCases() map[string]hostCase {
	hostCert := func(expired bool, principals ...string) *sshtest.CertConfig {
		return &sshtest.CertConfig{Host: true, Principals: principals, Expired: expired}
	}
	return map[string]hostCase{
		"known":                               {known: "host.test KEY"},
		"known among others":                  {known: "# c\n\na.test OTHER\nhost.test KEY comment here\n"},
		"known in a list":                     {known: "a.test,host.test,10.0.0.1 KEY"},
		"two keys, one is it":                 {known: "host.test OTHER\nhost.test KEY"},
		"upper case pattern":                  {known: "HOST.Test KEY"},
		"upper case address":                  {known: "host.test KEY", addr: "Host.TEST"},
		"wildcard":                            {known: "*.test KEY"},
		"question mark":                       {known: "hos?.test KEY"},
		"star alone":                          {known: "* KEY"},
		"negated":                             {known: "!host.test,*.test KEY", want: "unknown"},
		"hashed":                              {known: "HASH(host.test) KEY"},
		"hashed other":                        {known: "HASH(a.test) KEY", want: "unknown"},
		"hashed with another key":             {known: "HASH(host.test) OTHER", want: "changed"},
		"empty file":                          {known: "", want: "unknown"},
		"unknown":                             {known: "a.test KEY", want: "unknown"},
		"changed":                             {known: "host.test OTHER", want: "changed"},
		"port":                                {known: "[host.test]:2222 KEY", port: 2222},
		"hashed port":                         {known: "HASH([host.test]:2222) KEY", port: 2222},
		"other port":                          {known: "[host.test]:2223 KEY", port: 2222, want: "unknown"},
		"port of another on 22":               {known: "[host.test]:2222 KEY", want: "unknown"},
		"bare name for a port":                {known: "host.test KEY", port: 2222},
		"bare name, other key":                {known: "host.test OTHER", port: 2222, want: "unknown"},
		"changed on the port":                 {known: "[host.test]:2222 OTHER\nhost.test KEY", port: 2222, want: "changed"},
		"star and port":                       {known: "* KEY", port: 2222},
		"alias":                               {known: "web KEY", alias: "web"},
		"alias without port":                  {known: "web KEY", alias: "web", port: 2222},
		"alias is asked, not name":            {known: "host.test KEY", alias: "web", want: "unknown"},
		"IPv4":                                {known: "10.1.2.3 KEY", addr: "10.1.2.3"},
		"IPv6":                                {known: "2001:db8::1 KEY", addr: "2001:db8::1"},
		"IPv6 with port":                      {known: "[2001:db8::1]:2222 KEY", addr: "2001:db8::1", port: 2222},
		"broken lines":                        {known: "host.test ssh-ed25519 !!!\nfoo\nhost.test 1024 35 1234567\n|1|x KEY\n@what host.test KEY\n[::1 KEY\nhost.test KEY"},
		"endless lines":                       {known: "# " + strings.Repeat("x", 100000) + "\n" + strings.Repeat("h,", 50000) + " KEY\nhost.test KEY"},
		"only broken lines":                   {known: "host.test ssh-ed25519 AAAA\n[host.test KEY", want: "unknown"},
		"tabs and blanks":                     {known: "  \thost.test\t KEY"},
		"revoked":                             {known: "host.test KEY\n@revoked host.test KEY", want: "revoked"},
		"revoked everywhere":                  {known: "@revoked * KEY", want: "revoked"},
		"revoked for another host":            {known: "host.test KEY\n@revoked a.test KEY", want: "revoked", stricter: true},
		"another key revoked":                 {known: "host.test KEY\n@revoked * OTHER"},
		"authority, plain key":                {known: "@cert-authority *.test CA", want: "unknown"},
		"authority key as host key":           {known: "@cert-authority *.test KEY", want: "unknown"},
		"certificate":                         {known: "@cert-authority *.test CA", cert: hostCert(false, "host.test")},
		"certificate, hashed":                 {known: "@cert-authority HASH(host.test) CA", cert: hostCert(false, "host.test")},
		"certificate, any principal":          {known: "@cert-authority *.test CA", cert: hostCert(false)},
		"certificate, pattern":                {known: "@cert-authority *.test CA", cert: hostCert(false, "*.test"), want: "invalid"},
		"certificate, expired, plain known":   {known: "@cert-authority *.test CA\nhost.test KEY", cert: hostCert(true, "host.test")},
		"certificate, expired, plain changed": {known: "@cert-authority *.test CA\nhost.test OTHER", cert: hostCert(true, "host.test"), want: "invalid"},
		"certificate, other name":             {known: "@cert-authority *.test CA", cert: hostCert(false, "a.test"), want: "invalid"},
		"certificate, expired":                {known: "@cert-authority *.test CA", cert: hostCert(true, "host.test"), want: "invalid"},
		"certificate for users":               {known: "@cert-authority *.test CA", cert: &sshtest.CertConfig{Principals: []string{"host.test"}}, want: "invalid"},
		"certificate, other authority":        {known: "@cert-authority *.test OTHERCA", cert: hostCert(false, "host.test"), want: "unknown"},
		"certificate, authority of others":    {known: "@cert-authority a.test CA", cert: hostCert(false, "host.test"), want: "unknown"},
		"other authority, plain known":        {known: "@cert-authority *.test OTHERCA\nhost.test KEY", cert: hostCert(false, "host.test")},
		"certificate, authority revoked":      {known: "@cert-authority *.test CA\n@revoked * CA", cert: hostCert(false, "host.test"), want: "revoked"},
		"certificate, key revoked":            {known: "@cert-authority *.test CA\n@revoked * KEY", cert: hostCert(false, "host.test"), want: "revoked"},
		"certificate on a port":               {known: "@cert-authority *.test CA", port: 2222, cert: hostCert(false, "host.test")},
		"accept new: unknown":                 {known: "a.test OTHER", mode: ssh.AcceptNew},
		"accept new: changed":                 {known: "host.test OTHER", mode: ssh.AcceptNew, want: "changed"},
		"accept new: revoked":                 {known: "@revoked host.test KEY", mode: ssh.AcceptNew, want: "revoked"},
		"ignore: unknown":                     {known: "", mode: ssh.IgnoreKeys},
		"ignore: changed":                     {known: "host.test OTHER", mode: ssh.IgnoreKeys},
		"ignore: revoked":                     {known: "@revoked host.test KEY", mode: ssh.IgnoreKeys, want: "revoked", stricter: true},
		"ignore: changed certificate":         {known: "@cert-authority *.test OTHERCA\nhost.test OTHER", mode: ssh.IgnoreKeys, cert: hostCert(false, "host.test")},
	}
}

// hostKeySet are the keys the words in a hostCase stand for.
type hostKeySet struct{ key, other, ca, otherCA []byte }

func newHostKeySet(t *testing.T) hostKeySet {
	return hostKeySet{sshtest.NewKey(t), sshtest.NewKey(t), sshtest.NewKey(t), sshtest.NewKey(t)}
}

// file writes the known_hosts file of a case.
func (k hostKeySet) file(t *testing.T, text string) string {
	t.Helper()
	line := func(key []byte) string { return strings.TrimSpace(string(sshtest.PublicLine(t, key))) }
	// Longer words first.
	text = strings.NewReplacer("OTHERCA", line(k.otherCA), "OTHER", line(k.other), "KEY", line(k.key), "CA", line(k.ca)).Replace(text)
	// Afterwards: a hash may contain the words above.
	for {
		before, rest, found := strings.Cut(text, "HASH(")
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, ") ")
		text = before + xknownhosts.HashHostname(name) + " " + after
	}
	path := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// host starts the host of a case.
func (k hostKeySet) host(t *testing.T, tc hostCase, backend sshtest.Backend) *sshtest.Server {
	t.Helper()
	cfg := sshtest.Config{Backend: backend, HostKeys: [][]byte{k.key}}
	if tc.cert != nil {
		cfg.HostCert = sshtest.NewCert(t, k.key, k.ca, *tc.cert)
	}
	return sshtest.New(t, cfg)
}

// verdict says what an error is, in the words of hostCase.
func verdict(t *testing.T, err error) string {
	t.Helper()
	var bad *ssh.HostKeyError
	if err == nil {
		return ""
	}
	if !errors.As(err, &bad) {
		t.Fatalf("got %v, want a HostKeyError", err)
	}
	return bad.Kind.String()
}

func TestHostKeys(t *testing.T) {
	t.Parallel()
	keys := newHostKeySet(t)
	for name, tc := range hostCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := keys.host(t, tc, sshtest.Embedded)
			e, o := caseEndpoint(s, tc)
			o.KnownHosts = []string{keys.file(t, tc.known)}
			c, err := ssh.Dial(context.Background(), e, o)
			if err == nil {
				c.Close()
			}
			if got := verdict(t, err); got != tc.want {
				t.Errorf("got %q (%v), want %q", got, err, tc.want)
			}
		})
	}
}

func caseEndpoint(s *sshtest.Server, tc hostCase) (ssh.Endpoint, ssh.Options) {
	e, o := s.Endpoint(), s.Options()
	if tc.addr != "" {
		e.Addr = tc.addr
	}
	e.Port, e.HostKeyAlias, o.HostKeys = tc.port, tc.alias, tc.mode
	return e, o
}

// TestHostKeysAsOpenSSH asks the real ssh about every case, with a real sshd on
// the other side, and compares the verdicts.
func TestHostKeysAsOpenSSH(t *testing.T) {
	if testing.Short() {
		t.Skip("starts ssh and sshd a hundred times")
	}
	t.Parallel()
	client, err := exec.LookPath("ssh")
	if err != nil {
		t.Skip("OpenSSH's ssh is not installed")
	}
	keys := newHostKeySet(t)
	for name, tc := range hostCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := keys.host(t, tc, sshtest.OpenSSH)
			e, o := caseEndpoint(s, tc)
			known := keys.file(t, tc.known)
			data, err := os.ReadFile(known)
			if err != nil {
				t.Fatal(err)
			}
			// ssh adds to the file: each has its own.
			ours := filepath.Join(t.TempDir(), "known_hosts")
			if err := os.WriteFile(ours, data, 0o600); err != nil {
				t.Fatal(err)
			}
			o.KnownHosts = []string{ours}
			c, err := ssh.Dial(context.Background(), e, o)
			if err == nil {
				c.Close()
			}
			got := verdict(t, err)
			if got != tc.want {
				t.Errorf("pinch: got %q (%v), want %q", got, err, tc.want)
			}

			args := []string{"-F", "none", "-o", "ProxyCommand=" + s.Command(), "-o", "IdentitiesOnly=yes", "-i", s.KeyFile,
				"-o", "UserKnownHostsFile=" + known, "-o", "GlobalKnownHostsFile=none", "-o", "BatchMode=yes",
				"-o", "StrictHostKeyChecking=" + tc.mode.String(), "-o", "UpdateHostKeys=no", "-o", "User=" + e.User}
			if tc.port != 0 {
				args = append(args, "-p", fmt.Sprint(tc.port))
			}
			if tc.alias != "" {
				args = append(args, "-o", "HostKeyAlias="+tc.alias)
			}
			out, err := exec.Command(client, append(args, e.Addr, "echo in")...).CombinedOutput()
			accepted := err == nil && strings.Contains(string(out), "in\n")
			if want := tc.want == "" || tc.stricter; accepted != want {
				t.Errorf("ssh: accepted %v, we %q; ssh says %s", accepted, got, out)
			}
		})
	}
}

func TestHostKeyErrorText(t *testing.T) {
	t.Parallel()
	keys := newHostKeySet(t)
	s := keys.host(t, hostCase{}, sshtest.Embedded)
	fp, other := sshtest.Fingerprint(t, keys.key), sshtest.Fingerprint(t, keys.other)
	for known, want := range map[string]string{
		"x.test OTHER": "web1: verify host key of host.test:22: host key ssh-ed25519 " + fp + " is not known: no entry for host.test in FILE; " +
			"compare the fingerprint with the host's (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub there), then add the key by connecting once with ssh, or pass --accept-new",
		"\nhost.test OTHER": "web1: verify host key of host.test:22: host key has CHANGED: the host shows ssh-ed25519 " + fp + ", but FILE:2 has ssh-ed25519 " + other +
			"; someone may be intercepting the connection; if the host was reinstalled, remove the old key (ssh-keygen -f FILE -R 'host.test') and verify the new fingerprint",
		"@revoked * KEY": "web1: verify host key of host.test:22: host key ssh-ed25519 " + fp + " is marked @revoked in FILE; the key may be stolen; do not connect, give the host a new key",
	} {
		o := s.Options()
		file := keys.file(t, known)
		o.KnownHosts = []string{file}
		err := dial(t, s.Endpoint(), o)
		if want = strings.ReplaceAll(want, "FILE", file); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// TestNoAuthBytesToWrongHost checks that a refused host learns neither user nor
// password: the server must not see a login attempt.
func TestNoAuthBytesToWrongHost(t *testing.T) {
	t.Parallel()
	keys := newHostKeySet(t)
	s := sshtest.New(t, sshtest.Config{HostKeys: [][]byte{keys.key}, Password: "pw"})
	o := s.Options()
	o.KnownHosts = []string{keys.file(t, "host.test OTHER")}
	if got := verdict(t, dial(t, s.Endpoint(), o)); got != "changed" {
		t.Errorf("got %q", got)
	}
	if n := s.Logins(); n != 0 {
		t.Errorf("the host saw %d login attempts", n)
	}
	// Ignoring keys lets the connection be made, but not the password sent.
	o.HostKeys = ssh.IgnoreKeys
	e := s.Endpoint()
	e.Password = secret.New("pw")
	checkAuth(t, dial(t, e, o), "not sent, because the host key changed")
	if n := s.Passwords(); n != 0 {
		t.Errorf("the host saw %d passwords", n)
	}
}

func TestAcceptNewStoresKeys(t *testing.T) {
	t.Parallel()
	keys := newHostKeySet(t)
	cases := map[string]struct {
		before string
		port   uint16
		hash   bool
		prefix string
	}{
		"no file":          {before: "-", prefix: "host.test ssh-ed25519 "},
		"file":             {before: "a.test OTHER\n", prefix: "host.test ssh-ed25519 "},
		"no line end":      {before: "a.test OTHER", prefix: "host.test ssh-ed25519 "},
		"port":             {before: "", port: 2222, prefix: "[host.test]:2222 ssh-ed25519 "},
		"hashed":           {before: "", hash: true, prefix: "|1|"},
		"hashed with port": {before: "", port: 2222, hash: true, prefix: "|1|"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := keys.host(t, hostCase{}, sshtest.Embedded)
			e, o := s.Endpoint(), s.Options()
			file := filepath.Join(t.TempDir(), "new", "known_hosts")
			before := ""
			if tc.before != "-" {
				file = keys.file(t, tc.before)
				data, _ := os.ReadFile(file)
				before = string(data)
			}
			o.KnownHosts, o.HostKeys, e.Port = []string{file}, ssh.AcceptNew, tc.port
			if tc.hash {
				e.SSHOptions = []string{"HashKnownHosts=yes"}
			}
			if err := dial(t, e, o); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if before != "" && !strings.HasSuffix(before, "\n") {
				before += "\n"
			}
			added, ok := strings.CutPrefix(string(data), before)
			if !ok || !strings.HasPrefix(added, tc.prefix) || strings.Count(added, "\n") != 1 {
				t.Errorf("added %q", added)
			}
			if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v", info.Mode())
			}
			// Known from now on, to strict users too.
			o.HostKeys = ssh.Strict
			if err := dial(t, e, o); err != nil {
				t.Error(err)
			}
			if again, _ := os.ReadFile(file); string(again) != string(data) {
				t.Errorf("changed again: %q", again)
			}
		})
	}
}

func TestAcceptNewConcurrently(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	file := filepath.Join(t.TempDir(), "known_hosts")
	o := s.Options()
	o.KnownHosts, o.HostKeys = []string{file}, ssh.AcceptNew
	// Three pools stand for three processes.
	var wg sync.WaitGroup
	for range 3 {
		pool := ssh.NewPool(o)
		defer pool.Close()
		for i := range 20 {
			wg.Go(func() {
				e := s.Endpoint()
				e.Addr = fmt.Sprintf("host%d.test", i)
				c, err := pool.Dial(context.Background(), e)
				if err != nil {
					t.Error(err)
					return
				}
				c.Close()
			})
		}
	}
	wg.Wait()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for rest := data; ; {
		_, hosts, _, _, next, err := xssh.ParseKnownHosts(rest)
		if err != nil {
			break
		}
		seen[strings.Join(hosts, ",")]++
		rest = next
	}
	if len(seen) != 20 || strings.Count(string(data), "\n") != 20 {
		t.Errorf("%d hosts on %d lines", len(seen), strings.Count(string(data), "\n"))
	}
}

func TestKeyThatChangesDuringARun(t *testing.T) {
	t.Parallel()
	first, second := sshtest.New(t, sshtest.Config{}), sshtest.New(t, sshtest.Config{})
	for name, file := range map[string]string{"file": filepath.Join(t.TempDir(), "known_hosts"), "null": "/dev/null"} {
		t.Run(name, func(t *testing.T) {
			o := first.Options()
			o.KnownHosts, o.HostKeys = []string{file}, ssh.AcceptNew
			swap := &swapDialer{Dialer: first}
			o.Dialer = swap
			pool := ssh.NewPool(o)
			defer pool.Close()
			c, err := pool.Dial(context.Background(), first.Endpoint())
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			swap.Dialer = second
			_, err = pool.Dial(context.Background(), second.Endpoint())
			if got := verdict(t, err); got != "changed" {
				t.Errorf("got %q", got)
			}
		})
	}
}

type swapDialer struct{ ssh.Dialer }

func TestKnownKeyTypeIsPreferred(t *testing.T) {
	t.Parallel()
	// The host has three keys; only the last is known. ssh and we ask for it.
	rsaKey := rsaPEM(t)
	edKey := sshtest.NewKey(t)
	eachBackend(t, sshtest.Config{HostKeys: [][]byte{edKey, rsaKey}}, func(t *testing.T, s *sshtest.Server) {
		o := s.Options()
		for name, key := range map[string][]byte{"rsa": rsaKey, "ed25519": edKey} {
			file := filepath.Join(t.TempDir(), name)
			os.WriteFile(file, sshtest.KnownHostsLine(t, sshtest.Addr, key), 0o600)
			o.KnownHosts = []string{file}
			if err := dial(t, s.Endpoint(), o); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestUnreadableKnownHosts(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	o := s.Options()
	o.KnownHosts = []string{s.Dir} // a directory
	err := dial(t, s.Endpoint(), o)
	var un *ssh.UnreachableError
	if !errors.As(err, &un) || !strings.Contains(err.Error(), "known hosts") {
		t.Errorf("got %v", err)
	}
}

func TestIgnoreKeysWarns(t *testing.T) {
	t.Parallel()
	keys := newHostKeySet(t)
	s := keys.host(t, hostCase{}, sshtest.Embedded)
	var log strings.Builder
	o := s.Options()
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	o.HostKeys, o.KnownHosts = ssh.IgnoreKeys, []string{keys.file(t, "host.test OTHER")}
	if err := dial(t, s.Endpoint(), o); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "level=WARN msg=\"host key changed") || !strings.Contains(log.String(), sshtest.Fingerprint(t, keys.key)) {
		t.Errorf("log: %s", log.String())
	}
}
