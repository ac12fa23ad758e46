package cmd

import (
	"strings"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// reinterpret reads what a stateful command says of itself: a JSON object, or
// NAME=VALUE pairs on its last line. ret is what the command returned.
func reinterpret(d modules.Done, ret *py.Dict) modules.Done {
	d.Changes, d.Comment = py.NewDict(), ""
	out := ret.String("stdout")
	if out == "" {
		d.Comment = ret.String("stderr")
		return d
	}
	data, isJSON := py.NewDict(), false
	cut := -1
	if v, err := py.LoadsJSON([]byte(out)); err == nil {
		obj, ok := v.(*py.Dict)
		if !ok {
			return failOut(d, "script JSON output must be a JSON object (e.g., {})!")
		}
		data, isJSON = obj, true
	} else {
		line := out
		if cut = strings.LastIndexByte(strings.TrimRight(out, " \t\r\n"), '\n'); cut >= 0 {
			line = out[cut+1:]
		}
		words, err := shellWords(line)
		for _, w := range words {
			k, v, ok := strings.Cut(w, "=")
			if !ok || strings.Contains(v, "=") {
				err = modules.CommandExecutionError("no pair")
				break
			}
			data.SetStr(k, py.Str(v))
		}
		if err != nil {
			d = failOut(d, "Failed parsing script output! Stdout must be JSON or a line of name=value pairs.")
			d.Changes = ret
			return d
		}
	}
	word := strings.ToLower(py.ToStr(orDefault(data.Lookup("changed"), py.Str("no"))))
	if c, ok := data.DeleteStr("comment"); ok {
		d.CommentValue = c
	}
	if word != "true" && word != "yes" && word != "1" {
		return d
	}
	for k, v := range ret.All() {
		if !data.Has(py.ToStr(k)) {
			data.SetStr(py.ToStr(k), v)
		}
	}
	stdout := ""
	if !isJSON {
		stdout = data.String("stdout")
		// Salt cuts at the last line's start, and the last character off when
		// there is only one line
		if cut >= 0 {
			stdout = stdout[:min(cut, len(stdout))]
		} else if stdout != "" {
			stdout = stdout[:len(stdout)-1]
		}
	}
	data.SetStr("stdout", py.Str(stdout))
	d.Changes = data
	return d
}

func orDefault(v, def py.Value) py.Value {
	if v == nil {
		return def
	}
	return v
}

func failOut(d modules.Done, msg string) modules.Done {
	d.Comment, d.Result = msg, low.False
	return d
}
