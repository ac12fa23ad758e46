package cron

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"

	"pinch/internal/py"
)

const (
	// marker divides what people wrote from what states manage.
	marker = "# Lines below here are managed by Salt, do not edit"
	// idMark stands before a job's identifier in its comment.
	idMark = "SALT_CRON_IDENTIFIER"
	// noID is the identifier of a job that has none.
	noID = "NO ID SET"
	// disabled begins the line of a job that is commented out.
	disabled = "#DISABLED#"
)

// timeFields are the names of the time fields of a job, in Salt's order.
func timeFields() [5]string { return [5]string{"minute", "hour", "daymonth", "month", "dayweek"} }

// job is a line of the managed part. The values are Python's because Salt
// compares what an SLS has (perhaps a number) with what the table has (text).
type job struct {
	time                           [5]string // of a job with times
	spec                           py.Value  // "@daily" ..., nil for a job with times
	cmd                            string
	identifier, comment, commented py.Value
}

// env is an environment line of the managed part.
type env struct {
	name  string
	value py.Value
}

// tab is a crontab as Salt sees it.
type tab struct {
	pre     []string // lines before the marker
	envs    []env
	jobs    []job
	special []job
}

// parse reads a crontab. Lines of the managed part that are none of the forms
// that Salt knows are dropped, as Salt drops them.
func parse(text string) *tab {
	t := &tab{}
	managed := false
	identifier, comment := py.Value(py.None), py.Value(py.None)
	for _, line := range py.SplitLines(text, false) {
		if line == marker {
			managed = true
			continue
		}
		if !managed {
			t.pre = append(t.pre, line)
			continue
		}
		line, off := strings.CutPrefix(line, disabled)
		words := strings.Split(line, " ")
		eq, blank := strings.IndexByte(line, '='), strings.IndexByte(line, ' ')
		switch {
		case strings.HasPrefix(line, "@"):
			f := strings.Fields(line)
			if len(f) < 2 {
				continue
			}
			t.special = append(t.special, job{spec: py.Str(f[0]), cmd: strings.Join(f[1:], " "), identifier: identifier, comment: comment, commented: py.Bool(off)})
			identifier, comment = py.None, py.None
		case strings.HasPrefix(line, "#"):
			text := strings.TrimLeft(line, "# ")
			if parts := strings.Split(text, idMark); len(parts) > 1 {
				text = strings.TrimRight(parts[0], " \t\r\n\v\f")
				if len(parts[1]) > 1 {
					identifier = py.Str(parts[1][1:])
				}
			}
			if s, ok := comment.(py.Str); ok {
				text = string(s) + "\n" + text
			}
			comment = py.Str(text)
		case eq > 0 && (blank < 0 || eq < blank):
			t.envs = append(t.envs, env{line[:eq], py.Str(line[eq+1:])})
		case len(words) > 5:
			t.jobs = append(t.jobs, job{time: [5]string(words[:5]), cmd: strings.Join(words[5:], " "), identifier: identifier, comment: comment, commented: py.Bool(off)})
			identifier, comment = py.None, py.None
		}
	}
	return t
}

// render writes a crontab. A job's comment that is not text is an error, as it
// is in Salt.
func (t *tab) render() (string, error) {
	var b strings.Builder
	for _, l := range t.pre {
		b.WriteString(l + "\n")
	}
	b.WriteString(marker + "\n")
	for _, e := range t.envs {
		v := `""`
		if s := py.ToStr(e.value); e.value != py.Value(py.None) && s != "" {
			v = s
		}
		b.WriteString(e.name + "=" + v + "\n")
	}
	for _, j := range t.jobs {
		if err := j.render(&b, strings.Join(j.time[:], " "), false); err != nil {
			return "", err
		}
	}
	for _, j := range t.special {
		if err := j.render(&b, py.ToStr(j.spec), true); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func (j *job) render(b *strings.Builder, when string, trim bool) error {
	if j.comment != py.Value(py.None) || j.identifier != py.Value(py.None) {
		b.WriteString("#")
		if py.IsTrue(j.comment) {
			c, ok := j.comment.(py.Str)
			if !ok {
				return py.AttributeErrorf("'%s' object has no attribute 'replace'", j.comment.Type())
			}
			text := string(c)
			if trim {
				text = strings.TrimRight(text, " \t\r\n\v\f")
			}
			b.WriteString(" " + strings.ReplaceAll(text, "\n", "\n# "))
		}
		if py.IsTrue(j.identifier) {
			b.WriteString(" " + idMark + ":" + py.ToStr(j.identifier))
		}
		b.WriteString("\n")
	}
	if j.commented == py.Value(py.True) {
		b.WriteString(disabled)
	}
	b.WriteString(when + " " + j.cmd + "\n")
	return nil
}

// id is the identifier by which a job is found.
func (j *job) id() string {
	if py.IsTrue(j.identifier) {
		return py.ToStr(j.identifier)
	}
	return noID
}

// matches says whether a job is the one that a command and an identifier mean:
// the identifier decides, except that a job of the same command that has none
// takes any.
func (j *job) matches(cmd string, identifier py.Value) bool {
	want := noID
	if py.IsTrue(identifier) {
		want = py.ToStr(identifier)
	}
	have := j.id()
	if j.cmd != cmd && have == noID && want == noID {
		return false
	}
	if j.cmd == cmd && have == noID {
		return true
	}
	return have == want
}

// needsChange says whether a wish differs from what is there; None is no wish.
// "random" is content with anything that somebody chose.
func needsChange(have, want py.Value) bool {
	if same(have, want) {
		return false
	}
	if same(want, py.Str("random")) {
		return same(have, py.Str("*"))
	}
	return want != py.Value(py.None)
}

func same(a, b py.Value) bool {
	eq, err := py.Equal(a, b)
	return err == nil && eq
}

// wish is a job that is to be in a table. A nil spec is a job with times.
type wish struct {
	time                           [5]py.Value // text in lower case, or None
	spec                           py.Value
	cmd                            string
	identifier, comment, commented py.Value
}

// times are the time fields of a job as Salt looks them up: None for a job
// that has none.
func (j *job) times() (out [5]py.Value) {
	for i := range out {
		out[i] = py.None
		if j.spec == nil {
			out[i] = py.Str(j.time[i])
		}
	}
	return out
}

func (j *job) specValue() py.Value {
	if j.spec == nil {
		return py.None
	}
	return j.spec
}

// differs says whether a job that matches has to be written anew.
func (w *wish) differs(j *job) bool {
	id := j.identifier
	if id == py.Value(py.None) {
		id = py.Str(noID)
	}
	spec := w.spec
	if spec == nil {
		spec = py.None
	}
	if needsChange(j.comment, w.comment) || needsChange(j.commented, w.commented) || needsChange(w.identifier, id) ||
		needsChange(j.specValue(), spec) || j.cmd != w.cmd {
		return true
	}
	for i, have := range j.times() {
		if needsChange(have, w.time[i]) {
			return true
		}
	}
	return false
}

// keep takes over from an old job what the wish leaves open.
func (w *wish) keep(j *job) {
	if w.spec != nil && !needsChange(j.specValue(), w.spec) {
		w.spec = j.specValue()
	}
	if w.spec == nil {
		for i, have := range j.times() {
			if !needsChange(have, w.time[i]) {
				w.time[i] = have
			}
		}
	}
	if !needsChange(j.commented, w.commented) {
		w.commented = j.commented
	}
	if !needsChange(j.comment, w.comment) {
		w.comment = j.comment
	}
	cid := py.Value(py.Str(j.id()))
	if w.cmd == j.cmd && same(cid, py.Str(noID)) {
		if py.IsTrue(w.identifier) {
			cid = w.identifier
		}
		if same(cid, py.Str(noID)) && j.identifier == py.Value(py.None) {
			cid = py.None
		}
	}
	if !py.IsTrue(cid) || !needsChange(cid, w.identifier) {
		w.identifier = cid
	}
}

// maxRounds bounds how many old jobs one wish may replace.
const maxRounds = 500

// set brings a wish into a crontab. It returns Salt's word for what was done
// ("present", "new", "updated") and the new text.
func set(text string, w wish) (word, out string, err error) {
	word = "new"
	for range maxRounds {
		t := parse(text)
		j := t.find(w.cmd, w.identifier)
		if j == nil {
			if err := t.add(w); err != nil {
				return "", "", err
			}
			out, err = t.render()
			return word, out, err
		}
		if !w.differs(j) {
			// after a removal this is the word that Salt passes on, too
			return "present", text, nil
		}
		old := *j
		t.drop(old.spec != nil, w.cmd, py.Str(old.id()), nil)
		if text, err = t.render(); err != nil {
			return "", "", err
		}
		w.keep(&old)
		word = "updated"
	}
	return "", "", py.Errorf("RecursionError", "maximum recursion depth exceeded")
}

// find returns the first job that matches: those with times first.
func (t *tab) find(cmd string, identifier py.Value) *job {
	for _, l := range [][]job{t.jobs, t.special} {
		for i := range l {
			if l[i].matches(cmd, identifier) {
				return &l[i]
			}
		}
	}
	return nil
}

// drop removes the first job of one kind that matches and that fits accepts
// (nil: any), and says whether there was one.
func (t *tab) drop(special bool, cmd string, identifier py.Value, fits func(*job) bool) bool {
	l := &t.jobs
	if special {
		l = &t.special
	}
	for i := range *l {
		j := &(*l)[i]
		if j.matches(cmd, identifier) && (fits == nil || fits(j)) {
			*l = append((*l)[:i:i], (*l)[i+1:]...)
			return true
		}
	}
	return false
}

// add appends a wish as a job. Random and ranged times are chosen now.
func (t *tab) add(w wish) error {
	j := job{spec: w.spec, cmd: w.cmd, identifier: w.identifier, comment: w.comment, commented: w.commented}
	if w.spec != nil {
		t.special = append(t.special, j)
		return nil
	}
	var err error
	if j.time, err = chooseTimes(w.time); err != nil {
		return err
	}
	t.jobs = append(t.jobs, j)
	return nil
}

// chooseTimes makes times of what was asked: "random", a range "10:20" of
// which one is chosen, or the text itself.
func chooseTimes(want [5]py.Value) (out [5]string, err error) {
	limits := [5][2]int{{0, 59}, {0, 23}, {}, {1, 12}, {0, 6}}
	for _, i := range []int{0, 1, 3, 4} {
		v := strings.ToLower(py.ToStr(want[i]))
		switch parts := strings.Split(v, ":"); {
		case v == "random":
			v = strconv.Itoa(limits[i][0] + rand.IntN(limits[i][1]-limits[i][0]+1))
		case len(parts) == 2:
			if v, err = between(parts); err != nil {
				return out, err
			}
		}
		out[i] = v
	}
	out[2] = strings.ToLower(py.ToStr(want[2]))
	if out[2] == "random" {
		out[2] = strconv.Itoa(1 + rand.IntN(daysOf(out[3])))
	}
	return out, nil
}

// daysOf is how many days a month has at least.
func daysOf(month string) int {
	switch month {
	case "1", "3", "5", "7", "8", "10", "12":
		return 31
	case "4", "6", "9", "11":
		return 30
	}
	return 28
}

// between chooses from a range. Its ends are sorted as text, as Salt does: 9:10
// is empty.
func between(ends []string) (string, error) {
	sort.Strings(ends)
	var n [2]int64
	for i, e := range ends {
		v, err := py.ToInt(py.Str(e))
		if err != nil {
			return "", err
		}
		n[i], _ = py.AsInt(v)
	}
	if n[1] < n[0] {
		return "", py.ValueErrorf("empty range for randrange() (%d, %d, %d)", n[0], n[1]+1, n[1]+1-n[0])
	}
	return fmt.Sprint(n[0] + rand.Int64N(n[1]-n[0]+1)), nil
}

// setEnv brings an environment line into a crontab, as set does a job.
func setEnv(text, name string, value py.Value) (word, out string, err error) {
	word = "new"
	for range maxRounds {
		t := parse(text)
		have := t.env(name)
		if have == nil {
			t.envs = append(t.envs, env{name, value})
			out, err = t.render()
			return word, out, err
		}
		if same(value, have.value) {
			return "present", text, nil
		}
		t.dropEnv(name)
		if text, err = t.render(); err != nil {
			return "", "", err
		}
		word = "updated"
	}
	return "", "", py.Errorf("RecursionError", "maximum recursion depth exceeded")
}

func (t *tab) env(name string) *env {
	for i := range t.envs {
		if t.envs[i].name == name {
			return &t.envs[i]
		}
	}
	return nil
}

// dropEnv removes the last line of that name.
func (t *tab) dropEnv(name string) bool {
	for i := len(t.envs) - 1; i >= 0; i-- {
		if t.envs[i].name == name {
			t.envs = append(t.envs[:i:i], t.envs[i+1:]...)
			return true
		}
	}
	return false
}
