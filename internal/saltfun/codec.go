package saltfun

import (
	"errors"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/internal/serialize"
)

// serialize is slsutil.serialize for the serializers that need no library of
// their own.
func serializeAs(name string, v py.Value, kw *py.Dict) (py.Value, error) {
	switch name {
	case "yaml":
		o, err := yamlOptions(kw)
		if err != nil {
			return nil, err
		}
		s, err := saltyaml.Serialize(v, o)
		if err != nil {
			return nil, py.Errorf("SerializationError", "%s", text(err))
		}
		return py.Str(s), nil
	case "json":
		var args []py.KwArg
		for k, x := range kw.All() {
			args = append(args, py.KwArg{Name: string(k.(py.Str)), Value: x})
		}
		o, err := py.DumpOptionsOf(args)
		if err != nil {
			return nil, py.Errorf("SerializationError", "%s", text(err))
		}
		s, err := py.DumpsJSON(v, o)
		if err != nil {
			return nil, py.Errorf("SerializationError", "%s", text(err))
		}
		return py.Str(s), nil
	}
	if serialize.Known(name) {
		s, err := serialize.Serialize(name, v, kw)
		if err != nil {
			return nil, py.Errorf("SerializationError", "%s", text(err))
		}
		return s, nil
	}
	return nil, noSerializer(name)
}

func deserialize(name string, v py.Value) (py.Value, error) {
	var raw string
	switch s := v.(type) {
	case py.Str:
		raw = string(s)
	case py.Bytes:
		raw = string(s)
	default:
		return nil, py.Errorf("DeserializationError", "the %s object must be str, bytes or bytearray", v.Type())
	}
	var out py.Value
	var err error
	switch name {
	case "yaml":
		out, err = saltyaml.Deserialize(raw)
	case "json":
		out, err = py.LoadsJSON(raw)
	case "configparser":
		out, err = serialize.Deserialize(name, raw, "<???>")
	default:
		return nil, noSerializer(name)
	}
	if err != nil {
		return nil, py.Errorf("DeserializationError", "%s", text(err))
	}
	return out, nil
}

// text is str(exc).
func text(err error) string {
	var pe *py.Error
	if errors.As(err, &pe) {
		return pe.Msg
	}
	return err.Error()
}

// noSerializer is the error for a serializer that Salt does not have, or that
// needs a Python library.
func noSerializer(name string) error {
	return py.Errorf("CommandExecutionError", "Serializer '%s' not found.", name)
}

// yamlOptions reads the arguments of yaml.dump.
func yamlOptions(kw *py.Dict) (saltyaml.Options, error) {
	o := saltyaml.Options{ASCII: true}
	for k, v := range kw.All() {
		n, isInt := py.AsInt(v)
		switch name := string(k.(py.Str)); name {
		case "default_flow_style":
			if _, none := v.(py.NoneType); !none {
				o.FlowStyle = saltyaml.Block
				if py.IsTrue(v) {
					o.FlowStyle = saltyaml.Flow
				}
			}
		case "indent":
			o.Indent = int(n)
		case "width":
			o.Width = int(n)
			if f, ok := v.(py.Float); ok && float64(f) > 1<<30 || isInt && n > 1<<30 {
				o.Width = -1
			}
		case "allow_unicode":
			o.ASCII = !py.IsTrue(v)
		case "sort_keys":
			o.KeepOrder = !py.IsTrue(v)
		case "canonical":
			o.Canonical = py.IsTrue(v)
		case "explicit_start":
			o.ExplicitStart = py.IsTrue(v)
		case "explicit_end":
			o.ExplicitEnd = py.IsTrue(v)
		case "default_style":
			if s, ok := v.(py.Str); ok && len(s) == 1 {
				o.DefaultStyle = s[0]
			}
		case "line_break":
			if s, ok := v.(py.Str); ok {
				o.LineBreak = string(s)
			}
		case "encoding", "version", "tags":
			if _, none := v.(py.NoneType); !none {
				return o, py.Errorf("SerializationError", "yaml: the argument %s is not supported", name)
			}
		default:
			return o, py.Errorf("SerializationError", "dump_all() got an unexpected keyword argument '%s'", name)
		}
	}
	return o, nil
}
