package ssh

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// splitOption takes "Keyword=value", "Keyword = value" or "Keyword value"
// apart.
func splitOption(line string) (name, value string, err error) {
	shown := cleanText(line, 200)
	if strings.ContainsAny(line, "\n\r\x00") {
		return "", "", fmt.Errorf("ssh option %q: has a line break or NUL; write one option per list item", shown)
	}
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "-") {
		return "", "", fmt.Errorf("ssh option %q: starts with a dash; write it as after ssh's -o, for example StrictHostKeyChecking=no", shown)
	}
	end := strings.IndexAny(line, "= \t")
	if end <= 0 {
		return "", "", fmt.Errorf("ssh option %q: has no value; write Keyword=value", shown)
	}
	name = line[:end]
	value = strings.TrimLeft(line[end:], " \t")
	if strings.HasPrefix(value, "=") {
		value = strings.TrimLeft(value[1:], " \t")
	}
	if value == "" || value == `""` {
		return "", "", fmt.Errorf("ssh option %q: has no value; write Keyword=value", shown)
	}
	return name, value, nil
}

// unquote removes one pair of quotes around the whole value: salt-ssh splits
// its options as a shell does, so rosters have ProxyCommand="ssh -W %h:%p gw".
func unquote(value string) string {
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] &&
		!strings.ContainsRune(value[1:n-1], rune(value[0])) {
		return value[1 : n-1]
	}
	return value
}

// splitWords splits at blanks; words may be in double or single quotes. "none"
// alone is the empty list.
func splitWords(value string) ([]string, error) {
	words := []string{}
	for rest := strings.TrimSpace(value); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		if q := rest[0]; q == '"' || q == '\'' {
			end := strings.IndexByte(rest[1:], q)
			if end < 0 {
				return nil, errors.New("a quote is not closed")
			}
			words = append(words, rest[1:1+end])
			rest = rest[end+2:]
			continue
		}
		end := strings.IndexAny(rest, " \t")
		if end < 0 {
			end = len(rest)
		}
		words = append(words, rest[:end])
		rest = rest[end:]
	}
	if len(words) == 1 && strings.EqualFold(words[0], "none") {
		return []string{}, nil
	}
	return words, nil
}

func parseBool(value string) (bool, error) {
	switch strings.ToLower(value) {
	case "yes", "true":
		return true, nil
	case "no", "false":
		return false, nil
	}
	return false, errors.New("not yes or no")
}

func parseCount(value string) (int, error) {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || n == 0 {
		return 0, errors.New("not a number from 1 to 65535")
	}
	return int(n), nil
}

func parseStrict(value string) (HostKeyMode, error) {
	switch strings.ToLower(value) {
	case "yes", "true", "ask": // there is nobody to ask: like yes
		return Strict, nil
	case "accept-new":
		return AcceptNew, nil
	case "no", "false", "off":
		return IgnoreKeys, nil
	}
	return Strict, errors.New("not one of yes, accept-new, no, off, ask")
}

// parseInterval reads ssh's time format: seconds, or numbers with the units s,
// m, h, d, w ("1h30m"). "none" is 0.
func parseInterval(value string) (time.Duration, error) {
	bad := errors.New("not a time such as 30, 90s or 1h30m")
	if strings.EqualFold(value, "none") {
		return 0, nil
	}
	total, rest := int64(0), strings.ToLower(value)
	for rest != "" {
		end := 0
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		n, err := strconv.ParseInt(rest[:end], 10, 32)
		if err != nil {
			return 0, bad
		}
		unit := int64(1)
		if end < len(rest) {
			i := strings.IndexByte("smhdw", rest[end])
			if i < 0 {
				return 0, bad
			}
			unit = []int64{1, 60, 3600, 86400, 604800}[i]
			end++
		}
		total += n * unit
		if total > math.MaxInt32 {
			return 0, bad
		}
		rest = rest[end:]
	}
	return time.Duration(total) * time.Second, nil
}

// parseMethods reads PreferredAuthentications. Methods pinch does not have are
// left out, as ssh leaves out those it was built without.
func parseMethods(value string) ([]string, error) {
	var methods []string
	for _, m := range strings.Split(value, ",") {
		switch m = strings.ToLower(strings.TrimSpace(m)); m {
		case "publickey", "password", "keyboard-interactive":
			methods = append(methods, m)
		case "gssapi-with-mic", "hostbased", "gssapi-keyex", "none":
		default:
			return nil, fmt.Errorf("unknown method %q; known are publickey, keyboard-interactive, password", cleanText(m, 60))
		}
	}
	if len(methods) == 0 {
		return nil, errors.New("pinch has none of these methods; it has publickey, keyboard-interactive, password")
	}
	return methods, nil
}

// parseJump reads ProxyJump: [user@]host[:port] or ssh://[user@]host[:port],
// comma separated, outermost first.
func parseJump(value string) ([]Endpoint, error) {
	var hops []Endpoint
	for _, part := range strings.Split(value, ",") {
		hop, err := parseDestination(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		hops = append(hops, hop)
	}
	if len(hops) > maxJumps {
		return nil, fmt.Errorf("more than %d jump hosts", maxJumps)
	}
	return hops, nil
}

// maxJumps bounds a chain of jump hosts.
const maxJumps = 16

func parseDestination(text string) (Endpoint, error) {
	e := Endpoint{ID: text}
	rest := strings.TrimSuffix(strings.TrimPrefix(text, "ssh://"), "/")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		e.User, rest = rest[:at], rest[at+1:]
		if !validUser(e.User) {
			return e, fmt.Errorf("%q: not a login name", cleanText(e.User, 60))
		}
	}
	host, port := rest, ""
	switch {
	case strings.HasPrefix(rest, "["):
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return e, fmt.Errorf("%q: bracket is not closed", cleanText(text, 200))
		}
		host = rest[1:end]
		if tail := rest[end+1:]; tail != "" {
			if tail[0] != ':' || len(tail) == 1 {
				return e, fmt.Errorf("%q: not [user@]host[:port]", cleanText(text, 200))
			}
			port = tail[1:]
		}
	case strings.Count(rest, ":") == 1:
		host, port, _ = strings.Cut(rest, ":")
		if port == "" {
			return e, fmt.Errorf("%q: not [user@]host[:port]", cleanText(text, 200))
		}
	}
	if err := checkAddr(host); err != nil {
		return e, err
	}
	e.Addr = host
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return e, fmt.Errorf("%q: not a port number from 1 to 65535", cleanText(port, 60))
		}
		e.Port = uint16(n)
	}
	return e, nil
}

// validUser keeps out login names that could be taken for an option or that no
// system has.
func validUser(user string) bool {
	if user == "" || user[0] == '-' || len(user) > 256 {
		return false
	}
	return !strings.ContainsFunc(user, func(r rune) bool {
		return r < 0x20 || r == 0x7f || strings.ContainsRune(" '`\";&<>|(){}", r)
	})
}

// shellSafe says whether text may stand for a % token in a ProxyCommand, which
// a shell reads.
func shellSafe(text string) bool {
	return text != "" && text[0] != '-' && !strings.ContainsFunc(text, func(r rune) bool {
		return !isHostRune(r) && !strings.ContainsRune("@+:%/,", r)
	})
}

// checkAddr accepts an IP address or a name of letters, digits and ".-_", which
// is what known_hosts, a ProxyCommand and the resolver can take.
func checkAddr(addr string) error {
	host := strings.TrimSuffix(strings.TrimPrefix(addr, "["), "]")
	if host == "" {
		return errors.New("address is empty")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if strings.ContainsFunc(ip.Zone(), func(r rune) bool { return !isHostRune(r) }) {
			return fmt.Errorf("address %q: bad zone", cleanText(addr, 200))
		}
		return nil
	}
	if len(host) > 253 {
		return errors.New("address is longer than 253 characters")
	}
	if host[0] == '-' {
		return fmt.Errorf("address %q starts with a dash", cleanText(addr, 200))
	}
	for _, r := range host {
		if !isHostRune(r) {
			return fmt.Errorf("address %q has the character %q; a name has letters, digits, dots, dashes and underscores", cleanText(addr, 200), r)
		}
	}
	return nil
}

func isHostRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' || r > 0x7f && r != 0xfffd
}
