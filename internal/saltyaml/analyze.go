package saltyaml

// analysis says in which styles the emitter may write a scalar.
type analysis struct {
	multiline               bool
	flowPlain, blockPlain   bool
	singleQuoted, blockText bool
}

// printable says whether the character at i needs no escape. Characters
// beyond U+FFFF do: libyaml 0.2.5 does not count them as printable.
func printable(s string, i int) bool {
	c := s[i]
	at := func(k int) byte {
		if i+k < len(s) {
			return s[i+k]
		}
		return 0
	}
	switch {
	case c == '\n', c >= 0x20 && c <= 0x7E:
		return true
	case c < 0xC2, c > 0xEF:
		return false
	case c == 0xC2:
		return at(1) >= 0xA0
	case c == 0xED:
		return at(1) < 0xA0
	case c == 0xEF:
		return !(at(1) == 0xBB && at(2) == 0xBF) && !(at(1) == 0xBF && at(2) >= 0xBE)
	}
	return true
}

// breakIn returns the width of the line break at i of s, 0 when none is there.
func breakIn(s string, i int) int {
	at := func(k int) byte {
		if i+k < len(s) {
			return s[i+k]
		}
		return 0
	}
	if isBreak(at(0), at(1), at(2)) {
		return width(s[i])
	}
	return 0
}

// blankzIn says whether a blank, a line break, a NUL or the end is at i.
func blankzIn(s string, i int) bool {
	return i >= len(s) || s[i] == 0 || s[i] == ' ' || s[i] == '\t' || breakIn(s, i) > 0
}

// analyze looks at a scalar's text the way libyaml does.
func analyze(s string, ascii bool) analysis {
	if s == "" {
		return analysis{blockPlain: true, singleQuoted: true}
	}
	var flowInd, blockInd, breaks, special bool
	var leading, trailingSpace, trailingBreak, breakSpace, spaceBreak bool
	if len(s) >= 3 && (s[:3] == "---" || s[:3] == "...") {
		flowInd, blockInd = true, true
	}
	afterBlank := true
	prevSpace, prevBreak := false, false
	for i := 0; i < len(s); {
		c := s[i]
		w := width(c)
		beforeBlank := blankzIn(s, i+w)
		switch c {
		case ',', '[', ']', '{', '}':
			flowInd = true
			blockInd = blockInd || i == 0
		case '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`':
			if i == 0 {
				flowInd, blockInd = true, true
			}
		case '#':
			if i == 0 || afterBlank {
				flowInd, blockInd = true, true
			}
		case '?':
			flowInd = true
			blockInd = blockInd || i == 0 && beforeBlank
		case ':':
			flowInd = true
			blockInd = blockInd || beforeBlank
		case '-':
			if i == 0 && beforeBlank {
				flowInd, blockInd = true, true
			}
		}
		if !printable(s, i) || c >= 0x80 && ascii {
			special = true
		}
		brk := breakIn(s, i) > 0
		switch {
		case c == ' ':
			leading = leading || i == 0
			trailingSpace = trailingSpace || i+w == len(s)
			breakSpace = breakSpace || prevBreak
			prevSpace, prevBreak = true, false
		case brk:
			breaks = true
			leading = leading || i == 0
			trailingBreak = trailingBreak || i+w == len(s)
			spaceBreak = spaceBreak || prevSpace
			prevSpace, prevBreak = false, true
		default:
			prevSpace, prevBreak = false, false
		}
		afterBlank = c == 0 || c == ' ' || c == '\t' || brk
		i += w
	}
	plain := !leading && !trailingSpace && !trailingBreak && !breakSpace && !spaceBreak && !special && !breaks
	return analysis{
		multiline:    breaks,
		flowPlain:    plain && !flowInd,
		blockPlain:   plain && !blockInd,
		singleQuoted: !breakSpace && !spaceBreak && !special,
		blockText:    !trailingSpace && !spaceBreak && !special,
	}
}
