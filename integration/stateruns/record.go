package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Recording turns what the program did (real Salt, given with -command) into
// goldens. The definition of a case is a golden without results; one without
// steps gets the usual four: test, apply, apply again, test again.

// usualSteps are the steps of a case that defines none.
func usualSteps() []goldenStep {
	apply := func(test bool) goldenStep {
		s := goldenStep{Kind: "state.apply", Args: []string{"t"}, Test: test}
		if test {
			s.Args = append(s.Args, "test=True")
		}
		return s
	}
	return []goldenStep{apply(true), apply(false), apply(false), apply(true)}
}

// MarshalJSON writes text as text and anything else as {"base64": …}.
func (f fileAsText) MarshalJSON() ([]byte, error) {
	if utf8.Valid(f) {
		return plainJSON(string(f))
	}
	return json.Marshal(map[string]string{"base64": base64.StdEncoding.EncodeToString(f)})
}

// record writes the case with the results that were just seen to DIR/SUITE/NAME.json.
func record(dir string, r *caseResult) error {
	if r.err != nil {
		return fmt.Errorf("record %s: %w", r.c.id(), r.err)
	}
	versions := map[string]string{}
	if r.c.Network {
		for _, s := range r.steps {
			packageMarks(s.ret, versions)
		}
	}
	c := *r.c
	c.Steps = nil
	for i, got := range r.steps {
		step := r.c.Steps[i]
		step.Retcode, step.Return, step.Observed, step.Stdout, step.Stderr = got.retcode, replaceVersions(got.ret, versions), nil, "", ""
		if step.Kind != shellStep && got.ret == nil {
			step.Stdout, step.Stderr = normalizeText(got.stdout), normalizeText(got.stderr)
		}
		for _, o := range got.observed {
			if text, ok := replaceVersions(normalizeText(o.Stdout), versions).(string); ok {
				o.Stdout = text
			}
			step.Observed = append(step.Observed, o)
		}
		c.Steps = append(c.Steps, step)
	}
	data, err := plainJSON(c)
	if err != nil {
		return fmt.Errorf("record %s: %w", c.id(), err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, data, "", " "); err != nil {
		return fmt.Errorf("record %s: %w", c.id(), err)
	}
	path := filepath.Join(dir, c.Suite, c.Name+".json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if err := os.WriteFile(path, append(indented.Bytes(), '\n'), 0o644); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// plainJSON is JSON without the escapes that only HTML needs.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// packageMarks collects the versions in the changes of pkg states: version → <VERSION:package>.
func packageMarks(ret any, into map[string]string) {
	states, _ := ret.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(states)) {
		state, _ := states[key].(map[string]any)
		changes, _ := state["changes"].(map[string]any)
		if strings.HasPrefix(key, "pkg_|-") {
			marksIn(changes, into)
		}
	}
}

func marksIn(changes map[string]any, into map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		change, ok := changes[name].(map[string]any)
		if !ok {
			continue
		}
		marksIn(change, into) // pkg.purged nests: {installed: {}, removed: {…}}
		for _, side := range []string{"old", "new"} {
			version, ok := change[side].(string)
			if ok && into[version] == "" && strings.ContainsAny(version, "0123456789") {
				into[version] = versionMark + name + ">"
			}
		}
	}
}
