package saltargs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/py"
	"pinch/internal/saltargs"
)

type argsCase struct {
	Name      string
	Op        string
	Input     json.RawMessage
	Args      json.RawMessage
	Kwargs    json.RawMessage
	Condition bool
	NoParse   []string `json:"no_parse"`
	Expect    golden.Expect
}

func TestGoldenArgs(t *testing.T) {
	data, err := golden.Open("args_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct{ Cases []argsCase }
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "args_cases.json", f.Cases, func(c argsCase) string { return c.Name }, runCase)
}

func runCase(c argsCase) string {
	got, err := run(c)
	if want := c.Expect.Error; want != nil || err != nil {
		var pe *py.Error
		if want == nil || !errors.As(err, &pe) || pe.Class != want.Class || pe.Msg != want.Message {
			return fmt.Sprintf("error %v, want %v", err, want)
		}
		return ""
	}
	want, err := golden.Decode(c.Expect.Value)
	if err != nil {
		return err.Error()
	}
	return golden.Diff(want, got)
}

func run(c argsCase) (py.Value, error) {
	value := func(data json.RawMessage) py.Value {
		if data == nil {
			return py.None
		}
		v, err := golden.Decode(data)
		if err != nil {
			panic(err)
		}
		return v
	}
	switch c.Op {
	case "yamlify_arg":
		return saltargs.YamlifyArg(value(c.Input)), nil
	case "parse_input", "parse_input_objects":
		in := c.Args
		if in == nil {
			in = c.Input
		}
		pos, kwargs := saltargs.ParseInput(value(in).(*py.List).Items, c.NoParse)
		if c.Condition {
			return py.NewList(saltargs.ConditionInput(pos, kwargs)...), nil
		}
		return py.Tuple{py.NewList(pos...), kwargs}, nil
	case "condition_input":
		return py.NewList(saltargs.ConditionInput(value(c.Args).(*py.List).Items, value(c.Kwargs))...), nil
	case "split_input":
		parts, err := saltargs.SplitInput(value(c.Input))
		return py.NewList(parts...), err
	case "shlex_split":
		words, err := saltargs.ShlexSplit(string(value(c.Input).(py.Str)))
		return py.Strings(words...), err
	case "test_mode":
		yes, err := saltargs.TestMode(value(c.Kwargs).(*py.Dict))
		return py.Bool(yes), err
	}
	return nil, fmt.Errorf("unknown op %q", c.Op)
}
