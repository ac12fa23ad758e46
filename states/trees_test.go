package states_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinch/internal/compilecmd"
	"pinch/internal/py"
	"pinch/states"
)

// treeCase is a tree of testdata/trees.json with what real Salt compiled it
// to: environments, top files and their strategies, what the file server hides.
type treeCase struct {
	Name   string            `json:"name"`
	Files  map[string]string `json:"files"` // below {ROOT}
	Links  map[string]string `json:"links"`
	Job    json.RawMessage   `json:"job"`
	Golden json.RawMessage   `json:"golden"`
}

func TestGoldenTrees(t *testing.T) {
	raw, err := os.ReadFile("testdata/trees.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []treeCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if diff := runTree(t, c); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func runTree(t *testing.T, c treeCase) string {
	root := t.TempDir()
	for name, text := range c.Files {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err.Error()
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			return err.Error()
		}
	}
	for name, to := range c.Links {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err.Error()
		}
		if err := os.Symlink(to, full); err != nil {
			return err.Error()
		}
	}
	decode := func(raw json.RawMessage) *py.Dict {
		v, err := py.DecodeJSON([]byte(strings.ReplaceAll(string(raw), "{ROOT}", root)))
		if err != nil {
			t.Fatal(err)
		}
		return v.(*py.Dict)
	}
	job, err := compilecmd.JobOf(decode(c.Job))
	if err != nil {
		return err.Error()
	}
	tree, err := states.NewTree(context.Background(), states.Config{Opts: job.TreeOpts()})
	if err != nil {
		return err.Error()
	}
	got, err := compilecmd.Run(context.Background(), tree, job)
	if err != nil {
		return err.Error()
	}
	return compareResult(decode(c.Golden), got)
}
