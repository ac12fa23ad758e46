package jinja

import (
	"context"
	"errors"
	"strings"

	"pinch/internal/py"
)

// markupMethods are the methods that Markup has of its own, written in
// Python; the other methods of str are inherited.
var markupMethods = func() map[string]*markupSig {
	out := map[string]*markupSig{}
	for _, text := range []string{
		"join(self, iterable, /)", "split(self, /, sep=None, maxsplit=-1)", "rsplit(self, /, sep=None, maxsplit=-1)",
		"splitlines(self, /, keepends=False)", "unescape(self, /)", "striptags(self, /)", "capitalize(self, /)", "title(self, /)",
		"lower(self, /)", "upper(self, /)", "replace(self, old, new, count=-1, /)", "ljust(self, width, fillchar=' ', /)",
		"rjust(self, width, fillchar=' ', /)", "center(self, width, fillchar=' ', /)", "lstrip(self, chars=None, /)",
		"rstrip(self, chars=None, /)", "strip(self, chars=None, /)", "translate(self, table, /)", "expandtabs(self, /, tabsize=8)",
		"swapcase(self, /)", "zfill(self, width, /)", "casefold(self, /)", "removeprefix(self, prefix, /)", "removesuffix(self, suffix)",
		"partition(self, sep, /)", "rpartition(self, sep, /)", "format_map(self, mapping, /)",
	} {
		positional := strings.HasSuffix(text, "/)")
		text = strings.NewReplacer(", /)", ")", ", /, ", ", ").Replace(text)
		s := sig("Markup." + text)
		out[strings.TrimPrefix(s.name, "Markup.")] = &markupSig{s, positional}
	}
	return out
}()

// markupSig is a signature whose parameters may all be positional only.
type markupSig struct {
	*signature
	positional bool
}

func (s *markupSig) check(a *py.Args) error {
	if s.positional && len(a.Kw) > 0 {
		var named []string
		for _, k := range a.Kw {
			if s.index(k.Name) < 0 {
				return py.TypeErrorf("%s() got an unexpected keyword argument '%s'", s.name, k.Name)
			}
		}
		for _, p := range s.params {
			if _, ok := a.Get(p.name); ok {
				named = append(named, p.name)
			}
		}
		return py.TypeErrorf("%s() got some positional-only arguments passed as keyword arguments: '%s'", s.name, strings.Join(named, ", "))
	}
	_, err := s.bind(nil, a)
	return err
}

// markupMethod is a bound method of a Markup.
type markupMethod struct {
	m    Markup
	name string
}

// Type implements py.Value.
func (f *markupMethod) Type() string {
	if f.own() {
		return "method"
	}
	return "builtin_function_or_method"
}

func (f *markupMethod) own() bool { return markupMethods[f.name] != nil || f.name == "format" }

// PyRepr implements py.Reprer.
func (f *markupMethod) PyRepr() (string, error) {
	if f.own() {
		return "<bound method Markup." + f.name + " of " + py.Repr(f.m) + ">", nil
	}
	return "<built-in method " + f.name + " of Markup object>", nil
}

// Call implements py.Callable.
func (f *markupMethod) Call(ctx context.Context, a *py.Args) (py.Value, error) {
	if s := markupMethods[f.name]; s != nil {
		if err := s.check(a); err != nil {
			return nil, err
		}
	}
	switch f.name {
	case "unescape":
		return py.Str(unescapeHTML(string(f.m))), nil
	case "striptags":
		return py.Str(stripTags(string(f.m))), nil
	}
	args, err := f.escaped(a)
	if err != nil {
		return nil, err
	}
	out, err := py.CallMethod(ctx, py.Str(f.m), f.name, args)
	if err != nil {
		var pe *py.Error
		if !errors.As(err, &pe) || f.own() {
			return nil, err
		}
		if rest, ok := strings.CutPrefix(pe.Msg, "str."+f.name+"()"); ok {
			return nil, py.Errorf(pe.Class, "Markup.%s()%s", f.name, rest)
		}
		return nil, err
	}
	return markupResult(f.name, out), nil
}

// escaped are the arguments as the method of str gets them: those that go
// into the text are escaped.
func (f *markupMethod) escaped(a *py.Args) (*py.Args, error) {
	switch f.name {
	case "join", "replace", "ljust", "rjust", "center", "format":
	default:
		return plainArgs(a), nil
	}
	args := &py.Args{Pos: make([]py.Value, len(a.Pos)), Kw: append([]py.KwArg(nil), a.Kw...)}
	for i, p := range a.Pos {
		switch {
		case f.name == "join":
			items, err := py.Collect(p)
			if err != nil {
				return nil, err
			}
			for j := range items {
				items[j] = escapePlain(items[j])
			}
			args.Pos[i] = py.NewList(items...)
		case i == 1 || f.name == "format":
			args.Pos[i] = escapePlain(p)
		default: // what is replaced, or a width
			args.Pos[i] = plainStr(p)
		}
	}
	for i := range args.Kw {
		args.Kw[i].Value = escapePlain(args.Kw[i].Value)
	}
	return args, nil
}

// Attr implements py.AttrGetter with the methods of str: results that are
// strings are Markup, and arguments are escaped where they go into the text.
func (m Markup) Attr(name string) (py.Value, bool, error) {
	switch name {
	case "unescape", "striptags":
		return &markupMethod{m, name}, true, nil
	}
	v, ok, err := py.LookupAttr(py.Str(m), name)
	if err != nil || !ok {
		return v, ok, err
	}
	return &markupMethod{m, name}, true, nil
}
