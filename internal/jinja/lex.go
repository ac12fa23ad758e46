package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"pinch/internal/py"
)

// tokKind is the type of a token. Its text, as error messages show it, is in
// tokNames.
type tokKind uint8

const (
	tokEOF tokKind = iota
	tokData
	tokBlockBegin
	tokBlockEnd
	tokVariableBegin
	tokVariableEnd
	tokName
	tokString
	tokInteger
	tokFloat
	tokAdd
	tokSub
	tokMul
	tokDiv
	tokFloorDiv
	tokMod
	tokPow
	tokTilde
	tokLBracket
	tokRBracket
	tokLParen
	tokRParen
	tokLBrace
	tokRBrace
	tokEq
	tokNe
	tokGt
	tokGtEq
	tokLt
	tokLtEq
	tokAssign
	tokDot
	tokColon
	tokPipe
	tokComma
	tokSemicolon
)

var tokNames = [...]string{
	tokEOF: "end of template", tokData: "template data / text",
	tokBlockBegin: "begin of statement block", tokBlockEnd: "end of statement block",
	tokVariableBegin: "begin of print statement", tokVariableEnd: "end of print statement",
	tokName: "name", tokString: "string", tokInteger: "integer", tokFloat: "float",
	tokAdd: "+", tokSub: "-", tokMul: "*", tokDiv: "/", tokFloorDiv: "//", tokMod: "%", tokPow: "**",
	tokTilde: "~", tokLBracket: "[", tokRBracket: "]", tokLParen: "(", tokRParen: ")",
	tokLBrace: "{", tokRBrace: "}", tokEq: "==", tokNe: "!=", tokGt: ">", tokGtEq: ">=",
	tokLt: "<", tokLtEq: "<=", tokAssign: "=", tokDot: ".", tokColon: ":", tokPipe: "|",
	tokComma: ",", tokSemicolon: ";",
}

// token is one lexical element. text is the name or the string's value; value
// holds the number of an integer or float. Inside of tags, off and end are
// where it stands in the normalized source.
type token struct {
	kind     tokKind
	line     int
	off, end int32
	text     string
	value    py.Value
}

// describe is how messages name a token: a name by itself, others by type.
func (t token) describe() string {
	if t.kind == tokName {
		return t.text
	}
	return tokNames[t.kind]
}

func (t token) isName(name string) bool { return t.kind == tokName && t.text == name }

type lexState uint8

const (
	lexRoot lexState = iota
	lexBlock
	lexVariable
	lexComment
	lexRaw
	lexLineStatement
	lexLineComment
)

// lexer cuts a template into tokens on demand, so that a parse error early in
// the source wins over a lexical error after it.
type lexer struct {
	o      *Options
	src    string
	pos    int
	line   int
	stack  []lexState
	braces []byte // closing brackets still to come
	rules  []rootRule
	starts string // the first bytes of all rules, when every rule has one
	fail   func(msg string, line int)

	lineStarting bool
	stripped     int // newlines removed by a minus sign, not yet counted

	pending    token // the opening tag after the text just returned
	hasPending bool
}

type rootRule struct {
	state lexState
	text  string
}

// newLexer prepares to read source. fail is called for lexical errors and does
// not return.
func newLexer(source string, o *Options, fail func(msg string, line int)) *lexer {
	l := &lexer{o: o, src: normalizeSource(source, o.KeepTrailingNewline), line: 1, fail: fail, lineStarting: true}
	l.stack = append(l.stack, lexRoot)
	l.rules = rootRules(o)
	if o.LineStatementPrefix == "" && o.LineCommentPrefix == "" {
		for _, r := range l.rules {
			if i := strings.IndexByte(l.starts, r.text[0]); i < 0 {
				l.starts += r.text[:1]
			}
		}
	}
	return l
}

// normalizeSource turns every line ending into \n and drops the last one
// unless it is to be kept.
func normalizeSource(s string, keep bool) string {
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(s, "\r\n", "\n")
		s = strings.ReplaceAll(s, "\r", "\n")
	}
	if !keep && strings.HasSuffix(s, "\n") {
		s = s[:len(s)-1]
	}
	return s
}

// rootRules lists the opening delimiters, longest first; ties go by the
// descending name of the token, as in Jinja.
func rootRules(o *Options) []rootRule {
	rules := []rootRule{{lexVariable, o.VariableStart}}
	if o.LineStatementPrefix != "" {
		rules = append(rules, rootRule{lexLineStatement, o.LineStatementPrefix})
	}
	if o.LineCommentPrefix != "" {
		rules = append(rules, rootRule{lexLineComment, o.LineCommentPrefix})
	}
	rules = append(rules, rootRule{lexComment, o.CommentStart}, rootRule{lexBlock, o.BlockStart})
	for i := 1; i < len(rules); i++ { // stable, by length
		for j := i; j > 0 && len(rules[j].text) > len(rules[j-1].text); j-- {
			rules[j], rules[j-1] = rules[j-1], rules[j]
		}
	}
	return rules
}

// next returns the next token that the parser sees.
func (l *lexer) next() token {
	for {
		if l.hasPending {
			l.hasPending = false
			return l.pending
		}
		switch l.stack[len(l.stack)-1] {
		case lexRoot:
			if l.pos >= len(l.src) {
				return token{kind: tokEOF, line: l.line}
			}
			if t, ok := l.root(); ok {
				return t
			}
		case lexComment:
			l.comment()
		case lexRaw:
			if t, ok := l.raw(); ok {
				return t
			}
		case lexLineComment:
			end := strings.IndexByte(l.src[l.pos:], '\n')
			if end < 0 {
				end = len(l.src) - l.pos
			}
			l.pos += end
			l.lineStarting = false
			l.pop()
		default:
			start := l.pos
			if t, ok := l.tag(); ok {
				t.off, t.end = int32(start), int32(l.pos)
				return t
			}
			if l.pos >= len(l.src) {
				return token{kind: tokEOF, line: l.line}
			}
		}
	}
}

func (l *lexer) pop() { l.stack = l.stack[:len(l.stack)-1] }

// root reads text up to the next opening delimiter. It yields a data token
// when there is any text; the delimiter's own token follows from pending.
func (l *lexer) root() (token, bool) {
	start := l.pos
	if l.lineStarting && start > 0 && l.src[start-1] != '\n' {
		l.lineStarting = false
	}
	at, rule, sign, end := l.findTag(start)
	if at < 0 {
		text := l.src[start:]
		l.pos = len(l.src)
		t := token{kind: tokData, line: l.line, text: l.newlines(text)}
		l.line += strings.Count(text, "\n")
		return t, true
	}
	text := l.src[start:at]
	full := text
	switch {
	case sign == '-':
		text = rstripSpace(text)
		l.stripped = strings.Count(full[len(text):], "\n")
	case sign != '+' && l.o.LstripBlocks && rule.state != lexVariable:
		cut := strings.LastIndexByte(text, '\n') + 1
		if (cut > 0 || l.lineStarting) && cut < len(text) && allSpace(text[cut:]) {
			text = text[:cut]
		}
	}
	t := token{kind: tokData, line: l.line, text: l.newlines(text)}
	l.line += strings.Count(text, "\n") + l.stripped
	l.stripped = 0
	tagLine := l.line
	l.line += strings.Count(l.src[at:end], "\n")
	l.pos = end
	l.lineStarting = end > 0 && l.src[end-1] == '\n'
	l.stack = append(l.stack, rule.state)
	switch rule.state {
	case lexBlock, lexLineStatement:
		l.pending, l.hasPending = token{kind: tokBlockBegin, line: tagLine}, true
	case lexVariable:
		l.pending, l.hasPending = token{kind: tokVariableBegin, line: tagLine}, true
	}
	return t, text != ""
}

func (l *lexer) newlines(s string) string {
	if l.o.NewlineSequence == "\n" {
		return s
	}
	return strings.ReplaceAll(s, "\n", l.o.NewlineSequence)
}

// findTag returns where the next opening delimiter is (-1: none), its rule,
// its whitespace sign and where it ends.
func (l *lexer) findTag(from int) (at int, rule rootRule, sign byte, end int) {
	for i := from; i < len(l.src); i++ {
		if l.starts != "" {
			var n int
			if len(l.starts) == 1 {
				n = strings.IndexByte(l.src[i:], l.starts[0])
			} else {
				n = strings.IndexAny(l.src[i:], l.starts)
			}
			if n < 0 {
				return -1, rootRule{}, 0, 0
			}
			i += n
		}
		if sign, end := l.matchRaw(i); end > 0 {
			return i, rootRule{state: lexRaw}, sign, end
		}
		for _, r := range l.rules {
			if sign, end := l.matchStart(i, r); end > 0 {
				return i, r, sign, end
			}
		}
	}
	return -1, rootRule{}, 0, 0
}

func (l *lexer) matchStart(i int, r rootRule) (sign byte, end int) {
	j := i
	switch r.state {
	case lexLineStatement:
		if i > 0 && l.src[i-1] != '\n' {
			return 0, 0
		}
		for j < len(l.src) && (l.src[j] == ' ' || l.src[j] == '\t' || l.src[j] == '\v') {
			j++
		}
	case lexLineComment:
		if i > 0 && l.src[i-1] != '\n' {
			if r, _ := utf8.DecodeLastRuneInString(l.src[:i]); isSpace(r) {
				return 0, 0
			}
		}
		for j < len(l.src) {
			r, n := utf8.DecodeRuneInString(l.src[j:])
			if !isSpace(r) || r == '\n' || r == '\r' {
				break
			}
			j += n
		}
	}
	if !strings.HasPrefix(l.src[j:], r.text) {
		return 0, 0
	}
	j += len(r.text)
	if j < len(l.src) && (l.src[j] == '-' || l.src[j] == '+') {
		return l.src[j], j + 1
	}
	return 0, j
}

// matchRaw matches an opening raw tag.
func (l *lexer) matchRaw(i int) (sign byte, end int) {
	s := l.src[i:]
	if !strings.HasPrefix(s, l.o.BlockStart) {
		return 0, 0
	}
	j := len(l.o.BlockStart)
	if j < len(s) && (s[j] == '-' || s[j] == '+') {
		sign = s[j]
		j++
	}
	j += spaceLen(s[j:])
	if !strings.HasPrefix(s[j:], "raw") {
		return 0, 0
	}
	j += len("raw")
	j += spaceLen(s[j:])
	if strings.HasPrefix(s[j:], l.o.BlockEnd) {
		return sign, i + j + len(l.o.BlockEnd)
	}
	if j < len(s) && s[j] == '-' && strings.HasPrefix(s[j+1:], l.o.BlockEnd) {
		j += 1 + len(l.o.BlockEnd)
		return sign, i + j + spaceLen(s[j:])
	}
	return 0, 0
}

// tagEnd matches the end of a block (or comment, raw) tag at i.
func (l *lexer) tagEnd(i int, delim string) (end int, ok bool) {
	s := l.src[i:]
	switch {
	case strings.HasPrefix(s, "+") && strings.HasPrefix(s[1:], delim):
		return i + 1 + len(delim), true
	case strings.HasPrefix(s, "-") && strings.HasPrefix(s[1:], delim):
		j := 1 + len(delim)
		return i + j + spaceLen(s[j:]), true
	case strings.HasPrefix(s, delim):
		j := len(delim)
		if l.o.TrimBlocks && j < len(s) && s[j] == '\n' {
			j++
		}
		return i + j, true
	}
	return 0, false
}

func (l *lexer) comment() {
	for i := l.pos; i < len(l.src); i++ {
		if end, ok := l.tagEnd(i, l.o.CommentEnd); ok {
			l.line += strings.Count(l.src[l.pos:end], "\n")
			l.lineStarting = l.src[end-1] == '\n'
			l.pos = end
			l.pop()
			return
		}
	}
	if l.pos >= len(l.src) { // the failure rule needs a character to match
		l.stack = l.stack[:1]
		return
	}
	l.fail("Missing end of comment tag", l.line)
}

func (l *lexer) raw() (token, bool) {
	for i := l.pos; i < len(l.src); i++ {
		sign, end, ok := l.matchEndraw(i)
		if !ok {
			continue
		}
		text := l.src[l.pos:i]
		full := text
		stripped := 0
		switch {
		case sign == '-':
			text = rstripSpace(text)
			stripped = strings.Count(full[len(text):], "\n")
		case sign != '+' && l.o.LstripBlocks:
			cut := strings.LastIndexByte(text, '\n') + 1
			if (cut > 0 || l.lineStarting) && cut < len(text) && allSpace(text[cut:]) {
				text = text[:cut]
			}
		}
		t := token{kind: tokData, line: l.line, text: l.newlines(text)}
		l.line += strings.Count(text, "\n") + stripped + strings.Count(l.src[i:end], "\n")
		l.pos = end
		l.lineStarting = l.src[end-1] == '\n'
		l.pop()
		return t, text != ""
	}
	if l.pos >= len(l.src) {
		l.stack = l.stack[:1]
		return token{}, false
	}
	l.fail("Missing end of raw directive", l.line)
	return token{}, false
}

func (l *lexer) matchEndraw(i int) (sign byte, end int, ok bool) {
	s := l.src[i:]
	if !strings.HasPrefix(s, l.o.BlockStart) {
		return 0, 0, false
	}
	j := len(l.o.BlockStart)
	if j < len(s) && (s[j] == '-' || s[j] == '+') {
		sign = s[j]
		j++
	}
	j += spaceLen(s[j:])
	if !strings.HasPrefix(s[j:], "endraw") {
		return 0, 0, false
	}
	j += len("endraw")
	j += spaceLen(s[j:])
	end, ok = l.tagEnd(i+j, l.o.BlockEnd)
	return sign, end, ok
}

func isSpace(r rune) bool {
	switch {
	case r <= ' ':
		return r == ' ' || r >= '\t' && r <= '\r' || r >= 0x1c && r <= 0x1f
	case r < 0x80:
		return false
	}
	return r == 0x85 || unicode.Is(unicode.Z, r) && r != 0x200b
}

func spaceLen(s string) int {
	for i, r := range s {
		if !isSpace(r) {
			return i
		}
	}
	return len(s)
}

func allSpace(s string) bool { return spaceLen(s) == len(s) }

func rstripSpace(s string) string { return strings.TrimRightFunc(s, isSpace) }
