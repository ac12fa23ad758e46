package git

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// refFuncs work on branches, tags and revisions.
func refFuncs() []*modules.Func {
	list := func(name, doc string, run func(r *repo, ctx context.Context, dir string) ([]string, error)) *modules.Func {
		return query(name, doc, func(ctx context.Context, c *modules.Call, a *cwdArgs) (py.Value, error) {
			r := &repo{c: c, user: a.User, encoding: a.OutputEncoding}
			names, err := run(r, ctx, r.expand(a.Cwd))
			if err != nil {
				return nil, err
			}
			return py.Strings(names...), nil
		})
	}
	return []*modules.Func{
		action("branch", "Makes, changes or deletes a branch.", func(ctx context.Context, c *modules.Call, w host.Writer, a *branchArgs) (py.Value, error) {
			x := call{cwd: a.Cwd, user: a.User, verb: []string{"branch"}, opts: a.Opts, gitOpts: a.GitOpts, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}
			if a.Name != nil {
				x.after = []string{*a.Name}
			}
			return x.yes(ctx, c, w)
		}),
		query("current_branch", "Gives the branch that is checked out.", func(ctx context.Context, c *modules.Call, a *cwdArgs) (py.Value, error) {
			return call{cwd: a.Cwd, user: a.User, verb: []string{"rev-parse", "--abbrev-ref", "HEAD"}, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, nil)
		}),
		query("describe", "Names a revision after the nearest tag.", func(ctx context.Context, c *modules.Call, a *revArgs) (py.Value, error) {
			return call{cwd: a.Cwd, user: a.User, verb: []string{"describe", "--always", a.Rev}, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, nil)
		}),
		query("list_branches", "Gives the branches.", func(ctx context.Context, c *modules.Call, a *branchesArgs) (py.Value, error) {
			kind := "refs/heads/"
			if a.Remote {
				kind = "refs/remotes/"
			}
			r := &repo{c: c, user: a.User, encoding: a.OutputEncoding}
			text, err := r.out(ctx, r.expand(a.Cwd), "for-each-ref", "--format", "%(refname:short)", kind)
			if err != nil {
				return nil, err
			}
			return py.Strings(lines(text)...), nil
		}),
		list("list_tags", "Gives the tags.", (*repo).tags),
		action("merge_base", "Gives the best common ancestor of commits.", execMergeBase),
		action("merge_tree", "Shows a merge without doing it.", execMergeTree),
		query("rev_parse", "Asks git rev-parse.", func(ctx context.Context, c *modules.Call, a *revParseArgs) (py.Value, error) {
			x := call{cwd: a.Cwd, user: a.User, verb: []string{"rev-parse"}, opts: a.Opts, gitOpts: a.GitOpts, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}
			if a.Rev != nil {
				x.after = []string{*a.Rev}
			}
			return x.text(ctx, c, nil)
		}),
		query("revision", "Gives the commit of a revision.", func(ctx context.Context, c *modules.Call, a *revisionArgs) (py.Value, error) {
			verb := []string{"rev-parse"}
			if a.Short {
				verb = append(verb, "--short")
			}
			return call{cwd: a.Cwd, user: a.User, verb: append(verb, a.Rev), ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, nil)
		}),
		action("symbolic_ref", "Reads, sets or deletes a symbolic reference.", execSymbolicRef),
		action("tag", "Makes or deletes a tag.", execTag),
		query("version", "Gives git's version.", func(ctx context.Context, c *modules.Call, a *versionArgs) (py.Value, error) {
			v, err := (&repo{c: c}).version(ctx)
			if err != nil {
				return nil, err
			}
			if !a.Versioninfo {
				return py.Str(v), nil
			}
			info := py.NewList()
			for _, part := range strings.Split(v, ".") {
				if n, err := strconv.Atoi(part); err == nil {
					info.Append(py.Int(n))
				} else {
					info.Append(py.Str(part))
				}
			}
			return info, nil
		}),
	}
}

func execMergeBase(ctx context.Context, c *modules.Call, w host.Writer, a *mergeBaseArgs) (py.Value, error) {
	if a.All && (a.Independent || a.IsAncestor || a.ForkPoint != "") {
		return nil, modules.SaltInvocationError("The 'all' argument is not compatible with 'independent', 'is_ancestor', or 'fork_point'")
	}
	refs := commaList(a.Refs)
	if _, isText := a.Refs.(py.Str); isText {
		for i := range refs {
			refs[i] = strings.TrimSpace(refs[i])
		}
	}
	n := 0
	for _, set := range []bool{a.Octopus, a.Independent, a.IsAncestor, a.ForkPoint != ""} {
		if set {
			n++
		}
	}
	switch {
	case n > 1:
		return nil, modules.SaltInvocationError("Only one of 'octopus', 'independent', 'is_ancestor', and 'fork_point' is permitted")
	case a.IsAncestor && len(refs) != 2:
		return nil, modules.SaltInvocationError("Two refs/commits are required if 'is_ancestor' is True")
	case a.ForkPoint != "" && len(refs) > 1:
		return nil, modules.SaltInvocationError("At most one ref/commit can be passed if 'fork_point' is specified")
	case a.ForkPoint != "" && len(refs) == 0:
		refs = []string{"HEAD"}
	}
	var how []string
	if a.All {
		how = append(how, "--all")
	}
	switch {
	case a.Octopus:
		how = append(how, "--octopus")
	case a.IsAncestor:
		how = append(how, "--is-ancestor")
	case a.Independent:
		how = append(how, "--independent")
	case a.ForkPoint != "":
		how = append(how, "--fork-point", a.ForkPoint)
	}
	args, err := call{verb: []string{"merge-base"}, opts: a.Opts, gitOpts: a.GitOpts, after: slices.Concat(how, refs)}.args()
	if err != nil {
		return nil, err
	}
	r := &repo{c: c, w: w, user: a.User, encoding: a.OutputEncoding}
	res, err := r.run(ctx, request{dir: r.expand(a.Cwd), args: args, soft: a.IsAncestor, ignore: a.IgnoreRetcode})
	if err != nil {
		return nil, err
	}
	if a.IsAncestor {
		return py.Bool(res.Code == 0), nil
	}
	bases := lines(res.Stdout)
	if a.All {
		return py.Strings(bases...), nil
	}
	if len(bases) == 0 {
		return nil, py.Errorf("IndexError", "list index out of range")
	}
	return py.Str(bases[0]), nil
}

func execMergeTree(ctx context.Context, c *modules.Call, w host.Writer, a *mergeTreeArgs) (py.Value, error) {
	base := a.Base
	if base == "" {
		r := &repo{c: c, w: w, encoding: a.OutputEncoding}
		text, err := r.out(ctx, expand(c, a.Cwd, a.User), "merge-base", a.Ref1, a.Ref2)
		if err != nil {
			if !isCommandError(err) {
				return nil, err
			}
			return nil, commandError(fmt.Sprintf("Unable to determine merge base for %s and %s", a.Ref1, a.Ref2))
		}
		base, _, _ = strings.Cut(text, "\n")
	}
	return call{cwd: a.Cwd, user: a.User, verb: []string{"merge-tree", base, a.Ref1, a.Ref2}, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
}

func execSymbolicRef(ctx context.Context, c *modules.Call, w host.Writer, a *symbolicRefArgs) (py.Value, error) {
	opts, err := options(a.Opts)
	if err != nil {
		return nil, err
	}
	if a.Value != "" && (slices.Contains(opts, "-d") || slices.Contains(opts, "--delete")) {
		return nil, modules.SaltInvocationError("Value cannot be set for symbolic ref if -d/--delete is included in opts")
	}
	return call{cwd: a.Cwd, user: a.User, verb: []string{"symbolic-ref"}, opts: py.Strings(opts...), gitOpts: a.GitOpts, after: append([]string{a.Ref}, optional(a.Value)...),
		ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
}

func execTag(ctx context.Context, c *modules.Call, w host.Writer, a *tagArgs) (py.Value, error) {
	opts, err := options(a.Opts)
	if err != nil {
		return nil, err
	}
	opts = without(opts, "-a", "--annotate")
	if slices.Contains(opts, "-m") || hasAny(opts, "--message") {
		return nil, modules.SaltInvocationError(`Tag messages must be passed in the "message" argument`)
	}
	verb := []string{"tag"}
	if a.Message != nil {
		verb = append(verb, "-a", "-m", *a.Message)
	}
	after := []string{a.Name}
	if !slices.Contains(opts, "-d") && !slices.Contains(opts, "--delete") {
		after = append(after, a.Ref)
	}
	return call{cwd: a.Cwd, user: a.User, verb: verb, opts: py.Strings(opts...), gitOpts: a.GitOpts, after: after, merge: true, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
}
