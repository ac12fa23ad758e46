// Package pypath is Python's posixpath on texts. It differs from Go's path:
// Dir("a/") is "a", Join does not clean, and two leading slashes stay two.
package pypath

import (
	"path"
	"strings"
)

// Norm is normpath.
func Norm(p string) string {
	if p == "" {
		return "."
	}
	c := path.Clean(p)
	if strings.HasPrefix(p, "//") && !strings.HasPrefix(p, "///") {
		return "/" + c
	}
	return c
}

// Dir is dirname.
func Dir(p string) string {
	head := p[:strings.LastIndexByte(p, '/')+1]
	if t := strings.TrimRight(head, "/"); t != "" {
		return t
	}
	return head
}

// Base is basename.
func Base(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }

// Join is join.
func Join(parts ...string) string {
	out := ""
	for i, p := range parts {
		switch {
		case i == 0 || strings.HasPrefix(p, "/"):
			out = p
		case out == "" || strings.HasSuffix(out, "/"):
			out += p
		default:
			out += "/" + p
		}
	}
	return out
}

// Rel is relpath of two absolute paths.
func Rel(p, start string) string {
	split := func(s string) []string {
		return strings.FieldsFunc(Norm(s), func(r rune) bool { return r == '/' })
	}
	from, to := split(start), split(p)
	same := 0
	for same < len(from) && same < len(to) && from[same] == to[same] {
		same++
	}
	var out []string
	for range from[same:] {
		out = append(out, "..")
	}
	if out = append(out, to[same:]...); len(out) == 0 {
		return "."
	}
	return strings.Join(out, "/")
}
