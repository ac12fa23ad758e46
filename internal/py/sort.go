package py

import (
	"cmp"
	"slices"
	"strings"
)

// sortByKeys sorts items by keys with CPython's rules; keys may be items
// itself. Lists of only str or only small ints take a faster way, which
// nobody can tell apart since such comparisons cannot raise.
func sortByKeys(items, keys []Value, reverse bool) ([]Value, error) {
	s := &sorter{pairs: make([]sortPair, len(items))}
	allStr, allInt := true, true
	for i := range items {
		s.pairs[i] = sortPair{key: keys[i], item: items[i]}
		switch keys[i].(type) {
		case Str:
			allInt = false
		case Int:
			allStr = false
		default:
			allStr, allInt = false, false
		}
	}
	if reverse { // keeps the order of equal items, as CPython does
		slices.Reverse(s.pairs)
	}
	switch {
	case allStr:
		slices.SortStableFunc(s.pairs, func(a, b sortPair) int {
			return strings.Compare(string(a.key.(Str)), string(b.key.(Str)))
		})
	case allInt:
		slices.SortStableFunc(s.pairs, func(a, b sortPair) int { return cmp.Compare(a.key.(Int), b.key.(Int)) })
	default:
		s.sort()
	}
	if s.err != nil {
		return nil, s.err
	}
	if reverse {
		slices.Reverse(s.pairs)
	}
	out := make([]Value, len(items))
	for i := range s.pairs {
		out[i] = s.pairs[i].item
	}
	return out, nil
}

type sortPair struct{ key, item Value }

// sorter is the outline of timsort: natural runs, lengthened to a minimum by
// binary insertion, merged in pairs. Up to 63 items it makes exactly CPython's
// comparisons, and so meets the same first pair that cannot be ordered.
type sorter struct {
	pairs []sortPair
	err   error
}

func (s *sorter) less(a, b *sortPair) bool {
	if s.err != nil {
		return false
	}
	lt, err := RichCompare(OpLt, a.key, b.key)
	if err != nil {
		s.err = err
	}
	return lt
}

func (s *sorter) sort() {
	n := len(s.pairs)
	minrun, r := n, 0
	for minrun >= 64 {
		r |= minrun & 1
		minrun >>= 1
	}
	minrun += r
	var runs [][2]int
	for lo := 0; lo < n && s.err == nil; {
		end := s.countRun(lo)
		if want := min(lo+minrun, n); end < want {
			s.insert(lo, end, want)
			end = want
		}
		runs = append(runs, [2]int{lo, end})
		lo = end
	}
	for len(runs) > 1 && s.err == nil {
		var next [][2]int
		for i := 0; i < len(runs); i += 2 {
			if i+1 == len(runs) {
				next = append(next, runs[i])
				break
			}
			s.merge(runs[i][0], runs[i][1], runs[i+1][1])
			next = append(next, [2]int{runs[i][0], runs[i+1][1]})
		}
		runs = next
	}
}

// countRun returns the end of the run that starts at lo, ascending or, then
// reversed, strictly descending.
func (s *sorter) countRun(lo int) int {
	n := len(s.pairs)
	if lo+1 >= n {
		return n
	}
	end := lo + 2
	if s.less(&s.pairs[lo+1], &s.pairs[lo]) {
		for end < n && s.less(&s.pairs[end], &s.pairs[end-1]) {
			end++
		}
		slices.Reverse(s.pairs[lo:end])
		return end
	}
	for end < n && !s.less(&s.pairs[end], &s.pairs[end-1]) {
		if s.err != nil {
			return n
		}
		end++
	}
	return end
}

// insert sorts [lo,end) given that [lo,start) is sorted.
func (s *sorter) insert(lo, start, end int) {
	for ; start < end && s.err == nil; start++ {
		pivot := s.pairs[start]
		l, r := lo, start
		for l < r {
			p := l + (r-l)/2
			if s.less(&pivot, &s.pairs[p]) {
				r = p
			} else {
				l = p + 1
			}
		}
		copy(s.pairs[l+1:start+1], s.pairs[l:start])
		s.pairs[l] = pivot
	}
}

func (s *sorter) merge(lo, mid, hi int) {
	left := slices.Clone(s.pairs[lo:mid])
	i, j, k := 0, mid, lo
	for i < len(left) && j < hi {
		if s.less(&s.pairs[j], &left[i]) {
			s.pairs[k] = s.pairs[j]
			j++
		} else {
			s.pairs[k] = left[i]
			i++
		}
		k++
	}
	copy(s.pairs[k:], left[i:])
}
