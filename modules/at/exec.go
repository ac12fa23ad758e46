package at

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type atqArgs struct {
	Tag py.Value `arg:"tag" doc:"Only jobs with this tag or number."`
}

type wordsArgs struct {
	Words []py.Value `arg:"*"`
}

type atArgs struct {
	Words []py.Value `arg:"*"`
	Kw    *py.Dict   `arg:"**"`
}

type atcArgs struct {
	JobID py.Value `arg:"jobid,required" doc:"The number of the job."`
}

type checkArgs struct {
	Filters *py.Dict `arg:"**"`
}

func jobsDict(jobs []*job) *py.Dict {
	l := py.NewList()
	for _, j := range jobs {
		l.Append(j.dict())
	}
	return py.DictOf("jobs", l)
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		modules.Query[atqArgs]{Name: "at.atq", Virtual: virtual, Doc: "Gives the jobs of the queue.",
			Run: func(ctx context.Context, c *modules.Call, a *atqArgs) (py.Value, error) {
				jobs, err := queue(ctx, c)
				return jobsDict(find(jobs, a.Tag)), err
			}}.Func(),
		modules.Query[atcArgs]{Name: "at.atc", Virtual: virtual, Doc: "Gives the script of a job.",
			Run: func(ctx context.Context, c *modules.Call, a *atcArgs) (py.Value, error) {
				s, err := c.Ask(ctx, "at", "-c", py.ToStr(a.JobID))
				if s.Out == "" {
					return py.DictOf("error", py.Str(fmt.Sprintf("invalid job id '%s'", py.ToStr(a.JobID)))), err
				}
				return py.Str(s.Out), err
			}}.Func(),
		modules.Query[checkArgs]{Name: "at.jobcheck", Virtual: virtual, Doc: "Gives the jobs that filters choose: tag, runas, hour, minute, day, month, year.",
			Run: func(ctx context.Context, c *modules.Call, a *checkArgs) (py.Value, error) {
				if a.Filters.Len() == 0 {
					return py.DictOf("error", py.Str("You have given a condition")), nil
				}
				all, err := queue(ctx, c)
				if err != nil {
					return nil, err
				}
				jobs, err := matching(all, a.Filters)
				d := jobsDict(jobs)
				if len(jobs) == 0 && len(all) > 0 {
					d.SetStr("note", py.Str("No match jobs or time format error"))
				}
				return d, err
			}}.Func(),
		modules.Action[atArgs]{Name: "at.at", Virtual: virtual, Doc: "Adds a job: a time and the words of a command, with tag= and runas=.", Run: runAt}.Func(),
		modules.Action[wordsArgs]{Name: "at.atrm", Virtual: virtual, Doc: "Removes jobs by their numbers, or all, or all with a tag.", Run: runAtrm}.Func(),
	}
}

func runAt(ctx context.Context, c *modules.Call, w host.Writer, a *atArgs) (py.Value, error) {
	if len(a.Words) < 2 {
		return jobsDict(nil), nil
	}
	words := make([]string, len(a.Words))
	for i, v := range a.Words {
		words[i] = py.ToStr(v)
	}
	runas := ""
	if v, ok := a.Kw.GetStr("runas"); ok && py.IsTrue(v) {
		runas = py.ToStr(v)
	}
	jobs, reason, err := add(ctx, c, w, words[0], strings.Join(words[1:], " "), a.Kw.Lookup("tag"), runas)
	d := jobsDict(jobs)
	if reason != "" {
		d.SetStr("error", py.Str(reason))
	}
	return d, err
}

func runAtrm(ctx context.Context, c *modules.Call, w host.Writer, a *wordsArgs) (py.Value, error) {
	answer := func(ids []string, tag py.Value, err error) (py.Value, error) {
		return py.DictOf("jobs", py.DictOf("removed", py.Strings(ids...), "tag", tag)), err
	}
	if len(a.Words) == 0 {
		return answer(nil, py.None, nil)
	}
	jobs, err := queue(ctx, c)
	if err != nil {
		return nil, err
	}
	tag := py.Value(py.None)
	if py.ToStr(a.Words[0]) == "all" {
		if len(a.Words) > 1 {
			tag = py.Str(py.ToStr(a.Words[1]))
			jobs = find(jobs, tag)
		}
	} else {
		jobs = slices.DeleteFunc(jobs, func(j *job) bool {
			return !slices.ContainsFunc(a.Words, func(v py.Value) bool { return py.ToStr(v) == j.id })
		})
	}
	ids, err := remove(ctx, c, w, jobs)
	return answer(ids, tag, err)
}
