package git

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/internal/secret"
	"pinch/modules"
)

func query[A any](name, doc string, run func(context.Context, *modules.Call, *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "git." + name, Doc: doc, Virtual: virtual, Run: run}.Func()
}

func action[A any](name, doc string, run func(context.Context, *modules.Call, host.Writer, *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "git." + name, Doc: doc, Virtual: virtual, Run: run}.Func()
}

// call is a git command of an execution function.
type call struct {
	cwd           string // "" is none
	user          string
	verb          []string // the command and its own options
	opts, gitOpts py.Value
	after         []string // what follows the options
	identity      py.Value
	ignore, merge bool
	encoding      string
}

func (x call) do(ctx context.Context, c *modules.Call, w host.Writer) (*repo, modules.CommandResult, error) {
	r := &repo{c: c, w: w, user: x.user, encoding: x.encoding}
	args, err := x.args()
	if err != nil {
		return r, modules.CommandResult{}, err
	}
	if x.identity != nil {
		var problem string
		if r.ids, problem = identities(c, x.identity, "identity"); problem != "" {
			return r, modules.CommandResult{}, modules.SaltInvocationError(problem)
		}
	}
	dir := ""
	if x.cwd != "" {
		dir = r.expand(x.cwd)
	}
	res, err := r.run(ctx, request{dir: dir, args: args, auth: x.identity != nil, ignore: x.ignore, merge: x.merge})
	return r, res, err
}

func (x call) args() ([]string, error) {
	git, err := options(x.gitOpts)
	if err != nil {
		return nil, err
	}
	opts, err := options(x.opts)
	if err != nil {
		return nil, err
	}
	return slices.Concat(git, x.verb, opts, x.after), nil
}

// text is do for functions that return what git printed.
func (x call) text(ctx context.Context, c *modules.Call, w host.Writer) (py.Value, error) {
	_, res, err := x.do(ctx, c, w)
	if err != nil {
		return nil, err
	}
	return py.Str(res.Stdout), nil
}

// yes is do for functions that return True.
func (x call) yes(ctx context.Context, c *modules.Call, w host.Writer) (py.Value, error) {
	if _, _, err := x.do(ctx, c, w); err != nil {
		return nil, err
	}
	return py.True, nil
}

// optional is a list with a word, or without when there is none.
func optional(words ...string) []string { return without(words, "") }

// dropped is opts without words that are there already.
func dropped(opts py.Value, words ...string) (py.Value, error) {
	all, err := options(opts)
	return py.Strings(without(all, words...)...), err
}

// commaList reads a list, or a text with commas.
func commaList(v py.Value) []string {
	if t, ok := v.(py.Tuple); ok {
		v = py.NewList(t...)
	}
	return multivar(v)
}

// server prepares the URL of a server and who logs in. end must be called.
func server(ctx context.Context, r *repo, raw string, user *string, pass *secret.String) (url string, end func() error, err error) {
	if url, r.cred, err = httpsURL(raw, user, pass); err != nil {
		return "", nil, modules.SaltInvocationError(err.Error())
	}
	end, err = r.open(ctx)
	return url, end, err
}

func execFuncs() []*modules.Func {
	return slices.Concat(workFuncs(), refFuncs(), remoteFuncs(), configFuncs(), worktreeFuncs())
}

// workFuncs work on the files of a clone.
func workFuncs() []*modules.Func {
	verb := func(name, doc string) *modules.Func {
		return action(name, doc, func(ctx context.Context, c *modules.Call, w host.Writer, a *identityArgs) (py.Value, error) {
			return call{cwd: a.Cwd, user: a.User, verb: []string{name}, opts: a.Opts, gitOpts: a.GitOpts, identity: a.Identity, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
		})
	}
	return []*modules.Func{
		action("add", "Adds a file to the index.", func(ctx context.Context, c *modules.Call, w host.Writer, a *fileArgs) (py.Value, error) {
			opts, err := dropped(a.Opts, "-v", "--verbose")
			if err != nil {
				return nil, err
			}
			return call{cwd: a.Cwd, user: a.User, verb: []string{"add", "--verbose"}, opts: opts, gitOpts: a.GitOpts, after: []string{"--", a.Filename}, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
		}),
		action("rm", "Removes a file from the index and the disk.", func(ctx context.Context, c *modules.Call, w host.Writer, a *fileArgs) (py.Value, error) {
			return call{cwd: a.Cwd, user: a.User, verb: []string{"rm"}, opts: a.Opts, gitOpts: a.GitOpts, after: []string{"--", a.Filename}, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
		}),
		action("archive", "Writes the files of a revision into an archive.", execArchive),
		action("checkout", "Checks out a revision.", execCheckout),
		action("commit", "Commits.", func(ctx context.Context, c *modules.Call, w host.Writer, a *commitArgs) (py.Value, error) {
			x := call{cwd: a.Cwd, user: a.User, verb: []string{"commit", "-m", a.Message}, opts: a.Opts, gitOpts: a.GitOpts, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}
			if a.Filename != "" {
				x.after = []string{"--", a.Filename}
			}
			return x.text(ctx, c, w)
		}),
		action("diff", "Shows differences.", execDiff),
		action("discard_local_changes", "Brings files back as they are in the index.", func(ctx context.Context, c *modules.Call, w host.Writer, a *pathArgs) (py.Value, error) {
			return call{cwd: a.Cwd, user: a.User, verb: []string{"checkout", "--", a.Path}, merge: true, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
		}),
		action("init", "Makes a repository.", func(ctx context.Context, c *modules.Call, w host.Writer, a *initFuncArgs) (py.Value, error) {
			opts, err := options(a.Opts)
			if err != nil {
				return nil, err
			}
			x := call{user: a.User, verb: []string{"init"}, gitOpts: a.GitOpts, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}
			x.after = append(initArgs(a.Bare, a.Template, a.SeparateGitDir, a.Shared, opts), expand(c, a.Cwd, a.User))
			return x.text(ctx, c, w)
		}),
		action("merge", "Merges a revision.", func(ctx context.Context, c *modules.Call, w host.Writer, a *mergeArgs) (py.Value, error) {
			return call{cwd: a.Cwd, user: a.User, verb: []string{"merge"}, opts: a.Opts, gitOpts: a.GitOpts, after: optional(a.Rev), identity: a.Identity, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
		}),
		action("pull", "Fetches and merges.", func(ctx context.Context, c *modules.Call, w host.Writer, a *pullArgs) (py.Value, error) {
			return call{cwd: a.Cwd, user: a.User, verb: []string{"pull"}, opts: a.Opts, gitOpts: a.GitOpts, identity: a.Identity, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
		}),
		action("rebase", "Rebases the branch that is checked out.", execRebase),
		verb("reset", "Resets the clone."),
		action("stash", "Stashes local changes.", func(ctx context.Context, c *modules.Call, w host.Writer, a *stashArgs) (py.Value, error) {
			return call{cwd: a.Cwd, user: a.User, verb: []string{"stash", a.Action}, opts: a.Opts, gitOpts: a.GitOpts, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
		}),
		query("status", "Gives the files that differ, by kind.", func(ctx context.Context, c *modules.Call, a *cwdArgs) (py.Value, error) {
			r := &repo{c: c, user: a.User, encoding: a.OutputEncoding}
			return valueOr(r.status(ctx, r.expand(a.Cwd)))
		}),
		action("submodule", "Manages submodules.", func(ctx context.Context, c *modules.Call, w host.Writer, a *submoduleArgs) (py.Value, error) {
			if a.Init {
				return nil, modules.SaltInvocationError("The 'init' argument is no longer supported. Either set 'command' to 'init', or include '--init' in the 'opts' argument and set 'command' to 'update'.")
			}
			return call{cwd: a.Cwd, user: a.User, verb: []string{"submodule", a.Command}, opts: a.Opts, gitOpts: a.GitOpts, identity: a.Identity, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
		}),
	}
}

// valueOr makes one value of a result and an error.
func valueOr(d *py.Dict, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

func execArchive(ctx context.Context, c *modules.Call, w host.Writer, a *archiveArgs) (py.Value, error) {
	verb := []string{"archive"}
	if a.Prefix == nil {
		verb = append(verb, "--prefix", path.Base(expand(c, a.Cwd, a.User))+"/")
	} else if *a.Prefix != "" {
		verb = append(verb, "--prefix", *a.Prefix)
	}
	if a.Format != "" {
		verb = append(verb, "--format", a.Format)
	}
	verb = append(verb, "--output", expand(c, a.Output, a.User), a.Rev)
	return call{cwd: a.Cwd, user: a.User, verb: verb, gitOpts: a.GitOpts, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.yes(ctx, c, w)
}

func execCheckout(ctx context.Context, c *modules.Call, w host.Writer, a *checkoutArgs) (py.Value, error) {
	opts, err := options(a.Opts)
	if err != nil {
		return nil, err
	}
	x := call{cwd: a.Cwd, user: a.User, verb: []string{"checkout"}, opts: py.Strings(opts...), gitOpts: a.GitOpts, merge: true, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}
	if a.Force {
		x.verb = append(x.verb, "--force")
	}
	if a.Rev != nil {
		x.after = []string{*a.Rev}
	} else if !slices.Contains(opts, "-b") && !slices.Contains(opts, "-B") {
		return nil, modules.SaltInvocationError("'rev' argument is required unless -b or -B in opts")
	}
	return x.text(ctx, c, w)
}

func execDiff(ctx context.Context, c *modules.Call, w host.Writer, a *diffArgs) (py.Value, error) {
	if a.NoIndex && a.Cached {
		return nil, commandError("The 'no_index' and 'cached' options cannot be used together")
	}
	x := call{user: a.User, verb: []string{"diff"}, opts: a.Opts, gitOpts: a.GitOpts}
	switch {
	case a.NoIndex:
		x.after = []string{"--no-index"}
	case a.Cached:
		x.after = append([]string{"--cached"}, optional(a.Item1)...)
	default:
		x.after = optional(a.Item1, a.Item2)
	}
	if paths := commaList(a.Paths); len(paths) > 0 {
		x.after = append(append(x.after, "--"), paths...)
	}
	args, err := x.args()
	if err != nil {
		return nil, err
	}
	r := &repo{c: c, w: w, user: a.User, encoding: a.OutputEncoding}
	res, err := r.run(ctx, request{dir: a.Cwd, args: args, merge: true, soft: a.NoIndex, ignore: a.NoIndex})
	if err != nil {
		return nil, err
	}
	return py.Str(res.Stdout), nil
}

func execRebase(ctx context.Context, c *modules.Call, w host.Writer, a *rebaseArgs) (py.Value, error) {
	opts, err := options(a.Opts)
	if err != nil {
		return nil, err
	}
	if slices.Contains(opts, "-i") || slices.Contains(opts, "--interactive") {
		return nil, modules.SaltInvocationError("Interactive rebases are not supported")
	}
	rev, err := saltargs.ShlexSplit(a.Rev)
	if err != nil {
		return nil, err
	}
	return call{cwd: a.Cwd, user: a.User, verb: []string{"rebase"}, opts: py.Strings(opts...), gitOpts: a.GitOpts, after: rev, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
}

// closing joins the error of an end to a result's.
func closing(v py.Value, err error, end func() error) (py.Value, error) {
	if err = errors.Join(err, end()); err != nil {
		return nil, err
	}
	return v, nil
}

func hasAny(words []string, part string) bool {
	return slices.ContainsFunc(words, func(s string) bool { return strings.Contains(s, part) })
}
