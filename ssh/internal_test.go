package ssh

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

func TestCleanText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                  "plain",
		" a \n\t b \r\n":         "a b",
		"\x1b[31mred\x07\x00":    "[31mred",
		"bad \xff\xfe utf8":      "bad ?? utf8",
		"rtl \u202e and \u200b":  "rtl and",
		strings.Repeat("é", 300): "..." + strings.Repeat("é", 50),
		strings.Repeat("x", 101): "..." + strings.Repeat("x", 100),
		strings.Repeat("x", 100): strings.Repeat("x", 100),
		"first\u2028second":      "firstsecond",
	} {
		if got := cleanText(in, 100); got != want {
			t.Errorf("%.40q: got %.120q, want %.120q", in, got, want)
		}
	}
}

func FuzzCleanText(f *testing.F) {
	f.Add("a\x1bb\xff\n", 10)
	f.Fuzz(func(t *testing.T, s string, max int) {
		if max < 1 || max > 1000 {
			return
		}
		got := cleanText(s, max)
		if !utf8.ValidString(got) || len(got) > max+3 || strings.ContainsAny(got, "\n\r\t\x1b\x00") {
			t.Fatalf("%q → %q", s, got)
		}
	})
}

func TestWildcard(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false}, {"*", "", true}, {"*", "abc", true}, {"a*c", "abbc", true},
		{"a*c", "abb", false}, {"?", "a", true}, {"?", "", false}, {"a?c", "abc", true}, {"*.test", "a.b.test", true},
		{"**a**", "bab", true}, {"*a*b", "aabab", true}, {"*a*b", "aaba", false},
		{strings.Repeat("*a", 30) + "b", strings.Repeat("a", 200), false},
	} {
		if got := wildcard(tc.pattern, tc.s); got != tc.want {
			t.Errorf("%q matches %q: %v", tc.pattern, tc.s, got)
		}
	}
}

func TestRing(t *testing.T) {
	t.Parallel()
	r := newRing(10)
	for _, s := range []string{"abc", "defgh", "ijk", "", "lmnopqrstuvwxyz", "1"} {
		r.Write([]byte(s))
	}
	if got := r.String(); got != "rstuvwxyz1" || r.Total() != 27 {
		t.Errorf("kept %q of %d", got, r.Total())
	}
	if n, err := r.ReadFrom(strings.NewReader(strings.Repeat("-", 9000))); n != 9000 || err != nil || r.String() != "----------" {
		t.Errorf("ReadFrom: %d, %v, %q", n, err, r.String())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if found, err := r.WaitFor(ctx, []byte("x"), 1); found || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("WaitFor: %v, %v", found, err)
	}
}

func TestLimitStandsStillWhilePaused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, l, cancel := withLimit(context.Background(), 10*time.Second)
		defer cancel()
		time.Sleep(6 * time.Second)
		l.pause()
		l.pause()
		time.Sleep(time.Hour)
		l.resume()
		time.Sleep(time.Hour)
		l.resume()
		time.Sleep(3 * time.Second)
		if ctx.Err() != nil {
			t.Fatal("ended after 9 s of 10")
		}
		time.Sleep(2 * time.Second)
		if !errors.Is(context.Cause(ctx), errConnectTimeout) {
			t.Errorf("cause %v", context.Cause(ctx))
		}
		_, none, stop := withLimit(context.Background(), 0)
		none.pause()
		none.resume()
		stop()
	})
}

func TestSilenceWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fired atomic.Int64
		s := newSilence(10*time.Second, func() { fired.Add(1) })
		time.Sleep(time.Minute)
		s.begin()
		for range 5 {
			time.Sleep(9 * time.Second)
			s.heard()
		}
		s.end()
		time.Sleep(time.Minute)
		if fired.Load() != 0 {
			t.Fatal("fired while nobody waited")
		}
		s.begin()
		s.begin()
		s.end()
		time.Sleep(9 * time.Second)
		if fired.Load() != 0 {
			t.Fatal("fired too early")
		}
		time.Sleep(2 * time.Second)
		if fired.Load() != 1 {
			t.Fatalf("fired %d times", fired.Load())
		}
		s.end()
		var none *silence
		none.begin()
		none.heard()
		none.end()
		none.stop()
	})
}

// FuzzKnownHosts checks that no known_hosts file keeps others from being read.
func FuzzKnownHosts(f *testing.F) {
	for _, seed := range []string{"h ssh-ed25519 AAAA", "@revoked * x y", "|1|a|b ssh-rsa AAAA", "[::1]:22,!a,*", "@cert-authority a b c"} {
		f.Add(seed)
	}
	const good = "h.test ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl1Nc1L1mC2xkPbQJcvZpqGQJfrQ4m0b6gUq3x0nD1m"
	f.Fuzz(func(t *testing.T, line string) {
		file := t.TempDir() + "/known_hosts"
		writeFile(t, file, line+"\n"+good+"\n")
		k, err := loadKnownHosts([]string{file})
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if len(k.entries("h.test:22")) == 0 {
			t.Fatalf("%q hides the entry below it", line)
		}
	})
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
