// Package saltargs reads command line arguments of functions as Salt does:
// `name=value` becomes a keyword argument and every value is read as YAML with
// Salt's exceptions (salt 3008.3, salt/utils/args.py). It is used by the
// command line, by match (keys that are numbers) and wherever a tree passes
// text that Salt reads the same way.
package saltargs

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// kwargMarker is the key by which Salt tells a dict of keyword arguments from
// an argument that is a dict.
const kwargMarker = "__kwarg__"

// YamlifyArg reads one argument as YAML (salt.utils.args.yamlify_arg). What is
// no str, or reads as nothing sensible, is returned as it is: there are no
// errors, a broken YAML text is just text.
func YamlifyArg(v py.Value) py.Value {
	s, ok := v.(py.Str)
	if !ok {
		return v
	}
	text := string(s)
	stripped := strings.TrimFunc(text, isSpace)
	switch {
	case stripped == "", stripped == "---", stripped == "...":
		return v
	case strings.Contains(text, "_") && strings.Trim(stripped, "0123456789_") == "":
		return v // 1_000 is no number on the command line
	case strings.ContainsAny(text, "\t\r\n"):
		return v
	case text == "None":
		return py.None
	}
	loaded, err := saltyaml.Load(text)
	if err != nil {
		return v
	}
	if strings.Contains(text, "#") {
		// A comment would be lost: only what is no text is taken.
		if _, isStr := loaded.(py.Str); isStr || loaded == py.None {
			return v
		}
		return loaded
	}
	switch l := loaded.(type) {
	case *py.Dict:
		if strings.HasPrefix(text, "{") {
			return l
		}
	case *py.List:
		if strings.HasPrefix(text, "[") {
			return l
		}
	case py.NoneType:
		if text != "!" {
			return l
		}
	case py.Str:
		if l != "" || text != "|" && text != "!" {
			return l
		}
	case py.Bool, py.Int, *py.Long, py.Float:
		return l
	}
	return v
}

// ParseKwarg splits "name=value". ok is false when s has another form: the
// name must be an identifier that may go on with dots and hyphens, there must
// not be two equal signs, and the value must be one line.
func ParseKwarg(s string) (name, value string, ok bool) {
	name, value, found := strings.Cut(s, "=")
	if !found || strings.HasPrefix(value, "=") {
		return "", "", false
	}
	for i, r := range name {
		switch {
		case r == utf8.RuneError:
			return "", "", false
		case i == 0 && (!isWord(r) || unicode.Is(unicode.Nd, r)):
			return "", "", false
		case i > 0 && !isWord(r) && r != '.' && r != '-':
			return "", "", false
		}
	}
	value = strings.TrimSuffix(value, "\n")
	if name == "" || strings.Contains(value, "\n") {
		return "", "", false
	}
	return name, value, true
}

// ParseInput sorts arguments into positional and keyword ones and reads their
// text as YAML, except the values of keywords named in noParse. A dict that
// carries __kwarg__: True gives its entries as keywords.
func ParseInput(args []py.Value, noParse []string) (pos []py.Value, kwargs *py.Dict) {
	kwargs = py.NewDict()
	for _, arg := range args {
		switch arg := arg.(type) {
		case py.Str:
			name, value, ok := ParseKwarg(string(arg))
			switch {
			case !ok:
				pos = append(pos, YamlifyArg(arg))
			case slices.Contains(noParse, name):
				kwargs.SetStr(name, py.Str(value))
			default:
				kwargs.SetStr(name, YamlifyArg(py.Str(value)))
			}
		case *py.Dict:
			rest := arg.Copy() // Salt takes the marker out of the caller's dict
			marker, _ := rest.DeleteStr(kwargMarker)
			if marker == py.True {
				kwargs.Update(rest)
			} else {
				pos = append(pos, rest)
			}
		default:
			pos = append(pos, arg)
		}
	}
	return pos, kwargs
}

// ParseArgv is ParseInput for a command line: the arguments behind the
// function's name.
func ParseArgv(argv, noParse []string) *py.Args {
	pos, kwargs := ParseInput(py.Strings(argv...).Items, noParse)
	args := py.NewArgs(pos...)
	for k, v := range kwargs.All() {
		args.Kw = append(args.Kw, py.KwArg{Name: py.ToStr(k), Value: v})
	}
	return args
}

// ConditionInput joins positional and keyword arguments into the one list that
// Salt sends to a minion: keywords come last, as a dict with __kwarg__, and an
// int that looks like a job id becomes text. kwargs that are no dict are
// dropped.
func ConditionInput(pos []py.Value, kwargs py.Value) []py.Value {
	out := make([]py.Value, 0, len(pos)+1)
	for _, arg := range pos {
		if _, isInt := py.AsBig(arg); isInt && isJID(py.ToStr(arg)) {
			arg = py.Str(py.ToStr(arg))
		}
		out = append(out, arg)
	}
	if d, ok := kwargs.(*py.Dict); ok && d.Len() > 0 {
		kw := py.DictOf(kwargMarker, py.True)
		kw.Update(d)
		out = append(out, kw)
	}
	return out
}

// isJID says whether the text of an int is a job id: 20 digits.
func isJID(s string) bool { return len(s) == 20 }

// SplitInput splits text at commas and strips the parts; a list is returned as
// a new list, other values are split as their text.
func SplitInput(v py.Value) ([]py.Value, error) {
	if l, ok := v.(*py.List); ok {
		return slices.Clone(l.Items), nil
	}
	if _, ok := v.(py.Bytes); ok {
		return nil, py.TypeErrorf("a bytes-like object is required, not 'str'")
	}
	text, err := py.StrErr(v)
	if err != nil {
		return nil, err
	}
	var out []py.Value
	for _, part := range strings.Split(text, ",") {
		out = append(out, py.Str(strings.TrimFunc(part, isSpace)))
	}
	return out, nil
}

// isWord is \w of Python's re: letters, numbers of every kind and "_".
func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
}

// isSpace is str.isspace of one character.
func isSpace(r rune) bool {
	switch {
	case r >= 0x09 && r <= 0x0d, r >= 0x1c && r <= 0x20, r == 0x85, r == 0xa0, r == 0x1680,
		r >= 0x2000 && r <= 0x200a, r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}
