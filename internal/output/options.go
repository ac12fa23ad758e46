package output

import (
	"strings"

	"pinch/internal/py"
)

// Options are the settings that Salt's outputters read, named as in Salt's
// configuration. Start from DefaultOptions: the zero value is not Salt's
// default.
type Options struct {
	// Out is the outputter that the function asked for; "" is nested.
	Out string
	// Output is what --out sets (nil: not set). It wins over Out unless it is
	// "highstate".
	Output *string
	// Static says that all hosts are shown in one call, and Fun which function
	// ran: together they make state functions use highstate.
	Static bool
	Fun    string

	// Color writes Salt's colours; Theme replaces single codes by name
	// (such as "RED": "0;31").
	Color bool
	Theme map[string]string
	// StripColors shows escape characters in results as "?".
	StripColors bool
	// Terminal says that the text goes to a terminal: every control character
	// in the results is then shown as an escape.
	Terminal bool

	// OutputIndent is --out-indent: nil when not set, else None, an int, or
	// the str "pretty".
	OutputIndent py.Value
	// NestedIndent is the column at which nested starts.
	NestedIndent int
	// Retcode of the function: nested shows a failure in red.
	Retcode int
	// MultiKey indents the key outputter.
	MultiKey bool

	// StateOutput is full, terse, mixed, changes or filter, each also with
	// "_id"; other words are full.
	StateOutput        string
	StateVerbose       bool
	StateOutputDiff    bool
	StateOutputProfile bool
	StateOutputPct     bool
	StateCompressIDs   bool
	// StateTabular aligns terse lines; StateTabularFormat is Salt's form of
	// the same option as a format string, and wins.
	StateTabular       bool
	StateTabularFormat string
	// StateOutputExclude and StateOutputTerse are the results ("True",
	// "False", "None") that the mode filter leaves out or shows tersely.
	StateOutputExclude, StateOutputTerse []string

	Table TableOptions
}

// DefaultOptions returns Salt's defaults.
func DefaultOptions() Options {
	return Options{
		StripColors: true, StateOutput: "full", StateVerbose: true, StateOutputProfile: true,
		Table: DefaultTableOptions(),
	}
}

// Outputters returns the names that Options.Out and Output may have. Others
// are shown as nested.
func Outputters() []string {
	return []string{"highstate", "json", "key", "nested", "no_return", "pprint", "raw", "table", "text", "txt", "yaml"}
}

// outputter returns the name of the outputter to use.
func (o *Options) outputter() string {
	out := o.Out
	if o.Output != nil && *o.Output != "highstate" {
		out = *o.Output
	}
	if out == "" && o.Static {
		switch {
		case o.Output != nil && *o.Output != "":
			out = *o.Output
		case o.Fun == "state" || len(o.Fun) > 6 && o.Fun[:6] == "state.":
			out = "highstate"
		}
	}
	switch out {
	case "":
		return "nested"
	case "text":
		return "txt"
	}
	return out
}

// ResultList reads state_output_exclude or state_output_terse, which is a
// list, or a text with commas.
func ResultList(v py.Value) []string {
	switch v := v.(type) {
	case py.Str:
		return strings.Split(string(v), ",")
	case *py.List:
		var out []string
		for _, it := range v.Items {
			if s, ok := it.(py.Str); ok {
				out = append(out, string(s))
			}
		}
		return out
	}
	return nil
}
