package jinja

import (
	"pinch/internal/py"
	"pinch/internal/pyre"
)

// saltRegexFilters are Salt's filters on regular expressions. Patterns are
// compiled once per template cache.
func saltRegexFilters() map[string]Filter {
	find := func(name string, f func(*pyre.Cache, py.Value, py.Value, bool, bool) (py.Value, error)) Filter {
		return fn(name+"(txt, rgx, ignorecase=False, multiline=False)", func(c *Context, a []py.Value) (py.Value, error) {
			ignoreCase, multiline, err := regexFlags(a[2], a[3])
			if err != nil {
				return nil, err
			}
			return f(c.regexes(), a[0], a[1], ignoreCase, multiline)
		})
	}
	return map[string]Filter{
		"regex_search": find("regex_search", (*pyre.Cache).RegexSearch),
		"regex_match":  find("regex_match", (*pyre.Cache).RegexMatch),
		"regex_replace": fn("regex_replace(txt, rgx, val, ignorecase=False, multiline=False)", func(c *Context, a []py.Value) (py.Value, error) {
			ignoreCase, multiline, err := regexFlags(a[3], a[4])
			if err != nil {
				return nil, err
			}
			return c.regexes().RegexReplace(a[0], a[1], a[2], ignoreCase, multiline)
		}),
		"regex_escape": fn("regex_escape(value)", func(_ *Context, a []py.Value) (py.Value, error) {
			return pyre.RegexEscape(a[0])
		}),
	}
}

func regexFlags(ignoreCase, multiline py.Value) (i, m bool, err error) {
	if i, err = py.Truth(ignoreCase); err != nil {
		return false, false, err
	}
	m, err = py.Truth(multiline)
	return i, m, err
}

// regexes returns the compiled patterns that this render shares with others
// of the same Cache, or its own.
func (c *Context) regexes() *pyre.Cache {
	if cache := c.rt.r.Cache; cache != nil {
		return &cache.regexes
	}
	return &c.rt.regexes
}

// testMatch is Salt's test match: whether the pattern matches at the start.
func testMatch(c *Context, a []py.Value) (py.Value, error) {
	ignoreCase, multiline, err := regexFlags(a[2], a[3])
	if err != nil {
		return nil, err
	}
	m, err := c.regexes().RegexMatch(a[0], a[1], ignoreCase, multiline)
	if err != nil {
		return nil, err
	}
	return py.Bool(m != py.Value(py.None)), nil
}
