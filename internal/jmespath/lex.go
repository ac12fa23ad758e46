package jmespath

import (
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// kind is a token's type, by the module's name for it.
type kind string

const (
	tEOF      kind = "eof"
	tIdent    kind = "unquoted_identifier"
	tQuoted   kind = "quoted_identifier"
	tLiteral  kind = "literal"
	tNumber   kind = "number"
	tDot      kind = "dot"
	tStar     kind = "star"
	tRBracket kind = "rbracket"
	tLBracket kind = "lbracket"
	tComma    kind = "comma"
	tColon    kind = "colon"
	tCurrent  kind = "current"
	tLParen   kind = "lparen"
	tRParen   kind = "rparen"
	tLBrace   kind = "lbrace"
	tRBrace   kind = "rbrace"
	tFlatten  kind = "flatten"
	tFilter   kind = "filter"
	tOr       kind = "or"
	tPipe     kind = "pipe"
	tAnd      kind = "and"
	tExpref   kind = "expref"
	tLT, tLTE kind = "lt", "lte"
	tGT, tGTE kind = "gt", "gte"
	tEQ, tNE  kind = "eq", "ne"
	tNot      kind = "not"
)

type token struct {
	kind  kind
	value py.Value
	start int // in characters
}

// text is the token as messages print it.
func (t token) text() string { return py.ToStr(t.value) }

// runesOf splits text into characters; a broken one is kept as its bytes.
func runesOf(s string) []string {
	var out []string
	for len(s) > 0 {
		_, n := utf8.DecodeRuneInString(s)
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

type lexer struct {
	query string
	chars []string
	pos   int
}

func (l *lexer) peek() string {
	if l.pos < len(l.chars) {
		return l.chars[l.pos]
	}
	return ""
}

func (l *lexer) fail(pos int, message string) error {
	return py.Errorf("LexerError", "Bad jmespath expression: %s:\n%s\n%s^", message, l.query, strings.Repeat(" ", pos))
}

var oneChar = map[string]kind{
	".": tDot, "*": tStar, "]": tRBracket, ",": tComma, ":": tColon, "@": tCurrent,
	"(": tLParen, ")": tRParen, "{": tLBrace, "}": tRBrace,
}

// twoChar are the characters that another may follow: the second, what both
// are, and what the first is alone ("" for nothing).
var twoChar = map[string]struct {
	next        string
	both, alone kind
}{
	"|": {"|", tOr, tPipe}, "&": {"&", tAnd, tExpref}, "<": {"=", tLTE, tLT}, ">": {"=", tGTE, tGT},
	"!": {"=", tNE, tNot}, "=": {"=", tEQ, ""},
}

func lex(query string) ([]token, error) {
	if query == "" {
		return nil, py.Errorf("EmptyExpressionError", "Invalid JMESPath expression: cannot be empty.")
	}
	l := &lexer{query: query, chars: runesOf(query)}
	var out []token
	for {
		for l.pos < len(l.chars) && strings.Contains(" \t\r\n", l.chars[l.pos]) {
			l.pos++
		}
		start := l.pos
		if start == len(l.chars) {
			return append(out, token{tEOF, py.Str(""), start}), nil
		}
		t, err := l.token(l.chars[start])
		if err != nil {
			return nil, err
		}
		t.start = start
		out = append(out, t)
	}
}

func (l *lexer) token(c string) (token, error) {
	start := l.pos
	if k, ok := oneChar[c]; ok {
		l.pos++
		return token{kind: k, value: py.Str(c)}, nil
	}
	if two, ok := twoChar[c]; ok {
		l.pos++
		if l.peek() == two.next {
			l.pos++
			return token{kind: two.both, value: py.Str(c + two.next)}, nil
		}
		if two.alone == "" {
			return token{}, l.fail(start, "Unknown token '='")
		}
		return token{kind: two.alone, value: py.Str(c)}, nil
	}
	switch {
	case isLetter(c):
		s := c
		for l.pos++; isLetter(l.peek()) || isDigit(l.peek()); l.pos++ {
			s += l.peek()
		}
		return token{kind: tIdent, value: py.Str(s)}, nil
	case isDigit(c) || c == "-":
		s := c
		for l.pos++; isDigit(l.peek()); l.pos++ {
			s += l.peek()
		}
		if s == "-" {
			return token{}, l.fail(start, "Unknown token '-'")
		}
		n, err := py.ToInt(py.Str(s))
		return token{kind: tNumber, value: n}, err
	case c == "[":
		l.pos++
		switch l.peek() {
		case "]":
			l.pos++
			return token{kind: tFlatten, value: py.Str("[]")}, nil
		case "?":
			l.pos++
			return token{kind: tFilter, value: py.Str("[?")}, nil
		}
		return token{kind: tLBracket, value: py.Str("[")}, nil
	case c == "'":
		s, err := l.until("'")
		return token{kind: tLiteral, value: py.Str(strings.ReplaceAll(s, `\'`, "'"))}, err
	case c == "`":
		s, err := l.until("`")
		if err != nil {
			return token{}, err
		}
		s = strings.ReplaceAll(s, "\\`", "`")
		v, err := py.LoadsJSON(s)
		if err != nil { // the old form: text without quotes
			if v, err = py.LoadsJSON(`"` + strings.TrimLeft(s, " \t\r\n\v\f") + `"`); err != nil {
				return token{}, l.fail(start, "Bad token "+s)
			}
		}
		return token{kind: tLiteral, value: v}, nil
	case c == `"`:
		s, err := l.until(`"`)
		if err != nil {
			return token{}, err
		}
		v, err := py.LoadsJSON(`"` + s + `"`)
		if err != nil {
			msg, _, _ := strings.Cut(errText(err), ":")
			return token{}, l.fail(start, msg)
		}
		return token{kind: tQuoted, value: v}, nil
	}
	return token{}, l.fail(start, "Unknown token "+c)
}

// until reads to the closing delimiter; a backslash keeps the next character.
func (l *lexer) until(delim string) (string, error) {
	start := l.pos
	var b strings.Builder
	for l.pos++; l.peek() != delim; l.pos++ {
		if l.peek() == `\` {
			b.WriteString(`\`)
			l.pos++
		}
		if l.pos >= len(l.chars) {
			return "", l.fail(start, "Unclosed "+delim+" delimiter")
		}
		b.WriteString(l.peek())
	}
	l.pos++
	return b.String(), nil
}

func isLetter(c string) bool {
	return len(c) == 1 && (c[0] == '_' || c[0]|0x20 >= 'a' && c[0]|0x20 <= 'z')
}

func isDigit(c string) bool { return len(c) == 1 && c[0] >= '0' && c[0] <= '9' }
