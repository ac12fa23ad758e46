package pkg

import (
	"context"
	"errors"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

type repoNameArgs struct {
	Repo    string   `arg:"repo,required" doc:"The repository: a line of sources.list, or its id with dnf and zypper."`
	Basedir py.Value `arg:"basedir" doc:"Directories of the .repo files (dnf)."`
	Extra   *py.Dict `arg:"**"`
}

// inDirs are keyword arguments with the argument basedir, where it is given.
func inDirs(kw *py.Dict, basedir py.Value) *py.Dict {
	if py.IsNone(basedir) {
		return kw
	}
	return with(kw, "basedir", basedir)
}

func repoFuncs() []*modules.Func {
	return []*modules.Func{
		query("pkg.list_repos", "Lists the repositories that are configured, by URI or id.", func(_ context.Context, _ *modules.Call, m manager, a *struct {
			Basedir py.Value `arg:"basedir" doc:"Directories of the .repo files (dnf)."`
			Extra   *py.Dict `arg:"**"`
		}) (py.Value, error) {
			k, ok := m.(repoKeeper)
			if !ok {
				return nil, missing("pkg.list_repos")
			}
			return dictOrError(k.repos(inDirs(a.Extra, a.Basedir)))
		}),
		query("pkg.get_repo", "Describes a repository that is configured.", func(_ context.Context, _ *modules.Call, m manager, a *repoNameArgs) (py.Value, error) {
			k, ok := m.(repoKeeper)
			if !ok {
				return nil, missing("pkg.get_repo")
			}
			return dictOrError(k.repo(a.Repo, inDirs(a.Extra, a.Basedir)))
		}),
		action("pkg.mod_repo", "Configures a repository.", func(ctx context.Context, _ *modules.Call, m manager, a *struct {
			Repo    string   `arg:"repo,required" doc:"The repository: a line of sources.list, or its id with dnf and zypper."`
			Basedir py.Value `arg:"basedir" doc:"Directories of the .repo files (dnf)."`
			Saltenv string   `arg:"saltenv" default:"'base'" doc:"Environment of the tree."`
			Aptkey  bool     `arg:"aptkey" default:"True" doc:"Use apt-key where there is one."`
			Extra   *py.Dict `arg:"**"`
		}) (py.Value, error) {
			k, ok := m.(repoKeeper)
			if !ok {
				return nil, missing("pkg.mod_repo")
			}
			return dictOrError(k.setRepo(ctx, a.Repo, a.Saltenv, a.Aptkey, inDirs(a.Extra, a.Basedir)))
		}),
		action("pkg.del_repo", "Removes a repository and says from which file.", func(ctx context.Context, _ *modules.Call, m manager, a *repoNameArgs) (py.Value, error) {
			k, ok := m.(repoKeeper)
			if !ok {
				return nil, missing("pkg.del_repo")
			}
			return k.dropRepo(ctx, a.Repo, inDirs(a.Extra, a.Basedir))
		}),
		aptAction("pkg.get_repo_keys", "Lists the keys of repositories.", func(ctx context.Context, _ *modules.Call, m *apt, a *struct {
			Aptkey bool   `arg:"aptkey" default:"True" doc:"Those of apt-key where there is one."`
			Keydir string `arg:"keydir" doc:"Directory of key files; /etc/apt/keyrings by default."`
		}) (py.Value, error) {
			return m.repoKeys(ctx, a.Aptkey, a.Keydir)
		}),
		aptAction("pkg.add_repo_key", "Adds the key of a repository.", addRepoKey),
		aptAction("pkg.del_repo_key", "Removes the key of a repository.", func(ctx context.Context, _ *modules.Call, m *apt, a *struct {
			Name   string   `arg:"name" doc:"A PPA, for keyid_ppa."`
			Aptkey bool     `arg:"aptkey" default:"True" doc:"Use apt-key where there is one."`
			Keydir string   `arg:"keydir" doc:"Directory of key files; /etc/apt/keyrings by default."`
			Extra  *py.Dict `arg:"**"`
		}) (py.Value, error) {
			kw := clone(a.Extra)
			kw.SetStr("aptkey", py.Bool(a.Aptkey))
			kw.SetStr("keydir", py.Str(a.Keydir))
			return m.removeKey(ctx, a.Name, kw)
		}),
	}
}

func addRepoKey(ctx context.Context, _ *modules.Call, m *apt, a *struct {
	Path      string   `arg:"path" doc:"Key file: a path of the host or a URL."`
	Text      string   `arg:"text" doc:"The key itself; needs apt-key."`
	Keyserver string   `arg:"keyserver" doc:"Server to receive it from."`
	Keyid     py.Value `arg:"keyid" doc:"Id of the key."`
	Saltenv   string   `arg:"saltenv" default:"'base'" doc:"Environment of the tree."`
	Aptkey    bool     `arg:"aptkey" default:"True" doc:"Use apt-key where there is one."`
	Keydir    string   `arg:"keydir" doc:"Directory of key files; /etc/apt/keyrings by default."`
	Keyfile   string   `arg:"keyfile" doc:"Name of the file in that directory."`
}) (py.Value, error) {
	dir := a.Keydir
	if dir == "" {
		dir = keyrings
	}
	aptKey := a.Aptkey && m.w.LookPath("apt-key") != ""
	id := ""
	if !py.IsNone(a.Keyid) {
		id = keyID(a.Keyid)
	}
	run := func(stdin string, argv ...string) (py.Value, error) {
		out, err := m.change(ctx, stdin, nil, argv...)
		return py.Bool(err == nil && out.code == 0), err
	}
	switch {
	case a.Path != "":
		file, err := m.cacheFile(ctx, a.Path, a.Saltenv)
		if err != nil || file == "" {
			return py.False, err
		}
		if aptKey {
			return run("", "apt-key", "add", file)
		}
		name := a.Keyfile
		if name == "" {
			name = file[strings.LastIndexByte(file, '/')+1:]
		}
		ok, err := m.addFile(ctx, file, dir, name)
		return py.Bool(ok), err
	case a.Text != "":
		return run(a.Text, "apt-key", "add", "-")
	case a.Keyserver != "" && id == "":
		return nil, modules.SaltInvocationError("No keyid or keyid too short for keyserver: " + a.Keyserver)
	case a.Keyserver != "" && aptKey:
		return run("", "apt-key", "adv", "--batch", "--keyserver", a.Keyserver, "--recv", id)
	case a.Keyserver != "" && a.Keyfile == "":
		return nil, modules.SaltInvocationError("pkg.add_repo_key: keyfile is missing: it names the file in " + dir + " for the key")
	case a.Keyserver != "":
		ok, err := m.addFromServer(ctx, id, a.Keyserver, dir, a.Keyfile)
		return py.Bool(ok), err
	case id != "":
		return nil, modules.SaltInvocationError("No keyserver specified for keyid: " + id)
	}
	return nil, errors.New("TypeError: add_repo_key() takes at least 1 argument (0 given)")
}
