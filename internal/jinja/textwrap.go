package jinja

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"pinch/internal/py"
)

func doWordwrap(c *Context, a []py.Value) (py.Value, error) {
	wrapstring := c.rt.opts.NewlineSequence
	if s, ok := strOf(a[3]); ok {
		wrapstring = s
	} else if _, none := a[3].(py.NoneType); !none { // its join is looked up first
		if _, err := py.GetAttr(a[3], "join"); err != nil {
			return nil, err
		}
	}
	s, ok := strOf(a[0])
	if !ok {
		if u, isUndefined := a[0].(*Undefined); isUndefined {
			return nil, u.fail()
		}
		return nil, py.AttributeErrorf("'%s' object has no attribute 'splitlines'", py.TypeName(a[0]))
	}
	width, err := intOf(a[1])
	if err != nil {
		return nil, err
	}
	breakLong, err := py.Truth(a[2])
	if err != nil {
		return nil, err
	}
	hyphens, err := py.Truth(a[4])
	if err != nil {
		return nil, err
	}
	var out []string
	for _, line := range py.SplitLines(s, false) {
		w, err := wrapLine(line, width, breakLong, hyphens)
		if err != nil {
			return nil, err
		}
		out = append(out, strings.Join(w, wrapstring))
	}
	return py.Str(strings.Join(out, wrapstring)), nil
}

// wrapLine is textwrap.wrap without expanding tabs or replacing whitespace.
func wrapLine(line string, width int, breakLong, hyphens bool) ([]string, error) {
	if width <= 0 {
		return nil, py.ValueErrorf("invalid width %d (must be > 0)", width)
	}
	var lines []string
	chunks := wrapChunks(line, hyphens)
	n := utf8.RuneCountInString
	blank := func(s string) bool { return strings.TrimFunc(s, isSpace) == "" }
	for len(chunks) > 0 {
		if blank(chunks[0]) && len(lines) > 0 {
			chunks = chunks[1:]
		}
		var cur []string
		length := 0
		for len(chunks) > 0 && !longer(chunks[0], width-length) {
			cur = append(cur, chunks[0])
			length += n(chunks[0])
			chunks = chunks[1:]
		}
		if len(chunks) > 0 && longer(chunks[0], width) {
			space := width - length // 0 breaks the line after its blanks, which stay
			switch {
			case breakLong:
				end := space
				chunk := chunks[0]
				if hyphens && longer(chunk, space) {
					if h := lastHyphen(chunk, space); h > 0 {
						end = h + 1
					}
				}
				head := runePrefix(chunk, end)
				cur = append(cur, head)
				chunks[0] = chunk[len(head):]
			case len(cur) == 0:
				cur = append(cur, chunks[0])
				chunks = chunks[1:]
			}
			length = 0
			for _, c := range cur {
				length += n(c)
			}
		}
		if k := len(cur); k > 0 && blank(cur[k-1]) {
			cur = cur[:k-1]
		}
		if len(cur) > 0 {
			lines = append(lines, strings.Join(cur, ""))
		}
	}
	return lines, nil
}

// longer says whether s has more than n characters; it looks at no more.
func longer(s string, n int) bool { return len(s) > n && len(runePrefix(s, n)) < len(s) }

// lastHyphen is the rune index of the last hyphen before limit that does not
// start the chunk, or -1.
func lastHyphen(chunk string, limit int) int {
	r := []rune(runePrefix(chunk, limit))
	for i := len(r) - 1; i > 0; i-- {
		if r[i] != '-' {
			continue
		}
		for _, c := range r[:i] {
			if c != '-' {
				return i
			}
		}
		return -1
	}
	return -1
}

var simpleSplit = regexp.MustCompile(`[\t\n\v\f\r ]+`)

// wrapChunks splits a line into words, runs of whitespace and, with hyphens,
// parts of hyphenated words and dashes.
func wrapChunks(line string, hyphens bool) []string {
	var out []string
	pos := 0
	add := func(word string) {
		if word == "" {
			return
		}
		if hyphens {
			out = append(out, hyphenParts(word)...)
		} else {
			out = append(out, word)
		}
	}
	for _, m := range simpleSplit.FindAllStringIndex(line, -1) {
		add(line[pos:m[0]])
		out = append(out, line[m[0]:m[1]])
		pos = m[1]
	}
	add(line[pos:])
	return out
}

func isWordPunct(r rune) bool {
	return isWord(r) || strings.ContainsRune(`!"'&.,?`, r)
}

func isLetter(r rune) bool { return isWord(r) && !unicode.IsDigit(r) }

// hyphenParts splits a word as textwrap does: after a hyphen that follows two
// letters, or a letter, a hyphen and one more character, and stands before
// letters; and around a dash of two or more hyphens between words. What
// precedes a hyphen may belong to the part before.
func hyphenParts(word string) []string {
	r := []rune(word)
	at := func(i int) rune {
		if i < 0 || i >= len(r) {
			return ' '
		}
		return r[i]
	}
	dash := func(i int) int { // the end of a dash between words, or 0
		end := i
		for at(end) == '-' {
			end++
		}
		if end-i >= 2 && isWordPunct(at(i-1)) && isWord(at(end)) {
			return end
		}
		return 0
	}
	hyphenated := func(i int) bool {
		return at(i) == '-' &&
			(isLetter(at(i-1)) && isLetter(at(i-2)) || isWordPunct(at(i-1)) && at(i-2) == '-' && isLetter(at(i-3))) &&
			isLetter(at(i+1)) && (isLetter(at(i+2)) || at(i+2) == '-' && isLetter(at(i+3)))
	}
	var out []string
	for start := 0; start < len(r); {
		end := dash(start)
		if end == 0 {
			end = start + 1
			for end < len(r) && dash(end) == 0 {
				end++
				if hyphenated(end - 1) {
					break
				}
			}
		}
		out = append(out, string(r[start:end]))
		start = end
	}
	return out
}
