package mysql

import (
	"strings"

	"pinch/internal/py"
)

// grant is a GRANT statement taken apart.
type grant struct {
	user, host, database string
	grants               []string
}

func (g *grant) dict() *py.Dict {
	l := py.NewList()
	for _, s := range g.grants {
		l.Append(py.Str(s))
	}
	return py.DictOf("user", py.Str(g.user), "host", py.Str(g.host), "grant", l, "database", py.Str(g.database))
}

// lexer splits as Python's shlex does without POSIX rules, with ' and ` as
// quotes and " as part of words: words, quoted texts with their quotes, and
// every other character for itself.
func lexer(s string) ([]string, error) {
	var tokens []string
	word := func(r rune) bool {
		return r == '_' || r == '"' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	quote := func(r rune) bool { return r == '\'' || r == '`' }
	rs := []rune(s)
	for i := 0; i < len(rs); {
		start := i
		switch r := rs[i]; {
		case strings.ContainsRune(" \t\r\n", r):
			i++
			continue
		case quote(r):
			for i++; i < len(rs) && rs[i] != r; i++ {
			}
			if i == len(rs) {
				return nil, py.Errorf("ValueError", "No closing quotation")
			}
			i++
		case word(r):
			for i++; i < len(rs) && (word(rs[i]) || quote(rs[i])); i++ {
			}
		default:
			i++
		}
		tokens = append(tokens, string(rs[start:i]))
	}
	return tokens, nil
}

// phases of a GRANT statement.
const (
	inGrants = iota
	inDatabase
	inTables
	inUser
	beforeHost
	inHost
)

// tokenize takes a GRANT statement apart. withoutUser says that it ends before
// its user, who is known.
func tokenize(sql string, withoutUser bool) (*grant, error) {
	all, err := lexer(sql)
	if err != nil {
		return nil, err
	}
	g := &grant{grants: []string{}}
	next := func(i int) (string, error) {
		if i+1 < len(all) {
			return all[i+1], nil
		}
		return "", py.Errorf("IndexError", "list index out of range")
	}
	var several []string
	column, current, phase, hasHost := false, "", inGrants, false
scan:
	for i := 1; i < len(all); i++ {
		t := all[i]
		switch {
		case phase == inGrants && t == ",":
		case phase == inGrants && (t == "(" || t == ")"):
			column = t == "("
		case phase == inGrants && t == "ON":
			phase = inDatabase
		case phase == inTables && t == "TO":
			phase = inUser
		case phase == beforeHost && t == "@":
			phase = inHost
		case phase == inGrants:
			after, err := next(i)
			if err != nil {
				return nil, err
			}
			switch ends := after == "," || after == "ON" || after == "(" || after == ")"; {
			case !ends:
				several = append(several, t)
			case len(several) > 0:
				g.grants = append(g.grants, strings.Join(append(several, t), " "))
				several = nil
			case column:
				g.grants = append(g.grants, current+"."+t)
			default:
				current = t
				g.grants = append(g.grants, t)
			}
		case phase == inDatabase:
			g.database += t
			if i+1 == len(all) {
				break scan
			}
			if all[i+1] == "." {
				phase = inTables
			}
		case phase == inTables:
			g.database += t
		case phase == inUser && withoutUser:
			break scan
		case phase == inUser:
			g.user += t
			after, err := next(i)
			if err != nil {
				return nil, err
			}
			if after == "@" {
				phase = beforeHost
			}
		case phase == inHost:
			g.host, hasHost = t, true
			break scan
		}
	}
	if !withoutUser {
		g.user = strings.Trim(g.user, "'")
	}
	if hasHost {
		g.host = strings.Trim(g.host, "'")
	}
	return g, nil
}
