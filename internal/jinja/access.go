package jinja

import (
	"errors"
	"strings"

	"pinch/internal/py"
)

// typeModule is a type of another Python module than builtins; messages about
// attributes name it: "jinja2.runtime.Macro object".
type typeModule interface{ TypeModule() string }

// objectType is what messages call an object: "dict object".
func objectType(v py.Value) string {
	switch v := v.(type) {
	case py.NoneType:
		return "None"
	case py.EllipsisType:
		return "Ellipsis"
	case typeModule:
		return v.TypeModule() + "." + v.(py.Value).Type() + " object"
	}
	return py.TypeName(v) + " object"
}

// getattr is environment.getattr: the attribute, else the item, else
// undefined. key is name as a value.
func (c *Context) getattr(obj py.Value, name string, key py.Value) (py.Value, error) {
	if name[0] != '_' {
		if d, ok := obj.(*py.Dict); ok && !isDictMethod(name) {
			if v, ok := d.GetStr(name); ok {
				return v, nil
			}
			return c.undefinedOf(obj, key), nil
		}
		v, ok, err := py.LookupAttr(obj, name)
		if err != nil {
			if classOf(err) != "AttributeError" {
				return nil, err
			}
			ok = false
		}
		if ok {
			return c.guard(obj, v, name), nil
		}
	} else if hasPrivate(obj, name) {
		return c.unsafe(obj, name), nil
	}
	v, err := py.GetItem(obj, key)
	if err == nil {
		return v, nil
	}
	if isLookupOrType(err) {
		return c.undefinedOf(obj, key), nil
	}
	return nil, err
}

// GetItem is environment.getitem: the item, else for a string the attribute,
// else undefined.
func (c *Context) GetItem(obj, key py.Value) (py.Value, error) {
	if d, ok := obj.(*py.Dict); ok { // without making an error on a miss
		if v, ok, err := d.Get(key); err == nil && ok {
			return v, nil
		} else if err != nil && !isLookupOrType(err) {
			return nil, err
		}
	} else {
		v, err := py.GetItem(obj, key)
		if err == nil {
			return v, nil
		}
		if !isLookupOrType(err) {
			return nil, err
		}
	}
	if name, ok := strOf(key); ok && name != "" {
		if name[0] == '_' {
			if hasPrivate(obj, name) {
				return c.unsafe(obj, name), nil
			}
			return c.undefinedOf(obj, key), nil
		}
		v, ok, err := py.LookupAttr(obj, name)
		if err != nil && classOf(err) != "AttributeError" {
			return nil, err
		}
		if ok && err == nil {
			return c.guard(obj, v, name), nil
		}
	}
	return c.undefinedOf(obj, key), nil
}

// GetAttr is environment.getattr: the attribute of that name, else the item,
// else undefined.
func (c *Context) GetAttr(obj py.Value, name string) (py.Value, error) {
	if name == "" {
		return c.undefinedOf(obj, py.Str(name)), nil
	}
	return c.getattr(obj, name, py.Str(name))
}

func isDictMethod(name string) bool {
	switch name {
	case "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values", "move_to_end":
		return true
	}
	return false
}

// guard wraps str.format and str.format_map, which would otherwise reach any
// attribute.
func (c *Context) guard(obj, v py.Value, name string) py.Value {
	if isInternal(obj, name) {
		return c.unsafe(obj, name)
	}
	if name == "format" || name == "format_map" {
		if _, ok := strOf(obj); ok {
			return c.safeFormat(obj, name)
		}
	}
	return v
}

// isInternal says whether the sandbox hides an attribute without underscore.
func isInternal(obj py.Value, name string) bool {
	switch name {
	case "mro":
		return obj.Type() == "type"
	case "gi_frame", "gi_code":
		return obj.Type() == "generator"
	}
	return false
}

// unsafe is the undefined value for an attribute that the sandbox refuses.
func (c *Context) unsafe(obj py.Value, name string) py.Value {
	u := c.undefinedHint("access to attribute "+quote(name)+" of "+quote(obj.Type())+" object is unsafe.", name)
	u.obj, u.class = obj, classSecurity
	return u
}

// hasPrivate says whether an object of Python has the attribute of that name,
// which starts with an underscore. Only then is its use a security error; a
// key of that name is fine.
func hasPrivate(obj py.Value, name string) bool {
	switch name {
	case "__class__", "__delattr__", "__dir__", "__doc__", "__eq__", "__format__", "__ge__", "__getattribute__", "__getstate__",
		"__gt__", "__hash__", "__init__", "__init_subclass__", "__le__", "__lt__", "__ne__", "__new__", "__reduce__",
		"__reduce_ex__", "__repr__", "__setattr__", "__sizeof__", "__str__", "__subclasshook__":
		return true
	}
	if m, ok := obj.(*Module); ok {
		_, ok, _ = m.Attr(name)
		return ok || name == "__html__" || name == "__dict__" || name == "__module__" || name == "__weakref__"
	}
	if !strings.HasPrefix(name, "__") {
		switch obj.(type) {
		case *Undefined:
			switch name {
			case "_fail_with_undefined_error", "_undefined_exception", "_undefined_hint", "_undefined_message", "_undefined_name", "_undefined_obj":
				return true
			}
		case *Macro:
			switch name {
			case "_argument_count", "_async_invoke", "_default_autoescape", "_environment", "_func", "_invoke":
				return true
			}
		}
		return false
	}
	if obj.Type() == "type" {
		switch name {
		case "__base__", "__bases__", "__basicsize__", "__call__", "__dict__", "__dictoffset__", "__flags__", "__instancecheck__", "__itemsize__",
			"__module__", "__mro__", "__name__", "__or__", "__prepare__", "__qualname__", "__ror__", "__subclasscheck__", "__subclasses__",
			"__text_signature__", "__weakrefoffset__", "__annotations__", "__abstractmethods__":
			return true
		}
	}
	switch obj.(type) {
	case py.NoneType:
		return name == "__bool__"
	case py.Bool, py.Int, *py.Long, py.Float:
		switch name {
		case "__abs__", "__add__", "__bool__", "__divmod__", "__float__", "__floordiv__", "__getnewargs__", "__int__", "__mod__", "__mul__",
			"__neg__", "__pos__", "__pow__", "__radd__", "__rdivmod__", "__rfloordiv__", "__rmod__", "__rmul__", "__round__", "__rpow__",
			"__rsub__", "__rtruediv__", "__sub__", "__truediv__", "__trunc__", "__ceil__", "__floor__":
			return true
		case "__and__", "__index__", "__invert__", "__lshift__", "__or__", "__rand__", "__rlshift__", "__ror__", "__rrshift__",
			"__rshift__", "__rxor__", "__xor__":
			_, float := obj.(py.Float)
			return !float
		}
		return false
	case py.Str, Markup, py.Bytes, py.Tuple, *py.List:
		switch name {
		case "__add__", "__contains__", "__getitem__", "__iter__", "__len__", "__mul__", "__rmul__":
			return true
		case "__delitem__", "__iadd__", "__imul__", "__reversed__", "__setitem__":
			_, list := obj.(*py.List)
			return list
		case "__getnewargs__":
			_, list := obj.(*py.List)
			return !list
		case "__mod__", "__rmod__":
			switch obj.(type) {
			case py.Str, Markup, py.Bytes:
				return true
			}
		case "__html__", "__html_format__", "__radd__", "__module__", "__slots__":
			_, markup := obj.(Markup)
			return markup
		}
		return false
	case *py.Dict:
		switch name {
		case "__contains__", "__delitem__", "__getitem__", "__ior__", "__iter__", "__len__", "__or__", "__reversed__", "__ror__", "__setitem__":
			return true
		case "__dict__":
			return obj.(*py.Dict).Ordered
		}
		return false
	case *py.Set:
		switch name {
		case "__and__", "__contains__", "__iand__", "__ior__", "__isub__", "__iter__", "__ixor__", "__len__", "__or__", "__rand__", "__ror__",
			"__rsub__", "__rxor__", "__sub__", "__xor__":
			return true
		}
		return false
	case *py.Func, *py.BoundMethod:
		switch name {
		case "__call__", "__module__", "__name__", "__qualname__", "__self__", "__text_signature__":
			return true
		}
		return false
	case *Namespace:
		return false
	}
	switch name {
	case "__dict__", "__module__", "__weakref__":
		return true
	case "__globals__", "__code__", "__closure__", "__defaults__", "__kwdefaults__", "__name__", "__qualname__", "__call__", "__get__", "__annotations__":
		_, ok := obj.(py.Callable)
		return ok
	case "__iter__", "__next__":
		_, ok := obj.(py.Iterable)
		return ok
	case "__getitem__":
		_, ok := obj.(py.ItemGetter)
		return ok
	case "__len__":
		_, ok := obj.(py.Lener)
		return ok
	case "__contains__":
		_, ok := obj.(py.Container)
		return ok
	}
	return false
}

// Call is context.call: it calls any callable value.
func (c *Context) Call(fn py.Value, args *py.Args) (py.Value, error) {
	if err := c.rt.step(); err != nil {
		return nil, err
	}
	switch fn := fn.(type) {
	case *Macro:
		return fn.call(c.escape, args)
	case *builtin:
		return fn.fn(c, nil, args)
	case *LoopContext:
		return fn.call(c, args)
	case *Undefined:
		return nil, fn.fail()
	case *py.BoundMethod:
		if len(args.Kw) > 0 && refusesKeywords(fn) {
			return nil, py.TypeErrorf("%s() takes no keyword arguments", fn.Name)
		}
		v, err := fn.Call(c.rt.ctx, args)
		return v, boundError(fn, err)
	case py.Callable:
		return fn.Call(c.rt.ctx, args)
	}
	return nil, py.TypeErrorf("'%s' object is not callable", py.TypeName(fn))
}

// boundError names an inherited method by the class of its receiver, as a
// bound method does when its arguments are wrong.
func boundError(m *py.BoundMethod, err error) error {
	if err == nil {
		return nil
	}
	var base string
	switch self := m.Self.(type) {
	case py.Bool:
		base = "int"
	case py.DateTime:
		base = "date"
	case *py.Dict:
		if !self.Ordered {
			return err
		}
		base = "dict"
	default:
		return err
	}
	var pe *py.Error
	if !errors.As(err, &pe) {
		return err
	}
	if rest, ok := strings.CutPrefix(pe.Msg, base+"."+m.Name+"() takes "); ok {
		return py.Errorf(pe.Class, "%s.%s() takes %s", m.Self.Type(), m.Name, rest)
	}
	return err
}

// refusesKeywords says whether a method of str is one that CPython calls with a
// tuple: called as a value, as Jinja does, it names itself without the class.
func refusesKeywords(m *py.BoundMethod) bool {
	if _, ok := strOf(m.Self); !ok {
		return false
	}
	switch m.Name {
	case "count", "endswith", "find", "index", "rfind", "rindex", "startswith":
		return true
	}
	return false
}

// strOf returns the text of a str, which includes Markup.
func strOf(v py.Value) (string, bool) {
	switch v := v.(type) {
	case py.Str:
		return string(v), true
	case Markup:
		return string(v), true
	}
	return "", false
}
