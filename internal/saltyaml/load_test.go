package saltyaml

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"pinch/internal/golden"
	"pinch/internal/py"
)

func TestPositions(t *testing.T) {
	const text = `base: &b
  one: 1
web:
  pkg.installed:
    - name: nginx
    - version: 1.0
  <<: *b
other: [a, {k: v}]
`
	v, pos, err := LoadSLS(text)
	if err != nil {
		t.Fatal(err)
	}
	root := v.(*py.Dict)
	web := root.Lookup("web").(*py.Dict)
	args := web.Lookup("pkg.installed").(*py.List)
	version := args.Items[1].(*py.Dict)
	other := root.Lookup("other").(*py.List)
	for _, c := range []struct {
		name string
		got  Pos
		want Pos
	}{
		{"root", pos.Container(root), Pos{1, 1}},
		{"key of root", pos.Key(root, py.Str("web")), Pos{3, 1}},
		{"mapping", pos.Container(web), Pos{4, 3}},
		{"key", pos.Key(web, py.Str("pkg.installed")), Pos{4, 3}},
		{"merged key", pos.Key(web, py.Str("one")), Pos{2, 3}},
		{"unknown key", pos.Key(web, py.Str("nosuch")), Pos{4, 3}},
		{"list", pos.Container(args), Pos{5, 5}},
		{"item", pos.Item(args, 1), Pos{6, 7}},
		{"unknown item", pos.Item(args, 9), Pos{5, 5}},
		{"key in item", pos.Key(version, py.Str("version")), Pos{6, 7}},
		{"flow list", pos.Container(other), Pos{8, 8}},
		{"flow item", pos.Item(other, 1), Pos{8, 12}},
		{"foreign dict", pos.Container(py.NewDict()), Pos{}},
		{"foreign key", pos.Key(py.NewDict(), py.Str("x")), Pos{}},
		{"scalar", pos.Container(py.Str("web")), Pos{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("got %v, want %v", c.got, c.want)
			}
		})
	}
	var none *Positions
	if got := none.Key(root, py.Str("web")); got != (Pos{}) {
		t.Errorf("nil positions give %v", got)
	}
}

func TestAliasesShareTheObject(t *testing.T) {
	v, err := Load("a: &x {k: [1]}\nb: *x\n")
	if err != nil {
		t.Fatal(err)
	}
	d := v.(*py.Dict)
	if d.Lookup("a") != d.Lookup("b") {
		t.Error("a and its alias are different objects")
	}
}

// TestBounds: what would eat all memory or stack is an error, and soon.
func TestBounds(t *testing.T) {
	bomb := func(first, item string) string {
		b := "a0: &a0 " + first + "\n"
		for i := 1; i < 12; i++ {
			b += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("%s*a%d, ", item, i-1), 10), ", "))
		}
		return b
	}
	merges := "a0: &a0 {k: v}\n"
	for i := 1; i < 40; i++ {
		merges += fmt.Sprintf("? [&a%d {<<: [*a%d, *a%d]}]\n: 1\n", i, i-1, i-1)
	}
	nested := "x: &a0 {k: 1}\n"
	inner := "*a0"
	for range 30 {
		inner = "{<<: [" + inner + ", " + inner[:min(len(inner), 3)] + "]}"
	}
	for _, c := range []struct{ name, text, class, want string }{
		{"alias bomb", bomb("[x, x, x]", ""), "ComposerError", "aliases are written out"},
		{"deep flow", strings.Repeat("[", 100000), "ComposerError", "nested deeper"},
		{"deep block", deepBlock(3000), "ComposerError", "nested deeper"},
		{"merge bomb in keys", merges, "ComposerError", "aliases are written out"},
		{"nested merges", nested + "y: " + inner, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(c.text)
			var e *Error
			if c.class == "" {
				return // only that it ends
			}
			if !errors.As(err, &e) || e.Class != c.class || !strings.Contains(e.Error(), c.want) {
				t.Errorf("got %v, want a %s with %q", err, c.class, c.want)
			}
		})
	}
}

func deepBlock(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestReadErrorComesInItsPlace(t *testing.T) {
	far := "a: 1\nb: [\n" + strings.Repeat("# x\n", 5000) + "c: \x07\n"
	for _, c := range []struct{ name, text, class string }{
		{"same piece", "a: [\n}\nb: \x07\n", "ReaderError"},
		{"later piece", "a: 'x' y\n" + strings.Repeat("# x\n", 5000) + "\x07", "ParserError"},
		{"met on the way", far, "ReaderError"},
		{"lone surrogate", "a: \xed\xa0\x80", "UnicodeEncodeError"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(c.text)
			var e *Error
			if !errors.As(err, &e) || e.Class != c.class {
				t.Errorf("got %v, want a %s", err, c.class)
			}
		})
	}
}

// plain turns what yaml.v3 read into strings, lists and dicts of text.
func plain(n *yaml.Node) py.Value {
	switch n.Kind {
	case yaml.DocumentNode:
		return plain(n.Content[0])
	case yaml.SequenceNode:
		l := py.NewList()
		for _, c := range n.Content {
			l.Append(plain(c))
		}
		return l
	case yaml.MappingNode:
		d := py.NewDict()
		for i := 0; i < len(n.Content); i += 2 {
			d.SetStr(n.Content[i].Value, plain(n.Content[i+1]))
		}
		return d
	}
	return py.Str(n.Value)
}

// plainOf is the same of a composed node.
func plainOf(n *node) py.Value {
	switch n.kind {
	case sequenceNode:
		l := py.NewList()
		for _, c := range n.items {
			l.Append(plainOf(c))
		}
		return l
	case mappingNode:
		d := py.NewDict()
		for i := 0; i < len(n.items); i += 2 {
			d.SetStr(n.items[i].value, plainOf(n.items[i+1]))
		}
		return d
	}
	return py.Str(n.value)
}

// TestAgreesWithYAMLv3 compares the scanner and composer with an independent
// parser on the documents that YAML 1.1 and 1.2 read alike.
func TestAgreesWithYAMLv3(t *testing.T) {
	for _, text := range []string{
		"a: 1\nb:\n  - x\n  - y: z\n    w: |\n      lit\n       more\n\n      end\n    f: >-\n      folded\n      text\n\n      para\n",
		"- - a\n  - b\n- {k: [v, 'w''s'], \"q\\t\\u00e9\": x}\n- plain text\n  over lines\n",
		"'k 1': \"a\n  b\n\n  c\"\nk2: # comment\n  v\nk3: a#b # c\n",
		"nginx:\n  pkg.installed: []\n  service.running:\n    - enable: True\n    - watch:\n      - file: /etc/nginx/nginx.conf\n",
	} {
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		root, _, err := compose(text)
		if err != nil {
			t.Fatal(err)
		}
		if d := golden.Diff(plain(&n), plainOf(root)); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"a: 1\nb: [x, {y: z}]\n", "? [a]\n: b\n", "&a [*a]", "<<: *x", "a: |2-\n  x\n", "%YAML 1.1\n---\n!!set {a}\n",
		"\"\\x41\\\n b\"", "'a\n\n b'", "a: !!binary aGk=\n", "- !!omap [a: 1]\n", "0644: 12:30\n", "\ufeffa: \u2028b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Load(text); err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Class == "" || e.Error() == "" {
				t.Errorf("error without class or text: %#v", err)
			}
		}
		if _, pos, err := LoadSLS(text); err == nil && pos == nil {
			t.Error("no positions")
		}
		_, _ = Deserialize(text)
	})
}

// FuzzDumpLoad: what is dumped loads as the same value, in every style.
func FuzzDumpLoad(f *testing.F) {
	for _, s := range []string{"", "a", "0644", "yes", "a: b", "- x", "a\nb\n", " lead", "trail ", "x\u2028y", "\x07", "'q'", "#c", "é😀"} {
		f.Add(s, "k", int64(5))
	}
	f.Fuzz(func(t *testing.T, s, k string, i int64) {
		if !strings.Contains(s+k, "\xed") && py.Repr(py.Str(s)) == "" {
			return
		}
		shared := py.NewList(py.Str(s), py.Int(i))
		v := py.DictOf("a", py.Str(s), "b", py.NewList(py.Str(k), py.NewList(), py.None, py.True, py.Float(float64(i)/8)))
		v.SetStr(k, shared)
		v.SetStr("again", shared)
		for _, o := range []Options{{}, {FlowStyle: Block}, {FlowStyle: Flow}, {FlowStyle: Block, Width: 20, ASCII: true, Indent: 4}} {
			text, err := Dump(v, o)
			if err != nil {
				return // not UTF-8
			}
			back, err := Load(text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if eq, err := py.Equal(v, back); err != nil || !eq {
				t.Fatalf("got %s\nwant %s\ntext %q", py.Repr(back), py.Repr(v), text)
			}
		}
	})
}

// userSLS is a state file of n users.
func userSLS(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "user_%d:\n  user.present:\n    - name: user%d\n    - uid: %d\n    - gid: 100\n"+
			"    - home: /home/user%d\n    - shell: /bin/bash\n    - groups:\n      - wheel\n      - adm\n    - require:\n      - group: users\n\n",
			i, i, 1000+i, i)
	}
	return b.String()
}

func BenchmarkLoadSLS5000Users(b *testing.B) {
	text := userSLS(5000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := LoadSLS(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDump5000Users(b *testing.B) {
	v, _, err := LoadSLS(userSLS(5000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Dump(v, Options{FlowStyle: Block}); err != nil {
			b.Fatal(err)
		}
	}
}
