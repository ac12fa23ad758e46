package logrotate

import (
	"strings"
	"testing"

	"pinch/internal/host"
)

// Files that include each other end in an error, whatever they hold.
func TestReadEnds(t *testing.T) {
	h := host.NewFake(map[string]string{"/etc/logrotate.d/a": "include /etc/logrotate.d\n"})
	_, err := read(h, "/etc/logrotate.d/a")
	if err == nil || !strings.Contains(err.Error(), "include each other") {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("weekly\n/x /y\n{\n prerotate\n a\nendscript\n}\ninclude\ninclude /d\n}{")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = read(host.NewFake(map[string]string{"/d/x": text}), "/d/x")
	})
}
