package git

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// outcome is what a state returns, built up as it goes.
type outcome struct {
	test     bool
	result   low.Tri
	comment  string
	changes  *py.Dict
	warnings []string
	comments []string // what was done so far
}

// errDone ends a state whose outcome is complete.
var errDone = errors.New("done")

func newOutcome(c *modules.Call) *outcome {
	return &outcome{test: c.Test, result: low.True, changes: py.NewDict()}
}

func (o *outcome) did(format string, args ...any) {
	o.comments = append(o.comments, fmt.Sprintf(format, args...))
}

func (o *outcome) end(result low.Tri, comment string) error {
	o.result, o.comment = result, comment
	return errDone
}

// fail ends in failure. plain leaves out what was done already.
func (o *outcome) fail(msg string) error {
	if len(o.comments) > 0 {
		msg += "\n\nChanges already made: " + sentences(o.comments)
	}
	return o.end(low.False, msg)
}

func (o *outcome) failPlain(msg string) error { return o.end(low.False, msg) }

func (o *outcome) neutral(comment string) error { return o.end(low.None, comment) }

// madeChanges is the tail of a comment that says what was done beside.
func (o *outcome) madeChanges(did []string) string {
	if len(did) == 0 {
		return ""
	}
	would := ""
	if o.test {
		would = "that would be "
	}
	return fmt.Sprintf("\n\nChanges %smade: %s", would, sentences(did))
}

func sentences(s []string) string {
	text := strings.Join(s, ". ")
	if len(s) > 1 {
		text += "."
	}
	return text
}

func (o *outcome) done() modules.Done {
	d := modules.Done{Result: o.result, Comment: o.comment, Warnings: o.warnings}
	if o.changes.Len() > 0 {
		d.Changes = o.changes
	}
	return d
}

// job is a state function: steps runs it to its end, and writes only where the
// run is no test.
type job interface {
	steps(ctx context.Context) error
}

// plan runs a state. In test mode it runs now, with nothing to write with;
// otherwise when it is applied. Credentials and keys of the tree need a
// temporary place even in test mode.
func plan(ctx context.Context, c *modules.Call, r *repo, o *outcome, j job) (modules.Plan, error) {
	run := func(ctx context.Context, w host.Writer) (d modules.Done, err error) {
		r.w = w
		closeCache, err := r.open(ctx)
		if err != nil {
			return d, err
		}
		if err = j.steps(ctx); errors.Is(err, errDone) {
			err = nil
		}
		return o.done(), errors.Join(err, closeCache())
	}
	temporary := r.cred != nil
	for _, id := range r.ids {
		temporary = temporary || strings.Contains(id, "salt://")
	}
	switch {
	case !c.Test:
		return modules.Plan{Would: modules.Done{Result: low.None}, Apply: run}, nil
	case temporary:
		return modules.Plan{Would: modules.Done{Result: low.None}, Apply: run, TestApply: run}, nil
	}
	d, err := run(ctx, nil)
	return modules.Plan{Would: d}, err
}

// identities checks the argument identity. problem is Salt's text, which
// begins with word ("identity" or "Identity").
func identities(c *modules.Call, v py.Value, word string) (ids []string, problem string) {
	switch v := v.(type) {
	case py.NoneType:
		return nil, ""
	case py.Str:
		ids = []string{string(v)}
	case *py.List:
		for _, it := range v.Items {
			ids = append(ids, py.ToStr(it))
		}
	default:
		return nil, word + " must be either a list or a string"
	}
	for i, id := range ids {
		ids[i] = expandUser(c, id)
		if !strings.Contains(id, "salt://") && !strings.HasPrefix(ids[i], "/") {
			return nil, fmt.Sprintf("%s '%s' is not an absolute path", word, ids[i])
		}
	}
	return ids, ""
}

// unknown is Salt's text for arguments that a function does not have; "" when
// there are none.
func unknown(extra *py.Dict) string {
	var bad []string
	for k, v := range extra.All() {
		if name := py.ToStr(k); !strings.HasPrefix(name, "__") {
			bad = append(bad, name+"="+py.ToStr(v))
		}
	}
	if len(bad) == 0 {
		return ""
	}
	return "The following keyword arguments are not valid: " + strings.Join(bad, ", ")
}

func isHex(s string) bool {
	return len(s) <= 40 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// short is the abbreviation of a commit in comments.
func short(sha string) string {
	if sha == "" {
		return "None"
	}
	return sha[:min(7, len(sha))]
}

func plain(sha string) py.Value { return py.OptStr(sha) }

// emptyDirectory removes what is in a directory.
func (o *outcome) emptyDirectory(w host.Writer, dir string) error {
	entries, err := w.ReadDir(dir)
	if err != nil {
		return err
	}
	var failed []string
	for _, e := range entries {
		p := strings.TrimSuffix(dir, "/") + "/" + e.Name()
		if err := w.RemoveAll(p); err != nil {
			failed = append(failed, fmt.Sprintf("  %s\n    %v", p, err))
		}
	}
	if len(failed) > 0 {
		return o.fail("Unable to remove\n" + strings.Join(failed, "\n"))
	}
	return nil
}

const notEmpty = "Target '%s' exists, is non-empty and is not a git repository. Set the 'force_clone' option to True to " +
	"remove this directory's contents and proceed with cloning the remote repository"
