package postgres

import (
	"fmt"
	"regexp"
	"strings"
)

var versionPart = regexp.MustCompile(`\d+|[a-z]+|[^\da-z.]+`)

// older compares versions as Python's LooseVersion does: numbers as numbers,
// text as text, and all as text where a number meets text.
func older(a, b string) bool {
	x, y := versionPart.FindAllString(a, -1), versionPart.FindAllString(b, -1)
	for i := range min(len(x), len(y)) {
		p, q := padded(x[i]), padded(y[i])
		if p != q {
			return p < q
		}
	}
	return len(x) < len(y)
}

func padded(s string) string {
	if s[0] < '0' || s[0] > '9' {
		return s
	}
	s = strings.TrimLeft(s, "0")
	return fmt.Sprintf("%08s", s)
}
