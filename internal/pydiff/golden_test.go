package pydiff

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/golden"
	"pinch/internal/py"
)

type outcome struct {
	Text  *string
	Value json.RawMessage
}

type diffCase struct {
	Name string
	A, B json.RawMessage

	GetDiff      *outcome `json:"get_diff"`
	GetDiffNamed *outcome `json:"get_diff_named"`
	FileGetDiff  *outcome `json:"file_get_diff"`
	Source       *outcome `json:"file_managed_source"`
	Contents     *outcome `json:"file_managed_contents"`
	NoNewline    *outcome `json:"file_managed_contents_no_newline"`
}

func TestGoldenDiff(t *testing.T) {
	const file = "diff_cases.json"
	data, err := golden.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Cases []diffCase }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, file, doc.Cases, func(c diffCase) string { return c.Name }, checkDiff)
}

func checkDiff(c diffCase) string {
	a, b := content(c.A), content(c.B)
	la, lb := py.SplitLines(string(a), true), py.SplitLines(string(b), true)
	texts := []struct {
		name string
		want *outcome
		got  string
	}{
		{"get_diff", c.GetDiff, Unified(la, lb, "", "")},
		{"get_diff_named", c.GetDiffNamed, Unified(la, lb, "old name", "new")},
		{"file_get_diff", c.FileGetDiff, File(a, b)},
	}
	for _, x := range texts {
		if x.want == nil {
			continue
		}
		if d := cmp.Diff(*x.want.Text, x.got); d != "" {
			return x.name + ":\n" + d
		}
	}
	states := []struct {
		name string
		want *outcome
		new  []byte
		with bool
	}{
		{"file_managed_source", c.Source, b, false},
		{"file_managed_contents", c.Contents, contents(string(b), true), true},
		{"file_managed_contents_no_newline", c.NoNewline, contents(string(b), false), true},
	}
	for _, x := range states {
		if x.want == nil {
			continue
		}
		want, err := golden.Decode(x.want.Value)
		if err != nil {
			return err.Error()
		}
		if d := golden.Diff(want, managed(a, x.new, x.with)); d != "" {
			return x.name + ": " + d
		}
	}
	return ""
}

func content(raw json.RawMessage) []byte {
	v, err := golden.Decode(raw)
	if err != nil {
		return nil
	}
	switch v := v.(type) {
	case py.Str:
		return []byte(v)
	case py.Bytes:
		return []byte(v)
	}
	return nil
}

// contents is what file.managed writes for its argument of that name.
func contents(s string, newline bool) []byte {
	var b strings.Builder
	for _, l := range py.SplitLines(s, false) {
		b.WriteString(l + "\n")
	}
	if newline {
		return []byte(b.String())
	}
	return []byte(strings.TrimRight(strings.TrimRight(b.String(), "\n"), "\r"))
}

// managed is the result of file.managed over an existing file.
func managed(old, new []byte, withContent bool) py.Value {
	changes := py.NewDict()
	comment := "File <PATH> is in the correct state"
	if d := File(old, new); d != "" {
		changes.SetStr("diff", py.Str(d))
		comment = "File <PATH> updated"
	}
	ret := py.DictOf("result", py.True, "comment", py.Str(comment), "changes", changes)
	if withContent {
		ret.SetStr("content", py.Bytes(new))
	}
	return ret
}

func TestIsBinary(t *testing.T) {
	for _, c := range []struct {
		data string
		want bool
	}{
		{"", false}, {"text\n", false}, {"a\x00b", true}, {"\x01\x02\x03abc", true}, {"\x01abcd", false},
		{"caf\xe9\n", false}, {"\xe9\xe8\xe7", true}, {"日本", false}, {"日\xe6\x9c", false}, {"\xe6\x9c日", true},
		{"\x7f\x7fab", true},
	} {
		if got := IsBinary([]byte(c.data)); got != c.want {
			t.Errorf("IsBinary(%q) = %v, want %v", c.data, got, c.want)
		}
	}
}

func TestConditional(t *testing.T) {
	a := []string{"x = 1 # one\n", "y\n"}
	for _, c := range []struct {
		name   string
		b      []string
		ignore Ignore
		want   bool
	}{
		{"nothing ignored", []string{"y\n", "x = 1 # one\n"}, Ignore{}, true},
		{"order", []string{"y\n", "x = 1 # one\n"}, Ignore{Ordering: true}, false},
		{"comment", []string{"x = 1 # two\n", "y\n"}, Ignore{Comments: []string{"#"}}, false},
		{"blanks", []string{"  x = 1 # one\n", "y\n"}, Ignore{Whitespace: true}, false},
		{"change", []string{"x = 2\n", "y\n"}, Ignore{Ordering: true, Whitespace: true, Comments: []string{"#"}}, true},
		{"equal", a, Ignore{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := Conditional(a, c.b, "", "", c.ignore); got != c.want {
				t.Errorf("changed = %v, want %v", got, c.want)
			}
		})
	}
}

// patch applies a unified diff; it is how the fuzz test proves one right.
func patch(a []string, diff []string) ([]string, error) {
	var out []string
	i := 0
	for n, l := range diff {
		if n < 2 {
			continue
		}
		switch l[0] {
		case '@':
			var start, length int
			if _, err := fmt.Sscanf(l, "@@ -%d,%d", &start, &length); err != nil {
				length = 1
				if _, err := fmt.Sscanf(l, "@@ -%d", &start); err != nil {
					return nil, err
				}
			}
			if length > 0 {
				start--
			}
			for ; i < start; i++ {
				out = append(out, a[i])
			}
		case '+':
			out = append(out, l[1:])
		default:
			if i >= len(a) || a[i] != l[1:] {
				return nil, fmt.Errorf("line %d of the diff does not fit", n+1)
			}
			if l[0] == ' ' {
				out = append(out, a[i])
			}
			i++
		}
	}
	return append(out, a[i:]...), nil
}

func FuzzUnified(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nc\nd")
	f.Add("", "x")
	f.Add(strings.Repeat("p\n", 300), strings.Repeat("p\n", 250)+"q\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		la, lb := py.SplitLines(a, true), py.SplitLines(b, true)
		lines := Lines(la, lb, "", "")
		got, err := patch(la, lines)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, "") != strings.Join(lb, "") {
			t.Errorf("patched text is %q", got)
		}
	})
}

func BenchmarkLargeFile(b *testing.B) {
	var x, y []string
	for i := range 20000 {
		line := fmt.Sprintf("line %d\n", i%15000)
		x = append(x, line)
		if i%50 != 0 {
			y = append(y, line)
		}
	}
	for b.Loop() {
		Unified(x, y, "", "")
	}
}
