package pyre

import (
	"regexp"
	"strings"

	"github.com/dlclark/regexp2"

	"pinch/internal/py"
)

type mode uint8

const (
	modeSearch  mode = iota
	modeMatch        // at the position
	modeFull         // at the position, up to the end
	modeAdvance      // anywhere, but not empty at the position
)

// program is a pattern compiled for one engine, one mode and one kind of text.
type program struct {
	back   *regexp2.Regexp
	linear *regexp.Regexp
	// endOnly: not for texts that end with a newline.
	endOnly bool
	err     error
}

type programKey struct {
	mode   mode
	ascii  bool
	linear bool
}

func (re *Regexp) program(k programKey) program {
	re.mu.Lock()
	defer re.mu.Unlock()
	p, ok := re.programs[k]
	if !ok {
		p = re.build(k)
		re.programs[k] = p
	}
	return p
}

// build compiles; for the linear engine a program with neither engine means
// that it cannot run the pattern.
func (re *Regexp) build(k programKey) program {
	e := emitter{ascii: k.ascii, linear: k.linear, ok: true}
	e.seq(re.tree, re.Flags)
	src := e.b.String()
	if k.linear {
		switch k.mode {
		case modeMatch:
			src = `\A(?:` + src + ")"
		case modeFull:
			src = `\A(?:` + src + `)\z`
		}
		if !e.ok {
			return program{}
		}
		lin, err := regexp.Compile(src)
		if err != nil { // too large for it
			return program{}
		}
		return program{linear: lin, endOnly: e.endOnly}
	}
	switch k.mode {
	case modeMatch:
		src = `\G(?:` + src + ")"
	case modeFull:
		src = `\G(?:` + src + `)\z`
	case modeAdvance:
		src = "(?:" + src + `)(?!\G)`
	}
	back, err := regexp2.Compile(src, regexp2.None)
	if err != nil {
		return program{err: &py.Error{Class: "error", Msg: "pattern " + py.Repr(py.Str(re.Pattern)) + " is not supported: " + err.Error(), Err: err}}
	}
	back.MatchTimeout = matchTimeout
	return program{back: back}
}

// input is a text prepared for matching.
type input struct {
	re    *Regexp
	text  string
	ascii bool
	runes []rune
	offs  []int // byte offset of each code point and the end; nil for ASCII and bytes
}

func (re *Regexp) input(text string) *input {
	return &input{re: re, text: text, ascii: py.IsASCII(text)}
}

// load makes the code points for the backtracking engine.
func (in *input) load() {
	if in.runes != nil {
		return
	}
	switch {
	case in.re.bytes || in.ascii:
		in.runes = latin1(in.text)
	default:
		in.runes = py.Runes(in.text)
		in.offs = make([]int, 0, len(in.runes)+1)
		at := 0
		for _, r := range in.runes {
			in.offs = append(in.offs, at)
			at += in.width(r, at)
		}
		in.offs = append(in.offs, at)
	}
	if in.runes == nil {
		in.runes = []rune{}
	}
}

// width is the number of bytes of the code point r at a byte offset: a byte
// that is no UTF-8 is one, although it is shown as a surrogate.
func (in *input) width(r rune, at int) int {
	switch {
	case r < 0x80:
		return 1
	case r >= 0xDC80 && r <= 0xDCFF && !strings.HasPrefix(in.text[at:], py.RuneString(r)):
		return 1
	case r < 0x800:
		return 2
	case r < 0x10000:
		return 3
	}
	return 4
}

// length is the number of positions but one.
func (in *input) length() int {
	in.load()
	return len(in.runes)
}

// endOf is where a match ends, as a position.
func (in *input) endOf(m *Match) int {
	if in.offs == nil {
		return m.loc[1]
	}
	lo, hi := 0, len(in.offs)-1
	for lo < hi {
		mid := (lo + hi) / 2
		if in.offs[mid] < m.loc[1] {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// linear returns the standard engine's program where it may be used.
func (in *input) linear(m mode) *regexp.Regexp {
	if !in.ascii {
		return nil
	}
	p := in.re.program(programKey{m, true, true})
	if p.linear == nil || p.endOnly && strings.HasSuffix(in.text, "\n") {
		return nil
	}
	return p.linear
}

// findAllLinear finds all matches at once; ok is false where the pattern may
// match the empty string, for which Python's rules differ.
func (in *input) findAllLinear() (locs [][]int, ok bool) {
	if in.re.empty {
		return nil, false
	}
	lin := in.linear(modeSearch)
	if lin == nil {
		return nil, false
	}
	return lin.FindAllStringSubmatchIndex(in.text, -1), true
}

// find returns the first match from a position on, or nil.
func (in *input) find(m mode, pos int) (*Match, error) {
	if pos == 0 && m != modeAdvance {
		if lin := in.linear(m); lin != nil {
			loc := lin.FindStringSubmatchIndex(in.text)
			if loc == nil {
				return nil, nil
			}
			return &Match{re: in.re, text: in.text, loc: loc}, nil
		}
	}
	p := in.re.program(programKey{m, in.ascii, false})
	if p.err != nil {
		return nil, p.err
	}
	in.load()
	found, err := p.back.FindRunesMatchStartingAt(in.runes, pos)
	if err != nil {
		return nil, errTimeout(in.re.Pattern)
	}
	if found == nil {
		return nil, nil
	}
	loc := make([]int, 2*(in.re.Groups+1))
	for g := range in.re.Groups + 1 {
		loc[2*g], loc[2*g+1] = -1, -1
		if c := found.GroupByNumber(g); c != nil && len(c.Captures) > 0 {
			loc[2*g], loc[2*g+1] = in.offset(c.Index), in.offset(c.Index+c.Length)
		}
	}
	return &Match{re: in.re, text: in.text, loc: loc}, nil
}

func (in *input) offset(pos int) int {
	if in.offs == nil {
		return pos
	}
	return in.offs[pos]
}
