package output

import (
	"strings"

	"pinch/internal/pprint"
	"pinch/internal/py"
)

// highstate shows the results of states. It returns text, or data that is
// none (an int or a bool), which Salt hands on.
func (r *renderer) highstate(data py.Value, level int) (py.Value, error) {
	data, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	switch data.(type) {
	case py.Int, py.Bool, *py.Long, py.Str:
		return data, nil
	case py.NoneType:
		return py.Str("None"), nil
	}
	d, ok := data.(*py.Dict)
	if !ok {
		return nil, attr(data, "keys")
	}
	masters := 0
	for k := range d.All() {
		s, ok := k.(py.Str)
		if !ok {
			return nil, attr(k, "endswith")
		}
		if strings.HasSuffix(string(s), "_master") {
			masters++
		}
	}
	if masters == 1 {
		d.DeleteStr("retcode")
	}
	if r.StateCompressIDs {
		d = compressIDs(d)
	}
	var hosts []string
	for host, hostData := range d.All() {
		h := &hostReport{renderer: r, level: level, host: py.ToStr(host), color: "GREEN"}
		text, _, err := h.format(hostData)
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, text)
	}
	return py.Str(joinLines(hosts)), nil
}

// unwrap takes the state results out of the envelopes that runners and the
// job cache put around them.
func unwrap(data py.Value) (py.Value, error) {
	for _, name := range []string{"return", "data"} {
		if d, ok := data.(*py.Dict); ok {
			if inner, ok := d.GetStr(name); ok {
				data = inner
			}
		}
	}
	d, ok := data.(*py.Dict)
	if !ok || d.Len() != 1 {
		return data, nil
	}
	job, ok := d.Values()[0].(*py.Dict)
	if !ok || !job.Has("jid") || !job.Has("fun") {
		return data, nil
	}
	ret, ok := job.GetStr("return")
	if !ok {
		return data, nil
	}
	rd, ok := ret.(*py.Dict)
	if !ok {
		return nil, attr(ret, "get")
	}
	if inner, ok := rd.GetStr("data"); ok {
		return inner, nil
	}
	return data, nil
}

func joinLines(lines []string) string { return strings.Join(lines, "\n") }

// hostReport is the report on one host.
type hostReport struct {
	*renderer
	level    int
	host     string
	color    string // of the host's name: that of the worst result
	lines    []string
	counts   *py.Dict // result -> how many
	warned   int
	changes  int
	serial   []float64 // durations
	parallel []float64
}

func (h *hostReport) add(color, text string) { h.lines = append(h.lines, h.colors.paint(color, text)) }

// format returns the report and whether anything changed.
func (h *hostReport) format(data py.Value) (string, bool, error) {
	h.counts = py.NewDict()
	var err error
	switch data := data.(type) {
	case py.Int, py.Bool, *py.Long:
		h.changes = 1
		h.add(h.color, "    "+py.ToStr(data))
		h.color = "CYAN"
	case py.Str:
		h.changes = 1
		for _, line := range py.SplitLines(string(data), false) {
			h.add(h.color, "    "+line)
		}
		h.color = "CYAN"
	case *py.List:
		h.color = "LIGHT_RED"
		h.lines = append(h.lines, "    "+h.colors.paint(h.color, "Data failed to compile:"))
		for _, e := range data.Items {
			text := py.ToStr(e)
			if h.StripColors {
				text = stripEscapes(text)
			}
			h.add(h.color, "----------\n    "+text)
		}
	case *py.Dict:
		err = h.states(data)
	}
	if err != nil {
		return "", false, err
	}
	host := h.host
	if h.StripColors {
		host = stripEscapes(host)
	}
	return joinLines(append([]string{h.colors[h.color] + host + ":" + h.colors["ENDC"]}, h.lines...)), h.changes > 0, nil
}

const missingOrder = "The State execution failed to record the order in which all states were executed. " +
	"The state return missing data is:"

// states reports on every state in the order in which they ran.
func (h *hostReport) states(data *py.Dict) error {
	byName := map[string]*py.Dict{}
	var names []py.Value
	for k, v := range data.All() {
		info, ok := v.(*py.Dict)
		if !ok {
			continue
		}
		name := py.ToStr(k)
		if name != "changes" && info.Len() > 0 && !info.Has("__run_num__") {
			text, err := pprint.Format(info, 1)
			if err != nil {
				return err
			}
			h.lines = append([]string{missingOrder, text}, h.lines...)
		}
		if info.Has("result") {
			byName[name] = info
			names = append(names, py.Str(name))
		}
	}
	sorted, err := py.Sorted(names, func(v py.Value) (py.Value, error) {
		if n, ok := byName[string(v.(py.Str))].GetStr("__run_num__"); ok {
			return n, nil
		}
		return py.Int(0), nil
	}, false)
	if err != nil {
		return err
	}
	for _, n := range sorted {
		name := string(n.(py.Str))
		s := &stateReport{hostReport: h, name: name, ret: byName[name], count: 1}
		if err := s.report(); err != nil {
			return err
		}
	}
	return h.summary()
}

// nestedChanges shows changes below the word Changes.
func (r *renderer) nestedChanges(v py.Value) (string, error) {
	text, err := r.nested(v, 14)
	if err != nil {
		return "", err
	}
	return "\n" + rstrip(text), nil
}

// formatChanges returns whether there are changes, and their text.
func (r *renderer) formatChanges(v py.Value) (changed bool, text string, err error) {
	truth, err := py.Truth(v)
	if err != nil || !truth {
		return false, "", err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return true, "Invalid Changes data: " + py.ToStr(v), nil
	}
	ret, ok := d.GetStr("ret")
	if !ok || ret == py.None || d.String("out") != "highstate" {
		text, err := r.nestedChanges(d)
		return true, text, err
	}
	hosts, ok := ret.(*py.Dict)
	if !ok {
		return false, "", attr(ret, "items")
	}
	var b strings.Builder
	for host, data := range hosts.All() {
		h := &hostReport{renderer: r, level: 1, host: py.ToStr(host), color: "GREEN"}
		s, c, err := h.format(data)
		if err != nil {
			return false, "", err
		}
		changed = changed || c
		b.WriteByte('\n')
		for i, line := range py.SplitLines(s, false) {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(spaces(14) + line)
		}
	}
	return changed, b.String(), nil
}
