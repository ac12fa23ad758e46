package file

import (
	"path"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/host"
)

// glob is Python's glob.glob: what fits a pattern, by name. Names that begin
// with a dot fit only a pattern that does.
func glob(r host.Reader, pattern string) []string {
	if !fnmatch.HasMeta(pattern) {
		if lexists(r, pattern) {
			return []string{pattern}
		}
		return nil
	}
	dir, base := path.Split(pattern)
	dirs := []string{dir}
	if trimmed := strings.TrimRight(dir, "/"); trimmed != "" && fnmatch.HasMeta(trimmed) {
		dirs = nil
		for _, d := range glob(r, trimmed) {
			if isDir(r, d) {
				dirs = append(dirs, d+"/")
			}
		}
	}
	var out []string
	for _, d := range dirs {
		if base == "" {
			if isDir(r, d) {
				out = append(out, d)
			}
			continue
		}
		if !fnmatch.HasMeta(base) {
			if lexists(r, d+base) {
				out = append(out, d+base)
			}
			continue
		}
		entries, err := r.ReadDir(orText(d, "."))
		if err != nil {
			continue // as glob: what cannot be read has nothing
		}
		p := fnmatch.Compile(base)
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(base, ".") {
				continue
			}
			if p.Match(e.Name()) {
				out = append(out, d+e.Name())
			}
		}
	}
	return out
}
