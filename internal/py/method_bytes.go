package py

import (
	"context"
	"encoding/hex"
	"strings"
)

func bytesMethod(name string) method {
	if m := textMethod(textOps{bytes: true}, name); m != nil {
		return m
	}
	if fn := bytesMapping(name); fn != nil {
		return bytesNoArgs(name, func(s string) Value { return Bytes(fn(s)) })
	}
	if fn := bytesTest(name); fn != nil {
		return bytesNoArgs(name, func(s string) Value { return Bool(fn(s)) })
	}
	switch name {
	case "decode":
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			encoding, errors, err := codecArgs("decode", a)
			if err != nil {
				return nil, err
			}
			s, err := Decode(string(self.(Bytes)), encoding, errors)
			if err != nil {
				return nil, err
			}
			return Str(s), nil
		}
	case "hex":
		return bytesHex
	case "fromhex":
		return func(_ context.Context, _ Value, a *Args) (Value, error) { return bytesFromHex(a) }
	case "translate":
		return bytesTranslate
	case "maketrans":
		return func(_ context.Context, _ Value, a *Args) (Value, error) { return bytesMaketrans(a) }
	}
	return nil
}

func bytesNoArgs(name string, fn func(string) Value) method {
	return func(_ context.Context, self Value, a *Args) (Value, error) {
		if err := noArgs("bytes."+name, a); err != nil {
			return nil, err
		}
		return fn(string(self.(Bytes))), nil
	}
}

// mapBytes maps ASCII letters; first says where a word begins.
func mapBytes(s string, fn func(c byte, first bool) byte) string {
	b := []byte(s)
	first := true
	for i, c := range b {
		b[i] = fn(c, first)
		first = !asciiAlpha(c)
	}
	return string(b)
}

func asciiAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func asciiLower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func asciiUpper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c &^ 0x20
	}
	return c
}

func bytesMapping(name string) func(string) string {
	switch name {
	case "upper":
		return func(s string) string { return mapBytes(s, func(c byte, _ bool) byte { return asciiUpper(c) }) }
	case "lower":
		return func(s string) string { return mapBytes(s, func(c byte, _ bool) byte { return asciiLower(c) }) }
	case "swapcase":
		return func(s string) string {
			return mapBytes(s, func(c byte, _ bool) byte {
				if asciiAlpha(c) {
					return c ^ 0x20
				}
				return c
			})
		}
	case "title":
		return func(s string) string {
			return mapBytes(s, func(c byte, first bool) byte {
				if first {
					return asciiUpper(c)
				}
				return asciiLower(c)
			})
		}
	case "capitalize":
		return func(s string) string {
			if s == "" {
				return s
			}
			return string([]byte{asciiUpper(s[0])}) + mapBytes(s[1:], func(c byte, _ bool) byte { return asciiLower(c) })
		}
	}
	return nil
}

func bytesTest(name string) func(string) bool {
	all := func(is func(byte) bool) func(string) bool {
		return func(s string) bool {
			for i := range len(s) {
				if !is(s[i]) {
					return false
				}
			}
			return s != ""
		}
	}
	switch name {
	case "isalpha":
		return all(asciiAlpha)
	case "isdigit":
		return all(isDigit)
	case "isalnum":
		return all(func(c byte) bool { return asciiAlpha(c) || isDigit(c) })
	case "isspace":
		return all(func(c byte) bool { return textOps{bytes: true}.space(rune(c)) })
	case "isascii":
		return isASCII
	case "islower":
		return func(s string) bool { return latinCased(s, 'a', 'A') }
	case "isupper":
		return func(s string) bool { return latinCased(s, 'A', 'a') }
	case "istitle":
		return func(s string) bool { return isASCII(s) && isTitle(s) || !isASCII(s) && isTitle(asciiOnly(s)) }
	}
	return nil
}

// asciiOnly replaces other bytes by a space, which like them is not cased.
func asciiOnly(s string) string {
	return mapBytes(s, func(c byte, _ bool) byte {
		if c >= 0x80 {
			return ' '
		}
		return c
	})
}

// latinCased says that a letter from want on is there and none from other on.
func latinCased(s string, want, other byte) bool {
	seen := false
	for i := range len(s) {
		if c := s[i]; c >= other && c < other+26 {
			return false
		} else if c >= want && c < want+26 {
			seen = true
		}
	}
	return seen
}

func bytesHex(_ context.Context, self Value, a *Args) (Value, error) {
	out, err := kwArgs("hex", a, 0, "sep", "bytes_per_sep")
	if err != nil {
		return nil, err
	}
	text := hex.EncodeToString([]byte(self.(Bytes)))
	if out[0] == nil {
		return Str(text), nil
	}
	per := 1
	if out[1] != nil {
		if per, err = cInt(out[1]); err != nil {
			return nil, err
		}
	}
	n, err := Len(out[0])
	if err != nil {
		return nil, err
	}
	if n != 1 {
		return nil, ValueErrorf("sep must be length 1.")
	}
	sep, ok := asStr(out[0])
	if b, isBytes := out[0].(Bytes); isBytes {
		sep, ok = string(b), true
	}
	if !ok {
		return nil, TypeErrorf("sep must be str or bytes.")
	}
	if !isASCII(sep) {
		return nil, ValueErrorf("sep must be ASCII.")
	}
	if per == 0 {
		return Str(text), nil
	}
	n = len(text) / 2
	var b strings.Builder
	for i := range n {
		if i > 0 && (per > 0 && (n-i)%per == 0 || per < 0 && i%-per == 0) {
			b.WriteString(sep)
		}
		b.WriteString(text[2*i : 2*i+2])
	}
	return Str(b.String()), nil
}

func bytesFromHex(a *Args) (Value, error) {
	v, err := oneArg("bytes.fromhex", a)
	if err != nil {
		return nil, err
	}
	s, ok := asStr(v)
	if !ok {
		return nil, TypeErrorf("fromhex() argument must be str, not %s", argType(v))
	}
	var b []byte
	for i := 0; i < len(s); {
		if (textOps{bytes: true}).space(rune(s[i])) {
			i++
			continue
		}
		for j := i; j < i+2; j++ {
			if j >= len(s) || !isHexDigit(s[j]) {
				return nil, ValueErrorf("non-hexadecimal number found in fromhex() arg at position %d", min(j, len(s)))
			}
		}
		c, err := hex.DecodeString(s[i : i+2])
		if err != nil {
			return nil, ValueErrorf("non-hexadecimal number found in fromhex() arg at position %d", i)
		}
		b = append(b, c...)
		i += 2
	}
	return Bytes(b), nil
}

func isHexDigit(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func bytesMaketrans(a *Args) (Value, error) {
	if err := posArgs("bytes.maketrans", "maketrans", a, 2, 2); err != nil {
		return nil, err
	}
	var text [2]string
	for i, v := range a.Pos {
		b, ok := v.(Bytes)
		if !ok {
			return nil, bytesLike(v)
		}
		text[i] = string(b)
	}
	if len(text[0]) != len(text[1]) {
		return nil, ValueErrorf("maketrans arguments must have same length")
	}
	table := make([]byte, 256)
	for i := range table {
		table[i] = byte(i)
	}
	for i := range len(text[0]) {
		table[text[0][i]] = text[1][i]
	}
	return Bytes(table), nil
}

func bytesTranslate(_ context.Context, self Value, a *Args) (Value, error) {
	out, err := kwArgs("translate", a, 1, "", "delete")
	if err != nil {
		return nil, err
	}
	table, ok := out[0].(Bytes)
	if !ok && out[0] != None {
		return nil, bytesLike(out[0])
	}
	if ok && len(table) != 256 {
		return nil, ValueErrorf("translation table must be 256 characters long")
	}
	del := ""
	if out[1] != nil {
		d, isBytes := out[1].(Bytes)
		if !isBytes {
			return nil, bytesLike(out[1])
		}
		del = string(d)
	}
	s := string(self.(Bytes))
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if strings.IndexByte(del, s[i]) >= 0 {
			continue
		}
		if ok {
			b = append(b, table[s[i]])
		} else {
			b = append(b, s[i])
		}
	}
	return Bytes(b), nil
}
