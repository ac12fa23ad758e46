package py

import (
	"math"
	"unicode/utf8"
)

// Slice is Python's slice object; a missing part is None.
type Slice struct{ Start, Stop, Step Value }

// Type implements Value.
func (*Slice) Type() string { return "slice" }

// HashKey implements Hasher: a slice has no hash in 3.11.
func (s *Slice) HashKey() (any, error) { return nil, unhashable(s) }

// ReprTo implements PrinterReprer.
func (s *Slice) ReprTo(p *Printer) error {
	return p.items("slice(", []Value{OrNone(s.Start), OrNone(s.Stop), OrNone(s.Step)}, ")")
}

// Indices returns start, step and count for a sequence of length n: the items
// are start, start+step, ... (count of them), all in range.
func (s *Slice) Indices(n int) (start, step, count int, err error) {
	start, stop, step, err := s.bounds(n)
	if err != nil {
		return 0, 0, 0, err
	}
	switch {
	case step > 0 && start < stop:
		count = (stop-start-1)/step + 1
	case step < 0 && start > stop:
		count = (start-stop-1)/-step + 1
	}
	return start, step, count, nil
}

// bounds is slice.indices(n).
func (s *Slice) bounds(n int) (start, stop, step int, err error) {
	step = 1
	if v := OrNone(s.Step); v != None {
		if step, err = sliceIndex(v); err != nil {
			return 0, 0, 0, err
		}
		if step == 0 {
			return 0, 0, 0, ValueErrorf("slice step cannot be zero")
		}
		step = max(step, -math.MaxInt) // so that it can be negated
	}
	lower, upper := 0, n
	if step < 0 {
		lower, upper = -1, n-1
	}
	bound := func(v Value, absent int) (int, error) {
		if v = OrNone(v); v == None {
			return absent, nil
		}
		i, err := sliceIndex(v)
		if i < 0 {
			i = max(i+n, lower)
		}
		return min(i, upper), err
	}
	first, last := lower, upper
	if step < 0 {
		first, last = upper, lower
	}
	if start, err = bound(s.Start, first); err != nil {
		return 0, 0, 0, err
	}
	stop, err = bound(s.Stop, last)
	return start, stop, step, err
}

// sliceIndex is an int clamped to the machine's range.
func sliceIndex(v Value) (int, error) {
	switch v := v.(type) {
	case Int, Bool:
		n, _ := AsInt(v)
		return int(n), nil
	case *Long:
		if v.v.Sign() < 0 {
			return math.MinInt, nil
		}
		return math.MaxInt, nil
	}
	return 0, TypeErrorf("slice indices must be integers or None or have an __index__ method")
}

// GetSlice is o[start:stop:step]; a nil bound is a missing one.
func GetSlice(o, start, stop, step Value) (Value, error) {
	return GetItem(o, &Slice{Start: start, Stop: stop, Step: step})
}

func sliceItems(items []Value, s *Slice) ([]Value, error) {
	start, step, count, err := s.Indices(len(items))
	if err != nil {
		return nil, err
	}
	if count == 0 {
		return []Value{}, nil
	}
	if step == 1 {
		return append([]Value(nil), items[start:start+count]...), nil
	}
	out := make([]Value, count)
	for i := range out {
		out[i] = items[start+i*step]
	}
	return out, nil
}

func sliceStr(s string, sl *Slice) (string, error) {
	if isASCII(s) {
		return sliceBytes(s, sl)
	}
	start, step, count, err := sl.Indices(runeCount(s))
	if err != nil || count == 0 {
		return "", err
	}
	if step == 1 {
		from := runeOffset(s, start)
		return s[from : from+runeOffset(s[from:], count)], nil
	}
	starts := runeStarts(s)
	b := make([]byte, 0, count*2)
	for i := range count {
		j := start + i*step
		b = append(b, s[starts[j]:starts[j+1]]...)
	}
	return string(b), nil
}

func sliceBytes(s string, sl *Slice) (string, error) {
	start, step, count, err := sl.Indices(len(s))
	if err != nil || count == 0 {
		return "", err
	}
	if step == 1 {
		return s[start : start+count], nil
	}
	b := make([]byte, count)
	for i := range b {
		b[i] = s[start+i*step]
	}
	return string(b), nil
}

// runeOffset is the byte offset of the n-th code point.
func runeOffset(s string, n int) int {
	off := 0
	for ; n > 0 && off < len(s); n-- {
		if s[off] < utf8.RuneSelf {
			off++
			continue
		}
		_, w := decodeRune(s[off:])
		off += w
	}
	return off
}

// runeStarts has the byte offset of every code point, and len(s) at the end.
func runeStarts(s string) []int {
	out := make([]int, 0, len(s)+1)
	for i := 0; i < len(s); {
		out = append(out, i)
		_, w := decodeRune(s[i:])
		i += w
	}
	return append(out, len(s))
}
