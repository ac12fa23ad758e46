package pyre

import "pinch/internal/py"

// The functions below are Salt's Jinja filters of the same names, and the
// functions of the re module over values.

func filterFlags(ignoreCase, multiline bool) Flags {
	var f Flags
	if ignoreCase {
		f |= IgnoreCase
	}
	if multiline {
		f |= Multiline
	}
	return f
}

// text returns the text of a str, or of bytes.
func text(v py.Value) (s string, isBytes, ok bool) {
	switch v := v.(type) {
	case py.Str:
		return string(v), false, true
	case py.Bytes:
		return string(v), true, true
	case py.StrLike:
		return v.PyString(), false, true
	}
	return "", false, false
}

// CompileValue is re.compile: pattern is a str or bytes.
func (c *Cache) CompileValue(pattern py.Value, flags Flags) (*Regexp, error) {
	s, isBytes, ok := text(pattern)
	if !ok {
		if _, err := py.NewSet(pattern); err != nil { // re keeps patterns in a dict
			return nil, err
		}
		return nil, py.TypeErrorf("first argument must be string or compiled pattern")
	}
	return c.compile(cacheKey{s, flags, isBytes})
}

// Subject returns the text that the pattern is to be matched with, or the
// TypeError that v is of the wrong type.
func (re *Regexp) Subject(v py.Value) (string, error) {
	s, isBytes, ok := text(v)
	switch {
	case !ok:
		return "", py.TypeErrorf("expected string or bytes-like object, got '%s'", py.TypeName(v))
	case isBytes && !re.bytes:
		return "", py.TypeErrorf("cannot use a string pattern on a bytes-like object")
	case !isBytes && re.bytes:
		return "", py.TypeErrorf("cannot use a bytes pattern on a string-like object")
	}
	return s, nil
}

func (c *Cache) prepare(v, pattern py.Value, flags Flags) (*Regexp, string, error) {
	re, err := c.CompileValue(pattern, flags)
	if err != nil {
		return nil, "", err
	}
	s, err := re.Subject(v)
	return re, s, err
}

// RegexMatch is Salt's regex_match: the groups of a match at the start of
// text, or the whole match where the pattern has none; None without a match.
func (c *Cache) RegexMatch(text, pattern py.Value, ignoreCase, multiline bool) (py.Value, error) {
	re, s, err := c.prepare(text, pattern, filterFlags(ignoreCase, multiline))
	if err != nil {
		return nil, err
	}
	return groupsOrAll(re.Match(s))
}

// RegexSearch is Salt's regex_search: as RegexMatch, anywhere in text.
func (c *Cache) RegexSearch(text, pattern py.Value, ignoreCase, multiline bool) (py.Value, error) {
	re, s, err := c.prepare(text, pattern, filterFlags(ignoreCase, multiline))
	if err != nil {
		return nil, err
	}
	return groupsOrAll(re.Search(s))
}

func groupsOrAll(m *Match, err error) (py.Value, error) {
	switch {
	case err != nil:
		return nil, err
	case m == nil:
		return py.None, nil
	case m.re.Groups == 0:
		return py.Tuple{m.Value(0)}, nil
	}
	return m.Groups(), nil
}

// RegexReplace is Salt's regex_replace.
func (c *Cache) RegexReplace(text, pattern, repl py.Value, ignoreCase, multiline bool) (py.Value, error) {
	re, err := c.CompileValue(pattern, filterFlags(ignoreCase, multiline))
	if err != nil {
		return nil, err
	}
	return re.SubValue(repl, text, 0)
}

// SubValue is pattern.sub(repl, text, count).
func (re *Regexp) SubValue(repl, v py.Value, count int) (py.Value, error) {
	s, err := re.Subject(v)
	if err != nil {
		return nil, err
	}
	r, isBytes, ok := text(repl)
	if !ok {
		if _, err := py.NewSet(repl); err != nil {
			return nil, err
		}
		return nil, py.TypeErrorf("decoding to str: need a bytes-like object, %s found", py.TypeName(repl))
	}
	if isBytes != re.bytes {
		m, err := re.Search(s)
		switch {
		case err != nil:
			return nil, err
		case m == nil:
			return re.value(s), nil
		case isBytes:
			return nil, py.TypeErrorf("sequence item 0: expected str instance, bytes found")
		}
		return nil, py.TypeErrorf("sequence item 0: expected a bytes-like object, str found")
	}
	out, err := re.Sub(r, s, count)
	if err != nil {
		return nil, err
	}
	return re.value(out), nil
}

// RegexEscape is Salt's regex_escape.
func RegexEscape(v py.Value) (py.Value, error) {
	s, isBytes, ok := text(v)
	switch {
	case !ok:
		return nil, py.TypeErrorf("decoding to str: need a bytes-like object, %s found", py.TypeName(v))
	case isBytes:
		return py.Bytes(Escape(s)), nil
	}
	return py.Str(Escape(s)), nil
}
