package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/golden"
	"pinch/internal/py"
)

type outputCase struct {
	Name, Data string
	Out        *string
	Opts       json.RawMessage
	Static     bool
	Text       string
}

func TestGoldenOutput(t *testing.T) {
	const file = "output_cases.json"
	raw, err := golden.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Data  map[string]json.RawMessage
		Cases []outputCase
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, file, doc.Cases, func(c outputCase) string { return c.Name }, func(c outputCase) string {
		data, err := golden.Decode(doc.Data[c.Data])
		if err != nil {
			return err.Error()
		}
		o, err := caseOptions(c)
		if err != nil {
			return err.Error()
		}
		var b bytes.Buffer
		hosts, ok := data.(*py.Dict)
		if c.Static || !ok {
			err = Display(&b, data, o)
		} else {
			for k, v := range hosts.All() {
				one := py.NewDict()
				if err = one.Set(k, v); err == nil {
					err = Display(&b, one, o)
				}
			}
		}
		if err != nil {
			return err.Error()
		}
		if diff := cmp.Diff(c.Text, b.String()); diff != "" {
			return diff
		}
		return ""
	})
}

// caseOptions reads a case's options, which are named as in Salt.
func caseOptions(c outputCase) (Options, error) {
	o := DefaultOptions()
	if c.Out != nil {
		o.Out = *c.Out
	}
	o.Static = c.Static
	var opts map[string]json.RawMessage
	if err := json.Unmarshal(c.Opts, &opts); err != nil {
		return o, err
	}
	fields := map[string]any{
		"color": &o.Color, "strip_colors": &o.StripColors, "output": &o.Output, "nested_indent": &o.NestedIndent,
		"__multi_key": &o.MultiKey, "state_output": &o.StateOutput, "state_verbose": &o.StateVerbose,
		"state_output_diff": &o.StateOutputDiff, "state_output_profile": &o.StateOutputProfile,
		"state_output_pct": &o.StateOutputPct, "state_compress_ids": &o.StateCompressIDs,
		"out.table.delim": &o.Table.Delim, "out.table.has_header": &o.Table.HasHeader,
		"out.table.justify": &o.Table.Justify, "out.table.prefix": &o.Table.Prefix,
		"out.table.row_delimiter": &o.Table.RowDelimiter, "out.table.rows_key": &o.Table.RowsKey,
		"out.table.separate_rows": &o.Table.SeparateRows, "out.table.suffix": &o.Table.Suffix,
		"out.table.width": &o.Table.Width,
	}
	for name, raw := range opts {
		if field, ok := fields[name]; ok {
			if err := json.Unmarshal(raw, field); err != nil {
				return o, err
			}
			continue
		}
		if name == "arg" { // plain JSON: the keyword arguments of the command line
			var args []struct{ Exclude, Terse string }
			if err := json.Unmarshal(raw, &args); err != nil {
				return o, err
			}
			o.StateOutputExclude = ResultList(py.Str(args[0].Exclude))
			o.StateOutputTerse = ResultList(py.Str(args[0].Terse))
			continue
		}
		v, err := golden.Decode(raw)
		if err != nil {
			return o, err
		}
		switch name {
		case "output_indent":
			o.OutputIndent = v
		case "state_tabular":
			o.StateTabular = v == py.True
			if s, ok := v.(py.Str); ok {
				o.StateTabularFormat = string(s)
			}
		case "state_output_exclude":
			o.StateOutputExclude = ResultList(v)
		case "state_output_terse":
			o.StateOutputTerse = ResultList(v)
		default:
			return o, fmt.Errorf("unknown option %s", name)
		}
	}
	return o, nil
}
