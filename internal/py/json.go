package py

import (
	"encoding/base64"
	"math"
	"sort"
	"strconv"
	"unicode/utf8"
)

// EncodeJSON returns v in pinch's canonical JSON, which keeps the order and
// the types of Salt's data:
//
//	None, bool, int, str   as in JSON
//	float                  a number with '.' or 'e'; {"$float": "inf"}, "-inf", "nan"
//	dict                   an object, when every key is a str without a '$' in front,
//	                       else {"$map": [[key, value], ...]}
//	list, tuple            an array
//	set, frozenset         {"$set": [members sorted by their JSON]}
//	bytes                  {"$bytes": base64}
//	anything else          {"$py": type name, "repr": repr}, which reads back as a dict
//
// A container inside itself is a ValueError. Lone surrogates become \u escapes.
func EncodeJSON(v Value) ([]byte, error) { return AppendJSON(nil, v) }

// AppendJSON appends EncodeJSON(v) to b.
func AppendJSON(b []byte, v Value) ([]byte, error) {
	e := wireEncoder{b: b}
	err := e.value(v)
	return e.b, err
}

type wireEncoder struct {
	b     []byte
	stack []Value
}

func (e *wireEncoder) enter(v Value) error {
	for _, s := range e.stack {
		if v != nil && s == v {
			return ValueErrorf("Circular reference detected")
		}
	}
	if len(e.stack) >= maxDepth {
		return Errorf("RecursionError", "maximum recursion depth exceeded while encoding a JSON object")
	}
	e.stack = append(e.stack, v)
	return nil
}

func (e *wireEncoder) leave() { e.stack = e.stack[:len(e.stack)-1] }

func (e *wireEncoder) text(s string) { e.b = append(e.b, s...) }

func (e *wireEncoder) value(v Value) error {
	switch v := v.(type) {
	case nil, NoneType:
		e.text("null")
	case Bool:
		e.b = strconv.AppendBool(e.b, bool(v))
	case Int:
		e.b = strconv.AppendInt(e.b, int64(v), 10)
	case *Long:
		e.b = v.v.Append(e.b, 10)
	case Float:
		if f := float64(v); math.IsInf(f, 0) || math.IsNaN(f) {
			e.text(`{"$float":"` + FloatRepr(f) + `"}`)
		} else {
			e.b = appendFloat(e.b, f)
		}
	case Str:
		e.b = appendJSONString(e.b, string(v), false)
	case Bytes:
		e.text(`{"$bytes":"`)
		e.b = base64.StdEncoding.AppendEncode(e.b, []byte(v))
		e.text(`"}`)
	case *List:
		if err := e.enter(v); err != nil {
			return err
		}
		defer e.leave()
		return e.items(v.Items)
	case Tuple:
		if err := e.enter(nil); err != nil { // a nil only counts the level
			return err
		}
		defer e.leave()
		return e.items(v)
	case *Dict:
		if err := e.enter(v); err != nil {
			return err
		}
		defer e.leave()
		return e.dict(v)
	case *Set:
		return e.set(v)
	case StrLike:
		e.b = appendJSONString(e.b, v.PyString(), false)
	default:
		s, err := ReprErr(v)
		if err != nil {
			return err
		}
		e.text(`{"$py":`)
		e.b = appendJSONString(e.b, v.Type(), false)
		e.text(`,"repr":`)
		e.b = appendJSONString(e.b, s, false)
		e.text("}")
	}
	return nil
}

func (e *wireEncoder) items(items []Value) error {
	e.b = append(e.b, '[')
	for i, it := range items {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		if err := e.value(it); err != nil {
			return err
		}
	}
	e.b = append(e.b, ']')
	return nil
}

// plainKeys says whether the dict can be a JSON object.
func plainKeys(d *Dict) bool {
	for k := range d.All() {
		if s, ok := asStr(k); !ok || s != "" && s[0] == '$' {
			return false
		}
	}
	return true
}

func (e *wireEncoder) dict(d *Dict) error {
	if !plainKeys(d) {
		return e.pairs(d)
	}
	e.b = append(e.b, '{')
	first := true
	for k, v := range d.All() {
		if !first {
			e.b = append(e.b, ',')
		}
		first = false
		s, _ := asStr(k) // plainKeys saw that it is one
		e.b = appendJSONString(e.b, s, false)
		e.b = append(e.b, ':')
		if err := e.value(v); err != nil {
			return err
		}
	}
	e.b = append(e.b, '}')
	return nil
}

func (e *wireEncoder) pairs(d *Dict) error {
	e.text(`{"$map":[`)
	first := true
	for k, v := range d.All() {
		if !first {
			e.b = append(e.b, ',')
		}
		first = false
		e.b = append(e.b, '[')
		if err := e.value(k); err != nil {
			return err
		}
		e.b = append(e.b, ',')
		if err := e.value(v); err != nil {
			return err
		}
		e.b = append(e.b, ']')
	}
	e.text("]}")
	return nil
}

func (e *wireEncoder) set(s *Set) error {
	if err := e.enter(nil); err != nil {
		return err
	}
	defer e.leave()
	out := make([]string, 0, s.Len())
	for _, it := range s.Items() {
		m := wireEncoder{stack: e.stack}
		if err := m.value(it); err != nil {
			return err
		}
		out = append(out, string(m.b))
	}
	sort.Strings(out)
	e.text(`{"$set":[`)
	for i, s := range out {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.text(s)
	}
	e.text("]}")
	return nil
}

// appendJSONString writes a JSON string literal. Without ascii only what JSON
// demands is escaped, and lone surrogates; Python leaves those as they are,
// which is no UTF-8.
func appendJSONString(b []byte, s string, ascii bool) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x80 && c != '"' && c != '\\' && (c != 0x7f || !ascii) {
			i++
			continue
		}
		n := 1
		var r rune
		if c >= 0x80 {
			r, n = decodeRune(s[i:])
			if !ascii && (n > 1 && !isSurrogate(r)) {
				i += n
				continue
			}
			if n == 1 && r == utf8.RuneError { // no UTF-8: as surrogateescape
				r = 0xDC00 + rune(c)
			}
		}
		b = append(b, s[start:i]...)
		if c < 0x80 {
			b = appendJSONControl(b, c)
		} else {
			b = appendJSONEscape(b, r)
		}
		i += n
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func isSurrogate(r rune) bool { return r >= 0xD800 && r < 0xE000 }

func appendJSONControl(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	}
	return appendHex(append(b, '\\', 'u'), rune(c), 4)
}

func appendJSONEscape(b []byte, r rune) []byte {
	if r >= 0x10000 {
		r -= 0x10000
		b = appendHex(append(b, '\\', 'u'), 0xD800+r>>10, 4)
		r = 0xDC00 + r&0x3FF
	}
	return appendHex(append(b, '\\', 'u'), r, 4)
}
