// Package cron has Salt's cron module: jobs and environment lines of users'
// crontabs. It reads the tables without a process and writes them with
// crontab(1), whole and at once.
package cron

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	state := []*modules.Func{
		modules.State[presentArgs]{Name: "cron.present", Virtual: stateVirtual, Check: checkPresent, Doc: "Keeps a job in a user's crontab. " +
			"The job is known by its identifier, by default the command.\n\n```yaml\n/usr/local/bin/backup:\n  cron.present:\n    - identifier: backup\n    - hour: 3\n    - minute: random\n```\n\n" +
			"```yaml\n/usr/local/bin/report:\n  cron.present:\n    - user: web\n    - special: '@daily'\n```"}.Func(),
		modules.State[absentArgs]{Name: "cron.absent", Virtual: stateVirtual, Check: checkAbsent,
			Doc: "Removes a job from a user's crontab.\n\n```yaml\n/usr/local/bin/backup:\n  cron.absent:\n    - identifier: backup\n```"}.Func(),
		modules.State[envPresentArgs]{Name: "cron.env_present", Virtual: stateVirtual, Check: checkEnvPresent,
			Doc: "Keeps an environment line in a user's crontab.\n\n```yaml\nMAILTO:\n  cron.env_present:\n    - value: root@example.org\n```"}.Func(),
		modules.State[envAbsentArgs]{Name: "cron.env_absent", Virtual: stateVirtual, Check: checkEnvAbsent,
			Doc: "Removes an environment line from a user's crontab.\n\n```yaml\nMAILTO:\n  cron.env_absent: []\n```"}.Func(),
		fileState(),
	}
	return append(state, execFuncs()...)
}

func stateVirtual(c *modules.Call) (bool, string) {
	return c.LookPath("crontab") != "", "cron module could not be loaded"
}

func execVirtual(c *modules.Call) (bool, string) {
	return c.LookPath("crontab") != "", "Cannot load cron module: crontab command not found"
}

type presentArgs struct {
	Name       string   `arg:"name,required" doc:"The command."`
	User       string   `arg:"user" default:"root" doc:"Whose crontab."`
	Minute     py.Value `arg:"minute" default:"*" doc:"Minute field; random or a range such as 10:20 chooses one."`
	Hour       py.Value `arg:"hour" default:"*" doc:"Hour field."`
	Daymonth   py.Value `arg:"daymonth" default:"*" doc:"Day of the month."`
	Month      py.Value `arg:"month" default:"*" doc:"Month."`
	Dayweek    py.Value `arg:"dayweek" default:"*" doc:"Day of the week."`
	Comment    py.Value `arg:"comment" doc:"Comment above the job."`
	Commented  py.Value `arg:"commented" default:"False" doc:"Keep the job commented out."`
	Identifier py.Value `arg:"identifier" default:"False" doc:"What the job is known by; the command by default."`
	Special    py.Value `arg:"special" doc:"A nickname such as @daily in the place of the times."`
}

// identifierOf is the identifier that an argument means.
func identifierOf(v py.Value, name string) py.Value {
	if v == py.Value(py.False) {
		return py.Str(name)
	}
	return v
}

// lower is a time field as text, None for none.
func lower(v py.Value) py.Value {
	if v == py.Value(py.None) {
		return v
	}
	return py.Str(strings.ToLower(py.ToStr(v)))
}

func (a *presentArgs) times() [5]py.Value {
	return [5]py.Value{a.Minute, a.Hour, a.Daymonth, a.Month, a.Dayweek}
}

// would says what a job lacks: "absent", "update" or "present". Unlike the run
// it looks at jobs of its own kind only, as Salt does.
func would(t *tab, name string, identifier, comment, commented, special py.Value, times [5]py.Value) string {
	text := func(v py.Value) py.Value {
		if v == py.Value(py.None) {
			return v
		}
		return py.Str(py.ToStr(v))
	}
	identifier = text(identifier)
	if commented != py.Value(py.None) {
		commented = py.Bool(commented == py.Value(py.True))
	}
	list := t.jobs
	if special != py.Value(py.None) {
		list = t.special
	}
	for i := range list {
		j := &list[i]
		if !j.matches(name, identifier) {
			continue
		}
		change := needsChange(j.identifier, identifier) || j.cmd != name || needsChange(j.comment, comment) || needsChange(j.commented, commented)
		if j.spec != nil {
			change = change || needsChange(j.spec, special)
		} else {
			for k, have := range j.times() {
				change = change || needsChange(have, lower(times[k]))
			}
		}
		if change {
			return "update"
		}
		return "present"
	}
	return "absent"
}

// result makes the return of a state of Salt's word for what was done.
func result(word, what, name, user, done string) modules.Done {
	change := py.DictOf(user, py.Str(name))
	switch word {
	case "present", "absent":
		return modules.Done{Result: low.True, Comment: fmt.Sprintf("%s %s already %s", what, name, word), Name: name}
	case "new":
		return modules.Done{Result: low.True, Comment: fmt.Sprintf("%s %s added to %s's crontab", what, name, user), Changes: change, Name: name}
	case "updated":
		return modules.Done{Result: low.True, Comment: fmt.Sprintf("%s %s updated", what, name), Changes: change, Name: name}
	case "removed":
		return modules.Done{Result: low.True, Comment: fmt.Sprintf("%s %s removed from %s's crontab", what, name, user), Changes: change, Name: name}
	}
	return modules.Done{Result: low.False, Comment: fmt.Sprintf("%s %s for user %s failed to commit with error %s%s", what, name, user, done, word), Name: name}
}

// apply reads a crontab, lets edit change it and writes it if need be.
func apply(ctx context.Context, w host.Writer, user string, edit func(text string) (word, out string, err error)) (string, error) {
	text, err := read(ctx, w, user)
	if err != nil {
		return "", err
	}
	word, out, err := edit(text)
	if err != nil || out == text {
		return word, err
	}
	problem, failed, err := write(ctx, w, user, out)
	if failed {
		word = problem
	}
	return word, err
}

// plan is a state that has nothing to tell before it runs but in test mode.
func plan(c *modules.Call, name string, test func() (result low.Tri, comment string, err error), run func(ctx context.Context, w host.Writer) (modules.Done, error)) (modules.Plan, error) {
	if !c.Test {
		return modules.Plan{Apply: run}, nil
	}
	result, comment, err := test()
	return modules.Plan{Would: modules.Done{Result: result, Comment: comment, Name: name}}, err
}

func checkPresent(ctx context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	name := strings.TrimSpace(a.Name)
	id := identifierOf(a.Identifier, name)
	return plan(c, name, func() (low.Tri, string, error) {
		text, err := read(ctx, c, a.User)
		if err != nil {
			return low.False, "", err
		}
		switch would(parse(text), name, id, a.Comment, a.Commented, a.Special, a.times()) {
		case "absent":
			return low.None, "Cron " + name + " is set to be added", nil
		case "present":
			return low.True, "Cron " + name + " already present", nil
		}
		return low.None, "Cron " + name + " is set to be updated", nil
	}, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		job := wishOf(name, a.times(), a.Special, a.Comment, a.Commented, id)
		word, err := apply(ctx, w, a.User, func(text string) (string, string, error) { return set(text, job) })
		return result(word, "Cron", name, a.User, "\n"), err
	})
}

func wishOf(cmd string, times [5]py.Value, special, comment, commented, identifier py.Value) wish {
	w := wish{cmd: cmd, comment: comment, commented: commented, identifier: identifier}
	if special != py.Value(py.None) {
		w.spec = special
		w.time = [5]py.Value{py.None, py.None, py.None, py.None, py.None}
		return w
	}
	for i, t := range times {
		w.time[i] = py.Str(strings.ToLower(py.ToStr(t)))
	}
	return w
}

type absentArgs struct {
	Name       string   `arg:"name,required" doc:"The command."`
	User       string   `arg:"user" default:"root" doc:"Whose crontab."`
	Identifier py.Value `arg:"identifier" default:"False" doc:"What the job is known by; the command by default."`
	Special    py.Value `arg:"special" doc:"The job's nickname such as @daily."`
	Kwargs     *py.Dict `arg:"**"`
}

func checkAbsent(ctx context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	name := strings.TrimSpace(a.Name)
	id := identifierOf(a.Identifier, name)
	return plan(c, name, func() (low.Tri, string, error) {
		text, err := read(ctx, c, a.User)
		if err != nil {
			return low.False, "", err
		}
		none := [5]py.Value{py.None, py.None, py.None, py.None, py.None}
		if would(parse(text), name, id, py.None, py.None, py.None, none) == "absent" {
			return low.True, "Cron " + name + " is absent", nil
		}
		return low.None, "Cron " + name + " is set to be removed", nil
	}, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		word, err := apply(ctx, w, a.User, func(text string) (string, string, error) { return remove(text, name, id, a.Special, nil) })
		return result(word, "Cron", name, a.User, ""), err
	})
}

// remove takes a job out of a crontab: one with times, or with special the one
// of that nickname.
func remove(text, cmd string, identifier, special py.Value, fits func(*job) bool) (word, out string, err error) {
	t := parse(text)
	word = "absent"
	if special != py.Value(py.None) {
		if t.drop(true, cmd, identifier, func(j *job) bool { return same(j.spec, special) }) {
			word = "removed"
		}
		out, err = t.render() // written in any case, as in Salt
		return word, out, err
	}
	if !t.drop(false, cmd, identifier, fits) {
		return word, text, nil
	}
	out, err = t.render()
	return "removed", out, err
}

type envPresentArgs struct {
	Name  string   `arg:"name,required" doc:"The variable."`
	Value py.Value `arg:"value" doc:"Its value."`
	User  string   `arg:"user" default:"root" doc:"Whose crontab."`
}

type envAbsentArgs struct {
	Name string `arg:"name,required" doc:"The variable."`
	User string `arg:"user" default:"root" doc:"Whose crontab."`
}

func wouldEnv(t *tab, name string, value py.Value) string {
	if value == py.Value(py.None) {
		value = py.Str("")
	}
	switch e := t.env(name); {
	case e == nil:
		return "absent"
	case same(value, e.value):
		return "present"
	}
	return "update"
}

func checkEnvPresent(ctx context.Context, c *modules.Call, a *envPresentArgs) (modules.Plan, error) {
	return plan(c, a.Name, func() (low.Tri, string, error) {
		text, err := read(ctx, c, a.User)
		if err != nil {
			return low.False, "", err
		}
		switch wouldEnv(parse(text), a.Name, a.Value) {
		case "absent":
			return low.None, "Cron env " + a.Name + " is set to be added", nil
		case "present":
			return low.True, "Cron env " + a.Name + " already present", nil
		}
		return low.None, "Cron env " + a.Name + " is set to be updated", nil
	}, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		word, err := apply(ctx, w, a.User, func(text string) (string, string, error) { return setEnv(text, a.Name, a.Value) })
		return result(word, "Cron env", a.Name, a.User, "\n"), err
	})
}

func checkEnvAbsent(ctx context.Context, c *modules.Call, a *envAbsentArgs) (modules.Plan, error) {
	name := strings.TrimSpace(a.Name)
	return plan(c, name, func() (low.Tri, string, error) {
		text, err := read(ctx, c, a.User)
		if err != nil {
			return low.False, "", err
		}
		if parse(text).env(name) == nil {
			return low.True, "Cron env " + name + " is absent", nil
		}
		return low.None, "Cron env " + name + " is set to be removed", nil
	}, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		word, err := apply(ctx, w, a.User, func(text string) (string, string, error) { return removeEnv(text, name) })
		return result(word, "Cron env", name, a.User, ""), err
	})
}

// removeEnv takes an environment line out. Like Salt it writes the table
// anyway, so that a user without one gets one.
func removeEnv(text, name string) (word, out string, err error) {
	t := parse(text)
	word = "absent"
	if t.dropEnv(name) {
		word = "removed"
	}
	out, err = t.render()
	return word, out, err
}
