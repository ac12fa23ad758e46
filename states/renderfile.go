package states

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/states/low"
)

// RenderFile renders a file of the tree (salt://... or a path in it) to text,
// for somebody who wants to see it. An SLS goes through the renderers of its
// pipe that make text and has an SLS's variables; any other file is rendered
// by Jinja as the source of a file.managed whose context is vars (nil for
// none). The error is an *Error or a *TemplateError, or one of the
// surroundings.
func (c *Compiled) RenderFile(ctx context.Context, url, saltenv string, vars *py.Dict) ([]byte, error) {
	if !strings.HasPrefix(url, "salt://") {
		url = "salt://" + url
	}
	f, ok := c.c.files.FindURL(url, saltenv)
	if !ok {
		return nil, &TemplateError{Class: ClassOther, Message: fmt.Sprintf("Source file %s not found in saltenv '%s'", url, saltenv)}
	}
	name, isSLS := strings.CutSuffix(f.Rel, ".sls")
	if !isSLS {
		data := py.DictOf("state", py.Str("file"), "fun", py.Str("managed"), "name", py.Str("/"+f.Rel), "template", py.Str("jinja"),
			"__id__", py.Str(f.Rel), "__sls__", py.Str(""), "__env__", py.Str(saltenv))
		if vars != nil {
			data.SetStr("context", vars)
		}
		return c.RenderTemplate(ctx, &low.Chunk{Data: data}, url)
	}
	sls := strings.ReplaceAll(strings.TrimSuffix(name, "/init"), "/", ".")
	out, err := c.c.renderText(ctx, &template{file: f, saltenv: f.Env, sls: sls, context: vars})
	if err == nil {
		return []byte(out), nil
	}
	if isFatal(ctx, err) {
		return nil, err
	}
	return nil, c.c.slsError(err, sls, f.Env, f.Path)
}

// renderText is compileTemplate up to the first renderer that makes data.
func (c *compiler) renderText(ctx context.Context, t *template) (string, error) {
	text, err := c.source(t)
	if err != nil {
		return "", err
	}
	pipe, err := c.pipe(t, text)
	if err != nil {
		return "", err
	}
	out := rendered{text}
	for _, r := range pipe {
		if r.name != "jinja" && r.name != "gpg" {
			break
		}
		v, err := c.render(ctx, t, r, text, out)
		if err != nil {
			return "", err
		}
		var ok bool
		if out, ok = v.(rendered); !ok {
			break
		}
	}
	return out.text, nil
}
