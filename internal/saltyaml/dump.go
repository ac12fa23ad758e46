package saltyaml

import (
	"strings"
	"unicode"

	"pinch/internal/py"
)

// FlowStyle is PyYAML's default_flow_style.
type FlowStyle uint8

const (
	// FlowLeaves writes collections of scalars only with brackets, others as
	// blocks (None, Salt's default).
	FlowLeaves FlowStyle = iota
	// Block writes every collection as a block (False).
	Block
	// Flow writes every collection with brackets (True).
	Flow
)

// Options says how to dump. The zero value is salt.utils.yaml.safe_dump's
// default.
type Options struct {
	FlowStyle FlowStyle
	// Indent is the indentation of blocks; outside 2..9 it is 2.
	Indent int
	// Width is where long lines are folded: 0 or too narrow is 80, negative
	// is never.
	Width int
	// ASCII escapes all other characters (allow_unicode off).
	ASCII bool
	// KeepOrder leaves dicts in their order (sort_keys=False).
	KeepOrder bool
	// SortOrdered sorts OrderedDicts too (salt.serializers.yaml does).
	SortOrdered bool
	// Strict refuses values that YAML has no type for. Else they are NULL.
	Strict bool
	// DefaultStyle is the style of every scalar: 0 or one of ' " | >.
	DefaultStyle byte
	// Canonical writes the canonical form: everything tagged and in brackets.
	Canonical bool
	// ExplicitStart and ExplicitEnd write `---` and `...`.
	ExplicitStart, ExplicitEnd bool
	// LineBreak ends lines: "" is "\n".
	LineBreak string
}

// Dump is salt.utils.yaml.safe_dump: the document of one value with a line
// break at its end. Lists, dicts and sets that occur more than once are
// written once and get an anchor. Errors are *Error.
func Dump(v py.Value, o Options) (string, error) {
	r := &representer{o: o, seen: map[any]*node{}}
	root, err := r.value(v, 0)
	if err != nil {
		return "", err
	}
	e := newEmitter(o)
	return e.document(root)
}

// Serialize is salt.serializers.yaml.serialize: Dump without the line break at
// the end, of a value in which every type is known. The caller sets the
// options that Salt was given; Strict and SortOrdered are implied.
func Serialize(v py.Value, o Options) (string, error) {
	o.Strict, o.SortOrdered = true, true
	s, err := Dump(v, o)
	if err != nil {
		return "", err
	}
	if t, ok := strings.CutSuffix(s, "\n...\n"); ok {
		return t, nil
	}
	return strings.TrimSuffix(s, "\n"), nil
}

// FormatYAML is Jinja's `|yaml(flow_style)` filter.
func FormatYAML(v py.Value, flow FlowStyle) (string, error) {
	s, err := Dump(v, Options{FlowStyle: flow})
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimFunc(s, unicode.IsSpace), "\n..."), nil
}

// Encode is the `yaml_encode` filter: the text of one scalar, strings in
// double quotes. A collection is a TypeError.
func Encode(v py.Value) (string, error) {
	r := &representer{o: Options{Strict: true}, seen: map[any]*node{}, pure: true}
	n, err := r.value(v, 0)
	if err != nil {
		return "", err
	}
	if n.kind != scalarNode {
		return "", newPlain("TypeError",
			"yaml_encode() only works with YAML scalar data; failed for <class '"+v.Type()+"'>", nil)
	}
	if n.tag == tagStr {
		return DoubleQuote(n.value), nil
	}
	return n.value, nil
}
