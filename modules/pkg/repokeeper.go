package pkg

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
)

// repoKeeper is a manager whose repositories can be configured. kw are the
// keyword arguments of Salt's execution functions, which are those of a state.
type repoKeeper interface {
	manager
	// repos are all repositories, by name.
	repos(kw *py.Dict) (*py.Dict, error)
	// repo describes one, with an empty mapping when it is not configured.
	repo(name string, kw *py.Dict) (*py.Dict, error)
	// setRepo configures one; env and aptKey are apt's.
	setRepo(ctx context.Context, name, env string, aptKey bool, kw *py.Dict) (*py.Dict, error)
	dropRepo(ctx context.Context, name string, kw *py.Dict) (py.Value, error)
	// writer is nil when the manager only looks.
	writer() host.Writer
}

func (a *apt) repos(*py.Dict) (*py.Dict, error) { return a.listRepos() }

func (a *apt) repo(name string, kw *py.Dict) (*py.Dict, error) {
	return a.getRepo(name, str(kw.Lookup("ppa_auth")))
}

func (a *apt) setRepo(ctx context.Context, name, env string, aptKey bool, kw *py.Dict) (*py.Dict, error) {
	return a.modRepo(ctx, name, env, aptKey, kw)
}

func (a *apt) dropRepo(ctx context.Context, name string, kw *py.Dict) (py.Value, error) {
	text, err := a.delRepo(ctx, name, str(kw.Lookup("ppa_auth")))
	return py.Str(text), err
}
