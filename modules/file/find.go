package file

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
)

// finder is Salt's file.find with its criteria, cheapest first.
type finder struct {
	*op
	minDepth, maxDepth int64
	byName, byStat     []func(name string, i host.Info) (bool, error)
	grep               *regex
	print              []string
}

// find returns what is below the paths that fit a glob and meets all criteria.
// Removing and running commands are refused: the function only looks.
func (o *op) find(ctx context.Context, path string, args []py.Value, kw *py.Dict) (py.Value, error) {
	f := &finder{op: o, maxDepth: math.MaxInt64, print: []string{"path"}}
	for _, a := range args {
		if same(a, py.Str("delete")) {
			return nil, invokeError("file.find: delete is not supported: it only looks; use the state file.tidied or file.absent")
		}
	}
	for k, v := range kw.All() {
		key := py.ToStr(k)
		if strings.HasPrefix(key, "_") {
			continue
		}
		if err := f.option(key, v); err != nil {
			var text string
			if pe, ok := err.(*py.Error); ok && pe.Class == "ValueError" { //nolint:errorlint // made right there
				text = "error: " + pe.Msg
				return py.Str(text), nil
			}
			return nil, err
		}
	}
	var found []py.Value
	for _, p := range glob(o, expandUser(o, path)) {
		out, err := f.below(ctx, p)
		if err != nil {
			return nil, err
		}
		found = append(found, out...)
	}
	slices.SortStableFunc(found, func(a, b py.Value) int { return strings.Compare(findKey(a), findKey(b)) })
	return py.NewList(found...), nil
}

// findKey orders results as Python orders texts, and lists by their parts.
func findKey(v py.Value) string {
	l, ok := v.(*py.List)
	if !ok {
		return py.ToStr(v)
	}
	parts := make([]string, len(l.Items))
	for i, it := range l.Items {
		if n, ok := py.AsInt(it); ok {
			parts[i] = fmt.Sprintf("%020d", n)
			continue
		}
		parts[i] = py.ToStr(it)
	}
	return strings.Join(parts, "\x00")
}

// nameRegex is the expression that Salt makes of a glob.
func nameRegex(globText string, flags int) (*regex, error) {
	return compileText(strings.NewReplacer(".", `\.`, "?", ".?", "*", ".*").Replace(globText)+"$", flags)
}

func (f *finder) option(key string, v py.Value) error {
	text := py.ToStr(v)
	number := func(to *int64) error {
		n, ok := py.AsInt(digits(v))
		if !ok {
			return py.TypeErrorf("'>=' not supported between instances of 'int' and '%s'", v.Type())
		}
		*to = n
		return nil
	}
	switch key {
	case "mindepth":
		return number(&f.minDepth)
	case "maxdepth":
		return number(&f.maxDepth)
	case "test":
		return nil
	case "delete", "exec":
		return invokeError("file.find: " + key + " is not supported: it only looks")
	}
	if !py.IsTrue(v) {
		return py.ValueErrorf(`missing value for "%s" option`, key)
	}
	byRegex := func(re *regex, err error) error {
		if err != nil {
			return py.ValueErrorf(`invalid regular expression: "%s"`, text)
		}
		f.byName = append(f.byName, func(name string, _ host.Info) (bool, error) { return re.match(name) })
		return nil
	}
	stat := func(fn func(i host.Info) bool) {
		f.byStat = append(f.byStat, func(_ string, i host.Info) (bool, error) { return fn(i), nil })
	}
	words := strings.Fields(strings.ReplaceAll(text, ",", " "))
	switch key {
	case "name":
		return byRegex(nameRegex(text, 0))
	case "iname":
		return byRegex(nameRegex(text, reIgnoreCase))
	case "regex":
		return byRegex(compileText(text, 0))
	case "iregex":
		return byRegex(compileText(text, reIgnoreCase))
	case "type":
		letters := strings.Join(words, "")
		for _, c := range letters {
			if !strings.ContainsRune("bcdflps", c) {
				return py.ValueErrorf(`invalid file type "%c"`, c)
			}
		}
		stat(func(i host.Info) bool { return strings.Contains(letters, typeLetter(i)) })
	case "owner", "group":
		ids, err := f.ids(key, words)
		if err != nil {
			return err
		}
		stat(func(i host.Info) bool {
			if key == "group" {
				return slices.Contains(ids, i.GID)
			}
			return slices.Contains(ids, i.UID)
		})
	case "size":
		low, high, err := sizeRange(text)
		if err != nil {
			return err
		}
		stat(func(i host.Info) bool { return low <= i.Size && i.Size <= high })
	case "mtime":
		limit, newer, err := f.interval(text)
		if err != nil {
			return err
		}
		stat(func(i host.Info) bool {
			if t := float64(i.ModTime.Unix()); newer {
				return t >= limit
			} else {
				return t <= limit
			}
		})
	case "grep":
		re, err := compileText(text, 0)
		if err != nil {
			return py.ValueErrorf(`invalid regular expression: "%s"`, text)
		}
		f.grep = re
	case "print":
		if f.print = words; len(words) == 0 {
			f.print = []string{"path"}
		}
	default:
		return py.ValueErrorf(`invalid option "%s"`, key)
	}
	return nil
}

func (f *finder) ids(kind string, words []string) ([]int, error) {
	var ids []int
	for _, w := range words {
		if n, err := strconv.Atoi(w); err == nil {
			ids = append(ids, n)
			continue
		}
		n, ok := uidOf(f, py.Str(w))
		if kind == "group" {
			n, ok = gidOf(f, py.Str(w))
		}
		if !ok {
			return nil, py.ValueErrorf(`no such %s "%s"`, strings.Replace(kind, "owner", "user", 1), w)
		}
		ids = append(ids, n)
	}
	return ids, nil
}

// sizeRange reads [+-]number[unit].
func sizeRange(text string) (low, high int64, err error) {
	s := strings.TrimSpace(text)
	style := byte('=')
	if s != "" && (s[0] == '-' || s[0] == '+') {
		style, s = s[0], s[1:]
	}
	unit := int64(1)
	if s != "" {
		if p := strings.IndexByte("bkmgt", s[len(s)-1]|0x20); p >= 0 {
			unit, s = 1<<(10*p), strings.TrimSpace(s[:len(s)-1])
		}
	}
	x, ferr := strconv.ParseFloat(s, 64)
	if ferr != nil {
		return 0, 0, py.ValueErrorf(`invalid size: "%s"`, text)
	}
	n := int64(x * float64(unit))
	switch style {
	case '-':
		return 0, n, nil
	case '+':
		return n, math.MaxInt64, nil
	}
	return n, n + unit - 1, nil
}

// interval reads a time such as 1w 2d, and says whether newer files are meant.
func (f *finder) interval(text string) (limit float64, newer bool, err error) {
	bad := py.ValueErrorf("invalid time interval: '%s'", text)
	s := strings.TrimSpace(text)
	if s != "" && (s[0] == '-' || s[0] == '+') {
		newer, s = s[0] == '-', s[1:]
	}
	total, resolution := 0.0, 0.0
	last := -1
	units := []float64{7 * 86400, 86400, 3600, 60, 1}
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if i <= 0 {
			return 0, false, bad
		}
		x, perr := strconv.ParseFloat(s[:i], 64)
		rest := strings.TrimSpace(s[i:])
		u := -1
		if rest != "" {
			u = strings.IndexByte("wdhms", rest[0]|0x20)
		}
		if perr != nil || u <= last {
			return 0, false, bad
		}
		total, resolution, last = total+x*units[u], units[u], u
		s = rest[1:]
	}
	if resolution == 0 {
		return 0, false, bad
	}
	now := float64(f.Now().UnixNano()) / float64(time.Second)
	return now - math.Trunc(total/resolution)*resolution, newer, nil
}

// typeLetter is a file's type as find has it.
func typeLetter(i host.Info) string {
	switch k := (status{Info: i}).kind(); k {
	case "dir", "char", "block", "link", "pipe", "socket":
		return k[:1]
	}
	return "f"
}

// below searches one path.
func (f *finder) below(ctx context.Context, top string) ([]py.Value, error) {
	var out []py.Value
	var failed error
	take := func(path string) {
		if failed != nil {
			return
		}
		var v py.Value
		if v, failed = f.take(path); v != nil {
			out = append(out, v)
		}
	}
	if f.minDepth < 1 {
		take(top)
	}
	walk(f, top, false, func(l *level) {
		depth := int64(1)
		if rel := pypath.Rel(l.dir, top); rel != "." {
			depth += int64(strings.Count(rel, "/")) + 1
		}
		if depth >= f.minDepth && depth <= f.maxDepth {
			for _, n := range append(append([]string(nil), l.dirs...), l.files...) {
				take(pypath.Join(l.dir, n))
			}
		}
		if depth > f.maxDepth || failed != nil || ctx.Err() != nil {
			l.dirs = nil
		}
	})
	if failed == nil {
		failed = ctx.Err()
	}
	return out, failed
}

// take returns what is shown of a path, nil when it does not meet the
// criteria.
func (f *finder) take(path string) (py.Value, error) {
	for _, c := range f.byName {
		if ok, err := c(pypath.Base(path), host.Info{}); !ok || err != nil {
			return nil, err
		}
	}
	i, err := f.Stat(path)
	if err != nil {
		if i, err = f.Lstat(path); err != nil {
			return nil, nil //nolint:nilerr // gone since
		}
	}
	for _, c := range f.byStat {
		if ok, err := c(path, i); !ok || err != nil {
			return nil, err
		}
	}
	if f.grep != nil {
		if !i.IsRegular() {
			return nil, nil
		}
		data, err := f.ReadFile(path)
		if err != nil {
			return nil, osFailure(err)
		}
		if ok, err := f.grep.search(string(data)); !ok || err != nil {
			return nil, err
		}
	}
	return f.show(path, i)
}

func (f *finder) show(path string, i host.Info) (py.Value, error) {
	l := py.NewList()
	for _, p := range f.print {
		switch p {
		case "path":
			l.Append(py.Str(path))
		case "name":
			l.Append(py.Str(pypath.Base(path)))
		case "size":
			l.Append(py.Int(i.Size))
		case "type":
			l.Append(py.Str(typeLetter(i)))
		case "mode":
			l.Append(py.Int(i.Perm() & 0o777))
		case "mtime":
			l.Append(py.Int(i.ModTime.Unix()))
		case "user":
			l.Append(userName(f, i.UID))
		case "group":
			l.Append(groupName(f, i.GID))
		case "md5":
			sum := ""
			if i.IsRegular() {
				var err error
				if sum, err = fileHash(f, path, "md5"); err != nil {
					return nil, osFailure(err)
				}
			}
			l.Append(py.Str(sum))
		}
	}
	if l.Len() == 1 {
		return l.Items[0], nil
	}
	return l, nil
}
