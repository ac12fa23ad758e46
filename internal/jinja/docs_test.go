package jinja

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pinch/internal/py"
)

const docFile = "../../docs/jinja.md"

// TestDocs compares the tables of docs/jinja.md with the environment. With
// PINCH_UPDATE=1 it writes them.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for name, table := range map[string]string{"filters": filterTable(), "tests": testTable(), "globals": globalTable()} {
		begin, end := "<!-- "+name+" -->\n", "<!-- end -->"
		head, rest, ok := strings.Cut(text, begin)
		old, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s: no table between %q and %q", docFile, begin, end)
		}
		if old != table {
			if os.Getenv("PINCH_UPDATE") == "" {
				t.Errorf("%s: the table of %s is not up to date; run the test with PINCH_UPDATE=1", docFile, name)
			}
			text = head + begin + table + end + tail
		}
	}
	if os.Getenv("PINCH_UPDATE") != "" {
		if err := os.WriteFile(docFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// saltOnly is what Salt adds to the environment.
func saltOnly() *environment {
	e := &environment{filters: saltTagFilters(), tests: saltTagTests(), globals: saltTagGlobals()}
	addSalt(e)
	return e
}

func origin(inSalt, inJinja bool) string {
	switch {
	case inSalt && inJinja:
		return "Salt, instead of Jinja's"
	case inSalt:
		return "Salt"
	}
	return "Jinja"
}

func table(head string, rows []string) string {
	return head + "\n" + strings.Join(rows, "\n") + "\n"
}

func filterTable() string {
	salt := saltOnly().filters
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(saltEnv().filters)) {
		state := "works"
		if fun := hostFilters[name]; fun != "" {
			state = fmt.Sprintf("asks the target: `salt['%s']`", fun)
		}
		if why := refusedFilters[name]; why != "" {
			why = strings.Replace(why, "salt[", "`salt[", 1)
			if strings.Contains(why, "`") {
				why = codeEnd(why)
			}
			state = "refused: it " + why
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |", name, origin(salt[name] != nil, plainEnv().filters[name] != nil), state))
	}
	return table("| filter | from | state |\n|---|---|---|", rows)
}

// codeEnd closes the code that begins with "`salt[" behind its call.
func codeEnd(s string) string {
	i := strings.Index(s, "`")
	depth := 0
	for j := i + 1; j < len(s); j++ {
		switch s[j] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
			if depth == 0 && (j+1 == len(s) || s[j+1] == ' ') {
				return s[:j+1] + "`" + s[j+1:]
			}
		}
	}
	return s + "`"
}

func testTable() string {
	salt := saltOnly().tests
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(saltEnv().tests)) {
		rows = append(rows, fmt.Sprintf("| `%s` | %s | works |", name, origin(salt[name] != nil, plainEnv().tests[name] != nil)))
	}
	return table("| test | from | state |\n|---|---|---|", rows)
}

func globalTable() string {
	salt := saltOnly().globals
	names := map[string]py.Value{"ifelse": py.None}
	add(names, saltEnv().globals)
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		state := "works"
		if name == "ifelse" {
			state = "works in SLS, pillar and file templates: `salt['match.ifelse']`"
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |", name, origin(salt[name] != nil || name == "ifelse", plainEnv().globals[name] != nil), state))
	}
	return table("| global | from | state |\n|---|---|---|", rows)
}
