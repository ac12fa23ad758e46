package jinja

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/runenames"

	"pinch/internal/py"
)

// tag reads one token inside a block, a print statement or a line statement.
// ok is false when it only consumed whitespace or reached the end.
func (l *lexer) tag() (t token, ok bool) {
	state := l.stack[len(l.stack)-1]
	if end, kind, ok := l.closing(state); ok {
		t = token{kind: kind, line: l.line}
		l.advance(end)
		l.pop()
		return t, true
	}
	if l.pos >= len(l.src) {
		return token{}, false
	}
	s := l.src[l.pos:]
	if n := spaceLen(s); n > 0 {
		l.advance(l.pos + n)
		return token{}, false
	}
	c := s[0]
	switch {
	case c >= '0' && c <= '9':
		return l.number(s), true
	case c == '\'' || c == '"':
		if n := stringLen(s); n > 0 {
			return l.str(s[:n]), true
		}
	case c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf:
		if n := nameLen(s); n > 0 {
			if !isIdentifier(s[:n]) {
				l.fail("Invalid character in identifier", l.line)
			}
			t = token{kind: tokName, line: l.line, text: s[:n]}
			l.advance(l.pos + n)
			return t, true
		}
	default:
		if kind, n := operator(s); n > 0 {
			return l.op(kind, s[:n]), true
		}
	}
	l.fail("unexpected char "+py.Repr(py.Str(firstRune(s)))+" at "+
		strconv.Itoa(utf8.RuneCountInString(l.src[:l.pos])), l.line)
	return token{}, false
}

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

// closing says whether the tag ends here. Inside brackets it does not, so
// that "}}" can close two dicts.
func (l *lexer) closing(state lexState) (end int, kind tokKind, ok bool) {
	if len(l.braces) > 0 {
		return 0, 0, false
	}
	switch state {
	case lexBlock:
		end, ok = l.tagEnd(l.pos, l.o.BlockEnd)
		return end, tokBlockEnd, ok
	case lexVariable:
		s := l.src[l.pos:]
		if strings.HasPrefix(s, "-") && strings.HasPrefix(s[1:], l.o.VariableEnd) {
			j := 1 + len(l.o.VariableEnd)
			return l.pos + j + spaceLen(s[j:]), tokVariableEnd, true
		}
		if strings.HasPrefix(s, l.o.VariableEnd) {
			return l.pos + len(l.o.VariableEnd), tokVariableEnd, true
		}
	case lexLineStatement: // whitespace up to a line end, the last one of the run
		s := l.src[l.pos:]
		n := spaceLen(s)
		if n == len(s) {
			return len(l.src), tokBlockEnd, true
		}
		if i := strings.LastIndexByte(s[:n], '\n'); i >= 0 {
			return l.pos + i + 1, tokBlockEnd, true
		}
	}
	return 0, 0, false
}

func (l *lexer) advance(to int) {
	l.line += strings.Count(l.src[l.pos:to], "\n")
	if to > l.pos {
		l.lineStarting = l.src[to-1] == '\n'
	}
	l.pos = to
}

func (l *lexer) op(kind tokKind, text string) token {
	switch kind {
	case tokLBrace:
		l.braces = append(l.braces, '}')
	case tokLParen:
		l.braces = append(l.braces, ')')
	case tokLBracket:
		l.braces = append(l.braces, ']')
	case tokRBrace, tokRParen, tokRBracket:
		if len(l.braces) == 0 {
			l.fail("unexpected '"+text+"'", l.line)
		}
		want := l.braces[len(l.braces)-1]
		l.braces = l.braces[:len(l.braces)-1]
		if want != text[0] {
			l.fail("unexpected '"+text+"', expected '"+string(want)+"'", l.line)
		}
	}
	t := token{kind: kind, line: l.line}
	l.advance(l.pos + len(text))
	return t
}

func operator(s string) (tokKind, int) {
	if len(s) > 1 {
		switch s[:2] {
		case "//":
			return tokFloorDiv, 2
		case "**":
			return tokPow, 2
		case "==":
			return tokEq, 2
		case "!=":
			return tokNe, 2
		case ">=":
			return tokGtEq, 2
		case "<=":
			return tokLtEq, 2
		}
	}
	switch s[0] {
	case '+':
		return tokAdd, 1
	case '-':
		return tokSub, 1
	case '/':
		return tokDiv, 1
	case '*':
		return tokMul, 1
	case '%':
		return tokMod, 1
	case '~':
		return tokTilde, 1
	case '[':
		return tokLBracket, 1
	case ']':
		return tokRBracket, 1
	case '(':
		return tokLParen, 1
	case ')':
		return tokRParen, 1
	case '{':
		return tokLBrace, 1
	case '}':
		return tokRBrace, 1
	case '>':
		return tokGt, 1
	case '<':
		return tokLt, 1
	case '=':
		return tokAssign, 1
	case '.':
		return tokDot, 1
	case ':':
		return tokColon, 1
	case '|':
		return tokPipe, 1
	case ',':
		return tokComma, 1
	case ';':
		return tokSemicolon, 1
	}
	return 0, 0
}

// number reads a float or an integer in Jinja's notation: underscores between
// digits, 0x 0o 0b, and no leading zeros ("0644" is two tokens).
func (l *lexer) number(s string) token {
	if l.pos == 0 || l.src[l.pos-1] != '.' {
		if n := floatLen(s); n > 0 {
			f, err := strconv.ParseFloat(strings.ReplaceAll(s[:n], "_", ""), 64)
			if err != nil && f == 0 {
				l.fail("bad number "+s[:n], l.line)
			}
			t := token{kind: tokFloat, line: l.line, value: py.Float(f)}
			l.advance(l.pos + n)
			return t
		}
	}
	n := intLen(s)
	t := token{kind: tokInteger, line: l.line}
	text := strings.ReplaceAll(s[:n], "_", "")
	if i, err := strconv.ParseInt(text, 0, 64); err == nil {
		t.value = py.Int(i)
	} else {
		b, ok := new(big.Int).SetString(text, 0)
		if !ok {
			l.fail("bad number "+text, l.line)
		}
		if n > 4300 && text[0] != '0' { // Python's limit for decimal numbers
			l.fail("Exceeds the limit (4300 digits) for integer string conversion: value has "+
				strconv.Itoa(len(text))+" digits; use sys.set_int_max_str_digits() to increase the limit", l.line)
		}
		t.value = py.NewInt(b)
	}
	l.advance(l.pos + n)
	return t
}

// digitsLen matches digits with single underscores between them.
func digitsLen(s string, digit func(byte) bool) int {
	n := 0
	for n < len(s) {
		switch {
		case digit(s[n]):
			n++
		case s[n] == '_' && n > 0 && n+1 < len(s) && digit(s[n+1]):
			n += 2
		default:
			return n
		}
	}
	return n
}

func isDec(c byte) bool { return c >= '0' && c <= '9' }

func floatLen(s string) int {
	n := digitsLen(s, isDec)
	frac := false
	if n < len(s) && s[n] == '.' {
		if m := digitsLen(s[n+1:], isDec); m > 0 {
			n += 1 + m
			frac = true
		}
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if d := digitsLen(s[m:], isDec); d > 0 {
			return m + d
		}
	}
	if frac {
		return n
	}
	return 0
}

func intLen(s string) int {
	if s[0] != '0' {
		return digitsLen(s, isDec)
	}
	if len(s) > 1 {
		digit := func(byte) bool { return false }
		switch s[1] {
		case 'b', 'B':
			digit = func(c byte) bool { return c == '0' || c == '1' }
		case 'o', 'O':
			digit = func(c byte) bool { return c >= '0' && c <= '7' }
		case 'x', 'X':
			digit = func(c byte) bool {
				return isDec(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
			}
		}
		skip := 2
		if len(s) > 2 && s[2] == '_' {
			skip = 3
		}
		if n := digitsLen(s[skip:], digit); n > 0 {
			return skip + n
		}
	}
	return digitsLen(s, func(c byte) bool { return c == '0' })
}

// nameLen matches a run of word characters.
func nameLen(s string) int {
	for i, r := range s {
		if !isWord(r) {
			return i
		}
	}
	return len(s)
}

func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.Mn, unicode.Mc) || r == 0xb7 || r == 0x387
}

func isIdentifier(s string) bool {
	for i, r := range s {
		switch {
		case r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r):
		case i > 0 && (unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc) || r == 0xb7 || r == 0x387):
		default:
			return false
		}
	}
	return s != ""
}

// stringLen returns the length of the quoted string at the start of s, quotes
// included, or 0 when it is not closed.
func stringLen(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case s[0]:
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}

func (l *lexer) str(s string) token {
	body := l.newlines(s[1 : len(s)-1])
	if strings.IndexByte(body, '\\') >= 0 {
		text, problem := unescape(body)
		if problem != "" {
			l.fail(problem, l.line)
		}
		body = text
	}
	t := token{kind: tokString, line: l.line, text: body}
	l.advance(l.pos + len(s))
	return t
}

// unescape resolves backslash escapes as Python's unicode-escape codec does
// after non-ASCII characters have been backslash-escaped themselves. Unknown
// escapes stay. problem is the codec's complaint.
func unescape(s string) (text, problem string) {
	var b strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		if c != '\\' {
			b.WriteByte(c)
			i++
			continue
		}
		i++
		if i >= len(s) {
			return "", `\ at end of string`
		}
		c = s[i]
		if c >= utf8.RuneSelf { // the backslash escapes the escape of this character
			r, n := utf8.DecodeRuneInString(s[i:])
			b.WriteByte('\\')
			switch {
			case r < 0x100:
				b.WriteString("x" + hex(r, 2))
			case r < 0x10000:
				b.WriteString("u" + hex(r, 4))
			default:
				b.WriteString("U" + hex(r, 8))
			}
			i += n
			continue
		}
		i++
		switch c {
		case '\n':
		case '\\', '\'', '"':
			b.WriteByte(c)
		case 'a':
			b.WriteByte('\a')
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'v':
			b.WriteByte('\v')
		case '0', '1', '2', '3', '4', '5', '6', '7':
			r := rune(c - '0')
			for n := 0; n < 2 && i < len(s) && s[i] >= '0' && s[i] <= '7'; n++ {
				r = r*8 + rune(s[i]-'0')
				i++
			}
			b.WriteRune(r)
		case 'x', 'u', 'U':
			n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			if i+n > len(s) {
				return "", truncated(c)
			}
			v, err := strconv.ParseUint(s[i:i+n], 16, 32)
			if err != nil {
				return "", truncated(c)
			}
			if v > unicode.MaxRune {
				return "", "illegal Unicode character"
			}
			i += n
			b.WriteString(runeText(rune(v)))
		case 'N':
			end := strings.IndexByte(s[i:], '}')
			if end < 2 || s[i] != '{' {
				return "", `malformed \N character escape`
			}
			r, ok := namedRune(s[i+1 : i+end])
			if !ok {
				return "", "unknown Unicode character name"
			}
			b.WriteRune(r)
			i += end + 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// namedRune finds a character by its Unicode name. It is slow, and used by
// hardly any template.
func namedRune(name string) (rune, bool) {
	name = strings.ToUpper(name)
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if n := runenames.Name(r); n == name && n != "" && n[0] != '<' {
			return r, true
		}
	}
	return 0, false
}

func truncated(c byte) string {
	return map[byte]string{'x': `truncated \xXX escape`, 'u': `truncated \uXXXX escape`,
		'U': `truncated \UXXXXXXXX escape`}[c]
}

func hex(r rune, width int) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", width-len(s)) + s
}

// runeText is the UTF-8 of a code point; a lone surrogate takes its three-byte
// form, as internal/py holds it.
func runeText(r rune) string {
	if r >= 0xd800 && r < 0xe000 {
		return string([]byte{0xe0 | byte(r>>12), 0x80 | byte(r>>6)&0x3f, 0x80 | byte(r)&0x3f})
	}
	return string(r)
}
