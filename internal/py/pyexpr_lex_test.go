package py_test

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

type tokKind int

const (
	tokEnd tokKind = iota
	tokName
	tokNum
	tokStr
	tokBytes
	tokOp
)

type token struct {
	kind tokKind
	text string // of a string: its value
}

var operators = []string{"...", "**", "//", "<<", ">>", "<=", ">=", "==", "!=", ":=", "->"}

func tokenize(s string) []token {
	var out []token
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c >= '0' && c <= '9' || c == '.' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9':
			j := i + 1
			for j < len(s) && (isWord(s[j]) || s[j] == '.' && !strings.Contains(s[i:j], ".") || (s[j] == '+' || s[j] == '-') && (s[j-1]|0x20) == 'e' && !strings.HasPrefix(s[i:], "0x")) {
				j++
			}
			out = append(out, token{tokNum, s[i:j]})
			i = j
		case isWord(c):
			j := i + 1
			for j < len(s) && isWord(s[j]) {
				j++
			}
			if j < len(s) && (s[j] == '\'' || s[j] == '"') && j-i <= 2 && strings.Trim(strings.ToLower(s[i:j]), "rbu") == "" {
				t, n := stringToken(s[j:], strings.ToLower(s[i:j]))
				out = append(out, t)
				i = j + n
				continue
			}
			out = append(out, token{tokName, s[i:j]})
			i = j
		case c == '\'' || c == '"':
			t, n := stringToken(s[i:], "")
			out = append(out, t)
			i += n
		default:
			op := string(c)
			for _, o := range operators {
				if strings.HasPrefix(s[i:], o) {
					op = o
				}
			}
			out = append(out, token{tokOp, op})
			i += len(op)
		}
	}
	return append(out, token{kind: tokEnd})
}

func isWord(c byte) bool {
	return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c >= 0x80
}

func stringToken(s, prefix string) (token, int) {
	quote := s[:1]
	if strings.HasPrefix(s, quote+quote+quote) {
		quote = s[:3]
	}
	i := len(quote)
	start := i
	for i < len(s) && !strings.HasPrefix(s[i:], quote) {
		if s[i] == '\\' {
			i++
		}
		i++
	}
	if i >= len(s) {
		syntaxError("unterminated string literal")
	}
	kind := tokStr
	if strings.Contains(prefix, "b") {
		kind = tokBytes
	}
	body := s[start:i]
	if !strings.Contains(prefix, "r") {
		body = unescape(body, kind == tokBytes)
	}
	return token{kind, body}, i + len(quote)
}

func unescape(s string, isBytes bool) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i]]
		if isBytes && s[i] != 'x' {
			width = 0
		}
		simple := map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': "\\", '\'': "'", '"': "\"", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v", '\n': ""}
		switch t, ok := simple[s[i]]; {
		case ok:
			b.WriteString(t)
		case width > 0:
			n, err := strconv.ParseUint(s[i+1:i+1+width], 16, 32)
			if err != nil {
				syntaxError("bad escape")
			}
			i += width
			if isBytes {
				b.WriteByte(byte(n))
			} else {
				b.WriteString(string(must(py.Chr(py.Int(n))).(py.Str)))
			}
		case s[i] >= '0' && s[i] <= '7':
			j := i
			for j < len(s) && j < i+3 && s[j] >= '0' && s[j] <= '7' {
				j++
			}
			n, _ := strconv.ParseUint(s[i:j], 8, 32)
			i = j - 1
			if isBytes {
				b.WriteByte(byte(n))
			} else {
				b.WriteRune(rune(n))
			}
		default:
			b.WriteByte('\\')
			_, n := utf8.DecodeRuneInString(s[i:])
			b.WriteString(s[i : i+n])
			i += n - 1
		}
	}
	return b.String()
}
