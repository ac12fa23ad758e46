package check

import (
	"context"
	"path"

	"pinch/internal/fileserver"
)

// pillarFiles checks the SLS of pillar_roots: their renderers and templates.
func (c *checker) pillarFiles(ctx context.Context) error {
	files := c.tree.PillarFiles()
	seen := map[string]bool{}
	for _, env := range files.Names() {
		for _, name := range files.Files(env) {
			if err := ctx.Err(); err != nil {
				return err
			}
			f, ok := files.Find(name, env)
			if !ok || path.Ext(name) != ".sls" || seen[f.Path] {
				continue
			}
			seen[f.Path] = true
			c.report.Pillars++
			if err := c.pillar(ctx, f, files); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checker) pillar(ctx context.Context, f *fileserver.File, files *fileserver.Server) error {
	text, ok := c.text(f)
	if !ok {
		return nil
	}
	pipe, ok := c.pipe(f, text)
	if !ok || len(pipe) == 0 || pipe[0] != "jinja" {
		return nil
	}
	return c.template(ctx, f, slsName(f), files)
}
