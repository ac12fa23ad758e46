// Package serialize is Salt's serializers (salt/serializers/*.py) as the
// state file.serialize and the functions of slsutil use them: yaml, json,
// configparser, toml and msgpack, with Python's options and error texts.
package serialize

import (
	"errors"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// Error is salt.serializers.SerializationError (or, from Deserialize,
// DeserializationError): its text is that of the exception behind it.
type Error struct{ Err error }

// Error implements error with str() of the exception.
func (e *Error) Error() string {
	var p *py.Error
	if errors.As(e.Err, &p) {
		return p.Msg
	}
	return e.Err.Error()
}

// Unwrap returns the exception behind it.
func (e *Error) Unwrap() error { return e.Err }

// Formats returns the names that Serialize knows, sorted.
func Formats() []string { return []string{"configparser", "json", "msgpack", "toml", "yaml"} }

// Known says whether there is a serializer of that name, in lower case.
func Known(format string) bool {
	for _, f := range Formats() {
		if f == format {
			return true
		}
	}
	return false
}

// Serialize returns the text (a py.Str; py.Bytes for msgpack) of a value in
// a format. opts are the options of the Python function behind it, nil for
// none; file.serialize sets some of its own. Errors are *Error.
func Serialize(format string, v py.Value, opts *py.Dict) (py.Value, error) {
	if opts == nil {
		opts = py.NewDict()
	}
	var text string
	var err error
	switch format {
	case "yaml":
		text, err = yamlText(v, opts)
	case "json":
		text, err = jsonText(v, opts)
	case "configparser":
		text, err = iniText(v, opts)
	case "toml":
		text, err = tomlText(v, opts)
	case "msgpack":
		var b []byte
		if b, err = packMsgpack(nil, v, 0); err == nil {
			return py.Bytes(b), nil
		}
	default:
		return nil, fmt.Errorf("serialize: unknown format %q (known: %s)", format, strings.Join(Formats(), ", "))
	}
	if err != nil {
		return nil, &Error{err}
	}
	return py.Str(text), nil
}

// Deserialize reads a text; name is shown in error messages for where it came
// from, "" for a plain string. Errors are *Error.
func Deserialize(format, text, name string) (py.Value, error) {
	switch format {
	case "yaml":
		v, err := saltyaml.Deserialize(text)
		if err == nil {
			return v, nil
		}
		var e *saltyaml.Error
		if errors.As(err, &e) {
			switch {
			case e.Class == "ScannerError":
				err = errors.New("Unknown yaml render error") //nolint:staticcheck // Salt's text
			case name != "":
				err = e.In(name)
			}
		}
		return nil, &Error{err}
	case "json":
		v, err := py.LoadsJSON(text)
		if err != nil {
			return nil, &Error{err}
		}
		return v, nil
	}
	if format == "configparser" {
		v, err := iniValue(text, name)
		if err != nil {
			return nil, &Error{err}
		}
		return v, nil
	}
	return nil, fmt.Errorf("serialize: reading %s is not supported", format)
}

func jsonText(v py.Value, opts *py.Dict) (string, error) {
	kw, err := keywords(opts)
	if err != nil {
		return "", err
	}
	o, err := py.DumpOptionsOf(kw)
	if err != nil {
		return "", err
	}
	return py.DumpsJSON(v, o)
}

func keywords(opts *py.Dict) ([]py.KwArg, error) {
	var kw []py.KwArg
	for k, v := range opts.All() {
		s, ok := k.(py.Str)
		if !ok {
			return nil, py.TypeErrorf("keywords must be strings")
		}
		kw = append(kw, py.KwArg{Name: string(s), Value: v})
	}
	return kw, nil
}

// yamlText reads the arguments of yaml.dump.
func yamlText(v py.Value, opts *py.Dict) (string, error) {
	kw, err := keywords(opts)
	if err != nil {
		return "", err
	}
	o := saltyaml.Options{ASCII: true}
	truth := func(v py.Value) bool { return py.IsTrue(v) }
	for _, k := range kw {
		n, isInt := py.AsInt(k.Value)
		switch k.Name {
		case "default_flow_style":
			o.FlowStyle = saltyaml.FlowLeaves
			if k.Value != py.None {
				o.FlowStyle = saltyaml.Block
				if truth(k.Value) {
					o.FlowStyle = saltyaml.Flow
				}
			}
		case "indent", "width":
			if k.Value == py.None {
				continue
			}
			if !isInt {
				return "", py.TypeErrorf("an integer is required")
			}
			if k.Name == "indent" {
				o.Indent = int(n)
			} else {
				o.Width = int(n)
			}
		case "allow_unicode":
			o.ASCII = !truth(k.Value)
		case "sort_keys":
			o.KeepOrder = !truth(k.Value)
		case "explicit_start":
			o.ExplicitStart = truth(k.Value)
		case "explicit_end":
			o.ExplicitEnd = truth(k.Value)
		case "canonical":
			o.Canonical = truth(k.Value)
		case "default_style":
			if s, ok := k.Value.(py.Str); ok && len(s) == 1 && strings.Contains(`'"|>`, string(s)) {
				o.DefaultStyle = s[0]
			}
		case "line_break":
			if s, ok := k.Value.(py.Str); ok && (s == "\r" || s == "\n" || s == "\r\n") {
				o.LineBreak = string(s)
			}
		case "encoding", "version", "tags", "stream", "Dumper":
			if k.Value != py.None {
				return "", py.TypeErrorf("yaml.dump: the option %s is not supported", k.Name)
			}
		default:
			return "", py.TypeErrorf("dump_all() got an unexpected keyword argument '%s'", k.Name)
		}
	}
	return saltyaml.Serialize(v, o)
}

// typeName is the name of a value's type as Python's messages give it.
func typeName(v py.Value) string {
	switch v.(type) {
	case py.Date, py.DateTime:
		return "datetime." + v.Type()
	}
	return v.Type()
}
