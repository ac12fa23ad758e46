package states

import (
	"fmt"
	"strings"

	"pinch/internal/py"
)

// verifyHigh checks the shape of high data (Salt: _verify_high).
func (c *compiler) verifyHigh(high *py.Dict, errs *problems) error {
	for id, body := range high.All() {
		v := verifier{c: c, errs: errs, id: str(id)}
		name, isText := id.(py.Str)
		if !isText {
			sls, err := item(body, py.Str("__sls__"))
			if err != nil {
				return err
			}
			v.add(ClassIDNotString, str(sls), "", "ID '%s' in SLS '%s' is not formed as a string, but is type %s. It may need to be quoted.",
				v.id, str(sls), id.Type())
		} else if strings.HasPrefix(string(name), "__") {
			continue
		}
		d, ok := body.(*py.Dict)
		if !ok {
			v.add(ClassBodyNotDict, "", "", "The type %s in %s is not formatted as a dictionary", v.id, str(body))
			continue
		}
		for state, run := range d.All() {
			if dunder, err := startsDunder(state); err != nil {
				return err
			} else if dunder {
				continue
			}
			if err := v.state(d, string(state.(py.Str)), run); err != nil {
				return err
			}
		}
	}
	return nil
}

type verifier struct {
	c    *compiler
	errs *problems
	id   string
	env  string
}

func (v *verifier) add(class, sls, state, format string, args ...any) {
	e := problem(class, sls, format, args...)
	e.Pos = v.c.positionOf(v.env, sls, v.id, state)
	v.errs.add(e)
}

func (v *verifier) state(body *py.Dict, state string, run py.Value) error {
	var sls string
	if s, ok := body.GetStr("__sls__"); ok {
		sls = str(s)
	}
	if e, ok := body.GetStr("__env__"); ok {
		v.env = str(e)
	}
	if _, none := run.(py.NoneType); none {
		v.add(ClassShortColon, sls, state, "ID '%s' in SLS '%s' contains a short declaration (%s) with a trailing colon. "+
			"When not passing any arguments to a state, the colon must be omitted.", v.id, sls, state)
		return nil
	}
	l, ok := run.(*py.List)
	if !ok {
		v.add(ClassStateNotList, sls, state, "State '%s' in SLS '%s' is not formed as a list", v.id, sls)
		return nil
	}
	var funs []string
	if _, fun, dotted := strings.Cut(state, "."); dotted {
		funs = append(funs, fun)
	}
	for _, arg := range l.Items {
		switch a := arg.(type) {
		case py.Str:
			funs = append(funs, string(a))
			if strings.Contains(strings.TrimFunc(string(a), isSpace), " ") {
				v.add(ClassFunWhitespace, sls, state, `The function "%s" in state "%s" in SLS "%s" has whitespace, `+
					`a function with whitespace is not supported, perhaps this is an argument that is missing a ":"`,
					string(a), v.id, sls)
			}
		case *py.Dict:
			if err := v.argument(a, sls, state); err != nil {
				return err
			}
		}
	}
	switch {
	case len(funs) == 0:
		v.add(ClassFunMissing, sls, state, "No function declared in state '%s' in SLS '%s'", v.id, sls)
	case len(funs) > 1:
		v.add(ClassFunRepeated, sls, state, "Too many functions declared in state '%s' in SLS '%s'. "+
			"Please choose one of the following: %s", v.id, sls, strings.Join(funs, ", "))
	}
	return nil
}

func isSpace(r rune) bool {
	return r == ' ' || r >= '\t' && r <= '\r' || r >= 0x1c && r <= 0x1f || r == 0x85 || r == 0xa0
}

func (v *verifier) argument(arg *py.Dict, sls, state string) error {
	first, val, err := onlyEntry(arg)
	if err != nil {
		return err
	}
	list, isList := val.(*py.List)
	if first == py.Value(py.Str("names")) && !isList {
		v.add(ClassNamesNotList, sls, state, "The 'names' argument in state '%s' in SLS '%s' needs to be formed as a list", v.id, sls)
	}
	if !isRequisite(first) {
		return nil
	}
	if !isList {
		v.add(ClassReqNotList, sls, state, "The %s statement in state '%s' in SLS '%s' needs to be formed as a list",
			str(first), v.id, sls)
	} else if err := v.requisites(list, sls, state); err != nil {
		return err
	}
	if arg.Len() != 1 {
		v.add(ClassReqMalformed, sls, state, "Multiple dictionaries defined in argument of state '%s' in SLS '%s'", v.id, sls)
	}
	return nil
}

func (v *verifier) requisites(list *py.List, sls, state string) error {
	for _, req := range list.Items {
		if s, ok := req.(py.Str); ok {
			req = py.DictOf("id", s)
		}
		d, ok := req.(*py.Dict)
		if !ok || d.Len() != 1 {
			v.add(ClassReqMalformed, sls, state, "Requisite declaration %s in state %s in SLS %s is not formed as a single key dictionary",
				str(req), v.id, sls)
			continue
		}
		key, val, err := onlyEntry(d)
		if err != nil {
			return err
		}
		dotted, err := in(py.Str("."), key)
		if err != nil {
			return err
		}
		if dotted {
			text := string(key.(py.Str))
			v.add(ClassReqDotted, sls, state, "Invalid requisite type '%s' in state '%s', in SLS '%s'. "+
				"Requisite types must not contain dots, did you mean '%s'?", text, v.id, sls, text[:strings.IndexByte(text, '.')])
		}
		if !hashable(val) {
			v.add(ClassReqIllegal, sls, state, "Illegal requisite \"%s\" in SLS \"%s\", please check your syntax.\n", str(val), sls)
		}
	}
	return nil
}

func hashable(v py.Value) bool {
	_, _, err := (&py.Dict{}).Get(v)
	return err == nil
}

func lookup(d *py.Dict, key string) py.Value {
	if v, ok := d.GetStr(key); ok {
		return v
	}
	return py.None
}

func quote(s string) string { return fmt.Sprintf("'%s'", s) }
