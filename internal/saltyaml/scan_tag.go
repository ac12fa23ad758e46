package saltyaml

const (
	directiveContext = "while scanning a directive"
	yamlContext      = "while scanning a %YAML directive"
	tagContext       = "while scanning a tag"
)

// scanAnchor scans `&name` or `*name`.
func (s *scanner) scanAnchor(kind tokenKind) error {
	start := s.mark
	s.advance()
	from := s.pos
	if err := s.alphas(); err != nil {
		return err
	}
	ok := s.pos > from
	if ok && !s.blankzAt(0) {
		switch s.at(0) {
		case '?', ':', ',', ']', '}', '%', '@', '`':
		default:
			ok = false
		}
	}
	if !ok {
		context := "while scanning an alias"
		if kind == tokAnchor {
			context = "while scanning an anchor"
		}
		return s.fail(context, start, "did not find expected alphabetic or numeric character")
	}
	s.queue.push(token{kind: kind, start: start, end: s.mark, value: s.src[from:s.pos]})
	return nil
}

// alphas moves over letters, digits, '_' and '-'.
func (s *scanner) alphas() error {
	for {
		if err := s.need(1); err != nil {
			return err
		}
		if !isAlpha(s.at(0)) {
			return nil
		}
		s.advance()
	}
}

// scanTag scans `!<uri>`, `!suffix` or `!handle!suffix`.
func (s *scanner) scanTag() error {
	start := s.mark
	var handle, suffix string
	var err error
	if err := s.need(2); err != nil {
		return err
	}
	if s.at(1) == '<' {
		s.advance()
		s.advance()
		if suffix, err = s.tagURI(true, false, "", start); err != nil {
			return err
		}
		if s.at(0) != '>' {
			return s.fail(tagContext, start, "did not find the expected '>'")
		}
		s.advance()
	} else {
		if handle, err = s.tagHandle(false, start); err != nil {
			return err
		}
		if n := len(handle); n > 1 && handle[n-1] == '!' {
			if suffix, err = s.tagURI(false, false, "", start); err != nil {
				return err
			}
		} else {
			if suffix, err = s.tagURI(false, false, handle, start); err != nil {
				return err
			}
			handle = "!"
			if suffix == "" { // the tag `!`
				handle, suffix = "", "!"
			}
		}
	}
	if err := s.need(1); err != nil {
		return err
	}
	if !s.blankzAt(0) && (s.flow == 0 || s.at(0) != ',') {
		return s.fail(tagContext, start, "did not find expected whitespace or line break")
	}
	s.queue.push(token{kind: tokTag, start: start, end: s.mark, value: handle, suffix: suffix})
	return nil
}

func (s *scanner) tagHandle(directive bool, start mark) (string, error) {
	if err := s.need(1); err != nil {
		return "", err
	}
	if s.at(0) != '!' {
		context := tagContext
		if directive {
			context = "while scanning a tag directive"
		}
		return "", s.fail(context, start, "did not find expected '!'")
	}
	from := s.pos
	s.advance()
	if err := s.alphas(); err != nil {
		return "", err
	}
	if s.at(0) == '!' {
		s.advance()
	} else if directive && s.pos-from > 1 {
		return "", s.fail("while parsing a tag directive", start, "did not find expected '!'")
	}
	return s.src[from:s.pos], nil
}

// tagURI scans a tag's URI. head is what was read of it already, with the
// leading '!', which does not belong to it.
func (s *scanner) tagURI(verbatim, directive bool, head string, start mark) (string, error) {
	context := "while parsing a tag"
	if directive {
		context = "while parsing a %TAG directive"
	}
	var out []byte
	if head != "" {
		out = append(out, head[1:]...)
	}
	length := len(head)
	for {
		if err := s.need(1); err != nil {
			return "", err
		}
		c := s.at(0)
		if !isURI(c, verbatim) {
			break
		}
		if c == '%' {
			var err error
			if out, err = s.uriEscape(out, context, start); err != nil {
				return "", err
			}
		} else {
			out = append(out, c)
			s.advance()
		}
		length++
	}
	if length == 0 {
		return "", s.fail(context, start, "did not find expected tag URI")
	}
	return string(out), nil
}

func isURI(c byte, verbatim bool) bool {
	switch c {
	case ';', '/', '?', ':', '@', '&', '=', '+', '$', '.', '%', '!', '~', '*', '\'', '(', ')':
		return true
	case ',', '[', ']':
		return verbatim
	}
	return isAlpha(c)
}

// uriEscape reads the %XX octets of one character.
func (s *scanner) uriEscape(out []byte, context string, start mark) ([]byte, error) {
	for left := 0; ; {
		if err := s.need(3); err != nil {
			return out, err
		}
		hi, lo := hexValue(s.at(1)), hexValue(s.at(2))
		if s.at(0) != '%' || hi < 0 || lo < 0 {
			return out, s.fail(context, start, "did not find URI escaped octet")
		}
		octet := byte(hi<<4 | lo)
		switch {
		case left > 0:
			if octet&0xC0 != 0x80 {
				return out, s.fail(context, start, "found an incorrect trailing UTF-8 octet")
			}
		case octet < 0x80:
			left = 1
		case octet&0xE0 == 0xC0:
			left = 2
		case octet&0xF0 == 0xE0:
			left = 3
		case octet&0xF8 == 0xF0:
			left = 4
		default:
			return out, s.fail(context, start, "found an incorrect leading UTF-8 octet")
		}
		out = append(out, octet)
		for range 3 {
			s.advance()
		}
		if left--; left == 0 {
			return out, nil
		}
	}
}

// fetchDirective scans a %YAML or %TAG line.
func (s *scanner) fetchDirective() error {
	s.unroll(-1)
	if err := s.removeKey(); err != nil {
		return err
	}
	s.keyAllowed = false
	start := s.mark
	s.advance()
	from := s.pos
	if err := s.alphas(); err != nil {
		return err
	}
	name := s.src[from:s.pos]
	if name == "" {
		return s.fail(directiveContext, start, "could not find expected directive name")
	}
	if !s.blankzAt(0) {
		return s.fail(directiveContext, start, "found unexpected non-alphabetical character")
	}
	t := token{start: start}
	var err error
	switch name {
	case "YAML":
		t.kind = tokVersion
		t.major, t.minor, err = s.version(start)
	case "TAG":
		t.kind = tokTagDirective
		t.value, t.suffix, err = s.tagDirective(start)
	default:
		return s.fail(directiveContext, start, "found unknown directive name")
	}
	if err != nil {
		return err
	}
	t.end = s.mark
	if err := s.restOfLine(directiveContext, start); err != nil {
		return err
	}
	s.queue.push(t)
	return nil
}

func (s *scanner) version(start mark) (major, minor int, err error) {
	if err := s.skipBlanks(); err != nil {
		return 0, 0, err
	}
	if major, err = s.versionNumber(start); err != nil {
		return 0, 0, err
	}
	if s.at(0) != '.' {
		return 0, 0, s.fail(yamlContext, start, "did not find expected digit or '.' character")
	}
	s.advance()
	minor, err = s.versionNumber(start)
	return major, minor, err
}

func (s *scanner) versionNumber(start mark) (int, error) {
	value, length := 0, 0
	for {
		if err := s.need(1); err != nil {
			return 0, err
		}
		c := s.at(0)
		if !isDigit(c) {
			break
		}
		if length++; length > 9 {
			return 0, s.fail(yamlContext, start, "found extremely long version number")
		}
		value = value*10 + int(c-'0')
		s.advance()
	}
	if length == 0 {
		return 0, s.fail(yamlContext, start, "did not find expected version number")
	}
	return value, nil
}

func (s *scanner) tagDirective(start mark) (handle, prefix string, err error) {
	const context = "while scanning a %TAG directive"
	if err := s.skipBlanks(); err != nil {
		return "", "", err
	}
	if handle, err = s.tagHandle(true, start); err != nil {
		return "", "", err
	}
	if err := s.need(1); err != nil {
		return "", "", err
	}
	if !s.blankAt(0) {
		return "", "", s.fail(context, start, "did not find expected whitespace")
	}
	if err := s.skipBlanks(); err != nil {
		return "", "", err
	}
	if prefix, err = s.tagURI(true, true, "", start); err != nil {
		return "", "", err
	}
	if err := s.need(1); err != nil {
		return "", "", err
	}
	if !s.blankzAt(0) {
		return "", "", s.fail(context, start, "did not find expected whitespace or line break")
	}
	return handle, prefix, nil
}
