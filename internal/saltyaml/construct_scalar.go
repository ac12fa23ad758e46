package saltyaml

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"pinch/internal/py"
)

const recursionText = "maximum recursion depth exceeded"

// scalar returns a node's text. A mapping with a key of tag value (`=`)
// stands for that key's scalar. Salt drops the leading zeros of an integer
// here, for good: the node itself changes.
func (c *constructor) scalar(n *node) (string, error) {
	for range maxDepth {
		switch n.kind {
		case scalarNode:
			if n.tag == tagInt && c.dialect != plainDialect && n.value != "0" && strings.HasPrefix(n.value, "0") &&
				!strings.HasPrefix(n.value, "0b") && !strings.HasPrefix(n.value, "0x") {
				n.value = strings.TrimLeft(n.value, "0")
				if n.value == "" {
					n.value = "0"
				}
			}
			return n.value, nil
		case mappingNode:
			next := (*node)(nil)
			for i := 0; i < len(n.items); i += 2 {
				if n.items[i].tag == tagValue {
					next = n.items[i+1]
					break
				}
			}
			if next != nil {
				n = next
				continue
			}
		}
		return "", c.fail("expected a scalar node, but found "+n.kind.String(), n)
	}
	return "", newPlain("RecursionError", recursionText, &n.start)
}

func (c *constructor) boolean(n *node) (py.Value, error) {
	s, err := c.scalar(n)
	if err != nil {
		return nil, err
	}
	switch low := strings.ToLower(s); low {
	case "yes", "true", "on":
		return py.True, nil
	case "no", "false", "off":
		return py.False, nil
	default:
		return nil, newPlain("KeyError", py.Repr(py.Str(low)), &n.start)
	}
}

// sign takes a sign off a number without its underscores. An empty text is
// Python's IndexError, which the loader lets escape.
func sign(n *node, s string) (negative bool, rest string, err error) {
	s = strings.ReplaceAll(s, "_", "")
	if s == "" {
		return false, "", newPlain("IndexError", "string index out of range", &n.start)
	}
	if s[0] == '-' || s[0] == '+' {
		return s[0] == '-', s[1:], nil
	}
	return false, s, nil
}

func (c *constructor) integer(n *node) (py.Value, error) {
	if n.kind != scalarNode && c.dialect != plainDialect { // Salt looks at the text of every int
		return nil, newPlain("AttributeError", "'list' object has no attribute 'startswith'", &n.start)
	}
	s, err := c.scalar(n)
	if err != nil {
		return nil, err
	}
	if len(s) < 18 && s != "" && s[0] != '0' && span(s, isDigit) == len(s) {
		i, err := strconv.ParseInt(s, 10, 64)
		return py.Int(i), err
	}
	negative, s, err := sign(n, s)
	if err != nil {
		return nil, err
	}
	i := new(big.Int)
	switch {
	case s == "":
		return nil, newPlain("IndexError", "string index out of range", &n.start)
	case s == "0":
		return py.Int(0), nil
	case strings.HasPrefix(s, "0b"):
		i, err = parseInt(s[2:], 2)
	case strings.HasPrefix(s, "0x"):
		i, err = parseInt(s[2:], 16)
	case s[0] == '0':
		i, err = parseInt(s, 8)
	case strings.Contains(s, ":"):
		sixty := big.NewInt(60)
		for part := range strings.SplitSeq(s, ":") {
			var digit *big.Int
			if digit, err = parseInt(part, 10); err != nil {
				break
			}
			i.Mul(i, sixty)
			i.Add(i, digit)
		}
	default:
		i, err = parseInt(s, 10)
	}
	if err != nil {
		return nil, newPlain("ValueError", err.Error(), &n.start)
	}
	if negative {
		i.Neg(i)
	}
	return py.NewInt(i), nil
}

// maxIntDigits is sys.int_info.default_max_str_digits.
const maxIntDigits = 4300

// parseInt is int(text, base): blanks around, a sign, single underscores
// between digits and any Unicode digits are fine; so is the base's prefix.
func parseInt(text string, base int) (*big.Int, error) {
	bad := fmt.Errorf("invalid literal for int() with base %d: %s", base, py.Repr(py.Str(text)))
	s := strings.TrimFunc(text, unicode.IsSpace)
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	if len(s) > 1 && s[0] == '0' && base != 10 && strings.EqualFold(s[1:2], map[int]string{2: "b", 8: "o", 16: "x"}[base]) {
		s = strings.TrimPrefix(s[2:], "_")
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '_' && i > 0 && i+1 < len(s) && s[i+1] != '_':
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case unicode.Is(unicode.Nd, r):
			b.WriteByte('0' + decimal(r))
		default:
			return nil, bad
		}
	}
	s = b.String()
	if s == "" || s[0] == '-' || s[0] == '+' {
		return nil, bad
	}
	if base == 10 && len(s) > maxIntDigits && span(s, isDigit) == len(s) {
		return nil, fmt.Errorf("Exceeds the limit (%d digits) for integer string conversion: value has %d digits; "+
			"use sys.set_int_max_str_digits() to increase the limit", maxIntDigits, len(s)) //nolint:staticcheck // Python's text
	}
	i, ok := new(big.Int).SetString(s, base)
	if !ok {
		return nil, bad
	}
	if negative {
		i.Neg(i)
	}
	return i, nil
}

// decimal returns the value of a decimal digit of any script: they stand in
// runs of ten.
func decimal(r rune) byte {
	n := byte(0)
	for n < 9 && unicode.Is(unicode.Nd, r-rune(n)-1) {
		n++
	}
	return n
}

func (c *constructor) float(n *node) (py.Value, error) {
	s, err := c.scalar(n)
	if err != nil {
		return nil, err
	}
	negative, s, err := sign(n, strings.ToLower(s))
	if err != nil {
		return nil, err
	}
	var f float64
	switch {
	case s == ".inf":
		f = math.Inf(1)
	case s == ".nan":
		return py.Float(math.NaN()), nil
	case strings.Contains(s, ":"):
		var digits []float64
		for part := range strings.SplitSeq(s, ":") {
			digit, err := parseFloat(part)
			if err != nil {
				return nil, newPlain("ValueError", err.Error(), &n.start)
			}
			digits = append(digits, digit)
		}
		base := 1.0
		for i := len(digits) - 1; i >= 0; i-- {
			f += digits[i] * base
			base *= 60
		}
	default:
		if f, err = parseFloat(s); err != nil {
			return nil, newPlain("ValueError", err.Error(), &n.start)
		}
	}
	if negative {
		f = -f
	}
	return py.Float(f), nil
}

// parseFloat is float(text) for a text in lower case without underscores.
func parseFloat(text string) (float64, error) {
	s := strings.TrimFunc(text, unicode.IsSpace)
	if !strings.ContainsAny(s, "xp") {
		f, err := strconv.ParseFloat(s, 64)
		if err == nil || math.IsInf(f, 0) {
			return f, nil
		}
	}
	return 0, fmt.Errorf("could not convert string to float: %s", py.Repr(py.Str(text)))
}

// binary decodes !!binary. Like Python it skips characters outside the
// alphabet; Salt supplies missing padding.
func (c *constructor) binary(n *node) (py.Value, error) {
	s, err := c.scalar(n)
	if err != nil {
		return nil, err
	}
	at := 0
	for _, r := range s {
		if r >= utf8.RuneSelf {
			return nil, c.fail("failed to convert base64 data into ascii: "+asciiError(s, at), n)
		}
		at++
	}
	if missing := len(s) % 4; missing > 0 && c.dialect != plainDialect {
		s += "===="[missing:]
	}
	data, problem := decodeBase64(s)
	if problem != "" {
		return nil, c.fail("failed to decode base64 data: "+problem, n)
	}
	return py.Bytes(data), nil
}

// asciiError is the text of the UnicodeEncodeError for the character at
// position at and the others that follow it directly.
func asciiError(s string, at int) string {
	runes := []rune(s)
	end := at
	for end < len(runes) && runes[end] >= utf8.RuneSelf {
		end++
	}
	if end-at > 1 {
		return fmt.Sprintf("'ascii' codec can't encode characters in position %d-%d: ordinal not in range(128)", at, end-1)
	}
	r := runes[at]
	shown := fmt.Sprintf(`\U%08x`, r)
	switch {
	case r < 0x100:
		shown = fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		shown = fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf("'ascii' codec can't encode character '%s' in position %d: ordinal not in range(128)", shown, at)
}

// decodeBase64 is binascii.a2b_base64; problem is its error's text.
func decodeBase64(s string) (data []byte, problem string) {
	digits := make([]byte, 0, len(s))
	pads := 0
	for i := range len(s) {
		c := s[i]
		if c == '=' {
			if pos := len(digits) % 4; pos >= 2 {
				if pads++; pos+pads >= 4 {
					break
				}
			}
			continue
		}
		if isAlpha(c) && c != '-' && c != '_' || c == '+' || c == '/' {
			digits = append(digits, c)
			pads = 0
		}
	}
	switch rest := len(digits) % 4; {
	case rest == 1:
		return nil, fmt.Sprintf("Invalid base64-encoded string: number of data characters (%d) "+
			"cannot be 1 more than a multiple of 4", len(digits))
	case rest > 0 && rest+pads < 4:
		return nil, "Incorrect padding"
	}
	data, err := base64.RawStdEncoding.DecodeString(string(digits))
	if err != nil {
		return nil, err.Error()
	}
	return data, ""
}

// timestamp keeps a date as text, as Salt does.
func (c *constructor) timestamp(n *node) (py.Value, error) {
	s, err := c.scalar(n)
	if err != nil || c.dialect != plainDialect {
		return py.Str(s), err
	}
	return c.date(n, strings.TrimSuffix(s, "\n"))
}
