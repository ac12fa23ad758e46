package saltyaml

import "strings"

// The tags of YAML 1.1 that PyYAML's safe loader knows.
const (
	tagPrefix    = "tag:yaml.org,2002:"
	tagNull      = tagPrefix + "null"
	tagBool      = tagPrefix + "bool"
	tagInt       = tagPrefix + "int"
	tagFloat     = tagPrefix + "float"
	tagStr       = tagPrefix + "str"
	tagSeq       = tagPrefix + "seq"
	tagMap       = tagPrefix + "map"
	tagSet       = tagPrefix + "set"
	tagOmap      = tagPrefix + "omap"
	tagPairs     = tagPrefix + "pairs"
	tagBinary    = tagPrefix + "binary"
	tagMerge     = tagPrefix + "merge"
	tagValue     = tagPrefix + "value"
	tagTimestamp = tagPrefix + "timestamp"
	tagYAML      = tagPrefix + "yaml"
	tagUnicode   = tagPrefix + "python/unicode"
)

// resolve returns the tag of a plain scalar by PyYAML's implicit resolvers:
// YAML 1.1 without the one-letter booleans.
func resolve(value string) string {
	if value == "" {
		return tagNull
	}
	c := value[0]
	// Python's `$` also matches before a line break at the end.
	v := strings.TrimSuffix(value, "\n")
	switch c {
	case 'y', 'Y', 't', 'T', 'f', 'F', 'o', 'O', 'n', 'N':
		switch v {
		case "yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE",
			"false", "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF":
			return tagBool
		case "null", "Null", "NULL":
			return tagNull
		}
	case '-', '+', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		switch {
		case isFloat(v):
			return tagFloat
		case c == '.':
		case isInt(v):
			return tagInt
		case isTimestamp(v):
			return tagTimestamp
		}
	case '~':
		if v == "~" {
			return tagNull
		}
	case '<':
		if v == "<<" {
			return tagMerge
		}
	case '=':
		if v == "=" {
			return tagValue
		}
	case '!', '&', '*':
		if len(v) == 1 {
			return tagYAML
		}
	}
	return tagStr
}

func span(s string, in func(byte) bool) int {
	i := 0
	for i < len(s) && in(s[i]) {
		i++
	}
	return i
}

func digitOrUnder(c byte) bool { return isDigit(c) || c == '_' }

// isFloat matches PyYAML's float pattern: an exponent needs its sign, and
// before a leading dot only the infinities take one.
func isFloat(s string) bool {
	switch s {
	case ".nan", ".NaN", ".NAN":
		return true
	}
	signed := s != "" && (s[0] == '-' || s[0] == '+')
	if signed {
		s = s[1:]
	}
	switch s {
	case ".inf", ".Inf", ".INF":
		return true
	case "":
		return false
	}
	if s[0] == '.' {
		if signed || len(s) < 2 || !isDigit(s[1]) {
			return false
		}
		s = s[1:]
		return isExponent(s[span(s, digitOrUnder):])
	}
	if !isDigit(s[0]) {
		return false
	}
	s = s[span(s, digitOrUnder):]
	if strings.HasPrefix(s, ":") {
		rest, ok := sexagesimal(s)
		return ok && strings.HasPrefix(rest, ".") && span(rest[1:], digitOrUnder) == len(rest)-1
	}
	if !strings.HasPrefix(s, ".") {
		return false
	}
	s = s[1:]
	return isExponent(s[span(s, digitOrUnder):])
}

func isExponent(s string) bool {
	if s == "" {
		return true
	}
	return len(s) >= 3 && (s[0] == 'e' || s[0] == 'E') && (s[1] == '+' || s[1] == '-') &&
		span(s[2:], isDigit) == len(s)-2
}

// sexagesimal reads `:59` groups and returns what follows them.
func sexagesimal(s string) (rest string, ok bool) {
	for strings.HasPrefix(s, ":") {
		n := span(s[1:], isDigit)
		if n == 0 || n > 2 || n == 2 && s[1] > '5' {
			return s, false
		}
		s, ok = s[1+n:], true
	}
	return s, ok
}

// isInt matches PyYAML's int pattern. It lets "0b_" and "0x_" pass, which
// then fail to convert, as in Salt.
func isInt(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	if s == "" || !isDigit(s[0]) {
		return false
	}
	if s[0] == '0' {
		rest := s[1:]
		switch {
		case rest == "":
			return true
		case rest[0] == 'b':
			return len(rest) > 1 && span(rest[1:], func(c byte) bool { return c == '0' || c == '1' || c == '_' }) == len(rest)-1
		case rest[0] == 'x':
			return len(rest) > 1 && span(rest[1:], func(c byte) bool { return hexValue(c) >= 0 || c == '_' }) == len(rest)-1
		}
		return span(rest, func(c byte) bool { return c >= '0' && c <= '7' || c == '_' }) == len(rest)
	}
	if n := span(s, digitOrUnder); n < len(s) {
		rest, ok := sexagesimal(s[n:])
		return ok && rest == ""
	}
	return true
}

// isTimestamp matches PyYAML's timestamp pattern.
func isTimestamp(s string) bool {
	year, s, ok := digits(s, 4, 4)
	if !ok || year == "" || !strings.HasPrefix(s, "-") {
		return false
	}
	month, s, ok := digits(s[1:], 1, 2)
	if !ok || !strings.HasPrefix(s, "-") {
		return false
	}
	day, s, ok := digits(s[1:], 1, 2)
	if !ok {
		return false
	}
	if s == "" {
		return len(month) == 2 && len(day) == 2
	}
	if s[0] == 'T' || s[0] == 't' {
		s = s[1:]
	} else if n := span(s, isBlank); n > 0 {
		s = s[n:]
	} else {
		return false
	}
	if _, s, ok = digits(s, 1, 2); !ok {
		return false
	}
	for range 2 {
		if !strings.HasPrefix(s, ":") {
			return false
		}
		if _, s, ok = digits(s[1:], 2, 2); !ok {
			return false
		}
	}
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		s = s[span(s, isDigit):]
	}
	if s == "" {
		return true
	}
	s = s[span(s, isBlank):]
	if s == "Z" {
		return true
	}
	if s == "" || s[0] != '+' && s[0] != '-' {
		return false
	}
	if _, s, ok = digits(s[1:], 1, 2); !ok {
		return false
	}
	if s == "" {
		return true
	}
	if s[0] != ':' {
		return false
	}
	_, s, ok = digits(s[1:], 2, 2)
	return ok && s == ""
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// digits takes between low and high digits off s.
func digits(s string, low, high int) (taken, rest string, ok bool) {
	n := span(s, isDigit)
	if n > high {
		n = high
	}
	return s[:n], s[n:], n >= low
}
