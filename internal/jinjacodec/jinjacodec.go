// Package jinjacodec joins the template engine with the packages that it may
// not import: it gives internal/jinja its YAML and its way to follow a path
// through data. Everyone who renders templates for Salt uses it.
package jinjacodec

import (
	"errors"

	"pinch/internal/jinja"
	"pinch/internal/match"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// New returns the codec of Salt's templates. It holds no state.
func New() jinja.Codec {
	return jinja.Codec{
		LoadYAML: func(text string) (py.Value, error) {
			v, err := saltyaml.Load(text)
			return v, loadError(err)
		},
		FormatYAML: func(v, flow py.Value) (string, error) {
			style, err := flowStyle(flow)
			if err != nil {
				return "", err
			}
			s, err := saltyaml.FormatYAML(v, style)
			return s, dumpError(err)
		},
		EncodeYAML: func(v py.Value) (string, error) {
			s, err := saltyaml.Encode(v)
			return s, dumpError(err)
		},
		DoubleQuoteYAML: saltyaml.DoubleQuote,
		SingleQuoteYAML: saltyaml.SingleQuote,
		Traverse:        match.Traverse,
	}
}

// flowStyle reads PyYAML's default_flow_style: None decides per collection.
func flowStyle(v py.Value) (saltyaml.FlowStyle, error) {
	if _, none := v.(py.NoneType); none {
		return saltyaml.FlowLeaves, nil
	}
	flow, err := py.Truth(v)
	if flow {
		return saltyaml.Flow, err
	}
	return saltyaml.Block, err
}

// loadError makes a failed load the exception that load_yaml catches. What
// escapes PyYAML unwrapped (a ValueError) keeps its class.
func loadError(err error) error {
	var ye *saltyaml.Error
	if !errors.As(err, &ye) {
		return err
	}
	switch ye.Class {
	case "ValueError", "OverflowError", "RecursionError", "TypeError", "KeyError", "AttributeError":
		return &py.Error{Class: ye.Class, Msg: ye.Error(), Err: err}
	}
	return &py.Error{Class: "YAMLError", Msg: ye.Error(), Err: err}
}

func dumpError(err error) error {
	var ye *saltyaml.Error
	if !errors.As(err, &ye) {
		return err
	}
	return &py.Error{Class: ye.Class, Msg: ye.Error(), Err: err}
}
