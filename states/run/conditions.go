package run

import (
	"context"
	"errors"

	"pinch/internal/match"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// commandOptions are the arguments of a state that its onlyif and unless
// commands take over.
var commandOptions = []string{"cwd", "root", "runas", "env", "prepend_path", "umask", "timeout", "success_retcodes"}

// conditions checks onlyif, unless and creates. skip says that the state does
// not run and data is its return.
func (e *engine) conditions(ctx context.Context, c *low.Chunk) (data *py.Dict, skip bool, err error) {
	onlyif, hasOnlyif := c.Data.GetStr("onlyif")
	unless, hasUnless := c.Data.GetStr("unless")
	creates, hasCreates := c.Data.GetStr("creates")
	if !hasOnlyif && !hasUnless && !hasCreates {
		return nil, false, nil
	}
	opts := e.commandOptions(c)
	comments := py.NewList()
	result, skipWatch, anySkipWatch := false, false, false
	note := func(v verdict) error {
		if v.comment == nil {
			return &py.Error{Class: "KeyError", Msg: "'comment'"} // an empty list, as in Salt
		}
		comments.Append(v.comment)
		result = result || v.skip
		if v.skipWatch {
			skipWatch, anySkipWatch = true, true
		}
		return nil
	}
	if hasOnlyif {
		v, err := e.onlyif(ctx, list(onlyif), opts)
		if err == nil {
			err = note(v)
		}
		if err != nil {
			return nil, false, err
		}
	}
	if hasUnless {
		v, err := e.unless(ctx, list(unless), opts)
		if err == nil {
			err = note(v)
		}
		if err != nil {
			return nil, false, err
		}
	}
	if hasCreates {
		if err := note(e.creates(creates)); err != nil {
			return nil, false, err
		}
	}
	if !result {
		return nil, false, nil
	}
	data = py.DictOf("result", py.True, "name", py.OrNone(c.Data.Lookup("name")), "changes", py.NewDict(), "comment", comments)
	for _, k := range []string{"__sls__", "__id__"} {
		data.SetStr(k, py.OrNone(c.Data.Lookup(k)))
	}
	if anySkipWatch {
		data.SetStr("skip_watch", py.Bool(skipWatch))
	}
	return data, true, nil
}

// verdict is what one condition says: skip the state or not.
type verdict struct {
	comment         py.Value // nil when nothing was evaluated
	skip, skipWatch bool
}

func list(v py.Value) []py.Value {
	if l, ok := v.(*py.List); ok {
		return l.Items
	}
	return []py.Value{v}
}

func (e *engine) commandOptions(c *low.Chunk) []py.KwArg {
	exclude := map[string]bool{}
	if x, ok := c.Data.GetStr("cmd_opts_exclude"); ok {
		for _, k := range list(x) {
			exclude[py.ToStr(k)] = true
		}
	}
	var kw []py.KwArg
	for _, k := range commandOptions {
		if !exclude[k] {
			kw = append(kw, py.KwArg{Name: k, Value: py.OrNone(c.Data.Lookup(k))})
		}
	}
	if sh, ok := c.Data.GetStr("shell"); ok && !exclude["shell"] {
		kw = append(kw, py.KwArg{Name: "shell", Value: sh})
	} else if sh, ok := e.Bundle.Grains.GetStr("shell"); ok {
		kw = append(kw, py.KwArg{Name: "shell", Value: sh})
	}
	return kw
}

// retcode runs a condition's command.
func (e *engine) retcode(ctx context.Context, command py.Value, opts []py.KwArg) (int64, error) {
	args := &py.Args{Pos: []py.Value{command}, Kw: append([]py.KwArg{
		{Name: "ignore_retcode", Value: py.True}, {Name: "python_shell", Value: py.True},
	}, opts...)}
	v, err := e.funcs.Call(ctx, "cmd.retcode", args)
	if err != nil {
		return 0, err
	}
	n, _ := py.AsInt(v)
	return n, nil
}

func isCommandError(err error) bool {
	var se *modules.Error
	return errors.As(err, &se) && se.Class == "CommandExecutionError"
}

func (e *engine) onlyif(ctx context.Context, entries []py.Value, opts []py.KwArg) (verdict, error) {
	var v verdict
	isFalse := verdict{comment: py.Str("onlyif condition is false"), skip: true, skipWatch: true}
	isTrue := verdict{comment: py.Str("onlyif condition is true")}
	for _, entry := range entries {
		switch entry := entry.(type) {
		case py.Str:
			code, err := e.retcode(ctx, entry, opts)
			if isCommandError(err) {
				code, err = 100, nil
			}
			if err != nil {
				return v, err
			}
			if code != 0 {
				return isFalse, nil
			}
			v = isTrue
		case *py.Dict:
			if !entry.Has("fun") {
				v.comment = py.Str("no `fun` argument in onlyif: " + py.ToStr(entry))
				return v, nil
			}
			ok, code, err := e.conditionCall(ctx, entry)
			if err != nil {
				return v, err
			}
			if code != 0 || !ok && code == 0 && !e.hasRetcode() {
				return isFalse, nil
			}
			v = isTrue
		default:
			return verdict{comment: py.Str("onlyif execution failed, bad type passed"), skipWatch: v.skipWatch}, nil
		}
	}
	return v, nil
}

func (e *engine) unless(ctx context.Context, entries []py.Value, opts []py.KwArg) (verdict, error) {
	var v verdict
	isTrue := verdict{comment: py.Str("unless condition is true"), skip: true, skipWatch: true}
	isFalse := verdict{comment: py.Str("unless condition is false")}
	for _, entry := range entries {
		switch entry := entry.(type) {
		case py.Str:
			code, err := e.retcode(ctx, entry, opts)
			if isCommandError(err) {
				code, err = 0, nil
			}
			if err != nil {
				return v, err
			}
			if code != 0 {
				return isFalse, nil
			}
			v = isTrue
		case *py.Dict:
			if !entry.Has("fun") {
				v.comment = py.Str("no `fun` argument in unless: " + py.ToStr(entry))
				return v, nil
			}
			ok, code, err := e.conditionCall(ctx, entry)
			if err != nil {
				return v, err
			}
			if code != 0 || !ok {
				return isFalse, nil
			}
			v = isTrue
		default:
			v = verdict{comment: py.Str("unless condition is false, bad type passed"), skipWatch: v.skipWatch}
		}
	}
	return v, nil
}

// conditionCall runs a condition that names an execution function. code is
// the exit status that a command left behind (Salt's __context__["retcode"]),
// which counts more than the return.
//
// The names are taken out of the chunk's own mapping, as Salt does: a state that
// runs again (a retry, its mod_watch, after the test run for a prereq) has a
// condition without "fun" then, which does not hold it back.
func (e *engine) conditionCall(ctx context.Context, entry *py.Dict) (ok bool, code int64, err error) {
	get, _ := entry.DeleteStr("get_return")
	fun, _ := entry.DeleteStr("fun")
	args := &py.Args{}
	if a, given := entry.DeleteStr("args"); given {
		if args.Pos, err = py.Collect(a); err != nil {
			return false, 0, err
		}
	}
	filled, err := e.funcs.fillSlots(ctx, py.DictOf("args", py.NewList(args.Pos...), "kwargs", entry))
	if err != nil {
		return false, 0, err
	}
	args.Pos = filled.Lookup("args").(*py.List).Items
	for k, v := range filled.Lookup("kwargs").(*py.Dict).All() {
		args.Kw = append(args.Kw, py.KwArg{Name: py.ToStr(k), Value: v})
	}
	ret, err := e.funcs.Call(ctx, py.ToStr(fun), args)
	if err != nil {
		return false, 0, err
	}
	if get != nil && py.IsTrue(get) {
		if ret, err = match.Traverse(ret, get, py.None, ":"); err != nil {
			return false, 0, err
		}
	}
	ok, err = py.Truth(ret)
	if v, has := e.Memo.Get(modules.RetcodeKey); has {
		code, _ = v.(int64)
	}
	return ok, code, err
}

func (e *engine) hasRetcode() bool {
	v, ok := e.Memo.Get(modules.RetcodeKey)
	n, _ := v.(int64)
	return ok && n != 0
}

func (e *engine) creates(v py.Value) verdict {
	exists := func(p py.Value) bool {
		s, ok := p.(py.Str)
		if !ok {
			return false
		}
		_, err := e.Host.Stat(string(s))
		return err == nil
	}
	switch v := v.(type) {
	case py.Str:
		if exists(v) {
			return verdict{comment: v + " exists", skip: true, skipWatch: true}
		}
	case *py.List:
		all := true
		for _, p := range v.Items {
			all = all && exists(p)
		}
		if all {
			return verdict{comment: py.Str("All files in creates exist"), skip: true, skipWatch: true}
		}
	}
	return verdict{comment: py.Str("Creates files not found")}
}

// checkCmd lets the commands of check_cmd decide whether a state succeeded.
func (e *engine) checkCmd(ctx context.Context, c *low.Chunk, data *py.Dict) error {
	var kw []py.KwArg
	if sh, ok := e.Bundle.Grains.GetStr("shell"); ok {
		kw = append(kw, py.KwArg{Name: "shell", Value: sh})
	}
	data.SetStr("result", py.False)
	entries := []py.Value{c.Data.Lookup("check_cmd")}
	if _, isText := entries[0].(py.Str); !isText {
		var err error
		if entries, err = py.Collect(entries[0]); err != nil {
			return err
		}
	}
	for _, entry := range entries {
		code, err := e.retcode(ctx, entry, kw)
		if err != nil {
			return err
		}
		if code != 0 {
			data.SetStr("comment", py.Str("check_cmd determined the state failed"))
			data.SetStr("result", py.False)
			break
		}
		data.SetStr("comment", py.Str("check_cmd determined the state succeeded"))
		data.SetStr("result", py.True)
	}
	for _, k := range []string{"__sls__", "__id__", "name"} {
		data.SetStr(k, py.OrNone(c.Data.Lookup(k)))
	}
	return nil
}
