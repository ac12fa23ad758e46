package pyre_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pinch/internal/py"
	"pinch/internal/pyre"
)

// TestTimeout runs a pattern that would take for ever.
func TestTimeout(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for the match time limit")
	}
	re, err := pyre.Compile(`(x+x+)+(?=y)`, 0)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = re.Search(strings.Repeat("x", 40))
	var e *py.Error
	if !errors.As(err, &e) || e.Class != "TimeoutError" {
		t.Errorf("got %v, want a TimeoutError", err)
	}
	if d := time.Since(start); d > 15*time.Second {
		t.Errorf("took %v", d)
	}
}

// TestLinear has patterns that backtracking engines choke on, but that the
// linear one runs.
func TestLinear(t *testing.T) {
	re, err := pyre.Compile(`(x+x+)+y`, 0)
	if err != nil {
		t.Fatal(err)
	}
	m, err := re.Search(strings.Repeat("x", 5000))
	if m != nil || err != nil {
		t.Errorf("got %v, %v", m, err)
	}
}

func TestInvalidUTF8(t *testing.T) {
	re, err := pyre.Compile(`(.)(b+)`, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := "é\xff\xed\xa0\x80abb\xfe"
	s, err := re.Sub(`\2\1`, text, 0)
	if want := "é\xff\xed\xa0\x80bba\xfe"; s != want || err != nil {
		t.Errorf("got %q, %v, want %q", s, err, want)
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{`(a|b)*?\1`, `(?P<x>[^\W_]{2,})(?(x)y|z)`, `(?<=a)(?i:b)$`, `[`, `\`, `(?:a*)+`} {
		f.Add(s, "ab aé")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 40 || len(text) > 40 {
			return
		}
		re, err := pyre.Compile(pattern, 0)
		if err != nil {
			return
		}
		ms, err := re.FindIter(text)
		if err != nil {
			return
		}
		end := 0
		for _, m := range ms {
			a, b := m.Span(0)
			if a < end || b < a || b > len(text) {
				t.Fatalf("match %d:%d behind %d of %d", a, b, end, len(text))
			}
			end = b
		}
	})
}

func BenchmarkSub(b *testing.B) {
	re, err := pyre.Compile(`^#?(PermitRootLogin) .*$`, pyre.Multiline)
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("# Config\nPort 22\n", 500) + "#PermitRootLogin yes\n"
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := re.Sub(`\1 no`, text, 0); err != nil {
			b.Fatal(err)
		}
	}
}
