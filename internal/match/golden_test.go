package match_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/match"
	"pinch/internal/py"
)

type matchCase struct {
	Name      string
	Match     string
	Tgt       json.RawMessage
	Delimiter string
	Data      json.RawMessage
	Expect    struct {
		IDs    []string
		Value  json.RawMessage
		Error  *golden.Error
		Errors map[string]golden.Error
	}
}

func TestGoldenMatch(t *testing.T) {
	data, err := golden.Open("match_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Minions    json.RawMessage
		Nodegroups json.RawMessage
		Cases      []matchCase
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	nodegroups := decode(t, f.Nodegroups).(*py.Dict)
	minions := readMinions(t, f.Minions)
	golden.Check(t, "match_cases.json", f.Cases, func(c matchCase) string { return c.Name }, func(c matchCase) string {
		return runCase(c, minions, nodegroups)
	})
}

// readMinions reads the header object in its order, which the results keep.
func readMinions(t *testing.T, data json.RawMessage) []match.Minion {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var out []match.Minion
	for d.More() {
		id, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			t.Fatal(err)
		}
		m := decode(t, raw).(*py.Dict)
		out = append(out, match.Minion{ID: id.(string), Grains: m.Lookup("grains").(*py.Dict), Pillar: m.Lookup("pillar").(*py.Dict)})
	}
	return out
}

func runCase(c matchCase, minions []match.Minion, nodegroups *py.Dict) string {
	tgt, err := plain(c.Tgt)
	if err != nil {
		return err.Error()
	}
	switch c.Match {
	case "parse_target":
		p := match.ParseTarget(string(tgt.(py.Str)))
		got := py.DictOf("engine", py.OptStr(p.Engine), "delimiter", py.OptStr(p.Delimiter), "pattern", py.Value(py.Str(p.Pattern)))
		return diffValue(c.Expect.Value, got)
	case "nodegroup_comp":
		words, err := match.NodegroupComp(string(tgt.(py.Str)), nodegroups)
		if err != nil || c.Expect.Error != nil {
			return diffError(c.Expect.Error, err)
		}
		var got py.Value = py.NewList(words...)
		// Salt gives "" for a group that cannot be expanded and [] for one
		// whose parts all cannot; both mean no words.
		if want, err := golden.Decode(c.Expect.Value); err == nil && want == py.Str("") && len(words) == 0 {
			got = want
		}
		return diffValue(c.Expect.Value, got)
	}
	ids := []string{}
	failed := map[string]golden.Error{}
	for _, m := range minions {
		mm := match.Matcher{Minion: m, Nodegroups: nodegroups}
		var yes bool
		var err error
		if c.Match == "confirm_top" {
			data, derr := plain(c.Data)
			if derr != nil {
				return derr.Error()
			}
			yes, err = mm.ConfirmTop(tgt, data)
		} else {
			yes, err = mm.Match(c.Match, tgt, c.Delimiter)
		}
		var pe *py.Error
		switch {
		case errors.As(err, &pe):
			failed[m.ID] = golden.Error{Class: pe.Class, Message: pe.Msg}
		case err != nil:
			return "error that is no exception: " + err.Error()
		case yes:
			ids = append(ids, m.ID)
		}
	}
	for _, m := range minions {
		want, ok := c.Expect.Errors[m.ID]
		if c.Expect.Error != nil {
			want, ok = *c.Expect.Error, true
		}
		if got, gotOK := failed[m.ID]; ok != gotOK || got != want {
			return fmt.Sprintf("%s: error %v, want %v", m.ID, got, want)
		}
	}
	if c.Expect.Error == nil && !slices.Equal(ids, c.Expect.IDs) {
		return fmt.Sprintf("matched %q, want %q", ids, c.Expect.IDs)
	}
	return ""
}

func diffValue(want json.RawMessage, got py.Value) string {
	w, err := golden.Decode(want)
	if err != nil {
		return err.Error()
	}
	return golden.Diff(w, got)
}

func diffError(want *golden.Error, err error) string {
	var pe *py.Error
	if want == nil || !errors.As(err, &pe) || pe.Class != want.Class || pe.Msg != want.Message {
		return fmt.Sprintf("error %v, want %v", err, want)
	}
	return ""
}

func decode(t *testing.T, data json.RawMessage) py.Value {
	t.Helper()
	v, err := golden.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// plain reads untagged JSON.
func plain(data json.RawMessage) (py.Value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return plainValue(d)
}

func plainValue(d *json.Decoder) (py.Value, error) {
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case nil:
		return py.None, nil
	case bool:
		return py.Bool(tok), nil
	case string:
		return py.Str(tok), nil
	case json.Number:
		if i, ok := new(big.Int).SetString(tok.String(), 10); ok {
			return py.NewInt(i), nil
		}
		f, err := tok.Float64()
		return py.Float(f), err
	}
	if tok == json.Delim('[') {
		l := py.NewList()
		for d.More() {
			v, err := plainValue(d)
			if err != nil {
				return nil, err
			}
			l.Append(v)
		}
		_, err := d.Token()
		return l, err
	}
	out := py.NewDict()
	for d.More() {
		k, err := plainValue(d)
		if err != nil {
			return nil, err
		}
		v, err := plainValue(d)
		if err != nil {
			return nil, err
		}
		if err := out.Set(k, v); err != nil {
			return nil, err
		}
	}
	_, err = d.Token()
	return out, err
}
