package py

import (
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// JSONLimits bound what DecodeJSONLimits takes; zero means no bound but
// Python's recursion limit.
type JSONLimits struct {
	Depth int // nested containers
	Bytes int // length of the text
}

// DecodeJSON reads canonical JSON, see EncodeJSON. The values share the
// memory of data, which must not be changed any more. Errors are JSONDecodeError
// (a ValueError), or TypeError for a member that cannot be hashed.
func DecodeJSON[T ~string | ~[]byte](data T) (Value, error) {
	return DecodeJSONLimits(data, JSONLimits{})
}

// DecodeJSONLimits is DecodeJSON for text that is not trusted.
func DecodeJSONLimits[T ~string | ~[]byte](data T, limits JSONLimits) (Value, error) {
	s := sharedString(data)
	if limits.Bytes > 0 && len(s) > limits.Bytes {
		return nil, ValueErrorf("JSON text of %d bytes is longer than %d", len(s), limits.Bytes)
	}
	p := jsonParser{s: s, wire: true, depth: maxDepth}
	if limits.Depth > 0 {
		p.depth = min(limits.Depth, maxDepth)
	}
	return p.document()
}

// ReadJSON is DecodeJSONLimits for a stream that holds one document. It reads
// at most limits.Bytes+1 bytes.
func ReadJSON(r io.Reader, limits JSONLimits) (Value, error) {
	if limits.Bytes > 0 {
		r = io.LimitReader(r, int64(limits.Bytes)+1)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	return DecodeJSONLimits(data, limits)
}

// LoadsJSON is json.loads: errors have Python's class and text. The values
// share the memory of data.
func LoadsJSON[T ~string | ~[]byte](data T) (Value, error) {
	p := jsonParser{s: sharedString(data), depth: maxDepth}
	return p.document()
}

// sharedString views bytes as a string without a copy.
func sharedString[T ~string | ~[]byte](data T) string {
	switch d := any(data).(type) {
	case string:
		return d
	case []byte:
		return unsafe.String(unsafe.SliceData(d), len(d))
	}
	return string(data)
}

type jsonParser struct {
	s     string
	i     int
	depth int  // levels left
	wire  bool // canonical JSON: tagged objects, no NaN
}

// fail is json.JSONDecodeError: the position counts code points.
func (p *jsonParser) fail(msg string, pos int) error {
	pos = min(pos, len(p.s))
	head := p.s[:pos]
	line := strings.Count(head, "\n") + 1
	char := runeCount(head)
	col := char + 1
	if nl := strings.LastIndexByte(head, '\n'); nl >= 0 {
		col = runeCount(head[nl+1:]) + 1
	}
	return &Error{Class: "JSONDecodeError", Msg: fmt.Sprintf("%s: line %d column %d (char %d)", msg, line, col, char)}
}

func (p *jsonParser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *jsonParser) document() (Value, error) {
	if strings.HasPrefix(p.s, "\ufeff") {
		return nil, p.fail("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0)
	}
	p.space()
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.i < len(p.s) {
		return nil, p.fail("Extra data", p.i)
	}
	return v, nil
}

func (p *jsonParser) value() (Value, error) {
	if p.i >= len(p.s) {
		return nil, p.fail("Expecting value", p.i)
	}
	switch c := p.s[p.i]; c {
	case '"':
		p.i++
		s, err := p.str()
		return Str(s), err
	case '{':
		return p.object()
	case '[':
		return p.array()
	case 't':
		return p.word("true", True)
	case 'f':
		return p.word("false", False)
	case 'n':
		return p.word("null", None)
	case 'N':
		if !p.wire {
			return p.word("NaN", Float(math.NaN()))
		}
	case 'I':
		if !p.wire {
			return p.word("Infinity", Float(math.Inf(1)))
		}
	default:
		if c == '-' && !p.wire && strings.HasPrefix(p.s[p.i:], "-Infinity") {
			return p.word("-Infinity", Float(math.Inf(-1)))
		}
		if c == '-' || c >= '0' && c <= '9' {
			return p.number()
		}
	}
	return nil, p.fail("Expecting value", p.i)
}

func (p *jsonParser) word(w string, v Value) (Value, error) {
	if !strings.HasPrefix(p.s[p.i:], w) {
		return nil, p.fail("Expecting value", p.i)
	}
	p.i += len(w)
	return v, nil
}

func (p *jsonParser) number() (Value, error) {
	s, start := p.s, p.i
	i := start
	if s[i] == '-' {
		i++
	}
	digits := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
		if s[digits] == '0' {
			break
		}
	}
	if i == digits {
		return nil, p.fail("Expecting value", start)
	}
	isFloat := false
	if j := i + 1; j < len(s) && s[i] == '.' && isDigit(s[j]) {
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		i, isFloat = j, true
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			i, isFloat = j, true
		}
	}
	p.i = i
	text := s[start:i]
	if isFloat {
		f, _ := strconv.ParseFloat(text, 64) // only ERANGE is possible: inf, as in Python
		return Float(f), nil
	}
	if len(text) <= 18 {
		n, _ := strconv.ParseInt(text, 10, 64)
		return Int(n), nil
	}
	return parseDecimal(text, i-digits)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// parseDecimal is int(text) for plain digits of that number.
func parseDecimal(text string, digits int) (Value, error) {
	if digits > maxIntDigits {
		return nil, ValueErrorf("Exceeds the limit (%d digits) for integer string conversion: value has %d digits; use sys.set_int_max_str_digits() to increase the limit", maxIntDigits, digits)
	}
	i, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return nil, ValueErrorf("invalid literal for int() with base 10: %s", Repr(Str(text)))
	}
	return NewInt(i), nil
}

// str reads the string whose opening quote is behind.
func (p *jsonParser) str() (string, error) {
	begin := p.i - 1
	start := p.i
	var buf []byte
	for {
		if p.i >= len(p.s) {
			return "", p.fail("Unterminated string starting at", begin)
		}
		switch c := p.s[p.i]; {
		case c == '"':
			chunk := p.s[start:p.i]
			p.i++
			if buf == nil {
				return chunk, nil
			}
			return string(append(buf, chunk...)), nil
		case c == '\\':
			buf = append(buf, p.s[start:p.i]...)
			var err error
			if buf, err = p.escape(buf, begin); err != nil {
				return "", err
			}
			start = p.i
		case c < ' ':
			return "", p.fail("Invalid control character at", p.i)
		default:
			p.i++
		}
	}
}

func (p *jsonParser) escape(buf []byte, begin int) ([]byte, error) {
	if p.i+1 >= len(p.s) {
		return nil, p.fail("Unterminated string starting at", begin)
	}
	if buf == nil {
		buf = []byte{}
	}
	c := p.s[p.i+1]
	p.i += 2
	switch c {
	case '"', '\\', '/':
		return append(buf, c), nil
	case 'b':
		return append(buf, '\b'), nil
	case 'f':
		return append(buf, '\f'), nil
	case 'n':
		return append(buf, '\n'), nil
	case 'r':
		return append(buf, '\r'), nil
	case 't':
		return append(buf, '\t'), nil
	case 'u':
		r, ok := hex4(p.s[p.i:])
		if !ok {
			return nil, p.fail("Invalid \\uXXXX escape", p.i-1)
		}
		p.i += 4
		if r >= 0xD800 && r < 0xDC00 && strings.HasPrefix(p.s[p.i:], `\u`) {
			if low, ok := hex4(p.s[p.i+2:]); ok && low >= 0xDC00 && low < 0xE000 {
				p.i += 6
				r = 0x10000 + (r-0xD800)<<10 + low - 0xDC00
			}
		}
		if isSurrogate(r) {
			return append(buf, encodeRune(r)...), nil
		}
		return utf8.AppendRune(buf, r), nil
	}
	return nil, p.fail("Invalid \\escape", p.i-2)
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case isDigit(c):
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (p *jsonParser) nest(what string) error {
	if p.depth <= 0 {
		return Errorf("RecursionError", "maximum recursion depth exceeded while decoding a JSON %s from a unicode string", what)
	}
	p.depth--
	p.i++
	p.space()
	return nil
}

func (p *jsonParser) array() (Value, error) {
	if err := p.nest("array"); err != nil {
		return nil, err
	}
	defer func() { p.depth++ }()
	l := &List{}
	if p.i < len(p.s) && p.s[p.i] == ']' {
		p.i++
		return l, nil
	}
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		l.Items = append(l.Items, v)
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ',' && p.s[p.i] != ']' {
			return nil, p.fail("Expecting ',' delimiter", p.i)
		}
		p.i++
		if p.s[p.i-1] == ']' {
			return l, nil
		}
		p.space()
	}
}

// key reads the string in front of a colon.
func (p *jsonParser) key() (string, error) {
	if p.i >= len(p.s) || p.s[p.i] != '"' {
		return "", p.fail("Expecting property name enclosed in double quotes", p.i)
	}
	p.i++
	return p.str()
}

func (p *jsonParser) object() (Value, error) {
	if err := p.nest("object"); err != nil {
		return nil, err
	}
	defer func() { p.depth++ }()
	d := &Dict{}
	if p.i < len(p.s) && p.s[p.i] == '}' {
		p.i++
		return d, nil
	}
	for {
		k, err := p.key()
		if err != nil {
			return nil, err
		}
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ':' {
			return nil, p.fail("Expecting ':' delimiter", p.i)
		}
		p.i++
		p.space()
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		d.SetStr(k, v)
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ',' && p.s[p.i] != '}' {
			return nil, p.fail("Expecting ',' delimiter", p.i)
		}
		p.i++
		if p.s[p.i-1] == '}' {
			if p.wire && d.live == 1 && strings.HasPrefix(k, "$") {
				return untag(d, k, v)
			}
			return d, nil
		}
		p.space()
	}
}

// untag turns an object of one "$..." key into what it stands for.
func untag(d *Dict, tag string, v Value) (Value, error) {
	bad := ValueErrorf("canonical JSON: %s with %s", tag, v.Type())
	switch tag {
	case "$float":
		switch v {
		case Str("inf"):
			return Float(math.Inf(1)), nil
		case Str("-inf"):
			return Float(math.Inf(-1)), nil
		case Str("nan"):
			return Float(math.NaN()), nil
		}
		return nil, bad
	case "$bytes":
		s, ok := v.(Str)
		if !ok {
			return nil, bad
		}
		b, err := base64.StdEncoding.DecodeString(string(s))
		if err != nil {
			return nil, ValueErrorf("canonical JSON: $bytes: %v", err)
		}
		return Bytes(b), nil
	case "$set":
		l, ok := v.(*List)
		if !ok {
			return nil, bad
		}
		for i, it := range l.Items {
			l.Items[i] = hashable(it)
		}
		return NewSet(l.Items...)
	case "$map":
		l, ok := v.(*List)
		if !ok {
			return nil, bad
		}
		m := &Dict{}
		for _, it := range l.Items {
			pair, ok := it.(*List)
			if !ok || len(pair.Items) != 2 {
				return nil, ValueErrorf("canonical JSON: $map with an item that is no pair")
			}
			if err := m.Set(hashable(pair.Items[0]), pair.Items[1]); err != nil {
				return nil, err
			}
		}
		return m, nil
	}
	return d, nil
}

// hashable turns what stands for a key back into one: on the wire a tuple is
// an array and a frozenset a set, and lists and sets are never keys.
func hashable(v Value) Value {
	switch v := v.(type) {
	case *List:
		t := make(Tuple, len(v.Items))
		for i, it := range v.Items {
			t[i] = hashable(it)
		}
		return t
	case *Set:
		return &Set{Frozen: true, d: v.d}
	}
	return v
}
