package py

import (
	"strings"
	"unicode/utf8"
)

// textOps is what str and bytes do alike, with the width of one item and the
// classes of characters being theirs.
type textOps struct {
	bytes bool
}

// next returns the first item of a text that is not empty, and its length.
func (t textOps) next(s string) (rune, int) {
	if t.bytes || s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	return decodeRune(s)
}

// last returns the last item and its length.
func (t textOps) last(s string) (rune, int) {
	if c := s[len(s)-1]; t.bytes || c < utf8.RuneSelf {
		return rune(c), 1
	}
	for n := 2; n <= 4 && n <= len(s); n++ {
		if s[len(s)-n]&0xC0 == 0xC0 {
			if r, w := decodeRune(s[len(s)-n:]); w == n {
				return r, n
			}
			break
		}
	}
	return utf8.RuneError, 1
}

func (t textOps) count(s string) int {
	if t.bytes {
		return len(s)
	}
	return runeCount(s)
}

func (t textOps) offset(s string, n int) int {
	if t.bytes {
		return min(n, len(s))
	}
	return runeOffset(s, n)
}

func (t textOps) space(r rune) bool {
	if t.bytes {
		return r == ' ' || r >= 9 && r <= 13
	}
	return isSpace(r)
}

// wrap makes the text a value of the right type.
func (t textOps) wrap(s string) Value {
	if t.bytes {
		return Bytes(s)
	}
	return Str(s)
}

func (t textOps) list(parts []string) Value {
	l := &List{Items: make([]Value, len(parts))}
	for i, p := range parts {
		l.Items[i] = t.wrap(p)
	}
	return l
}

// splitSpace is split() without a separator.
func (t textOps) splitSpace(s string, limit int) []string {
	out := make([]string, 0, 4)
	s = t.trimLeft(s)
	for s != "" {
		if limit >= 0 && len(out) >= limit {
			return append(out, s)
		}
		i := 0
		for i < len(s) {
			r, n := t.next(s[i:])
			if t.space(r) {
				break
			}
			i += n
		}
		out = append(out, s[:i])
		s = t.trimLeft(s[i:])
	}
	return out
}

// rsplitSpace is rsplit() without a separator.
func (t textOps) rsplitSpace(s string, limit int) []string {
	var out []string
	s = t.trimRight(s)
	for s != "" {
		if limit >= 0 && len(out) >= limit {
			out = append(out, s)
			break
		}
		i := len(s)
		for i > 0 {
			r, n := t.last(s[:i])
			if t.space(r) {
				break
			}
			i -= n
		}
		out = append(out, s[i:])
		s = t.trimRight(s[:i])
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

func (t textOps) trimLeft(s string) string {
	for s != "" {
		r, n := t.next(s)
		if !t.space(r) {
			break
		}
		s = s[n:]
	}
	return s
}

func (t textOps) trimRight(s string) string {
	for s != "" {
		r, n := t.last(s)
		if !t.space(r) {
			break
		}
		s = s[:len(s)-n]
	}
	return s
}

// rsplit is rsplit(sep, limit).
func rsplit(s, sep string, limit int) []string {
	var out []string
	for limit < 0 || len(out) < limit {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			break
		}
		out = append(out, s[i+len(sep):])
		s = s[:i]
	}
	out = append(out, s)
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// trim removes items of set at the ends asked for.
func (t textOps) trim(s, set string, left, right bool) string {
	in := func(r rune, text string) bool {
		if t.bytes {
			return strings.IndexByte(set, byte(r)) >= 0
		}
		return strings.Contains(set, text)
	}
	for left && s != "" {
		r, n := t.next(s)
		if !in(r, s[:n]) {
			break
		}
		s = s[n:]
	}
	for right && s != "" {
		r, n := t.last(s)
		if !in(r, s[len(s)-n:]) {
			break
		}
		s = s[:len(s)-n]
	}
	return s
}

// SplitLines is str.splitlines(keepends).
func SplitLines(s string, keep bool) []string { return textOps{}.splitLines(s, keep) }

func (t textOps) splitLines(s string, keep bool) []string {
	var out []string
	start := 0
	for i := 0; i < len(s); {
		r, n := t.next(s[i:])
		if !t.lineBreak(r) {
			i += n
			continue
		}
		end := i
		i += n
		if r == '\r' && i < len(s) && s[i] == '\n' {
			i++
		}
		if keep {
			end = i
		}
		out = append(out, s[start:end])
		start = i
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

func (t textOps) lineBreak(r rune) bool {
	if r == '\n' || r == '\r' {
		return true
	}
	return !t.bytes && (r == '\v' || r == '\f' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029)
}

// replace is replace(old, new, count); a negative count replaces all.
func (t textOps) replace(s, old, new string, count int) (string, error) {
	if count == 0 || old == new {
		return s, nil
	}
	if old != "" {
		n := strings.Count(s, old)
		if count > 0 {
			n = min(n, count)
		}
		if n > 0 && len(new) > len(old) && (maxBytes-len(s))/(len(new)-len(old)) < n {
			return "", memoryError()
		}
		return strings.Replace(s, old, new, count), nil
	}
	items := t.count(s) + 1
	if count > 0 {
		items = min(items, count)
	}
	if len(new) > 0 && (maxBytes-len(s))/len(new) < items {
		return "", memoryError()
	}
	b := make([]byte, 0, len(s)+items*len(new))
	for ; items > 0; items-- {
		b = append(b, new...)
		if s == "" {
			break
		}
		_, n := t.next(s)
		b = append(b, s[:n]...)
		s = s[n:]
	}
	return string(append(b, s...)), nil
}

// expandTabs is expandtabs(size).
func (t textOps) expandTabs(s string, size int) (string, error) {
	b := make([]byte, 0, len(s)+16)
	col := 0
	for i := 0; i < len(s); {
		r, n := t.next(s[i:])
		switch {
		case r == '\t':
			if size > 0 {
				fill := size - col%size
				if len(b)+fill > maxBytes {
					return "", memoryError()
				}
				b = appendRepeat(b, " ", fill)
				col += fill
			}
		default:
			col++
			if r == '\n' || r == '\r' {
				col = 0
			}
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return string(b), nil
}

// pad is ljust ('<'), rjust ('>') and center ('^').
func (t textOps) pad(s string, width int, fill string, where byte) (string, error) {
	n := width - t.count(s)
	if n <= 0 {
		return s, nil
	}
	if n > maxBytes/len(fill) {
		return "", memoryError()
	}
	left := 0
	switch where {
	case '>':
		left = n
	case '^':
		left = n/2 + n&width&1
	}
	return strings.Repeat(fill, left) + s + strings.Repeat(fill, n-left), nil
}

func (t textOps) zfill(s string, width int) (string, error) {
	n := width - t.count(s)
	if n <= 0 {
		return s, nil
	}
	if n > maxBytes {
		return "", memoryError()
	}
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[:1] + strings.Repeat("0", n) + s[1:], nil
	}
	return strings.Repeat("0", n) + s, nil
}
