package jinja

import (
	"context"
	"errors"
	"path"
	"strings"

	"pinch/internal/py"
)

// RenderError is Salt's SaltRenderError: what a user sees of a failed render.
type RenderError struct {
	// Message is the text without the place ("Jinja variable 'x' is
	// undefined"). When the place is in an imported file, it names that.
	Message string
	// Line is the line in the rendered source, 0 when the place is elsewhere.
	Line int
	// Buffer is the rendered source, "" when Line is 0.
	Buffer string
	// Err is the *Error behind it.
	Err error
}

// Error implements error in Salt's form: the message, the line, and the lines
// around it with a marker.
func (e *RenderError) Error() string {
	if e.Line == 0 || e.Buffer == "" {
		return e.Message
	}
	return e.Message + "; line " + itoa(e.Line) + "\n\n" + sourceContext(e.Buffer, e.Line, errorMarker)
}

// Unwrap returns the *Error behind it.
func (e *RenderError) Unwrap() error { return e.Err }

const errorMarker = "    <======================"

// sourceContext shows the five lines around a line, with a marker at its end.
func sourceContext(source string, line int, marker string) string {
	const around = 5
	lines := py.SplitLines(source, false)
	if line > len(lines) {
		return source
	}
	start, end := max(0, line-around-1), min(len(lines), line+around)
	var b strings.Builder
	b.WriteString("---\n")
	if start > 0 {
		b.WriteString("[...]\n")
	}
	for i := start; i < end; i++ {
		b.WriteString(lines[i])
		if i == line-1 {
			b.WriteString(marker)
		}
		b.WriteByte('\n')
	}
	if end < len(lines) {
		b.WriteString("[...]\n")
	}
	b.WriteString("---")
	return b.String()
}

// RenderSalt renders a template from text as Salt's jinja renderer does: the
// environment's options come from the variable opts, a "#jinja2:" header is
// honoured, when there is a variable sls the names tplpath, tplfile, tpldir,
// tpldot, slspath, slsdotpath, slscolonpath and sls_path are set unless the
// caller did, and a trailing newline is kept. name is the template's path
// (tmplpath); it may be "". The error is a *RenderError, or the context's.
func RenderSalt(ctx context.Context, name string, source string, r *Render) (string, error) {
	run, sls := saltRender(name, r)
	t, text, err := parseSalt(source, run, sls)
	out := ""
	if err == nil {
		out, err = t.Render(ctx, run)
	}
	if err != nil {
		return "", saltError(ctx, err, text, sls, run.Vars.Has("sls"))
	}
	if strings.HasSuffix(source, "\n") {
		out += "\n"
	}
	return out, nil
}

// saltRender adds the variables that follow from the name of the template and
// its SLS, which it returns.
func saltRender(name string, r *Render) (run *Render, sls string) {
	vars := r.Vars
	if vars == nil {
		vars = py.NewDict()
	}
	if v, ok := vars.GetStr("sls"); ok {
		sls = py.ToStr(v)
		vars = vars.Copy()
		for k, v := range slsContext(name, sls).All() {
			if !vars.Has(string(k.(py.Str))) {
				vars.SetStr(string(k.(py.Str)), v)
			}
		}
	}
	with := *r
	with.Vars = vars
	return &with, sls
}

// parseSalt parses the main template of a render. text is the source without
// its header, which is what the lines of errors count in.
func parseSalt(source string, r *Render, sls string) (t *Template, text string, err error) {
	opts, ok := r.Vars.Lookup("opts").(*py.Dict)
	if !ok {
		opts = py.NewDict()
	}
	o, err := OptionsFromSalt(opts, sls != "")
	if err != nil {
		return nil, source, err
	}
	text, err = header(source, &o, func(s string) (py.Value, error) { return py.LoadsJSON(s) },
		func(msg string) { r.log("warning", msg) })
	if err != nil {
		return nil, source, err
	}
	t, err = r.Cache.parse("", "", text, &o)
	return t, text, err
}

// slsContext is generate_sls_context: the variables that tell where an SLS
// stands in its tree.
func slsContext(tmplpath, sls string) *py.Dict {
	d := py.NewDict()
	set := func(name, v string) { d.SetStr(name, py.Str(v)) }
	slspath := strings.TrimRight(strings.ReplaceAll(sls, ".", "/"), "/")
	if tmplpath != "" {
		template := path.Clean(tmplpath)
		if strings.HasPrefix(tmplpath, "//") && !strings.HasPrefix(tmplpath, "///") {
			template = "/" + template // as pathlib keeps it
		}
		switch {
		case sls == "":
			template = template[strings.LastIndexByte(template, '/')+1:]
		case strings.HasSuffix(template, slspath+".sls"):
			template = template[len(template)-len(slspath)-len(".sls"):]
		case strings.HasSuffix(template, slspath+"/init.sls"):
			template = template[len(template)-len(slspath)-len("/init.sls"):]
		default: // the template of a file, not an SLS
			set("tplpath", tmplpath)
			set("tplfile", sls)
			set("tpldir", path.Dir(path.Clean(sls)))
			return d
		}
		slspath = ""
		if i := strings.LastIndexByte(template, '/'); i >= 0 {
			slspath = template[:i]
		}
		dir := slspath
		if dir == "" {
			dir = "."
		}
		set("tplpath", tmplpath)
		set("tplfile", template)
		set("tpldir", dir)
		set("tpldot", strings.ReplaceAll(slspath, "/", "."))
	}
	set("slspath", slspath)
	set("slsdotpath", strings.ReplaceAll(slspath, "/", "."))
	set("slscolonpath", strings.ReplaceAll(slspath, "/", ":"))
	set("sls_path", strings.ReplaceAll(slspath, "/", "_"))
	return d
}

// saltError words an error as Salt does.
func saltError(ctx context.Context, err error, source, sls string, hasSLS bool) error {
	if cause := ctx.Err(); cause != nil && errors.Is(err, cause) {
		return err
	}
	var e *Error
	if !errors.As(err, &e) {
		return &RenderError{Message: "Jinja error: " + err.Error(), Err: err}
	}
	line := e.Line
	where := ""
	if e.File != "" && !(hasSLS && strings.HasSuffix(e.File, strings.ReplaceAll(sls, ".", "/"))) {
		where = "\n" + e.File + "(" + itoa(e.Line) + "):\n" + sourceContext(e.Source, e.Line, errorMarker)
		line = 0
	}
	out := &RenderError{Line: line, Err: e}
	if line > 0 {
		out.Buffer = source
	}
	out.Message = saltPrefix(e) + e.Message + where
	return out
}

func saltPrefix(e *Error) string {
	switch e.Kind {
	case UndefinedError:
		return "Jinja variable "
	case SyntaxError, RuntimeError, SecurityError:
		return "Jinja syntax error: "
	}
	switch e.Class {
	case "SaltInvocationError", "CommandExecutionError", "ArgumentValueError", "CheckError", "InvalidConfigError", "InvalidEntityError":
		return "Problem running salt function in Jinja template: "
	}
	return "Jinja error: "
}
