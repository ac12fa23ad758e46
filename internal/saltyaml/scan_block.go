package saltyaml

const blockContext = "while scanning a block scalar"

// scanBlock scans a literal or folded block scalar.
func (s *scanner) scanBlock(style byte) error {
	start := s.mark
	s.advance()
	chomp, increment, err := s.blockHeader(start)
	if err != nil {
		return err
	}
	indent := 0
	if increment > 0 {
		indent = increment
		if s.indent >= 0 {
			indent += s.indent
		}
	}
	out, lead, trail := s.buf[:0], s.lead[:0], s.trail[:0]
	var end mark
	if trail, err = s.blockBreaks(&indent, trail, start, &end); err != nil {
		return err
	}
	if err := s.need(1); err != nil {
		return err
	}
	leadingBlank := false
	for s.col == indent && !s.eof() {
		blank := s.blankAt(0)
		if style == styleFold && len(lead) > 0 && lead[0] == '\n' && !leadingBlank && !blank {
			if len(trail) == 0 {
				out = append(out, ' ')
			}
		} else {
			out = append(out, lead...)
		}
		out = append(out, trail...)
		lead, trail = lead[:0], trail[:0]
		leadingBlank = blank

		from := s.pos
		for !s.breakzAt(0) {
			s.advance()
			if err := s.need(1); err != nil {
				return err
			}
		}
		out = append(out, s.src[from:s.pos]...)
		if err := s.need(2); err != nil {
			return err
		}
		lead = s.readLine(lead)
		if trail, err = s.blockBreaks(&indent, trail, start, &end); err != nil {
			return err
		}
	}
	if chomp != '-' {
		out = append(out, lead...)
	}
	if chomp == '+' {
		out = append(out, trail...)
	}
	s.buf, s.lead, s.trail = out, lead, trail
	s.queue.push(token{kind: tokScalar, style: style, start: start, end: end, value: string(out)})
	return nil
}

// blockHeader scans what may follow '|' or '>' on its line: a chomping and an
// indentation indicator in either order, then a comment.
func (s *scanner) blockHeader(start mark) (chomp byte, increment int, err error) {
	chomping := func() {
		if c := s.at(0); c == '+' || c == '-' {
			chomp = c
			s.advance()
		}
	}
	if err := s.need(1); err != nil {
		return 0, 0, err
	}
	chomping()
	if err := s.need(1); err != nil {
		return 0, 0, err
	}
	if c := s.at(0); isDigit(c) {
		if c == '0' {
			return 0, 0, s.fail(blockContext, start, "found an indentation indicator equal to 0")
		}
		increment = int(c - '0')
		s.advance()
		if err := s.need(1); err != nil {
			return 0, 0, err
		}
		if chomp == 0 {
			chomping()
		}
	}
	if err := s.restOfLine(blockContext, start); err != nil {
		return 0, 0, err
	}
	return chomp, increment, nil
}

// restOfLine skips blanks, a comment and the line break; anything else is an
// error.
func (s *scanner) restOfLine(context string, start mark) error {
	if err := s.skipBlanks(); err != nil {
		return err
	}
	if err := s.skipComment(); err != nil {
		return err
	}
	if !s.breakzAt(0) {
		return s.fail(context, start, "did not find expected comment or line break")
	}
	if s.breakAt(0) {
		if err := s.need(2); err != nil {
			return err
		}
		s.skipLine()
	}
	return nil
}

func (s *scanner) skipBlanks() error {
	for {
		if err := s.need(1); err != nil {
			return err
		}
		if !s.blankAt(0) {
			return nil
		}
		s.advance()
	}
}

// blockBreaks eats indentation and empty lines, and finds the indentation
// where it was not given: that of the deepest line so far.
func (s *scanner) blockBreaks(indent *int, breaks []byte, start mark, end *mark) ([]byte, error) {
	deepest := 0
	*end = s.mark
	for {
		if err := s.need(1); err != nil {
			return breaks, err
		}
		for (*indent == 0 || s.col < *indent) && s.at(0) == ' ' {
			s.advance()
			if err := s.need(1); err != nil {
				return breaks, err
			}
		}
		deepest = max(deepest, s.col)
		if (*indent == 0 || s.col < *indent) && s.at(0) == '\t' {
			return breaks, s.fail(blockContext, start, "found a tab character where an indentation space is expected")
		}
		if !s.breakAt(0) {
			break
		}
		if err := s.need(2); err != nil {
			return breaks, err
		}
		breaks = s.readLine(breaks)
		*end = s.mark
	}
	if *indent == 0 {
		*indent = max(deepest, s.indent+1, 1)
	}
	return breaks, nil
}
