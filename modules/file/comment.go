package file

import (
	"context"
	"strings"

	"pinch/internal/py"
	"pinch/internal/pydiff"
	"pinch/modules"
	"pinch/states/low"
)

type commentArgs struct {
	Name          string   `arg:"name,required" doc:"Absolute path of the file."`
	Regex         string   `arg:"regex,required" doc:"Regular expression that finds the lines."`
	Char          string   `arg:"char" default:"'#'" doc:"What makes a comment."`
	Backup        py.Value `arg:"backup" default:"'.bak'" doc:"Ending of the old file's copy; False makes none."`
	IgnoreMissing bool     `arg:"ignore_missing" default:"False" doc:"No such line is no failure."`
}

type uncommentArgs struct {
	Name   string   `arg:"name,required" doc:"Absolute path of the file."`
	Regex  string   `arg:"regex,required" doc:"Regular expression that finds the lines, without the comment sign."`
	Char   string   `arg:"char" default:"'#'" doc:"What makes a comment."`
	Backup py.Value `arg:"backup" default:"'.bak'" doc:"Ending of the old file's copy; False makes none."`
}

const commentDoc = "Comments lines of a file out.\n" +
	"```yaml\n/etc/fstab:\n  file.comment:\n    - regex: ^/dev/sdb1\n```"

const uncommentDoc = "Takes the comment sign from lines of a file.\n" +
	"```yaml\n/etc/sysctl.conf:\n  file.uncomment:\n    - regex: net.ipv4.ip_forward\n```"

func commentState() *modules.Func {
	return modules.State[commentArgs]{Name: "file.comment", Doc: commentDoc,
		Check: func(ctx context.Context, c *modules.Call, a *commentArgs) (modules.Plan, error) {
			return plan(ctx, c, func(_ context.Context, o *op) (*ret, error) { return o.commentState(a) })
		}}.Func()
}

func uncommentState() *modules.Func {
	return modules.State[uncommentArgs]{Name: "file.uncomment", Doc: uncommentDoc,
		Check: func(ctx context.Context, c *modules.Call, a *uncommentArgs) (modules.Plan, error) {
			return plan(ctx, c, func(_ context.Context, o *op) (*ret, error) { return o.uncommentState(a) })
		}}.Func()
}

// unanchor takes leading flags, ^ and $ from an expression of one line.
func unanchor(expr string) string {
	if strings.Contains(strings.TrimSuffix(expr, "\n"), "\n") {
		return expr // Salt's substitution does not reach over lines
	}
	tail := ""
	if strings.HasSuffix(expr, "\n") {
		expr, tail = expr[:len(expr)-1], "\n"
	}
	if len(expr) >= 4 && strings.HasPrefix(expr, "(?") && expr[3] == ')' && strings.IndexByte("iLmsux", expr[2]) >= 0 {
		expr = expr[4:]
	}
	expr = strings.TrimPrefix(expr, "^")
	return strings.TrimSuffix(expr, "$") + tail
}

func (o *op) commentState(a *commentArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.comment"), nil
	}
	if problem := checkFile(o, name); problem != "" {
		return r.fail(problem), nil
	}
	bare := unanchor(a.Regex)
	commented := a.Char + bare
	open, err := o.search(name, `^(?!\s*`+a.Char+`)\s*`+bare, reMultiline)
	if err != nil {
		return nil, err
	}
	if !open {
		done, err := o.search(name, commented, reMultiline)
		switch {
		case err != nil:
			return nil, err
		case done:
			return r.is(low.True, "Pattern already commented"), nil
		case a.IgnoreMissing:
			return r.is(low.True, "Pattern not found and ignore_missing set to True"), nil
		}
		return r.fail(bare + ": Pattern not found"), nil
	}
	return o.changeComment(r, name, a.Regex, a.Char, true, a.Backup, commented, "Commented lines successfully", "Expected commented lines not found")
}

func (o *op) uncommentState(a *uncommentArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.uncomment"), nil
	}
	if problem := checkFile(o, name); problem != "" {
		return r.fail(problem), nil
	}
	bare := strings.TrimLeft(a.Regex, "^")
	open := "^[ \t]*" + bare
	commented, err := o.search(name, a.Char+"[ \t]*"+bare, reMultiline)
	if err != nil {
		return nil, err
	}
	if !commented {
		done, err := o.search(name, open, reMultiline)
		if err != nil {
			return nil, err
		}
		if done {
			return r.is(low.True, "Pattern already uncommented"), nil
		}
		return r.fail(a.Regex + ": Pattern not found"), nil
	}
	return o.changeComment(r, name, a.Regex, a.Char, false, a.Backup, open, "Uncommented lines successfully", "Expected uncommented lines not found")
}

// changeComment edits the file and looks whether the wanted lines are there.
func (o *op) changeComment(r *ret, name, expr, char string, add bool, backup py.Value, want, good, bad string) (*ret, error) {
	if o.test {
		r.change(name, py.Str("updated"))
		return r.is(low.None, "File "+name+" is set to be updated"), nil
	}
	before, err := o.w.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if _, err := o.commentLines(name, expr, char, add, backup); err != nil {
		return nil, err
	}
	after, err := o.w.ReadFile(name)
	if err != nil {
		return nil, err
	}
	split := func(b []byte) []string { return py.SplitLines(string(b), true) }
	if !add {
		split = func(b []byte) []string { return readLines(string(b)) }
	}
	noteDiff(r, split(before), split(after), after, true, "")
	ok, err := o.search(name, want, reMultiline)
	if err != nil {
		return nil, err
	}
	if !ok {
		return r.fail(bad), nil
	}
	return r.is(low.True, good), nil
}

// commentLines adds or takes comment signs (Salt's file.comment_line). It
// returns the diff of the lines in question, False when there are none.
func (o *op) commentLines(path, expr, char string, add bool, backup py.Value) (py.Value, error) {
	core := strings.TrimRight(strings.TrimLeft(expr, "^"), "$")
	end := ""
	if strings.HasSuffix(expr, "$") {
		end = "$"
	}
	pattern := "^" + char + `\s*(` + core + ")" + end
	if add {
		pattern = "(" + core + ")" + end
		if strings.HasPrefix(expr, "^") {
			pattern = "^" + pattern
		}
	}
	real := realPath(o.w, expandUser(o, path))
	if !isFile(o.w, real) {
		return nil, invokeError("File not found: " + real)
	}
	_, data, err := o.textFile(real)
	if err != nil {
		return nil, err
	}
	re, err := compileText(pattern, 0)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	var was, is []string
	for _, raw := range readLines(string(data)) {
		line := pydiff.Decode([]byte(raw))
		ok, err := re.match(line)
		if err != nil {
			return nil, err
		}
		if !ok {
			b.WriteString(raw)
			continue
		}
		changed := char + raw
		if !add {
			changed = strings.TrimLeft(raw, char)
		}
		was, is = append(was, raw), append(is, changed)
		b.WriteString(changed)
	}
	if len(was) == 0 {
		return py.False, nil
	}
	if err := o.store(real, real, []byte(b.String()), backup); err != nil {
		return nil, err
	}
	return py.Str(textDiff(was, is)), nil
}
