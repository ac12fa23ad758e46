// Package match decides whether a minion is meant by a target expression, by
// Salt's own rules: glob, pcre, list, grain, grain_pcre, pillar, pillar_pcre,
// pillar_exact, ipcidr, data, nodegroup and compound. The states compiler uses
// it for top files and the match.* functions, the roster for targets that
// speak of grains or pillar.
//
// The rules are those of the matchers a Salt minion runs (salt 3008.3,
// salt/matchers and salt/utils/minions.py), quirks included: an invalid
// compound matches nothing instead of being an error, `not not x` is invalid,
// and a nodegroup that refers to itself vanishes. What Salt only logs is handed
// to Matcher.Log, so that a caller can tell the user.
package match

import (
	"fmt"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
	"pinch/internal/pyre"
)

// DefaultDelimiter separates the levels of a grain or pillar expression.
const DefaultDelimiter = ":"

// Minion is what a target is held against. Nil dicts count as empty.
type Minion struct {
	ID     string
	Grains *py.Dict
	Pillar *py.Dict
	// Data is the minion's data store (salt's data module), for kind "data".
	Data *py.Dict
}

// Matcher matches targets against one minion. The zero value of the optional
// fields is fine. A Matcher may be shared by goroutines when Log may.
type Matcher struct {
	Minion Minion
	// Nodegroups maps names to expressions (str) or lists (master option
	// nodegroups); nil means none.
	Nodegroups *py.Dict
	// Log receives what Salt logs as an error: why an expression that is not
	// an error by Salt's rules cannot match anything. May be nil.
	Log func(message string)
	// Leaf, when set, is asked first about every word of a compound expression
	// that is not a plain glob; ok is false when it has no answer. A caller
	// that does not know the grains yet tries both answers.
	Leaf func(kind, pattern, delimiter string) (value, ok bool)

	regexes pyre.Cache
}

// Match is Matcher.Match for a target that is text.
func Match(kind, tgt, delimiter string, m Minion, nodegroups *py.Dict) (bool, error) {
	mm := Matcher{Minion: m, Nodegroups: nodegroups}
	return mm.Match(kind, py.Str(tgt), delimiter)
}

// Kinds lists the matchers that Match knows.
func Kinds() []string {
	return []string{
		"compound", "data", "glob", "grain", "grain_pcre", "ipcidr", "list", "managing_minion",
		"nodegroup", "pcre", "pillar", "pillar_exact", "pillar_pcre", "range", "resource",
	}
}

// Match says whether the minion is meant by tgt. kind is Salt's name of the
// matcher; delimiter is "" for the default and matters to the grain and pillar
// kinds only. A target need not be text: "list" and "compound" take lists.
//
// Errors are the exceptions Salt's matcher raises, as *py.Error: a bad regular
// expression, a target of a type the matcher cannot read, and KeyError for an
// unknown kind. Salt lets them stop the whole run.
func (m *Matcher) Match(kind string, tgt py.Value, delimiter string) (bool, error) {
	if delimiter == "" {
		delimiter = DefaultDelimiter
	}
	switch kind {
	case "glob":
		return m.glob(tgt), nil
	case "pcre":
		return m.pcre(tgt)
	case "list":
		return m.list(tgt)
	case "grain":
		return m.subdict("grains", m.Minion.Grains, tgt, delimiter, byGlob)
	case "grain_pcre":
		return m.subdict("grains pcre", m.Minion.Grains, tgt, delimiter, byRegex)
	case "pillar":
		return m.subdict("pillar", m.Minion.Pillar, tgt, delimiter, byGlob)
	case "pillar_pcre":
		return m.subdict("pillar PCRE", m.Minion.Pillar, tgt, delimiter, byRegex)
	case "pillar_exact":
		return m.subdict("pillar", m.Minion.Pillar, tgt, delimiter, exactly)
	case "ipcidr":
		return m.ipcidr(tgt)
	case "data":
		return m.data(tgt)
	case "nodegroup":
		return m.nodegroup(tgt, m.Nodegroups)
	case "compound":
		return m.compound(tgt)
	case "managing_minion":
		eq, err := py.Equal(py.Str(m.Minion.ID), tgt)
		return eq, err
	case "resource":
		m.logf("Target %s: salt resources (T@) do not exist here", py.Repr(tgt))
		return false, nil
	case "range":
		// Salt: range_match.match() is False where the module seco.range is
		// missing, as it is in every packaged Salt.
		m.logf("Target %s: range targets need a range server and match nothing", py.Repr(tgt))
		return false, nil
	}
	return false, py.KeyError(py.Str(kind + "_match.match"))
}

func (m *Matcher) logf(format string, args ...any) {
	if m.Log != nil {
		m.Log(fmt.Sprintf(format, args...))
	}
}

// glob: anything but text matches nothing.
func (m *Matcher) glob(tgt py.Value) bool {
	s, ok := tgt.(py.Str)
	return ok && fnmatch.Match(string(s), m.Minion.ID)
}

func (m *Matcher) pcre(tgt py.Value) (bool, error) {
	s, ok := tgt.(py.Str)
	if !ok {
		if _, isBytes := tgt.(py.Bytes); isBytes {
			return false, py.TypeErrorf("cannot use a bytes pattern on a string-like object")
		}
		if _, err := py.Truth(tgt); err != nil {
			return false, err
		}
		switch tgt.(type) {
		case *py.List, *py.Dict, *py.Set:
			return false, py.TypeErrorf("unhashable type: '%s'", py.TypeName(tgt))
		}
		return false, py.TypeErrorf("first argument must be string or compiled pattern")
	}
	return m.regexMatch(string(s), m.Minion.ID)
}

// list: text is searched for the id between commas without splitting it, so
// spaces count. Of another type the id must be a member.
func (m *Matcher) list(tgt py.Value) (bool, error) {
	id := m.Minion.ID
	if s, ok := tgt.(py.Str); ok {
		t := string(s)
		return strings.Contains(t, ","+id+",") || strings.HasPrefix(t, id+",") ||
			strings.HasSuffix(t, ","+id) || t == id, nil
	}
	for _, member := range []string{"," + id + ",", id} {
		if in, err := contains(tgt, py.Str(member)); err == nil && in {
			return true, nil
		}
	}
	return false, nil // Salt: a target that cannot be searched matches nothing
}

// data matches "key:glob" against the minion's data store.
func (m *Matcher) data(tgt py.Value) (bool, error) {
	s, ok := tgt.(py.Str)
	if !ok {
		return false, py.AttributeErrorf("'%s' object has no attribute 'split'", py.TypeName(tgt))
	}
	comps := strings.Split(string(s), ":")
	if len(comps) < 2 {
		return false, nil
	}
	val, ok := m.Minion.Data.GetStr(comps[0])
	if !ok || val == py.None {
		return false, nil
	}
	switch val := val.(type) {
	case *py.List:
		p := fnmatch.Compile(py.Lower(comps[1]))
		for _, member := range val.Items {
			text, err := py.StrErr(member)
			if err != nil {
				return false, err
			}
			if p.Match(py.Lower(text)) {
				return true, nil
			}
		}
		return false, nil
	case *py.Dict:
		return val.Has(comps[1]), nil
	case py.Str:
		return fnmatch.Match(comps[1], string(val)), nil
	}
	return false, py.TypeErrorf("expected str, bytes or os.PathLike object, not %s", py.TypeName(val))
}

// contains is Python's `item in v`.
func contains(v, item py.Value) (bool, error) {
	switch v := v.(type) {
	case py.Str:
		s, ok := item.(py.Str)
		if !ok {
			return false, py.TypeErrorf("'in <string>' requires string as left operand, not %s", py.TypeName(item))
		}
		return strings.Contains(string(v), string(s)), nil
	case *py.Dict:
		_, ok, err := v.Get(item)
		return ok, err
	case *py.List:
		return containsItem(v.Items, item)
	case py.Tuple:
		return containsItem(v, item)
	case py.Container:
		return v.Contains(item)
	}
	return false, py.TypeErrorf("argument of type '%s' is not iterable", py.TypeName(v))
}

func containsItem(items []py.Value, item py.Value) (bool, error) {
	for _, it := range items {
		if eq, err := py.Equal(it, item); err != nil || eq {
			return eq, err
		}
	}
	return false, nil
}
