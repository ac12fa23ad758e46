package server

import (
	"errors"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim/wire"
	"pinch/states/low"
)

// What the shim and the program with the further functions tell each other, in
// the frames of package wire. Both are of one build, so that this has no
// version. The shim asks:
//
//	begin     what calls have in common: options, grains, environment
//	describe  whether there is a function of that name, and its declaration
//	virtual   __virtual__
//	check     Func.Check or Func.Watch; a plan that is to be applied is kept
//	apply     what such a plan does
//	exec      Func.Exec
//
// The program asks, for a call under way ("of"):
//
//	call         an execution function, of the shim or of the controller
//	host.state   Call.State
//	host.result  Call.Result
//
// and what a shim asks its controller (source.*, helper.*), which the shim
// passes on.

// errorKinds tell the types of errors that functions make decisions by.
const (
	kindSalt   = "salt"
	kindBind   = "bind"
	kindSource = "source"
	kindPython = "python"
)

// encodeError keeps an error's type over the wire.
func encodeError(err error) error {
	if err == nil {
		return nil
	}
	var (
		salt   *modules.Error
		bind   *modules.BindError
		source *modules.SourceError
		exc    *py.Error
	)
	switch {
	case errors.As(err, &salt):
		return &wire.RemoteError{Class: salt.Class, Msg: salt.Msg, Data: py.DictOf("kind", py.Str(kindSalt))}
	case errors.As(err, &bind):
		return &wire.RemoteError{Class: "SaltInvocationError", Msg: bind.Msg, Data: py.DictOf("kind", py.Str(kindBind),
			"fun", py.Str(bind.Fun), "arg", py.Str(bind.Arg), "near", py.Str(bind.Near), "unknown", py.Bool(bind.Unknown))}
	case errors.As(err, &source):
		return &wire.RemoteError{Class: "source", Msg: source.Comment, Data: py.DictOf("kind", py.Str(kindSource),
			"ref", py.Str(source.Ref), "missing", py.Bool(source.Missing))}
	case errors.As(err, &exc):
		return &wire.RemoteError{Class: exc.Class, Msg: exc.Msg, Data: py.DictOf("kind", py.Str(kindPython))}
	}
	return err
}

// decodeError reads what encodeError made; another error is returned as it is.
func decodeError(err error) error {
	var re *wire.RemoteError
	if !errors.As(err, &re) {
		return err
	}
	flag := func(key string) bool { return re.Data.Lookup(key) == py.Value(py.True) }
	switch re.Data.String("kind") {
	case kindSalt:
		return &modules.Error{Class: re.Class, Msg: re.Msg}
	case kindBind:
		return &modules.BindError{Fun: re.Data.String("fun"), Msg: re.Msg, Arg: re.Data.String("arg"), Near: re.Data.String("near"), Unknown: flag("unknown")}
	case kindSource:
		return &modules.SourceError{Ref: re.Data.String("ref"), Missing: flag("missing"), Comment: re.Msg}
	case kindPython:
		return &py.Error{Class: re.Class, Msg: re.Msg}
	}
	return err
}

// encodeDone is a state's return on the wire.
func encodeDone(d modules.Done) *py.Dict {
	out := py.DictOf("result", d.Result.Value(), "comment", py.Str(d.Comment))
	if d.Changes != nil {
		out.SetStr("changes", d.Changes)
	}
	if d.CommentValue != nil {
		out.SetStr("comment_value", d.CommentValue)
	}
	if d.Name != "" {
		out.SetStr("name", py.Str(d.Name))
	}
	if d.Extra != nil {
		out.SetStr("extra", d.Extra)
	}
	if len(d.Warnings) > 0 {
		out.SetStr("warnings", py.Strings(d.Warnings...))
	}
	return out
}

// decodeDone reads what encodeDone made.
func decodeDone(v py.Value) (modules.Done, error) {
	d, ok := v.(*py.Dict)
	if !ok {
		return modules.Done{}, errors.New("a state's return is no mapping")
	}
	done := modules.Done{Result: low.TriOf(d.Lookup("result")), Comment: d.String("comment"), Name: d.String("name"),
		Changes: d.Lookup("changes"), CommentValue: d.Lookup("comment_value")}
	done.Extra, _ = d.Lookup("extra").(*py.Dict)
	if l, ok := d.Lookup("warnings").(*py.List); ok {
		for _, w := range l.Items {
			done.Warnings = append(done.Warnings, py.ToStr(w))
		}
	}
	return done, nil
}

// describe is a function's declaration, as far as the engine looks at it.
func describe(f *modules.Func) *py.Dict {
	params := py.NewList()
	for _, p := range f.Params {
		params.Append(py.NewList(py.Str(p.Name), py.Bool(p.Required)))
	}
	return py.DictOf("params", params, "kwargs", py.Bool(f.KwArgs), "varargs", py.Bool(f.VarArgs),
		"access", py.Int(f.Access), "where", py.Int(f.Where), "watch", py.Bool(f.HasWatch()))
}

// decodeFunc reads what describe made.
func decodeFunc(k modules.Kind, name string, d *py.Dict, p modules.Peer) *modules.Func {
	flag := func(key string) bool { return d.Lookup(key) == py.Value(py.True) }
	access, _ := py.AsInt(py.OrNone(d.Lookup("access")))
	where, _ := py.AsInt(py.OrNone(d.Lookup("where")))
	f := modules.Func{Name: name, Kind: k, KwArgs: flag("kwargs"), VarArgs: flag("varargs"), Access: modules.Access(access), Where: modules.Where(where)}
	if l, ok := d.Lookup("params").(*py.List); ok {
		for _, v := range l.Items {
			if pair, ok := v.(*py.List); ok && len(pair.Items) == 2 {
				f.Params = append(f.Params, modules.Param{Name: py.ToStr(pair.Items[0]), Required: pair.Items[1] == py.Value(py.True)})
			}
		}
	}
	return modules.PeerFunc(f, flag("watch"), p)
}
