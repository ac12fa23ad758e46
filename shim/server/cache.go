package server

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	// shimAge is how long the shim of another build of pinch is kept unused.
	shimAge = 30 * 24 * time.Hour
	// scrapAge is after how long an upload or unpacking that never ended is
	// taken for dead.
	scrapAge = 24 * time.Hour
	// touchEvery is how exactly the last use of a shim is kept.
	touchEvery = 24 * time.Hour
)

// buildName is what the folder of a shim is called: see docs/protocol.md.
var buildName = regexp.MustCompile(`^[0-9a-f]{16}$`)

// expireShims keeps the shim's directory from growing: it removes the shims of
// other builds that nobody has used for shimAge, and what broken uploads left
// (.up-*, .new*, .x*). A shim's last use is the time of its folder, noted here
// too. What cannot be removed now is tried again by the next run.
func expireShims(dir, own string, now time.Time) {
	if dir == "" || !buildName.MatchString(own) {
		return // not a directory of shims: pinch itself serves, or a test
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		fi, err := e.Info()
		if err != nil {
			continue // another run removed it
		}
		path, age := filepath.Join(dir, e.Name()), now.Sub(fi.ModTime())
		switch {
		case e.IsDir() && e.Name() == own:
			if age > touchEvery {
				_ = os.Chtimes(path, now, now)
			}
		case e.IsDir() && buildName.MatchString(e.Name()):
			if age > shimAge {
				_ = os.RemoveAll(path)
			}
		case fi.Mode().IsRegular() && isScrap(e.Name()) && age > scrapAge:
			_ = os.Remove(path)
		}
	}
}

// isScrap tells the temporary names of the bootstrap (shim/bootstrap.go).
func isScrap(name string) bool {
	for _, prefix := range []string{".up-", ".new", ".x"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
