package states_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pinch/states"
)

// repeat writes a text n times: I is the number of the time, NEXT the one
// after it, in a circle.
func repeat(n int, text string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.NewReplacer("I", fmt.Sprint(i), "NEXT", fmt.Sprint((i+1)%n)).Replace(text))
	}
	return b.String()
}

// TestBadInput: what is too large, goes round in circles or is hostile ends
// with chunks or an error, in time that grows with its size and no faster.
func TestBadInput(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles SLS of 10 MB")
	}
	const mb10 = 10 << 20
	ids := func(n int) string { return repeat(n, "idI:\n  test.nop: []\n") }
	for _, c := range []struct {
		name   string
		files  map[string]string // "" is a.sls
		chunks int
		err    string
	}{
		{"100,000 IDs", one(ids(100_000)), 100_000, ""},
		{"20,000 requisites in a circle", one(repeat(20_000, "idI:\n  test.nop:\n    - require: [{test: idNEXT}]\n")), 0, "Recursive requisites were found"},
		{"a circle of prereqs", one(repeat(1000, "idI:\n  test.nop:\n    - prereq: [{test: idNEXT}]\n")), 0, "Recursive requisites were found"},
		{"a state that requires itself", one("a:\n  test.nop:\n    - require: [{test: a}]\n"), 0, "Recursive requisites were found"},
		{"20,000 requisite_in of one", one(repeat(20_000, "idI:\n  test.nop:\n    - require_in: [{test: last}]\n") + "last:\n  test.nop: []\n"), 20_001, ""},
		{"20,000 bare IDs that are not there", one(repeat(20_000, "idI:\n  test.nop:\n    - require_in: [nosuch]\n")), 20_000, ""},
		{"1,500 times 1,500 by a pattern", one(repeat(1500, "idI:\n  test.nop:\n    - require: [{cmd: 'x*'}]\nxI:\n  cmd.run: []\n")), 0, "the requisites of the tree are more than"},
		{"each of an SLS requires all of it", one(repeat(3000, "idI:\n  test.nop:\n    - require_in: [{sls: a}]\n")), 0, "more than 2000000"},
		{"8,000 extends by name", one("extend:\n" + repeat(8000, "  nameI:\n    test: []\n") + repeat(8000, "idI:\n  test.nop:\n    - name: nameI\n")), 0, "comparisons"},
		{"20,000 names", one("a:\n  test.nop:\n    - names:\n" + repeat(20_000, "      - nI\n")), 20_000, ""},
		{"a text of 10 MB", one("a:\n  test.nop:\n    - x: |\n" + strings.Repeat("        0123456789\n", mb10/19)), 1, ""},
		{"a line of 10 MB", one("a:\n  test.nop:\n    - x: " + strings.Repeat("x", mb10) + "\n"), 1, ""},
		{"an ID of 1 MB", one(strings.Repeat("x", 1<<20) + ":\n  test.nop: []\n"), 0, "mapping values are not allowed in this context"},
		{"a quoted ID of 1 MB", one("? \"" + strings.Repeat("x", 1<<20) + "\"\n: {test.nop: []}\n"), 1, ""},
		{"10 MB of brackets", one("a: " + strings.Repeat("[", mb10)), 0, "nested deeper"},
		{"10 MB of dashes", one(strings.Repeat("- ", mb10/2)), 0, "nested deeper"},
		{"10 MB of braces", one(strings.Repeat("{", mb10)), 0, "too many nested"},
		{"10 MB of parentheses in Jinja", one("{{ " + strings.Repeat("(", mb10)), 0, "too many nested"},
		{"10 MB of a sum", one("{{ 1" + strings.Repeat("+1", mb10/2) + " }}"), 0, "too long an expression"},
		{"10 MB of filters", one("{{ 1" + strings.Repeat("|abs", mb10/4) + " }}"), 0, "too long an expression"},
		{"10 MB of attributes", one("{{ a" + strings.Repeat(".b", mb10/2) + " }}"), 0, "too long an expression"},
		{"10 MB of conditions", one("{{ a" + strings.Repeat(" if b", mb10/5) + " }}"), 0, "too long an expression"},
		{"10 MB of texts in a row", one("{% set x = " + strings.Repeat("'a'", mb10/3) + " %}a:\n  test.nop: []\n"), 1, ""},
		{"aliases that grow", one("a: &a0 {test.nop: [x]}\n" + strings.ReplaceAll(repeat(40, "bI: &aNEXT [*aI, *aI, *aI]\n"), "&a0 [", "&z [")), 0, "when its aliases are written out"},
		{"includes in a circle", map[string]string{"a.sls": "include: [b]\na:\n  test.nop: []\n", "b.sls": "include: [a, b, c]\nb:\n  test.nop: []\n", "c.sls": "include: [a]\n"}, 2, ""},
		{"an SLS that includes itself", one("include: [a, .a, 'a*']\na:\n  test.nop: []\n"), 1, ""},
		{"a template that includes itself", one("{% include 'a.sls' %}"), 0, "maximum recursion depth"},
		{"templates that import in a circle", map[string]string{"a.sls": "{% import 'b.jinja' as b %}", "b.jinja": "{% import 'c.jinja' as c %}", "c.jinja": "{% import 'b.jinja' as b %}"}, 0, "maximum recursion depth"},
		{"includes that leave the tree", one("include: ['../../etc/passwd', '/etc/passwd', '...........x']\n"), 0, "beyond top level"},
		{"an include with a zero byte", one("include: [\"a\\0b\"]\n"), 0, "is not available"},
		{"IDs that are no words", one("\"a\\nb\\0\\e[31m\":\n  test.nop: []\n\"\":\n  test.nop: []\n'__x':\n  test.nop: []\n"), 2, ""},
		{"IDs that are no text", one("1:\n  test.nop: []\nnull:\n  test.nop: []\n"), 0, "is not formed as a string"},
		{"a function that is no word", one("a:\n  \"test.nop\\n; rm -rf /\": []\n"), 0, "has whitespace"},
		{"a function with many dots", one("a:\n  ..test....nop..: []\n"), 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := newTree(t, c.files, nil)
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			r, err := tree.Compile(ctx, states.Request{Host: "h", Grains: testGrains("h"), SLS: []string{"a"}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var errs []string
			for _, e := range r.Errors {
				errs = append(errs, e.Error()[:min(len(e.Error()), 500)])
			}
			text := strings.Join(errs[:min(len(errs), 3)], "\n")
			if len(r.Chunks) != c.chunks && c.chunks > 0 || c.err == "" && len(errs) > 0 && c.chunks > 0 || !strings.Contains(text, c.err) || c.err != "" && len(errs) == 0 {
				text = strings.ToValidUTF8(text, "?")
				t.Errorf("%d chunks, want %d; %d errors, want %q: %s", len(r.Chunks), c.chunks, len(errs), c.err, text)
			}
		})
	}
}

func one(sls string) map[string]string { return map[string]string{"a.sls": sls} }
