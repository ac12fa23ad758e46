// Package pyre has Python's regular expressions (the re module of CPython
// 3.11): its syntax, its error texts, its rules for empty matches and its
// replacement templates, for str and for bytes.
//
// A pattern is parsed by Python's rules into a tree (parse.go), and the tree
// is written in the syntax of the engines that run it (emit.go): the
// backtracking engine regexp2, or the linear one of the standard library where
// the pattern and the text allow it. Every match has a time limit, so that no
// pattern can hang a run.
//
// The language reference is https://docs.python.org/3.11/library/re.html.
package pyre

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"pinch/internal/py"
)

// Flags are the flags of the re module, with its numbers.
type Flags uint

// The flags.
const (
	IgnoreCase Flags = 2
	Locale     Flags = 4
	Multiline  Flags = 8
	DotAll     Flags = 16
	Unicode    Flags = 32
	Verbose    Flags = 64
	ASCII      Flags = 256

	typeFlags = ASCII | Locale | Unicode
)

// matchTimeout bounds one match, budget all matches of one operation.
const (
	matchTimeout = 5 * time.Second
	budget       = 20 * time.Second
)

// Regexp is a compiled pattern. It may be used by several goroutines.
type Regexp struct {
	Pattern string
	Flags   Flags
	Groups  int            // number of capturing groups
	Index   map[string]int // group numbers by name
	bytes   bool
	tree    []*node
	empty   bool // may match the empty string

	mu       sync.Mutex
	programs map[programKey]program
}

// Compile compiles a pattern for str. Errors are *py.Error of class "error"
// (re.error), ValueError, OverflowError or RecursionError.
func Compile(pattern string, flags Flags) (*Regexp, error) {
	return compile(pattern, flags, false, nil)
}

// CompileBytes compiles a pattern for bytes: classes are ASCII.
func CompileBytes(pattern string, flags Flags) (*Regexp, error) {
	return compile(pattern, flags, true, nil)
}

// CharacterNames finds a character by its Unicode name, for \N{...}. Without
// one named characters are refused: the table of all names is large, and the
// shim does not carry it.
type CharacterNames func(name string) (rune, bool)

func compile(pattern string, flags Flags, isBytes bool, names CharacterNames) (*Regexp, error) {
	p, err := parse(pattern, flags, isBytes, names)
	if err != nil {
		return nil, err
	}
	w := widther{groups: p.widths}
	if err := w.checkLookbehinds(p.tree); err != nil {
		return nil, err
	}
	lo, _ := w.seq(p.tree)
	return &Regexp{
		Pattern: pattern, Flags: p.flags, Groups: len(p.widths) - 1, Index: p.names,
		bytes: isBytes, tree: p.tree, empty: lo == 0, programs: map[programKey]program{},
	}, nil
}

// Match is one match. Offsets are byte offsets into the text.
type Match struct {
	re   *Regexp
	text string
	loc  []int // start and end per group, -1 where it took no part
}

// Span returns the offsets of a group; start is -1 when it took no part.
func (m *Match) Span(group int) (start, end int) { return m.loc[2*group], m.loc[2*group+1] }

// Group returns the text of a group; ok is false when it took no part.
func (m *Match) Group(group int) (text string, ok bool) {
	if m.loc[2*group] < 0 {
		return "", false
	}
	return m.text[m.loc[2*group]:m.loc[2*group+1]], true
}

// Value returns a group as a value: str or bytes, or None.
func (m *Match) Value(group int) py.Value {
	s, ok := m.Group(group)
	if !ok {
		return py.None
	}
	return m.re.value(s)
}

// Groups is m.groups(): all groups but the whole match.
func (m *Match) Groups() py.Tuple {
	t := make(py.Tuple, m.re.Groups)
	for i := range t {
		t[i] = m.Value(i + 1)
	}
	return t
}

// GroupDict is m.groupdict().
func (m *Match) GroupDict() *py.Dict {
	d := py.NewDict()
	for g := 1; g <= m.re.Groups; g++ {
		for name, i := range m.re.Index {
			if i == g {
				d.SetStr(name, m.Value(g))
			}
		}
	}
	return d
}

func (re *Regexp) value(s string) py.Value {
	if re.bytes {
		return py.Bytes(s)
	}
	return py.Str(s)
}

// Match is re.match: at the start of the text. Without a match it returns nil.
func (re *Regexp) Match(text string) (*Match, error) {
	return re.input(text).find(modeMatch, 0)
}

// FullMatch is re.fullmatch: the whole text.
func (re *Regexp) FullMatch(text string) (*Match, error) {
	return re.input(text).find(modeFull, 0)
}

// Search is re.search: anywhere in the text.
func (re *Regexp) Search(text string) (*Match, error) {
	return re.input(text).find(modeSearch, 0)
}

// each calls fn with every match of re.finditer until it returns false.
func (re *Regexp) each(text string, fn func(*Match) bool) error {
	in := re.input(text)
	if locs, ok := in.findAllLinear(); ok {
		for _, loc := range locs {
			if !fn(&Match{re: re, text: text, loc: loc}) {
				break
			}
		}
		return nil
	}
	deadline := time.Now().Add(budget)
	mode, pos := modeSearch, 0
	for pos <= in.length() {
		m, err := in.find(mode, pos)
		if err != nil || m == nil {
			return err
		}
		if !fn(m) {
			return nil
		}
		mode, pos = modeSearch, in.endOf(m)
		if m.loc[0] == m.loc[1] { // the next match must not be empty right here
			mode = modeAdvance
		}
		if time.Now().After(deadline) {
			return errTimeout(re.Pattern)
		}
	}
	return nil
}

// FindIter is re.finditer as a slice.
func (re *Regexp) FindIter(text string) ([]*Match, error) {
	var out []*Match
	err := re.each(text, func(m *Match) bool {
		out = append(out, m)
		return true
	})
	return out, err
}

// FindAll is re.findall: the matches, or their only group, or tuples of their
// groups. A group that took no part is empty.
func (re *Regexp) FindAll(text string) (*py.List, error) {
	out := py.NewList()
	err := re.each(text, func(m *Match) bool {
		group := func(i int) py.Value {
			s, _ := m.Group(i)
			return re.value(s)
		}
		switch re.Groups {
		case 0, 1:
			out.Append(group(re.Groups))
		default:
			t := make(py.Tuple, re.Groups)
			for i := range t {
				t[i] = group(i + 1)
			}
			out.Append(t)
		}
		return true
	})
	return out, err
}

// Split is re.split; maxsplit 0 splits everywhere.
func (re *Regexp) Split(text string, maxsplit int) (*py.List, error) {
	out := py.NewList()
	last, n := 0, 0
	if maxsplit < 0 {
		return py.NewList(re.value(text)), nil
	}
	err := re.each(text, func(m *Match) bool {
		out.Append(re.value(text[last:m.loc[0]]))
		for g := 1; g <= re.Groups; g++ {
			out.Append(m.Value(g))
		}
		last = m.loc[1]
		n++
		return maxsplit == 0 || n < maxsplit
	})
	out.Append(re.value(text[last:]))
	return out, err
}

// Sub is re.sub with a replacement template; count 0 replaces all.
func (re *Regexp) Sub(repl, text string, count int) (string, error) {
	s, _, err := re.Subn(repl, text, count)
	return s, err
}

// Subn is re.subn: the new text and the number of replacements.
func (re *Regexp) Subn(repl, text string, count int) (string, int, error) {
	t, err := re.template(repl)
	if err != nil {
		return "", 0, err
	}
	return re.SubFunc(func(m *Match) (string, error) { return t.expand(m), nil }, text, count)
}

// maxResult bounds the text that a substitution makes.
const maxResult = 256 << 20

// SubFunc is re.subn with a function.
func (re *Regexp) SubFunc(fn func(*Match) (string, error), text string, count int) (string, int, error) {
	var b strings.Builder
	last, n := 0, 0
	if count < 0 {
		return text, 0, nil
	}
	var inner error
	err := re.each(text, func(m *Match) bool {
		b.WriteString(text[last:m.loc[0]])
		s, err := fn(m)
		if err != nil {
			inner = err
			return false
		}
		b.WriteString(s)
		if b.Len() > maxResult {
			inner = &py.Error{Class: "MemoryError"}
			return false
		}
		last = m.loc[1]
		n++
		return count == 0 || n < count
	})
	if err = errors.Join(inner, err); err != nil {
		if inner != nil {
			return "", 0, inner
		}
		return "", 0, err
	}
	if n == 0 {
		return text, 0, nil
	}
	b.WriteString(text[last:])
	return b.String(), n, nil
}

// Expand is m.expand(template).
func (m *Match) Expand(template string) (string, error) {
	t, err := m.re.template(template)
	if err != nil {
		return "", err
	}
	return t.expand(m), nil
}

// Escape is re.escape.
func Escape(s string) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/4)
	for i := range len(s) {
		if c := s[i]; strings.IndexByte("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", c) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// errTimeout is what Python does not have: a pattern that takes too long ends
// with an error instead of a hanging run.
func errTimeout(pattern string) error {
	return &py.Error{Class: "TimeoutError", Msg: fmt.Sprintf("regular expression %s took too long to match: make it less ambiguous, nested repeats such as (a+)+ are the usual cause", py.Repr(py.Str(pattern)))}
}

// Cache keeps compiled patterns, as the re module does. The zero value is
// ready; it may be used by several goroutines.
type Cache struct {
	// CharacterName serves \N{...}; nil refuses it. Set it before the first use.
	CharacterName CharacterNames

	mu sync.Mutex
	m  map[cacheKey]*Regexp
}

type cacheKey struct {
	pattern string
	flags   Flags
	bytes   bool
}

const cacheSize = 512

// Compile is the package's Compile through the cache.
func (c *Cache) Compile(pattern string, flags Flags) (*Regexp, error) {
	return c.compile(cacheKey{pattern, flags, false})
}

// CompileBytes is the package's CompileBytes through the cache.
func (c *Cache) CompileBytes(pattern string, flags Flags) (*Regexp, error) {
	return c.compile(cacheKey{pattern, flags, true})
}

func (c *Cache) compile(k cacheKey) (*Regexp, error) {
	c.mu.Lock()
	re := c.m[k]
	c.mu.Unlock()
	if re != nil {
		return re, nil
	}
	re, err := compile(k.pattern, k.flags, k.bytes, c.CharacterName)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= cacheSize {
		c.m = map[cacheKey]*Regexp{}
	}
	c.m[k] = re
	return re, nil
}
