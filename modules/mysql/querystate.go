package mysql

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type runArgs struct {
	Name          string   `arg:"name,required" doc:"A name for the query; it has no other meaning."`
	Database      string   `arg:"database,required" doc:"The database."`
	Query         string   `arg:"query,required" doc:"One statement."`
	Output        *string  `arg:"output" doc:"A file for the result, or grain; the comment has it without."`
	Grain         *string  `arg:"grain" doc:"The grain that the result goes to."`
	Key           *string  `arg:"key" doc:"The key in that grain."`
	Overwrite     bool     `arg:"overwrite" default:"True" doc:"Whether the query runs when file or grain is there already."`
	CheckDBExists bool     `arg:"check_db_exists" default:"True" doc:"Whether nothing runs without the database."`
	ClientFlags   py.Value `arg:"client_flags" doc:"Flags of the connection; only an empty list is supported."`
	connArgs
}

func queryStates() []*modules.Func {
	return []*modules.Func{
		modules.State[runArgs]{Name: "mysql_query.run", Virtual: stateVirtual, Check: checkRun,
			Doc: "Runs a statement, each time.\n\n```yaml\ncount:\n  mysql_query.run:\n    - database: shop\n    - query: SELECT COUNT(*) AS n FROM orders\n    - output: /var/lib/orders\n    - overwrite: False\n```"}.Func(),
	}
}

func checkRun(ctx context.Context, c *modules.Call, a *runArgs) (modules.Plan, error) {
	if !py.IsNone(a.ClientFlags) {
		flags, ok := a.ClientFlags.(*py.List)
		if !ok {
			return modules.Fail("Error: client_flags must be a list."), nil
		}
		if len(flags.Items) > 0 {
			return modules.Plan{}, modules.SaltInvocationError(fmt.Sprintf("mysql_query.run: client_flags: %s is not supported", py.ToStr(flags.Items[0])))
		}
	}
	p, err := a.client(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	if a.CheckDBExists {
		exists, err := p.dbExists(ctx, a.Database)
		if err != nil {
			return modules.Plan{}, err
		}
		if !exists {
			if s, bad := takeError(c); bad {
				return modules.Fail(s), nil
			}
			return modules.Plan{Would: modules.Done{Result: low.None, Comment: fmt.Sprintf("Database %s is not present", a.Name)}}, nil
		}
	}
	would, settled, err := a.destination(ctx, c)
	if err != nil || settled {
		return modules.Plan{Would: would}, err
	}
	return modules.Plan{Would: would, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return a.apply(ctx, p, w)
	}}, nil
}

// destination says where the result would go; settled that nothing runs.
func (a *runArgs) destination(ctx context.Context, c *modules.Call) (done modules.Done, settled bool, err error) {
	would := func(where string) modules.Done {
		return modules.Done{Result: low.None, Comment: "Query would execute, " + where}
	}
	already := func(what string) modules.Done {
		return modules.Done{Result: low.True, Comment: "No execution needed. " + what + " already set"}
	}
	switch {
	case a.Output == nil:
		return would("not storing result"), false, nil
	case *a.Output != "grain":
		if st, err := c.Stat(*a.Output); !a.Overwrite && err == nil && st.Mode.IsRegular() {
			return already("File " + *a.Output), true, nil
		}
		return would("storing result in file: " + *a.Output), false, nil
	case a.Grain == nil:
		return modules.Failed("Error: output type 'grain' needs the grain parameter\n"), true, nil
	}
	value, exists, err := a.grainValue(ctx, c)
	if err != nil {
		return done, false, err
	}
	name := *a.Grain
	if a.Key != nil {
		name += ":" + *a.Key
		exists, err = py.Contains(value, py.Str(*a.Key))
	}
	if err == nil && exists && !a.Overwrite {
		return already("Grain " + name), true, nil
	}
	return would("storing result in grain: " + name), false, err
}

// grainValue is the grain as it is, or an empty mapping.
func (a *runArgs) grainValue(ctx context.Context, c *modules.Call) (py.Value, bool, error) {
	all, err := c.Funcs.Call(ctx, "grains.ls", py.NewArgs())
	if err != nil {
		return nil, false, err
	}
	exists, err := py.Contains(all, py.Str(*a.Grain))
	if err != nil || !exists {
		return py.NewDict(), false, err
	}
	v, err := c.Funcs.Call(ctx, "grains.get", py.NewArgs(py.Str(*a.Grain)))
	return py.DeepCopy(v), true, err
}

func (a *runArgs) apply(ctx context.Context, p *client, w host.Writer) (modules.Done, error) {
	got, err := p.query(ctx, w, a.Database, a.Query)
	if err != nil {
		return modules.Done{}, err
	}
	result, ok := got.(*py.Dict)
	if !ok || result.Len() == 0 {
		// Salt takes no answer for success, and falls over what the server refused
		return modules.Failed(because(p.c, fmt.Sprintf("Failed to execute the query %s", a.Name))), nil
	}
	if columns, ok := result.Lookup("columns").(py.Tuple); ok {
		mapped := py.NewList()
		rows, _ := result.Lookup("results").(py.Tuple)
		for _, row := range rows {
			d := py.NewDict()
			for i, v := range row.(py.Tuple) {
				if err := d.Set(columns[i], v); err != nil {
					return modules.Done{}, err
				}
			}
			mapped.Append(d)
		}
		result.SetStr("results", mapped)
	}
	executed := "Executed"
	switch {
	case a.Output == nil:
	case *a.Output == "grain":
		where, err := a.setGrain(ctx, p.c, result)
		if err != nil {
			return modules.Done{}, err
		}
		executed += ". Output into grain: " + where
	default:
		executed += ". Output into " + *a.Output
		text, err := outputText(result)
		if err != nil {
			return modules.Done{}, err
		}
		if err := w.WriteFile(*a.Output, strings.NewReader(text), host.WriteOptions{}); err != nil {
			return modules.Done{}, fmt.Errorf("mysql_query.run: %w", err)
		}
	}
	return modules.OK(py.ToStr(result), change("query", executed)), nil
}

func (a *runArgs) setGrain(ctx context.Context, c *modules.Call, result *py.Dict) (string, error) {
	where := *a.Grain
	var value py.Value = result
	if a.Key != nil {
		where += ":" + *a.Key
		old, _, err := a.grainValue(ctx, c)
		if err != nil {
			return "", err
		}
		d, ok := old.(*py.Dict)
		if !ok {
			return "", py.TypeErrorf("'%s' object does not support item assignment", old.Type())
		}
		d.SetStr(*a.Key, result)
		value = d
	}
	_, err := c.Funcs.Call(ctx, "grains.setval", py.NewArgs(py.Str(*a.Grain), value))
	return where, err
}

// outputText is the result as a file has it: NAME:VALUE for each value.
func outputText(result *py.Dict) (string, error) {
	var b strings.Builder
	if rows, ok := result.Lookup("results").(*py.List); ok {
		for _, row := range rows.Items {
			for k, v := range row.(*py.Dict).All() {
				s, ok := v.(py.Str)
				if !ok {
					return "", py.TypeErrorf("can only concatenate str (not \"%s\") to str", v.Type())
				}
				b.WriteString(py.ToStr(k) + ":" + string(s) + "\n")
			}
		}
		return b.String(), nil
	}
	for k, v := range result.All() {
		b.WriteString(py.ToStr(k) + ":" + py.ToStr(v) + "\n")
	}
	return b.String(), nil
}
