package py

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Repr is repr(v) for values whose __repr__ cannot raise; one that does gives
// the exception's text in angle brackets. Use ReprErr where that matters.
func Repr(v Value) string {
	s, err := ReprErr(v)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return s
}

// ToStr is str(v), with Repr's rule for exceptions.
func ToStr(v Value) string {
	s, err := StrErr(v)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return s
}

// StrErr is str(v).
func StrErr(v Value) (string, error) {
	switch v := v.(type) {
	case Str:
		return string(v), nil
	case Int:
		return strconv.FormatInt(int64(v), 10), nil
	case Stringer:
		return v.PyStr()
	}
	return ReprErr(v)
}

// ReprErr is repr(v).
func ReprErr(v Value) (string, error) {
	switch v := v.(type) {
	case NoneType:
		return "None", nil
	case Int:
		return strconv.FormatInt(int64(v), 10), nil
	case Bool:
		if v {
			return "True", nil
		}
		return "False", nil
	case Reprer:
		return v.PyRepr()
	}
	var p Printer
	if err := p.Repr(v); err != nil {
		return "", err
	}
	return string(p.buf), nil
}

// Ascii is ascii(v): the repr with every non-ASCII code point escaped.
func Ascii(v Value) (string, error) {
	s, err := ReprErr(v)
	if err != nil {
		return "", err
	}
	return asciiEscape(s), nil
}

func asciiEscape(s string) string {
	if isASCII(s) {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); {
		if s[i] < 0x80 {
			b = append(b, s[i])
			i++
			continue
		}
		r, n := decodeRune(s[i:])
		b = appendEscape(b, r, n, s[i])
		i += n
	}
	return string(b)
}

// Printer builds the repr of nested values. It knows which containers it is
// inside of, so that a container that holds itself prints as "[...]".
type Printer struct {
	buf   []byte
	stack []Value
	depth int
}

// PrinterReprer is __repr__ for a type that holds other values: it writes
// into p, which keeps cycles and depth under control.
type PrinterReprer interface{ ReprTo(p *Printer) error }

// WriteString appends s.
func (p *Printer) WriteString(s string) { p.buf = append(p.buf, s...) }

// String returns what was written.
func (p *Printer) String() string { return string(p.buf) }

// Enter notes that v is being printed; false means it is already (a cycle).
// Each Enter that returned true needs a Leave. v must be a reference type.
func (p *Printer) Enter(v Value) bool {
	for i := len(p.stack) - 1; i >= 0; i-- {
		if p.stack[i] == v {
			return false
		}
	}
	p.stack = append(p.stack, v)
	return true
}

// Leave ends the Enter of the same value.
func (p *Printer) Leave() { p.stack = p.stack[:len(p.stack)-1] }

// Repr appends repr(v).
func (p *Printer) Repr(v Value) error {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return Errorf("RecursionError", "maximum recursion depth exceeded while getting the repr of an object")
	}
	if len(p.buf) > maxBytes { // shared items could make it endless
		return memoryError()
	}
	switch v := v.(type) {
	case nil:
		p.WriteString("None")
	case NoneType:
		p.WriteString("None")
	case EllipsisType:
		p.WriteString("Ellipsis")
	case Bool:
		if v {
			p.WriteString("True")
		} else {
			p.WriteString("False")
		}
	case Int:
		p.buf = strconv.AppendInt(p.buf, int64(v), 10)
	case *Long:
		s, err := longText(v.v)
		if err != nil {
			return err
		}
		p.WriteString(s)
	case Float:
		p.buf = appendFloat(p.buf, float64(v))
	case Complex:
		p.buf = appendComplex(p.buf, complex128(v))
	case Str:
		p.buf = appendStrRepr(p.buf, string(v))
	case Bytes:
		p.buf = appendBytesRepr(p.buf, string(v))
	case *List:
		if len(v.Items) == 0 {
			p.WriteString("[]")
			return nil
		}
		if !p.Enter(v) {
			p.WriteString("[...]")
			return nil
		}
		defer p.Leave()
		return p.items("[", v.Items, "]")
	case Tuple:
		if len(v) == 1 {
			return p.items("(", v, ",)")
		}
		return p.items("(", v, ")")
	case *Dict:
		return p.dict(v)
	case *Set:
		return p.set(v)
	case PrinterReprer:
		return v.ReprTo(p)
	case Reprer:
		s, err := v.PyRepr()
		if err != nil {
			return err
		}
		p.WriteString(s)
	default:
		p.WriteString("<" + TypeName(v) + " object>")
	}
	return nil
}

func (p *Printer) items(open string, items []Value, end string) error {
	p.WriteString(open)
	for i, it := range items {
		if i > 0 {
			p.WriteString(", ")
		}
		if err := p.Repr(it); err != nil {
			return err
		}
	}
	p.WriteString(end)
	return nil
}

func (p *Printer) dict(d *Dict) error {
	if d.Ordered {
		return p.orderedDict(d)
	}
	if d.Len() == 0 {
		p.WriteString("{}")
		return nil
	}
	if !p.Enter(d) {
		p.WriteString("{...}")
		return nil
	}
	defer p.Leave()
	p.WriteString("{")
	first := true
	for k, v := range d.All() {
		if !first {
			p.WriteString(", ")
		}
		first = false
		if err := p.Repr(k); err != nil {
			return err
		}
		p.WriteString(": ")
		if err := p.Repr(v); err != nil {
			return err
		}
	}
	p.WriteString("}")
	return nil
}

func (p *Printer) orderedDict(d *Dict) error {
	if d.Len() == 0 {
		p.WriteString("OrderedDict()")
		return nil
	}
	if !p.Enter(d) {
		p.WriteString("...")
		return nil
	}
	defer p.Leave()
	p.depth += 2 // CPython prints a list of tuples
	defer func() { p.depth -= 2 }()
	p.WriteString("OrderedDict([")
	first := true
	for k, v := range d.All() {
		if !first {
			p.WriteString(", ")
		}
		first = false
		p.WriteString("(")
		if err := p.Repr(k); err != nil {
			return err
		}
		p.WriteString(", ")
		if err := p.Repr(v); err != nil {
			return err
		}
		p.WriteString(")")
	}
	p.WriteString("])")
	return nil
}

func (p *Printer) set(s *Set) error {
	name := ""
	if s.Frozen {
		name = "frozenset"
	}
	if s.Len() == 0 {
		p.WriteString(s.Type() + "()")
		return nil
	}
	if !p.Enter(s) {
		p.WriteString(s.Type() + "(...)")
		return nil
	}
	defer p.Leave()
	if name == "" {
		return p.items("{", s.Items(), "}")
	}
	return p.items(name+"({", s.Items(), "})")
}

// maxIntDigits is sys.int_info.default_max_str_digits.
const maxIntDigits = 4300

// longText is str() of a big int, which CPython refuses beyond 4300 digits.
func longText(i *big.Int) (string, error) {
	// 3.3 bits per digit: below 14000 bits it always fits.
	if i.BitLen() > 14000 {
		if i.BitLen() > 14400 || len(strings.TrimPrefix(i.String(), "-")) > maxIntDigits {
			return "", ValueErrorf("Exceeds the limit (%d digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit", maxIntDigits)
		}
	}
	return i.String(), nil
}

// FloatRepr is repr of a float: the shortest text that reads back the same.
func FloatRepr(f float64) string { return string(appendFloat(nil, f)) }

func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "nan"...)
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	n := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	for _, c := range b[n:] {
		if c == '.' {
			return b
		}
	}
	return append(b, '.', '0')
}

func appendStrRepr(b []byte, s string) []byte {
	quote := byte('\'')
	plain := true
	single, double := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			single = true
		case c == '"':
			double = true
		case c < ' ' || c >= 0x7f || c == '\\':
			plain = false
		}
	}
	if single && !double {
		quote = '"'
	}
	b = append(b, quote)
	if plain && (!single || quote == '"') {
		b = append(b, s...)
		return append(b, quote)
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x80 {
			r, n := decodeRune(s[i:])
			if (r != 0xFFFD || n > 1) && isPrintable(r) {
				b = append(b, s[i:i+n]...)
			} else {
				b = appendEscape(b, r, n, c)
			}
			i += n
			continue
		}
		b = appendASCIIRepr(b, c, quote)
		i++
	}
	return append(b, quote)
}

func appendASCIIRepr(b []byte, c, quote byte) []byte {
	switch {
	case c == quote || c == '\\':
		return append(b, '\\', c)
	case c == '\n':
		return append(b, '\\', 'n')
	case c == '\r':
		return append(b, '\\', 'r')
	case c == '\t':
		return append(b, '\\', 't')
	case c < ' ' || c == 0x7f:
		return append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(b, c)
}

const hexDigits = "0123456789abcdef"

// appendEscape writes \xNN, \uNNNN or \UNNNNNNNN. A byte that is no UTF-8
// (n is 1) is shown as the surrogate that Python's surrogateescape makes of it.
func appendEscape(b []byte, r rune, n int, first byte) []byte {
	if n == 1 && r == 0xFFFD {
		r = 0xDC00 + rune(first)
	}
	switch {
	case r < 0x100:
		b = append(b, '\\', 'x')
		return appendHex(b, r, 2)
	case r < 0x10000:
		b = append(b, '\\', 'u')
		return appendHex(b, r, 4)
	}
	b = append(b, '\\', 'U')
	return appendHex(b, r, 8)
}

func appendHex(b []byte, r rune, width int) []byte {
	for i := width - 1; i >= 0; i-- {
		b = append(b, hexDigits[r>>(4*i)&15])
	}
	return b
}

func appendBytesRepr(b []byte, s string) []byte {
	quote := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		quote = '"'
	}
	b = append(b, 'b', quote)
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 0x80 {
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = appendASCIIRepr(b, c, quote)
		}
	}
	return append(b, quote)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
