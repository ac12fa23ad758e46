package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// here stands in a case's texts for the directory in which it runs.
const here = "@W@"

// testCase is one random tree and what is done with it.
type testCase struct {
	// Seed is a random tree's; Name that of one that was written by hand.
	Seed int64  `json:"seed,omitempty"`
	Name string `json:"name,omitempty"`
	// Tree are the files of the tree, Init those that are in the scratch
	// directory beforehand; both by relative path.
	Tree map[string]string `json:"tree"`
	Init map[string]string `json:"init,omitempty"`
	Runs []call            `json:"runs"`
	// Want is what Salt answered, one answer a run; empty until it was asked.
	Want []answer `json:"want,omitempty"`
}

// name is what a test calls the case.
func (c *testCase) name() string {
	if c.Name != "" {
		return c.Name
	}
	return fmt.Sprintf("seed-%d", c.Seed)
}

// call is one command: a function and its arguments as on the command line.
type call struct {
	Fun string   `json:"fun"`
	Arg []string `json:"arg,omitempty"`
}

func (c call) String() string { return strings.Join(append([]string{c.Fun}, c.Arg...), " ") }

// answer is what came of a call.
type answer struct {
	Retcode int `json:"retcode"`
	Return  any `json:"return"`
	// Files is the scratch directory afterwards: mode and content by path.
	Files map[string]string `json:"files,omitempty"`
	// Stderr is told when there was no return; it is not compared.
	Stderr string `json:"stderr,omitempty"`
}

// place is the directory of a side: its configuration, the tree and the scratch
// directory are below it.
type place string

const minionFile = `id: h1
file_client: local
file_roots: {base: [%[1]s/salt]}
pillar_roots: {base: [%[1]s/pillar]}
cachedir: %[1]s/cache
pki_dir: %[1]s/pki
sock_dir: %[1]s/sock
log_file: %[1]s/log
enable_fqdns_grains: False
enable_gpu_grains: False
`

func newPlace(dir string) (place, error) {
	p := place(dir)
	for _, d := range []string{"salt", "pillar", "cache", "pki", "sock", "w"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return "", err
		}
	}
	return p, os.WriteFile(filepath.Join(dir, "minion"), fmt.Appendf(nil, minionFile, dir), 0o644)
}

func (p place) scratch() string { return filepath.Join(string(p), "w") }

// prepare puts a case's tree and scratch directory in place.
func (p place) prepare(c *testCase) error {
	for dir, files := range map[string]map[string]string{"salt": c.Tree, "w": c.Init} {
		root := filepath.Join(string(p), dir)
		if err := os.RemoveAll(root); err != nil {
			return err
		}
		if err := os.MkdirAll(root, 0o755); err != nil {
			return err
		}
		for name, text := range files {
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(p.in(text)), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// in puts the place's scratch directory into a text, out takes it out again.
func (p place) in(s string) string  { return strings.ReplaceAll(s, here, p.scratch()) }
func (p place) out(s string) string { return strings.ReplaceAll(s, p.scratch(), here) }

func (p place) args(c call) []string {
	out := make([]string, len(c.Arg))
	for i, a := range c.Arg {
		out[i] = p.in(a)
	}
	return out
}

// files reads the scratch directory.
func (p place) files() (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(p.scratch(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == p.scratch() {
			return err
		}
		rel, err := filepath.Rel(p.scratch(), path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := fmt.Sprintf("%04o ", info.Mode().Perm())
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			text = "-> " + p.out(target)
		case d.IsDir():
			text += "directory"
		default:
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += p.out(string(data))
		}
		out[rel] = text
		return nil
	})
	return out, err
}

// outAll is out for all texts in decoded JSON, keys included.
func (p place) outAll(v any) any {
	switch v := v.(type) {
	case string:
		return p.out(v)
	case []any:
		for i := range v {
			v[i] = p.outAll(v[i])
		}
		return v
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[p.out(k)] = p.outAll(x)
		}
		return m
	}
	return v
}

func decodeJSON(data []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	return d.Decode(into)
}
