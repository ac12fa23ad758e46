package at

import (
	"context"
	"fmt"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[presentArgs]{Name: "at.present", Virtual: stateVirtual, Check: checkPresent, Watch: noWatch[presentArgs],
			Doc: "Adds a job to the queue of at(1): one more in each run, unless `unique_tag` is set.\n\n" +
				"```yaml\nrestart later:\n  at.present:\n    - job: systemctl restart nginx\n    - timespec: 'now + 2 hours'\n    - tag: nginx\n    - unique_tag: True\n```"}.Func(),
		modules.State[absentArgs]{Name: "at.absent", Virtual: stateVirtual, Check: checkAbsent, Watch: noWatch[absentArgs],
			Doc: "Removes jobs of the queue of at(1): that with a number, those that filters (tag, runas, hour, minute, day, month, year) choose, or all.\n\n" +
				"```yaml\nno restart:\n  at.absent:\n    - tag: nginx\n```"}.Func(),
		modules.State[presentArgs]{Name: "at.watch", Virtual: stateVirtual, Check: checkWatch, Watch: checkPresent,
			Doc: "Adds a job to the queue of at(1) when a watched state has changed something.\n\n" +
				"```yaml\nrestart soon:\n  at.watch:\n    - job: systemctl restart nginx\n    - timespec: 'now + 1 min'\n    - watch:\n      - file: /etc/nginx/nginx.conf\n```"}.Func(),
	}, execFuncs()...)
}

type presentArgs struct {
	Name      string   `arg:"name,required" doc:"A name in the results, and the command unless job is given."`
	Timespec  string   `arg:"timespec,required" doc:"When, as at(1) takes it."`
	Tag       py.Value `arg:"tag" doc:"A mark by which the job is found."`
	User      string   `arg:"user" doc:"The user whose job it is."`
	Job       string   `arg:"job" doc:"The command."`
	UniqueTag bool     `arg:"unique_tag" default:"False" doc:"Add no job when there is one with the tag."`
}

type absentArgs struct {
	Name    string   `arg:"name,required" doc:"A name in the results."`
	JobID   py.Value `arg:"jobid" doc:"The number of the job; other filters have no effect then."`
	Filters *py.Dict `arg:"**"`
}

// noWatch is the mod_watch of the functions that Salt's does not know: it fails
// without a word.
func noWatch[A any](context.Context, *modules.Call, *A) (modules.Plan, error) {
	return modules.Fail(""), nil
}

func checkWatch(context.Context, *modules.Call, *presentArgs) (modules.Plan, error) {
	return modules.InOrder(""), nil
}

func checkPresent(ctx context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	command := a.Job
	if command == "" {
		command = a.Name
	}
	comment := fmt.Sprintf("job %s added and will run on %s", command, a.Timespec)
	if c.Test {
		return modules.Plan{Would: modules.Done{Result: low.None, Comment: comment}}, nil
	}
	if a.UniqueTag {
		if !py.IsTrue(a.Tag) {
			return modules.Fail("no tag provided and unique_tag is set to True"), nil
		}
		jobs, err := queue(ctx, c)
		if err != nil {
			return modules.Plan{}, err
		}
		if jobs, err = matching(jobs, py.DictOf("tag", a.Tag)); err != nil || len(jobs) > 0 {
			return modules.InOrder(fmt.Sprintf("atleast one job with tag %s exists.", py.ToStr(a.Tag))), err
		}
	}
	if a.User != "" {
		if _, ok := c.User(a.User); !ok {
			return modules.Fail(fmt.Sprintf("user %s does not exists", a.User)), nil
		}
		comment = fmt.Sprintf("job %s added and will run as %s on %s", command, a.User, a.Timespec)
	}
	return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		jobs, reason, err := add(ctx, c, w, a.Timespec, command, a.Tag, a.User)
		if err != nil {
			return modules.Done{}, err
		}
		if reason != "" {
			return modules.Failed(reason), nil
		}
		d := modules.OK(comment, nil)
		if len(jobs) > 0 {
			d.Changes = jobs[0].dict()
		}
		return d, nil
	}}, nil
}

func checkAbsent(_ context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	if a.Filters.Has("limit") {
		return modules.Fail("limit parameter not supported " + a.Name), nil
	}
	return modules.Would("removed ? job(s)", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		jobs, err := queue(ctx, c)
		if err != nil {
			return modules.Done{}, err
		}
		if py.IsTrue(a.JobID) {
			return removeOne(ctx, c, w, jobs, a.JobID)
		}
		if jobs, err = matching(jobs, a.Filters); err != nil {
			return modules.Done{}, err
		}
		ids, err := remove(ctx, c, w, jobs)
		d := modules.OK(fmt.Sprintf("removed %d job(s)", len(ids)), nil)
		if len(ids) > 0 {
			d.Changes = py.DictOf("removed", py.Strings(ids...))
		}
		return d, err
	}), nil
}

// removeOne removes the job with a number (or, as in Salt, with that tag).
func removeOne(ctx context.Context, c *modules.Call, w host.Writer, jobs []*job, id py.Value) (modules.Done, error) {
	jobs = find(jobs, id)
	switch len(jobs) {
	case 0:
		return modules.OK(fmt.Sprintf("job with id %s not present", py.ToStr(id)), nil), nil
	case 1:
	default:
		return modules.Failed(fmt.Sprintf("more than one job was return for job with id %s", py.ToStr(id))), nil
	}
	if jobs[0].id != py.ToStr(id) { // found by its tag: at.atrm takes numbers only
		jobs = nil
	}
	ids, err := remove(ctx, c, w, jobs)
	if err != nil {
		return modules.Done{}, err
	}
	d := modules.Done{Result: low.False, Changes: py.DictOf("removed", py.Strings(ids...)),
		Comment: fmt.Sprintf("failed to remove job with id %s", py.ToStr(id))}
	// Salt: looks for the number among texts, so that only a text is found
	if _, text := id.(py.Str); text && len(ids) == 1 {
		d.Result, d.Comment = low.True, fmt.Sprintf("job with id %s was removed", py.ToStr(id))
	}
	return d, nil
}
