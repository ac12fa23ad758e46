//go:build integration

package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// cmdStates checks the counts of a state run in JSON output, for one host or,
// with '*', for every host of it.
//
//	states FILE HOST KEY=N...     keys: total, true, false, none, changed, hosts
func cmdStates(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: states FILE HOST KEY=N...")
	}
	hosts, err := readHosts(ts.ReadFile(args[0]))
	if err != nil {
		ts.Fatalf("states: %s: %v", args[0], err)
	}
	names := []string{args[1]}
	if args[1] == "*" {
		names = nil
		for name := range hosts {
			names = append(names, name)
		}
		sort.Strings(names)
	}
	for _, name := range names {
		counts, err := countStates(hosts[name])
		if err != nil {
			ts.Fatalf("states: %s: %v", name, err)
		}
		counts["hosts"] = len(hosts)
		for _, want := range args[2:] {
			key, text, _ := strings.Cut(want, "=")
			n, err := strconv.Atoi(text)
			got, ok := counts[key]
			if err != nil || !ok {
				ts.Fatalf("states: %s: must be KEY=N, KEY one of total, true, false, none, changed, hosts", want)
			}
			if got != n {
				ts.Fatalf("states: %s: %s=%d, want %d in\n%s", name, key, got, n, hosts[name])
			}
		}
	}
}

// readHosts reads JSON output: one document a host as it ends, or with --static one for all.
func readHosts(text string) (map[string]json.RawMessage, error) {
	hosts := map[string]json.RawMessage{}
	documents := json.NewDecoder(strings.NewReader(text))
	for {
		// Decoding adds to the map.
		if err := documents.Decode(&hosts); errors.Is(err, io.EOF) {
			return hosts, nil
		} else if err != nil {
			return nil, err
		}
	}
}

// countStates counts the results of one host.
func countStates(data json.RawMessage) (map[string]int, error) {
	var states map[string]struct {
		Result  *bool           `json:"result"`
		Changes json.RawMessage `json:"changes"`
	}
	if err := json.Unmarshal(data, &states); err != nil {
		return nil, fmt.Errorf("no state results: %w: %s", err, data)
	}
	counts := map[string]int{"total": len(states), "true": 0, "false": 0, "none": 0, "changed": 0}
	for _, s := range states {
		switch {
		case s.Result == nil:
			counts["none"]++
		case *s.Result:
			counts["true"]++
		default:
			counts["false"]++
		}
		if changes := string(s.Changes); changes != "{}" && changes != "" {
			counts["changed"]++
		}
	}
	return counts, nil
}

// cmpJSON compares two JSON files as values, without what differs from run to run (start_time, duration).
//
//	[!] cmpjson FILE1 FILE2
func cmpJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: cmpjson FILE1 FILE2")
	}
	var values [2]any
	for i, file := range args {
		if err := json.Unmarshal([]byte(ts.ReadFile(file)), &values[i]); err != nil {
			ts.Fatalf("cmpjson: %s: %v", file, err)
		}
		values[i] = timeless(values[i])
	}
	diff := cmp.Diff(values[0], values[1])
	if diff != "" && !neg {
		ts.Fatalf("cmpjson: %s and %s differ (-first +second):\n%s", args[0], args[1], diff)
	}
	if diff == "" && neg {
		ts.Fatalf("cmpjson: %s and %s do not differ", args[0], args[1])
	}
}

func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, item := range v {
			if k != "start_time" && k != "duration" {
				out[k] = timeless(item)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = timeless(item)
		}
		return out
	default:
		return v
	}
}
