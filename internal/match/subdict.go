package match

import (
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
)

// how a leaf is compared with the last part of an expression. Both sides are
// turned into text and lower-cased first.
type how byte

const (
	byGlob how = iota
	byRegex
	exactly
)

// subdict is the common part of the grain and pillar matchers.
func (m *Matcher) subdict(what string, data *py.Dict, tgt py.Value, delimiter string, h how) (bool, error) {
	in, err := contains(tgt, py.Str(delimiter))
	if err != nil {
		return false, err
	}
	if !in {
		m.logf("Target %s: a %s target needs a key and a value, separated by %q", py.Repr(tgt), what, delimiter)
		return false, nil
	}
	expr, ok := tgt.(py.Str)
	if !ok {
		return false, py.AttributeErrorf("'%s' object has no attribute 'split'", py.TypeName(tgt))
	}
	s := subdictMatcher{m: m, how: h}
	return s.match(data, string(expr), delimiter)
}

type subdictMatcher struct {
	m   *Matcher
	how how
}

// SubdictMatch is salt.utils.data.subdict_match with glob rules: it says
// whether data has, at the keys named by the first parts of expr, a value that
// matches the remaining text. The longest key wins, so "a:b:c" finds both
// data[a][b] == c and data[a] == "b:c".
func SubdictMatch(data *py.Dict, expr, delimiter string) (bool, error) {
	s := subdictMatcher{m: &Matcher{}, how: byGlob}
	return s.match(data, expr, delimiter)
}

// match tries the expression's split points from the right: everything before
// one is a path into data, the rest the pattern for what is found there.
func (s *subdictMatcher) match(data *py.Dict, expr, delimiter string) (bool, error) {
	splits := strings.Split(expr, delimiter)
	for i := len(splits) - 1; i > 0; i-- {
		key := strings.Join(splits[:i], delimiter)
		var pattern string
		var found py.Value
		if key == "*" {
			// Anything below the top level: the pattern keeps its "*:", which
			// dict handles.
			pattern, found = expr, data
			if data == nil {
				found = py.NewDict()
			}
		} else {
			pattern = strings.Join(splits[i:], delimiter)
			v, err := Traverse(data, py.Str(key), py.NewDict(), delimiter)
			if err != nil {
				return false, err
			}
			found = v
		}
		ok, err := s.value(found, pattern)
		if err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

func (s *subdictMatcher) value(found py.Value, pattern string) (bool, error) {
	switch found := found.(type) {
	case *py.Dict:
		if found.Len() == 0 {
			return false, nil
		}
		return s.dict(found, pattern)
	case *py.List:
		return s.list(found.Items, pattern)
	case py.Tuple:
		return s.list(found, pattern)
	}
	return s.leaf(found, pattern)
}

func (s *subdictMatcher) list(items []py.Value, pattern string) (bool, error) {
	for _, it := range items {
		if d, ok := it.(*py.Dict); ok {
			if ok, err := s.dict(d, pattern); err != nil || ok {
				return ok, err
			}
		}
		if ok, err := s.leaf(it, pattern); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

// dict matches a pattern against a mapping: its keys, or a path below it. A
// leading "*:" also looks one level down, below every key.
func (s *subdictMatcher) dict(target *py.Dict, pattern string) (bool, error) {
	pattern, wildcard := strings.CutPrefix(pattern, "*:")
	if pattern == "*" || target.Has(pattern) {
		return true, nil
	}
	for key := range target.All() {
		if ok, err := s.leaf(key, pattern); err != nil || ok {
			return ok, err
		}
	}
	// The caller's delimiter is not handed down here, by Salt's rule.
	if ok, err := s.match(target, pattern, DefaultDelimiter); err != nil || ok {
		return ok, err
	}
	if !wildcard {
		return false, nil
	}
	for _, v := range target.All() {
		var ok bool
		var err error
		switch v := v.(type) {
		case *py.Dict:
			ok, err = s.dict(v, pattern)
		case *py.List:
			ok, err = s.leaves(v.Items, pattern)
		default:
			ok, err = s.leaf(v, pattern)
		}
		if err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

func (s *subdictMatcher) leaves(items []py.Value, pattern string) (bool, error) {
	for _, it := range items {
		if ok, err := s.leaf(it, pattern); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

func (s *subdictMatcher) leaf(v py.Value, pattern string) (bool, error) {
	text, err := py.StrErr(v)
	if err != nil {
		return false, err
	}
	text, pattern = py.Lower(text), py.Lower(pattern)
	switch s.how {
	case exactly:
		return text == pattern, nil
	case byRegex:
		ok, err := s.m.regexMatch(pattern, text)
		if err != nil { // Salt: logged, no match
			s.m.logf("Invalid regex %s in match: %v", py.Repr(py.Str(pattern)), err)
			return false, nil
		}
		return ok, nil
	}
	return fnmatch.Match(pattern, text), nil
}
