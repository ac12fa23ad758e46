package pyre

import (
	"strconv"
	"strings"

	"pinch/internal/py"
)

const (
	digits      = "0123456789"
	octDigits   = "01234567"
	hexDigits   = "0123456789abcdefABCDEF"
	whitespace  = " \t\n\r\v\f"
	specials    = ".\\[{()*+?^$|"
	repeatChars = "*+?{"
	maxGroups   = 1 << 30
	maxNesting  = 300 // CPython's recursion limit meets patterns at about that depth
)

// parser builds the tree of a pattern.
type parser struct {
	s       *scanner
	flags   Flags
	tree    []*node
	widths  []width // by group; [0] is not used
	names   map[string]int
	refPos  map[int]int // position of the first (?(N) by N
	refs    []int       // their order
	behind  int         // groups opened before the look-behind we are in, or -1
	nesting int

	charName CharacterNames
}

func parse(pattern string, flags Flags, isBytes bool, names CharacterNames) (p *parser, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*py.Error)
			if !ok {
				panic(r)
			}
			p, err = nil, e
		}
	}()
	src := py.Runes(pattern)
	if isBytes {
		src = latin1(pattern)
	}
	p = &parser{charName: names, flags: flags, widths: make([]width, 1), names: map[string]int{}, refPos: map[int]int{}, behind: -1}
	p.s = newScanner(src, !isBytes)
	p.tree = p.sub(flags&Verbose != 0, 0)
	p.fixFlags(isBytes)
	if p.s.isNext {
		panic(p.s.fail("unbalanced parenthesis", 0))
	}
	for _, g := range p.refs {
		if g >= len(p.widths) {
			panic(reError("invalid group reference "+strconv.Itoa(g), src, p.refPos[g]))
		}
	}
	return p, nil
}

// latin1 shows bytes as code points.
func latin1(s string) []rune {
	out := make([]rune, len(s))
	for i := range len(s) {
		out[i] = rune(s[i])
	}
	return out
}

func (p *parser) fixFlags(isBytes bool) {
	switch {
	case !isBytes && p.flags&Locale != 0:
		panic(py.ValueErrorf("cannot use LOCALE flag with a str pattern"))
	case !isBytes && p.flags&ASCII == 0:
		p.flags |= Unicode
	case !isBytes && p.flags&Unicode != 0:
		panic(py.ValueErrorf("ASCII and UNICODE flags are incompatible"))
	case isBytes && p.flags&Unicode != 0:
		panic(py.ValueErrorf("cannot use UNICODE flag with a bytes pattern"))
	case isBytes && p.flags&Locale != 0 && p.flags&ASCII != 0:
		panic(py.ValueErrorf("ASCII and LOCALE flags are incompatible"))
	}
}

// sub parses alternatives: a|b|c.
func (p *parser) sub(verbose bool, nested int) []*node {
	p.nesting++
	defer func() { p.nesting-- }()
	if p.nesting > maxNesting {
		panic(py.Errorf("RecursionError", "maximum recursion depth exceeded"))
	}
	var items [][]*node
	for {
		items = append(items, p.sequence(verbose, nested+1, nested == 0 && len(items) == 0))
		if !p.s.match("|") {
			break
		}
		if nested == 0 {
			verbose = p.flags&Verbose != 0
		}
	}
	if len(items) == 1 {
		return items[0]
	}
	return []*node{{op: opBranch, kids: items}}
}

// sequence parses up to "|", ")" or the end.
func (p *parser) sequence(verbose bool, nested int, first bool) []*node {
	s := p.s
	out := []*node{}
	for {
		tok := s.next
		if !s.isNext || tok == "|" || tok == ")" {
			return out
		}
		s.advance()
		if verbose {
			if strings.Contains(whitespace, tok) {
				continue
			}
			if tok == "#" {
				for {
					c, ok := s.get()
					if !ok || c == "\n" {
						break
					}
				}
				continue
			}
		}
		switch {
		case tok[0] == '\\':
			out = append(out, p.escape(tok))
		case !strings.Contains(specials, tok):
			out = append(out, literal(tok))
		case tok == "[":
			out = append(out, p.charSet())
		case strings.Contains(repeatChars, tok):
			out = p.repeat(out, tok)
		case tok == ".":
			out = append(out, &node{op: opAny})
		case tok == "(":
			n, keep := p.group(verbose, nested, first && len(out) == 0)
			if keep == verboseChanged {
				verbose = p.flags&Verbose != 0
			}
			if n != nil {
				out = append(out, n)
			}
		default: // ^ or $
			out = append(out, &node{op: opAt, char: rune(tok[0])})
		}
	}
}

func literal(tok string) *node { return &node{op: opLiteral, char: py.Runes(tok)[0]} }

// simpleEscape has the escapes that are one character everywhere.
func simpleEscape(c rune, inSet bool) (rune, bool) {
	switch c {
	case 'a':
		return 7, true
	case 'b':
		return 8, inSet
	case 'f':
		return 12, true
	case 'n':
		return 10, true
	case 'r':
		return 13, true
	case 't':
		return 9, true
	case 'v':
		return 11, true
	case '\\':
		return '\\', true
	}
	return 0, false
}

// charEscape parses \x, \u, \U, \N and \0; ok is false for other escapes.
func (p *parser) charEscape(tok string) (r rune, ok bool) {
	s := p.s
	width := 0
	switch c := tok[1:]; {
	case c == "x":
		width = 2
	case c == "u" && s.text:
		width = 4
	case c == "U" && s.text:
		width = 8
	case c == "N" && s.text:
		if !s.match("{") {
			panic(s.fail("missing {", 0))
		}
		name := s.getUntil("}", "character name")
		if p.charName != nil {
			if r, ok := p.charName(name); ok {
				return r, true
			}
			panic(s.fail("undefined character name "+repr(name), runeLen(name)+4))
		}
		panic(s.fail("named characters are not supported: write "+`\N{`+name+"} as \\uXXXX", runeLen(name)+4))
	default:
		return 0, false
	}
	tok += s.getWhile(width, hexDigits)
	if len(tok) != 2+width {
		panic(s.fail("incomplete escape "+tok, len(tok)))
	}
	n, err := strconv.ParseUint(tok[2:], 16, 32)
	if err != nil || n > 0x10FFFF {
		panic(s.fail("bad escape "+tok, len(tok)))
	}
	return rune(n), true
}

func isASCIILetter(c string) bool {
	return len(c) == 1 && c[0]|0x20 >= 'a' && c[0]|0x20 <= 'z'
}

func (p *parser) octal(tok string) rune {
	n, _ := strconv.ParseUint(tok[1:], 8, 32) // octal digits only
	if n > 0o377 {
		panic(p.s.fail("octal escape value "+tok+" outside of range 0-0o377", len(tok)))
	}
	return rune(n)
}

// setEscape parses an escape inside [...].
func (p *parser) setEscape(tok string) setItem {
	c := tok[1:]
	if r, ok := simpleEscape(rune(c[0]), true); ok && len(c) == 1 {
		return setItem{lo: r, hi: r}
	}
	if len(c) == 1 && strings.Contains("dDsSwW", c) {
		return setItem{class: c[0]}
	}
	if r, ok := p.charEscape(tok); ok {
		return setItem{lo: r, hi: r}
	}
	switch {
	case len(c) == 1 && strings.Contains(octDigits, c):
		r := p.octal(tok + p.s.getWhile(2, octDigits))
		return setItem{lo: r, hi: r}
	case len(c) == 1 && strings.Contains(digits, c), isASCIILetter(c):
		panic(p.s.fail("bad escape "+tok, runeLen(tok)))
	}
	r := py.Runes(c)[0]
	return setItem{lo: r, hi: r}
}

// escape parses an escape outside of a set.
func (p *parser) escape(tok string) *node {
	s, c := p.s, tok[1:]
	if len(c) == 1 {
		switch {
		case strings.Contains("AZbB", c):
			return &node{op: opAt, char: rune(c[0])}
		case strings.Contains("dDsSwW", c):
			return &node{op: opSet, set: []setItem{{class: c[0]}}}
		}
		if r, ok := simpleEscape(rune(c[0]), false); ok {
			return &node{op: opLiteral, char: r}
		}
	}
	if r, ok := p.charEscape(tok); ok {
		return &node{op: opLiteral, char: r}
	}
	switch {
	case c == "0":
		return &node{op: opLiteral, char: p.octal(tok + s.getWhile(2, octDigits))}
	case len(c) == 1 && strings.Contains(digits, c):
		return p.numericEscape(tok)
	case isASCIILetter(c):
		panic(s.fail("bad escape "+tok, runeLen(tok)))
	}
	return literal(c)
}

// numericEscape is an octal number of three digits or a group.
func (p *parser) numericEscape(tok string) *node {
	s := p.s
	if s.in(digits) {
		t, _ := s.get()
		tok += t
		if strings.Contains(octDigits, tok[1:2]) && strings.Contains(octDigits, tok[2:3]) && s.in(octDigits) {
			t, _ := s.get()
			return &node{op: opLiteral, char: p.octal(tok + t)}
		}
	}
	group, _ := strconv.Atoi(tok[1:]) // one or two digits
	if group >= len(p.widths) {
		panic(s.fail("invalid group reference "+strconv.Itoa(group), len(tok)-1))
	}
	p.checkOpen(group, len(tok))
	return &node{op: opRef, group: group}
}

func (p *parser) checkOpen(group, offset int) {
	if !p.widths[group].known {
		panic(p.s.fail("cannot refer to an open group", offset))
	}
	p.checkBehind(group)
}

// checkBehind refuses references to groups of the look-behind we are in.
func (p *parser) checkBehind(group int) {
	if p.behind < 0 {
		return
	}
	if group >= len(p.widths) || !p.widths[group].known {
		panic(p.s.fail("cannot refer to an open group", 0))
	}
	if group >= p.behind {
		panic(p.s.fail("cannot refer to group defined in the same lookbehind subpattern", 0))
	}
}

func (p *parser) charSet() *node {
	s := p.s
	here := s.tell() - 1
	n := &node{op: opSet, negate: s.match("^")}
	unterminated := func() { panic(s.fail("unterminated character set", s.tell()-here)) }
	for {
		tok, ok := s.get()
		if !ok {
			unterminated()
		}
		if tok == "]" && len(n.set) > 0 {
			break
		}
		item := p.setMember(tok)
		if !s.match("-") {
			n.set = append(n.set, item)
			continue
		}
		that, ok := s.get()
		if !ok {
			unterminated()
		}
		if that == "]" {
			n.set = append(n.set, item, setItem{lo: '-', hi: '-'})
			break
		}
		to := p.setMember(that)
		if item.class != 0 || to.class != 0 || to.lo < item.lo {
			panic(s.fail("bad character range "+tok+"-"+that, runeLen(tok)+1+runeLen(that)))
		}
		n.set = append(n.set, setItem{lo: item.lo, hi: to.lo})
	}
	if len(n.set) == 1 && !n.negate && n.set[0].class == 0 && n.set[0].lo == n.set[0].hi {
		return &node{op: opLiteral, char: n.set[0].lo}
	}
	return n
}

func (p *parser) setMember(tok string) setItem {
	if tok[0] == '\\' {
		return p.setEscape(tok)
	}
	r := py.Runes(tok)[0]
	return setItem{lo: r, hi: r}
}

// repeat applies a quantifier to the last node.
func (p *parser) repeat(out []*node, tok string) []*node {
	s := p.s
	here := s.tell()
	lo, hi := 0, maxRepeat
	switch tok {
	case "?":
		hi = 1
	case "+":
		lo = 1
	case "{":
		if s.isNext && s.next == "}" {
			return append(out, literal(tok))
		}
		var from, to strings.Builder
		for s.in(digits) {
			t, _ := s.get()
			from.WriteString(t)
		}
		upper := from.String()
		if s.match(",") {
			for s.in(digits) {
				t, _ := s.get()
				to.WriteString(t)
			}
			upper = to.String()
		}
		if !s.match("}") {
			s.seek(here)
			return append(out, literal(tok))
		}
		if from.Len() > 0 {
			lo = repeatCount(from.String())
		}
		if upper != "" {
			hi = repeatCount(upper)
			if hi < lo {
				panic(s.fail("min repeat greater than max repeat", s.tell()-here))
			}
		}
	}
	if len(out) == 0 || out[len(out)-1].op == opAt {
		panic(s.fail("nothing to repeat", s.tell()-here+runeLen(tok)))
	}
	last := out[len(out)-1]
	if last.op == opRepeat {
		panic(s.fail("multiple repeat", s.tell()-here+runeLen(tok)))
	}
	n := &node{op: opRepeat, min: lo, max: hi, kids: [][]*node{{last}}}
	switch {
	case s.match("?"):
		n.kind = lazy
	case s.match("+"):
		n.kind = possessive
	}
	out[len(out)-1] = n
	return out
}

// repeatCount reads a count. CPython takes up to 4294967294; a count beyond
// 2**31 cannot be met by any text we handle.
func repeatCount(s string) int {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n >= 1<<32-1 {
		panic(py.Errorf("OverflowError", "the repetition number is too large"))
	}
	return int(min(n, maxRepeat-1))
}
