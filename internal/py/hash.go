package py

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// hashKey maps a value to a comparable Go value such that equal Python values
// map to equal ones: 1, 1.0 and True are one key.
func hashKey(v Value) (any, error) {
	switch v := v.(type) {
	case Str:
		return v, nil
	case Bytes, NoneType, EllipsisType:
		return v, nil
	case Int:
		return v, nil
	case Bool:
		if v {
			return Int(1), nil
		}
		return Int(0), nil
	case Float:
		f := float64(v)
		if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
			return Int(int64(f)), nil
		}
		if f == math.Trunc(f) && !math.IsInf(f, 0) {
			b, _ := big.NewFloat(f).Int(nil)
			return longKey(b.String()), nil
		}
		return v, nil
	case *Long:
		return longKey(v.v.String()), nil
	case Tuple:
		return tupleKeyOf(v)
	case *List, *Dict:
		return nil, unhashable(v)
	case Hasher:
		return v.HashKey()
	case Complex:
		if imag(complex128(v)) == 0 {
			return hashKey(Float(real(complex128(v))))
		}
	}
	if !comparable(v) {
		return nil, unhashable(v)
	}
	return v, nil
}

// Hashable returns the error of hash(v), nil when v has a hash.
func Hashable(v Value) error {
	_, err := hashKey(v)
	return err
}

type (
	longKey  string
	tupleKey string
	setKey   string
)

func tupleKeyOf(t Tuple) (any, error) {
	b, err := appendKeys(nil, t, 0)
	return tupleKey(b), err
}

// setKeyOf is a frozenset's key: the order of its members does not matter.
func setKeyOf(items []Value) (any, error) {
	keys := make([]string, len(items))
	for i := range items {
		b, err := appendKeys(nil, items[i:i+1], 0)
		if err != nil {
			return nil, err
		}
		keys[i] = string(b)
	}
	sort.Strings(keys)
	return setKey(strings.Join(keys, "")), nil
}

// appendKeys flattens the keys of items into one text, each with a tag and
// its length, so that different keys give different texts.
func appendKeys(b []byte, items []Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	for _, it := range items {
		if len(b) > maxBytes/16 { // shared items could make it endless
			return nil, memoryError()
		}
		if t, ok := it.(Tuple); ok {
			b = append(b, '(')
			var err error
			if b, err = appendKeys(b, t, depth+1); err != nil {
				return nil, err
			}
			b = append(b, ')')
			continue
		}
		k, err := hashKey(it)
		if err != nil {
			return nil, err
		}
		b = appendKey(b, k)
	}
	return b, nil
}

func appendKey(b []byte, k any) []byte {
	var tag byte
	var text string
	switch k := k.(type) {
	case Str:
		tag, text = 's', string(k)
	case Bytes:
		tag, text = 'b', string(k)
	case Int:
		tag, text = 'i', strconv.FormatInt(int64(k), 10)
	case Float:
		tag, text = 'f', strconv.FormatFloat(float64(k), 'g', -1, 64)
	case longKey:
		tag, text = 'i', string(k)
	case tupleKey:
		tag, text = 't', string(k)
	case setKey:
		tag, text = 'e', string(k)
	default:
		tag = 'r'
		if v := reflect.ValueOf(k); v.Kind() == reflect.Pointer {
			text = strconv.FormatUint(uint64(v.Pointer()), 16) // the key keeps it alive
		} else {
			text = fmt.Sprintf("%T %v", k, k)
		}
	}
	b = append(b, tag)
	b = strconv.AppendInt(b, int64(len(text)), 10)
	b = append(b, ':')
	return append(b, text...)
}
