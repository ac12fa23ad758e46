package pyre

import (
	"context"
	"strconv"
	"strings"

	"pinch/internal/py"
)

type groupEffect uint8

const (
	noEffect groupEffect = iota
	verboseChanged
)

// group parses what follows "(". It returns nil for a comment and for flags
// of the whole pattern; these may change the verbose mode.
func (p *parser) group(verbose bool, nested int, first bool) (*node, groupEffect) {
	s := p.s
	start := s.tell() - 1
	if !s.match("?") {
		return p.capture("", verbose, nested, start), noEffect
	}
	char, ok := s.get()
	if !ok {
		panic(s.fail("unexpected end of pattern", 0))
	}
	switch {
	case char == "P":
		return p.extension(verbose, nested, start), noEffect
	case char == ":":
		return p.plain(&node{op: opGroup}, verbose, nested, start), noEffect
	case char == ">":
		return p.plain(&node{op: opAtomic}, verbose, nested, start), noEffect
	case char == "#":
		for {
			if !s.isNext {
				panic(s.fail("missing ), unterminated comment", s.tell()-start))
			}
			if c, _ := s.get(); c == ")" {
				return nil, noEffect
			}
		}
	case char == "=" || char == "!" || char == "<":
		return p.look(char, verbose, nested, start), noEffect
	case char == "(":
		return p.conditional(verbose, nested, start), noEffect
	case char == "-" || flagOf(char) != 0:
		add, del, global := p.inlineFlags(char)
		if global {
			if !first {
				panic(s.fail("global flags not at the start of the expression", s.tell()-start))
			}
			return nil, verboseChanged
		}
		inner := (verbose || add&Verbose != 0) && del&Verbose == 0
		return p.plain(&node{op: opGroup, add: add, del: del}, inner, nested, start), noEffect
	}
	panic(s.fail("unknown extension ?"+char, runeLen(char)+1))
}

func (p *parser) closing(start int) {
	if !p.s.match(")") {
		panic(p.s.fail("missing ), unterminated subpattern", p.s.tell()-start))
	}
}

func (p *parser) plain(n *node, verbose bool, nested, start int) *node {
	n.kids = [][]*node{p.sub(verbose, nested+1)}
	p.closing(start)
	return n
}

func (p *parser) capture(name string, verbose bool, nested, start int) *node {
	gid := len(p.widths)
	p.widths = append(p.widths, width{})
	if gid >= maxGroups {
		panic(p.s.fail("too many groups", runeLen(name)+1))
	}
	if name != "" {
		if old, ok := p.names[name]; ok {
			panic(p.s.fail("redefinition of group name "+repr(name)+" as group "+strconv.Itoa(gid)+"; was group "+strconv.Itoa(old), runeLen(name)+1))
		}
		p.names[name] = gid
	}
	n := p.plain(&node{op: opGroup, group: gid}, verbose, nested, start)
	w := widther{groups: p.widths}
	lo, hi := w.seq(n.kids[0])
	p.widths[gid] = width{lo: lo, hi: hi, known: true}
	return n
}

func repr(s string) string { return py.Repr(py.Str(s)) }

func (p *parser) checkName(name string) {
	if !py.IsIdentifier(name) {
		panic(p.s.fail("bad character in group name "+repr(name), runeLen(name)+1))
	}
}

// extension parses (?P<name>...) and (?P=name).
func (p *parser) extension(verbose bool, nested, start int) *node {
	s := p.s
	switch {
	case s.match("<"):
		name := s.getUntil(">", "group name")
		p.checkName(name)
		return p.capture(name, verbose, nested, start)
	case s.match("="):
		name := s.getUntil(")", "group name")
		p.checkName(name)
		gid, ok := p.names[name]
		if !ok {
			panic(s.fail("unknown group name "+repr(name), runeLen(name)+1))
		}
		p.checkOpen(gid, runeLen(name)+1)
		return &node{op: opRef, group: gid}
	}
	char, ok := s.get()
	if !ok {
		panic(s.fail("unexpected end of pattern", 0))
	}
	panic(s.fail("unknown extension ?P"+char, runeLen(char)+2))
}

// look parses look-ahead and look-behind.
func (p *parser) look(char string, verbose bool, nested, start int) *node {
	s := p.s
	n := &node{op: opLookAhead}
	outer := p.behind
	if char == "<" {
		var ok bool
		if char, ok = s.get(); !ok {
			panic(s.fail("unexpected end of pattern", 0))
		}
		if char != "=" && char != "!" {
			panic(s.fail("unknown extension ?<"+char, runeLen(char)+2))
		}
		n.op = opLookBehind
		if p.behind < 0 {
			p.behind = len(p.widths)
		}
	}
	n.negate = char == "!"
	n.kids = [][]*node{p.sub(verbose, nested+1)}
	p.behind = outer
	p.closing(start)
	return n
}

// conditional parses (?(group)yes|no).
func (p *parser) conditional(verbose bool, nested, start int) *node {
	s := p.s
	name := s.getUntil(")", "group name")
	n := &node{op: opCond}
	if py.IsIdentifier(name) {
		gid, ok := p.names[name]
		if !ok {
			panic(s.fail("unknown group name "+repr(name), runeLen(name)+1))
		}
		n.group = gid
	} else {
		n.group = p.groupNumber(name)
		if n.group == 0 {
			panic(s.fail("bad group number", runeLen(name)+1))
		}
		if _, ok := p.refPos[n.group]; !ok {
			p.refPos[n.group] = s.tell() - runeLen(name) - 1
			p.refs = append(p.refs, n.group)
		}
	}
	p.checkBehind(n.group)
	n.kids = append(n.kids, p.sequence(verbose, nested+1, false))
	if s.match("|") {
		n.kids = append(n.kids, p.sequence(verbose, nested+1, false))
		if s.isNext && s.next == "|" {
			panic(s.fail("conditional backref with more than two branches", 0))
		}
	}
	p.closing(start)
	return n
}

// groupNumber is int(name), which takes spaces and a plus sign too.
func (p *parser) groupNumber(name string) int {
	v, err := py.ToInt(py.Str(name))
	n, fits := int64(0), false
	if err == nil {
		n, fits = py.AsInt(v)
	}
	if err != nil || fits && n < 0 {
		panic(p.s.fail("bad character in group name "+repr(name), runeLen(name)+1))
	}
	if !fits || n >= maxGroups {
		panic(p.s.fail("invalid group reference "+py.Repr(v), runeLen(name)+1))
	}
	return int(n)
}

// templateFlag is the deprecated flag t, which is only parsed.
const templateFlag Flags = 1

func flagOf(tok string) Flags {
	switch tok {
	case "i":
		return IgnoreCase
	case "L":
		return Locale
	case "m":
		return Multiline
	case "s":
		return DotAll
	case "x":
		return Verbose
	case "a":
		return ASCII
	case "t":
		return templateFlag
	case "u":
		return Unicode
	}
	return 0
}

// isAlpha decides between two wordings of an error.
func isAlpha(tok string) bool {
	ok, err := py.CallMethod(context.Background(), py.Str(tok), "isalpha", &py.Args{})
	return err == nil && ok == py.Bool(true)
}

// inlineFlags parses (?aiLmsux) and (?aiLmsux-imsx: behind its first character.
func (p *parser) inlineFlags(char string) (add, del Flags, global bool) {
	s := p.s
	unknown := func(tok, missing string) {
		if isAlpha(tok) {
			missing = "unknown flag"
		}
		panic(s.fail(missing, runeLen(tok)))
	}
	next := func(missing string) string {
		c, ok := s.get()
		if !ok {
			panic(s.fail(missing, 0))
		}
		return c
	}
	for char != "-" && char != ")" && char != ":" {
		f := flagOf(char)
		switch {
		case s.text && char == "L":
			panic(s.fail("bad inline flags: cannot use 'L' flag with a str pattern", 0))
		case !s.text && char == "u":
			panic(s.fail("bad inline flags: cannot use 'u' flag with a bytes pattern", 0))
		}
		add |= f
		if f&typeFlags != 0 && add&typeFlags != f {
			panic(s.fail("bad inline flags: flags 'a', 'u' and 'L' are incompatible", 0))
		}
		char = next("missing -, : or )")
		if !strings.Contains(")-:", char) && flagOf(char) == 0 {
			unknown(char, "missing -, : or )")
		}
	}
	if char == ")" {
		p.flags |= add
		return 0, 0, true
	}
	if add&templateFlag != 0 {
		panic(s.fail("bad inline flags: cannot turn on global flag", 1))
	}
	if char == "-" {
		char = next("missing flag")
		if flagOf(char) == 0 {
			unknown(char, "missing flag")
		}
		for char != ":" {
			f := flagOf(char)
			if f&typeFlags != 0 {
				panic(s.fail("bad inline flags: cannot turn off flags 'a', 'u' and 'L'", 0))
			}
			del |= f
			char = next("missing :")
			if char != ":" && flagOf(char) == 0 {
				unknown(char, "missing :")
			}
		}
	}
	if del&templateFlag != 0 {
		panic(s.fail("bad inline flags: cannot turn off global flag", 1))
	}
	if add&del != 0 {
		panic(s.fail("bad inline flags: flag turned on and off", 1))
	}
	return add, del, false
}
