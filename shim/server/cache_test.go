package server

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestExpireShims(t *testing.T) {
	const own, old, recent = "0123456789abcdef", "00000000000000aa", "00000000000000bb"
	dir := t.TempDir()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, age := range map[string]time.Duration{
		own: 40 * 24 * time.Hour, old: 31 * 24 * time.Hour, recent: 29 * 24 * time.Hour,
		"blobs": 90 * 24 * time.Hour, "someones": 90 * 24 * time.Hour,
		".up-dead.gz": 25 * time.Hour, ".up-alive.gz": time.Hour, ".new77": 30 * time.Hour, ".x8": 30 * time.Hour, "lock-1000": 90 * 24 * time.Hour,
	} {
		p := filepath.Join(dir, name)
		var err error
		if name[0] == '.' || name[0] == 'l' {
			err = os.WriteFile(p, nil, 0o600)
		} else if err = os.Mkdir(p, 0o700); err == nil {
			err = os.WriteFile(filepath.Join(p, "pinch"), nil, 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (names []string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	before := left()
	expireShims(dir, "pinch", now)
	if got := left(); !slices.Equal(got, before) {
		t.Errorf("a directory without the shim's own folder was touched: %v", got)
	}
	expireShims(dir, own, now)
	if want := []string{".up-alive.gz", recent, own, "blobs", "lock-1000", "someones"}; !slices.Equal(left(), want) {
		t.Errorf("left %v\nwant %v", left(), want)
	}
	fi, err := os.Stat(filepath.Join(dir, own))
	if err != nil || !fi.ModTime().Equal(now) {
		t.Errorf("the last use of the shim is not noted: %v, %v", fi.ModTime(), err)
	}
}
