package output

import (
	"bytes"
	"strings"
	"testing"

	"pinch/internal/py"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain text\n\twith tab\n", "plain text\n\twith tab\n"},
		{"état 日本 😀", "état 日本 😀"},
		{"a\r\nb\rc", "a\nb\\rc"},
		{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"\x07\x00\x7f", `\x07\x00\x7f`},
		{"\u009b31m", `\u009b31m`},
		{"\xff\xfe", `\xff\xfe`},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// TestTerminalGetsNoControlCharacters shows hostile results in every format.
func TestTerminalGetsNoControlCharacters(t *testing.T) {
	const evil = "x\x1b]0;title\x07\u009b2J\rq"
	hosts := func() py.Value {
		return py.DictOf(evil, py.DictOf("test_|-"+evil+"_|-"+evil+"_|-nop", py.DictOf(
			"name", py.Str(evil), "changes", py.DictOf(evil, py.NewList(py.Str(evil), py.Tuple{py.Str(evil)})), "result", py.False,
			"comment", py.Str(evil), "__run_num__", py.Int(0), "__id__", py.Str(evil), "__sls__", py.Str(evil),
			"warnings", py.NewList(py.Str(evil)), "start_time", py.Str(evil), "duration", py.Float(1.5))))
	}
	for _, name := range append(Outputters(), "nosuch") {
		for _, color := range []bool{false, true} {
			o := DefaultOptions()
			o.Out, o.Color, o.Terminal, o.StripColors = name, color, true, false
			var b bytes.Buffer
			if err := Display(&b, hosts(), o); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			for _, code := range newColors(true, nil) {
				text = strings.ReplaceAll(text, code, "")
			}
			if i := strings.IndexFunc(text, func(r rune) bool {
				return r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f
			}); i >= 0 {
				t.Errorf("%s, colour %v: control character at %d of %q", name, color, i, text)
			}
		}
	}
}

func TestFill(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"short", "one two", "..one two"},
		{"line breaks are blanks", "one\ntwo", "..one two"},
		{"wrap", "aaaa bbbb cccc dddd", "..aaaa bbbb\n..cccc dddd"},
		{"hyphen", "aa well-known-word", "..aa well-\n..known-word"},
		{"long word", "abcdefghijklmnopqrst", "..abcdefghij\n..klmnopqrst"},
		{"em-dash", "aaaa bbbb--cccc", "..aaaa bbbb\n..--cccc"},
		{"tab", "a\tb", "..a       b"},
		{"empty", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fill(c.in, 12, ".."); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFallBack(t *testing.T) {
	o := DefaultOptions()
	o.Out = "highstate"
	data := py.DictOf("web1", py.DictOf("broken", py.DictOf("result", py.True, "__run_num__", py.Int(0))))
	want := "web1:\n    ----------\n    broken:\n        ----------\n        __run_num__:\n            0\n        result:\n            True"
	if got := Format(data, o); got != want {
		t.Errorf("got %q, want nested's %q", got, want)
	}
}

func BenchmarkHighstate(b *testing.B) {
	states := py.NewDict()
	for i := range 1000 {
		id := strings.Repeat("x", i%20+1)
		states.SetStr("file_|-"+id+"_|-/etc/"+id+string(rune('a'+i%26))+"_|-managed", py.DictOf("name", py.Str(id),
			"changes", py.DictOf("diff", py.Str("--- \n+++ \n@@ -1 +1 @@\n-a\n+b\n")), "result", py.True, "comment", py.Str("File updated"),
			"__run_num__", py.Int(i), "__id__", py.Str(id), "__sls__", py.Str("a"), "start_time", py.Str("10:00:00.000000"), "duration", py.Float(1)))
	}
	o := DefaultOptions()
	o.Out, o.Terminal = "highstate", true
	data := py.DictOf("web1", states)
	for b.Loop() {
		Format(data, o)
	}
}
