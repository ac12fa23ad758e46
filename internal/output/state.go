package output

import (
	"regexp"
	"strconv"
	"strings"

	"pinch/internal/py"
)

// stateReport is the report on one state of a host.
type stateReport struct {
	*hostReport
	name  string // state_|-id_|-name_|-function
	ret   *py.Dict
	count int // how many states it stands for (state_compress_ids)

	comps   []string
	result  py.Value
	changed bool
	text    string // of the changes
	tcolor  string
}

var compressedCount = regexp.MustCompile(`\((\d+)\)$`)

func (s *stateReport) report() error {
	var err error
	if s.result, err = key(s.ret, "result"); err != nil {
		return err
	}
	s.comps = strings.Split(s.name, "_|-")
	if s.StateCompressIDs && strings.Contains(s.name, "_|-state_compressed_") && len(s.comps) == 4 {
		if m := compressedCount.FindStringSubmatch(s.comps[1]); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil {
				s.count = n
			}
		}
	}
	if err := s.addCount(s.result, s.count); err != nil {
		return err
	}
	if err := s.addDuration(); err != nil {
		return err
	}
	if err := s.readChanges(); err != nil {
		return err
	}
	good, err := py.Truth(s.result)
	if err != nil {
		return err
	}
	if good && !s.changed && (s.StateOutputDiff || !s.StateVerbose) {
		return nil
	}
	s.tcolor = "GREEN"
	if s.changed {
		s.tcolor = "CYAN"
	}
	switch s.result {
	case py.False:
		s.tcolor = "RED"
		s.color = "RED"
	case py.None:
		s.tcolor = "LIGHT_YELLOW"
		s.color = "LIGHT_YELLOW"
	}
	if len(s.comps) < 4 {
		return py.Errorf("IndexError", "list index out of range")
	}
	mode := py.Lower(s.StateOutput)
	if strings.HasSuffix(mode, "_id") {
		s.comps[2] = s.comps[1]
	}
	terse, skip := s.brief(mode, good)
	if terse {
		line, err := s.terse()
		if err != nil {
			return err
		}
		s.lines = append(s.lines, line)
		return nil
	}
	if skip {
		return nil
	}
	return s.full()
}

// brief says whether a mode shows the state in one line, or not at all.
func (s *stateReport) brief(mode string, good bool) (terse, skip bool) {
	switch {
	case strings.HasPrefix(mode, "filter"):
		text := py.ToStr(s.result)
		return contains(s.StateOutputTerse, text), contains(s.StateOutputExclude, text)
	case strings.HasPrefix(mode, "terse"):
		return true, false
	case strings.HasPrefix(mode, "mixed"):
		return s.result != py.False, false
	case strings.HasPrefix(mode, "changes"):
		return good && !s.changed, false
	}
	return false, false
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func (h *hostReport) addCount(result py.Value, n int) error {
	old, ok, err := h.counts.Get(result)
	if err != nil {
		return err
	}
	total := int64(n)
	if ok {
		i, _ := py.AsInt(old)
		total += i
	}
	return h.counts.Set(result, py.Int(total))
}

// addDuration notes how long the state ran; a text may end with " ms".
func (s *stateReport) addDuration() error {
	var v py.Value = py.Int(0)
	if d, ok := s.ret.GetStr("duration"); ok {
		v = d
	}
	f, ok, err := asSeconds(v)
	if err != nil || !ok {
		return err
	}
	if s.ret.Has("__parallel__") {
		s.parallel = append(s.parallel, f)
	} else {
		s.serial = append(s.serial, f)
	}
	return nil
}

// asSeconds is float(v), or of the text before " ms"; ok is false for a text
// that is no number.
func asSeconds(v py.Value) (f float64, ok bool, err error) {
	switch v := v.(type) {
	case py.Float:
		return float64(v), true, nil
	case py.Int, py.Bool:
		i, _ := py.AsInt(v)
		return float64(i), true, nil
	case py.Str:
		for _, text := range []string{string(v), strings.SplitN(string(v), " ms", 2)[0]} {
			text = strip(text)
			if f, err := strconv.ParseFloat(text, 64); err == nil && !strings.ContainsAny(text, "xXpP_") {
				return f, true, nil
			}
		}
		return 0, false, nil
	}
	return 0, false, py.TypeErrorf("float() argument must be a string or a real number, not '%s'", v.Type())
}

func (s *stateReport) readChanges() error {
	changes, err := key(s.ret, "changes")
	if err != nil {
		return err
	}
	switch s.ret.String("name") {
	case "state.orch", "state.orchestrate", "state.sls":
		nested, err := s.highstate(changes, s.level+1)
		if err != nil {
			return err
		}
		text, ok := nested.(py.Str)
		if !ok {
			return py.TypeErrorf(`can only concatenate str (not "%s") to str`, nested.Type())
		}
		prefix := spaces(14 * s.level)
		s.text = prefix + strings.ReplaceAll("\n"+string(text), "\n", "\n"+prefix)
		s.changed = true
		s.changesBy(1)
		return nil
	}
	if s.changed, s.text, err = s.formatChanges(changes); err != nil {
		return err
	}
	if !s.changed {
		return nil
	}
	n := 1
	if s.count > 1 {
		d, ok := changes.(*py.Dict)
		if !ok {
			return attr(changes, "get")
		}
		if c, ok := d.GetStr("compressed changes"); ok {
			if l, ok := c.(py.Lener); ok && l.Len() > 0 {
				n = l.Len()
			}
		}
	}
	s.changesBy(n)
	return nil
}

func (h *hostReport) changesBy(n int) { h.changes += n }

// full shows a state in Salt's many-line form.
func (s *stateReport) full() error {
	comment, err := s.comment()
	if err != nil {
		return err
	}
	line := func(text string) {
		s.lines = append(s.lines, "    "+s.colors.paint(s.tcolor, text))
	}
	s.add(s.tcolor, "----------")
	line("      ID: " + s.comps[1])
	line("Function: " + s.comps[0] + "." + s.comps[3])
	if s.comps[1] != s.comps[2] {
		line("    Name: " + s.comps[2])
	}
	line("  Result: " + py.ToStr(s.result))
	line(" Comment: " + comment)
	_, timed := s.ret.GetStr("start_time")
	for _, name := range []string{"start_time", "duration"} {
		if !s.ret.Has(name) {
			s.ret.SetStr(name, py.Str(""))
		}
	}
	if d := s.ret.Lookup("duration"); d != py.Str("") {
		s.ret.SetStr("duration", py.Str(py.ToStr(d)+" ms"))
	}
	if s.StateOutputProfile && timed {
		line(" Started: " + py.ToStr(s.ret.Lookup("start_time")))
		line("Duration: " + py.ToStr(s.ret.Lookup("duration")))
	}
	s.add(s.tcolor, "     Changes:   "+s.text)
	if w, ok := s.ret.GetStr("warnings"); ok {
		return s.warnings(w)
	}
	return nil
}

// comment returns the state's comment, later lines indented below the first.
func (s *stateReport) comment() (string, error) {
	v, err := key(s.ret, "comment")
	if err != nil {
		return "", err
	}
	text := py.ToStr(v)
	s.ret.SetStr("comment", py.Str(text))
	text = strings.ReplaceAll(strip(text), "\n", "\n"+spaces(14))
	data, ok := s.ret.GetStr("data")
	if !ok {
		return text, nil
	}
	switch data := data.(type) {
	case *py.List:
		for _, it := range data.Items {
			text += " " + py.ToStr(it)
		}
	case *py.Dict:
		for k, v := range data.All() {
			text += "\n\t\t" + py.ToStr(k) + ": " + py.ToStr(v)
		}
	default:
		text += " " + py.ToStr(data)
	}
	return text, nil
}

// warningText joins a state's warnings by line breaks.
func warningText(v py.Value) (string, error) {
	items, err := py.Collect(v)
	if err != nil {
		return "", err
	}
	var parts []string
	for i, it := range items {
		s, ok := it.(py.Str)
		if !ok {
			return "", py.TypeErrorf("sequence item %d: expected str instance, %s found", i, it.Type())
		}
		parts = append(parts, string(s))
	}
	return joinLines(parts), nil
}

func (s *stateReport) warnings(v py.Value) error {
	s.warnedBy(1)
	text, err := warningText(v)
	if err != nil {
		return err
	}
	s.lines = append(s.lines, "   "+s.colors.paint("LIGHT_RED", " Warnings: "+lstrip(fill(text, 80, spaces(14)))))
	return nil
}

func (h *hostReport) warnedBy(n int) { h.warned += n }

// terse shows a state in one line.
func (s *stateReport) terse() (string, error) {
	result := "Clean"
	changes, err := key(s.ret, "changes")
	if err != nil {
		return "", err
	}
	if truth, err := py.Truth(changes); err != nil {
		return "", err
	} else if truth {
		result = "Changed"
	}
	switch s.result {
	case py.False:
		result = "Failed"
	case py.None:
		result = "Differs"
	}
	format := s.StateTabularFormat
	if format == "" {
		if format, err = s.terseFormat(); err != nil {
			return "", err
		}
	}
	last := s.comps[len(s.comps)-1]
	return py.StrFormat(format, py.NewArgs(py.Str(s.colors[s.tcolor]), py.Str(s.comps[2]), py.Str(s.comps[0]),
		py.Str(last), py.Str(result), py.Str(s.colors["ENDC"]), s.ret))
}

// terseFormat returns the format of a terse line. Salt puts the warnings into
// the format itself.
func (s *stateReport) terseFormat() (string, error) {
	format := ""
	if w, ok := s.ret.GetStr("warnings"); ok {
		text, err := warningText(w)
		if err != nil {
			return "", err
		}
		format = s.colors.paint("LIGHT_RED", "Warnings:\n"+text)
		if s.StateTabular {
			format += "\n"
		}
	}
	timed := s.StateOutputProfile && s.ret.Has("start_time")
	if s.StateTabular {
		format += "{0}"
		if timed {
			format += "{6[start_time]!s} [{6[duration]!s:>7} ms] "
		}
		return format + "{2:>10}.{3:<10} {4:7}   Name: {1}{5}", nil
	}
	format += " {0} Name: {1} - Function: {2}.{3} - Result: {4}"
	if timed {
		format += " - Started: {6[start_time]!s} - Duration: {6[duration]!s} ms"
	}
	return format + "{5}", nil
}
