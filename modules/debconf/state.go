package debconf

import (
	"context"
	"errors"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type setArgs struct {
	Name  string   `arg:"name,required" doc:"The package."`
	Data  *py.Dict `arg:"data,required" doc:"Answers by question, each a mapping of type and value."`
	Extra *py.Dict `arg:"**"`
}

type setFileArgs struct {
	Name     string   `arg:"name,required" doc:"A name for the state."`
	Source   string   `arg:"source,required" doc:"File of answers, as debconf-set-selections reads it: salt:// or a path of the host."`
	Template py.Value `arg:"template" doc:"Renderer for the file: jinja."`
	Context  py.Value `arg:"context" doc:"Variables for the template, over the defaults."`
	Defaults py.Value `arg:"defaults" doc:"Variables for the template."`
	Extra    *py.Dict `arg:"**"`
}

func stateFuncs() []*modules.Func {
	return []*modules.Func{
		modules.State[setArgs]{Name: "debconf.set", Virtual: virtualState, Check: checkSet,
			Doc: "Sets the answers to a package's questions.\n\n```yaml\npostfix:\n  debconf.set:\n    - data:\n        postfix/mailname: {type: string, value: mail.example.org}\n        postfix/main_mailer_type: {type: select, value: Internet Site}\n```"}.Func(),
		modules.State[setFileArgs]{Name: "debconf.set_file", Virtual: virtualState, Check: checkSetFile,
			Doc: "Sets the answers of a file, whenever it runs.\n\n```yaml\nanswers:\n  debconf.set_file:\n    - source: salt://debconf/answers\n    - template: jinja\n```"}.Func(),
	}
}

// wanted reads an answer of the state's data.
func wanted(pkg, question string, v py.Value) (answer, error) {
	d, ok := v.(*py.Dict)
	if !ok {
		return answer{}, py.TypeErrorf("'%s' object is not subscriptable", v.Type())
	}
	for _, k := range []string{"type", "value"} {
		if !d.Has(k) {
			return answer{}, py.KeyError(py.Str(k))
		}
	}
	a := answer{pkg: pkg, question: question, kind: py.ToStr(d.Lookup("type"))}
	switch value := d.Lookup("value"); {
	case a.kind != "boolean":
		a.value = py.ToStr(value)
	case py.IsTrue(value):
		a.value = "true"
	default:
		a.value = "false"
	}
	return a, nil
}

// shown is the value for people.
func (a answer) shown() string {
	if a.kind == "password" {
		return "(password hidden)"
	}
	return a.value
}

func checkSet(ctx context.Context, c *modules.Call, a *setArgs) (modules.Plan, error) {
	have, err := answers(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	var todo []answer
	same := ""
	for k, v := range a.Data.All() {
		want, err := wanted(a.Name, py.ToStr(k), v)
		if err != nil {
			return modules.Plan{}, err
		}
		if contains(have, want) {
			if same == "" {
				same = "Unchanged answers: "
			}
			same += want.question + " "
			continue
		}
		todo = append(todo, want)
	}
	if len(todo) == 0 {
		return modules.InOrder("All specified answers are already set"), nil
	}
	changes := py.NewDict()
	for _, t := range todo {
		changes.SetStr(t.question, py.Str("New value: "+t.shown()))
	}
	return modules.Would(same, changes, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		done := modules.OK(same, nil)
		changes := py.NewDict()
		for _, t := range todo {
			line := strings.Join([]string{t.pkg, t.question, t.kind, t.value}, " ")
			ok, problem, err := set(ctx, c, w, strings.NewReader(line))
			if err != nil {
				return modules.Done{}, err
			}
			if ok {
				changes.SetStr(t.question, py.Str(t.shown()))
				continue
			}
			done = modules.Failed("Some settings failed to be applied.")
			if problem != "" && t.kind != "password" {
				done.Comment += "\n" + problem
			}
			changes.SetStr(t.question, py.Str("Failed to set!"))
		}
		done.Changes = changes
		return done, nil
	}), nil
}

// contains says whether an answer is set already.
func contains(have []answer, want answer) bool {
	for _, h := range have {
		if h == want {
			return true
		}
	}
	return false
}

func checkSetFile(_ context.Context, c *modules.Call, a *setFileArgs) (modules.Plan, error) {
	if _, ok := a.Context.(*py.Dict); !ok && a.Context != py.Value(py.None) {
		return modules.Fail("Context must be formed as a dict"), nil
	}
	if _, ok := a.Defaults.(*py.Dict); !ok && a.Defaults != py.Value(py.None) {
		return modules.Fail("Defaults must be formed as a dict"), nil
	}
	return modules.Would("Debconf selections would have been set.", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		failed := modules.Failed("Unable to set debconf selections from file.")
		env := "base"
		if c.Chunk != nil && c.Chunk.Env() != "" {
			env = c.Chunk.Env()
		}
		f, err := open(ctx, c, a.Source, env)
		var se *modules.SourceError
		switch {
		case errors.As(err, &se) && !se.Missing:
			return modules.Failed(se.Comment), nil
		case errors.As(err, &se), err == nil && f == nil:
			return failed, nil
		case err != nil:
			return modules.Done{}, err
		}
		defer func() { _ = f.Close() }() // reading tells
		ok, problem, err := set(ctx, c, w, f)
		if err != nil {
			return modules.Done{}, err
		}
		if !ok {
			if problem != "" {
				failed.Comment += "\n" + problem
			}
			return failed, nil
		}
		return modules.Done{Result: low.True, Comment: "Debconf selections were set."}, nil
	}), nil
}
