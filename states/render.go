package states

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"pinch/internal/fileserver"
	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/py"
	"pinch/internal/saltfun"
	"pinch/states/low"
)

// template is one text to compile by a pipe of renderers.
type template struct {
	file    *fileserver.File // nil: text
	text    string
	pipe    string // when the text names none; "" is opts["renderer"]
	saltenv string
	sls     string
	pillar  bool
	vars    *py.Dict       // arguments for the renderers (a pillar include's defaults)
	context *py.Dict       // variables that win over all others
	lists   *rendererLists // in the place of the options'
	track   *tracker       // takes what is read as YAML
}

// rendererLists say which renderers may run; an empty allowed is all.
type rendererLists struct{ allowed, forbidden []string }

// rendered is text that came out of the last renderer of a pipe, where data
// was expected. To Python it is a file object.
type rendered struct{ text string }

// Type implements py.Value.
func (rendered) Type() string { return "_io.StringIO" }

// asIncluded is what happens to text in place of an included SLS: its lines are
// taken for IDs, of which those that do not start with "__" are looked up in it.
func (r rendered) asIncluded() error {
	for line := range strings.Lines(r.text) {
		if !strings.HasPrefix(line, "__") {
			return py.TypeErrorf("'%s' object is not subscriptable", r.Type())
		}
	}
	return nil
}

// oldPipes are the names of renderer pairs from before there were pipes.
var oldPipes = map[string]string{
	"yaml_jinja": "jinja|yaml", "yaml_mako": "mako|yaml", "yaml_wempy": "wempy|yaml",
	"json_jinja": "jinja|json", "json_mako": "mako|json", "json_wempy": "wempy|json",
	"yamlex_jinja": "jinja|yamlex", "yamlexyamlex_mako": "mako|yamlexyamlex", "yamlexyamlex_wempy": "wempy|yamlexyamlex",
}

// compileTemplate renders a file or text to data (Salt: compile_template).
// Errors that are exceptions are *py.Error; a renderer that pinch does not
// have is an *Error of class ClassRenderer.
func (c *compiler) compileTemplate(ctx context.Context, t *template) (py.Value, error) {
	text, err := c.source(t)
	if err != nil {
		return nil, err
	}
	if t.file != nil && strings.TrimFunc(text, isSpace) == "" {
		return py.NewDict(), nil
	}
	pipe, err := c.pipe(t, text)
	if err != nil {
		return nil, err
	}
	var value py.Value = rendered{text}
	if len(pipe) == 0 {
		return py.NewDict(), nil
	}
	for _, r := range pipe {
		if value, err = c.render(ctx, t, r, text, value); err != nil {
			return nil, err
		}
	}
	// Jinja writes line feeds; text of a file with CR LF gets these back.
	if out, ok := value.(rendered); ok && strings.Contains(text, "\r\n") && !strings.Contains(out.text, "\r\n") {
		value = rendered{strings.ReplaceAll(out.text, "\n", "\r\n")}
	}
	return value, nil
}

// source returns what the renderers are given.
func (c *compiler) source(t *template) (string, error) {
	if t.file == nil {
		return t.text, nil
	}
	text, err := t.file.Text()
	if err != nil {
		return "", py.Errorf("OSError", "%s", err.Error())
	}
	return text, saltfun.CheckText(text)
}

// renderer is one part of a pipe.
type renderer struct{ name, args string }

// pipe returns the renderers of a text: those of its first line, or the
// configured ones (Salt: template_shebang).
func (c *compiler) pipe(t *template, text string) ([]renderer, error) {
	line, _, _ := strings.Cut(text, "\n")
	if t.file == nil && t.lists == nil { // of a string Salt looks at the first word only
		line = ""
		if words := strings.Fields(text); len(words) > 0 {
			line = words[0]
		}
	}
	spec := t.pipe
	if spec == "" {
		spec = c.opts.String("renderer")
	}
	parts, own := splitPipe(line, spec)
	lists := t.lists
	if lists == nil {
		lists = &rendererLists{}
		var err error
		if lists.allowed, err = textList(c.opts.Lookup("renderer_whitelist"), "renderer_whitelist"); err != nil {
			return nil, err
		}
		if lists.forbidden, err = textList(c.opts.Lookup("renderer_blacklist"), "renderer_blacklist"); err != nil {
			return nil, err
		}
	}
	var out []renderer
	for _, p := range parts {
		name, args, _ := strings.Cut(strings.TrimFunc(p, isSpace), " ")
		if len(lists.allowed) > 0 && !contains(lists.allowed, name) || contains(lists.forbidden, name) {
			c.tree.log("warning", "The renderer %q is disallowed by configuration and will be skipped.", name)
			continue
		}
		if !HasRenderer(name) {
			return nil, c.noRenderer(t, name, own)
		}
		out = append(out, renderer{name, strings.TrimFunc(args, isSpace)})
	}
	return out, nil
}

// splitPipe returns the parts of a pipe: what a first line names (own), or
// spec.
func splitPipe(line, spec string) (parts []string, own bool) {
	if own = strings.HasPrefix(line, "#!") && !strings.HasPrefix(line, "#!/"); own {
		spec = strings.TrimFunc(line, isSpace)[2:]
	}
	if old, ok := oldPipes[spec]; ok {
		spec = old
	}
	return strings.Split(spec, "|"), own
}

// HasRenderer says whether pinch has a renderer of that name.
func HasRenderer(name string) bool {
	switch name {
	case "jinja", "yaml", "json", "gpg", "yamlex":
		return true
	}
	return false
}

// Renderers returns the names of the renderers that an SLS goes through, in
// order. own says that the SLS itself names them; spec is the option renderer.
func Renderers(text, spec string) (names []string, own bool) {
	line, _, _ := strings.Cut(text, "\n")
	parts, own := splitPipe(line, spec)
	for _, p := range parts {
		name, _, _ := strings.Cut(strings.TrimFunc(p, isSpace), " ")
		names = append(names, name)
	}
	return names, own
}

// noRenderer refuses a renderer by name. Salt would run it (py, pydsl,
// pyobjects, stateconf, mako), or log that it is not there and take the file
// for empty.
func (c *compiler) noRenderer(t *template, name string, own bool) error {
	e := &Error{Class: ClassRenderer, SLS: t.sls}
	what := "is not one that Salt has"
	switch name {
	case "py", "pydsl", "pyobjects":
		what = "runs Python and is not supported"
		e.Hint = "write the file with jinja|yaml, or produce the data with an external command"
	case "stateconf", "mako", "wempy", "genshi", "cheetah", "nacl", "msgpack", "toml", "dson", "hjson", "json5",
		"pass", "aws_kms", "tf", "text":
		what = "is not supported"
		e.Hint = "supported are jinja, yaml, json, yamlex and gpg"
	}
	e.Message = fmt.Sprintf("the renderer %s %s", quote(name), what)
	if t.file != nil {
		e.Pos = low.Pos{File: t.file.Path}
		if own {
			e.Pos.Line = 1
		}
	}
	return e
}

func (c *compiler) render(ctx context.Context, t *template, r renderer, source string, in py.Value) (py.Value, error) {
	text, isText := in.(rendered)
	if !isText && r.name != "gpg" {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'read'", py.TypeName(in))
	}
	switch r.name {
	case "jinja":
		if r.args != "" && r.args != "-s" {
			return nil, py.Errorf("SaltRenderError", "Unknown renderer option: %s", r.args)
		}
		out, err := c.jinja(ctx, t, text.text)
		if err != nil {
			return nil, err
		}
		return rendered{out}, nil
	case "yaml", "yamlex":
		name := ""
		if t.file != nil {
			name = t.file.Path
		}
		c.aliases = c.aliases || strings.Contains(text.text, "&") && strings.Contains(text.text, "*")
		t.track.reads(source, text.text)
		v, pos, err := c.tree.yaml.load(name, source, text.text)
		if err != nil {
			return nil, err
		}
		if pos != nil && t.sls != "" && !t.pillar {
			c.places[t.saltenv+":"+t.sls] = pos
		}
		return v, nil
	case "json":
		s := text.text
		if strings.HasPrefix(s, "#!") {
			_, s, _ = strings.Cut(s, "\n")
		}
		if strings.TrimFunc(s, isSpace) == "" {
			return py.NewDict(), nil
		}
		return py.LoadsJSON(s)
	}
	return c.decrypt(ctx, in)
}

// jinja renders one template.
func (c *compiler) jinja(ctx context.Context, t *template, text string) (string, error) {
	tmplpath := ""
	if t.file != nil {
		tmplpath = c.tmplPath(t)
	}
	vars := py.NewDict()
	vars.SetStr("salt", c.fun.Salt())
	vars.SetStr("grains", c.grains)
	vars.SetStr("opts", c.opts)
	vars.SetStr("pillar", c.fun.Pillar)
	vars.SetStr("saltenv", py.Str(t.saltenv))
	vars.SetStr("sls", py.Str(t.sls))
	vars.SetStr("proxy", py.None)
	vars.SetStr("ifelse", c.fun.IfElse())
	if t.pillar {
		vars.SetStr("_pillar_rend", py.True)
	}
	vars.Update(t.vars)
	vars.Update(t.context)
	return c.renderJinja(ctx, tmplpath, text, t.saltenv, t.pillar, vars)
}

// tmplPath is where a minion would have its copy of the file. A pillar file
// is read where it lies.
func (c *compiler) tmplPath(t *template) string {
	if t.pillar {
		return t.file.Path
	}
	return c.fun.CachePath(t.file)
}

func (c *compiler) renderJinja(ctx context.Context, name, text, saltenv string, pillar bool, vars *py.Dict) (string, error) {
	c.fun.Missing = c.fun.Missing[:0]
	files := c.files
	if pillar {
		files = c.pillarFiles
	}
	return jinja.RenderSalt(ctx, name, text, &jinja.Render{
		Vars:    vars,
		Loader:  &treeLoader{files: files, env: saltenv, cache: c.cacheDir, pillar: pillar},
		Cache:   c.tree.jinja,
		Budget:  c.tree.cfg.Budget,
		Codec:   jinjacodec.New(),
		Host:    c.fun.Call,
		SaltEnv: saltenv,
		Log:     c.tree.cfg.Log,
	})
}

// treeLoader finds what templates import and include.
type treeLoader struct {
	files  *fileserver.Server
	env    string
	cache  string
	pillar bool
}

// Load implements jinja.Loader.
func (l *treeLoader) Load(_ context.Context, name string) (source, file string, err error) {
	f, ok := l.files.Find(name, l.env)
	if !ok {
		return "", "", &jinja.NotFoundError{Name: name}
	}
	text, err := f.Text()
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", f.Path, err)
	}
	if err := saltfun.CheckText(text); err != nil {
		return "", "", err
	}
	return text, f.Path, nil
}

// renderFor answers slsutil.renderer and the functions of Salt's module jinja.
func (c *compiler) renderFor(ctx context.Context, r saltfun.RenderRequest) (py.Value, error) {
	t := &template{text: r.Text, pipe: r.Pipe, saltenv: "base", vars: py.NewDict()}
	if r.Vars != nil {
		t.vars.Update(r.Vars)
	}
	for key, field := range map[string]*string{"saltenv": &t.saltenv, "sls": &t.sls} {
		if v, ok := t.vars.DeleteStr(key); ok {
			*field = str(v)
		}
	}
	if d, ok := t.vars.Lookup("context").(*py.Dict); ok {
		t.context = d
		t.vars.DeleteStr("context")
	}
	if r.SaltEnv != "" {
		t.saltenv = r.SaltEnv
	}
	if r.URL != "" {
		name, own := fileserver.ParseURL(r.URL)
		if own == "" {
			own = t.saltenv
		}
		if !strings.HasPrefix(r.URL, "salt://") {
			rel, ok := strings.CutPrefix(r.URL, path.Join(c.cacheDir, "files")+"/")
			if !ok {
				return nil, py.Errorf("CommandExecutionError", "%s is no file of the state tree", r.URL)
			}
			own, name, _ = strings.Cut(rel, "/")
		}
		f, ok := c.files.Find(name, own)
		if !ok {
			return py.NewDict(), nil // Salt: logs it and gives an empty result
		}
		t.file = f
	}
	v, err := c.compileTemplate(ctx, t)
	if err != nil {
		return nil, asException(ctx, err)
	}
	if s, ok := v.(rendered); ok {
		return py.Str(s.text), nil
	}
	return v, nil
}

// asException is a rendering error as the exception that a function raises with
// it. What ends the compile, and what pinch refuses, stays as it is.
func asException(ctx context.Context, err error) error {
	var own *Error
	if isFatal(ctx, err) || errors.As(err, &own) {
		return err
	}
	class, text := exception(err)
	return &py.Error{Class: class, Msg: text, Err: err}
}
