package py

import (
	"strings"
	"unicode/utf8"
)

// concat is a + b of sequences.
func concat(a, b Value) (Value, error) {
	switch x := a.(type) {
	case Str:
		if y, ok := asStr(b); ok {
			if len(x)+len(y) > maxBytes {
				return nil, memoryError()
			}
			return x + Str(y), nil
		}
		return nil, TypeErrorf("can only concatenate str (not \"%s\") to str", TypeName(b))
	case Bytes:
		if y, ok := b.(Bytes); ok {
			if len(x)+len(y) > maxBytes {
				return nil, memoryError()
			}
			return x + y, nil
		}
		return nil, TypeErrorf("can't concat %s to bytes", TypeName(b))
	case *List:
		y, ok := b.(*List)
		if !ok {
			return nil, TypeErrorf("can only concatenate list (not \"%s\") to list", TypeName(b))
		}
		items, err := concatItems(x.Items, y.Items)
		return &List{Items: items}, err
	case Tuple:
		y, ok := b.(Tuple)
		if !ok {
			return nil, TypeErrorf("can only concatenate tuple (not \"%s\") to tuple", TypeName(b))
		}
		items, err := concatItems(x, y)
		return Tuple(items), err
	}
	return nil, binaryTypeError(OpAdd, a, b)
}

func concatItems(x, y []Value) ([]Value, error) {
	if len(x)+len(y) > maxItems {
		return nil, memoryError()
	}
	out := make([]Value, 0, len(x)+len(y))
	return append(append(out, x...), y...), nil
}

func isSequence(v Value) bool {
	switch v.(type) {
	case Str, Bytes, Tuple, *List:
		return true
	}
	return false
}

// repeatEither is seq * n or n * seq.
func repeatEither(a, b Value) (Value, error) {
	seq, n := a, b
	if !isSequence(a) {
		seq, n = b, a
	}
	if !isSequence(seq) {
		return nil, binaryTypeError(OpMul, a, b)
	}
	count, ok := AsInt(n)
	if l, isLong := n.(*Long); isLong {
		if l.v.Sign() > 0 {
			return nil, Errorf("OverflowError", "cannot fit 'int' into an index-sized integer")
		}
		count, ok = 0, true
	}
	if !ok {
		return nil, TypeErrorf("can't multiply sequence by non-int of type '%s'", TypeName(n))
	}
	return repeat(seq, max(count, 0))
}

func repeat(seq Value, n int64) (Value, error) {
	switch s := seq.(type) {
	case Str:
		t, err := repeatString(string(s), n)
		return Str(t), err
	case Bytes:
		t, err := repeatString(string(s), n)
		return Bytes(t), err
	case Tuple:
		items, err := repeatItems(s, n)
		return Tuple(items), err
	}
	items, err := repeatItems(seq.(*List).Items, n)
	return &List{Items: items}, err
}

func repeatString(s string, n int64) (string, error) {
	if s == "" || n <= 0 {
		return "", nil
	}
	if n > maxBytes/int64(len(s)) {
		return "", memoryError()
	}
	return strings.Repeat(s, int(n)), nil
}

func repeatItems(items []Value, n int64) ([]Value, error) {
	if len(items) == 0 || n <= 0 {
		return []Value{}, nil
	}
	if n > maxItems/int64(len(items)) {
		return nil, memoryError()
	}
	out := make([]Value, 0, len(items)*int(n))
	for range n {
		out = append(out, items...)
	}
	return out, nil
}

// runeCount is len() of a str: lone surrogates count as one.
func runeCount(s string) int {
	n := utf8.RuneCountInString(s)
	if strings.IndexByte(s, 0xED) >= 0 {
		n -= 2 * surrogates(s)
	}
	return n
}

// surrogates counts the lone surrogates of a WTF-8 string, each of which the
// library counts as three.
func surrogates(s string) int {
	n := 0
	for i := 0; i+2 < len(s); i++ {
		if s[i] == 0xED && s[i+1]&0xE0 == 0xA0 && s[i+2]&0xC0 == 0x80 {
			n++
			i += 2
		}
	}
	return n
}

func containsString(s, sub string) bool { return strings.Contains(s, sub) }

func bytesContains(b Bytes, item Value) (bool, error) {
	switch x := item.(type) {
	case Bytes:
		return strings.Contains(string(b), string(x)), nil
	case Int, Bool, *Long:
		n, ok := AsInt(item)
		if !ok || n < 0 || n > 255 {
			return false, ValueErrorf("byte must be in range(0, 256)")
		}
		return strings.IndexByte(string(b), byte(n)) >= 0, nil
	}
	return false, TypeErrorf("a bytes-like object is required, not '%s'", TypeName(item))
}

// Runes returns the code points of a str, lone surrogates among them. A byte
// that is no UTF-8 is shown as the surrogate that surrogateescape makes of it.
func Runes(s string) []rune {
	out := make([]rune, 0, len(s))
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			out = append(out, rune(c))
			i++
			continue
		}
		r, n := nextRune(s[i:])
		out = append(out, r)
		i += n
	}
	return out
}

// RuneString is chr(r), lone surrogates too.
func RuneString(r rune) string { return encodeRune(r) }

// IsASCII says whether the text is ASCII only.
func IsASCII(s string) bool { return isASCII(s) }

// IsIdentifier is str.isidentifier.
func IsIdentifier(s string) bool { return isIdentifier(s) }
