package ssh

import (
	"fmt"
	"slices"
	"strings"

	xssh "golang.org/x/crypto/ssh"
)

// algorithmSet is one family of algorithm names: those used by default, in
// order of preference, and all that can be asked for by name.
type algorithmSet struct {
	defaults []string
	all      []string
}

func kexAlgorithms() algorithmSet {
	s := xssh.SupportedAlgorithms().KeyExchanges
	return algorithmSet{s, slices.Concat(s, xssh.InsecureAlgorithms().KeyExchanges)}
}

func cipherAlgorithms() algorithmSet {
	s := xssh.SupportedAlgorithms().Ciphers
	return algorithmSet{s, slices.Concat(s, xssh.InsecureAlgorithms().Ciphers)}
}

func macAlgorithms() algorithmSet {
	s := xssh.SupportedAlgorithms().MACs
	return algorithmSet{s, slices.Concat(s, xssh.InsecureAlgorithms().MACs)}
}

func pubkeyAlgorithms() algorithmSet {
	s := xssh.SupportedAlgorithms().PublicKeyAuths
	return algorithmSet{s, slices.Concat(s, xssh.InsecureAlgorithms().PublicKeyAuths)}
}

// hostKeyAlgorithmNames are in OpenSSH's order, certificates first.
func hostKeyAlgorithmNames() algorithmSet {
	order := []string{
		xssh.CertAlgoED25519v01,
		xssh.CertAlgoECDSA256v01, xssh.CertAlgoECDSA384v01, xssh.CertAlgoECDSA521v01,
		xssh.CertAlgoRSASHA512v01, xssh.CertAlgoRSASHA256v01,
		xssh.KeyAlgoED25519,
		xssh.KeyAlgoECDSA256, xssh.KeyAlgoECDSA384, xssh.KeyAlgoECDSA521,
		xssh.KeyAlgoRSASHA512, xssh.KeyAlgoRSASHA256,
	}
	return algorithmSet{order, unique(slices.Concat(order, xssh.SupportedAlgorithms().HostKeys, xssh.InsecureAlgorithms().HostKeys))}
}

// chooseAlgorithms evaluates ssh's list syntax: a comma separated list that
// replaces the defaults, or one with "+" (append), "-" (remove, with * and ?)
// or "^" (put first) before it. "" means the defaults. A name that is not
// implemented here (sntrup761x25519-sha512@openssh.com) is left out as long as
// another remains: that only narrows what was asked for.
func chooseAlgorithms(spec string, set algorithmSet) ([]string, error) {
	if spec == "" {
		return slices.Clone(set.defaults), nil
	}
	op := byte(0)
	if strings.IndexByte("+-^", spec[0]) >= 0 {
		op, spec = spec[0], spec[1:]
	}
	var names []string
	for _, n := range strings.Split(spec, ",") {
		if n = strings.TrimSpace(n); n == "" {
			return nil, fmt.Errorf("empty algorithm name")
		}
		names = append(names, n)
	}
	if op == '-' {
		left := slices.DeleteFunc(slices.Clone(set.defaults), func(have string) bool {
			return slices.ContainsFunc(names, func(pattern string) bool { return wildcard(pattern, have) })
		})
		if len(left) == 0 {
			return nil, fmt.Errorf("leaves no algorithm")
		}
		return left, nil
	}
	known := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !slices.Contains(set.all, n) })
	if len(known) == 0 {
		return nil, fmt.Errorf("unknown algorithm %q; known are %s", cleanText(names[0], 80), strings.Join(set.all, ", "))
	}
	names = known
	var out []string
	switch op {
	case '+':
		out = slices.Concat(set.defaults, names)
	case '^':
		out = slices.Concat(names, set.defaults)
	default:
		out = names
	}
	return unique(out), nil
}

// unique keeps the first of equal names.
func unique(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// wildcard matches ssh's patterns: * any characters, ? one. It takes time
// proportional to the product of the lengths at most.
func wildcard(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]) && pattern[p] != '*':
			p, i = p+1, i+1
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
