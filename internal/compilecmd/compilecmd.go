// Package compilecmd is the body of `pinch compile`: it compiles trees as jobs
// describe them and prints what came out, touching no host. Calls that
// templates make to the host are answered from rules in the job. Its main use
// is comparing pinch with Salt.
package compilecmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"pinch/internal/py"
	"pinch/states"
)

// maxTrees bounds how many trees stay open between the jobs of a batch.
const maxTrees = 32

// batch keeps the trees of earlier jobs.
type batch struct {
	config states.Config
	mu     sync.Mutex
	trees  map[string]*states.Tree
}

// close forgets all trees.
func (b *batch) close() error {
	var errs []error
	for _, t := range b.trees {
		errs = append(errs, t.Close())
	}
	b.trees = map[string]*states.Tree{}
	return errors.Join(errs...)
}

// Batch reads one job per line, each a JSON object, and writes one result per
// line in the same order, each as soon as it is there. A line that is no job
// is answered with an error result; an error is returned only when reading or
// writing fails. Trees are made with config and the options of the job.
func Batch(ctx context.Context, config states.Config, in io.Reader, out io.Writer) (err error) {
	b := &batch{config: config, trees: map[string]*states.Tree{}}
	defer func() { err = errors.Join(err, b.close()) }()
	r := bufio.NewReaderSize(in, 1<<20)
	w := bufio.NewWriter(out)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 1 {
			result := b.run(ctx, line)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			text, encodeErr := py.EncodeJSON(result)
			if encodeErr != nil {
				return fmt.Errorf("result: %w", encodeErr)
			}
			if _, err := w.Write(append(text, '\n')); err != nil {
				return fmt.Errorf("writing a result: %w", err)
			}
			if err := w.Flush(); err != nil {
				return fmt.Errorf("writing a result: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading jobs: %w", err)
		}
	}
}

// run answers one line.
func (b *batch) run(ctx context.Context, line []byte) *py.Dict {
	job, err := parseJob(line)
	if err != nil {
		return failed("", err)
	}
	tree, err := b.tree(ctx, job)
	if err != nil {
		return failed(job.name, err)
	}
	result, err := Run(ctx, tree, job)
	if err != nil {
		return failed(job.name, err)
	}
	return result
}

func failed(name string, err error) *py.Dict {
	return py.DictOf("case", py.Str(name), "status", py.Str("error"), "errors", py.NewList(
		py.DictOf("class", py.Str("job"), "sls", py.None, "message", py.Str(err.Error()))))
}

// tree returns the tree of a job, kept from an earlier one when it is the same.
func (b *batch) tree(ctx context.Context, job *Job) (*states.Tree, error) {
	key, err := py.EncodeJSON(job.TreeOpts())
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if t, ok := b.trees[string(key)]; ok {
		return t, nil
	}
	if len(b.trees) >= maxTrees {
		if err := b.close(); err != nil {
			return nil, err
		}
	}
	cfg := b.config
	cfg.Opts = job.TreeOpts()
	t, err := states.NewTree(ctx, cfg)
	if err != nil {
		return nil, err
	}
	b.trees[string(key)] = t
	return t, nil
}
