package all

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pinch/modules"
	"pinch/modules/all/core"
	"pinch/modules/all/more"
)

// The shim asks for the program with further functions when it meets a module
// of core.MoreStates or MoreExecs: the list is that of package more, and no module is in both.
// PINCH_UPDATE=1 writes it anew.
func TestMoreIsKnownToTheShim(t *testing.T) {
	names := map[modules.Kind]map[string]bool{modules.StateKind: {}, modules.ExecKind: {}}
	for _, l := range more.Funcs() {
		for _, f := range l {
			names[f.Kind][f.Module()] = true
			if f.Aggregate() != nil {
				t.Errorf("%s: a function of package more cannot aggregate chunks", f.Name)
			}
		}
	}
	for _, l := range core.Funcs() {
		for _, f := range l {
			if names[f.Kind][f.Module()] {
				t.Errorf("%s: functions of its module are in package more too", f.Name)
			}
		}
	}
	states, execs := slices.Sorted(maps.Keys(names[modules.StateKind])), slices.Sorted(maps.Keys(names[modules.ExecKind]))
	if slices.Equal(core.MoreStates, states) && slices.Equal(core.MoreExecs, execs) {
		return
	}
	if os.Getenv("PINCH_UPDATE") == "" {
		t.Fatal("core.MoreStates and MoreExecs are not what package more has: PINCH_UPDATE=1 go test ./modules/all -run TestMore")
	}
	var b strings.Builder
	b.WriteString("package core\n\n// The modules of package more, which the shim does not link: of states, and of\n// execution functions.\nvar (\n")
	for _, l := range []struct {
		name  string
		names []string
	}{{"MoreStates", states}, {"MoreExecs", execs}} {
		b.WriteString("\t" + l.name + " = []string{\n\t\t\"" + strings.Join(l.names, "\",\n\t\t\"") + "\",\n\t}\n")
	}
	b.WriteString(")\n")
	if err := os.WriteFile("core/more.go", []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
