package cron

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type userArgs struct {
	User string `arg:"user,required" doc:"Whose crontab."`
}

type entryArgs struct {
	User       string   `arg:"user,required" doc:"Whose crontab."`
	Identifier py.Value `arg:"identifier" doc:"Identifier of the job."`
	Cmd        py.Value `arg:"cmd" doc:"Command of the job, when no identifier is given."`
}

type setSpecialArgs struct {
	User       string   `arg:"user,required" doc:"Whose crontab."`
	Special    py.Value `arg:"special,required" doc:"A nickname such as @hourly."`
	Cmd        string   `arg:"cmd,required" doc:"The command."`
	Commented  py.Value `arg:"commented" default:"False" doc:"Comment the job out."`
	Comment    py.Value `arg:"comment" doc:"Comment above the job."`
	Identifier py.Value `arg:"identifier" doc:"What the job is known by."`
}

type setJobArgs struct {
	User       string   `arg:"user,required" doc:"Whose crontab."`
	Minute     py.Value `arg:"minute,required" doc:"Minute field."`
	Hour       py.Value `arg:"hour,required" doc:"Hour field."`
	Daymonth   py.Value `arg:"daymonth,required" doc:"Day of the month."`
	Month      py.Value `arg:"month,required" doc:"Month."`
	Dayweek    py.Value `arg:"dayweek,required" doc:"Day of the week."`
	Cmd        string   `arg:"cmd,required" doc:"The command."`
	Commented  py.Value `arg:"commented" default:"False" doc:"Comment the job out."`
	Comment    py.Value `arg:"comment" doc:"Comment above the job."`
	Identifier py.Value `arg:"identifier" doc:"What the job is known by."`
}

type rmSpecialArgs struct {
	User       string   `arg:"user,required" doc:"Whose crontab."`
	Cmd        string   `arg:"cmd,required" doc:"The command."`
	Special    py.Value `arg:"special" doc:"The job's nickname; any when not given."`
	Identifier py.Value `arg:"identifier" doc:"What the job is known by."`
}

type rmJobArgs struct {
	User       string   `arg:"user,required" doc:"Whose crontab."`
	Cmd        string   `arg:"cmd,required" doc:"The command."`
	Minute     py.Value `arg:"minute" doc:"Only with this minute."`
	Hour       py.Value `arg:"hour" doc:"Only with this hour."`
	Daymonth   py.Value `arg:"daymonth" doc:"Only with this day of the month."`
	Month      py.Value `arg:"month" doc:"Only with this month."`
	Dayweek    py.Value `arg:"dayweek" doc:"Only with this day of the week."`
	Identifier py.Value `arg:"identifier" doc:"What the job is known by."`
}

type setEnvArgs struct {
	User  string   `arg:"user,required" doc:"Whose crontab."`
	Name  string   `arg:"name,required" doc:"The variable."`
	Value py.Value `arg:"value" doc:"Its value."`
}

type rmEnvArgs struct {
	User string `arg:"user,required" doc:"Whose crontab."`
	Name string `arg:"name,required" doc:"The variable."`
}

type writeArgs struct {
	User string `arg:"user,required" doc:"Whose crontab."`
	Path string `arg:"path,required" doc:"File with the new crontab."`
}

func query[A any](name, doc string, run func(ctx context.Context, c *modules.Call, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "cron." + name, Doc: doc, Virtual: execVirtual, Run: run}.Func()
}

// editor is a function that changes a crontab and returns Salt's word.
func editor[A any](name, doc string, user func(*A) string, edit func(a *A, text string) (word, out string, err error)) *modules.Func {
	return modules.Action[A]{Name: "cron." + name, Doc: doc, Virtual: execVirtual, Run: func(ctx context.Context, _ *modules.Call, w host.Writer, a *A) (py.Value, error) {
		word, err := apply(ctx, w, user(a), func(text string) (string, string, error) { return edit(a, text) })
		return py.Str(word), err
	}}.Func()
}

func execFuncs() []*modules.Func {
	tabOf := func(ctx context.Context, c *modules.Call, a *userArgs) (py.Value, error) {
		text, err := read(ctx, c, a.User)
		if err != nil {
			return nil, err
		}
		return parse(text).dict(), nil
	}
	rmJob := func(a *rmJobArgs, text string) (string, string, error) {
		return remove(text, a.Cmd, a.Identifier, py.None, func(j *job) bool { return timesFit(j, a) })
	}
	rmUser := func(a *rmJobArgs) string { return a.User }
	return []*modules.Func{
		query("raw_cron", "Gives a user's crontab.", func(ctx context.Context, c *modules.Call, a *userArgs) (py.Value, error) {
			text, err := read(ctx, c, a.User)
			return py.Str(text), err
		}),
		query("list_tab", "Describes a user's crontab.", tabOf),
		query("ls", "Describes a user's crontab.", tabOf),
		query("get_entry", "Describes one job, False when there is none.", func(ctx context.Context, c *modules.Call, a *entryArgs) (py.Value, error) {
			text, err := read(ctx, c, a.User)
			if err != nil {
				return nil, err
			}
			t := parse(text)
			for _, j := range append(t.jobs, t.special...) {
				if py.IsTrue(a.Identifier) && same(j.identifier, a.Identifier) || !py.IsTrue(a.Identifier) && py.IsTrue(a.Cmd) && same(py.Str(j.cmd), a.Cmd) {
					return j.dict(), nil
				}
			}
			return py.False, nil
		}),
		editor("set_job", "Sets a job.", func(a *setJobArgs) string { return a.User }, func(a *setJobArgs, text string) (string, string, error) {
			return set(text, wishOf(a.Cmd, [5]py.Value{a.Minute, a.Hour, a.Daymonth, a.Month, a.Dayweek}, py.None, a.Comment, a.Commented, a.Identifier))
		}),
		editor("set_special", "Sets a job with a nickname for its times.", func(a *setSpecialArgs) string { return a.User }, func(a *setSpecialArgs, text string) (string, string, error) {
			return set(text, wishOf(a.Cmd, [5]py.Value{}, a.Special, a.Comment, a.Commented, a.Identifier))
		}),
		editor("rm_job", "Removes a job.", rmUser, rmJob),
		editor("rm", "Removes a job.", rmUser, rmJob),
		editor("rm_special", "Removes a job with a nickname.", func(a *rmSpecialArgs) string { return a.User }, func(a *rmSpecialArgs, text string) (string, string, error) {
			t, word := parse(text), "absent"
			if t.drop(true, a.Cmd, a.Identifier, func(j *job) bool { return a.Special == py.Value(py.None) || same(j.spec, a.Special) }) {
				word = "removed"
			}
			out, err := t.render()
			return word, out, err
		}),
		editor("set_env", "Sets an environment line.", func(a *setEnvArgs) string { return a.User }, func(a *setEnvArgs, text string) (string, string, error) { return setEnv(text, a.Name, a.Value) }),
		editor("rm_env", "Removes an environment line.", func(a *rmEnvArgs) string { return a.User }, func(a *rmEnvArgs, text string) (string, string, error) { return removeEnv(text, a.Name) }),
		modules.Action[writeArgs]{Name: "cron.write_cron_file", Doc: "Makes a file a user's crontab; says whether that worked.", Virtual: execVirtual, Run: func(ctx context.Context, _ *modules.Call, w host.Writer, a *writeArgs) (py.Value, error) {
			out, err := install(ctx, w, a.User, a.Path)
			return py.Bool(out.Code == 0), err
		}}.Func(),
		modules.Action[writeArgs]{Name: "cron.write_cron_file_verbose", Doc: "Makes a file a user's crontab; returns what crontab says.", Virtual: execVirtual, Run: func(ctx context.Context, _ *modules.Call, w host.Writer, a *writeArgs) (py.Value, error) {
			out, err := install(ctx, w, a.User, a.Path)
			return py.DictOf("pid", py.Int(out.PID), "retcode", py.Int(out.Code), "stdout", py.Str(trimEnd(out.Stdout)), "stderr", py.Str(trimEnd(out.Stderr))), err
		}}.Func(),
	}
}

// timesFit says whether a job has the times that rm_job was given.
func timesFit(j *job, a *rmJobArgs) bool {
	for i, want := range []py.Value{a.Minute, a.Hour, a.Daymonth, a.Month, a.Dayweek} {
		if want == py.Value(py.None) || j.time[i] == py.ToStr(want) || lower(want) == py.Value(py.Str("random")) && j.time[i] != "*" {
			continue
		}
		return false
	}
	return true
}

// dict is a job as Salt shows it.
func (j *job) dict() *py.Dict {
	if j.spec != nil {
		return py.DictOf("spec", j.spec, "cmd", py.Str(j.cmd), "identifier", j.identifier, "comment", j.comment, "commented", j.commented)
	}
	d := py.NewDict()
	for i, f := range timeFields() {
		d.SetStr(f, py.Str(j.time[i]))
	}
	d.SetStr("identifier", j.identifier)
	d.SetStr("cmd", py.Str(j.cmd))
	d.SetStr("comment", j.comment)
	d.SetStr("commented", j.commented)
	return d
}

// dict is a crontab as Salt shows it.
func (t *tab) dict() *py.Dict {
	list := func(jobs []job) *py.List {
		l := py.NewList()
		for i := range jobs {
			l.Append(jobs[i].dict())
		}
		return l
	}
	envs := py.NewList()
	for _, e := range t.envs {
		envs.Append(py.DictOf("name", py.Str(e.name), "value", e.value))
	}
	return py.DictOf("pre", py.Strings(t.pre...), "crons", list(t.jobs), "special", list(t.special), "env", envs)
}
