package match

import (
	"slices"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// ParsedTarget is one word of a compound expression. Engine is the letter
// before @, "" when the word is a plain glob; Delimiter is what stands between
// letter and @ (grain and pillar engines only).
type ParsedTarget struct {
	Engine    string
	Delimiter string
	Pattern   string
}

const (
	engineLetters    = "GPIJLNSERTM"
	delimiterEngines = "GPIJ"
)

// engineKinds maps letters to matchers. R is missing as in Salt without a
// range server: an expression with R@ is invalid as a whole.
func engineKind(engine string) string {
	switch engine {
	case "G":
		return "grain"
	case "P":
		return "grain_pcre"
	case "I":
		return "pillar"
	case "J":
		return "pillar_pcre"
	case "L":
		return "list"
	case "S":
		return "ipcidr"
	case "E":
		return "pcre"
	case "T":
		return "resource"
	case "M":
		return "managing_minion"
	}
	return ""
}

// ParseTarget splits a word into engine, delimiter and pattern. A word that
// has no engine is all pattern.
func ParseTarget(word string) ParsedTarget {
	if word != "" && strings.IndexByte(engineLetters, word[0]) >= 0 {
		engine, rest := word[:1], word[1:]
		if strings.Contains(delimiterEngines, engine) && rest != "" && rest[0] != '\n' {
			_, n := utf8.DecodeRuneInString(rest)
			if p, ok := targetPattern(rest[n:]); ok {
				return ParsedTarget{Engine: engine, Delimiter: rest[:n], Pattern: p}
			}
		}
		if p, ok := targetPattern(rest); ok {
			return ParsedTarget{Engine: engine, Pattern: p}
		}
	}
	if p, ok := oneLine(word); ok {
		return ParsedTarget{Pattern: p}
	}
	return ParsedTarget{Pattern: word}
}

func targetPattern(s string) (string, bool) {
	rest, ok := strings.CutPrefix(s, "@")
	if !ok {
		return "", false
	}
	return oneLine(rest)
}

// oneLine returns s when it is one non-empty line, without its line end.
func oneLine(s string) (string, bool) {
	s = strings.TrimSuffix(s, "\n")
	return s, s != "" && !strings.Contains(s, "\n")
}

func isOperator(w string) bool {
	return w == "and" || w == "or" || w == "not" || w == "(" || w == ")"
}

// compound evaluates a compound expression.
//
// Every word that is no operator is matched first; the truth values and the
// operators then form a Python expression, which decides. What is no valid
// expression matches nothing.
func (m *Matcher) compound(tgt py.Value) (bool, error) {
	var words []py.Value
	switch t := tgt.(type) {
	case py.Str:
		words = py.Strings(pyFields(string(t))...).Items
	case *py.List:
		words = slices.Clone(t.Items)
	case py.Tuple:
		if len(t) > 0 {
			// Salt takes words off the front, which a tuple has no method for.
			return false, py.AttributeErrorf("'tuple' object has no attribute 'pop'")
		}
	default:
		m.logf("Compound target received that is neither string, list nor tuple")
		return false, nil
	}
	var results []string
	for len(words) > 0 {
		v := words[0]
		words = words[1:]
		w, ok := v.(py.Str)
		if !ok {
			return false, py.TypeErrorf("expected string or bytes-like object, got '%s'", py.TypeName(v))
		}
		word := string(w)
		if isOperator(word) {
			if results, ok = m.operator(results, word); !ok {
				return false, nil
			}
			continue
		}
		t := ParseTarget(word)
		if t.Engine == "N" {
			expanded, err := m.nodegroupComp(t.Pattern, m.Nodegroups, nil)
			if err != nil {
				return false, err
			}
			words = slices.Concat(expanded, words)
			continue
		}
		yes, known, err := m.word(word, t)
		if err != nil {
			return false, err
		}
		if !known {
			m.logf("Unrecognized target engine \"%s\" for target expression \"%s\"", t.Engine, word)
			return false, nil
		}
		if yes {
			results = append(results, "True")
		} else {
			results = append(results, "False")
		}
	}
	value, err := evalBool(results)
	if err != nil {
		m.logf("Invalid compound target: %s for results: %s", py.ToStr(tgt), strings.Join(results, " "))
		return false, nil
	}
	return value, nil
}

// operator appends an operator. A `not` behind anything but an operator that
// wants an operand means "and not".
func (m *Matcher) operator(results []string, word string) ([]string, bool) {
	if len(results) == 0 {
		if word != "(" && word != "not" {
			m.logf("Invalid beginning operator: %s", word)
			return nil, false
		}
		return append(results, word), true
	}
	last := results[len(results)-1]
	if last == "(" && (word == "and" || word == "or") {
		m.logf("Invalid beginning operator after \"(\": %s", word)
		return nil, false
	}
	if word == "not" && last != "and" && last != "or" && last != "(" {
		results = append(results, "and")
	}
	return append(results, word), true
}

func (m *Matcher) word(word string, t ParsedTarget) (yes, known bool, err error) {
	if t.Engine == "" {
		return m.glob(py.Str(word)), true, nil
	}
	kind := engineKind(t.Engine)
	if kind == "" {
		return false, false, nil
	}
	if m.Leaf != nil {
		if v, ok := m.Leaf(kind, t.Pattern, t.Delimiter); ok {
			return v, true, nil
		}
	}
	yes, err = m.Match(kind, py.Str(t.Pattern), t.Delimiter)
	return yes, true, err
}

// nodegroup is the matcher of that name in top files.
func (m *Matcher) nodegroup(tgt py.Value, groups *py.Dict) (bool, error) {
	if groups.Len() == 0 {
		return false, nil
	}
	in, err := contains(groups, tgt)
	if err != nil || !in {
		return false, err
	}
	name, ok := tgt.(py.Str)
	if !ok {
		name = py.Str(py.ToStr(tgt))
	}
	words, err := m.nodegroupComp(string(name), groups, tgt)
	if err != nil {
		return false, err
	}
	return m.compound(py.NewList(words...))
}

// NodegroupComp expands a nodegroup into the words of a compound expression,
// nested groups included. An unknown or circular group expands to nothing.
func NodegroupComp(name string, groups *py.Dict) ([]py.Value, error) {
	m := &Matcher{}
	return m.nodegroupComp(name, groups, nil)
}

func (m *Matcher) nodegroupComp(name string, groups *py.Dict, key py.Value) ([]py.Value, error) {
	e := nodegroupExpander{m: m, groups: groups, open: map[string]bool{}}
	if key == nil {
		key = py.Str(name)
	}
	return e.expand(key, name, true)
}

type nodegroupExpander struct {
	m      *Matcher
	groups *py.Dict
	open   map[string]bool // groups being expanded, against loops
}

func (e *nodegroupExpander) expand(key py.Value, name string, first bool) ([]py.Value, error) {
	if e.open[name] {
		e.m.logf("Failed nodegroup expansion: illegal nested nodegroup \"%s\"", name)
		return nil, nil
	}
	def, ok, err := e.groups.Get(key)
	if err != nil {
		return nil, err
	}
	if !ok {
		e.m.logf("Failed nodegroup expansion: unknown nodegroup \"%s\"", name)
		return nil, nil
	}
	var words []py.Value
	switch def := def.(type) {
	case py.Str:
		words = py.Strings(pyFields(string(def))...).Items
	case *py.List:
		words = def.Items
	case py.Tuple:
		words = def
	default:
		e.m.logf("Nodegroup '%s' (%s) is neither a string, list nor tuple", name, py.ToStr(def))
		return nil, nil
	}
	e.open[name] = true
	defer delete(e.open, name)

	expanded := false
	var ret []py.Value
	for _, w := range words {
		word, err := py.StrErr(w)
		if err != nil {
			return nil, err
		}
		if group, isGroup := strings.CutPrefix(word, "N@"); isGroup && group != "" {
			expanded = true
			inner, err := e.expand(py.Str(group), group, false)
			if err != nil {
				return nil, err
			}
			ret = append(ret, inner...)
			continue
		}
		ret = append(ret, py.Str(word))
	}
	if len(ret) > 0 {
		ret = append(append([]py.Value{py.Str("(")}, ret...), py.Str(")"))
	}
	if expanded && first {
		return ret, nil
	}
	joined, err := nodegroupList(words)
	if err != nil {
		return nil, err
	}
	switch {
	case joined != "":
		return []py.Value{py.Str(joined)}, nil
	case first:
		return words, nil
	}
	return ret, nil
}

// nodegroupList recognises a group that is a plain list of names, or of
// regular expressions, and gives it as one word; "" when it has an operator, a
// wildcard or an engine.
func nodegroupList(words []py.Value) (string, error) {
	for _, w := range words {
		switch w.(type) {
		case *py.List, *py.Dict:
			return "", py.TypeErrorf("unhashable type: '%s'", py.TypeName(w))
		}
		if s, ok := w.(py.Str); ok && isOperator(string(s)) {
			return "", nil
		}
	}
	regex := false
	names := make([]string, 0, len(words))
	for _, w := range words {
		star, err := contains(w, py.Str("*"))
		if err != nil {
			return "", err
		}
		s, ok := w.(py.Str)
		if !ok {
			return "", py.TypeErrorf("expected string or bytes-like object, got '%s'", py.TypeName(w))
		}
		word := string(s)
		if star || len(word) >= 2 && word[0] >= 'A' && word[0] <= 'Z' && word[1] == '@' {
			return "", nil
		}
		regex = regex || strings.ContainsAny(word, `([{\?}])`)
		names = append(names, word)
	}
	if regex {
		return "E@" + strings.Join(names, ","), nil
	}
	return "L@" + strings.Join(names, ","), nil
}

// pyFields is str.split() without arguments: cut at every run of blanks, by
// Python's notion of a blank.
func pyFields(s string) []string {
	return strings.FieldsFunc(s, isPySpace)
}

func isPySpace(r rune) bool {
	switch {
	case r >= 0x09 && r <= 0x0d, r >= 0x1c && r <= 0x20, r == 0x85, r == 0xa0, r == 0x1680,
		r >= 0x2000 && r <= 0x200a, r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}
