package states

import (
	"context"
	"fmt"
	"slices"

	"pinch/internal/fileserver"
	"pinch/internal/py"
	"pinch/internal/saltfun"
	"pinch/states/low"
)

// managedParams are the parameters of file.managed. Other arguments of a state
// become variables of its template.
var managedParams = []string{
	"name", "source", "source_hash", "source_hash_name", "keep_source", "user", "group", "mode", "attrs",
	"template", "makedirs", "dir_mode", "context", "replace", "defaults", "backup", "show_changes", "create",
	"contents", "tmp_dir", "tmp_ext", "contents_pillar", "contents_grains", "contents_newline",
	"contents_delimiter", "encoding", "encoding_errors", "allow_empty", "follow_symlinks", "check_cmd",
	"skip_verify", "selinux", "win_owner", "win_perms", "win_deny_perms", "win_inheritance", "win_perms_reset",
	"verify_ssl", "use_etag", "signature", "source_hash_sig", "signed_by_any", "signed_by_all", "keyring",
	"gnupghome", "ignore_ordering", "ignore_whitespace", "ignore_comment_characters", "new_file_diff", "sig_backend",
}

// TemplateError is why a file's template could not be rendered, in Salt's
// words.
type TemplateError struct {
	Class   string // as in Error
	Message string
	Pos     low.Pos
	Err     error
}

// Error implements error: place and message.
func (e *TemplateError) Error() string {
	if at := e.Pos.String(); at != "" {
		return at + ": " + e.Message
	}
	return e.Message
}

// Unwrap returns the error behind it.
func (e *TemplateError) Unwrap() error { return e.Err }

// FindSource returns the file of the tree that a source names (salt://...),
// looked for in the chunk's environment unless the URL names one.
func (c *Compiled) FindSource(chunk *low.Chunk, source string) (*fileserver.File, bool) {
	env := chunk.Env()
	if env == "" {
		env = "base"
	}
	return c.c.files.FindURL(source, env)
}

// RenderTemplate renders a template of the tree for a state, as file.managed
// renders its source: the variables are the state's arguments that
// file.managed does not know, name, source, user, group, mode (as "0640"),
// attrs, defaults and context, and salt, grains, pillar, opts and saltenv. The
// error is a *TemplateError, or one of the surroundings.
func (c *Compiled) RenderTemplate(ctx context.Context, chunk *low.Chunk, source string) ([]byte, error) {
	file, ok := c.FindSource(chunk, source)
	if !ok {
		return nil, &TemplateError{Class: ClassOther, Message: fmt.Sprintf("Source file %s not found in saltenv '%s'", source, chunk.Env()), Pos: chunk.Pos}
	}
	raw, err := file.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Path, err)
	}
	return c.RenderText(ctx, chunk, source, file.Path, raw)
}

// RenderText is RenderTemplate for a text that is already there, such as
// contents with a template. path is what errors name.
func (c *Compiled) RenderText(ctx context.Context, chunk *low.Chunk, source, path string, raw []byte) ([]byte, error) {
	if engine, ok := chunk.Data.GetStr("template"); ok && py.IsTrue(engine) && str(engine) != "jinja" {
		return nil, &TemplateError{Class: ClassRenderer, Pos: chunk.Pos,
			Message: fmt.Sprintf("the template engine %s is not supported (only jinja is)", quote(str(engine)))}
	}
	text, err := saltfun.DecodeText(raw)
	if err != nil {
		if slices.Contains(raw, 0) {
			return raw, nil // Salt: a binary file is not rendered
		}
		return nil, &TemplateError{Class: ClassCrash, Message: err.Error(), Pos: low.Pos{File: path}, Err: err}
	}
	vars, err := c.templateVars(chunk, source)
	if err != nil {
		return nil, &TemplateError{Class: ClassCrash, Message: err.Error(), Pos: chunk.Pos, Err: err}
	}
	out, err := c.c.renderJinja(ctx, "", text, str(lookup(vars, "saltenv")), false, vars)
	if err == nil {
		return []byte(out), nil
	}
	if isFatal(ctx, err) {
		return nil, err
	}
	_, message := exception(err)
	e := &Error{Class: renderClass(message)}
	e.Pos.File = path
	c.c.place(e, err)
	return nil, &TemplateError{Class: e.Class, Message: message, Pos: e.Pos, Err: err}
}

// templateVars are the variables of a file's template.
func (c *Compiled) templateVars(chunk *low.Chunk, source string) (*py.Dict, error) {
	d := chunk.Data
	vars := py.NewDict()
	vars.SetStr("name", lookup(d, "name"))
	vars.SetStr("source", py.Str(source))
	vars.SetStr("user", lookup(d, "user"))
	vars.SetStr("group", lookup(d, "group"))
	vars.SetStr("mode", saltfun.NormalizeMode(lookup(d, "mode")))
	vars.SetStr("attrs", lookup(d, "attrs"))
	vars.SetStr("saltenv", lookup(d, "__env__"))
	vars.SetStr("salt", c.c.fun.Salt())
	vars.SetStr("pillar", c.c.fun.Pillar)
	vars.SetStr("grains", c.c.grains)
	vars.SetStr("opts", c.c.opts)
	vars.SetStr("ifelse", c.c.fun.IfElse())
	for k, v := range d.All() {
		name := str(k)
		if !slices.Contains(managedParams, name) && !IsInternalKeyword(name) {
			vars.SetStr(name, v)
		}
	}
	own := py.NewDict()
	for _, key := range []string{"defaults", "context"} {
		v := lookup(d, key)
		if !py.IsTrue(v) {
			continue
		}
		if err := py.UpdateDict(own, v); err != nil {
			return nil, err
		}
	}
	vars.Update(py.DeepCopy(own).(*py.Dict))
	return vars, nil
}
