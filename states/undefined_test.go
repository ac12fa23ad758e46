package states_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/py"
	"pinch/states"
)

// TestGoldenUndefined gives undefined values to operators, filters and
// functions, and compares what is refused with Salt. The values of what is not
// are no part of it.
func TestGoldenUndefined(t *testing.T) {
	f, err := os.Open("testdata/undefined.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type expr struct{ class, text, sls string }
	var cases []expr
	files := map[string]string{}
	for r := bufio.NewScanner(f); r.Scan(); {
		class, text, ok := strings.Cut(r.Text(), "\t")
		if !ok {
			continue
		}
		e := expr{class, text, fmt.Sprintf("e%d", len(cases))}
		files[e.sls+".sls"] = "{% set v = " + text + " %}\nid-" + e.sls + ":\n  test.nop:\n    - v: {{ v | tojson }}\n"
		cases = append(cases, e)
	}
	tree := newTree(t, files, map[string]string{"top.sls": "base:\n  '*': [p]\n", "p.sls": "a:\n  b: 1\n"})
	golden.Check(t, "undefined.txt", cases, func(e expr) string { return e.text }, func(e expr) string {
		c, err := tree.Compile(context.Background(), states.Request{
			Host: "minion1", Grains: py.DictOf("os", py.Str("Debian"), "os_family", py.Str("Debian")), SLS: []string{e.sls},
		}, nil)
		if err != nil {
			return err.Error()
		}
		got, why := "ok", ""
		if len(c.Errors) > 0 {
			got, why = c.Errors[0].Class, c.Errors[0].Message
		}
		if got != e.class {
			return fmt.Sprintf("%s %s, want %s", got, why, e.class)
		}
		return ""
	})
}
