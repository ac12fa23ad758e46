package all

import (
	"regexp"
	"strings"
	"testing"

	"pinch/internal/saltyaml"
	"pinch/modules"
)

// Every function is documented, every argument too, and the examples of state
// functions are YAML that names functions and arguments that exist.
func TestRegistryIsComplete(t *testing.T) {
	reg := Registry()
	fence := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for _, f := range reg.All() {
		t.Run(f.Name, func(t *testing.T) {
			if strings.TrimSpace(f.Doc) == "" {
				t.Error("has no documentation")
			}
			for _, p := range f.Params {
				if p.Doc == "" {
					t.Errorf("argument %s has no documentation", p.Name)
				}
			}
			if f.Kind != modules.StateKind {
				return
			}
			examples := fence.FindAllStringSubmatch(f.Doc, -1)
			if len(examples) == 0 {
				t.Error("has no example")
			}
			for _, e := range examples {
				if _, err := saltyaml.Load(e[1]); err != nil {
					t.Errorf("example: %v\n%s", err, e[1])
				}
				if !strings.Contains(e[1], f.Name) {
					t.Errorf("the example does not use %s:\n%s", f.Name, e[1])
				}
			}
		})
	}
}

// notSecret are arguments named after a secret that hold none.
var notSecret = map[string]bool{
	"disk.blkid token":           true, // what to look for, as in blkid(8)
	"archive.extracted password": true, // refused by name, its value is never looked at
}

// Arguments that hold a secret are typed as one, so that nothing prints them.
func TestSecretsAreTyped(t *testing.T) {
	named := regexp.MustCompile(`(^|_)(password|passwd|passphrase|secret|token|private_key)$`)
	for _, f := range Registry().All() {
		for _, p := range f.Params {
			if named.MatchString(p.Name) && !p.Secret && p.Type != "bool" && !notSecret[f.Name+" "+p.Name] {
				t.Errorf("%s: argument %s is %s, not a secret", f.Name, p.Name, p.Type)
			}
		}
	}
}
