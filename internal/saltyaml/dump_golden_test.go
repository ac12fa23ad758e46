package saltyaml_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/output"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/internal/serialize"
)

type dumpCase struct {
	Name, Op  string
	Input     json.RawMessage
	Formatter string
	Kwargs    map[string]json.RawMessage
	Existing  json.RawMessage
	Expect    struct {
		Text  json.RawMessage
		Value json.RawMessage
		Error *struct{ Class, Message string }
	}
}

func TestGoldenDump(t *testing.T) {
	const file = "yaml_dump_cases.json"
	data, err := golden.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Cases []dumpCase }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, file, doc.Cases, func(c dumpCase) string { return c.Op + " " + c.Name }, checkDump)
}

func checkDump(c dumpCase) string {
	v, err := golden.Decode(c.Input)
	if err != nil {
		return err.Error()
	}
	v = restore(c.Name, v)
	got, err := runDump(c, v)
	if w := c.Expect.Error; w != nil {
		class, text := errorOf(err)
		if class != w.Class || text != w.Message {
			return fmt.Sprintf("got %v, %s: %s\nwant %s: %s", got, class, text, w.Class, w.Message)
		}
		return ""
	}
	if err != nil {
		return fmt.Sprintf("unexpected error: %v", err)
	}
	want := c.Expect.Value
	if want == nil {
		want = c.Expect.Text
	}
	w, err := golden.Decode(want)
	if err != nil {
		return err.Error()
	}
	return golden.Diff(w, got)
}

// restore makes of an input what its case's name says: the recorded form has
// neither shared objects nor frozensets.
func restore(name string, v py.Value) py.Value {
	if strings.HasSuffix(name, "| shared list") || strings.HasSuffix(name, "| shared dict") {
		var first py.Value
		share := func(item py.Value) py.Value {
			if first == nil {
				first = item
			}
			return first
		}
		switch v := v.(type) {
		case *py.List:
			for i, item := range v.Items {
				v.Items[i] = share(item)
			}
		case *py.Dict:
			for _, k := range v.Keys() {
				item, _, _ := v.Get(k)
				_ = v.Set(k, share(item))
			}
		}
	}
	if s, ok := v.(*py.Set); ok && strings.HasSuffix(name, "frozenset") {
		s.Frozen = true
	}
	return v
}

// errorOf returns the Python class and str() of an error.
func errorOf(err error) (class, text string) {
	var y *saltyaml.Error
	var p *py.Error
	var s *serialize.Error
	switch {
	case errors.As(err, &s):
		return "SerializationError", s.Error()
	case errors.As(err, &y):
		return y.Class, y.Error()
	case errors.As(err, &p):
		return p.Class, p.Msg
	case err != nil:
		return fmt.Sprintf("%T", err), err.Error()
	}
	return "", ""
}

func runDump(c dumpCase, v py.Value) (py.Value, error) {
	text, err := dumpText(c, v)
	switch c.Op {
	case "file_serialize", "file_serialize_yaml", "file_serialize_json":
		return fileSerialize(c, v)
	}
	return py.Str(text), err
}

func dumpText(c dumpCase, v py.Value) (string, error) {
	yamlOut := func(indent *int) (string, error) {
		var b strings.Builder
		err := output.YAML(&b, v, indent)
		return b.String(), err
	}
	four, minus := 4, -1
	switch c.Op {
	case "safe_dump":
		return saltyaml.Dump(v, saltyaml.Options{})
	case "safe_dump_block":
		return saltyaml.Dump(v, saltyaml.Options{FlowStyle: saltyaml.Block})
	case "safe_dump_flow":
		return saltyaml.Dump(v, saltyaml.Options{FlowStyle: saltyaml.Flow})
	case "yaml_encode":
		return saltyaml.Encode(v)
	case "yaml_dquote":
		return saltyaml.DoubleQuote(py.ToStr(v)), nil
	case "yaml_squote":
		return saltyaml.SingleQuote(py.ToStr(v)), nil
	case "yaml_out":
		return yamlOut(nil)
	case "yaml_out_indent4":
		return yamlOut(&four)
	case "yaml_out_indent-1":
		return yamlOut(&minus)
	case "jinja_yaml":
		return saltyaml.FormatYAML(v, saltyaml.Flow)
	case "jinja_yaml_block":
		return saltyaml.FormatYAML(v, saltyaml.Block)
	case "jinja_json":
		return py.DumpsJSON(v, py.DumpOptions{SortKeys: true})
	case "jinja_json_indent2":
		return py.DumpsJSON(v, py.DumpOptions{Indent: py.Int(2)})
	case "jinja_tojson":
		// Recorded with Jinja's own filter, which sorts.
		s, err := py.DumpsJSON(v, py.DumpOptions{EnsureASCII: true, SortKeys: true})
		return strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(s), err
	case "json_dumps":
		return py.DumpsJSON(v, py.DumpOptions{})
	case "json_dumps_sorted_indent4":
		return py.DumpsJSON(v, py.DumpOptions{SortKeys: true, Indent: py.Int(4)})
	case "json_dumps_ascii":
		return py.DumpsJSON(v, py.DumpOptions{EnsureASCII: true})
	}
	return "", fmt.Errorf("unknown operation %s", c.Op)
}

// fileSerialize does what the state file.serialize does to a value.
func fileSerialize(c dumpCase, v py.Value) (py.Value, error) {
	kwargs := py.NewDict()
	for name, raw := range c.Kwargs {
		k, err := golden.Decode(raw)
		if err != nil {
			return nil, err
		}
		kwargs.SetStr(name, k)
	}
	format := c.Formatter
	if format == "" {
		format = strings.TrimPrefix(c.Op, "file_serialize_")
	}
	f := serialize.File{
		Format: format, Encoding: kwargs.Has("encoding"), Opts: kwargs.Lookup("serializer_opts"),
		Merge: py.IsTrue(kwargs.Lookup("merge_if_exists")), Name: "<PATH>",
	}
	if c.Existing != nil {
		e, err := golden.Decode(c.Existing)
		if err != nil {
			return nil, err
		}
		if s, ok := e.(py.Str); ok {
			text := string(s)
			f.Existing = &text
		}
	}
	out, err := f.Content(v)
	var refused *serialize.Refused
	if errors.As(err, &refused) {
		return py.DictOf("result", py.False, "comment", py.Str(refused.Comment)), nil
	}
	if err != nil {
		return nil, err
	}
	return out.Value, nil
}
