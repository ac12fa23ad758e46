package file

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/states/low"
)

// humanBytes is Salt's human_to_bytes with handle_metric: 5k, 2 MiB, 1MB
// (a power of 1000); what it does not understand is 0.
func humanBytes(text string) int64 {
	text = strings.TrimSpace(text)
	i := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if i < 0 {
		i = len(text)
	}
	value, err := strconv.ParseFloat(text[:i], 64)
	if err != nil {
		return 0
	}
	unit := strings.ToLower(strings.TrimSpace(text[i:]))
	if unit == "" {
		unit = "b"
	}
	power := strings.IndexByte("bkmgtpezy", unit[0])
	base := 1024.0
	switch {
	case power < 0:
		return 0
	case unit == "b", power > 0 && (len(unit) == 1 || unit[1:] == "ib"):
	case power > 0 && unit[1:] == "b":
		base = 1000
	default:
		return 0
	}
	for range power {
		value *= base
	}
	return int64(value)
}

// regexes compiles a list of expressions.
func regexes(v py.Value) ([]*regex, error) {
	parts, _, err := strList(v)
	if err != nil {
		return nil, err
	}
	if s, ok := v.(py.Str); ok { // Salt iterates over the characters of a text
		parts = strings.Split(string(s), "")
	}
	out := make([]*regex, len(parts))
	for i, p := range parts {
		if out[i], err = compileText(p, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tidy decides which files file.tidied removes.
type tidy struct {
	*tidiedArgs
	take, leave []*regex
	size        int64
	stamp, only string
	now         time.Time
}

func (o *op) tidied(a *tidiedArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if !isAbs(name) {
		return r.fail("Specified file " + name + " is not an absolute path"), nil
	}
	if !isDir(o.w, name) {
		return r.fail(name + " does not exist or is not a directory."), nil
	}
	t := &tidy{tidiedArgs: a, stamp: "atime", now: o.w.Now()}
	if s, ok := a.TimeComparison.(py.Str); ok {
		switch l := strings.ToLower(string(s)); l {
		case "ctime", "mtime":
			t.stamp = l
		}
	}
	if s := strings.ToLower(py.ToStr(orEmpty(a.AgeSizeOnly))); s == "age" || s == "size" {
		t.only = s
	}
	if s, ok := a.Size.(py.Str); ok {
		t.size = humanBytes(string(s))
	} else if n, ok := py.AsInt(a.Size); ok {
		t.size = n
	}
	var err error
	matches := a.Matches
	if py.IsNone(matches) {
		matches = py.Strings(".*")
	}
	if t.take, err = regexes(matches); err != nil {
		return nil, err
	}
	if given(a.Exclude) {
		if t.leave, err = regexes(a.Exclude); err != nil {
			return nil, err
		}
	}
	remove, err := o.tidyList(t, name)
	if err != nil {
		return nil, err
	}
	if len(remove) == 0 {
		return r.is(low.True, "Nothing to remove from directory "+name), nil
	}
	if o.test {
		r.change("removed", py.Strings(remove...))
		return r.is(low.None, name+" is set for tidy"), nil
	}
	removed := py.NewList()
	r.change("removed", removed)
	for _, p := range remove {
		if err := o.remove(p); err != nil {
			return r.fail(raised(err)), nil
		}
		removed.Append(py.Str(p))
	}
	return r.is(low.True, fmt.Sprintf("Removed %d files or directories from directory %s", len(remove), name)), nil
}

// tidyList lists what is to be removed, directories behind what is in them.
func (o *op) tidyList(t *tidy, top string) ([]string, error) {
	var all []level
	walk(o.w, top, t.Followlinks, func(l *level) { all = append(all, *l) })
	below := map[string]level{}
	for _, l := range all {
		below[l.dir] = l
	}
	var out []string
	var failed error
	var visit func(dir string)
	visit = func(dir string) {
		l, ok := below[dir]
		if !ok {
			return
		}
		for _, d := range l.dirs {
			if p := pypath.Join(dir, d); t.Followlinks || !isLink(o.w, p) {
				visit(p)
			}
		}
		for _, n := range append(append([]string(nil), l.files...), l.dirs...) {
			p := pypath.Join(dir, n)
			ok, err := o.tidies(t, p, n)
			if err != nil {
				failed = err
			}
			if ok {
				out = append(out, p)
			}
		}
	}
	visit(top)
	return out, failed
}

// tidies says whether a file is to be removed.
func (o *op) tidies(t *tidy, path, name string) (bool, error) {
	info, err := o.w.Lstat(path)
	if err != nil {
		return false, nil //nolint:nilerr // gone, or not ours to look at
	}
	size := int64(0)
	switch {
	case info.IsLink():
		if !t.Rmlinks {
			return false, nil
		}
	case info.IsDir():
		if !t.Rmdirs {
			return false, nil
		}
	default:
		size = info.Size
	}
	stamp := map[string]time.Time{"atime": info.AccTime, "mtime": info.ModTime, "ctime": info.ChgTime}[t.stamp]
	old, large := days(stamp, t.now) >= t.Age, size >= t.size
	switch {
	case t.only == "age":
		large = old
	case t.only == "size":
		old = large
	case !strings.EqualFold(t.LogicalOperator, "AND"):
		old, large = old || large, old || large
	}
	if !old || !large {
		return false, nil
	}
	if t.FullPathMatch {
		name = path
	}
	for i, list := range [][]*regex{t.take, t.leave} {
		hit := false
		for _, re := range list {
			ok, err := re.match(name)
			if err != nil {
				return false, err
			}
			hit = hit || ok
		}
		if hit != (i == 0) {
			return false, nil
		}
	}
	return true, nil
}

// days is the number of days between the dates of two times.
func days(a, b time.Time) int {
	date := func(t time.Time) time.Time {
		y, m, d := t.Local().Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	n := int(date(b).Sub(date(a)).Hours() / 24)
	return max(n, -n)
}
