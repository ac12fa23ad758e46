package jinja

import (
	"errors"
	"math"
	"net/url"
	"strings"
	"unicode/utf8"

	"pinch/internal/pprint"
	"pinch/internal/py"
)

// softStr is markupsafe.soft_str: a str stays what it is, others become text.
func softStr(v py.Value) (py.Value, error) {
	switch v.(type) {
	case py.Str, Markup:
		return v, nil
	}
	s, err := py.StrErr(v)
	return py.Str(s), err
}

// method calls a str method on soft_str(v).
func (c *Context) method(v py.Value, name string, args ...py.Value) (py.Value, error) {
	s, err := softStr(v)
	if err != nil {
		return nil, err
	}
	return py.CallMethod(c.rt.ctx, s, name, &py.Args{Pos: args})
}

// textFilters are Jinja's filters on strings.
func textFilters() map[string]Filter {
	simple := func(name, method string) Filter {
		return fn("do_"+name+"(s)", func(c *Context, a []py.Value) (py.Value, error) { return c.method(a[0], method) })
	}
	f := map[string]Filter{
		"upper":      simple("upper", "upper"),
		"lower":      simple("lower", "lower"),
		"capitalize": simple("capitalize", "capitalize"),
		"title":      fn("do_title(s)", doTitle),
		"string":     builtinLike("soft_str(s)", func(_ *Context, a []py.Value) (py.Value, error) { return softStr(a[0]) }),
		"trim": fn("do_trim(value, chars=None)", func(c *Context, a []py.Value) (py.Value, error) {
			return c.method(a[0], "strip", a[1])
		}),
		"center": fn("do_center(value, width=80)", func(c *Context, a []py.Value) (py.Value, error) {
			return c.method(a[0], "center", a[1])
		}),
		"replace":   fn("do_replace(eval_ctx, s, old, new, count=None)", doReplace),
		"format":    fnRest("do_format(value, *args, **kwargs)", doFormat),
		"indent":    fn("do_indent(s, width=4, first=False, blank=False)", doIndent),
		"truncate":  fn("do_truncate(env, s, length=255, killwords=False, end='...', leeway=None)", doTruncate),
		"wordwrap":  fn("do_wordwrap(environment, s, width=79, break_long_words=True, wrapstring=None, break_on_hyphens=True)", doWordwrap),
		"wordcount": fn("do_wordcount(s)", doWordcount),
		"urlencode": fn("do_urlencode(value)", doURLEncode),
		"filesizeformat": fn("do_filesizeformat(value, binary=False)", func(_ *Context, a []py.Value) (py.Value, error) {
			return doFilesize(a)
		}),
		"pprint": fn("do_pprint(value)", func(_ *Context, a []py.Value) (py.Value, error) {
			s, err := pprint.Format(a[0], 1)
			return py.Str(s), err
		}),
		"default": fn("do_default(value, default_value='', boolean=False)", doDefault),
	}
	f["d"] = f["default"]
	return f
}

// builtinLike is fn for a function whose Python name has no do_ prefix.
func builtinLike(signature string, f func(c *Context, a []py.Value) (py.Value, error)) Filter {
	return fn(signature, f)
}

func doDefault(_ *Context, a []py.Value) (py.Value, error) {
	if IsUndefined(a[0]) {
		return a[1], nil
	}
	if on, err := py.Truth(a[2]); err != nil {
		return nil, err
	} else if on {
		if t, err := py.Truth(a[0]); err != nil {
			return nil, err
		} else if !t {
			return a[1], nil
		}
	}
	return a[0], nil
}

func doTitle(c *Context, a []py.Value) (py.Value, error) {
	v, err := softStr(a[0])
	if err != nil {
		return nil, err
	}
	s, _ := strOf(v)
	var b strings.Builder
	split := func(r rune) bool { return strings.ContainsRune("-({[<", r) || isSpace(r) }
	for s != "" {
		n := strings.IndexFunc(s, func(r rune) bool { return split(r) != split(firstRuneOf(s)) })
		if n < 0 {
			n = len(s)
		}
		word := s[:n]
		s = s[n:]
		_, k := utf8.DecodeRuneInString(word)
		first, err := py.CallMethod(c.rt.ctx, py.Str(word[:k]), "upper", &py.Args{})
		if err != nil {
			return nil, err
		}
		rest, err := py.CallMethod(c.rt.ctx, py.Str(word[k:]), "lower", &py.Args{})
		if err != nil {
			return nil, err
		}
		b.WriteString(py.ToStr(first))
		b.WriteString(py.ToStr(rest))
	}
	if _, ok := v.(Markup); ok {
		return Markup(b.String()), nil
	}
	return py.Str(b.String()), nil
}

func firstRuneOf(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func doReplace(c *Context, a []py.Value) (py.Value, error) {
	count := a[3]
	if _, none := count.(py.NoneType); none {
		count = py.Int(-1)
	}
	if c.escape {
		s, err := softStr(a[0])
		if err != nil {
			return nil, err
		}
		_, oldSafe := a[1].(Markup)
		_, newSafe := a[2].(Markup)
		_, safe := s.(Markup)
		if text, ok := strOf(s); ok && !safe && (oldSafe || newSafe) {
			s = Markup(escapeHTML(text))
		}
		return c.method(s, "replace", a[1], a[2], count)
	}
	var parts [3]py.Value
	for i := range parts {
		s, err := py.StrErr(a[i])
		if err != nil {
			return nil, err
		}
		parts[i] = py.Str(s)
	}
	return py.CallMethod(c.rt.ctx, parts[0], "replace", &py.Args{Pos: []py.Value{parts[1], parts[2], count}})
}

func doFormat(_ *Context, a []py.Value, rest *py.Args) (py.Value, error) {
	if len(rest.Pos) > 0 && len(rest.Kw) > 0 {
		return nil, py.Errorf(classFilterArgs, "can't handle positional and keyword arguments at the same time")
	}
	s, err := softStr(a[0])
	if err != nil {
		return nil, err
	}
	if len(rest.Kw) > 0 {
		return py.Binary(py.OpMod, s, rest.KwDict())
	}
	return py.Binary(py.OpMod, s, py.Tuple(rest.Pos))
}

func doIndent(c *Context, a []py.Value) (py.Value, error) {
	indention, ok := strOf(a[1])
	if !ok {
		width, err := repeatCount(a[1])
		if err != nil {
			return nil, err
		}
		if width > c.rt.budget.output {
			return nil, c.rt.budget.tooLong()
		}
		indention = strings.Repeat(" ", max(width, 0))
	}
	s, ok := strOf(a[0])
	if _, isList := a[0].(*py.List); isList { // a list takes the newline in
		return nil, py.AttributeErrorf("'list' object has no attribute 'splitlines'")
	}
	if !ok { // s += newline
		_, err := py.Binary(py.OpAdd, a[0], py.Str("\n"))
		var pe *py.Error
		if errors.As(err, &pe) { // an augmented assignment
			return nil, py.Errorf(pe.Class, "%s", strings.Replace(pe.Msg, "for +:", "for +=:", 1))
		}
		if err == nil {
			err = py.AttributeErrorf("'%s' object has no attribute 'splitlines'", py.TypeName(a[0]))
		}
		return nil, err
	}
	_, safe := a[0].(Markup)
	first, err := py.Truth(a[2])
	if err != nil {
		return nil, err
	}
	blank, err := py.Truth(a[3])
	if err != nil {
		return nil, err
	}
	lines := py.SplitLines(s+"\n", false)
	n := len(s)
	for i := range lines {
		if i > 0 {
			n += len(indention) + 1
		}
	}
	if n > c.rt.budget.output {
		return nil, c.rt.budget.tooLong()
	}
	var b strings.Builder
	b.Grow(n + len(indention))
	if first {
		b.WriteString(indention)
	}
	for i, line := range lines {
		if i > 0 {
			b.WriteByte('\n')
			if blank || line != "" {
				b.WriteString(indention)
			}
		}
		b.WriteString(line)
	}
	if safe {
		return Markup(b.String()), nil
	}
	return py.Str(b.String()), nil
}

// repeatCount is the int of " " * v.
func repeatCount(v py.Value) (int, error) {
	if u, ok := v.(*Undefined); ok {
		return 0, u.fail()
	}
	i, err := py.Index(v)
	if err != nil {
		return 0, py.TypeErrorf("can't multiply sequence by non-int of type '%s'", py.TypeName(v))
	}
	return intOf(i)
}

func doTruncate(_ *Context, a []py.Value) (py.Value, error) {
	atLeast := func(what string, v py.Value, n int) error {
		ok, err := py.RichCompare(py.OpGe, v, py.Int(n))
		if err == nil && !ok {
			err = py.Errorf("AssertionError", "expected %s >= %d, got %s", what, n, py.ToStr(v))
		}
		return err
	}
	endLen, err := lengthOf(a[3])
	if err != nil {
		return nil, err
	}
	if err := atLeast("length", a[1], endLen); err != nil {
		return nil, err
	}
	leeway := 5
	if _, none := a[4].(py.NoneType); !none {
		if err := atLeast("leeway", a[4], 0); err != nil {
			return nil, err
		}
		if leeway, err = intOf(a[4]); err != nil {
			return nil, err
		}
	}
	length, err := intOf(a[1])
	if err != nil {
		return nil, err
	}
	end, ok := strOf(a[3])
	if !ok {
		return nil, py.TypeErrorf("can only concatenate str (not \"%s\") to str", py.TypeName(a[3]))
	}
	n, err := lengthOf(a[0])
	if err != nil {
		return nil, err
	}
	if n <= length+leeway {
		return a[0], nil
	}
	text, ok := strOf(a[0])
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'rsplit'", py.TypeName(a[0]))
	}
	kill, err := py.Truth(a[2])
	if err != nil {
		return nil, err
	}
	cut := runePrefix(text, length-utf8.RuneCountInString(end))
	if !kill {
		if i := strings.LastIndexByte(cut, ' '); i >= 0 {
			cut = cut[:i]
		}
	}
	if _, safe := a[0].(Markup); safe {
		return py.Binary(py.OpAdd, Markup(cut), a[3])
	}
	return py.Binary(py.OpAdd, py.Str(cut), a[3])
}

func runePrefix(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func doWordcount(_ *Context, a []py.Value) (py.Value, error) {
	v, err := softStr(a[0])
	if err != nil {
		return nil, err
	}
	s, _ := strOf(v)
	return py.Int(len(strings.FieldsFunc(s, func(r rune) bool { return !isWord(r) }))), nil
}

// urlQuote is Jinja's url_quote: UTF-8, %XX, with "/" kept or, in a query
// string, escaped and "+" for a space.
func urlQuote(v py.Value, query bool) (string, error) {
	var raw string
	if b, ok := v.(py.Bytes); ok {
		raw = string(b)
	} else {
		s, err := py.StrErr(v)
		if err != nil {
			return "", err
		}
		raw = s
	}
	out := strings.ReplaceAll(url.QueryEscape(raw), "%7E", "~")
	if !query {
		out = strings.ReplaceAll(out, "+", "%20")
		out = strings.ReplaceAll(out, "%2F", "/")
	}
	return out, nil
}

func doURLEncode(_ *Context, a []py.Value) (py.Value, error) {
	_, isStr := strOf(a[0])
	if !isStr {
		if d, ok := a[0].(*py.Dict); ok {
			a[0] = &py.View{D: d, Kind: py.ViewItems}
		}
		it, err := iterate(a[0])
		if err == nil {
			var parts []string
			for {
				v, ok, err := it.Next()
				if err != nil {
					return nil, err
				}
				if !ok {
					return py.Str(strings.Join(parts, "&")), nil
				}
				pair, err := unpack(v, 2)
				if err != nil {
					return nil, err
				}
				key, err := urlQuote(pair[0], true)
				if err != nil {
					return nil, err
				}
				val, err := urlQuote(pair[1], true)
				if err != nil {
					return nil, err
				}
				parts = append(parts, key+"="+val)
			}
		}
		if classOf(err) != "TypeError" {
			return nil, err
		}
	}
	s, err := urlQuote(a[0], false)
	return py.Str(s), err
}

// unpack is a, b = v.
func unpack(v py.Value, n int) ([]py.Value, error) {
	items, err := py.Collect(v)
	switch {
	case err != nil:
		return nil, py.TypeErrorf("cannot unpack non-iterable %s object", py.TypeName(v))
	case len(items) < n:
		return nil, py.ValueErrorf("not enough values to unpack (expected %d, got %d)", n, len(items))
	case len(items) > n:
		return nil, py.ValueErrorf("too many values to unpack (expected %d)", n)
	}
	return items, nil
}

func doFilesize(a []py.Value) (py.Value, error) {
	f, err := toFloat(a[0])
	if err != nil {
		return nil, err
	}
	binary, err := py.Truth(a[1])
	if err != nil {
		return nil, err
	}
	base, suffix := 1000.0, "B"
	units := []string{"k", "M", "G", "T", "P", "E", "Z", "Y"}
	if binary {
		base, suffix = 1024, "iB"
		units[0] = "K"
	}
	switch {
	case f == 1:
		return py.Str("1 Byte"), nil
	case f < base:
		i, err := py.FloatToInt(math.Trunc(f))
		if err != nil {
			return nil, err
		}
		return py.Str(py.ToStr(i) + " Bytes"), nil
	}
	unit := base
	for i, u := range units {
		unit *= base
		if f < unit || i == len(units)-1 {
			return py.Str(formatFixed(base*f/unit, 1) + " " + u + suffix), nil
		}
	}
	return nil, nil
}
