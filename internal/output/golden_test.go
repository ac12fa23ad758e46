package output

import (
	"bytes"
	"encoding/json"
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
	var opts map[string]json.RawMessage
	if err := json.Unmarshal(c.Opts, &opts); err != nil {
		return Options{}, err
	}
	conf, kwargs := py.NewDict(), py.NewDict()
	for name, raw := range opts {
		if name == "arg" { // plain JSON: the keyword arguments of the command line
			var args []struct{ Exclude, Terse string }
			if err := json.Unmarshal(raw, &args); err != nil {
				return Options{}, err
			}
			kwargs = py.DictOf("exclude", py.Str(args[0].Exclude), "terse", py.Str(args[0].Terse))
			continue
		}
		v, err := golden.Decode(raw)
		if err != nil {
			return Options{}, err
		}
		conf.SetStr(name, v)
	}
	o := FromConfig(conf)
	o.Filter(kwargs)
	o.Static = c.Static
	if c.Out != nil {
		o.Out = *c.Out
	}
	return o, nil
}
