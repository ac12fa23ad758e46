package compilecmd

import (
	"context"
	"errors"

	"pinch/internal/py"
	"pinch/states"
)

// One compiles one job and returns its result, as Batch prints it. The error
// says that the job cannot be carried out. The tree is made with config and
// the options of the job.
func One(ctx context.Context, config states.Config, job *Job) (result *py.Dict, err error) {
	config.Opts = job.TreeOpts()
	tree, err := states.NewTree(ctx, config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	if result, err = Run(ctx, tree, job); err != nil {
		return nil, err
	}
	result.DeleteStr("case")
	return result, nil
}

// Render renders one file of the job's tree to text, with the job's grains and
// pillar. vars are variables of the template; nil for none. With errors in the
// pillar there is no text.
func Render(ctx context.Context, config states.Config, job *Job, file string, vars *py.Dict) (text []byte, refused []*states.Error, err error) {
	config.Opts = job.TreeOpts()
	tree, err := states.NewTree(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	c, err := tree.CompilePillar(ctx, job.request(), job.rules)
	if err != nil {
		return nil, nil, err
	}
	if len(c.Errors) > 0 {
		return nil, c.Errors, nil
	}
	env := job.saltenv
	if env == "" {
		env = "base"
	}
	text, err = c.RenderFile(ctx, file, env, vars)
	return text, nil, err
}
