package states

import (
	"path"
	"sort"
	"strings"

	"pinch/internal/fileserver"
	"pinch/internal/fnmatch"
)

// globFiles is Python's glob.glob on a disk, sorted, with paths as they are
// written: a pattern does not match
// names that begin with a dot unless it says so, and there is no escape.
func globFiles(disk fileserver.Disk, pattern string) []string {
	if !strings.ContainsAny(pattern, "*?[") {
		if _, err := disk.Stat(pattern); err == nil {
			return []string{pattern}
		}
		if _, err := disk.Readlink(pattern); err == nil {
			return []string{pattern} // a link to nothing is there, too
		}
		return nil
	}
	dir, base := path.Split(pattern)
	dirs := []string{dir}
	if strings.ContainsAny(dir, "*?[") {
		dirs = globFiles(disk, strings.TrimSuffix(dir, "/"))
	}
	var out []string
	for _, d := range dirs {
		if !strings.HasSuffix(d, "/") && d != "" {
			d += "/"
		}
		if !strings.ContainsAny(base, "*?[") {
			if len(globFiles(disk, d+base)) > 0 {
				out = append(out, d+base)
			}
			continue
		}
		entries, err := disk.ReadDir(path.Clean(d))
		if err != nil {
			continue // as Python's
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(base, ".") {
				continue
			}
			if fnmatch.Match(base, e.Name()) {
				out = append(out, d+e.Name())
			}
		}
	}
	sort.Strings(out)
	return out
}
