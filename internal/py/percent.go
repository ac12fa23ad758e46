package py

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"unicode/utf8"
)

// PercentFormat is format % args for a str.
func PercentFormat(format string, args Value) (string, error) {
	return percentFormat(format, args, false)
}

// PercentFormatBytes is format % args for bytes.
func PercentFormatBytes(format string, args Value) (string, error) {
	return percentFormat(format, args, true)
}

// percenter walks one format. A tuple gives its items in turn; any other value
// is one argument, and a mapping can be asked by key as well.
type percenter struct {
	out     []byte
	format  string
	pos     int
	bytes   bool
	mapping Value // set when %(key) may be used
	args    Value // the single argument
	tuple   Tuple
	isTuple bool
	next    int // arguments taken
}

func percentFormat(format string, args Value, isBytes bool) (string, error) {
	p := &percenter{format: format, args: args, bytes: isBytes}
	if t, ok := args.(Tuple); ok {
		p.tuple, p.isTuple = t, true
	} else if _, same := args.(Bytes); isMapping(args) && !(same && isBytes) {
		p.mapping = args
	}
	p.out = make([]byte, 0, len(format)+16)
	for p.pos < len(format) {
		i := strings.IndexByte(format[p.pos:], '%')
		if i < 0 {
			p.out = append(p.out, format[p.pos:]...)
			break
		}
		p.out = append(p.out, format[p.pos:p.pos+i]...)
		p.pos += i + 1
		if err := p.one(); err != nil {
			return "", err
		}
		if len(p.out) > maxBytes {
			return "", memoryError()
		}
	}
	if p.mapping == nil && p.left() > 0 {
		what := "string"
		if isBytes {
			what = "bytes"
		}
		return "", TypeErrorf("not all arguments converted during %s formatting", what)
	}
	return string(p.out), nil
}

// isMapping is PyMapping_Check but for str and tuple: whatever has [] on any key.
func isMapping(v Value) bool {
	switch v.(type) {
	case *Dict, *List, Bytes:
		return true
	case Str, Tuple, StrLike:
		return false
	case ItemGetter:
		return true
	}
	return false
}

func (p *percenter) left() int {
	if p.isTuple {
		return len(p.tuple) - p.next
	}
	return 1 - p.next
}

func (p *percenter) arg() (Value, error) {
	if p.left() <= 0 {
		return nil, TypeErrorf("not enough arguments for format string")
	}
	p.next++
	if p.isTuple {
		return p.tuple[p.next-1], nil
	}
	return p.args, nil
}

// percentSpec is one parsed %... directive.
type percentSpec struct {
	left, sign, blank, alt, zero bool
	width                        int
	prec                         int // -1 without
	conv                         rune
}

func (p *percenter) incomplete() error { return ValueErrorf("incomplete format") }

func (p *percenter) one() error {
	if p.pos < len(p.format) && p.format[p.pos] == '%' {
		p.out = append(p.out, '%')
		p.pos++
		return nil
	}
	s := percentSpec{prec: -1}
	if p.pos < len(p.format) && p.format[p.pos] == '(' {
		if err := p.key(); err != nil {
			return err
		}
	}
flags:
	for ; p.pos < len(p.format); p.pos++ {
		switch p.format[p.pos] {
		case '-':
			s.left = true
		case '+':
			s.sign = true
		case ' ':
			s.blank = true
		case '#':
			s.alt = true
		case '0':
			s.zero = true
		default:
			break flags
		}
	}
	var err error
	if s.width, err = p.count("width"); err != nil {
		return err
	}
	if s.width < 0 {
		s.left, s.width = true, -s.width
	}
	if p.pos < len(p.format) && p.format[p.pos] == '.' {
		p.pos++
		if s.prec, err = p.count("prec"); err != nil {
			return err
		}
		s.prec = max(s.prec, 0)
	}
	if s.width > maxBytes || s.prec > maxBytes {
		return memoryError()
	}
	if p.pos < len(p.format) && strings.IndexByte("hlL", p.format[p.pos]) >= 0 {
		p.pos++
	}
	if p.pos >= len(p.format) {
		return p.incomplete()
	}
	at := p.pos
	r, n := decodeRune(p.format[p.pos:])
	if p.bytes {
		r, n = rune(p.format[p.pos]), 1
	}
	s.conv = r
	p.pos += n
	arg, err := p.arg()
	if err != nil {
		return err
	}
	return p.convert(&s, arg, at)
}

// key handles %(name): the argument becomes the mapping's value.
func (p *percenter) key() error {
	if p.mapping == nil {
		return TypeErrorf("format requires a mapping")
	}
	start, depth := p.pos+1, 1
	i := start
	for ; i < len(p.format) && depth > 0; i++ {
		switch p.format[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
	}
	if depth > 0 {
		return ValueErrorf("incomplete format key")
	}
	var key Value = Str(p.format[start : i-1])
	if p.bytes {
		key = Bytes(p.format[start : i-1])
	}
	v, err := GetItem(p.mapping, key)
	if err != nil {
		return err
	}
	p.pos = i
	p.args, p.isTuple, p.next = v, false, 0
	return nil
}

// count reads a width or precision, a number or "*".
func (p *percenter) count(what string) (int, error) {
	if p.pos < len(p.format) && p.format[p.pos] == '*' {
		p.pos++
		v, err := p.arg()
		if err != nil {
			return 0, err
		}
		switch v := v.(type) {
		case Int, Bool:
			n, _ := AsInt(v)
			if n > math.MaxInt32 || n < math.MinInt32 && what == "prec" {
				return 0, Errorf("OverflowError", "Python int too large to convert to C %s", map[string]string{"width": "ssize_t", "prec": "int"}[what])
			}
			return int(n), nil
		case *Long:
			return 0, Errorf("OverflowError", "Python int too large to convert to C %s", map[string]string{"width": "ssize_t", "prec": "int"}[what])
		}
		return 0, TypeErrorf("* wants int")
	}
	n := 0
	for ; p.pos < len(p.format); p.pos++ {
		c := p.format[p.pos]
		if c < '0' || c > '9' {
			break
		}
		if n > (math.MaxInt-9)/10 {
			return 0, ValueErrorf("width too big")
		}
		n = n*10 + int(c-'0')
		if what == "prec" && n > math.MaxInt32 {
			return 0, ValueErrorf("precision too big")
		}
	}
	return n, nil
}

func (p *percenter) convert(s *percentSpec, arg Value, at int) error {
	switch s.conv {
	case 's', 'r', 'a', 'b':
		if s.conv == 'b' && !p.bytes {
			break
		}
		text, err := p.text(s.conv, arg)
		if err != nil {
			return err
		}
		if s.prec >= 0 {
			if p.bytes {
				text = text[:min(len(text), s.prec)]
			} else {
				text = text[:runeOffset(text, s.prec)]
			}
		}
		p.pad(s, text)
		return nil
	case 'c':
		text, err := p.char(arg)
		if err != nil {
			return err
		}
		p.pad(s, text)
		return nil
	case 'd', 'i', 'u', 'o', 'x', 'X':
		return p.integer(s, arg)
	case 'e', 'E', 'f', 'F', 'g', 'G':
		return p.float(s, arg)
	}
	index := at
	if !p.bytes {
		index = runeCount(p.format[:at])
	}
	c := string(s.conv)
	if s.conv < ' ' || s.conv > '~' {
		if !p.bytes {
			c = "?"
		}
	}
	return ValueErrorf("unsupported format character '%s' (0x%x) at index %d", c, s.conv, index)
}

func (p *percenter) text(conv rune, arg Value) (string, error) {
	switch {
	case conv == 'a' || p.bytes && conv == 'r':
		return Ascii(arg)
	case p.bytes:
		if b, ok := arg.(Bytes); ok {
			return string(b), nil
		}
		return "", TypeErrorf("%%b requires a bytes-like object, or an object that implements __bytes__, not '%s'", TypeName(arg))
	case conv == 'r':
		return ReprErr(arg)
	}
	return StrErr(arg)
}

func (p *percenter) char(arg Value) (string, error) {
	if p.bytes {
		if b, ok := arg.(Bytes); ok && len(b) == 1 {
			return string(b), nil
		}
		n, ok := AsInt(arg)
		if _, long := arg.(*Long); long {
			n, ok = -1, true
		}
		if !ok {
			return "", TypeErrorf("%%c requires an integer in range(256) or a single byte")
		}
		if n < 0 || n > 255 {
			return "", Errorf("OverflowError", "%%c arg not in range(256)")
		}
		return string([]byte{byte(n)}), nil
	}
	if s, ok := asStr(arg); ok {
		if runeCount(s) != 1 {
			return "", TypeErrorf("%%c requires int or char")
		}
		return s, nil
	}
	n, ok := AsInt(arg)
	if !ok {
		if _, long := arg.(*Long); !long {
			return "", TypeErrorf("%%c requires int or char")
		}
		n = -1
	}
	if n < 0 || n > utf8.MaxRune {
		return "", Errorf("OverflowError", "%%c arg not in range(0x110000)")
	}
	return encodeRune(rune(n)), nil
}

// encodeRune is chr(r): surrogates too.
func encodeRune(r rune) string {
	if r >= 0xD800 && r < 0xE000 {
		return string([]byte{0xE0 | byte(r>>12), 0x80 | byte(r>>6)&0x3F, 0x80 | byte(r)&0x3F})
	}
	return string(r)
}

func (p *percenter) integer(s *percentSpec, arg Value) error {
	n := arg
	switch v := arg.(type) {
	case Int, Bool, *Long:
	case Float:
		if s.conv == 'x' || s.conv == 'X' || s.conv == 'o' {
			return TypeErrorf("%%%c format: an integer is required, not float", s.conv)
		}
		i, err := FloatToInt(float64(v))
		if err != nil {
			return err
		}
		n = i
	default:
		if s.conv == 'x' || s.conv == 'X' || s.conv == 'o' {
			return TypeErrorf("%%%c format: an integer is required, not %s", s.conv, TypeName(arg))
		}
		if v, ok := arg.(Inter); ok {
			i, err := v.ToInt()
			if err == nil {
				n = i
				break
			}
			var pe *Error
			if !errors.As(err, &pe) || pe.Class != "TypeError" {
				return err
			}
		}
		if s.conv == 'i' && p.bytes {
			s.conv = 'd'
		}
		return TypeErrorf("%%%c format: a real number is required, not %s", s.conv, TypeName(arg))
	}
	base, prefix := 10, ""
	switch s.conv {
	case 'o':
		base, prefix = 8, "0o"
	case 'x':
		base, prefix = 16, "0x"
	case 'X':
		base, prefix = 16, "0X"
	}
	digits, neg, err := intDigits(n, base)
	if err != nil {
		return err
	}
	if s.conv == 'X' {
		digits = strings.ToUpper(digits)
	}
	if !s.alt {
		prefix = ""
	}
	if s.prec > len(digits) {
		digits = strings.Repeat("0", s.prec-len(digits)) + digits
	}
	p.number(s, neg, prefix, digits)
	return nil
}

func (p *percenter) float(s *percentSpec, arg Value) error {
	f, ok, err := floatOf(arg)
	if err != nil {
		return err
	}
	if !ok {
		if p.bytes {
			return TypeErrorf("float argument required, not %s", TypeName(arg))
		}
		return TypeErrorf("must be real number, not %s", TypeName(arg))
	}
	prec := s.prec
	if prec < 0 {
		prec = 6
	}
	text := formatFloat(math.Abs(f), byte(s.conv), prec, s.alt)
	p.number(s, math.Signbit(f) && f == f, "", text)
	return nil
}

// floatOf is asFloat, and __float__ of an object that has it.
func floatOf(v Value) (f float64, ok bool, err error) {
	if o, has := v.(Floater); has {
		x, err := o.ToFloat()
		if err != nil {
			return 0, false, err
		}
		v = x
	}
	return asFloat(v)
}

// number writes sign, prefix and digits with the padding between where '0' asks for it.
func (p *percenter) number(s *percentSpec, neg bool, prefix, digits string) {
	sign := ""
	switch {
	case neg:
		sign = "-"
	case s.sign:
		sign = "+"
	case s.blank:
		sign = " "
	}
	fill := s.width - len(sign) - len(prefix) - len(digits)
	if s.zero && !s.left && fill > 0 {
		digits = strings.Repeat("0", fill) + digits
	}
	p.pad(s, sign+prefix+digits)
}

func (p *percenter) pad(s *percentSpec, text string) {
	fill := 0
	if s.width > 0 {
		n := len(text)
		if !p.bytes {
			n = runeCount(text)
		}
		fill = max(0, s.width-n)
	}
	if !s.left {
		p.out = appendRepeat(p.out, " ", fill)
	}
	p.out = append(p.out, text...)
	if s.left {
		p.out = appendRepeat(p.out, " ", fill)
	}
}

func appendRepeat(b []byte, s string, n int) []byte {
	if n <= 0 {
		return b
	}
	return append(b, strings.Repeat(s, n)...)
}

// intDigits returns the digits of an int without sign.
func intDigits(v Value, base int) (digits string, neg bool, err error) {
	var i *big.Int
	if n, ok := AsInt(v); ok && base == 10 && n != math.MinInt64 {
		if n < 0 {
			s, _ := StrErr(Int(-n)) // an Int cannot raise
			return s, true, nil
		}
		s, _ := StrErr(Int(n))
		return s, false, nil
	}
	i = bigOf(v)
	neg = i.Sign() < 0
	abs := new(big.Int).Abs(i)
	if base == 10 {
		digits, err = longText(abs)
		return digits, neg, err
	}
	return abs.Text(base), neg, nil
}

// FloatToInt is int(f): the value without its fraction.
func FloatToInt(f float64) (Value, error) {
	switch {
	case math.IsNaN(f):
		return nil, ValueErrorf("cannot convert float NaN to integer")
	case math.IsInf(f, 0):
		return nil, Errorf("OverflowError", "cannot convert float infinity to integer")
	case math.Abs(f) < 1<<62:
		return Int(int64(f)), nil
	}
	i, _ := big.NewFloat(f).Int(nil)
	return NewInt(i), nil
}
