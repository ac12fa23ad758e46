package file

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

type retentionArgs struct {
	Name           string   `arg:"name,required" doc:"Directory of the backups."`
	Retain         *py.Dict `arg:"retain,required" doc:"How many to keep: most_recent, first_of_hour, first_of_day, first_of_week, first_of_month, first_of_year; a number or all."`
	StrptimeFormat *string  `arg:"strptime_format" doc:"How names tell the time, as strptime reads it; otherwise files' times count."`
	Timezone       py.Value `arg:"timezone" doc:"Time zone; only that of the host is supported."`
}

const retentionDoc = "Removes old backups from a directory and keeps some of each age.\n" +
	"```yaml\n" +
	"/var/backups/db:\n" +
	"  file.retention_schedule:\n" +
	"    - retain:\n" +
	"        most_recent: 5\n" +
	"        first_of_day: 7\n" +
	"        first_of_month: all\n" +
	"    - strptime_format: db_%Y%m%d.sql\n" +
	"```"

func retentionSchedule() *modules.Func {
	return modules.State[retentionArgs]{Name: "file.retention_schedule", Doc: retentionDoc,
		Check: func(ctx context.Context, c *modules.Call, a *retentionArgs) (modules.Plan, error) {
			return plan(ctx, c, func(_ context.Context, o *op) (*ret, error) { return o.retention(a) })
		}}.Func()
}

// backupFile is a file with its time; path are the parts of that time by which
// the first of a period is found.
type backupFile struct {
	name string
	at   time.Time
}

// byPeriod groups files, newest period first.
func byPeriod(files []backupFile, key func(time.Time) int) [][]backupFile {
	groups := map[int][]backupFile{}
	var keys []int
	for _, f := range files {
		k := key(f.at)
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], f)
	}
	slices.Sort(keys)
	slices.Reverse(keys)
	out := make([][]backupFile, len(keys))
	for i, k := range keys {
		out[i] = groups[k]
	}
	return out
}

// firstOf returns the oldest file of each of the newest n periods, where a
// period is named by all its keys.
func firstOf(files []backupFile, keys []func(time.Time) int, n int) []string {
	if len(keys) == 0 {
		if len(files) == 0 {
			return nil
		}
		first := slices.MinFunc(files, func(a, b backupFile) int { return a.at.Compare(b.at) })
		return []string{first.name}
	}
	var out []string
	for _, g := range byPeriod(files, keys[0]) {
		if len(out) >= n {
			break
		}
		out = append(out, firstOf(g, keys[1:], n-len(out))...)
	}
	return out
}

func (o *op) retention(a *retentionArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.retention_schedule"), nil
	}
	if !isDir(o.w, name) {
		return r.fail("Name provided to file.retention must be a directory"), nil
	}
	if given(a.Timezone) {
		return nil, invokeError("file.retention_schedule: timezone is not supported: the host's own counts")
	}
	entries, err := o.w.ReadDir(name)
	if err != nil {
		return nil, err
	}
	ignored := []string{".", ".."}
	var files []backupFile
	for _, e := range entries {
		at, ok := o.backupTime(name, e.Name(), a.StrptimeFormat)
		if !ok {
			ignored = append(ignored, e.Name())
			continue
		}
		files = append(files, backupFile{e.Name(), at})
	}
	retained := map[string]bool{}
	for k, v := range a.Retain.All() {
		if err := retain(files, py.ToStr(k), v, retained); err != nil {
			return nil, err
		}
	}
	var deleted, kept []string
	for _, f := range files {
		if retained[f.name] {
			kept = append(kept, f.name)
		} else {
			deleted = append(deleted, f.name)
		}
	}
	for _, l := range [][]string{deleted, kept, ignored} {
		slices.Sort(l)
		slices.Reverse(l)
	}
	if len(deleted) > 0 {
		r.changes = py.DictOf("retained", py.Strings(kept...), "deleted", py.Strings(deleted...), "ignored", py.Strings(ignored...))
	}
	if o.test {
		r.comment = fmt.Sprintf("%d backups would have been removed from %s.\n", len(deleted), name)
		if len(deleted) > 0 {
			r.result = low.None
		}
		return r, nil
	}
	for _, f := range deleted {
		if err := o.remove(pypath.Join(name, f)); err != nil {
			return r.fail(raised(err)), nil
		}
	}
	r.comment = fmt.Sprintf("%d backups were removed from %s.\n", len(deleted), name)
	return r, nil
}

// retain adds the files that one rule keeps.
func retain(files []backupFile, rule string, count py.Value, kept map[string]bool) error {
	n := math.MaxInt
	if !same(count, py.Str("all")) {
		c, ok := py.AsInt(digits(count))
		if !ok {
			return py.ValueErrorf("invalid literal for int() with base 10: %s", py.Repr(count))
		}
		n = int(c)
	}
	year := func(t time.Time) int { return t.Year() }
	keys := []func(time.Time) int{year,
		func(t time.Time) int { return int(t.Month()) },
		func(t time.Time) int { return t.Day() },
		func(t time.Time) int { return t.Hour() },
		func(t time.Time) int { return int(t.UnixMicro() % 3600e6) }}
	depth := map[string]int{"first_of_year": 1, "first_of_month": 2, "first_of_day": 3, "first_of_hour": 4, "most_recent": 5}
	switch d, ok := depth[rule]; {
	case rule == "first_of_week":
		if n < math.MaxInt { // Salt keeps one week more
			n++
		}
		week := func(t time.Time) int { _, w := t.ISOWeek(); return w }
		keys = []func(time.Time) int{year, week}
	case ok:
		keys = keys[:d]
	default:
		return py.KeyError(py.Str(rule))
	}
	for _, f := range firstOf(files, keys, n) {
		kept[f] = true
	}
	return nil
}

// backupTime is when a backup was made: by its name, or by its time of change.
func (o *op) backupTime(dir, name string, format *string) (time.Time, bool) {
	if isSet(format) {
		return strptime(name, *format)
	}
	i, err := o.w.Lstat(pypath.Join(dir, name))
	if err != nil {
		return time.Time{}, false
	}
	return i.ModTime.Local(), true
}

// strptime reads a time as Python's strptime does with the directives of
// dates and times in digits, and English names of months and days.
func strptime(s, format string) (time.Time, bool) {
	year, month, day, hour, minute, sec, usec := 1900, 1, 1, 0, 0, 0, 0
	pm, twelve, yday := false, false, 0
	number := func(most int) (int, bool) {
		n := 0
		for n < len(s) && n < most && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		v, err := strconv.Atoi(s[:n])
		s = s[n:]
		return v, err == nil
	}
	word := func(names ...string) (int, bool) {
		for i, w := range names {
			if len(s) >= len(w) && equalFold(s[:len(w)], w) {
				s = s[len(w):]
				return i, true
			}
		}
		return 0, false
	}
	months := []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	days := []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	short := func(l []string) []string {
		out := make([]string, len(l))
		for i, w := range l {
			out[i] = w[:3]
		}
		return out
	}
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			if s == "" || s[0] != format[i] {
				return time.Time{}, false
			}
			s = s[1:]
			continue
		}
		i++
		ok := false
		switch format[i] {
		case 'Y':
			year, ok = number(4)
		case 'y':
			if year, ok = number(2); ok {
				year += 1900
				if year < 1969 {
					year += 100
				}
			}
		case 'm':
			month, ok = number(2)
		case 'd':
			day, ok = number(2)
		case 'H':
			hour, ok = number(2)
		case 'I':
			twelve = true
			hour, ok = number(2)
		case 'M':
			minute, ok = number(2)
		case 'S':
			sec, ok = number(2)
		case 'j':
			yday, ok = number(3)
		case 'f':
			before := len(s)
			if usec, ok = number(6); ok {
				for range 6 - (before - len(s)) {
					usec *= 10
				}
			}
		case 'B':
			month, ok = word(months...)
			month++
		case 'b', 'h':
			month, ok = word(short(months)...)
			month++
		case 'A':
			_, ok = word(days...)
		case 'a':
			_, ok = word(short(days)...)
		case 'p':
			var w int
			w, ok = word("AM", "PM")
			pm = w == 1
		case '%':
			if ok = s != "" && s[0] == '%'; ok {
				s = s[1:]
			}
		}
		if !ok {
			return time.Time{}, false
		}
	}
	if twelve {
		if hour < 1 || hour > 12 {
			return time.Time{}, false
		}
		hour %= 12
		if pm {
			hour += 12
		}
	}
	if yday > 0 {
		t := time.Date(year, 1, yday, hour, minute, sec, usec*1000, time.UTC)
		return t, s == "" && t.Year() == year
	}
	t := time.Date(year, time.Month(month), day, hour, minute, sec, usec*1000, time.UTC)
	valid := t.Day() == day && int(t.Month()) == month && t.Hour() == hour && t.Minute() == minute && sec < 62
	return t, s == "" && valid
}

func equalFold(a, b string) bool {
	for i := range len(a) {
		if a[i]|0x20 != b[i]|0x20 {
			return false
		}
	}
	return true
}
