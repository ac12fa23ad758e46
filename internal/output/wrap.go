package output

import (
	"strings"
	"unicode"
)

// fill is textwrap.fill(text, width) with the same indent before every line.
func fill(text string, width int, indent string) string {
	var lines []string
	chunks := splitWords(normalizeBlanks(text))
	for len(chunks) > 0 {
		room := width - len(indent)
		if len(lines) > 0 && strings.TrimSpace(chunks[0]) == "" {
			chunks = chunks[1:]
		}
		var line []string
		length := 0
		for len(chunks) > 0 && length+runes(chunks[0]) <= room {
			length += runes(chunks[0])
			line = append(line, chunks[0])
			chunks = chunks[1:]
		}
		if len(chunks) > 0 && runes(chunks[0]) > room {
			head, tail := cutLong(chunks[0], max(room-length, 0), room)
			line = append(line, head) // even an empty one, as in Python
			if tail == "" {
				chunks = chunks[1:]
			} else {
				chunks[0] = tail
			}
		}
		if n := len(line); n > 0 && strings.TrimSpace(line[n-1]) == "" {
			line = line[:n-1]
		}
		if len(line) > 0 {
			lines = append(lines, indent+strings.Join(line, ""))
		}
	}
	return joinLines(lines)
}

// cutLong cuts a word that is longer than a whole line: behind a hyphen that
// still fits, else where the line ends.
func cutLong(word string, space, room int) (head, tail string) {
	if room < 1 {
		space = 1
	}
	r := []rune(word)
	end := min(space, len(r))
	if len(r) > space {
		for i := end - 1; i > 0; i-- {
			if r[i] == '-' {
				if strings.Trim(string(r[:i]), "-") != "" {
					end = i + 1
				}
				break
			}
		}
	}
	return string(r[:end]), string(r[end:])
}

// normalizeBlanks expands tabs to eight columns and makes every blank a space.
func normalizeBlanks(text string) string {
	var b strings.Builder
	col := 0
	for _, r := range text {
		switch r {
		case '\t':
			n := 8 - col%8
			b.WriteString(spaces(n))
			col += n
		case '\n', '\r':
			b.WriteByte(' ')
			col = 0
		case '\v', '\f':
			b.WriteByte(' ')
			col++
		default:
			b.WriteRune(r)
			col++
		}
	}
	return b.String()
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

func isLetter(r rune) bool { return r == '_' || unicode.IsLetter(r) }

// isWordPunct says whether dashes behind a character are an em-dash.
func isWordPunct(r rune) bool { return isWord(r) || strings.ContainsRune(`!"'&.,?`, r) }

// splitWords cuts a text into pieces between which a line may end: runs of
// blanks, words, parts of hyphenated words with their hyphen, and dashes
// between words.
func splitWords(text string) []string {
	r := []rune(text)
	var out []string
	for i := 0; i < len(r); {
		j := i
		switch {
		case r[i] == ' ':
			for j < len(r) && r[j] == ' ' {
				j++
			}
		case i > 0 && isWordPunct(r[i-1]) && dashes(r, i) >= 2:
			j = i + dashes(r, i)
		default:
			j = wordEnd(r, i)
		}
		out = append(out, string(r[i:j]))
		i = j
	}
	return out
}

// dashes returns how many dashes stand at i, when a word follows them.
func dashes(r []rune, i int) int {
	n := 0
	for i+n < len(r) && r[i+n] == '-' {
		n++
	}
	if i+n < len(r) && isWord(r[i+n]) {
		return n
	}
	return 0
}

// wordEnd returns where the piece of a word that starts at i ends.
func wordEnd(r []rune, i int) int {
	for j := i + 1; ; j++ {
		if j >= len(r) || r[j] == ' ' {
			return j
		}
		if r[j] == '-' && hyphenBreaks(r, j) {
			return j + 1
		}
		if isWordPunct(r[j-1]) && dashes(r, j) >= 2 {
			return j
		}
	}
}

// hyphenBreaks says whether a line may end behind the hyphen at j: two
// letters before it (or letter, hyphen, letter), and letters after it.
func hyphenBreaks(r []rune, j int) bool {
	before := j >= 2 && isLetter(r[j-1]) && isLetter(r[j-2]) ||
		j >= 3 && isLetter(r[j-1]) && r[j-2] == '-' && isLetter(r[j-3])
	if !before || j+1 >= len(r) || !isLetter(r[j+1]) {
		return false
	}
	return j+2 < len(r) && (isLetter(r[j+2]) || r[j+2] == '-' && j+3 < len(r) && isLetter(r[j+3]))
}
