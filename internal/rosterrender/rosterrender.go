// Package rosterrender renders roster files with Salt's renderers: jinja|yaml,
// or the pipe that the configuration or the file's first line names. It joins
// package roster, which knows no template engine, with internal/jinja and
// internal/saltyaml, and is used by internal/cli and by roster's tests.
package rosterrender

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/roster"
)

// Options are the settings of a renderer.
type Options struct {
	// Opts is the master configuration: renderer, renderer_blacklist,
	// renderer_whitelist, jinja_env and whatever a template reads from opts.
	// Nil means Salt's defaults.
	Opts *py.Dict
	// Loader finds templates that a roster imports; nil means there are none.
	Loader jinja.Loader
}

// New returns a renderer for rosters. Its errors are *roster.SaltRenderError
// for what Salt reports as such, *roster.LoggedError for a renderer that does
// not exist, and *saltyaml.Error for YAML that Salt's loader raises on.
func New(o Options) roster.Renderer {
	if o.Opts == nil {
		o.Opts = py.NewDict()
	}
	return o.render
}

// oldPipes are the names of pairs from before there were pipes.
var oldPipes = map[string]string{"yaml_jinja": "jinja|yaml", "json_jinja": "jinja|json"}

// pythonRenderers run Python code or need other template engines.
var pythonRenderers = []string{
	"py", "pydsl", "pyobjects", "mako", "wempy", "cheetah", "genshi", "stateconf", "hjson", "json5", "msgpack", "dson",
	"gpg", "nacl", "pass", "aws_kms", "toml", "tomlmod", "yamlex", "pydsl",
}

func (o Options) render(ctx context.Context, path string, text []byte) (roster.Rendered, error) {
	if !utf8.Valid(text) {
		return roster.Rendered{}, errors.New("is not UTF-8 text")
	}
	source := strings.TrimPrefix(string(text), "\ufeff")
	pipe, err := o.pipe(source)
	if err != nil {
		return roster.Rendered{}, err
	}
	out := roster.Rendered{}
	current := source
	for i, name := range pipe {
		switch name {
		case "jinja":
			if current, err = o.jinja(ctx, path, current); err != nil {
				return roster.Rendered{}, err
			}
			out.Value = py.Str(current)
			continue
		case "yaml":
			var pos *saltyaml.Positions
			if out.Value, pos, err = saltyaml.LoadSLS(current); err != nil {
				return roster.Rendered{}, err
			}
			if current == source {
				out.Positions = pos
			}
		case "json":
			v, err := o.json(current)
			if err != nil {
				return roster.Rendered{}, err
			}
			out.Value = v
		}
		if i+1 < len(pipe) {
			return roster.Rendered{}, fmt.Errorf("renderer %s cannot stand before %s: it makes data, not text", name, pipe[i+1])
		}
	}
	return out, nil
}

// pipe returns the renderers for a text.
func (o Options) pipe(text string) ([]string, error) {
	spec := "jinja|yaml"
	if s := o.Opts.String("renderer"); s != "" {
		spec = s
	}
	first, _, _ := strings.Cut(text, "\n")
	if strings.HasPrefix(first, "#!") && !strings.HasPrefix(first, "#!/") {
		spec = strings.TrimSpace(first)[2:]
	}
	parts := strings.Split(spec, "|")
	if old, ok := oldPipes[spec]; ok {
		parts = strings.Split(old, "|")
	}
	blocked, allowed := names(o.Opts.Lookup("renderer_blacklist")), names(o.Opts.Lookup("renderer_whitelist"))
	var out []string
	for _, part := range parts {
		name, args, _ := strings.Cut(strings.TrimSpace(part), " ")
		switch {
		case len(allowed) > 0 && !slices.Contains(allowed, name), slices.Contains(blocked, name):
			continue // Salt skips it
		case name == "jinja", name == "yaml", name == "json":
			if strings.TrimSpace(args) != "" && name == "jinja" {
				return nil, fmt.Errorf("renderer %q: arguments are not supported for rosters", part)
			}
			out = append(out, name)
		case slices.Contains(pythonRenderers, name):
			return nil, fmt.Errorf("renderer %q is not supported for rosters; use jinja, yaml or json", name)
		default:
			return nil, &roster.LoggedError{Msg: fmt.Sprintf("The renderer %q is not available", spec)}
		}
	}
	return out, nil
}

func names(v py.Value) []string {
	l, ok := v.(*py.List)
	if !ok {
		return nil
	}
	var out []string
	for _, it := range l.Items {
		out = append(out, py.ToStr(it))
	}
	return out
}

func (o Options) jinja(ctx context.Context, path, text string) (string, error) {
	vars := py.DictOf(
		"salt", py.Value(noFunctions{}), "grains", py.NewDict(), "pillar", py.NewDict(), "opts", o.Opts,
		"saltenv", py.Str("base"), "sls", py.Str(""),
	)
	out, err := jinja.RenderSalt(ctx, path, text, &jinja.Render{Vars: vars, Loader: o.Loader, Codec: jinjacodec.New(), SaltEnv: "base"})
	var re *jinja.RenderError
	if errors.As(err, &re) {
		return "", &roster.SaltRenderError{Msg: re.Error(), Template: true, Line: re.Line, Err: err}
	}
	return out, err
}

func (o Options) json(text string) (py.Value, error) {
	if strings.HasPrefix(text, "#!") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return py.LoadsJSON(text)
}

// noFunctions is the variable salt of a roster: Salt gives rosters none.
type noFunctions struct{}

// Type implements py.Value.
func (noFunctions) Type() string { return "salt.utils.templates.AliasedLoader" }

// Item implements py.ItemGetter.
func (noFunctions) Item(key py.Value) (py.Value, error) { return nil, py.KeyError(key) }

// Attr implements py.AttrGetter.
func (noFunctions) Attr(string) (py.Value, bool, error) { return nil, false, nil }
