package states

import (
	"context"
	"fmt"

	"pinch/internal/fileserver"
	"pinch/internal/jinja"
	"pinch/internal/py"
	"pinch/internal/saltfun"
)

// Survey finds what a template of the tree, and all that it includes, imports
// and extends, may reach for when Jinja renders it, without rendering it: the
// functions, templates, filters, tests and variables, each with its place. The
// places in the file itself name no file.
//
// sls is the name of the SLS that the file is, or "" for the template of a
// state. vars are what is known of the variables that it will have (grains,
// opts, defaults of a state); nil is allowed. The error says that the file
// cannot be read, or is the *jinja.Error of one that does not parse.
func (t *Tree) Survey(ctx context.Context, f *fileserver.File, sls string, vars *py.Dict) (*jinja.Survey, error) {
	return t.SurveyFrom(ctx, t.files, f, sls, vars)
}

// SurveyFrom is Survey with the server of the files that templates import:
// Files or PillarFiles.
func (t *Tree) SurveyFrom(ctx context.Context, files *fileserver.Server, f *fileserver.File, sls string, vars *py.Dict) (*jinja.Survey, error) {
	known := py.DictOf("opts", t.opts, "saltenv", py.Str(f.Env))
	if vars != nil {
		known.Update(vars)
	}
	name := ""
	if sls != "" {
		known.SetStr("sls", py.Str(sls))
		name = f.Path
	}
	raw, err := f.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	text, err := saltfun.DecodeText(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return jinja.SurveySalt(ctx, name, text, &jinja.Render{
		Vars: known, Loader: &treeLoader{files: files, env: f.Env}, Cache: t.jinja,
	})
}
