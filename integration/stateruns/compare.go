package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// level is what kind of thing differs, from what trees depend on to wording.
type level int

// The levels of a comparison.
const (
	levelResult   level = iota // a: the set of states and each result
	levelChanges               // b
	levelObserved              // c: what the host looks like afterwards
	levelComment               // d: wording
	levelOrder                 // e: __run_num__
	levelOther                 // f: warnings and further keys of a result
	levelRetcode               // exit status
	levels                     // how many there are
)

// levelNames are the short names, in the order of the levels.
var levelNames = [levels]string{"result", "changes", "observed", "comment", "order", "other", "retcode"}

// counted tells whether a difference of the level makes the case fail.
func (l level) counted() bool { return l != levelOther }

// difference is one disagreement between the golden and the product.
type difference struct {
	Step      int // index of the step
	Level     level
	What      string // state key, or what else was compared
	Want, Got any
}

// compareReturns compares two normalised returns of a run.
func compareReturns(want, got any) []difference {
	ws, wok := stateMap(want)
	gs, gok := stateMap(got)
	switch {
	case wok && gok:
		return compareStates(ws, gs)
	case equal(want, got):
		return nil
	case isErrorList(want) && isErrorList(got):
		return []difference{{Level: levelComment, What: "errors", Want: want, Got: got}}
	default:
		return []difference{{Level: levelResult, What: "return", Want: want, Got: got}}
	}
}

// stateMap tells whether v is a mapping of state results.
func stateMap(v any) (map[string]any, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	for k := range m {
		if !isState(k) {
			return nil, false
		}
	}
	return m, true
}

func isErrorList(v any) bool {
	list, ok := v.([]any)
	for _, item := range list {
		if _, text := item.(string); !text {
			return false
		}
	}
	return ok && len(list) > 0
}

func compareStates(want, got map[string]any) []difference {
	var ds []difference
	for _, key := range unionKeys(want, got) {
		w, wok := want[key].(map[string]any)
		g, gok := got[key].(map[string]any)
		if !wok || !gok {
			ds = append(ds, difference{Level: levelResult, What: key, Want: orAbsent(want, key), Got: orAbsent(got, key)})
			continue
		}
		for _, field := range unionKeys(w, g) {
			l := fieldLevel(field)
			if l < 0 || equal(w[field], g[field]) && present(w, field) == present(g, field) {
				continue
			}
			ds = append(ds, difference{Level: l, What: key + " " + field, Want: orAbsent(w, field), Got: orAbsent(g, field)})
		}
	}
	return ds
}

// fieldLevel is the level of a key of a state's result, or -1 for one that is not compared.
func fieldLevel(field string) level {
	switch field {
	case "duration", "start_time":
		return -1
	case "result":
		return levelResult
	case "changes":
		return levelChanges
	case "comment":
		return levelComment
	case "__run_num__":
		return levelOrder
	default:
		return levelOther
	}
}

func compareObserved(want []observation, got []observation) []difference {
	var ds []difference
	if len(want) != len(got) {
		return []difference{{Level: levelObserved, What: "observations", Want: len(want), Got: len(got)}}
	}
	for i, w := range want {
		g := got[i]
		wantOut, gotOut := normalizeText(w.Stdout), normalizeText(g.Stdout)
		if !equal(wantOut, gotOut) {
			ds = append(ds, difference{Level: levelObserved, What: "$ " + w.Cmd, Want: wantOut, Got: gotOut})
		}
		if w.Retcode != g.Retcode {
			ds = append(ds, difference{Level: levelObserved, What: "$ " + w.Cmd + " → exit status", Want: w.Retcode, Got: g.Retcode})
		}
	}
	return ds
}

// absent stands for a key that is not there.
type absent struct{}

func orAbsent(m map[string]any, key string) any {
	if v, ok := m[key]; ok {
		return v
	}
	return absent{}
}

func present(m map[string]any, key string) bool { _, ok := m[key]; return ok }

func unionKeys(a, b map[string]any) []string {
	var keys []string
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if !present(a, k) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	return keys
}

const traceback = "<TRACEBACK>"

// equal compares decoded JSON: mappings without order, integers not equal to
// floats, and a golden text with a Python traceback by what stands before it.
func equal(want, got any) bool {
	switch w := want.(type) {
	case string:
		g, ok := got.(string)
		if !ok {
			return false
		}
		if before, _, found := strings.Cut(w, traceback); found {
			return w == g || strings.HasPrefix(g, strings.TrimRight(before, " \n"))
		}
		return w == g
	case json.Number:
		g, ok := got.(json.Number)
		return ok && equalNumbers(w, g)
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !equal(w[i], g[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for k, v := range w {
			if !present(g, k) || !equal(v, g[k]) {
				return false
			}
		}
		return true
	default:
		return want == got
	}
}

func equalNumbers(a, b json.Number) bool {
	if isInt(a) || isInt(b) {
		return a == b
	}
	x, errX := strconv.ParseFloat(a.String(), 64)
	y, errY := strconv.ParseFloat(b.String(), 64)
	return errX == nil && errY == nil && x == y
}

// render is a value for people: strings as they are, the rest as indented JSON.
func render(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case absent:
		return "(absent)"
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimRight(b.String(), "\n")
}
