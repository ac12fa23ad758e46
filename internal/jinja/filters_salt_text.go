package jinja

import (
	"math"
	"math/big"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
	"pinch/internal/pyre"
)

// saltTextFilters are Salt's filters on text and single values.
func saltTextFilters() map[string]Filter {
	toNum := fn("to_num(text)", func(_ *Context, a []py.Value) (py.Value, error) { return saltToNum(a[0]) })
	return map[string]Filter{
		"skip": fn("skip_filter(data)", func(*Context, []py.Value) (py.Value, error) { return py.Str(""), nil }),
		"sequence": fn("ensure_sequence_filter(data)", func(_ *Context, a []py.Value) (py.Value, error) {
			switch v := a[0].(type) {
			case *py.List, py.Tuple, *py.Dict, *groupTuple:
				return v, nil
			case *py.Set:
				if !v.Frozen {
					return v, nil
				}
			}
			return py.NewList(a[0]), nil
		}),
		"to_bool":             fn("to_bool(val)", saltToBool),
		"quote":               fn("quote(txt)", saltQuote),
		"method_call":         fnRest("method_call(obj, f_name, *f_args, **f_kwargs)", methodCall),
		"to_num":              toNum,
		"str_to_num":          toNum,
		"to_bytes":            fn("to_bytes(s, encoding=None, errors='strict')", saltToBytes),
		"is_hex":              fn("is_hex(value)", isHex),
		"contains_whitespace": fn("contains_whitespace(text)", containsWhitespace),
		"human_to_bytes":      fn("human_to_bytes(size, default_unit='B', handle_metric=False)", humanToBytes),
		"check_whitelist_blacklist": fn("check_whitelist_blacklist(value, whitelist=None, blacklist=None)",
			checkWhitelistBlacklist),
		"to_snake_case": fn("camel_to_snake_case(camel_input)", toSnakeCase),
		"to_camelcase":  fn("snake_to_camel_case(snake_input, uppercamel=False)", toCamelCase),
	}
}

func isNone(v py.Value) bool {
	_, none := v.(py.NoneType)
	return none
}

// strictFail is the error of looking into a strict undefined value.
func strictFail(v py.Value) error {
	if u, ok := v.(*Undefined); ok && u.strict() {
		return u.fail()
	}
	return nil
}

// isHashable is isinstance(v, Hashable): whether the type has a hash, even
// when this value has none (a tuple of lists).
func isHashable(v py.Value) bool {
	switch v := v.(type) {
	case *py.List, *py.Dict:
		return false
	case *py.Set:
		return v.Frozen
	case *py.View:
		return v.Kind == py.ViewValues
	}
	return true
}

func saltToBool(_ *Context, a []py.Value) (py.Value, error) {
	switch v := a[0].(type) {
	case py.NoneType:
		return py.False, nil
	case py.Bool:
		return v, nil
	case py.Int, *py.Long:
		b, _ := py.AsBig(v)
		return py.Bool(b.Sign() > 0), nil
	}
	if s, ok := strOf(a[0]); ok {
		switch py.Lower(s) {
		case "yes", "1", "true":
			return py.True, nil
		}
		return py.False, nil
	}
	if isHashable(a[0]) {
		return py.False, nil
	}
	n, err := lengthOf(a[0])
	return py.Bool(n > 0), err
}

// saltQuote is shlex.quote. A Markup escapes the quotes that are put around
// it, as in Salt.
func saltQuote(c *Context, a []py.Value) (py.Value, error) {
	v := a[0]
	some, err := py.Truth(v)
	if err != nil {
		return nil, err
	}
	if !some {
		return py.Str("''"), nil
	}
	s, ok := strOf(v)
	if !ok {
		if _, bytes := v.(py.Bytes); bytes {
			return nil, py.TypeErrorf("cannot use a string pattern on a bytes-like object")
		}
		return nil, py.TypeErrorf("expected string or bytes-like object, got '%s'", py.TypeName(v))
	}
	if strings.IndexFunc(s, shellUnsafe) < 0 {
		return v, nil
	}
	inner, err := py.CallMethod(c.Ctx(), v, "replace", py.NewArgs(py.Str("'"), py.Str(`'"'"'`)))
	if err != nil {
		return nil, err
	}
	if inner, err = py.Binary(py.OpAdd, py.Str("'"), inner); err != nil {
		return nil, err
	}
	return py.Binary(py.OpAdd, inner, py.Str("'"))
}

func shellUnsafe(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune("_@%+=:,./-", r)
}

// methodCall calls a method by name; without such a method it is None.
// Attributes that the sandbox hides do not exist for it.
func methodCall(c *Context, a []py.Value, rest *py.Args) (py.Value, error) {
	name, ok := strOf(a[1])
	if !ok {
		return nil, py.TypeErrorf("attribute name must be string, not '%s'", py.TypeName(a[1]))
	}
	m, ok, err := py.LookupAttr(a[0], name)
	if err != nil {
		if classOf(err) == "AttributeError" {
			return py.None, nil
		}
		return nil, err
	}
	if !ok {
		return py.None, nil
	}
	return c.Call(m, rest)
}

// saltToNum reads an int, else a float; other text stays.
func saltToNum(v py.Value) (py.Value, error) {
	if err := strictFail(v); err != nil {
		return nil, err
	}
	n, err := py.ToInt(v)
	if err == nil || classOf(err) != "ValueError" {
		return n, err
	}
	f, err := py.ToFloat(v)
	if err == nil || classOf(err) != "ValueError" {
		return f, err
	}
	return v, nil
}

func isHex(_ *Context, a []py.Value) (py.Value, error) {
	_, err := py.ToIntBase(a[0], py.Int(16))
	return py.Bool(err == nil), nil
}

func containsWhitespace(c *Context, a []py.Value) (py.Value, error) {
	it, err := iterate(a[0])
	if err != nil {
		return nil, err
	}
	for {
		if err := c.rt.step(); err != nil {
			return nil, err
		}
		v, ok, err := it.Next()
		if err != nil || !ok {
			return py.False, err
		}
		s, isStr := strOf(v)
		if !isStr {
			if _, bytes := v.(py.Bytes); !bytes {
				return nil, py.AttributeErrorf("'%s' object has no attribute 'isspace'", py.TypeName(v))
			}
			s = string(v.(py.Bytes))
		}
		if s != "" && strings.TrimFunc(s, isPySpace) == "" {
			return py.True, nil
		}
	}
}

// argName is a value's type in the errors of C functions: None for None.
func argName(v py.Value) string {
	if _, none := v.(py.NoneType); none {
		return "None"
	}
	return py.TypeName(v)
}

// saltToBytes is salt.utils.stringutils.to_bytes; the system encoding is UTF-8.
func saltToBytes(_ *Context, a []py.Value) (py.Value, error) {
	if b, ok := a[0].(py.Bytes); ok {
		return b, nil
	}
	s, ok := strOf(a[0])
	if !ok {
		return nil, py.TypeErrorf("expected str, bytes, or bytearray not <class '%s'>", className(a[0]))
	}
	handler, ok := strOf(a[2])
	if !ok {
		return nil, py.TypeErrorf("encode() argument 'errors' must be str, not %s", argName(a[2]))
	}
	encodings := []py.Value{py.Str("utf-8")}
	switch e := a[1].(type) {
	case py.NoneType:
	case *py.List:
		encodings = e.Items
	case py.Tuple:
		encodings = e
	default:
		encodings = []py.Value{e}
	}
	if len(encodings) == 0 {
		return nil, py.ValueErrorf("encoding cannot be empty")
	}
	var failed error
	for _, e := range encodings {
		name, ok := strOf(e)
		if !ok {
			return nil, py.TypeErrorf("encode() argument 'encoding' must be str, not %s", argName(e))
		}
		b, err := py.Encode(s, name, handler)
		if err == nil {
			return py.Bytes(b), nil
		}
		if classOf(err) != "UnicodeEncodeError" {
			return nil, err
		}
		failed = err
	}
	return nil, failed
}

// className is the name of a class in repr(type(v)).
func className(v py.Value) string {
	if m, ok := v.(typeModule); ok {
		return m.TypeModule() + "." + v.Type()
	}
	switch v := v.(type) {
	case *py.Dict:
		if v.Ordered {
			return "collections.OrderedDict"
		}
	case py.Date, py.DateTime, py.TimeDelta:
		return "datetime." + v.Type()
	}
	return v.Type()
}

// humanToBytes reads a size with a unit; what is no size is 0.
func humanToBytes(_ *Context, a []py.Value) (py.Value, error) {
	text, err := py.StrErr(a[0])
	if err != nil {
		return nil, err
	}
	text = stripText(text)
	n := 0
	for n < len(text) && (isDec(text[n]) || text[n] == '.') {
		n++
	}
	number, unit := text[:n], strings.TrimLeftFunc(text[n:], isPySpace)
	if strings.ContainsRune(strings.TrimSuffix(unit, "\n"), '\n') {
		// The pattern of Salt matches one line only.
		return nil, py.AttributeErrorf("'NoneType' object has no attribute 'group'")
	}
	unit = py.Lower(unit)
	if unit == "" {
		fallback, ok := strOf(a[1])
		if !ok {
			return nil, py.AttributeErrorf("'%s' object has no attribute 'lower'", py.TypeName(a[1]))
		}
		unit = py.Lower(fallback)
	}
	metric, err := py.Truth(a[2])
	if err != nil {
		return nil, err
	}
	value, err := saltToNum(py.Str(number))
	if err != nil {
		return nil, err
	}
	if _, isStr := value.(py.Str); isStr {
		return py.Int(0), nil
	}
	const units = "bkmgtpezy"
	if unit == "" || !strings.Contains(units, unit[:1]) {
		return py.Int(0), nil
	}
	decimal := false
	switch tail := unit[1:]; {
	case tail == "b" && unit[0] != 'b':
		decimal = metric
	case tail == "" || tail == "ib" && unit[0] != 'b':
	default:
		return py.Int(0), nil
	}
	power := int64(strings.IndexByte(units, unit[0]))
	factor := new(big.Int).Lsh(big.NewInt(1), uint(power*10))
	if decimal {
		factor.Exp(big.NewInt(10), big.NewInt(power*3), nil)
	}
	out, err := py.Binary(py.OpMul, value, py.NewInt(factor))
	if err != nil {
		return nil, err
	}
	return py.ToInt(out)
}

// checkWhitelistBlacklist compares a value with two lists of patterns, each a
// glob or else a regular expression of the whole value.
func checkWhitelistBlacklist(c *Context, a []py.Value) (py.Value, error) {
	white, useWhite, err := patternList(a[1], "whitelist")
	if err != nil {
		return nil, err
	}
	black, useBlack, err := patternList(a[2], "blacklist")
	if err != nil {
		return nil, err
	}
	hit := func(patterns []py.Value) (bool, error) {
		for _, p := range patterns {
			if ok, err := c.exprMatch(a[0], p); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}
	inBlack, err := hit(black)
	if err != nil {
		return nil, err
	}
	inWhite, err := hit(white)
	if err != nil {
		return nil, err
	}
	switch {
	case useBlack && useWhite:
		return py.Bool(!inBlack && inWhite), nil
	case useBlack:
		return py.Bool(!inBlack), nil
	case useWhite:
		return py.Bool(inWhite), nil
	}
	return py.True, nil
}

func patternList(v py.Value, what string) (items []py.Value, use bool, err error) {
	if use, err = py.Truth(v); err != nil || !use {
		return nil, false, err
	}
	if _, ok := strOf(v); ok {
		return []py.Value{v}, true, nil
	}
	items, err = collect(v)
	if err != nil && classOf(err) == "TypeError" {
		return nil, false, py.TypeErrorf("Expecting iterable %s, but got %s (%s)", what, py.TypeName(v), py.ToStr(v))
	}
	return items, true, err
}

// exprMatch is salt.utils.stringutils.expr_match: what is no text matches
// nothing.
func (c *Context) exprMatch(v, pattern py.Value) (bool, error) {
	line, ok := strOf(v)
	expr, ok2 := strOf(pattern)
	if !ok || !ok2 {
		c.rt.r.log("error", "Value "+py.Repr(v)+" or expression "+py.Repr(pattern)+" is not a string")
		return false, nil
	}
	if fnmatch.Match(expr, line) {
		return true, nil
	}
	re, err := c.regexes().Compile(`\A`+expr+`\Z`, pyre.Flags(0))
	if err != nil {
		if classOf(err) == "error" {
			return false, nil
		}
		return false, err
	}
	m, err := re.Match(line)
	return m != nil, err
}

func toSnakeCase(_ *Context, a []py.Value) (py.Value, error) {
	s, ok := strOf(a[0])
	if !ok {
		first, err := py.GetItem(a[0], py.Int(0))
		if err != nil {
			return nil, err
		}
		return nil, py.AttributeErrorf("'%s' object has no attribute 'lower'", py.TypeName(first))
	}
	r := py.Runes(s)
	if len(r) == 0 {
		return nil, py.Errorf("IndexError", "string index out of range")
	}
	var b strings.Builder
	for i, letter := range r {
		low := py.Lower(py.RuneString(letter))
		if i > 0 && isUpperRune(letter) && (isLowerRune(r[i-1]) || i != len(r)-1 && isLowerRune(r[i+1])) {
			b.WriteByte('_')
		}
		b.WriteString(low)
	}
	return py.Str(b.String()), nil
}

// isUpperRune and isLowerRune are str.isupper and str.islower of one
// character.
func isUpperRune(r rune) bool {
	s := py.RuneString(r)
	return py.Lower(s) != s && py.Upper(s) == s
}

func isLowerRune(r rune) bool {
	s := py.RuneString(r)
	return py.Upper(s) != s && py.Lower(s) == s
}

func toCamelCase(_ *Context, a []py.Value) (py.Value, error) {
	s, ok := strOf(a[0])
	if !ok {
		if err := strictFail(a[0]); err != nil {
			return nil, err
		}
		return nil, py.AttributeErrorf("'%s' object has no attribute 'split'", py.TypeName(a[0]))
	}
	upper, err := py.Truth(a[1])
	if err != nil {
		return nil, err
	}
	words := strings.Split(s, "_")
	for i := range words {
		if i > 0 || upper {
			words[i] = py.Capitalize(words[i])
		}
	}
	return py.Str(strings.Join(words, "")), nil
}

// floatOf is float(v) as a Go float.
func floatOf(v py.Value) (float64, error) {
	if err := strictFail(v); err != nil {
		return math.NaN(), err
	}
	f, err := py.ToFloat(v)
	if err != nil {
		return 0, err
	}
	x, ok := f.(py.Float)
	if !ok {
		return 0, py.TypeErrorf("must be real number, not %s", py.TypeName(f))
	}
	return float64(x), nil
}
