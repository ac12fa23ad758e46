package output

import "pinch/internal/py"

// FromConfig returns the options that a Salt configuration gives, on top of
// DefaultOptions. It reads the keys that Salt's outputters read (state_output,
// state_tabular, strip_colors, output_indent, out.table.width, ...); a value
// of a type that a key does not have is judged as Python would judge it.
func FromConfig(conf *py.Dict) Options {
	o := DefaultOptions()
	flags := map[string]*bool{
		"color": &o.Color, "strip_colors": &o.StripColors, "__multi_key": &o.MultiKey, "static": &o.Static,
		"state_verbose": &o.StateVerbose, "state_output_diff": &o.StateOutputDiff,
		"state_output_profile": &o.StateOutputProfile, "state_output_pct": &o.StateOutputPct,
		"state_compress_ids":   &o.StateCompressIDs,
		"out.table.has_header": &o.Table.HasHeader, "out.table.separate_rows": &o.Table.SeparateRows,
	}
	texts := map[string]*string{
		"state_output": &o.StateOutput, "fun": &o.Fun,
		"out.table.row_delimiter": &o.Table.RowDelimiter, "out.table.delim": &o.Table.Delim,
		"out.table.justify": &o.Table.Justify, "out.table.prefix": &o.Table.Prefix,
		"out.table.suffix": &o.Table.Suffix, "out.table.rows_key": &o.Table.RowsKey,
		"out.table.labels_key": &o.Table.LabelsKey,
	}
	numbers := map[string]*int{
		"nested_indent": &o.NestedIndent, "out.table.width": &o.Table.Width,
		"out.table.nested_indent": &o.Table.NestedIndent,
	}
	for k, v := range conf.All() {
		name, ok := k.(py.Str)
		if !ok {
			continue
		}
		if f := flags[string(name)]; f != nil {
			*f = py.IsTrue(v)
		} else if t := texts[string(name)]; t != nil && v != py.None {
			*t = py.ToStr(v)
		} else if n := numbers[string(name)]; n != nil {
			if i, ok := py.AsInt(v); ok {
				*n = int(i)
			}
		} else {
			o.other(string(name), v)
		}
	}
	return o
}

// other reads the settings that are no plain flag, text or number.
func (o *Options) other(name string, v py.Value) {
	switch name {
	case "output":
		if v != py.None {
			s := py.ToStr(v)
			o.Output = &s
		}
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
	}
}

// Filter applies the keyword arguments exclude and terse of a state function
// on the command line, which win over the configuration in the mode filter.
func (o *Options) Filter(kwargs *py.Dict) {
	if v, ok := kwargs.GetStr("exclude"); ok {
		o.StateOutputExclude = ResultList(v)
	}
	if v, ok := kwargs.GetStr("terse"); ok {
		o.StateOutputTerse = ResultList(v)
	}
}
