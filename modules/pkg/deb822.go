package pkg

import (
	"regexp"
	"slices"
	"strings"
)

// section is a paragraph of a .sources file: fields in order, with the comment
// lines above the first field and those below it.
type section struct {
	header, footer []string
	tags           []tag
}

type tag struct{ key, value string }

var tagPattern = regexp.MustCompile(`^([^\s:]\S*?):[ \t]*(.*)$`)

// parseSection reads a paragraph. Continuation lines belong to the value.
func parseSection(text string) *section {
	s := &section{}
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "#") {
			if inside {
				s.footer = append(s.footer, line)
			} else {
				s.header = append(s.header, line)
			}
			continue
		}
		inside = true
		if m := tagPattern.FindStringSubmatch(line); m != nil {
			s.set(m[1], m[2])
		} else if n := len(s.tags); n > 0 && line != "" {
			s.tags[n-1].value += "\n" + line
		}
	}
	for i := range s.tags {
		// a value that begins on the next line (a key block) stays there
		s.tags[i].value = strings.TrimRight(s.tags[i].value, " \t\n")
	}
	return s
}

// parseSections reads a .sources file: paragraphs with blank lines between.
func parseSections(text string) []*section {
	var out []*section
	var paragraph strings.Builder
	end := func() {
		if paragraph.Len() > 0 {
			out = append(out, parseSection(paragraph.String()))
			paragraph.Reset()
		}
	}
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			end()
			continue
		}
		paragraph.WriteString(line)
	}
	end()
	return out
}

func (s *section) index(key string) int {
	return slices.IndexFunc(s.tags, func(t tag) bool { return strings.EqualFold(t.key, key) })
}

// get returns a field; names ignore case.
func (s *section) get(key string) (string, bool) {
	if i := s.index(key); i >= 0 {
		return strings.TrimSpace(s.tags[i].value), true
	}
	return "", false
}

func (s *section) set(key, value string) {
	if i := s.index(key); i >= 0 {
		s.tags[i].value = value
		return
	}
	s.tags = append(s.tags, tag{key, value})
}

func (s *section) remove(key string) {
	if i := s.index(key); i >= 0 {
		s.tags = slices.Delete(s.tags, i, i+1)
	}
}

// String is the paragraph as it is written; empty fields are left out.
func (s *section) String() string {
	var b strings.Builder
	for _, l := range s.header {
		b.WriteString(l + "\n")
	}
	for _, t := range s.tags {
		switch {
		case t.value == "":
		case t.value[0] == '\n':
			b.WriteString(t.key + ":" + t.value + "\n")
		default:
			b.WriteString(t.key + ": " + t.value + "\n")
		}
	}
	for _, l := range s.footer {
		b.WriteString(l + "\n")
	}
	return b.String()
}
