package roster

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/py"
)

var (
	iniSection = regexp.MustCompile(`^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$`)
	iniGroup   = regexp.MustCompile(`^([^:\]\s]+)\s*(?:#.*)?$`)
)

// iniParser reads the INI form of an inventory.
type iniParser struct {
	inv     *inventory
	group   *invGroup
	state   string         // hosts, children, vars
	pending map[string]Pos // groups named before they are defined
}

// parseINI reads an INI inventory into inv.
func parseINI(inv *inventory, text string) error {
	p := &iniParser{inv: inv, group: inv.group(groupUngrouped), state: "hosts", pending: map[string]Pos{}}
	for i, raw := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line := strings.TrimSpace(raw)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		pos := Pos{inv.file, i + 1, strings.Index(raw, line[:1]) + 1}
		if err := p.line(line, pos); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.pending)) {
		if !inv.groups[name].defined {
			return &Error{Pos: p.pending[name], Msg: fmt.Sprintf("group %s is named here but has no section [%s]", name, name), Advice: "add the section, if need be without hosts"}
		}
	}
	return nil
}

func (p *iniParser) line(line string, pos Pos) error {
	if m := iniSection.FindStringSubmatch(line); m != nil {
		return p.section(m[1], m[2], pos)
	}
	if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
		return &Error{Pos: pos, Msg: fmt.Sprintf("invalid section %q", line), Advice: "write [group], [group:vars] or [group:children]"}
	}
	switch p.state {
	case "vars":
		return p.variable(line, pos)
	case "children":
		m := iniGroup.FindStringSubmatch(line)
		if m == nil {
			return &Error{Pos: pos, Msg: fmt.Sprintf("expected a group name, got %q", line)}
		}
		if _, ok := p.pending[m[1]]; !ok {
			p.pending[m[1]] = pos
		}
		p.inv.addChild(p.group.name, m[1])
		return nil
	}
	return p.hostLine(line, pos)
}

func (p *iniParser) section(name, state string, pos Pos) error {
	if state == "" {
		state = "hosts"
	}
	if state != "hosts" && state != "children" && state != "vars" {
		return &Error{Pos: pos, Msg: fmt.Sprintf("section [%s:%s] has an unknown type", name, state), Advice: "write [group], [group:vars] or [group:children]"}
	}
	p.group, p.state = p.inv.group(name), state
	if p.group.pos.File == "" {
		p.group.pos = pos
	}
	if state == "vars" && !p.group.defined && name != groupAll && name != groupUngrouped {
		if _, ok := p.pending[name]; !ok {
			p.pending[name] = pos
		}
		return nil
	}
	p.group.defined = true
	return nil
}

func (p *iniParser) variable(line string, pos Pos) error {
	k, v, found := strings.Cut(line, "=")
	if !found {
		return &Error{Pos: pos, Msg: fmt.Sprintf("expected name=value, got %q", line)}
	}
	p.group.setVar(strings.TrimSpace(k), iniValue(strings.TrimSpace(v)))
	return nil
}

func (p *iniParser) hostLine(line string, pos Pos) error {
	words, err := iniWords(line)
	if err != nil {
		return &Error{Pos: pos, Err: err}
	}
	if len(words) == 0 {
		return nil
	}
	names, port, err := expandHosts(words[0])
	if err != nil {
		return &Error{Pos: pos, Err: err}
	}
	for _, name := range names {
		h := p.inv.host(name, port, p.group, pos)
		for _, w := range words[1:] {
			k, v, found := strings.Cut(w, "=")
			if !found {
				return &Error{Pos: pos, Host: HostID(name), Msg: fmt.Sprintf("expected name=value, got %q", w)}
			}
			h.vars.SetStr(k, iniValue(v))
		}
	}
	return nil
}

// iniValue reads a value as a Python literal if it is one.
func iniValue(s string) py.Value {
	if v, ok := parseLiteral(s); ok {
		return v
	}
	return py.Str(s)
}

// iniWords cuts a host line like shlex.split(line, comments=True).
func iniWords(s string) ([]string, error) {
	var out []string
	var b strings.Builder
	inWord := false
	flush := func() {
		if inWord {
			out = append(out, b.String())
		}
		b.Reset()
		inWord = false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t', '\r':
			flush()
		case '#':
			// A comment also ends a word it stands in.
			flush()
			return out, nil
		case '\\':
			if i++; i == len(s) {
				return nil, fmt.Errorf("%q: nothing behind the last backslash", s)
			}
			b.WriteByte(s[i])
			inWord = true
		case '\'', '"':
			inWord = true
			end := i + 1
			for end < len(s) && s[end] != c {
				if c == '"' && s[end] == '\\' && end+1 < len(s) {
					if s[end+1] != '"' && s[end+1] != '\\' {
						b.WriteByte('\\')
					}
					end++
				}
				b.WriteByte(s[end])
				end++
			}
			if end >= len(s) {
				return nil, fmt.Errorf("%q: no closing quotation", s)
			}
			i = end
		default:
			b.WriteByte(c)
			inWord = true
		}
	}
	flush()
	return out, nil
}

// maxRange bounds the hosts that one pattern with ranges may stand for.
const maxRange = 10_000

// expandHosts expands the ranges of a host pattern, [1:3], [01:12], [a:f] and
// with a step [0:10:2], and splits off a port.
func expandHosts(pattern string) (names []string, port uint16, err error) {
	host := pattern
	if i := strings.LastIndexByte(pattern, ':'); i > 0 && !strings.Contains(pattern[i:], "]") {
		left := pattern[:i]
		isIPv6 := strings.Contains(left, ":") && !strings.Contains(left, "[")
		if n, perr := strconv.ParseUint(pattern[i+1:], 10, 16); !isIPv6 && perr == nil && n > 0 {
			host, port = left, uint16(n)
		} else if !isIPv6 {
			return nil, 0, fmt.Errorf("host %q: port %q: expected a number from 1 to 65535", pattern, pattern[i+1:])
		}
	}
	names, err = expandRanges(host)
	if err != nil {
		return nil, 0, fmt.Errorf("host %q: %w", pattern, err)
	}
	for i, n := range names {
		// An IPv6 address may stand in brackets before a port.
		if strings.HasPrefix(n, "[") && strings.HasSuffix(n, "]") {
			names[i] = n[1 : len(n)-1]
		}
		if names[i] == "" || strings.HasPrefix(names[i], "-") {
			return nil, 0, fmt.Errorf("%q is no host name", pattern)
		}
	}
	return names, port, nil
}

func expandRanges(s string) ([]string, error) {
	open := strings.IndexByte(s, '[')
	if open < 0 {
		return []string{s}, nil
	}
	length := strings.IndexByte(s[open:], ']')
	if length < 0 {
		return nil, fmt.Errorf("missing ]")
	}
	body := s[open+1 : open+length]
	parts := strings.Split(body, ":")
	if len(parts) > 3 || len(parts) < 2 { // an address, no range
		return []string{s}, nil
	}
	items, err := rangeItems(parts)
	if err != nil {
		return nil, fmt.Errorf("range [%s]: %w", body, err)
	}
	tails, err := expandRanges(s[open+length+1:])
	if err != nil {
		return nil, err
	}
	if len(items)*len(tails) > maxRange {
		return nil, fmt.Errorf("more than %d hosts", maxRange)
	}
	var out []string
	for _, it := range items {
		for _, t := range tails {
			out = append(out, s[:open]+it+t)
		}
	}
	return out, nil
}

const asciiLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func rangeItems(parts []string) ([]string, error) {
	beg, end := parts[0], parts[1]
	step := 1
	if len(parts) == 3 {
		var err error
		if step, err = strconv.Atoi(parts[2]); err != nil || step < 1 {
			return nil, fmt.Errorf("step %q: expected a number from 1", parts[2])
		}
	}
	if beg == "" {
		beg = "0"
	}
	if end == "" {
		return nil, fmt.Errorf("has no end")
	}
	if i, j := strings.Index(asciiLetters, beg), strings.Index(asciiLetters, end); len(beg) == 1 && len(end) == 1 && i >= 0 && j >= 0 {
		if i > j {
			return nil, fmt.Errorf("begins behind its end")
		}
		var out []string
		for ; i <= j; i += step {
			out = append(out, asciiLetters[i:i+1])
		}
		return out, nil
	}
	from, err1 := strconv.ParseUint(beg, 10, 31)
	to, err2 := strconv.ParseUint(end, 10, 31)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("expected numbers or single letters")
	}
	if from > to {
		return nil, fmt.Errorf("begins behind its end")
	}
	width := 0
	if len(beg) > 1 && beg[0] == '0' {
		if len(beg) != len(end) {
			return nil, fmt.Errorf("needs the same number of digits at both ends")
		}
		width = len(beg)
	}
	if (to-from)/uint64(step) >= maxRange {
		return nil, fmt.Errorf("more than %d hosts", maxRange)
	}
	var out []string
	for n := from; n <= to; n += uint64(step) {
		out = append(out, fmt.Sprintf("%0*d", width, n))
	}
	return out, nil
}
