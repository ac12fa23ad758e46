package firewalld

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// normalized are rich rules with the values of their attributes in double
// quotes, as firewall-cmd prints them.
func normalized(rules []string) []string {
	out := make([]string, len(rules))
	for i, rule := range rules {
		words := strings.Split(rule, " ")
		for j, word := range words {
			key, v, ok := strings.Cut(word, "=")
			if !ok || strings.HasPrefix(v, `"`) || strings.HasSuffix(v, `"`) {
				continue
			}
			if len(v) > 1 && v[0] == '\'' && v[len(v)-1] == '\'' {
				v = v[1 : len(v)-1]
			}
			words[j] = key + `="` + v + `"`
		}
		out[i] = strings.TrimLeft(strings.Join(words, " "), " ")
	}
	return out
}

// sortedPorts are ports in the order of --list-ports: by protocol, then number.
func sortedPorts(ports []string) []string {
	out := slices.Clone(ports)
	slices.SortStableFunc(out, func(a, b string) int {
		first, proto := portOf(a)
		second, other := portOf(b)
		return cmp.Or(cmp.Compare(proto, other), cmp.Compare(first, second))
	})
	return out
}

func portOf(s string) (number int, proto string) {
	ports, proto, _ := strings.Cut(s, "/")
	first, _, _ := strings.Cut(ports, "-")
	number, err := strconv.Atoi(first)
	if err != nil {
		return 0, proto
	}
	return number, proto
}
