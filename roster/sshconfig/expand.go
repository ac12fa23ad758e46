package sshconfig

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// hostName computes the name to connect to; of the tokens only %h and %% are
// allowed in it. Names are lower-cased, addresses are not.
func (r *resolver) hostName() error {
	h := r.query.Host
	if r.rawHostName != "" {
		var err error
		if h, err = percent(r.rawHostName, map[byte]string{'h': h}); err != nil {
			return r.lastHostLine.errorf("HostName %q: %v", r.rawHostName, err)
		}
	}
	if _, err := netip.ParseAddr(strings.Trim(h, "[]")); err != nil {
		h = strings.ToLower(h)
	}
	r.s.HostName = h
	return nil
}

// expand fills in the settings that have tokens, once all others are known.
func (r *resolver) expand() error {
	s := r.s
	paths := func(list []located) ([]string, bool, error) {
		var out []string
		none := false
		for _, raw := range list {
			if strings.EqualFold(raw.text, "none") {
				none = true
				continue
			}
			p, err := r.path(raw)
			if err != nil {
				return nil, false, err
			}
			out = append(out, p)
		}
		return out, none && len(out) == 0, nil
	}
	var err error
	if s.IdentityFiles, s.NoIdentityFiles, err = paths(r.rawIdentity); err != nil {
		return err
	}
	if s.CertificateFiles, _, err = paths(r.rawCert); err != nil {
		return err
	}
	none := false
	if s.UserKnownHostsFiles, none, err = paths(r.rawKnown); err != nil {
		return err
	}
	if none {
		s.UserKnownHostsFiles = []string{"none"}
	}
	if raw := r.rawAgent; raw != nil {
		switch {
		case strings.EqualFold(raw.text, "none"):
			s.IdentityAgent = "none"
		case raw.text == "SSH_AUTH_SOCK":
		case strings.HasPrefix(raw.text, "$") && !strings.HasPrefix(raw.text, "${"):
			v, ok := r.getenv(raw.text[1:])
			if !ok {
				return raw.line.errorf("IdentityAgent %q: the variable is not set", raw.text)
			}
			s.IdentityAgent = v
		default:
			if s.IdentityAgent, err = r.path(*raw); err != nil {
				return err
			}
		}
	}
	if raw := r.rawProxy; raw != nil {
		if s.ProxyCommand, err = r.percentOnly(raw.text, "hnpr"); err != nil {
			return raw.line.errorf("ProxyCommand: %v", err)
		}
	}
	return nil
}

func (r *resolver) path(raw located) (string, error) {
	p, err := r.expandText(tilde(r.c.env.Home, raw.text), "CdhijkLlnpru")
	if err != nil {
		return "", raw.line.errorf("%s %q: %v", raw.line.key, raw.text, err)
	}
	return p, nil
}

// expandText expands ${VAR} and the tokens allowed.
func (r *resolver) expandText(s, allowed string) (string, error) {
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			b.WriteString(s)
			break
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			return "", fmt.Errorf("environment variable %q missing closing }", s[i:])
		}
		name := s[i+2 : i+end]
		v, ok := r.getenv(name)
		if !ok {
			return "", fmt.Errorf("environment variable ${%s} is not set", name)
		}
		b.WriteString(s[:i])
		b.WriteString(strings.ReplaceAll(v, "%", "%%")) // the value is no template
		s = s[i+end+1:]
	}
	return r.percentOnly(b.String(), allowed)
}

func (r *resolver) getenv(name string) (string, bool) {
	if r.c.env.Getenv == nil {
		return "", false
	}
	return r.c.env.Getenv(name)
}

func (r *resolver) percentOnly(s, allowed string) (string, error) {
	if !strings.Contains(s, "%") {
		return s, nil
	}
	all := r.tokens()
	vals := map[byte]string{}
	for i := range len(allowed) {
		vals[allowed[i]] = all[allowed[i]]
	}
	return percent(s, vals)
}

func (r *resolver) tokens() map[byte]string {
	env, s := r.c.env, r.s
	host := s.HostName
	if host == "" {
		host = r.host
	}
	user := s.User
	if user == "" {
		user = env.User
	}
	port := 22
	if s.Port != 0 {
		port = int(s.Port)
	}
	keyAlias := s.HostKeyAlias
	if keyAlias == "" {
		keyAlias = r.query.Host
	}
	var jump []string
	for _, j := range s.ProxyJump {
		jump = append(jump, j.Host)
	}
	short, _, _ := strings.Cut(env.Hostname, ".")
	t := map[byte]string{
		'd': env.Home, 'h': host, 'i': env.UID, 'k': keyAlias, 'L': short, 'l': env.Hostname,
		'n': r.query.Host, 'p': strconv.Itoa(port), 'r': user, 'u': env.User, 'j': strings.Join(jump, ","),
	}
	// OpenSSH hashes local name, host, port, user and jump host for %C.
	sum := sha1.Sum([]byte(t['l'] + t['h'] + t['p'] + t['r'] + t['j']))
	t['C'] = hex.EncodeToString(sum[:])
	return t
}

// percent replaces %x by vals[x] and %% by a percent sign.
func percent(s string, vals map[byte]string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", fmt.Errorf("%q ends in a single %%", s)
		}
		if s[i] == '%' {
			b.WriteByte('%')
			continue
		}
		v, ok := vals[s[i]]
		if !ok {
			return "", fmt.Errorf("unknown or not allowed token %%%c", s[i])
		}
		b.WriteString(v)
	}
	return b.String(), nil
}

// tilde expands ~ and ~/ at the start. ~user is left alone: it needs the
// user database, and ssh would say so.
func tilde(home, p string) string {
	if p == "~" {
		return home
	}
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		return filepath.Join(home, rest)
	}
	return p
}
