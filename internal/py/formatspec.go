package py

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// formatSpec is a parsed format specification:
// [[fill]align][sign][z][#][0][width][,_][.precision][type].
type formatSpec struct {
	fill     string
	align    byte // 0 when not given
	sign     byte // 0, '+', '-', ' '
	z, alt   bool
	width    int
	group    byte // 0, ',', '_'
	prec     int  // -1 without
	typ      rune
	zero     bool
	explicit bool // an alignment was given
}

// Formatter is __format__.
type Formatter interface {
	PyFormat(spec string) (string, error)
}

// Format is format(v, spec).
func Format(v Value, spec string) (string, error) {
	switch v := v.(type) {
	case Str:
		return FormatStr(v, string(v), spec)
	case Int, *Long:
		if spec == "" {
			return StrErr(v)
		}
		return formatInt(v, spec)
	case Bool:
		if spec == "" {
			return StrErr(v)
		}
		return formatInt(v, spec)
	case Float:
		return formatFloatSpec(v, spec)
	case Complex:
		return formatComplex(v, spec)
	case Formatter:
		return v.PyFormat(spec)
	}
	if spec != "" {
		return "", TypeErrorf("unsupported format string passed to %s.__format__", TypeName(v))
	}
	return StrErr(v)
}

func isAlign(c byte) bool { return c == '<' || c == '>' || c == '=' || c == '^' }

func parseFormatSpec(spec string, v Value, defaultType rune, defaultAlign byte) (*formatSpec, error) {
	f := &formatSpec{fill: " ", align: defaultAlign, prec: -1, typ: defaultType}
	s := spec
	if s != "" {
		_, n := decodeRune(s)
		switch {
		case len(s) > n && isAlign(s[n]):
			f.fill, f.align, f.explicit = s[:n], s[n], true
			s = s[n+1:]
		case isAlign(s[0]):
			f.align, f.explicit = s[0], true
			s = s[1:]
		}
	}
	fillGiven := f.explicit && len(spec) > 0 && !(len(spec) >= 1 && isAlign(spec[0]) && (len(spec) == 1 || !isAlign(spec[1])))
	if s != "" && (s[0] == '+' || s[0] == '-' || s[0] == ' ') {
		f.sign = s[0]
		s = s[1:]
	}
	if s != "" && s[0] == 'z' {
		f.z = true
		s = s[1:]
	}
	if s != "" && s[0] == '#' {
		f.alt = true
		s = s[1:]
	}
	if !fillGiven && s != "" && s[0] == '0' {
		f.fill, f.zero = "0", true
		if !f.explicit && defaultAlign == '>' {
			f.align = '='
		}
		s = s[1:]
	}
	var err error
	if f.width, s, err = formatCount(s); err != nil {
		return nil, err
	}
	f.width = max(f.width, 0)
	for s != "" && (s[0] == ',' || s[0] == '_') {
		if f.group != 0 {
			if f.group != s[0] {
				return nil, ValueErrorf("Cannot specify both ',' and '_'.")
			}
			break
		}
		f.group = s[0]
		s = s[1:]
	}
	if s != "" && s[0] == '.' {
		if f.prec, s, err = formatCount(s[1:]); err != nil {
			return nil, err
		}
		if f.prec < 0 {
			return nil, ValueErrorf("Format specifier missing precision")
		}
	}
	if s != "" {
		r, n := decodeRune(s)
		if len(s) > n {
			return nil, ValueErrorf("Invalid format specifier '%s' for object of type '%s'", spec, v.Type())
		}
		f.typ = r
	}
	if f.width > maxBytes || f.prec > maxBytes && f.prec <= math.MaxInt32 {
		return nil, memoryError()
	}
	return f, f.checkGroup()
}

func formatCount(s string) (int, string, error) {
	n := -1
	for s != "" {
		r, w := decodeRune(s)
		d := decimalValue(r)
		if d < 0 {
			break
		}
		n = max(n, 0)
		if n > (math.MaxInt-d)/10 {
			return 0, "", ValueErrorf("Too many decimal digits in format string")
		}
		n = n*10 + d
		s = s[w:]
	}
	return n, s, nil
}

func (f *formatSpec) checkGroup() error {
	if f.group == 0 {
		return nil
	}
	switch f.typ {
	case 'd', 'e', 'f', 'g', 'E', 'G', '%', 'F', 0:
		return nil
	case 'b', 'o', 'x', 'X':
		if f.group == '_' {
			return nil
		}
	}
	return ValueErrorf("Cannot specify '%c' with '%s'.", f.group, codeText(f.typ))
}

func codeText(r rune) string {
	if r > 32 && r < 128 {
		return string(r)
	}
	return `\x` + strconv.FormatInt(int64(r), 16)
}

func unknownCode(f *formatSpec, v Value) error {
	return ValueErrorf("Unknown format code '%s' for object of type '%s'", codeText(f.typ), v.Type())
}

// padded places text in the width by the alignment ('=' counts as right).
func (f *formatSpec) padded(text string) string {
	n := f.width - runeCount(text)
	if n <= 0 {
		return text
	}
	left := 0
	switch f.align {
	case '>', '=':
		left = n
	case '^':
		left = n / 2
	}
	return strings.Repeat(f.fill, left) + text + strings.Repeat(f.fill, n-left)
}

// FormatStr is str.__format__ of v, a str or an object of a class made from
// it, whose text is s.
func FormatStr(v Value, s, spec string) (string, error) {
	if spec == "" {
		return s, nil
	}
	f, err := parseFormatSpec(spec, v, 's', '<')
	if err != nil {
		return "", err
	}
	switch {
	case f.typ != 's':
		return "", unknownCode(f, v)
	case f.sign == ' ':
		return "", ValueErrorf("Space not allowed in string format specifier")
	case f.sign != 0:
		return "", ValueErrorf("Sign not allowed in string format specifier")
	case f.z:
		return "", ValueErrorf("Negative zero coercion (z) not allowed in string format specifier")
	case f.alt:
		return "", ValueErrorf("Alternate form (#) not allowed in string format specifier")
	case f.align == '=':
		return "", ValueErrorf("'=' alignment not allowed in string format specifier")
	}
	if f.prec >= 0 {
		s = s[:runeOffset(s, f.prec)]
	}
	return f.padded(s), nil
}

func formatInt(v Value, spec string) (string, error) {
	f, err := parseFormatSpec(spec, v, 'd', '>')
	if err != nil {
		return "", err
	}
	switch f.typ {
	case 'b', 'c', 'd', 'o', 'x', 'X', 'n':
	case 'e', 'E', 'f', 'F', 'g', 'G', '%':
		x, _, err := asFloat(v)
		if err != nil {
			return "", err
		}
		return f.float(x, v)
	default:
		return "", unknownCode(f, v)
	}
	if f.prec >= 0 {
		return "", ValueErrorf("Precision not allowed in integer format specifier")
	}
	if f.z {
		return "", ValueErrorf("Negative zero coercion (z) not allowed in integer format specifier")
	}
	if f.typ == 'c' {
		return f.char(v)
	}
	base, prefix := 10, ""
	switch f.typ {
	case 'b':
		base, prefix = 2, "0b"
	case 'o':
		base, prefix = 8, "0o"
	case 'x':
		base, prefix = 16, "0x"
	case 'X':
		base, prefix = 16, "0X"
	}
	digits, neg, err := intDigits(v, base)
	if err != nil {
		return "", err
	}
	if f.typ == 'X' {
		digits = strings.ToUpper(digits)
	}
	if !f.alt {
		prefix = ""
	}
	return f.number(neg, prefix, digits, ""), nil
}

func (f *formatSpec) char(v Value) (string, error) {
	if f.sign != 0 {
		return "", ValueErrorf("Sign not allowed with integer format specifier 'c'")
	}
	if f.alt {
		return "", ValueErrorf("Alternate form (#) not allowed with integer format specifier 'c'")
	}
	n, ok := AsInt(v)
	if !ok {
		return "", Errorf("OverflowError", "Python int too large to convert to C long")
	}
	if n < 0 || n > utf8.MaxRune {
		return "", Errorf("OverflowError", "%%c arg not in range(0x110000)")
	}
	return f.padded(encodeRune(rune(n))), nil
}

// number joins sign, prefix, grouped digits and the rest (point, fraction,
// exponent, percent sign) within the width.
func (f *formatSpec) number(neg bool, prefix, digits, rest string) string {
	sign := ""
	switch {
	case neg:
		sign = "-"
	case f.sign == '+' || f.sign == ' ':
		sign = string(f.sign)
	}
	minDigits := 0
	if f.align == '=' && f.fill == "0" {
		minDigits = f.width - len(sign) - len(prefix) - len(rest)
	}
	digits = f.grouped(digits, minDigits)
	if f.align != '=' {
		return f.padded(sign + prefix + digits + rest)
	}
	fill := max(0, f.width-len(sign)-len(prefix)-len(digits)-len(rest))
	return sign + prefix + strings.Repeat(f.fill, fill) + digits + rest
}

// grouped inserts the separators, and zeros in front until the text has at
// least width characters; a separator never comes first.
func (f *formatSpec) grouped(digits string, width int) string {
	if f.group == 0 {
		if n := width - len(digits); n > 0 {
			return strings.Repeat("0", n) + digits
		}
		return digits
	}
	size := 3
	switch f.typ {
	case 'b', 'o', 'x', 'X':
		size = 4
	}
	withSeparators := func(n int) int { return n + (n-1)/size }
	n := len(digits)
	if !strings.ContainsAny(digits, "in") { // inf and nan are not grouped
		for withSeparators(n) < width {
			n++
		}
	} else {
		return strings.Repeat("0", max(0, width-n)) + digits
	}
	digits = strings.Repeat("0", n-len(digits)) + digits
	b := make([]byte, 0, withSeparators(n))
	for i := range digits {
		if i > 0 && (n-i)%size == 0 {
			b = append(b, f.group)
		}
		b = append(b, digits[i])
	}
	return string(b)
}

func formatFloatSpec(v Float, spec string) (string, error) {
	if spec == "" {
		return FloatRepr(float64(v)), nil
	}
	f, err := parseFormatSpec(spec, v, 0, '>')
	if err != nil {
		return "", err
	}
	return f.float(float64(v), v)
}

func (f *formatSpec) float(x float64, v Value) (string, error) {
	if f.prec > math.MaxInt32 {
		return "", ValueErrorf("precision too big")
	}
	text, err := f.floatDigits(math.Abs(x), v)
	if err != nil {
		return "", err
	}
	neg := math.Signbit(x) && x == x
	if f.z && !strings.ContainsAny(text, "123456789inIN") {
		neg = false
	}
	i := 0
	for i < len(text) && (isDigit(text[i]) || text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z' && !isDigit(text[0])) {
		i++
	}
	return f.number(neg, "", text[:i], text[i:]), nil
}

func (f *formatSpec) floatDigits(x float64, v Value) (string, error) {
	prec := f.prec
	switch f.typ {
	case 0:
		return f.short(x), nil
	case 'n':
		if prec < 0 {
			prec = 6
		}
		return formatFloat(x, 'g', prec, f.alt), nil
	case '%':
		if prec < 0 {
			prec = 6
		}
		return formatFloat(x*100, 'f', prec, f.alt) + "%", nil
	case 'e', 'E', 'f', 'F', 'g', 'G':
		if prec < 0 {
			prec = 6
		}
		return formatFloat(x, byte(f.typ), prec, f.alt), nil
	}
	return "", unknownCode(f, v)
}

func (f *formatSpec) short(x float64) string {
	return formatShort(x, f.prec, f.alt)
}

func formatComplex(v Complex, spec string) (string, error) {
	if spec == "" {
		return ReprErr(v)
	}
	f, err := parseFormatSpec(spec, v, 0, '>')
	if err != nil {
		return "", err
	}
	switch f.typ {
	case 0, 'e', 'E', 'f', 'F', 'g', 'G', 'n':
	default:
		return "", unknownCode(f, v)
	}
	switch {
	case f.fill == "0":
		return "", ValueErrorf("Zero padding is not allowed in complex format specifier")
	case f.align == '=':
		return "", ValueErrorf("'=' alignment flag is not allowed in complex format specifier")
	}
	whole := &formatSpec{fill: f.fill, align: f.align, width: f.width}
	part := *f
	part.width = 0
	re0 := real(complex128(v))
	parens := f.typ == 0 && (re0 != 0 || math.Signbit(re0))
	if f.typ == 0 && f.prec >= 0 {
		part.typ = 'g'
	}
	if f.typ == 0 && !parens {
		im, err := part.float(imag(complex128(v)), v)
		return whole.padded(strings.TrimSuffix(im, ".0") + "j"), err
	}
	re, err := part.float(real(complex128(v)), v)
	if err != nil {
		return "", err
	}
	part.sign = '+'
	im, err := part.float(imag(complex128(v)), v)
	if err != nil {
		return "", err
	}
	if part.typ == 0 {
		re, im = strings.TrimSuffix(re, ".0"), strings.TrimSuffix(im, ".0")
	}
	text := re + im + "j"
	if parens {
		text = "(" + text + ")"
	}
	return whole.padded(text), nil
}
