package states

import (
	"context"
	"fmt"

	"pinch/internal/fileserver"
	"pinch/internal/gitfs"
	"pinch/internal/py"
	"pinch/internal/saltfun"
)

// extGit is the external pillar git: each branch of a repository is a pillar
// of its own, with its own top file (Salt: pillar/git_pillar.py).
func extGit(p *pillar, ctx context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	if len(args.Kw) > 0 {
		return nil, py.TypeErrorf("ext_pillar() got an unexpected keyword argument '%s'", args.Kw[0].Name)
	}
	s := p.c.tree.sources
	opts := p.c.opts.Copy()
	opts.SetStr("pillarenv", py.OptStr(p.env))
	opts.SetStr("saltenv", py.OptStr(p.saltenv))
	remotes, err := gitfs.ReadPillar(py.NewList(args.Pos...), opts, p.c.tree.cfg.Opts)
	if err != nil { // Salt logs what it is
		p.c.tree.log("critical", "%s", err)
		return nil, &hinted{&py.Error{Class: "FileserverConfigError", Msg: "Failed to load git_pillar", Err: err}, err.Error()}
	}
	if err := s.needCache("git"); err != nil {
		return nil, err
	}
	disk, dirs, err := gitfs.Checkout(ctx, remotes, s.copies, opts, s.used, p.c.tree.log)
	if err != nil {
		return nil, err
	}
	strategy := "smart"
	if v := p.c.opts.Lookup("pillar_source_merging_strategy"); v != nil && py.IsTrue(v) {
		strategy = str(v)
	}
	var out py.Value = py.NewDict()
	for _, dir := range dirs {
		env := dir.Env
		if env == fileserver.EnvAny {
			env = p.env
			if env == "" {
				env = p.saltenv
			}
			if env == "" {
				env = p.c.opts.String("git_pillar_base")
			}
		}
		if p.env != "" && env != p.env || dir.Mounted {
			continue
		}
		roots := []string{dir.Path}
		if py.IsTrue(p.c.opts.Lookup("git_pillar_includes")) {
			for _, other := range dirs {
				if other.Env == env && other.Path != dir.Path {
					roots = append(roots, other.Path)
				}
			}
		}
		files, err := serverOf(p.c.opts, []fileserver.Env{{Name: env, Dirs: roots}}, disk, nil)
		if err != nil {
			return nil, err
		}
		d, err := p.nested(ctx, env, files)
		if err != nil {
			return nil, err
		}
		if out, err = saltfun.Merge(out, d, strategy, "yaml", py.IsTrue(p.c.opts.Lookup("pillar_merge_lists"))); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// nested compiles a pillar of its own from other files, without the external
// pillars. What is wrong with it stands in its _errors.
func (p *pillar) nested(ctx context.Context, env string, files *fileserver.Server) (*py.Dict, error) {
	c := p.c
	if c.depth++; c.depth > maxIncludeDepth {
		return nil, fmt.Errorf("%s: pillars nest too deep", env)
	}
	defer func() { c.depth-- }()
	n := c.pillarOf(files, p.env, env, nil)
	n.internal = true
	if p.track != nil {
		n.track = newTracker()
	}
	d, err := n.compile(ctx)
	if err != nil {
		return nil, err
	}
	if p.track != nil {
		p.parts = append(p.parts, n.track.list...)
	}
	p.inner.list = append(p.inner.list, n.problems().list...)
	return d, nil
}
