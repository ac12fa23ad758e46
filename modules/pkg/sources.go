package pkg

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

const (
	sourcesList  = "/etc/apt/sources.list"
	sourcesParts = "/etc/apt/sources.list.d"
)

// source is an entry of apt's sources: a line of a .list file, or with section
// a paragraph of a .sources file (deb822).
type source struct {
	file    string
	section *section

	// of a line
	line      string
	invalid   bool // blank, a comment, or nothing that apt would take
	off       bool // commented out
	options   []option
	kind      string
	archs     []string
	signedBy  string
	trust     *bool
	uri, dist string
	parts     []string // components
	comment   string
}

// option is one of a line's options between brackets.
type option struct{ key, full, value string }

// parseOptions reads the words between the brackets, in order. A word without
// "=" is kept as it is.
func parseOptions(words []string) []option {
	var out []option
	for _, w := range words {
		if w = strings.Trim(w, "[]"); w == "" {
			continue
		}
		key, value, _ := strings.Cut(w, "=")
		switch {
		case strings.HasPrefix(w, "arch="):
			key = "arch"
		case key == "signed-by":
			key = "signedby"
		}
		o := option{key, w, value}
		if i := slices.IndexFunc(out, func(x option) bool { return x.key == key }); i >= 0 {
			out[i] = o
		} else {
			out = append(out, o)
		}
	}
	return out
}

var cdromPattern = regexp.MustCompile(`^(.*)(cdrom:.*/)(.*)`)

// splitLine takes a line apart; invalid is true when it is no repository.
func splitLine(line string) (off, invalid bool, comment string, words []string) {
	line = strings.TrimSpace(line)
	if line == "" {
		return false, true, "", nil
	}
	if rest, ok := strings.CutPrefix(line, "#"); ok {
		off, line = true, rest
	}
	if i := strings.Index(line, "#"); i > 0 {
		comment, line = line[i+1:], line[:i]
	}
	if m := cdromPattern.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
		words = append(append(strings.Fields(m[1]), strings.TrimSpace(m[2])), strings.Fields(m[3])...)
	} else {
		words = strings.Fields(line)
	}
	if len(words) < 3 || !slices.Contains([]string{"deb", "deb-src", "rpm", "rpm-src"}, words[0]) {
		return off, true, comment, words
	}
	if strings.HasPrefix(words[1], "[") && !slices.ContainsFunc(words[1:], func(w string) bool { return strings.HasSuffix(w, "]") }) {
		return off, true, comment, words
	}
	return off, false, comment, words
}

// parseLine reads a line of a .list file. A line with options and too little
// besides is an error.
func parseLine(line, file string) (*source, error) {
	s := &source{file: file, line: line}
	var words []string
	s.off, s.invalid, s.comment, words = splitLine(line)
	if s.invalid {
		return s, nil
	}
	if strings.HasPrefix(words[1], "[") {
		end := slices.IndexFunc(words, func(w string) bool { return strings.HasSuffix(w, "]") })
		s.options = parseOptions(words[1 : end+1])
		words = append(words[:1:1], words[end+1:]...)
		for _, o := range s.options {
			switch o.key {
			case "arch":
				s.archs = strings.Split(o.value, ",")
			case "signedby":
				s.signedBy = o.value
			case "trusted":
				on, err := boolText(o.value)
				if err != nil {
					return nil, err
				}
				s.trust = &on
			}
		}
	}
	if len(words) < 3 {
		return nil, modules.SaltInvocationError("Invalid repository definition: " + strings.Join(words, " "))
	}
	s.kind, s.uri, s.dist, s.parts = words[0], words[1], words[2], words[3:]
	return s, nil
}

func boolText(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "no", "false", "without", "off", "disable", "0":
		return false, nil
	case "yes", "true", "with", "on", "enable", "1":
		return true, nil
	}
	return false, py.ValueErrorf("Unable to convert to boolean: %s", strings.ToLower(s))
}

// text is the entry as it is written, without a final newline.
func (s *source) text() string {
	switch {
	case s.section != nil:
		return strings.TrimSpace(s.section.String())
	case s.invalid:
		return strings.TrimSpace(s.line)
	}
	opts := slices.Clone(s.options)
	set := func(key, name, value string) {
		o := option{key, name + "=" + value, value}
		if i := slices.IndexFunc(opts, func(x option) bool { return x.key == key }); i >= 0 {
			opts[i] = o
		} else {
			opts = append(opts, o)
		}
	}
	if len(s.archs) > 0 {
		set("arch", "arch", strings.Join(s.archs, ","))
	}
	if s.signedBy != "" {
		set("signedby", "signed-by", s.signedBy)
	}
	if s.trust != nil && *s.trust {
		set("trusted", "trusted", "yes")
	}
	opts = slices.DeleteFunc(opts, func(o option) bool { return o.key == "trusted" && o.value == "no" })
	var words []string
	if s.off {
		words = append(words, "#")
	}
	words = append(words, s.kind)
	if len(opts) > 0 {
		full := make([]string, len(opts))
		for i, o := range opts {
			full[i] = o.full
		}
		words = append(words, "["+strings.Join(full, " ")+"]")
	}
	words = append(words, s.uri, s.dist, strings.Join(s.parts, " "))
	if s.comment != "" {
		words = append(words, "#"+s.comment)
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

func (s *source) field(name string) []string {
	v, _ := s.section.get(name)
	return strings.Fields(v)
}

func (s *source) types() []string {
	if s.section != nil {
		return s.field("Types")
	}
	return []string{s.kind}
}

func (s *source) uris() []string {
	if s.section != nil {
		return s.field("URIs")
	}
	return []string{s.uri}
}

func (s *source) suites() []string {
	switch {
	case s.section != nil:
		return s.field("Suites")
	case s.dist == "":
		return nil
	}
	return []string{s.dist}
}

func (s *source) comps() []string {
	if s.section != nil {
		return s.field("Components")
	}
	return s.parts
}

func (s *source) architectures() []string {
	if s.section != nil {
		return s.field("Architectures")
	}
	return s.archs
}

func (s *source) disabled() (bool, error) {
	if s.section == nil {
		return s.off, nil
	}
	v, ok := s.section.get("Enabled")
	if !ok {
		return false, nil
	}
	on, err := boolText(v)
	return !on, err
}

func (s *source) trusted() (*bool, error) {
	if s.section == nil {
		return s.trust, nil
	}
	v, ok := s.section.get("Trusted")
	if !ok {
		return nil, nil
	}
	on, err := boolText(v)
	return &on, err
}

// signed is the key that signs, as Salt gives it: None for a paragraph
// without, "" for a line without.
func (s *source) signed() py.Value {
	if s.section == nil {
		return py.Str(s.signedBy)
	}
	if v, ok := s.section.get("Signed-By"); ok {
		return py.Str(v)
	}
	return py.None
}

// usable says whether it is a repository at all.
func (s *source) usable() bool {
	if s.section != nil {
		return len(s.section.tags) > 0
	}
	return !s.invalid
}

// set changes one of the properties that pkg.mod_repo may change. A property
// that only paragraphs have is left out on a line.
func (s *source) set(key string, v py.Value) error {
	if key == "trusted" {
		return s.setTrusted(v)
	}
	if s.section == nil {
		switch key {
		case "uri":
			s.uri = py.ToStr(v)
		case "comps":
			s.parts = listOf(v)
		case "architectures":
			s.archs = listOf(v)
		case "disabled":
			s.off = py.IsTrue(v)
		case "file":
			s.file = py.ToStr(v)
		case "dist":
			s.dist = py.ToStr(v)
		case "signedby":
			s.signedBy = py.ToStr(v)
		}
		return nil
	}
	switch key {
	case "file":
		s.file = py.ToStr(v)
	case "disabled":
		if py.IsTrue(v) {
			s.section.set("Enabled", "no")
		} else {
			s.section.remove("Enabled")
		}
	case "uri":
		s.section.set("URIs", py.ToStr(v))
	case "dist":
		s.section.set("Suites", py.ToStr(v))
	case "signedby":
		s.section.set("Signed-By", py.ToStr(v))
	default:
		name, ok := map[string]string{"uris": "URIs", "suites": "Suites", "types": "Types", "comps": "Components", "architectures": "Architectures"}[key]
		if !ok {
			return fmt.Errorf("%s: not a property of a repository", key)
		}
		s.section.set(name, strings.Join(listOf(v), " "))
	}
	return nil
}

func (s *source) setTrusted(v py.Value) error {
	var on *bool
	switch v := v.(type) {
	case py.Bool:
		b := bool(v)
		on = &b
	case py.Int:
		if v == 0 || v == 1 {
			b := v == 1
			on = &b
		}
	case py.Str:
		b, err := boolText(string(v))
		if err != nil {
			return err
		}
		on = &b
	}
	switch {
	case s.section == nil:
		s.trust = on
	case on == nil:
		s.section.remove("Trusted")
	case *on:
		s.section.set("Trusted", "yes")
	default:
		s.section.set("Trusted", "no")
	}
	return nil
}

func (s *source) setComment(text string) {
	if s.section == nil {
		s.comment = text
		return
	}
	lines := strings.Split(text, "\n")
	if slices.ContainsFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "#") }) {
		for i := range lines {
			lines[i] = "#" + lines[i]
		}
	}
	s.section.header = lines
}

// listOf is a list's texts; a text is split at blanks.
func listOf(v py.Value) []string {
	if s, ok := v.(py.Str); ok {
		return strings.Fields(string(s))
	}
	return texts(v)
}
