package pydiff

import (
	"strconv"
	"strings"
)

// Context is how many equal lines a diff shows around a change.
const Context = 3

// Unified returns the unified diff of two texts given as lines with their
// line ends (difflib.unified_diff with the names and nothing else, joined).
// It is empty when they are equal. A last line without a line end is shown
// without one, as difflib does.
func Unified(a, b []string, from, to string) string {
	return strings.Join(Lines(a, b, from, to), "")
}

// Lines is Unified before its lines are joined.
func Lines(a, b []string, from, to string) []string {
	hunks := newMatcher(a, b).hunks(Context)
	if len(hunks) == 0 {
		return nil
	}
	out := []string{"--- " + from + "\n", "+++ " + to + "\n"}
	for _, h := range hunks {
		first, last := h[0], h[len(h)-1]
		out = append(out, "@@ -"+lineRange(first.i1, last.i2)+" +"+lineRange(first.j1, last.j2)+" @@\n")
		for _, c := range h {
			if c.equal {
				out = appendMarked(out, ' ', a[c.i1:c.i2])
				continue
			}
			out = appendMarked(out, '-', a[c.i1:c.i2])
			out = appendMarked(out, '+', b[c.j1:c.j2])
		}
	}
	return out
}

func appendMarked(out []string, mark byte, lines []string) []string {
	for _, l := range lines {
		out = append(out, string(mark)+l)
	}
	return out
}

// lineRange is a hunk's range: lines count from 1, an empty range names the
// line before it.
func lineRange(start, stop int) string {
	switch n := stop - start; n {
	case 1:
		return strconv.Itoa(start + 1)
	case 0:
		return strconv.Itoa(start) + ",0"
	default:
		return strconv.Itoa(start+1) + "," + strconv.Itoa(n)
	}
}
