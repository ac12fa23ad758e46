package alias

import (
	"regexp"
	"strings"
	"sync"
)

// line is a line of an aliases file. A line that is no alias with a target
// keeps its text.
type line struct {
	text, alias, target, comment string
	isAlias                      bool // the name part is not empty
}

var pattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([^:#]*)\s*:?\s*([^#]*?)(?:(\s+#.*)|\n?\z)`)
})

// parse reads an aliases file.
func parse(text string) []line {
	var out []line
	for l := range strings.Lines(text) {
		e := line{text: strings.TrimSuffix(l, "\n")}
		if m := pattern().FindStringSubmatch(l); m != nil {
			e.alias, e.target, e.comment, e.isAlias = m[1], m[2], m[3], m[1] != ""
		}
		out = append(out, e)
	}
	return out
}

// render writes an aliases file.
func render(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		if l.alias != "" && l.target != "" {
			b.WriteString(l.alias + ": " + l.target + l.comment + "\n")
		} else {
			b.WriteString(l.text + "\n")
		}
	}
	return b.String()
}

// find returns the target of an alias: the last one counts.
func find(lines []line, alias string) (target string, ok bool) {
	for _, l := range lines {
		if l.isAlias && l.alias == alias {
			target, ok = l.target, true
		}
	}
	return target, ok
}

// set gives an alias a target, in the place of its first line.
func set(lines []line, alias, target string) []line {
	var out []line
	done := false
	for _, l := range lines {
		switch {
		case !l.isAlias || l.alias != alias:
			out = append(out, l)
		case !done:
			l.target, done = target, true
			out = append(out, l)
		}
	}
	if !done {
		out = append(out, line{alias: alias, target: target, isAlias: true})
	}
	return out
}

// remove takes all lines of an alias out.
func remove(lines []line, alias string) []line {
	var out []line
	for _, l := range lines {
		if !l.isAlias || l.alias != alias {
			out = append(out, l)
		}
	}
	return out
}
