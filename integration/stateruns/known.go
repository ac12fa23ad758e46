package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// The list of known failures holds one case a line: CASE<TAB>reason. A case
// that fails must stand on it, and a case on it must fail.

func readKnown(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("known failures: %w", err)
	}
	known := map[string]string{}
	for i, line := range strings.Split(string(data), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, why, ok := strings.Cut(line, "\t")
		if !ok || strings.TrimSpace(why) == "" {
			return nil, fmt.Errorf("known failures: %s:%d: must be CASE, a tab and the reason", path, i+1)
		}
		known[id] = why
	}
	return known, nil
}

func writeKnown(path string, known map[string]string) error {
	var b strings.Builder
	b.WriteString("# Cases of the goldens that fail: CASE<TAB>reason. A case that fails and is not here is an error, and so is one here that passes.\n")
	for _, id := range slices.Sorted(maps.Keys(known)) {
		fmt.Fprintf(&b, "%s\t%s\n", id, known[id])
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("known failures: %w", err)
	}
	return nil
}

// updateKnown brings the list up to date with the results; reasons that stand there already are kept.
func updateKnown(known map[string]string, results []*caseResult) {
	for _, r := range results {
		id := r.c.id()
		switch {
		case !r.failed():
			delete(known, id)
		case known[id] == "":
			known[id] = "differs in " + reason(r)
		}
	}
}

// surprises are the results that contradict the list, one line each.
func surprises(known map[string]string, results []*caseResult, all map[string]bool) []string {
	var lines []string
	for _, r := range results {
		_, listed := known[r.c.id()]
		switch {
		case r.failed() && !listed:
			lines = append(lines, fmt.Sprintf("%s fails and is no known failure: %s", r.c.id(), reason(r)))
		case !r.failed() && listed:
			lines = append(lines, fmt.Sprintf("%s passes: take it off the list of known failures", r.c.id()))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		if !all[id] {
			lines = append(lines, fmt.Sprintf("%s is on the list of known failures, but there is no such case", id))
		}
	}
	return lines
}
