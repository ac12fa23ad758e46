package cli

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"pinch/modules"
	"pinch/modules/all"
)

// The README's table of state functions is the registry's.
func TestREADME(t *testing.T) {
	byModule := map[string][]string{}
	for _, f := range all.Registry().All() {
		if f.Kind != modules.StateKind {
			continue
		}
		module, name, _ := strings.Cut(f.Name, ".")
		byModule[module] = append(byModule[module], name)
	}
	var rows []string
	for module, names := range byModule {
		sort.Strings(names)
		rows = append(rows, fmt.Sprintf("| %s | %s |\n", module, strings.Join(names, ", ")))
	}
	sort.Strings(rows)
	const begin, end = "<!-- states -->\n", "<!-- /states -->"
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("README.md has no place for the table")
	}
	want := head + begin + "| module | functions |\n|---|---|\n" + strings.Join(rows, "") + end + tail
	if string(b) == want {
		return
	}
	if os.Getenv("PINCH_UPDATE") == "" {
		t.Fatal("README.md does not list the registry's state functions; PINCH_UPDATE=1 writes them")
	}
	if err := os.WriteFile("../../README.md", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
