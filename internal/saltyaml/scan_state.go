package saltyaml

const (
	keyContext  = "while scanning a simple key"
	keyProblem  = "could not find expected ':'"
	maxKeyChars = 1024
)

// staleKeys gives up places where a simple key can no longer have begun. One
// at the block's own indentation had to be a key: then it is an error.
func (s *scanner) staleKeys() error {
	for i := range s.keys {
		k := &s.keys[i]
		if k.possible && (k.mark.line < s.line || k.mark.index+maxKeyChars < s.index) {
			if k.required {
				return s.fail(keyContext, k.mark, keyProblem)
			}
			k.possible = false
		}
	}
	return nil
}

// saveKey notes that a simple key may begin here.
func (s *scanner) saveKey() error {
	if !s.keyAllowed {
		return nil
	}
	required := s.flow == 0 && s.indent == s.col
	number := s.parsed + s.queue.len()
	if err := s.removeKey(); err != nil {
		return err
	}
	s.keys[len(s.keys)-1] = simpleKey{possible: true, required: required, number: number, mark: s.mark}
	return nil
}

// removeKey gives up the place of the current flow level.
func (s *scanner) removeKey() error {
	k := &s.keys[len(s.keys)-1]
	if k.possible && k.required {
		return s.fail(keyContext, k.mark, keyProblem)
	}
	k.possible = false
	return nil
}

// roll opens a block collection when the column is deeper than the current
// one. number is the token before which its start goes, -1 for the end.
func (s *scanner) roll(col, number int, kind tokenKind, m mark) {
	if s.flow > 0 || s.indent >= col {
		return
	}
	s.indents = append(s.indents, s.indent)
	s.indent = col
	t := token{kind: kind, start: m, end: m}
	if number < 0 {
		s.queue.push(t)
		return
	}
	s.queue.insert(number-s.parsed, t)
}

// unroll closes the block collections that are deeper than the column.
func (s *scanner) unroll(col int) {
	if s.flow > 0 {
		return
	}
	for s.indent > col {
		s.queue.push(token{kind: tokBlockEnd, start: s.mark, end: s.mark})
		last := len(s.indents) - 1
		s.indent = s.indents[last]
		s.indents = s.indents[:last]
	}
}

// at returns the i-th byte from here, 0 behind the end. Input cannot contain
// a 0 (checkInput), so it also means the end.
func (s *scanner) at(i int) byte {
	if s.pos+i < len(s.src) {
		return s.src[s.pos+i]
	}
	return 0
}

func (s *scanner) eof() bool { return s.pos >= len(s.src) }

// width returns how many bytes a character has by its first one.
func width(c byte) int {
	switch {
	case c < 0xC0:
		return 1
	case c < 0xE0:
		return 2
	case c < 0xF0:
		return 3
	}
	return 4
}

// advance moves over one character.
func (s *scanner) advance() {
	s.pos += width(s.src[s.pos])
	s.index++
	s.col++
}

// skipLine moves over a line break.
func (s *scanner) skipLine() {
	switch {
	case s.at(0) == '\r' && s.at(1) == '\n':
		s.pos += 2
		s.index += 2
	case s.breakAt(0):
		s.pos += width(s.src[s.pos])
		s.index++
	default:
		return
	}
	s.col = 0
	s.line++
}

// readLine moves over a line break and appends it to b in its normal form:
// CR, LF, CR LF and NEL are LF, the others stay.
func (s *scanner) readLine(b []byte) []byte {
	if s.at(0) == 0xE2 {
		b = append(b, s.src[s.pos:s.pos+3]...)
	} else if s.breakAt(0) {
		b = append(b, '\n')
	}
	s.skipLine()
	return b
}

// isBreak says whether the bytes begin a line break (LF, CR, NEL, LS, PS).
func isBreak(a, b, c byte) bool {
	switch a {
	case '\n', '\r':
		return true
	case 0xC2:
		return b == 0x85
	case 0xE2:
		return b == 0x80 && (c == 0xA8 || c == 0xA9)
	}
	return false
}

func (s *scanner) breakAt(i int) bool {
	switch c := s.at(i); {
	case c == '\n' || c == '\r':
		return true
	case c < 0xC2:
		return false
	default:
		return isBreak(c, s.at(i+1), s.at(i+2))
	}
}

func (s *scanner) breakzAt(i int) bool { return s.at(i) == 0 || s.breakAt(i) }

func (s *scanner) blankAt(i int) bool { c := s.at(i); return c == ' ' || c == '\t' }

func (s *scanner) blankzAt(i int) bool { return s.blankAt(i) || s.breakzAt(i) }

// docMarker says whether `---` or `...` stands here.
func (s *scanner) docMarker(c byte) bool {
	return s.at(0) == c && s.at(1) == c && s.at(2) == c && s.blankzAt(3)
}

func isAlpha(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '-'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// hexValue returns the value of a hexadecimal digit, -1 for another byte.
func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
