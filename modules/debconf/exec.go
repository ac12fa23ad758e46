package debconf

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func execFuncs() []*modules.Func {
	return []*modules.Func{
		modules.Query[struct {
			Fetchempty bool `arg:"fetchempty" default:"True" doc:"List questions with empty answers as well."`
		}]{Name: "debconf.get_selections", Doc: "Lists all answers by package: question, type and value.", Virtual: virtualExec,
			Run: func(ctx context.Context, c *modules.Call, a *struct {
				Fetchempty bool `arg:"fetchempty" default:"True" doc:"List questions with empty answers as well."`
			}) (py.Value, error) {
				return selections(ctx, c, a.Fetchempty)
			}}.Func(),
		modules.Query[struct {
			Name string `arg:"name,required" doc:"The package."`
		}]{Name: "debconf.show", Doc: "Lists the answers of a package; None when it has none.", Virtual: virtualExec,
			Run: func(ctx context.Context, c *modules.Call, a *struct {
				Name string `arg:"name,required" doc:"The package."`
			}) (py.Value, error) {
				all, err := selections(ctx, c, true)
				if err != nil {
					return nil, err
				}
				if l := all.Lookup(a.Name); l != nil {
					return l, nil
				}
				return py.None, nil
			}}.Func(),
		modules.Action[execSetArgs]{Name: "debconf.set", Doc: "Sets the answer to a question.", Virtual: virtualExec, Run: execSet}.Func(),
		modules.Action[execFileArgs]{Name: "debconf.set_file", Doc: "Sets the answers of a file.", Virtual: virtualExec, Run: execSetFile}.Func(),
	}
}

func selections(ctx context.Context, c *modules.Call, empty bool) (*py.Dict, error) {
	all, err := answers(ctx, c)
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, a := range all {
		if a.value == "" && !empty {
			continue
		}
		item := py.Strings(a.question, a.kind, a.value)
		if l, ok := ret.Lookup(a.pkg).(*py.List); ok {
			l.Append(item)
		} else {
			ret.SetStr(a.pkg, py.NewList(item))
		}
	}
	return ret, nil
}

type execSetArgs struct {
	Package  string     `arg:"package,required" doc:"The package."`
	Question string     `arg:"question,required" doc:"The question."`
	Type     string     `arg:"type,required" doc:"Type of the question: string, boolean, select, ..."`
	Value    string     `arg:"value,required" doc:"The answer."`
	Extra    []py.Value `arg:"*"`
}

func execSet(ctx context.Context, c *modules.Call, w host.Writer, a *execSetArgs) (py.Value, error) {
	words := []string{a.Package, a.Question, a.Type, a.Value}
	for _, v := range a.Extra {
		words = append(words, py.ToStr(v))
	}
	return told(set(ctx, c, w, strings.NewReader(strings.Join(words, " "))))
}

// told is True for answers that were taken; debconf's complaint is an error.
func told(ok bool, problem string, err error) (py.Value, error) {
	if err == nil && !ok {
		err = modules.CommandExecutionError(setProgram + ": " + problem)
	}
	return py.Bool(ok), err
}

type execFileArgs struct {
	Path    string   `arg:"path,required" doc:"The file: salt:// or a path of the host."`
	Saltenv string   `arg:"saltenv" default:"'base'" doc:"Environment of the tree."`
	Extra   *py.Dict `arg:"**"`
}

func execSetFile(ctx context.Context, c *modules.Call, w host.Writer, a *execFileArgs) (py.Value, error) {
	f, err := open(ctx, c, a.Path, a.Saltenv)
	if err != nil || f == nil {
		return py.False, err
	}
	defer func() { _ = f.Close() }() // reading tells
	return told(set(ctx, c, w, f))
}
