// Package test has Salt's test module: states that pretend, and functions that
// say whether a host answers.
package test

import (
	"context"
	"math/rand/v2"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		simple("nop", "Does nothing and succeeds. It serves as a target of requisites.", nop),
		simple("succeed_without_changes", "Succeeds without changes.", succeed),
		simple("fail_without_changes", "Fails without changes.", fail),
		simple("succeed_with_changes", "Succeeds and reports changes that it did not make.", succeedWithChanges),
		simple("fail_with_changes", "Fails and reports changes that it did not make.", failWithChanges),
		modules.State[configurableArgs]{
			Name: "test.configurable_test_state", Doc: "Gives the result, the changes and the comment that it is told.\n\n```yaml\npretend:\n  test.configurable_test_state:\n    - changes: True\n    - result: False\n    - comment: as told\n```",
			Access: modules.ReadOnly, Check: configurable, Watch: func(_ context.Context, c *modules.Call, a *configurableArgs) (modules.Plan, error) {
				kw := py.DictOf("result", a.Result, "changes", a.Changes)
				if s, isText := a.Comment.(py.Str); !isText || s != "" {
					kw.SetStr("comment", a.Comment)
				}
				return watch(c, given(c, kw)), nil
			},
		}.Func(),
		modules.State[notificationArgs]{
			Name: "test.show_notification", Doc: "Shows a text as the comment of a state that succeeds.\n\n```yaml\nnote:\n  test.show_notification:\n    - text: read me\n```",
			Access: modules.ReadOnly,
			Check: func(_ context.Context, _ *modules.Call, a *notificationArgs) (modules.Plan, error) {
				if !py.IsTrue(a.Text) {
					return modules.Plan{}, modules.SaltInvocationError("Missing required argument text.")
				}
				return modules.Plan{Would: modules.Done{Result: low.True, CommentValue: a.Text}}, nil
			},
			Watch: func(_ context.Context, c *modules.Call, a *notificationArgs) (modules.Plan, error) {
				return watch(c, given(c, a.Extra)), nil
			},
		}.Func(),
		modules.State[pillarArgs]{
			Name: "test.check_pillar", Doc: "Fails when a pillar key is missing or has another type than it should.\n\n```yaml\nsettings:\n  test.check_pillar:\n    - present: [web]\n    - integer: [web:port]\n```",
			Access: modules.ReadOnly, Check: checkPillar,
			Watch: func(_ context.Context, c *modules.Call, _ *pillarArgs) (modules.Plan, error) {
				return watch(c, given(c, py.NewDict())), nil
			},
		}.Func(),
	}, execFuncs()...)
}

type simpleArgs struct {
	Name  string   `arg:"name,required" doc:"A unique text."`
	Extra *py.Dict `arg:"**"`
}

func simple(name, doc string, plan func(*modules.Call, *simpleArgs) modules.Plan) *modules.Func {
	return modules.State[simpleArgs]{
		Name: "test." + name, Doc: doc + "\n\n```yaml\nexample:\n  test." + name + ": []\n```", Access: modules.ReadOnly,
		Check: func(_ context.Context, c *modules.Call, a *simpleArgs) (modules.Plan, error) { return plan(c, a), nil },
		Watch: func(_ context.Context, c *modules.Call, a *simpleArgs) (modules.Plan, error) {
			return watch(c, given(c, a.Extra)), nil
		},
	}.Func()
}

// comment is the comment argument, or the usual one.
func (a *simpleArgs) comment(usual string) py.Value {
	if v, ok := a.Extra.GetStr("comment"); ok {
		return v
	}
	return py.Str(usual)
}

// nop takes no comment, unlike its siblings.
func nop(*modules.Call, *simpleArgs) modules.Plan { return modules.InOrder("Success!") }

func succeed(_ *modules.Call, a *simpleArgs) modules.Plan {
	return modules.Plan{Would: modules.Done{Result: low.True, CommentValue: a.comment("Success!")}}
}

func fail(c *modules.Call, a *simpleArgs) modules.Plan {
	if c.Test {
		return modules.Fail("If we weren't testing, this would be a failure!")
	}
	return modules.Plan{Would: modules.Done{Result: low.False, CommentValue: a.comment("Failure!")}}
}

func pretended() *py.Dict {
	return py.DictOf("testing", py.DictOf("old", py.Str("Unchanged"), "new", py.Str("Something pretended to change")))
}

func pretend(result low.Tri, testComment string, comment py.Value) modules.Plan {
	return modules.Would(testComment, pretended(), func(context.Context, host.Writer) (modules.Done, error) {
		return modules.Done{Result: result, Changes: pretended(), CommentValue: comment}, nil
	})
}

func succeedWithChanges(_ *modules.Call, a *simpleArgs) modules.Plan {
	return pretend(low.True, "If we weren't testing, this would be successful with changes", a.comment("Success!"))
}

func failWithChanges(_ *modules.Call, a *simpleArgs) modules.Plan {
	return pretend(low.False, "If we weren't testing, this would be failed with changes", a.comment("Failure!"))
}

type configurableArgs struct {
	Name         string   `arg:"name,required" doc:"A unique text."`
	Changes      py.Value `arg:"changes" default:"True" doc:"True, False or Random."`
	Result       py.Value `arg:"result" default:"True" doc:"True, False or Random."`
	Comment      py.Value `arg:"comment" default:"''" doc:"The comment."`
	Warnings     py.Value `arg:"warnings" doc:"A text or a list of texts to warn with."`
	AllowFailure py.Value `arg:"allow_test_mode_failure" default:"False" doc:"With result False, test mode fails too."`
	Extra        *py.Dict `arg:"**"`
}

func isRandom(v py.Value) bool { return strings.ToLower(py.ToStr(v)) == "random" }

func configurable(_ context.Context, c *modules.Call, a *configurableArgs) (modules.Plan, error) {
	d := modules.Done{CommentValue: a.Comment}
	unchanged := false
	switch {
	case a.Changes == py.Value(py.True):
		d.Changes = pretended()
	case a.Changes == py.Value(py.False):
		unchanged = true
	case isRandom(a.Changes):
		if rand.IntN(2) == 0 {
			d.Changes = pretended()
		}
	default:
		return modules.Plan{}, modules.SaltInvocationError("You have specified the state option 'changes' with invalid arguments. It must be either True, False, or 'Random'")
	}
	switch b, isBool := a.Result.(py.Bool); {
	case isBool:
		d.Result = low.TriOf(b)
	case isRandom(a.Result):
		d.Result = low.TriOf(py.Bool(rand.IntN(2) == 0))
	default:
		return modules.Plan{}, modules.SaltInvocationError("You have specified the state option 'result' with invalid arguments. It must be either True, False, or 'Random'")
	}
	switch w := a.Warnings.(type) {
	case py.NoneType:
	case py.Str:
		d.Warnings = []string{string(w)}
	case *py.List:
		for _, it := range w.Items {
			d.Warnings = append(d.Warnings, py.ToStr(it))
		}
	default:
		return modules.Plan{}, modules.SaltInvocationError("You have specified the state option 'warnings' with invalid arguments. It must be a string or a list of strings")
	}
	if c.Test {
		switch {
		case py.IsTrue(a.AllowFailure) && a.Result == py.Value(py.False):
			d.Result = low.False
		case unchanged:
			d.Result = low.True
		default:
			d.Result = low.None
		}
		if !py.IsTrue(a.Comment) {
			d.CommentValue = py.Str("This is a test")
		}
	}
	// nothing is ever done, so the plan is the result in both modes
	return modules.Plan{Would: d}, nil
}

type notificationArgs struct {
	Name  string   `arg:"name,required" doc:"A unique text."`
	Text  py.Value `arg:"text" doc:"What to show."`
	Extra *py.Dict `arg:"**"`
}

// given keeps of kw what the chunk really says, not what defaults gave.
func given(c *modules.Call, kw *py.Dict) *py.Dict {
	out := py.NewDict()
	for _, k := range []string{"result", "comment", "changes"} {
		if v, ok := c.Chunk.Data.GetStr(k); ok {
			out.SetStr(k, v)
		} else if v, ok := kw.GetStr(k); ok && c.Chunk.Data.Has(k) {
			out.SetStr(k, v)
		}
	}
	return out
}

// watch is mod_watch: it names the watched states that have changed.
func watch(c *modules.Call, kw *py.Dict) modules.Plan {
	changed := py.NewList()
	if reqs, ok := c.Chunk.Data.Lookup("__reqs__").(*py.Dict); ok {
		if l, ok := reqs.Lookup("watch").(*py.List); ok {
			for _, it := range l.Items {
				req := low.Chunk{Data: it.(*py.Dict)}
				if r := c.Result(req.Tag()); r != nil && py.IsTrue(r.Lookup("changes")) {
					changed.Append(py.Str(req.State() + ": " + req.ID()))
				}
			}
		}
	}
	d := modules.Done{Result: low.True, CommentValue: py.Str("Watch statement fired."), Changes: py.DictOf("Requisites with changes", changed)}
	if v, ok := kw.GetStr("result"); ok {
		d.Result = low.TriOf(v)
	}
	if v, ok := kw.GetStr("comment"); ok {
		d.CommentValue = v
	}
	if v, ok := kw.GetStr("changes"); ok {
		d.Changes = v
	}
	return modules.Plan{Would: d}
}
