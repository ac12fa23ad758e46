package states_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"pinch/internal/compilecmd"
	"pinch/internal/golden"
	"pinch/internal/py"
	"pinch/states"
)

// trapCase is a small tree with what Salt compiles it to.
type trapCase struct {
	name   string
	job    *py.Dict // the case itself
	want   *py.Dict // the golden result
	grains *py.Dict
}

// TestGoldenTraps compiles small trees, one rule each, and compares all that
// comes out with what Salt made of them.
func TestGoldenTraps(t *testing.T) {
	cases := readTraps(t)
	golden.Check(t, "traps.json", cases, func(c trapCase) string { return c.name }, func(c trapCase) string {
		got, err := runTrap(t, c)
		if err != nil {
			return err.Error()
		}
		return compareResult(c.want, got)
	})
}

// readTraps reads the cases: the packed file of testdata, or below
// PINCH_GOLDENS the files as they are recorded, NAME.json and
// NAME.golden.json(.gz) in traps/ and the grains in grains/.
func readTraps(t *testing.T) []trapCase {
	t.Helper()
	if dir := os.Getenv("PINCH_GOLDENS"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "traps")); err == nil {
			return readTrapDir(t, dir)
		}
	}
	pack := decodeDict(t, "traps.json")
	var out []trapCase
	for _, v := range list(pack, "cases") {
		c := v.(*py.Dict)
		out = append(out, trapCase{
			name: c.String("name"), job: c, want: dict(c, "golden"), grains: dict(dict(pack, "grains"), c.String("grains")),
		})
	}
	return out
}

func readTrapDir(t *testing.T, dir string) []trapCase {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "traps", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	known := dict(decodePack(t), "grains")
	var out []trapCase
	for _, p := range paths {
		name := strings.TrimSuffix(filepath.Base(p), ".json")
		if strings.HasSuffix(name, ".golden") {
			continue
		}
		c := decodeDict(t, "traps/"+name+".json")
		grains := dict(known, c.String("grains"))
		if _, err := os.Stat(filepath.Join(dir, "grains", c.String("grains")+".json")); err == nil {
			grains = decodeDict(t, "grains/"+c.String("grains")+".json")
		}
		out = append(out, trapCase{name: name, job: c, want: decodeDict(t, "traps/"+name+".golden.json"), grains: grains})
	}
	return out
}

// decodePack reads testdata's own pack even when PINCH_GOLDENS is set.
func decodePack(t *testing.T) *py.Dict {
	t.Helper()
	saved := os.Getenv("PINCH_GOLDENS")
	t.Setenv("PINCH_GOLDENS", "")
	d := decodeDict(t, "traps.json")
	t.Setenv("PINCH_GOLDENS", saved)
	return d
}

func decodeDict(t *testing.T, name string) *py.Dict {
	t.Helper()
	raw, err := golden.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := py.DecodeJSON(raw)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v.(*py.Dict)
}

func dict(d *py.Dict, key string) *py.Dict {
	v, _ := d.Lookup(key).(*py.Dict)
	return v
}

func list(d *py.Dict, key string) []py.Value {
	if l, ok := d.Lookup(key).(*py.List); ok {
		return l.Items
	}
	return nil
}

// runTrap writes a case's files, and compiles them as a job of the batch.
func runTrap(t *testing.T, c trapCase) (*py.Dict, error) {
	t.Helper()
	job := c.job.Copy()
	for _, pair := range [][2]string{{"state_files", "file_roots"}, {"pillar_files", "pillar_roots"}} {
		roots := py.NewDict()
		for env, files := range dict(c.job, pair[0]).All() {
			dir := t.TempDir()
			for name, source := range files.(*py.Dict).All() {
				path := filepath.Join(dir, filepath.FromSlash(py.ToStr(name)))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					return nil, err
				}
				if err := os.WriteFile(path, []byte(source.(*py.Dict).String("text")), 0o644); err != nil {
					return nil, err
				}
			}
			roots.SetStr(py.ToStr(env), py.Strings(dir))
		}
		job.SetStr(pair[1], roots)
	}
	grains := c.grains.Copy()
	grains.SetStr("id", job.Lookup("id"))
	if over := dict(c.job, "grains_override"); over != nil {
		grains.Update(over)
	}
	job.SetStr("grains", grains)
	job.SetStr("case", py.Str(c.name))
	parsed, err := compilecmd.JobOf(job)
	if err != nil {
		return nil, err
	}
	tree, err := states.NewTree(context.Background(), states.Config{Opts: parsed.TreeOpts()})
	if err != nil {
		return nil, err
	}
	return compilecmd.Run(context.Background(), tree, parsed)
}

// ignored are keys that do not count: bookkeeping of includes, and flags for
// the engine whose effect shows in the order.
var ignored = map[string]bool{"__sls_included_from__": true, "__prereq__": true, "__prerequiring__": true}

// compareResult says how a result differs from Salt's, "" when it does not.
func compareResult(want, got *py.Dict) string {
	raw, err := py.EncodeJSON(got)
	if err != nil {
		return err.Error()
	}
	v, err := py.DecodeJSON(raw)
	if err != nil {
		return err.Error()
	}
	got = v.(*py.Dict)
	if want.String("status") != got.String("status") {
		return fmt.Sprintf("status %s, want %s: %s", got.String("status"), want.String("status"), py.Repr(lookup(got, "errors")))
	}
	if want.String("status") == "error" {
		return compareErrors(list(want, "errors"), list(got, "errors"))
	}
	for _, part := range []struct {
		name string
		norm func(py.Value) py.Value
	}{{"top", same}, {"pillar", same}, {"high", visibleHigh}, {"low", visibleLow}, {"templates", visibleTemplates}} {
		w, ok := want.GetStr(part.name)
		if !ok {
			continue
		}
		if d := golden.Diff(part.norm(w), part.norm(lookup(got, part.name))); d != "" {
			return part.name + d
		}
	}
	return ""
}

func lookup(d *py.Dict, key string) py.Value {
	if v, ok := d.GetStr(key); ok {
		return v
	}
	return py.None
}

// compareErrors: the first error must be of the same class and blame the same
// SLS.
func compareErrors(want, got []py.Value) string {
	if len(got) == 0 {
		return "no error"
	}
	w, g := want[0].(*py.Dict), got[0].(*py.Dict)
	if w.String("class") != g.String("class") {
		return fmt.Sprintf("error class %s (%s), want %s (%s)", g.String("class"), g.String("message"), w.String("class"), w.String("message"))
	}
	if sls := w.String("sls"); sls != "" && sls != g.String("sls") {
		return fmt.Sprintf("error in SLS %q, want %q", g.String("sls"), sls)
	}
	return ""
}

func same(v py.Value) py.Value { return v }

// visibleHigh puts the keys that begin with __ last, sorted.
func visibleHigh(v py.Value) py.Value {
	high, ok := v.(*py.Dict)
	if !ok {
		return v
	}
	out := py.NewDict()
	for id, body := range high.All() {
		if d, ok := body.(*py.Dict); ok {
			var plain, dunder []string
			for k := range d.All() {
				switch name := py.ToStr(k); {
				case ignored[name]:
				case strings.HasPrefix(name, "__"):
					dunder = append(dunder, name)
				default:
					plain = append(plain, name)
				}
			}
			sort.Strings(dunder)
			n := py.NewDict()
			for _, k := range append(plain, dunder...) {
				n.SetStr(k, lookup(d, k))
			}
			body = n
		}
		_ = out.Set(id, body) // id is a key already
	}
	return out
}

// visibleLow sorts the keys of each chunk.
func visibleLow(v py.Value) py.Value {
	l, ok := v.(*py.List)
	if !ok {
		return v
	}
	out := py.NewList()
	for _, it := range l.Items {
		d := it.(*py.Dict)
		var keys []string
		for k := range d.All() {
			if name := py.ToStr(k); !ignored[name] {
				keys = append(keys, name)
			}
		}
		sort.Strings(keys)
		n := py.NewDict()
		for _, k := range keys {
			n.SetStr(k, lookup(d, k))
		}
		out.Append(n)
	}
	return out
}

// visibleTemplates keeps what is compared of rendered files.
func visibleTemplates(v py.Value) py.Value {
	l, ok := v.(*py.List)
	if !ok {
		return v
	}
	out := py.NewList()
	for _, it := range l.Items {
		d := it.(*py.Dict)
		n := py.DictOf("id", lookup(d, "id"), "name", lookup(d, "name"), "status", lookup(d, "status"))
		switch d.String("status") {
		case "ok":
			n.SetStr("sha256", lookup(d, "sha256"))
		case "error":
			n.SetStr("class", lookup(d, "class"))
		}
		out.Append(n)
	}
	return out
}

// pillarCase is one recorded pillar.
type pillarCase struct {
	Name, File string
	Files      map[string]string
	Opts       json.RawMessage
	Grains     json.RawMessage
	MinionID   string          `json:"minion_id"`
	SaltEnv    string          `json:"saltenv"`
	PillarEnv  string          `json:"pillarenv"`
	Override   json.RawMessage `json:"pillar_override"`
	Expect     struct {
		Pillar json.RawMessage
		Error  *golden.Error
	}
}

// TestGoldenPillar compiles recorded pillars and compares them with Salt's.
func TestGoldenPillar(t *testing.T) {
	cases := readPillarCases(t)
	golden.Check(t, "pillar_cases", cases, func(c pillarCase) string { return c.File }, func(c pillarCase) string {
		return runPillar(t, c)
	})
}

func readPillarCases(t *testing.T) []pillarCase {
	t.Helper()
	var out []pillarCase
	if dir := os.Getenv("PINCH_GOLDENS"); dir != "" {
		paths, err := filepath.Glob(filepath.Join(dir, "pillar_cases", "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			raw, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			var c pillarCase
			if err := json.Unmarshal(raw, &c); err != nil {
				t.Fatalf("%s: %v", p, err)
			}
			c.File = strings.TrimSuffix(filepath.Base(p), ".json")
			out = append(out, c)
		}
		return out
	}
	raw, err := golden.Open("pillar_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var pack struct{ Cases []pillarCase }
	if err := json.Unmarshal(raw, &pack); err != nil {
		t.Fatal(err)
	}
	return pack.Cases
}

func runPillar(t *testing.T, c pillarCase) string {
	root := t.TempDir()
	for name, text := range c.Files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err.Error()
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err.Error()
		}
	}
	get := func(raw json.RawMessage) (*py.Dict, error) {
		if len(raw) == 0 {
			return nil, nil
		}
		v, err := py.LoadsJSON(strings.ReplaceAll(string(raw), "{ROOT}", root))
		if err != nil {
			return nil, err
		}
		d, _ := v.(*py.Dict)
		return d, nil
	}
	opts, err := get(c.Opts)
	if err != nil {
		return err.Error()
	}
	all := py.DictOf("ssh_merge_pillar", py.False)
	all.Update(opts)
	grains, err := get(c.Grains)
	if err != nil {
		return err.Error()
	}
	override, err := get(c.Override)
	if err != nil {
		return err.Error()
	}
	tree, err := states.NewTree(context.Background(), states.Config{Opts: all})
	if err != nil {
		return err.Error()
	}
	got, err := tree.CompilePillar(context.Background(), states.Request{
		Host: c.MinionID, Grains: grains, SaltEnv: c.SaltEnv, PillarEnv: c.PillarEnv, Pillar: override,
	}, nil)
	if err != nil {
		return err.Error()
	}
	if c.Expect.Error != nil {
		want := c.Expect.Error.Class + ": " + c.Expect.Error.Message
		if len(got.Errors) != 1 || got.Errors[0].Message != want {
			return fmt.Sprintf("got %v %v, want error %s", got.Pillar, got.Errors, want)
		}
		return ""
	}
	if got.Pillar == nil {
		return fmt.Sprintf("no pillar: %v", got.Errors)
	}
	want, err := golden.Decode([]byte(strings.ReplaceAll(string(c.Expect.Pillar), "{ROOT}", root)))
	if err != nil {
		return err.Error()
	}
	if listing(c) {
		if eq, err := py.Equal(want, got.Pillar); err != nil || !eq {
			return fmt.Sprintf("got %s, want %s", py.Repr(got.Pillar), py.Repr(want))
		}
		return ""
	}
	return golden.Diff(py.Plain(want), py.Plain(got.Pillar))
}

// listing says whether the order of the pillar's keys is that of a directory
// listing, which is nobody's rule.
func listing(c pillarCase) bool {
	return strings.Contains(string(c.Opts), "file_tree") || strings.Contains(c.File, "glob") || strings.Contains(c.File, "star")
}
