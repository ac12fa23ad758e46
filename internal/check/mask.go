package check

import "strings"

// hole stands in masked text for what a template prints.
const hole = '\x01'

// masked is an SLS without its Jinja, byte for byte in the same places.
type masked struct {
	lines []string
	// branch says of each line whether it stands in a branch, a loop or a macro.
	branch []bool
}

// mask takes the Jinja out of a text: tags and comments become spaces,
// expressions become holes. The contents of blocks that print nothing (a set
// block, load_yaml) become spaces as well, raw blocks stay.
func mask(text string) *masked {
	b := []byte(text)
	m := &masker{text: text, out: b}
	m.run()
	lines := strings.Split(string(b), "\n")
	return &masked{lines: lines, branch: append(m.branch, make([]bool, len(lines))...)[:len(lines)]}
}

type masker struct {
	text   string
	out    []byte
	branch []bool // of the lines that are complete
	open   []string
	silent int // open blocks that print nothing
}

func (m *masker) run() {
	at := 0
	for at < len(m.text) {
		next := strings.IndexByte(m.text[at:], '{')
		if next < 0 || at+next+1 >= len(m.text) {
			break
		}
		start := at + next
		m.plain(at, start)
		at = start
		switch m.text[start+1] {
		case '#':
			at = m.blank(start, m.find(start+2, "#}"), ' ')
		case '{':
			fill := byte(hole)
			if m.silent > 0 {
				fill = ' '
			}
			at = m.blank(start, m.end(start+2, "}}"), fill)
		case '%':
			end := m.end(start+2, "%}")
			words := strings.Fields(strings.Trim(m.text[start+2:max(start+2, end-2)], "+-"))
			at = m.blank(start, end, ' ')
			if len(words) == 0 {
				continue
			}
			if words[0] == "raw" {
				at = m.raw(at)
				continue
			}
			m.tag(words)
		default:
			m.plain(start, start+1)
			at = start + 1
		}
	}
	m.plain(at, len(m.text))
	m.branch = append(m.branch, m.inBranch())
}

// plain passes text by, which is lost in a block that prints nothing.
func (m *masker) plain(from, to int) {
	for i := from; i < to; i++ {
		if m.out[i] == '\n' {
			m.branch = append(m.branch, m.inBranch())
		} else if m.silent > 0 {
			m.out[i] = ' '
		}
	}
}

// blank overwrites a tag and returns its end. Only its first line can be a
// hole: the others are no lines of what is printed.
func (m *masker) blank(from, to int, with byte) int {
	for i := from; i < to; i++ {
		if m.out[i] == '\n' {
			m.branch = append(m.branch, m.inBranch())
			with = ' '
		} else {
			m.out[i] = with
		}
	}
	return to
}

func (m *masker) inBranch() bool { return len(m.open) > 0 }

// find returns the end of the next mark, that of the text when there is none.
func (m *masker) find(from int, mark string) int {
	if from > len(m.text) {
		return len(m.text)
	}
	if i := strings.Index(m.text[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(m.text)
}

// end is find, with texts in quotes passed over.
func (m *masker) end(from int, mark string) int {
	for i := from; i < len(m.text); i++ {
		switch c := m.text[i]; c {
		case '\'', '"':
			for i++; i < len(m.text) && m.text[i] != c; i++ {
				if m.text[i] == '\\' {
					i++
				}
			}
		case mark[0]:
			if strings.HasPrefix(m.text[i:], mark) {
				return i + len(mark)
			}
		}
	}
	return len(m.text)
}

// raw passes over the content of a raw block and blanks its end.
func (m *masker) raw(from int) int {
	for at := from; ; {
		start := m.find(at, "{%")
		words := strings.Fields(strings.TrimLeft(m.text[start:], "+-"))
		if start >= len(m.text) || len(words) > 0 && strings.HasPrefix(words[0], "endraw") {
			start = max(from, start-2)
			m.plain(from, start)
			return m.blank(start, m.find(start, "%}"), ' ')
		}
		at = start
	}
}

func (m *masker) tag(words []string) {
	switch name := words[0]; name {
	case "if", "for", "macro", "call", "filter", "block", "with", "autoescape":
		m.open = append(m.open, name)
	case "set":
		if !strings.Contains(strings.Join(words, " "), "=") {
			m.open = append(m.open, name)
			m.silent++
		}
	case "load_yaml", "load_json", "load_text":
		m.open = append(m.open, name)
		m.silent++
	default:
		of, isEnd := strings.CutPrefix(name, "end")
		if !isEnd || len(m.open) == 0 {
			return
		}
		if of == "load" {
			of = "load_"
		}
		for i := len(m.open) - 1; i >= 0; i-- { // a wrong nesting is a syntax error, which is told elsewhere
			if strings.HasPrefix(m.open[i], of) {
				for _, closed := range m.open[i:] {
					if closed == "set" || strings.HasPrefix(closed, "load_") {
						m.silent--
					}
				}
				m.open = m.open[:i]
				return
			}
		}
	}
}
