package saltfun

import (
	"testing"

	"pinch/internal/debversion"
)

func TestCompareVersions(t *testing.T) {
	for _, c := range []struct {
		a, b     string
		deb, rpm int
	}{
		{"1.0", "1.0", 0, 0},
		{"1.0", "1.1", -1, -1},
		{"1.10", "1.9", 1, 1},
		{"1:1.0", "2.0", 1, 1},
		{"1.0-1", "1.0-2", -1, -1},
		{"1.0~rc1", "1.0", -1, -1},
		{"1.0", "1.0~rc1", 1, 1},
		{"1.0a", "1.0", 1, 1},
		{"1.0+b", "1.0a", 1, 1},
		{"1.0-1", "1.0", 1, 0},
		{"001.02", "1.2", 0, 0},
		{"1.0^git1", "1.0", 1, 1},
		{"1.0^git1", "1.0.1", 1, -1},
		{"2.0.1a", "2.0.1", 1, 1},
		{"12345678901234567890123", "12345678901234567890124", -1, -1},
		{"", "1", -1, -1},
	} {
		if got, ok := debversion.Compare(c.a, c.b, false); got != c.deb || !ok {
			t.Errorf("deb %s %s: %d, want %d", c.a, c.b, got, c.deb)
		}
		if got, ok := debversion.Compare(c.b, c.a, false); got != -c.deb || !ok {
			t.Errorf("deb %s %s: %d, want %d", c.b, c.a, got, -c.deb)
		}
		if got := compareRPM(c.a, c.b); got != c.rpm {
			t.Errorf("rpm %s %s: %d, want %d", c.a, c.b, got, c.rpm)
		}
		if got := compareRPM(c.b, c.a); got != -c.rpm {
			t.Errorf("rpm %s %s: %d, want %d", c.b, c.a, got, -c.rpm)
		}
	}
}
