package modules

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/states/low"
)

// Param describes one argument of a function.
//
// It is read from a struct field's tags:
//
//	arg:"name,required"  the argument's name in Salt; required has no default
//	arg:"name,alias=x"   a second name that Salt takes as well
//	arg:"*"              extra positional arguments ([]py.Value)
//	arg:"**"             unknown keyword arguments (*py.Dict, never nil)
//	default:"True"       the default as Python writes it; without it None
//	doc:"..."            one sentence
//	enum:"a|b"           the allowed values, for documentation and checking
//
// The order of the fields is the order of Salt's positional arguments. The
// arguments of an embedded struct stand in its place. What a field's type does
// with a value is told in setField.
type Param struct {
	Name     string
	Aliases  []string
	Doc      string
	Type     string // for people: "text", "bool", "integer", "list", "mapping", "any", "secret"
	Default  py.Value
	Required bool
	Enum     []string
	Secret   bool
	Source   bool // names files of the tree

	index []int
}

// BindError says that arguments do not fit a function. Its text is Salt's.
type BindError struct {
	Fun string
	Msg string
	// Arg is the argument in question; Near the spelling that may be meant.
	Arg, Near string
	// Unknown says that the function has no argument Arg: Salt ends the whole
	// run there.
	Unknown bool
}

// Error implements error.
func (e *BindError) Error() string { return e.Msg }

var (
	valueType  = reflect.TypeFor[py.Value]()
	dictType   = reflect.TypeFor[*py.Dict]()
	listType   = reflect.TypeFor[*py.List]()
	secretType = reflect.TypeFor[secret.String]()
	valuesType = reflect.TypeFor[[]py.Value]()
	stringsTyp = reflect.TypeFor[[]string]()
	sourceType = reflect.TypeFor[Source]()
)

// Source is an argument that names files of the tree: one URL or a list of
// them (or mappings, in Salt's source lists), of which the first that exists
// is taken.
type Source struct{ Value py.Value }

// IsSet says whether the argument was given and is not None or empty.
func (s Source) IsSet() bool { return s.Value != nil && py.IsTrue(s.Value) }

// paramsOf reads the arguments of a struct type.
func paramsOf(t reflect.Type) (params []Param, kw, varargs bool, err error) {
	if t.Kind() != reflect.Struct {
		return nil, false, false, fmt.Errorf("arguments are a %s, not a struct", t)
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			continue // the shim's: package shim, slim.go
		}
		if f.Anonymous {
			inner, innerKw, innerVar, err := paramsOf(f.Type)
			if err != nil {
				return nil, false, false, fmt.Errorf("embedded %s: %w", f.Name, err)
			}
			for _, p := range inner {
				p.index = append([]int{i}, p.index...)
				params = append(params, p)
			}
			kw, varargs = kw || innerKw, varargs || innerVar
			continue
		}
		tag, ok := f.Tag.Lookup("arg")
		if !ok {
			return nil, false, false, fmt.Errorf("field %s has no arg tag", f.Name)
		}
		parts := strings.Split(tag, ",")
		switch parts[0] {
		case "**":
			kw = true
			if f.Type != dictType {
				return nil, false, false, fmt.Errorf("field %s: ** wants *py.Dict", f.Name)
			}
			continue
		case "*":
			varargs = true
			if f.Type != valuesType {
				return nil, false, false, fmt.Errorf("field %s: * wants []py.Value", f.Name)
			}
			continue
		}
		p := Param{Name: parts[0], Doc: f.Tag.Get("doc"), Default: py.None, index: []int{i}}
		for _, o := range parts[1:] {
			switch alias, isAlias := strings.CutPrefix(o, "alias="); {
			case o == "required":
				p.Required = true
			case isAlias:
				p.Aliases = append(p.Aliases, alias)
			default:
				return nil, false, false, fmt.Errorf("field %s: unknown option %q", f.Name, o)
			}
		}
		if e := f.Tag.Get("enum"); e != "" {
			p.Enum = strings.Split(e, "|")
		}
		if p.Type, err = typeName(f.Type); err != nil {
			return nil, false, false, fmt.Errorf("field %s: %w", f.Name, err)
		}
		p.Secret, p.Source = f.Type == secretType || f.Type == reflect.PointerTo(secretType), f.Type == sourceType
		if d, ok := f.Tag.Lookup("default"); ok {
			if p.Default, err = parseDefault(d); err != nil {
				return nil, false, false, fmt.Errorf("field %s: default %q: %w", f.Name, d, err)
			}
			if err := setField(reflect.New(f.Type).Elem(), p.Default); err != nil {
				return nil, false, false, fmt.Errorf("field %s: default %q: %w", f.Name, d, err)
			}
		}
		params = append(params, p)
	}
	return params, kw, varargs, nil
}

func typeName(t reflect.Type) (string, error) {
	switch t {
	case valueType:
		return "any", nil
	case dictType:
		return "mapping", nil
	case listType, stringsTyp:
		return "list", nil
	case secretType:
		return "secret", nil
	case sourceType:
		return "source", nil
	}
	if t.Kind() == reflect.Pointer {
		return typeName(t.Elem())
	}
	switch t.Kind() {
	case reflect.String:
		return "text", nil
	case reflect.Bool:
		return "bool", nil
	case reflect.Int, reflect.Int64:
		return "integer", nil
	case reflect.Float64:
		return "number", nil
	}
	return "", fmt.Errorf("type %s is not supported", t)
}

// parseDefault reads a default as Python writes it: True, False, None, a
// number, ” or a bare text, [] and {}.
func parseDefault(s string) (py.Value, error) {
	switch s {
	case "True":
		return py.True, nil
	case "False":
		return py.False, nil
	case "None":
		return py.None, nil
	case "[]":
		return py.NewList(), nil
	case "{}":
		return py.NewDict(), nil
	case "''", "":
		return py.Str(""), nil
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return py.Int(i), nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return py.Float(f), nil
	}
	if strings.HasPrefix(s, "'") {
		if len(s) < 2 || !strings.HasSuffix(s, "'") {
			return nil, fmt.Errorf("unterminated quote")
		}
		return py.Str(s[1 : len(s)-1]), nil
	}
	return py.Str(s), nil
}

// setField converts a value for a field, as loosely as Python's duck typing
// lets Salt's functions be called:
//
//	string   None is "", other scalars their str(); a list or mapping is refused
//	*string  the same, nil for None
//	bool     the truth of any value ("False" is true, as in Python)
//	*bool    the same, nil for None
//	int      an int, a bool, a whole float or text that int() takes
//	[]string a list's items by str(); one text is a list of one; None is nil
//	*py.Dict, *py.List  that type, nil for None; a list of one-key mappings
//	         is taken for a mapping, as Salt's repack_dictlist does
//	py.Value anything, None included
func setField(f reflect.Value, v py.Value) error {
	switch f.Type() {
	case valueType:
		f.Set(reflect.ValueOf(&v).Elem())
		return nil
	case sourceType:
		f.Set(reflect.ValueOf(Source{Value: v}))
		return nil
	case secretType:
		s, err := text(v)
		f.Set(reflect.ValueOf(secret.New(s)))
		return err
	case dictType:
		d, err := mapping(v)
		f.Set(reflect.ValueOf(d))
		return err
	case listType:
		if _, none := v.(py.NoneType); none {
			return nil
		}
		l, ok := v.(*py.List)
		if !ok {
			return fmt.Errorf("wants a list, not %s", v.Type())
		}
		f.Set(reflect.ValueOf(l))
		return nil
	case stringsTyp:
		ss, err := texts(v)
		f.Set(reflect.ValueOf(ss))
		return err
	}
	if f.Kind() == reflect.Pointer {
		if _, none := v.(py.NoneType); none {
			f.SetZero()
			return nil
		}
		p := reflect.New(f.Type().Elem())
		f.Set(p)
		return setField(p.Elem(), v)
	}
	switch f.Kind() {
	case reflect.String:
		s, err := text(v)
		f.SetString(s)
		return err
	case reflect.Bool:
		t, err := py.Truth(v)
		f.SetBool(t)
		return err
	case reflect.Int, reflect.Int64:
		i, err := integer(v)
		f.SetInt(i)
		return err
	case reflect.Float64:
		switch v := v.(type) {
		case py.Float:
			f.SetFloat(float64(v))
			return nil
		case py.Str:
			x, err := strconv.ParseFloat(strings.TrimSpace(string(v)), 64)
			if err != nil {
				return fmt.Errorf("wants a number, not %s", py.Repr(v))
			}
			f.SetFloat(x)
			return nil
		}
		i, err := integer(v)
		f.SetFloat(float64(i))
		return err
	}
	return fmt.Errorf("type %s is not supported", f.Type())
}

func text(v py.Value) (string, error) {
	switch v := v.(type) {
	case py.NoneType:
		return "", nil
	case py.Str:
		return string(v), nil
	case py.Bytes:
		return string(v), nil
	case *py.List, *py.Dict, py.Tuple, *py.Set:
		return "", fmt.Errorf("wants text, not a %s", v.Type())
	}
	return py.StrErr(v)
}

func texts(v py.Value) ([]string, error) {
	switch v := v.(type) {
	case py.NoneType:
		return nil, nil
	case *py.List, py.Tuple, *py.Set:
		items, err := py.Collect(v)
		if err != nil {
			return nil, err
		}
		out := make([]string, len(items))
		for i, it := range items {
			if out[i], err = text(it); err != nil {
				return nil, fmt.Errorf("item %d %w", i+1, err)
			}
		}
		return out, nil
	}
	s, err := text(v)
	return []string{s}, err
}

func mapping(v py.Value) (*py.Dict, error) {
	switch v := v.(type) {
	case py.NoneType:
		return nil, nil
	case *py.Dict:
		return v, nil
	case *py.List:
		d := py.NewDict()
		for _, it := range v.Items {
			m, ok := it.(*py.Dict)
			if !ok {
				return nil, fmt.Errorf("wants a mapping, not a list of %s", it.Type())
			}
			d.Update(m)
		}
		return d, nil
	}
	return nil, fmt.Errorf("wants a mapping, not %s", v.Type())
}

func integer(v py.Value) (int64, error) {
	if i, ok := py.AsInt(v); ok {
		return i, nil
	}
	switch x := v.(type) {
	case py.Float:
		if float64(x) == float64(int64(x)) {
			return int64(x), nil
		}
	case py.Str:
		if i, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(string(x)), "_", ""), 10, 64); err == nil {
			return i, nil
		}
	}
	return 0, fmt.Errorf("wants an integer, not %s", py.Repr(v))
}

// bindChunk binds a low chunk: its keys less Salt's own, except those that the
// function declares as its arguments.
func (f *Func) bindChunk(data *py.Dict) (any, error) {
	b := f.newBinder()
	for k, v := range data.All() {
		name, ok := k.(py.Str)
		if !ok {
			continue // Salt passes text keys only
		}
		if f.param(string(name)) == nil && low.IsInternal(string(name)) {
			continue
		}
		if err := b.keyword(string(name), v); err != nil {
			return nil, err
		}
	}
	for i := range f.Params {
		if p := &f.Params[i]; p.Required && !b.given[i] {
			return nil, &BindError{Fun: f.Name, Arg: p.Name, Msg: fmt.Sprintf("Missing parameter %s for state %s", p.Name, f.Name)}
		}
	}
	return b.finish()
}

// CheckArgs says whether a chunk's arguments fit, without a host: for errors
// before any contact.
func (f *Func) CheckArgs(data *py.Dict) error {
	_, err := f.bindChunk(data)
	return err
}

// CheckCall says whether the arguments of a call fit, without a host.
func (f *Func) CheckCall(args *py.Args) error {
	_, err := f.bindCall(args)
	return err
}

// bindCall binds the arguments of a Python call.
func (f *Func) bindCall(args *py.Args) (any, error) {
	b := f.newBinder()
	if len(args.Pos) > len(f.Params) && !f.VarArgs {
		return nil, &BindError{Fun: f.Name, Msg: fmt.Sprintf("Passed invalid arguments to %s: %s() takes %s but %d %s given",
			f.Name, f.base(), f.arity(), len(args.Pos), plural(len(args.Pos), "was", "were"))}
	}
	for i, v := range args.Pos {
		if i >= len(f.Params) {
			b.rest = append(b.rest, v)
			continue
		}
		if err := b.set(i, v); err != nil {
			return nil, err
		}
	}
	for _, k := range args.Kw {
		if i := f.paramIndex(k.Name); i >= 0 && b.given[i] {
			return nil, &BindError{Fun: f.Name, Arg: k.Name, Msg: fmt.Sprintf("Passed invalid arguments to %s: %s() got multiple values for argument '%s'", f.Name, f.base(), k.Name)}
		}
		if strings.HasPrefix(k.Name, "__pub_") && f.paramIndex(k.Name) < 0 {
			continue // the publisher's data, which Salt adds and strips
		}
		if err := b.keyword(k.Name, k.Value); err != nil {
			return nil, err
		}
	}
	var missing []string
	for i := range f.Params {
		if f.Params[i].Required && !b.given[i] {
			missing = append(missing, "'"+f.Params[i].Name+"'")
		}
	}
	if n := len(missing); n > 0 {
		list := missing[0]
		switch {
		case n == 2:
			list = missing[0] + " and " + missing[1]
		case n > 2:
			list = strings.Join(missing[:n-1], ", ") + ", and " + missing[n-1]
		}
		return nil, &BindError{Fun: f.Name, Arg: strings.Trim(missing[0], "'"), Msg: fmt.Sprintf("Passed invalid arguments to %s: %s() missing %d required positional argument%s: %s",
			f.Name, f.base(), n, plural(n, "", "s"), list)}
	}
	return b.finish()
}

func (f *Func) base() string {
	_, b, _ := strings.Cut(f.Name, ".")
	return b
}

func (f *Func) arity() string {
	required := 0
	for _, p := range f.Params {
		if p.Required {
			required++
		}
	}
	n := len(f.Params)
	if required == n {
		return fmt.Sprintf("%d positional argument%s", n, plural(n, "", "s"))
	}
	return fmt.Sprintf("from %d to %d positional arguments", required, n)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Takes says whether the function has a parameter of that name.
func (f *Func) Takes(name string) bool { return f.paramIndex(name) >= 0 }

func (f *Func) param(name string) *Param {
	if i := f.paramIndex(name); i >= 0 {
		return &f.Params[i]
	}
	return nil
}

func (f *Func) paramIndex(name string) int {
	return slices.IndexFunc(f.Params, func(p Param) bool {
		return p.Name == name || slices.Contains(p.Aliases, name)
	})
}

type binder struct {
	f     *Func
	v     reflect.Value
	given []bool
	rest  []py.Value
	kw    *py.Dict
	bad   []string
}

func (f *Func) newBinder() *binder {
	return &binder{f: f, v: reflect.New(f.args).Elem(), given: make([]bool, len(f.Params)), kw: py.NewDict()}
}

func (b *binder) set(i int, v py.Value) error {
	p := &b.f.Params[i]
	b.given[i] = true
	if err := setField(b.v.FieldByIndex(p.index), v); err != nil {
		return &BindError{Fun: b.f.Name, Arg: p.Name, Msg: fmt.Sprintf("%s: argument %q %v", b.f.Name, p.Name, err)}
	}
	return nil
}

func (b *binder) keyword(name string, v py.Value) error {
	if i := b.f.paramIndex(name); i >= 0 {
		return b.set(i, v)
	}
	if !b.f.KwArgs {
		b.bad = append(b.bad, name)
		return nil
	}
	b.kw.SetStr(name, v)
	return nil
}

// finish sets defaults, refuses unknown arguments in Salt's words and returns
// the struct.
func (b *binder) finish() (any, error) {
	if n := len(b.bad); n > 0 {
		msg := fmt.Sprintf("'%s' is an invalid keyword argument for '%s'", b.bad[0], b.f.Name)
		if n > 1 {
			msg = fmt.Sprintf("'%s' and '%s' are invalid keyword arguments for '%s'",
				strings.Join(b.bad[:n-1], "', '"), b.bad[n-1], b.f.Name)
		}
		return nil, &BindError{Fun: b.f.Name, Arg: b.bad[0], Near: Near(b.bad[0], b.f.paramNames()), Msg: msg, Unknown: true}
	}
	for _, f := range reflect.VisibleFields(b.v.Type()) {
		switch f.Tag.Get("arg") {
		case "**":
			b.v.FieldByIndex(f.Index).Set(reflect.ValueOf(b.kw))
		case "*":
			b.v.FieldByIndex(f.Index).Set(reflect.ValueOf(b.rest))
		}
	}
	for i := range b.f.Params {
		if b.given[i] || b.f.Params[i].Required {
			continue
		}
		if err := setField(b.v.FieldByIndex(b.f.Params[i].index), copyDefault(b.f.Params[i].Default)); err != nil {
			return nil, fmt.Errorf("%s: default of %s: %w", b.f.Name, b.f.Params[i].Name, err)
		}
	}
	return b.v.Addr().Interface(), nil
}

// copyDefault keeps a mutable default from being shared between calls.
func copyDefault(v py.Value) py.Value { return py.DeepCopy(v) }

func (f *Func) paramNames() []string {
	var out []string
	for _, p := range f.Params {
		out = append(out, p.Name)
	}
	return out
}

// Bind binds keyword arguments to a struct of arguments, for functions that
// pass theirs on. fun is for errors.
func Bind[A any](fun string, kw *py.Dict) (*A, error) {
	f := newFunc(fun, ExecKind, "", nil, reflect.TypeFor[*A]())
	args := &py.Args{}
	for k, v := range kw.All() {
		args.Kw = append(args.Kw, py.KwArg{Name: py.ToStr(k), Value: v})
	}
	a, err := f.bindCall(args)
	if err != nil {
		return nil, err
	}
	return a.(*A), nil
}
