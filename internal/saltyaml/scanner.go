package saltyaml

// scanner turns text into tokens by libyaml's rules. It keeps, per flow
// level, the one place where a simple key may have begun: YAML shows only at
// the colon that the text before it was a key, so tokens after such a place
// wait in the queue until the question is settled (end of line, or 1024
// characters).
type scanner struct {
	src string
	pos int
	mark

	limit   int // offset of the piece with the bad character
	readErr *Error

	queue  tokens
	parsed int // tokens taken from the queue
	begun  bool
	ended  bool

	indent  int
	indents []int
	flow    int

	keyAllowed bool
	keys       []simpleKey // one per flow level

	buf, lead, trail []byte // scratch of the scalar scanners
}

type simpleKey struct {
	possible, required bool
	number             int // its token's place in the stream
	mark               mark
}

// reset makes the scanner ready for a text. Buffers stay.
func (s *scanner) reset(text string) {
	*s = scanner{
		src: text, indent: -1, queue: tokens{list: s.queue.list[:0]}, indents: s.indents[:0], keys: s.keys[:0],
		buf: s.buf[:0], lead: s.lead[:0], trail: s.trail[:0],
	}
	s.limit, s.readErr = checkInput(text)
	if len(text) >= len(bom) && text[:len(bom)] == bom {
		s.pos = len(bom)
	}
}

func (s *scanner) fail(context string, start mark, problem string) *Error {
	at := s.mark
	if context == "" {
		return newMarked("ScannerError", "", nil, problem, &at)
	}
	return newMarked("ScannerError", context, &start, problem, &at)
}

// need is asked before n characters are looked at; it fails when they reach
// into the piece with a character that YAML forbids.
func (s *scanner) need(n int) error {
	if s.readErr == nil || s.pos+4*n < s.limit {
		return nil
	}
	return s.needSlow(n)
}

func (s *scanner) needSlow(n int) error {
	i := s.pos
	for ; n > 0 && i < s.limit; n-- {
		i += width(s.src[i])
	}
	if n > 0 {
		return s.readErr
	}
	return nil
}

// peek returns the token at the head of the queue.
func (s *scanner) peek() (*token, error) {
	for {
		if s.queue.len() > 0 {
			if err := s.staleKeys(); err != nil {
				return nil, err
			}
			if !s.keyAtHead() {
				return s.queue.first(), nil
			}
		}
		if err := s.fetch(); err != nil {
			return nil, err
		}
	}
}

func (s *scanner) keyAtHead() bool {
	for i := range s.keys {
		if s.keys[i].possible && s.keys[i].number == s.parsed {
			return true
		}
	}
	return false
}

// skip takes the head token off the queue.
func (s *scanner) skip() {
	s.queue.drop()
	s.parsed++
}

// fetch scans at least one more token into the queue.
func (s *scanner) fetch() error {
	if err := s.need(1); err != nil {
		return err
	}
	if !s.begun {
		s.begun, s.keyAllowed = true, true
		s.keys = append(s.keys, simpleKey{})
		s.queue.push(token{kind: tokStreamStart, start: s.mark, end: s.mark})
		return nil
	}
	if err := s.toNextToken(); err != nil {
		return err
	}
	if err := s.staleKeys(); err != nil {
		return err
	}
	s.unroll(s.col)
	if err := s.need(4); err != nil {
		return err
	}
	c, next := s.at(0), s.at(1)
	switch {
	case s.eof():
		return s.fetchStreamEnd()
	case s.col == 0 && c == '%':
		return s.fetchDirective()
	case s.col == 0 && s.docMarker('-'):
		return s.fetchDocument(tokDocStart)
	case s.col == 0 && s.docMarker('.'):
		return s.fetchDocument(tokDocEnd)
	}
	inFlow := s.flow > 0
	switch c {
	case '[':
		return s.fetchFlowStart(tokFlowSeqStart)
	case '{':
		return s.fetchFlowStart(tokFlowMapStart)
	case ']':
		return s.fetchFlowEnd(tokFlowSeqEnd)
	case '}':
		return s.fetchFlowEnd(tokFlowMapEnd)
	case ',':
		if err := s.removeKey(); err != nil {
			return err
		}
		s.keyAllowed = true
		s.indicator(tokFlowEntry)
		return nil
	case '-':
		if s.blankzAt(1) {
			return s.fetchBlockEntry()
		}
		return s.fetchPlain()
	case '?':
		if inFlow || s.blankzAt(1) {
			return s.fetchKey()
		}
		return s.fetchPlain()
	case ':':
		if inFlow || s.blankzAt(1) {
			return s.fetchValue()
		}
		return s.fetchPlain()
	case '*':
		return s.fetchAnchor(tokAlias)
	case '&':
		return s.fetchAnchor(tokAnchor)
	case '!':
		return s.fetchTag()
	case '|', '>':
		if !inFlow {
			return s.fetchBlockScalar(c)
		}
	case '\'', '"':
		return s.fetchQuoted(c)
	case '#', '%', '@', '`', ' ', '\t':
	default:
		if !isBreak(c, next, s.at(2)) {
			return s.fetchPlain()
		}
	}
	return s.fail("while scanning for the next token", s.mark, "found character that cannot start any token")
}

// toNextToken skips spaces, comments and line breaks. A tab counts as a space
// only where no simple key could start.
func (s *scanner) toNextToken() error {
	for {
		if err := s.need(1); err != nil {
			return err
		}
		if s.col == 0 && s.at(0) == bom[0] && s.at(1) == bom[1] && s.at(2) == bom[2] {
			s.advance()
		}
		for {
			if err := s.need(1); err != nil {
				return err
			}
			c := s.at(0)
			if c != ' ' && (c != '\t' || s.flow == 0 && s.keyAllowed) {
				break
			}
			s.advance()
		}
		if err := s.skipComment(); err != nil {
			return err
		}
		if !s.breakAt(0) {
			return nil
		}
		if err := s.need(2); err != nil {
			return err
		}
		s.skipLine()
		if s.flow == 0 {
			s.keyAllowed = true
		}
	}
}

// skipComment skips from '#' to the end of the line.
func (s *scanner) skipComment() error {
	if s.at(0) != '#' {
		return nil
	}
	for !s.breakzAt(0) {
		s.advance()
		if err := s.need(1); err != nil {
			return err
		}
	}
	return nil
}

// indicator makes a token of one character.
func (s *scanner) indicator(kind tokenKind) {
	start := s.mark
	s.advance()
	s.queue.push(token{kind: kind, start: start, end: s.mark})
}

func (s *scanner) fetchStreamEnd() error {
	if s.col != 0 {
		s.col = 0
		s.line++
	}
	s.unroll(-1)
	if err := s.removeKey(); err != nil {
		return err
	}
	s.keyAllowed = false
	s.ended = true
	s.queue.push(token{kind: tokStreamEnd, start: s.mark, end: s.mark})
	return nil
}

func (s *scanner) fetchDocument(kind tokenKind) error {
	s.unroll(-1)
	if err := s.removeKey(); err != nil {
		return err
	}
	s.keyAllowed = false
	start := s.mark
	for range 3 {
		s.advance()
	}
	s.queue.push(token{kind: kind, start: start, end: s.mark})
	return nil
}

func (s *scanner) fetchFlowStart(kind tokenKind) error {
	if err := s.saveKey(); err != nil {
		return err
	}
	s.keys = append(s.keys, simpleKey{})
	s.flow++
	s.keyAllowed = true
	s.indicator(kind)
	return nil
}

func (s *scanner) fetchFlowEnd(kind tokenKind) error {
	if err := s.removeKey(); err != nil {
		return err
	}
	if s.flow > 0 {
		s.flow--
		s.keys = s.keys[:len(s.keys)-1]
	}
	s.keyAllowed = false
	s.indicator(kind)
	return nil
}

func (s *scanner) fetchBlockEntry() error {
	if s.flow == 0 {
		if !s.keyAllowed {
			return s.fail("", mark{}, "block sequence entries are not allowed in this context")
		}
		s.roll(s.col, -1, tokBlockSeqStart, s.mark)
	}
	if err := s.removeKey(); err != nil {
		return err
	}
	s.keyAllowed = true
	s.indicator(tokBlockEntry)
	return nil
}

func (s *scanner) fetchKey() error {
	if s.flow == 0 {
		if !s.keyAllowed {
			return s.fail("", mark{}, "mapping keys are not allowed in this context")
		}
		s.roll(s.col, -1, tokBlockMapStart, s.mark)
	}
	if err := s.removeKey(); err != nil {
		return err
	}
	s.keyAllowed = s.flow == 0
	s.indicator(tokKey)
	return nil
}

func (s *scanner) fetchValue() error {
	key := &s.keys[len(s.keys)-1]
	switch {
	case key.possible:
		s.queue.insert(key.number-s.parsed, token{kind: tokKey, start: key.mark, end: key.mark})
		s.roll(key.mark.col, key.number, tokBlockMapStart, key.mark)
		key.possible = false
		s.keyAllowed = false
	case s.flow > 0:
		s.keyAllowed = false
	case !s.keyAllowed:
		return s.fail("", mark{}, "mapping values are not allowed in this context")
	default:
		s.roll(s.col, -1, tokBlockMapStart, s.mark)
		s.keyAllowed = true
	}
	s.indicator(tokValue)
	return nil
}

func (s *scanner) fetchPlain() error {
	if err := s.saveKey(); err != nil {
		return err
	}
	s.keyAllowed = false
	return s.scanPlain()
}

func (s *scanner) fetchQuoted(quote byte) error {
	if err := s.saveKey(); err != nil {
		return err
	}
	s.keyAllowed = false
	return s.scanQuoted(quote)
}

func (s *scanner) fetchBlockScalar(style byte) error {
	if err := s.removeKey(); err != nil {
		return err
	}
	s.keyAllowed = true
	return s.scanBlock(style)
}

func (s *scanner) fetchAnchor(kind tokenKind) error {
	if err := s.saveKey(); err != nil {
		return err
	}
	s.keyAllowed = false
	return s.scanAnchor(kind)
}

func (s *scanner) fetchTag() error {
	if err := s.saveKey(); err != nil {
		return err
	}
	s.keyAllowed = false
	return s.scanTag()
}
