package compilecmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/states"
	"pinch/states/low"
)

// maxText is the longest rendered file that a result holds as text; of longer
// ones there is only the hash.
const maxText = 200_000

// Run compiles a job with a tree and returns its result line.
func Run(ctx context.Context, tree *states.Tree, job *Job) (*py.Dict, error) {
	out := py.DictOf("case", py.Str(job.name), "status", py.Str("ok"))
	req := job.request()
	// The pillar comes first and is copied: templates of the tree may change it.
	c, err := tree.CompilePillar(ctx, req, job.rules)
	if err != nil {
		return nil, err
	}
	if job.what["pillar"] && c.Pillar != nil {
		out.SetStr("pillar", py.DeepCopy(c.Pillar))
	}
	if len(c.Errors) == 0 {
		req.Given = c.Pillar
		if c, err = tree.Compile(ctx, req, job.rules); err != nil {
			return nil, err
		}
	}
	if job.what["top"] && c.Top != nil {
		out.SetStr("top", c.Top)
	}
	if len(c.Errors) > 0 {
		out.SetStr("status", py.Str("error"))
		list := py.NewList()
		for _, e := range c.Errors {
			list.Append(py.DictOf("class", py.Str(e.Class), "sls", py.OptStr(e.SLS), "message", py.Str(e.Message),
				"at", py.OptStr(e.Pos.String()), "hint", py.OptStr(e.Hint)))
		}
		out.SetStr("errors", list)
		return out, nil
	}
	if job.what["high"] {
		high := c.High
		if high == nil {
			high = py.NewDict()
		}
		out.SetStr("high", high)
	}
	if job.what["low"] {
		list := py.NewList()
		for i := range c.Chunks {
			list.Append(c.Chunks[i].Data)
		}
		out.SetStr("low", list)
	}
	if job.what["templates"] {
		list, err := templates(ctx, c)
		if err != nil {
			return nil, err
		}
		out.SetStr("templates", list)
	}
	return out, nil
}

func (j *Job) request() states.Request {
	return states.Request{
		Host: j.id, Grains: j.grains, SaltEnv: j.saltenv, PillarEnv: j.pillarenv,
		Pillar: j.pillar, SLS: j.sls, Highstate: j.highstate,
	}
}

// templates renders what file.managed states take from the tree as templates.
func templates(ctx context.Context, c *states.Compiled) (*py.List, error) {
	out := py.NewList()
	for i := range c.Chunks {
		chunk := &c.Chunks[i]
		engine := chunk.Data.Lookup("template")
		if chunk.FullName() != "file.managed" || engine == nil || !py.IsTrue(engine) {
			continue
		}
		sources := []py.Value{chunk.Data.Lookup("source")}
		if l, ok := sources[0].(*py.List); ok {
			sources = l.Items
		}
		for _, s := range sources {
			url, ok := s.(py.Str)
			if !ok || !strings.HasPrefix(string(url), "salt://") {
				continue
			}
			if _, found := c.FindSource(chunk, string(url)); !found {
				continue
			}
			entry, err := render(ctx, c, chunk, string(url), py.ToStr(engine))
			if err != nil {
				return nil, err
			}
			out.Append(entry)
			break
		}
	}
	return out, nil
}

func render(ctx context.Context, c *states.Compiled, chunk *low.Chunk, url, engine string) (*py.Dict, error) {
	entry := py.DictOf("id", chunk.Data.Lookup("__id__"), "name", chunk.Data.Lookup("name"), "source", py.Str(url))
	if engine != "jinja" {
		entry.SetStr("status", py.Str("skipped"))
		entry.SetStr("engine", py.Str(engine))
		return entry, nil
	}
	text, err := c.RenderTemplate(ctx, chunk, url)
	var te *states.TemplateError
	switch {
	case errors.As(err, &te):
		entry.SetStr("status", py.Str("error"))
		entry.SetStr("class", py.Str(te.Class))
		entry.SetStr("message", py.Str(te.Message))
		return entry, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	sum := sha256.Sum256(text)
	entry.SetStr("status", py.Str("ok"))
	entry.SetStr("sha256", py.Str(hex.EncodeToString(sum[:])))
	if len(text) <= maxText {
		entry.SetStr("text", py.Str(text))
	}
	return entry, nil
}
