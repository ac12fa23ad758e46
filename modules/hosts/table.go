package hosts

import (
	"fmt"
	"slices"
	"strings"
)

// line is an entry of a hosts file as Salt sees it: a comment line of its own,
// or all names of an address.
type line struct {
	comment string // of a comment line, "#" included
	ip      string
	aliases []string
	note    string // comment behind the names
	hasNote bool
}

// table is a hosts file. Names of one address are gathered where it comes first.
type table struct{ lines []line }

// parse reads a hosts file. Empty lines are dropped, as Salt drops them.
func parse(text string) *table {
	t := &table{}
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		switch {
		case l == "":
			continue
		case l[0] == '#':
			t.lines = append(t.lines, line{comment: l})
			continue
		}
		l, note, _ := strings.Cut(l, "#")
		note = strings.TrimLeft(note, " \t")
		words := strings.Fields(l)
		e := t.entry(words[0])
		if e == nil {
			t.lines = append(t.lines, line{ip: words[0]})
			e = &t.lines[len(t.lines)-1]
		}
		e.aliases = append(e.aliases, words[1:]...)
		if note != "" {
			e.note, e.hasNote = note, true
		}
	}
	return t
}

// entry returns the entry of an address, or nil.
func (t *table) entry(ip string) *line {
	for i := range t.lines {
		if t.lines[i].comment == "" && t.lines[i].ip == ip {
			return &t.lines[i]
		}
	}
	return nil
}

// hasPair says whether an address has a name.
func (t *table) hasPair(ip, name string) bool {
	e := t.entry(ip)
	return e != nil && slices.Contains(e.aliases, name)
}

// text is the whole file in Salt's form. For names without an address Salt
// writes the line before once more.
func (t *table) text() string {
	var b strings.Builder
	s := ""
	for _, l := range t.lines {
		switch {
		case l.comment != "":
			s = l.comment
		case l.ip != "":
			s = l.ip + "\t\t" + strings.Join(l.aliases, " ")
			if l.hasNote {
				s += "\t\t# " + l.note
			}
		}
		if s != "" {
			b.WriteString(strings.TrimSpace(s) + "\n")
		}
	}
	return b.String()
}

// add gives an address a name.
func (t *table) add(ip, name string) {
	e := t.entry(ip)
	if e == nil {
		t.lines = append(t.lines, line{ip: ip})
		e = &t.lines[len(t.lines)-1]
	}
	e.aliases = append(e.aliases, name)
}

// withoutName is a hosts file less one name of an address. Only lines of that
// address change; one without names goes.
func withoutName(text, ip, name string) string {
	return edit(text, ip, func(words []string, note string) string {
		names := slices.DeleteFunc(words[1:], func(w string) bool { return w == name })
		switch {
		case len(names) == 0:
			return ""
		case note != "":
			return fmt.Sprintf("%s\t\t%s # %s\n", ip, strings.Join(names, " "), note)
		}
		return fmt.Sprintf("%s\t\t%s \n", ip, strings.Join(names, " "))
	})
}

// withNames is a hosts file in which an address has exactly these names, at the
// place of its first line; no names remove it.
func withNames(text, ip, names, note string) string {
	l := ip + "\t\t" + names
	if note != "" {
		l += "\t\t# " + note
	}
	if l += "\n"; strings.TrimSpace(names) == "" {
		l = ""
	}
	done := false
	text = edit(text, ip, func([]string, string) string {
		if done {
			return ""
		}
		done = true
		return l
	})
	if done {
		return text
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + l
}

// edit replaces the lines of an address and keeps all others as they are.
func edit(text, ip string, change func(words []string, note string) string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		entry, note, _ := strings.Cut(strings.TrimSpace(l), "#")
		words := strings.Fields(entry)
		if len(words) == 0 || words[0] != ip {
			b.WriteString(l)
			continue
		}
		b.WriteString(change(words, strings.TrimLeft(note, " \t")))
	}
	return b.String()
}
