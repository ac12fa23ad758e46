package file

import (
	"context"
	"slices"
	"sync"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type accumulatedArgs struct {
	Name     string   `arg:"name,required" doc:"Name of the accumulator."`
	Filename string   `arg:"filename,required" doc:"The file that the text is for."`
	Text     py.Value `arg:"text,required" doc:"Text, or a list of texts, to add."`
	Kwargs   *py.Dict `arg:"**"`
}

const accumulatedDoc = "Gathers text for a file that a later state writes: a template of file.managed finds it in `accumulator`, " +
	"file.blockreplace puts it into its block. It needs a require_in or watch_in to that state.\n" +
	"```yaml\n" +
	"motd lines:\n" +
	"  file.accumulated:\n" +
	"    - filename: /etc/motd\n" +
	"    - text: This is the web server.\n" +
	"    - require_in:\n" +
	"      - file: /etc/motd\n" +
	"```"

// accumulators is what file.accumulated gathered in a run.
type accumulators struct {
	mu sync.Mutex
	// texts are the texts by file name and accumulator, deps the IDs that each
	// accumulator is required in.
	texts map[string]*py.Dict
	deps  map[string]map[string][]py.Value
}

func (o *op) accumulators() *accumulators {
	a, _ := modules.Remember(o.Memo, "file/accumulators", func() (*accumulators, error) { // the question cannot fail
		return &accumulators{texts: map[string]*py.Dict{}, deps: map[string]map[string][]py.Value{}}, nil
	})
	return a
}

// accumulated returns a copy of what was gathered for a file, nil when nothing
// was.
func (o *op) accumulated(filename string) *py.Dict {
	a := o.accumulators()
	a.mu.Lock()
	defer a.mu.Unlock()
	if d := a.texts[filename]; d != nil {
		return py.DeepCopy(d).(*py.Dict)
	}
	return nil
}

// accumulatedFor returns the accumulators of a file that a state is to use:
// those that are required in it, or all.
func (o *op) accumulatedFor(filename string) []*py.List {
	d := o.accumulated(filename)
	if d == nil {
		return nil
	}
	a := o.accumulators()
	a.mu.Lock()
	defer a.mu.Unlock()
	id := py.Value(py.None)
	if o.Chunk != nil {
		id = py.Str(o.Chunk.ID())
	}
	var mine, all []*py.List
	for k, v := range d.All() {
		l, ok := v.(*py.List)
		if !ok {
			continue
		}
		all = append(all, l)
		if slices.ContainsFunc(a.deps[filename][py.ToStr(k)], func(v py.Value) bool { return same(v, id) }) {
			mine = append(mine, l)
		}
	}
	if len(mine) > 0 {
		return mine
	}
	return all
}

func accumulated() *modules.Func {
	return modules.State[accumulatedArgs]{Name: "file.accumulated", Doc: accumulatedDoc, Access: modules.ReadOnly,
		Check: func(_ context.Context, c *modules.Call, a *accumulatedArgs) (modules.Plan, error) {
			o := &op{Call: c}
			return modules.Plan{Would: o.accumulate(a).done()}, nil
		}}.Func()
}

// accumulate changes nothing on the host, so it happens in test mode as well.
func (o *op) accumulate(a *accumulatedArgs) *ret {
	r := newRet(a.Name)
	if a.Name == "" {
		return r.fail("Must provide name to file.accumulated")
	}
	if py.IsNone(a.Text) {
		return r.fail("No text supplied for accumulator")
	}
	var deps []py.Value
	file := false
	for _, key := range []string{"require_in", "watch_in"} {
		l, ok := py.OrNone(o.Chunk.Data.Lookup(key)).(*py.List)
		if !ok {
			continue
		}
		for _, it := range l.Items {
			if d, ok := it.(*py.Dict); ok {
				file = file || d.Has("file")
				deps = append(deps, d.Values()...)
			} else {
				deps = append(deps, it)
			}
		}
	}
	if !file {
		return r.fail("Orphaned accumulator " + a.Name + " in " + o.Chunk.SLS() + ":" + o.Chunk.ID())
	}
	texts := []py.Value{a.Text}
	switch a.Text.(type) {
	case *py.List, py.Tuple, *py.Set:
		items, err := py.Collect(a.Text)
		if err != nil {
			return r.fail(raised(err))
		}
		texts = items
	}
	acc := o.accumulators()
	acc.mu.Lock()
	defer acc.mu.Unlock()
	if acc.texts[a.Filename] == nil {
		acc.texts[a.Filename], acc.deps[a.Filename] = py.NewDict(), map[string][]py.Value{}
	}
	acc.deps[a.Filename][a.Name] = append(acc.deps[a.Filename][a.Name], deps...)
	list, ok := py.OrNone(acc.texts[a.Filename].Lookup(a.Name)).(*py.List)
	if !ok {
		list = py.NewList()
		acc.texts[a.Filename].SetStr(a.Name, list)
	}
	for _, t := range texts {
		if !slices.ContainsFunc(list.Items, func(v py.Value) bool { return same(v, t) }) {
			list.Append(t)
			r.comment = "Accumulator " + a.Name + " for file " + a.Filename + " was charged by text"
		}
	}
	r.result = low.True
	return r
}
