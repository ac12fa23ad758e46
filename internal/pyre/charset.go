package pyre

import (
	"sort"
	"strings"
	"unicode"
)

// equivalents returns the characters that match c when case is ignored, c
// among them.
func equivalents(c rune, flags Flags) []rune {
	if flags&Unicode == 0 {
		if c < 0x80 && unicode.IsLetter(c) {
			return []rune{c, c ^ 0x20}
		}
		return []rune{c}
	}
	// The library's orbits are those of CPython but for four pairs of letters.
	switch c {
	case 'i', 'I', 'ı', 'İ':
		return []rune{'i', 'I', 'ı', 'İ'}
	case 0x390, 0x1fd3:
		return []rune{0x390, 0x1fd3}
	case 0x3b0, 0x1fe3:
		return []rune{0x3b0, 0x1fe3}
	case 0xfb05, 0xfb06:
		return []rune{0xfb05, 0xfb06}
	}
	out := []rune{c}
	for r := unicode.SimpleFold(c); r != c; r = unicode.SimpleFold(r) {
		out = append(out, r)
	}
	return out
}

// foldRange returns the characters of a range, with those that match when
// case is ignored, as ranges.
func foldRange(lo, hi rune, flags Flags) []setItem {
	out := []setItem{{lo: lo, hi: hi}}
	if flags&IgnoreCase == 0 {
		return out
	}
	var extra []rune
	for c := lo; c <= min(hi, 0x1e943); c++ { // nothing above has case
		if flags&Unicode == 0 && c >= 0x80 {
			break
		}
		for _, r := range equivalents(c, flags) {
			if r < lo || r > hi {
				extra = append(extra, r)
			}
		}
	}
	sort.Slice(extra, func(i, j int) bool { return extra[i] < extra[j] })
	for _, r := range extra {
		if last := &out[len(out)-1]; len(out) > 1 && r <= last.hi+1 {
			last.hi = max(last.hi, r)
			continue
		}
		out = append(out, setItem{lo: r, hi: r})
	}
	return out
}

// asciiSet writes the class of the ASCII characters that a set matches.
func asciiSet(n *node, flags Flags) string {
	var in [128]bool
	for c := range rune(128) {
		eq := []rune{c}
		if flags&IgnoreCase != 0 {
			eq = equivalents(c, flags)
		}
		for _, it := range n.set {
			if it.class != 0 {
				in[c] = in[c] || asciiClass(it.class, c, flags)
				continue
			}
			for _, r := range eq {
				in[c] = in[c] || r >= it.lo && r <= it.hi
			}
		}
		in[c] = in[c] != n.negate
	}
	var b strings.Builder
	for lo := rune(0); lo < 128; lo++ {
		if !in[lo] {
			continue
		}
		hi := lo
		for hi+1 < 128 && in[hi+1] {
			hi++
		}
		b.WriteString(quoteRange(lo, hi))
		lo = hi
	}
	if b.Len() == 0 {
		return neverClass
	}
	return "[" + b.String() + "]"
}

func asciiClass(class byte, c rune, flags Flags) bool {
	switch class {
	case 'd', 'D':
		return (c >= '0' && c <= '9') != (class == 'D')
	case 's', 'S':
		space := c == ' ' || c >= 9 && c <= 13 || flags&Unicode != 0 && c >= 0x1c && c <= 0x1f
		return space != (class == 'S')
	}
	word := c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
	return word != (class == 'W')
}
