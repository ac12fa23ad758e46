package saltyaml

import "unicode/utf8"

const (
	quotedContext = "while scanning a quoted scalar"
	escapeContext = "while parsing a quoted scalar"
	plainContext  = "while scanning a plain scalar"
)

// escapes are the one-letter escapes of a double-quoted scalar.
//
//nolint:gochecknoglobals // a constant table
var escapes = [256]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r",
	'e': "\x1b", ' ': " ", '"': `"`, '/': "/", '\\': `\`,
	'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

// scanQuoted scans a single- or double-quoted scalar.
func (s *scanner) scanQuoted(quote byte) error {
	start := s.mark
	s.advance()
	out := s.buf[:0]
	for {
		if err := s.need(4); err != nil {
			return err
		}
		if s.col == 0 && (s.docMarker('-') || s.docMarker('.')) {
			return s.fail(quotedContext, start, "found unexpected document indicator")
		}
		if s.eof() {
			return s.fail(quotedContext, start, "found unexpected end of stream")
		}
		var folded bool
		var err error
		if out, folded, err = s.quotedWord(out, quote, start); err != nil {
			return err
		}
		if err := s.need(1); err != nil {
			return err
		}
		if s.at(0) == quote {
			break
		}
		if out, err = s.quotedBlanks(out, folded); err != nil {
			return err
		}
	}
	s.advance()
	s.buf = out
	s.queue.push(token{kind: tokScalar, style: quote, start: start, end: s.mark, value: string(out)})
	return nil
}

// quotedWord reads up to a blank, a line break or the closing quote. folded
// says that it ended with an escaped line break.
func (s *scanner) quotedWord(out []byte, quote byte, start mark) (_ []byte, folded bool, err error) {
	for {
		if err := s.need(2); err != nil {
			return out, false, err
		}
		c := s.at(0)
		switch {
		case s.blankzAt(0):
			return out, false, nil
		case c == '\'' && quote == '\'' && s.at(1) == '\'':
			out = append(out, '\'')
			s.advance()
			s.advance()
		case c == quote:
			return out, false, nil
		case c == '\\' && quote == '"' && s.breakAt(1):
			if err := s.need(3); err != nil {
				return out, false, err
			}
			s.advance()
			s.skipLine()
			return out, true, nil
		case c == '\\' && quote == '"':
			if out, err = s.escape(out, start); err != nil {
				return out, false, err
			}
		default:
			n := width(c)
			out = append(out, s.src[s.pos:s.pos+n]...)
			s.advance()
		}
	}
}

// escape reads one escape sequence of a double-quoted scalar.
func (s *scanner) escape(out []byte, start mark) ([]byte, error) {
	digits := 0
	switch c := s.at(1); c {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		if escapes[c] == "" {
			return out, s.fail(escapeContext, start, "found unknown escape character")
		}
		out = append(out, escapes[c]...)
	}
	s.advance()
	s.advance()
	if digits == 0 {
		return out, nil
	}
	if err := s.need(digits); err != nil {
		return out, err
	}
	var value uint32
	for k := range digits {
		h := hexValue(s.at(k))
		if h < 0 {
			return out, s.fail(escapeContext, start, "did not find expected hexdecimal number")
		}
		value = value<<4 + uint32(h)
	}
	if value >= 0xD800 && value <= 0xDFFF || value > 0x10FFFF {
		return out, s.fail(escapeContext, start, "found invalid Unicode character escape code")
	}
	out = utf8.AppendRune(out, rune(value))
	for range digits {
		s.advance()
	}
	return out, nil
}

// quotedBlanks reads the blanks and line breaks inside a quoted scalar and
// appends what they mean. folded says that a line break was escaped before.
func (s *scanner) quotedBlanks(out []byte, folded bool) ([]byte, error) {
	from, to := s.pos, s.pos // blanks before any line break
	s.lead, s.trail = s.lead[:0], s.trail[:0]
	for {
		if err := s.need(1); err != nil {
			return out, err
		}
		switch {
		case s.blankAt(0):
			s.advance()
			if !folded {
				to = s.pos
			}
		case s.breakAt(0):
			if err := s.need(2); err != nil {
				return out, err
			}
			if folded {
				s.trail = s.readLine(s.trail)
			} else {
				s.lead = s.readLine(s.lead)
			}
			folded = true
		case folded:
			return s.fold(out), nil
		default:
			return append(out, s.src[from:to]...), nil
		}
	}
}

// fold appends what the line breaks in s.lead (the first) and s.trail (the
// others) mean inside a flow scalar: one is a space, of several the first
// goes, and LS and PS stay.
func (s *scanner) fold(out []byte) []byte {
	if len(s.lead) > 0 && s.lead[0] == '\n' {
		if len(s.trail) == 0 {
			return append(out, ' ')
		}
		return append(out, s.trail...)
	}
	return append(append(out, s.lead...), s.trail...)
}

// scanPlain scans a plain scalar. One that stays on its line is a piece of
// the text and is not copied.
func (s *scanner) scanPlain() error {
	start, end := s.mark, s.mark
	indent := s.indent + 1
	first, last := s.pos, s.pos
	out, multi, folded := s.buf[:0], false, false
	for {
		if err := s.need(4); err != nil {
			return err
		}
		if s.col == 0 && (s.docMarker('-') || s.docMarker('.')) || s.at(0) == '#' {
			break
		}
		word := s.pos
		if err := s.plainWord(start); err != nil {
			return err
		}
		if s.pos > word {
			switch {
			case folded:
				if !multi {
					multi = true
					out = append(out, s.src[first:last]...)
				}
				out = append(s.fold(out), s.src[word:s.pos]...)
			case multi:
				out = append(out, s.src[last:s.pos]...)
			}
			last, end, folded = s.pos, s.mark, false
		}
		if !s.blankAt(0) && !s.breakAt(0) {
			break
		}
		var err error
		if folded, err = s.plainBlanks(start, indent); err != nil {
			return err
		}
		if s.flow == 0 && s.col < indent {
			break
		}
	}
	value := s.src[first:last]
	if multi {
		s.buf = out
		value = string(out)
	}
	if folded {
		s.keyAllowed = true
	}
	s.queue.push(token{kind: tokScalar, style: stylePlain, start: start, end: end, value: value})
	return nil
}

// plainWord moves to the end of a run of characters of a plain scalar.
func (s *scanner) plainWord(start mark) error {
	for !s.blankzAt(0) {
		switch c := s.at(0); c {
		case ':':
			if s.flow > 0 {
				switch s.at(1) {
				case ',', '?', '[', ']', '{', '}':
					return s.fail(plainContext, start, "found unexpected ':'")
				}
			}
			if s.blankzAt(1) {
				return nil
			}
		case ',', '[', ']', '{', '}':
			if s.flow > 0 {
				return nil
			}
		}
		s.advance()
		if err := s.need(2); err != nil {
			return err
		}
	}
	return nil
}

// plainBlanks moves over blanks and line breaks, keeps the breaks in s.lead
// and s.trail, and says whether there was one.
func (s *scanner) plainBlanks(start mark, indent int) (folded bool, err error) {
	s.lead, s.trail = s.lead[:0], s.trail[:0]
	for {
		if err := s.need(1); err != nil {
			return folded, err
		}
		if s.breakAt(0) {
			if err := s.need(2); err != nil {
				return folded, err
			}
		}
		switch {
		case s.blankAt(0):
			if folded && s.col < indent && s.at(0) == '\t' {
				return folded, s.fail(plainContext, start, "found a tab character that violates indentation")
			}
			s.advance()
		case !s.breakAt(0):
			return folded, nil
		case folded:
			s.trail = s.readLine(s.trail)
		default:
			s.lead = s.readLine(s.lead)
			folded = true
		}
	}
}
