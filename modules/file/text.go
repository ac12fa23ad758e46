package file

import (
	"bytes"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/pydiff"
)

// splitBytes is bytes.splitlines(True): at LF, CR and CR LF.
func splitBytes(s string) []string {
	var out []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\r':
			if strings.HasPrefix(s[i+1:], "\n") {
				i++
			}
		case '\n':
		default:
			continue
		}
		out = append(out, s[start:i+1])
		start = i + 1
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// readLines is readlines of a binary file: at LF, which is kept.
func readLines(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		out = append(out, l)
	}
	return out
}

// textDiff is Salt's stringutils.get_diff of two lists of lines.
func textDiff(a, b []string) string {
	if slices.Equal(a, b) {
		return ""
	}
	return pydiff.Unified(decodeLines(a), decodeLines(b), "", "")
}

// decodeLines makes text of lines; a line that is no UTF-8 is read as Latin-1.
func decodeLines(in []string) []string {
	out := make([]string, len(in))
	for i, l := range in {
		out[i] = pydiff.Decode([]byte(l))
	}
	return out
}

// textBlock is how much of a file decides whether it is text.
const textBlock = 512

// isText is Salt's files.is_text of a file's content.
func isText(data []byte) bool { return !pydiff.IsBinary(data[:min(len(data), textBlock)]) }

// ignoring says which differences between two files do not count for
// requisites (ignore_ordering and its like of file.managed).
type ignoring struct {
	ordering, whitespace bool
	comments             py.Value
}

func (g ignoring) any() bool { return g.ordering || g.whitespace || given(g.comments) }

// pydiff returns it in the form of package pydiff.
func (g ignoring) pydiff() pydiff.Ignore {
	out := pydiff.Ignore{Ordering: g.ordering, Whitespace: g.whitespace}
	switch c := g.comments.(type) {
	case py.Str:
		out.Comments = []string{string(c)}
	case *py.List:
		for _, it := range c.Items {
			out.Comments = append(out.Comments, py.ToStr(it))
		}
	}
	return out
}

// contentDiff is Salt's file.get_diff of two contents without file names:
// "" when they are equal. counts says whether there is more than is ignored.
func contentDiff(old, new []byte, showChanges bool, g ignoring) (diff string, counts bool) {
	switch {
	case bytes.Equal(old, new):
		return "", false
	case !showChanges:
		return hiddenDiff, true
	case !isText(old) || !isText(new) || !g.any():
		return pydiff.File(old, new), true
	}
	counts, diff = pydiff.Conditional(pydiff.FileLines(old), pydiff.FileLines(new), "", "", g.pydiff())
	return diff, counts
}

// hiddenDiff stands for a diff that is not to be shown.
const hiddenDiff = "<show_changes=False>"
