package pkg

import (
	"strings"

	"pinch/internal/fnmatch"
)

// compareFunc compares two versions of a package manager.
type compareFunc func(a, b string, ignoreEpoch bool) (c int, ok bool)

// comparisons in the order in which they are tried.
var comparisons = [...]string{"<=>", "!=", ">=", "<=", ">>", "<<", "<>", ">", "<", "="}

// splitComparison splits ">= 1.2" into operator and version. A text that does
// not look like that is all version.
func splitComparison(s string) (oper, ver string) {
	rest := s
	for _, c := range comparisons {
		if r, ok := strings.CutPrefix(s, c); ok {
			if v, ok := bareVersion(r); ok {
				return c, v
			}
		}
	}
	if v, ok := bareVersion(rest); ok {
		return "", v
	}
	return "", s
}

// bareVersion takes one leading blank off; ok is false when what is left is
// empty or holds a comparison.
func bareVersion(s string) (string, bool) {
	if v := strings.TrimLeft(s, " \t\n\r\f\v"); len(v) < len(s) && s[1:] != "" {
		s = s[1:]
	}
	return s, s != "" && !strings.ContainsAny(s, "<>=")
}

// condition is one of the comma-separated parts of a version argument.
type condition struct{ oper, version string }

func parseConditions(s string) []condition {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil
	}
	var out []condition
	for part := range strings.SplitSeq(s, ",") {
		oper, ver := splitComparison(strings.TrimSpace(part))
		if oper == "" || oper == "=" {
			oper = "=="
		}
		out = append(out, condition{oper, ver})
	}
	return out
}

// fulfills says whether one of the installed versions meets all conditions.
// ignoreEpoch nil ignores the epoch where no epoch and no "<" or ">" is given.
func fulfills(installed []string, spec string, ignoreEpoch *bool, allowUpdates bool, cmp compareFunc) bool {
	conditions := parseConditions(spec)
	for _, have := range installed {
		all := true
		for _, c := range conditions {
			oper := c.oper
			if allowUpdates && len(conditions) == 1 && oper == "==" {
				oper = ">="
			}
			ignore := !strings.ContainsAny(oper, "<>") && !strings.Contains(c.version, ":")
			if ignoreEpoch != nil {
				ignore = *ignoreEpoch
			}
			if oper == "==" && fnmatch.Match(c.version, have) {
				continue
			}
			if !holdsFor(have, oper, c.version, ignore, cmp) {
				all = false
				break
			}
		}
		if all {
			return true
		}
	}
	return false
}

// holdsFor says whether "a oper b" is true; an operator that does not exist
// and versions that cannot be compared make it false.
func holdsFor(a, oper, b string, ignoreEpoch bool, cmp compareFunc) bool {
	c, ok := cmp(a, b, ignoreEpoch)
	if !ok {
		return false
	}
	switch oper {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case "==":
		return c == 0
	case "!=":
		return c != 0
	case ">=":
		return c >= 0
	case ">":
		return c > 0
	}
	return false
}

// matchVersion returns the first of the candidates that meets a comparison.
func matchVersion(spec string, candidates []string, ignoreEpoch bool, cmp compareFunc) (string, bool) {
	oper, ver := splitComparison(spec)
	if oper == "" {
		oper = "=="
	}
	for _, c := range candidates {
		if holdsFor(c, oper, ver, ignoreEpoch, cmp) {
			return c, true
		}
	}
	return "", false
}
