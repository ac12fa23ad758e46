package git

import (
	"context"
	"fmt"
	"slices"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// remoteFuncs ask servers, or are about remotes.
func remoteFuncs() []*modules.Func {
	return []*modules.Func{
		action("clone", "Clones a repository.", execClone),
		action("fetch", "Fetches, and gives what was updated.", execFetch),
		action("ls_remote", "Gives the references of a remote.", execLsRemote),
		action("push", "Pushes a branch or tag.", func(ctx context.Context, c *modules.Call, w host.Writer, a *pushArgs) (py.Value, error) {
			return call{cwd: a.Cwd, user: a.User, verb: []string{"push"}, opts: a.Opts, gitOpts: a.GitOpts, after: []string{a.Remote, a.Ref}, identity: a.Identity,
				ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
		}),
		query("remote_get", "Gives the URLs of a remote.", func(ctx context.Context, c *modules.Call, a *remoteGetArgs) (py.Value, error) {
			r := &repo{c: c, user: a.User, encoding: a.OutputEncoding}
			return r.remoteURLs(ctx, r.expand(a.Cwd), a.Remote, a.RedactAuth)
		}),
		action("remote_refs", "Gives the references of a repository by its URL.", execRemoteRefs),
		action("remote_set", "Sets the URL of a remote.", execRemoteSet),
		query("remotes", "Gives the remotes and their URLs.", func(ctx context.Context, c *modules.Call, a *remotesArgs) (py.Value, error) {
			r := &repo{c: c, user: a.User, encoding: a.OutputEncoding}
			all, err := r.remotes(ctx, r.expand(a.Cwd))
			if err != nil {
				return nil, err
			}
			ret := py.NewDict()
			for _, m := range all {
				ret.SetStr(m.name, m.dict(a.RedactAuth))
			}
			return ret, nil
		}),
	}
}

func (m remote) dict(mask bool) *py.Dict {
	show := func(s string) py.Value {
		if mask {
			s = redact(s)
		}
		return py.Str(s)
	}
	d := py.NewDict()
	if m.fetch != "" {
		d.SetStr("fetch", show(m.fetch))
	}
	if m.push != "" {
		d.SetStr("push", show(m.push))
	}
	return d
}

// remoteURLs is git.remote_get.
func (r *repo) remoteURLs(ctx context.Context, dir, name string, mask bool) (py.Value, error) {
	all, err := r.remotes(ctx, dir)
	if err != nil {
		return nil, err
	}
	m, ok := findRemote(all, name)
	if !ok {
		return nil, commandError(fmt.Sprintf("Remote '%s' not present in git checkout located at %s", name, dir))
	}
	return m.dict(mask), nil
}

func execClone(ctx context.Context, c *modules.Call, w host.Writer, a *cloneArgs) (py.Value, error) {
	if a.URL == "" {
		return nil, modules.SaltInvocationError("Missing 'url' argument")
	}
	r := &repo{c: c, w: w, user: a.User, encoding: a.OutputEncoding}
	var problem string
	if r.ids, problem = identities(c, a.Identity, "identity"); problem != "" {
		return nil, modules.SaltInvocationError(problem)
	}
	dir := r.expand(a.Cwd)
	x := call{verb: []string{"clone"}, opts: a.Opts, gitOpts: a.GitOpts}
	args, err := x.args()
	if err != nil {
		return nil, err
	}
	url, end, err := server(ctx, r, a.URL, a.HTTPSUser, a.HTTPSPass)
	if err != nil {
		return nil, err
	}
	q := request{args: append(args, "--", url), dir: "/tmp", auth: true, ignore: a.IgnoreRetcode}
	if a.Name != nil {
		q.args, q.dir = append(q.args, *a.Name), dir
		if !exists(c, dir) {
			if err := w.MkdirAll(dir, 0o777); err != nil {
				return closing(nil, err, end)
			}
		}
	} else {
		q.args = append(q.args, dir)
	}
	_, err = r.run(ctx, q)
	return closing(py.True, err, end)
}

func execFetch(ctx context.Context, c *modules.Call, w host.Writer, a *fetchArgs) (py.Value, error) {
	opts, err := dropped(a.Opts, "-f", "--force")
	if err != nil {
		return nil, err
	}
	x := call{cwd: a.Cwd, user: a.User, verb: []string{"fetch"}, opts: opts, gitOpts: a.GitOpts, identity: a.Identity, merge: true, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}
	if a.Force {
		x.verb = append(x.verb, "--force")
	}
	x.after = append(optional(a.Remote), commaList(a.Refspecs)...)
	_, res, err := x.do(ctx, c, w)
	if err != nil {
		return nil, err
	}
	return parseFetch(res.Stdout), nil
}

func execLsRemote(ctx context.Context, c *modules.Call, w host.Writer, a *lsRemoteArgs) (py.Value, error) {
	r := &repo{c: c, w: w, user: a.User, encoding: a.OutputEncoding}
	var problem string
	if r.ids, problem = identities(c, a.Identity, "identity"); problem != "" {
		return nil, modules.SaltInvocationError(problem)
	}
	args, err := call{verb: []string{"ls-remote"}, opts: a.Opts, gitOpts: a.GitOpts}.args()
	if err != nil {
		return nil, err
	}
	url, end, err := server(ctx, r, a.Remote, a.HTTPSUser, a.HTTPSPass)
	if err != nil {
		return nil, err
	}
	dir := ""
	if a.Cwd != "" {
		dir = r.expand(a.Cwd)
	}
	res, err := r.run(ctx, request{dir: dir, args: slices.Concat(args, []string{url}, optional(a.Ref)), auth: true, ignore: a.IgnoreRetcode})
	return closing(parseRefs(res.Stdout).dict(), err, end)
}

func execRemoteRefs(ctx context.Context, c *modules.Call, w host.Writer, a *remoteRefsArgs) (py.Value, error) {
	r := &repo{c: c, w: w, user: a.User, encoding: a.OutputEncoding}
	var problem string
	if r.ids, problem = identities(c, a.Identity, "identity"); problem != "" {
		return nil, modules.SaltInvocationError(problem)
	}
	args := []string{"ls-remote"}
	if a.Heads {
		args = append(args, "--heads")
	}
	if a.Tags {
		args = append(args, "--tags")
	}
	url, end, err := server(ctx, r, a.URL, a.HTTPSUser, a.HTTPSPass)
	if err != nil {
		return nil, err
	}
	res, err := r.run(ctx, request{args: slices.Concat(args, []string{url}, optional(a.Filter)), auth: true, ignore: a.IgnoreRetcode})
	return closing(parseRefs(res.Stdout).dict(), err, end)
}

func execRemoteSet(ctx context.Context, c *modules.Call, w host.Writer, a *remoteSetArgs) (py.Value, error) {
	if a.HTTPSPass != nil || a.PushHTTPSPass != nil {
		return nil, modules.SaltInvocationError("git.remote_set: https_pass and push_https_pass are not supported, since git would keep the password in the clone's configuration: use a credential helper")
	}
	r := &repo{c: c, w: w, user: a.User, encoding: a.OutputEncoding}
	url, _, err := httpsURL(a.URL, a.HTTPSUser, nil)
	if err != nil {
		return nil, modules.SaltInvocationError(err.Error())
	}
	dir := r.expand(a.Cwd)
	if err := r.setRemote(ctx, dir, a.Remote, url); err != nil {
		return nil, err
	}
	if a.PushURL != "" {
		push, _, err := httpsURL(a.PushURL, a.PushHTTPSUser, nil)
		if err != nil {
			return nil, modules.SaltInvocationError(err.Error())
		}
		if _, err := r.out(ctx, dir, "remote", "set-url", "--push", a.Remote, push); err != nil {
			return nil, err
		}
	}
	return r.remoteURLs(ctx, dir, a.Remote, true)
}
