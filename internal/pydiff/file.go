package pydiff

import (
	"bytes"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// File is the text that file.get_diff returns for two file contents, without
// their names: empty when they are equal, a sentence when one is binary.
func File(old, new []byte) string { return FileNamed(old, new, "", "") }

// FileNamed is File with the names of both files in the diff's head.
func FileNamed(old, new []byte, from, to string) string {
	if bytes.Equal(old, new) {
		return ""
	}
	if s := replaced(old, new); s != "" {
		return s
	}
	return Unified(FileLines(old), FileLines(new), from, to)
}

// replaced says which of two different files is binary, "" when none is.
func replaced(old, new []byte) string {
	switch was, is := IsBinary(block(old)), IsBinary(block(new)); {
	case was && is:
		return "Replace binary file"
	case was:
		return "Replace binary file with text file"
	case is:
		return "Replace text file with binary file"
	}
	return ""
}

// block is what Salt looks at to tell text from binary.
func block(content []byte) []byte { return content[:min(len(content), 512)] }

// FileLines splits a file's content behind each LF and decodes each line:
// as UTF-8, or as Latin-1 where that fails.
func FileLines(content []byte) []string {
	out := make([]string, 0, bytes.Count(content, []byte{'\n'})+1)
	for line := range bytes.Lines(content) {
		out = append(out, Decode(line))
	}
	return out
}

// Decode is salt.utils.stringutils.to_unicode for a line of a file.
func Decode(line []byte) string {
	if utf8.Valid(line) {
		return string(line)
	}
	var b strings.Builder
	for _, c := range line {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// IsBinary is salt.utils.stringutils.is_binary: data with a NUL or with more
// than 30 % of bytes that no text has. Bytes beyond ASCII count as text when
// the data is UTF-8, of which the last character may be cut.
func IsBinary(data []byte) bool {
	if len(data) == 0 {
		return false
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return true
	}
	unicodeText := utf8Prefix(data)
	other := 0
	for _, c := range data {
		switch {
		case c >= 32 && c < 127, c == '\n', c == '\r', c == '\t', c == '\f', c == '\b':
		case c >= 128 && c < 255 && unicodeText:
		default:
			other++
		}
	}
	return float64(other)/float64(len(data)) > 0.30
}

// utf8Prefix says whether data is UTF-8 up to a last character that may be cut.
func utf8Prefix(data []byte) bool {
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(data)
		}
		data = data[n:]
	}
	return true
}

// Ignore says which differences file.get_diff does not count as changes.
type Ignore struct {
	Ordering   bool
	Whitespace bool
	// Comments are texts from which on a line is not looked at.
	Comments []string
}

// Conditional is salt.utils.stringutils.get_conditional_diff: the diff, and
// whether it has a change that is not ignored.
func Conditional(a, b []string, from, to string, ignore Ignore) (changed bool, diff string) {
	lines := Lines(a, b, from, to)
	diff = strings.Join(lines, "")
	if !ignore.Ordering && !ignore.Whitespace && len(ignore.Comments) == 0 {
		return len(lines) > 0, diff
	}
	var adds, subs []string
	for _, l := range lines {
		if strings.HasPrefix(l, "+++") || strings.HasPrefix(l, "---") || l[0] != '+' && l[0] != '-' {
			continue
		}
		text := l[1:]
		for _, c := range ignore.Comments {
			if i := strings.Index(text, c); i >= 0 {
				text = text[:i]
			}
		}
		if ignore.Whitespace {
			text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
		}
		switch {
		case text == "":
		case l[0] == '+':
			adds = append(adds, text)
		default:
			subs = append(subs, text)
		}
	}
	sort.Strings(adds)
	sort.Strings(subs)
	if len(adds) != len(subs) {
		return true, diff
	}
	for i := range adds {
		if adds[i] != subs[i] {
			return true, diff
		}
	}
	return false, diff
}
