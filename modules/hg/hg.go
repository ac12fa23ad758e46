// Package hg has Salt's hg module, which Salt 3008 keeps in an extension:
// Mercurial repositories, by the hg program.
package hg

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

type latestArgs struct {
	Name       string  `arg:"name,required" doc:"The repository."`
	Rev        *string `arg:"rev" doc:"A branch, tag or commit; tip when not given."`
	Target     string  `arg:"target" doc:"Where the clone lies."`
	Clean      bool    `arg:"clean" default:"False" doc:"Discards local changes."`
	User       string  `arg:"user" doc:"Who runs hg."`
	Identity   string  `arg:"identity" doc:"A private key of the host."`
	Force      bool    `arg:"force" default:"False" doc:"Removes a target that is no clone."`
	Opts       string  `arg:"opts" default:"''" doc:"Further options."`
	UpdateHead bool    `arg:"update_head" default:"True" doc:"False leaves an existing clone's files as they are."`
}

type revisionArgs struct {
	Cwd   string `arg:"cwd,required" doc:"The clone."`
	Rev   string `arg:"rev" default:"tip" doc:"The revision."`
	Short bool   `arg:"short" default:"False" doc:"Abbreviates it."`
	User  string `arg:"user" doc:"Who runs hg."`
}

type describeArgs struct {
	Cwd  string `arg:"cwd,required" doc:"The clone."`
	Rev  string `arg:"rev" default:"tip" doc:"The revision."`
	User string `arg:"user" doc:"Who runs hg."`
}

type archiveArgs struct {
	Cwd    string `arg:"cwd,required" doc:"The clone."`
	Output string `arg:"output,required" doc:"The archive to write."`
	Rev    string `arg:"rev" default:"tip" doc:"The revision."`
	Fmt    string `arg:"fmt" doc:"The format."`
	Prefix string `arg:"prefix" doc:"Goes before every name."`
	User   string `arg:"user" doc:"Who runs hg."`
}

type pullArgs struct {
	Cwd        string  `arg:"cwd,required" doc:"The clone."`
	Opts       string  `arg:"opts" doc:"Further options."`
	User       string  `arg:"user" doc:"Who runs hg."`
	Identity   string  `arg:"identity" doc:"A private key of the host."`
	Repository *string `arg:"repository" doc:"Where to pull from."`
}

type updateArgs struct {
	Cwd   string `arg:"cwd,required" doc:"The clone."`
	Rev   string `arg:"rev,required" doc:"The revision."`
	Force bool   `arg:"force" default:"False" doc:"Discards local changes."`
	User  string `arg:"user" doc:"Who runs hg."`
}

type cloneArgs struct {
	Cwd        string `arg:"cwd,required" doc:"Where the clone goes."`
	Repository string `arg:"repository,required" doc:"The repository."`
	Opts       string `arg:"opts" doc:"Further options."`
	User       string `arg:"user" doc:"Who runs hg."`
	Identity   string `arg:"identity" doc:"A private key of the host."`
}

type statusArgs struct {
	Cwd  py.Value `arg:"cwd,required" doc:"One or more clones."`
	Opts string   `arg:"opts" doc:"Further options."`
	User string   `arg:"user" doc:"Who runs hg."`
}

func virtual(c *modules.Call) (bool, string) {
	if c.LookPath("hg") == "" {
		return false, "The hg execution module cannot be loaded: hg unavailable."
	}
	return true, ""
}

func virtualState(c *modules.Call) (bool, string) {
	if c.LookPath("hg") == "" {
		return false, "Command hg not found"
	}
	return true, ""
}

// tool is how hg is run; w is nil while only looking.
type tool struct {
	c    *modules.Call
	w    host.Writer
	user string
}

func (t *tool) run(ctx context.Context, dir string, args ...string) (modules.CommandResult, error) {
	return t.c.RunAll(ctx, t.w, modules.Command{Argv: append([]string{"hg"}, args...), Dir: dir, RunAs: t.user})
}

// do runs hg and returns what it printed; a failure is Salt's error.
func (t *tool) do(ctx context.Context, dir string, args ...string) (string, error) {
	res, err := t.run(ctx, dir, args...)
	if err == nil && res.Code != 0 {
		err = modules.CommandExecutionError("Hg command failed: " + res.Stderr)
	}
	return res.Stdout, err
}

// revision is a commit, "" when there is none.
func (t *tool) revision(ctx context.Context, dir, rev string, short bool) (string, error) {
	args := []string{"id", "-i", "--debug", "-r", rev}
	if short {
		args = []string{"id", "-i", "-r", rev}
	}
	res, err := t.run(ctx, dir, args...)
	if err != nil || res.Code != 0 {
		return "", err
	}
	return res.Stdout, nil
}

func identity(file string) []string {
	if file == "" {
		return nil
	}
	return []string{"--ssh", "ssh -i " + file}
}

func (t *tool) pull(ctx context.Context, a *pullArgs) (string, error) {
	args := append(append([]string{"pull"}, identity(a.Identity)...), strings.Fields(a.Opts)...)
	if a.Repository != nil {
		args = append(args, *a.Repository)
	}
	return t.do(ctx, a.Cwd, args...)
}

func (t *tool) update(ctx context.Context, dir, rev string, force bool) (string, error) {
	args := []string{"update", rev}
	if force {
		args = append(args, "-C")
	}
	return t.do(ctx, dir, args...)
}

func (t *tool) clone(ctx context.Context, a *cloneArgs) (string, error) {
	args := append(append([]string{"clone", a.Repository, a.Cwd}, strings.Fields(a.Opts)...), identity(a.Identity)...)
	return t.do(ctx, "", args...)
}

func isDir(r host.Reader, p string) bool {
	fi, err := r.Stat(p)
	return err == nil && fi.IsDir()
}

// failed makes a failed state of Salt's error for commands.
func failed(err error) (modules.Done, error) {
	var e *modules.Error
	if errors.As(err, &e) && e.Class == "CommandExecutionError" {
		return modules.Failed(e.Msg), nil
	}
	return modules.Done{}, err
}

func checkLatest(ctx context.Context, c *modules.Call, a *latestArgs) (modules.Plan, error) {
	if a.Target == "" {
		return modules.Fail(`"target option is required`), nil
	}
	t := &tool{c: c, user: a.User}
	if isDir(c, a.Target) && isDir(c, a.Target+"/.hg") {
		now, err := t.revision(ctx, a.Target, ".", false)
		if err != nil {
			return modules.Plan{}, err
		}
		if now == "" {
			return modules.Fail(fmt.Sprintf("Seems that %s is not a valid hg repo", a.Target)), nil
		}
		return modules.Would(fmt.Sprintf("Repository %s update is probably required (current revision is %s)", a.Target, now), nil,
			func(ctx context.Context, w host.Writer) (modules.Done, error) {
				return (&tool{c, w, a.User}).updateClone(ctx, a, now)
			}), nil
	}
	if isDir(c, a.Target) && !a.Force {
		entries, err := c.ReadDir(a.Target)
		if err != nil {
			return modules.Plan{}, err
		}
		if len(entries) > 0 {
			return modules.Fail("Directory exists, and is not empty"), nil
		}
	}
	return modules.Would(fmt.Sprintf("Repository %s is about to be cloned to %s", a.Name, a.Target), nil,
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			if isDir(w, a.Target) {
				if err := w.RemoveAll(a.Target); err != nil {
					return modules.Done{}, err
				}
			}
			return (&tool{c, w, a.User}).newClone(ctx, a)
		}), nil
}

// updateClone brings an existing clone from revision now to the wanted one.
func (t *tool) updateClone(ctx context.Context, a *latestArgs, now string) (modules.Done, error) {
	pulled, err := t.pull(ctx, &pullArgs{Cwd: a.Target, Identity: a.Identity, Opts: a.Opts, Repository: &a.Name})
	if err != nil {
		return failed(err)
	}
	if !a.UpdateHead {
		if strings.Contains(pulled, "no changes found") {
			return modules.OK("No changes found and update_head=False so will skip updating.", nil), nil
		}
		return modules.OK("Update is probably required but update_head=False so we will skip updating.", nil), nil
	}
	rev := "tip"
	if a.Rev != nil && *a.Rev != "" {
		rev = *a.Rev
	}
	if _, err := t.update(ctx, a.Target, rev, a.Clean); err != nil {
		return failed(err)
	}
	after, err := t.revision(ctx, a.Target, ".", false)
	switch {
	case err != nil:
		return modules.Done{}, err
	case now != after:
		return modules.OK(fmt.Sprintf("Repository %s updated.", a.Target), py.DictOf("revision", py.Str(now+" => "+after))), nil
	case strings.Contains(pulled, "error:"):
		return modules.Failed("An error was thrown by hg:\n" + pulled), nil
	}
	return modules.Done{Result: low.True}, nil
}

func (t *tool) newClone(ctx context.Context, a *latestArgs) (modules.Done, error) {
	said, err := t.clone(ctx, &cloneArgs{Cwd: a.Target, Repository: a.Name, Opts: a.Opts, Identity: a.Identity})
	if err != nil {
		return failed(err)
	}
	if !isDir(t.w, a.Target) {
		return modules.Failed(said), nil
	}
	if a.Rev != nil && *a.Rev != "" {
		if _, err := t.update(ctx, a.Target, *a.Rev, false); err != nil {
			return failed(err)
		}
	}
	rev, err := t.revision(ctx, a.Target, "tip", false)
	if err != nil {
		return modules.Done{}, err
	}
	return modules.OK(fmt.Sprintf("Repository %s cloned to %s", a.Name, a.Target), py.DictOf("new", py.Str(a.Name), "revision", py.Str(rev))), nil
}

var kinds = map[byte]string{'M': "modified", 'A': "added", 'R': "removed", 'C': "clean", '!': "missing", '?': "not tracked", 'I': "ignored", ' ': "origin of the previous file"}

func (t *tool) status(ctx context.Context, dir, opts string) (*py.Dict, error) {
	res, err := t.run(ctx, dir, append([]string{"status"}, strings.Fields(opts)...)...)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range py.SplitLines(res.Stdout, false) {
		if len(line) < 2 || kinds[line[0]] == "" {
			return nil, modules.CommandExecutionError("hg status: " + line)
		}
		kind := kinds[line[0]]
		l, ok := out.Lookup(kind).(*py.List)
		if !ok {
			l = py.NewList()
			out.SetStr(kind, l)
		}
		l.Append(py.Str(line[2:]))
	}
	return out, nil
}

func action[A any](name, doc string, run func(context.Context, *modules.Call, host.Writer, *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "hg." + name, Doc: doc, Virtual: virtual, Run: run}.Func()
}

func text(s string, err error) (py.Value, error) { return py.Str(s), err }

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.State[latestArgs]{Name: "hg.latest", Virtual: virtualState, Check: checkLatest,
			Doc: "Keeps a clone at the newest commit, or at a revision.\n\n```yaml\nhttps://hg.example.org/app:\n  hg.latest:\n    - target: /opt/app\n    - rev: stable\n```"}.Func(),
		modules.Query[revisionArgs]{Name: "hg.revision", Doc: "Gives the commit of a revision.", Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, a *revisionArgs) (py.Value, error) {
			return text((&tool{c: c, user: a.User}).revision(ctx, a.Cwd, a.Rev, a.Short))
		}}.Func(),
		action("describe", "Names a revision after the latest tag.", func(ctx context.Context, c *modules.Call, w host.Writer, a *describeArgs) (py.Value, error) {
			t := &tool{c, w, a.User}
			res, err := t.run(ctx, a.Cwd, "log", "-r", a.Rev, "--template", "'{{latesttag}}-{{latesttagdistance}}-{{node|short}}'")
			if err != nil || res.Stdout != "" {
				return py.Str(res.Stdout), err
			}
			return text(t.revision(ctx, a.Cwd, a.Rev, true))
		}),
		action("archive", "Writes the files of a revision into an archive.", func(ctx context.Context, c *modules.Call, w host.Writer, a *archiveArgs) (py.Value, error) {
			args := []string{"hg", "archive", a.Output, "--rev", a.Rev}
			if a.Fmt != "" {
				args = append(args, "--type", a.Fmt)
			}
			if a.Prefix != "" {
				args = append(args, "--prefix", `"`+a.Prefix+`"`)
			}
			res, err := c.RunAll(ctx, w, modules.Command{Argv: args, Dir: a.Cwd, RunAs: a.User, MergeStderr: true})
			return py.Str(res.Stdout), err
		}),
		action("pull", "Pulls.", func(ctx context.Context, c *modules.Call, w host.Writer, a *pullArgs) (py.Value, error) {
			return text((&tool{c, w, a.User}).pull(ctx, a))
		}),
		action("update", "Checks out a revision.", func(ctx context.Context, c *modules.Call, w host.Writer, a *updateArgs) (py.Value, error) {
			return text((&tool{c, w, a.User}).update(ctx, a.Cwd, a.Rev, a.Force))
		}),
		action("clone", "Clones a repository.", func(ctx context.Context, c *modules.Call, w host.Writer, a *cloneArgs) (py.Value, error) {
			return text((&tool{c, w, a.User}).clone(ctx, a))
		}),
		action("status", "Gives the files that differ, by kind.", func(ctx context.Context, c *modules.Call, w host.Writer, a *statusArgs) (py.Value, error) {
			t := &tool{c, w, a.User}
			l, many := a.Cwd.(*py.List)
			if !many {
				d, err := t.status(ctx, py.ToStr(a.Cwd), a.Opts)
				if err != nil {
					return nil, err
				}
				return d, nil
			}
			out := py.NewDict()
			for _, dir := range l.Items {
				d, err := t.status(ctx, py.ToStr(dir), a.Opts)
				if err != nil {
					return nil, err
				}
				out.SetStr(py.ToStr(dir), d)
			}
			return out, nil
		}),
	}
}
