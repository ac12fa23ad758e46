package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// compare tells what differs between what Salt answered and what pinch did.
func compare(c *testCase, want, got []answer) []string {
	var out []string
	for i := range want {
		if i >= len(got) {
			out = append(out, fmt.Sprintf("run %d: missing", i+1))
			continue
		}
		for _, d := range compareAnswer(want[i], got[i]) {
			out = append(out, fmt.Sprintf("run %d (%s): %s", i+1, c.Runs[i], d))
		}
	}
	return out
}

func compareAnswer(want, got answer) []string {
	var out []string
	if want.Retcode != got.Retcode {
		out = append(out, fmt.Sprintf("exit status: want %d, got %d %s", want.Retcode, got.Retcode, got.Stderr))
	}
	if want.Return == nil && want.Retcode == 1 {
		// Salt ended with a Python traceback, perhaps after the run; pinch refuses the tree
		return out
	}
	out = append(out, diff("", normalize("", want.Return), normalize("", got.Return))...)
	w, g := map[string]any{}, map[string]any{}
	for k, v := range want.Files {
		w[k] = v
	}
	for k, v := range got.Files {
		g[k] = v
	}
	return append(out, diff("files", w, g)...)
}

var (
	traceback = regexp.MustCompile(`Traceback \(most recent call last\):\n(?:[ \t]+[^\n]*\n)*`)
	tempFile  = regexp.MustCompile(`/tmp/[A-Za-z0-9_.]*tmp[A-Za-z0-9_.]*`)
)

// normalize takes out what differs from run to run: times, process ids,
// Python's tracebacks, the order of what Salt keeps in sets.
func normalize(key string, v any) any {
	switch v := v.(type) {
	case string:
		if key == "start_time" {
			return "TIME"
		}
		if traceback.MatchString(v) {
			v = strings.TrimRight(traceback.ReplaceAllString(v, ""), "\n")
		}
		v = tempFile.ReplaceAllString(v, "<TMP>")
		if list, ok := strings.CutPrefix(v, "One or more requisite failed: "); ok {
			names := strings.Split(list, ", ")
			sort.Strings(names)
			v = "One or more requisite failed: " + strings.Join(names, ", ")
		}
		return v
	case json.Number:
		switch key {
		case "duration":
			return "DURATION"
		case "pid":
			return "PID"
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = normalize("", v[i])
		}
		if key == "Requisites with changes" {
			sort.Slice(out, func(i, j int) bool { return text(out[i]) < text(out[j]) })
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = normalize(k, x)
		}
		return out
	}
	return v
}

func diff(at string, want, got any) []string {
	w, ok1 := want.(map[string]any)
	g, ok2 := got.(map[string]any)
	if ok1 && ok2 {
		var out []string
		keys := slices.Sorted(maps.Keys(w))
		for k := range g {
			if _, ok := w[k]; !ok {
				keys = append(keys, k)
			}
		}
		for _, k := range keys {
			wv, wok := w[k]
			gv, gok := g[k]
			name := strings.TrimPrefix(at+" "+k, " ")
			switch {
			case !wok:
				out = append(out, fmt.Sprintf("%s: not wanted: %s", name, text(gv)))
			case !gok:
				out = append(out, fmt.Sprintf("%s: missing: %s", name, text(wv)))
			default:
				out = append(out, diff(name, wv, gv)...)
			}
		}
		return out
	}
	if a, b := text(want), text(got); a != b {
		return []string{fmt.Sprintf("%s: want %s, got %s", at, a, b)}
	}
	return nil
}

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}
