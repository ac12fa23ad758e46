package grains

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
)

// The expected grains were recorded from Salt (testdata/record.py).
func TestDistributions(t *testing.T) {
	raw, err := os.ReadFile("testdata/distros.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name   string
			Files  map[string]string
			Grains map[string]any
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 50 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			files := map[string]string{"/etc/": ""}
			for k, v := range c.Files {
				files[k] = v
			}
			g := py.NewDict()
			distribution(host.NewFake(files), g)
			releaseGrains(g)
			if d := cmp.Diff(c.Grains, plain(t, g)); d != "" {
				t.Error(d)
			}
		})
	}
}

// plain is a value as encoding/json reads it.
func plain(t *testing.T, v py.Value) (out map[string]any) {
	t.Helper()
	text, err := py.DumpsJSON(v, py.DumpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
