package ip

import (
	"net/netip"
	"regexp"
	"strings"

	"pinch/internal/ipaddr"
	"pinch/internal/py"
)

// validator says whether a value is good for an option, and what is written for it.
type validator func(v py.Value) (valid bool, value py.Value, err error)

// valueError turns a ValueError into "not valid", as Salt's validators do;
// other exceptions go on.
func valueError(err error) error {
	if pe, ok := err.(*py.Error); ok && pe.Class == "ValueError" {
		return nil
	}
	return err
}

func anything(v py.Value) (bool, py.Value, error) { return true, v, nil }

func integer(v py.Value) (bool, py.Value, error) {
	n, err := py.ToInt(v)
	if err != nil {
		return false, v, valueError(err)
	}
	return true, n, nil
}

func float(v py.Value) (bool, py.Value, error) {
	n, err := py.ToFloat(v)
	if err != nil {
		return false, v, valueError(err)
	}
	return true, n, nil
}

// inRange says whether an integer value is one of 0 to last.
func inRange(v py.Value, last int64) bool {
	n, ok := py.AsInt(v)
	return ok && n >= 0 && n <= last
}

func netmask4(v py.Value) (bool, py.Value, error) {
	valid, v, err := integer(v)
	if err != nil || valid && inRange(v, 32) {
		return valid, v, err
	}
	s, ok := v.(py.Str)
	if !ok {
		return false, v, nil
	}
	_, err = ipaddr.Network("0.0.0.0/"+string(s), false)
	return err == nil, v, nil
}

func netmask6(v py.Value) (bool, py.Value, error) {
	valid, v, err := integer(v)
	return valid && inRange(v, 128), v, err
}

func ipv4(v py.Value) (bool, py.Value, error) { return isAddress(v, 32), v, nil }
func ipv6(v py.Value) (bool, py.Value, error) { return isAddress(v, 128), v, nil }

// isAddress says whether a value is an address of the family with that many
// bits, with a prefix length or without.
func isAddress(v py.Value, bits int64) bool {
	s, ok := v.(py.Str)
	if !ok {
		return false
	}
	text := string(s)
	if i := strings.LastIndexByte(text, '/'); i >= 0 {
		n, err := py.ToInt(py.Str(text[i+1:]))
		if err != nil || !inRange(n, bits) || !py.IsTrue(n) {
			return false
		}
		text = text[:i]
	}
	a, err := netip.ParseAddr(text)
	return err == nil && a.Zone() == "" && a.Is4() == (bits == 32)
}

var macPattern = regexp.MustCompile(`(?i)^([0-9A-F]{1,2}-){5}[0-9A-F]{1,2}\n?$|^([0-9A-F]{1,2}:){5}[0-9A-F]{1,2}\n?$|^([0-9A-F]{1,2}\.){5}[0-9A-F]{1,2}\n?$`)

func mac(v py.Value) (bool, py.Value, error) {
	s, ok := v.(py.Str)
	if !ok {
		return false, v, py.TypeErrorf("expected string or bytes-like object, got '%s'", py.TypeName(v))
	}
	return macPattern.MatchString(string(s)), v, nil
}

// words is a text split at white space, or any other collection that is not an
// empty list.
func words(v py.Value) (bool, py.Value, error) {
	if s, ok := v.(py.Str); ok {
		v = py.Strings(strings.Fields(string(s))...)
	}
	if l, ok := v.(*py.List); ok {
		return len(l.Items) > 0, v, nil
	}
	_, err := py.Iterate(v)
	return err == nil, v, nil
}

// oneOf wants the text of a value to be one of these.
func oneOf(allowed ...string) validator {
	return func(v py.Value) (bool, py.Value, error) {
		s := py.Str(py.ToStr(v))
		valid, err := py.Contains(py.Strings(allowed...), s)
		return valid, s, err
	}
}

// exactly wants the value itself to be one of these.
func exactly(allowed ...string) validator {
	return func(v py.Value) (bool, py.Value, error) {
		valid, err := py.Contains(py.Strings(allowed...), v)
		return valid, v, err
	}
}

// upTo wants an integer from 0 to last.
func upTo(last int64) validator {
	return func(v py.Value) (bool, py.Value, error) {
		n, err := py.ToInt(v)
		if err != nil {
			return false, v, valueError(err)
		}
		return inRange(n, last), n, nil
	}
}
