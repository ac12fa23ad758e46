package match

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// lower is Python's str.lower, which differs from strings.ToLower in the few
// letters that depend on their neighbours or grow (final sigma, dotted I).
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return cases.Lower(language.Und).String(s)
		}
	}
	return strings.ToLower(s)
}
