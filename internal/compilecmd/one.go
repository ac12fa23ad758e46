package compilecmd

import (
	"context"

	"pinch/internal/py"
	"pinch/states"
)

// Log takes what templates and the compiler log.
type Log = func(level, message string)

// One compiles one job and returns its result, as Batch prints it. The error
// says that the job cannot be carried out.
func One(ctx context.Context, job *Job, log Log) (*py.Dict, error) {
	tree, err := states.NewTree(states.Config{Opts: job.TreeOpts(), Log: log})
	if err != nil {
		return nil, err
	}
	result, err := Run(ctx, tree, job)
	if err != nil {
		return nil, err
	}
	result.DeleteStr("case")
	return result, nil
}

// Render renders one file of the job's tree to text, with the job's grains and
// pillar. vars are variables of the template; nil for none. With errors in the
// pillar there is no text.
func Render(ctx context.Context, job *Job, log Log, file string, vars *py.Dict) ([]byte, []*states.Error, error) {
	tree, err := states.NewTree(states.Config{Opts: job.TreeOpts(), Log: log})
	if err != nil {
		return nil, nil, err
	}
	c, err := tree.CompilePillar(ctx, job.request(), job.rules)
	if err != nil || len(c.Errors) > 0 {
		return nil, c.Errors, err
	}
	env := job.saltenv
	if env == "" {
		env = "base"
	}
	text, err := c.RenderFile(ctx, file, env, vars)
	return text, nil, err
}
