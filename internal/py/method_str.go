package py

import (
	"context"
	"unicode"
	"unicode/utf8"
)

func strMethod(name string) method {
	if m := textMethod(textOps{}, name); m != nil {
		return m
	}
	if fn := strMapping(name); fn != nil {
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			if err := noArgs("str."+name, a); err != nil {
				return nil, err
			}
			s, _ := asStr(self) // the receiver is a str
			return Str(fn(s)), nil
		}
	}
	if fn := strTest(name); fn != nil {
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			if err := noArgs("str."+name, a); err != nil {
				return nil, err
			}
			s, _ := asStr(self)
			return Bool(fn(s)), nil
		}
	}
	switch name {
	case "encode":
		return strEncode
	case "format":
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			s, _ := asStr(self)
			out, err := StrFormat(s, a)
			return Str(out), err
		}
	case "format_map":
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			v, err := oneArg("str.format_map", a)
			if err != nil {
				return nil, err
			}
			s, _ := asStr(self)
			out, err := StrFormatMap(s, v)
			return Str(out), err
		}
	case "translate":
		return strTranslate
	case "maketrans":
		return func(_ context.Context, _ Value, a *Args) (Value, error) { return strMaketrans(a) }
	}
	return nil
}

func strMapping(name string) func(string) string {
	switch name {
	case "upper":
		return Upper
	case "lower":
		return Lower
	case "title":
		return Title
	case "capitalize":
		return Capitalize
	case "casefold":
		return CaseFold
	case "swapcase":
		return SwapCase
	}
	return nil
}

func strTest(name string) func(string) bool {
	switch name {
	case "isalpha":
		return func(s string) bool { return s != "" && allRunes(s, isAlpha) }
	case "isalnum":
		return func(s string) bool { return s != "" && allRunes(s, isAlnum) }
	case "isdigit":
		return func(s string) bool { return s != "" && allRunes(s, isDigitRune) }
	case "isdecimal":
		return func(s string) bool { return s != "" && allRunes(s, isDecimal) }
	case "isnumeric":
		return func(s string) bool { return s != "" && allRunes(s, isNumericRune) }
	case "isspace":
		return func(s string) bool { return s != "" && allRunes(s, isSpace) }
	case "isprintable":
		return func(s string) bool { return allRunes(s, isPrintable) }
	case "isascii":
		return isASCII
	case "islower":
		return func(s string) bool {
			return cased(s, isLower, func(r rune) bool { return isUpper(r) || isTitleCase(r) })
		}
	case "isupper":
		return func(s string) bool {
			return cased(s, isUpper, func(r rune) bool { return isLower(r) || isTitleCase(r) })
		}
	case "istitle":
		return isTitle
	case "isidentifier":
		return isIdentifier
	}
	return nil
}

func allRunes(s string, is func(rune) bool) bool {
	for i := 0; i < len(s); {
		r, n := nextRune(s[i:])
		if !is(r) {
			return false
		}
		i += n
	}
	return true
}

// cased says that some character is wanted and none is refused.
func cased(s string, wanted, refused func(rune) bool) bool {
	seen := false
	for i := 0; i < len(s); {
		r, n := nextRune(s[i:])
		if refused(r) {
			return false
		}
		seen = seen || wanted(r)
		i += n
	}
	return seen
}

func isTitle(s string) bool {
	seen, inWord := false, false
	for i := 0; i < len(s); {
		r, n := nextRune(s[i:])
		switch {
		case isUpper(r) || isTitleCase(r):
			if inWord {
				return false
			}
			inWord, seen = true, true
		case isLower(r):
			if !inWord {
				return false
			}
		default:
			inWord = false
		}
		i += n
	}
	return seen
}

func isIdentifier(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); {
		r, n := nextRune(s[i:])
		start := r == '_' || isAlpha(r) || unicode.In(r, unicode.Nl, unicode.Other_ID_Start) && !isNewer(r)
		if !start && (i == 0 || !identifierPart(r)) {
			return false
		}
		i += n
	}
	return true
}

func identifierPart(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue) && !isNewer(r)
}

func strEncode(_ context.Context, self Value, a *Args) (Value, error) {
	encoding, errors, err := codecArgs("encode", a)
	if err != nil {
		return nil, err
	}
	s, _ := asStr(self)
	out, err := Encode(s, encoding, errors)
	if err != nil {
		return nil, err
	}
	return Bytes(out), nil
}

func strMaketrans(a *Args) (Value, error) {
	if err := posArgs("str.maketrans", "maketrans", a, 1, 3); err != nil {
		return nil, err
	}
	d := NewDict()
	if len(a.Pos) == 1 {
		src, ok := a.Pos[0].(*Dict)
		if !ok || src.Ordered {
			return nil, TypeErrorf("if you give only one argument to maketrans it must be a dict")
		}
		for k, v := range src.All() {
			switch key := k.(type) {
			case Int, Bool, *Long:
				if err := d.Set(key, v); err != nil {
					return nil, err
				}
			case Str:
				if runeCount(string(key)) != 1 {
					return nil, ValueErrorf("string keys in translate table must be of length 1")
				}
				r, _ := nextRune(string(key))
				if err := d.Set(Int(r), v); err != nil {
					return nil, err
				}
			default:
				return nil, TypeErrorf("keys in translate table must be strings or integers")
			}
		}
		return d, nil
	}
	from, first := asStr(a.Pos[0])
	if _, ok := asStr(a.Pos[1]); ok && !first {
		return nil, TypeErrorf("first maketrans argument must be a string if there is a second argument")
	}
	text := [3]string{from}
	for i, v := range a.Pos[1:] {
		var ok bool
		if text[i+1], ok = asStr(v); !ok {
			return nil, TypeErrorf("maketrans() argument %d must be str, not %s", i+2, argType(v))
		}
	}
	if runeCount(from) != runeCount(text[1]) {
		return nil, ValueErrorf("the first two maketrans arguments must have equal length")
	}
	to := text[1]
	for from != "" {
		r, n := nextRune(from)
		t, m := nextRune(to)
		if err := d.Set(Int(r), Int(t)); err != nil {
			return nil, err
		}
		from, to = from[n:], to[m:]
	}
	for del := text[2]; del != ""; {
		r, n := nextRune(del)
		if err := d.Set(Int(r), None); err != nil {
			return nil, err
		}
		del = del[n:]
	}
	return d, nil
}

func strTranslate(_ context.Context, self Value, a *Args) (Value, error) {
	table, err := oneArg("str.translate", a)
	if err != nil {
		return nil, err
	}
	s, _ := asStr(self)
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, n := nextRune(s[i:])
		v, err := GetItem(table, Int(r))
		switch {
		case err != nil:
			if e, ok := err.(*Error); !ok || e.Class != "KeyError" && e.Class != "IndexError" && e.Class != "LookupError" {
				return nil, err
			}
			b = append(b, s[i:i+n]...)
		case v == None:
		default:
			if b, err = appendTranslated(b, v); err != nil {
				return nil, err
			}
		}
		if len(b) > maxBytes {
			return nil, memoryError()
		}
		i += n
	}
	return Str(b), nil
}

func appendTranslated(b []byte, v Value) ([]byte, error) {
	if t, ok := asStr(v); ok {
		return append(b, t...), nil
	}
	switch v.(type) {
	case Int, Bool, *Long:
		c, fits := AsInt(v)
		if !fits || c < 0 || c > utf8.MaxRune {
			return nil, ValueErrorf("character mapping must be in range(0x%x)", utf8.MaxRune+1)
		}
		return append(b, encodeRune(rune(c))...), nil
	}
	return nil, TypeErrorf("character mapping must return integer, None or str")
}
