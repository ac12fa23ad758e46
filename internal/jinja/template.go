package jinja

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"pinch/internal/py"
)

// Template is a parsed and compiled template. It is immutable: any number of
// goroutines may render it at once.
type Template struct {
	name   string // the load name, "" for a template from a string
	file   string // where errors say it is
	source string
	opts   Options
	env    *environment
	ast    []node

	root        *function
	hasExtends  bool
	extendsLine int
	blocks      map[string]*function
	blockNames  []string

	// written is how long the output was the last time: room for the next.
	written atomic.Int64
}

// Name returns the name under which the template was parsed.
func (t *Template) Name() string { return t.name }

// Source returns the source as it was parsed.
func (t *Template) Source() string { return t.source }

// Parse parses and compiles a template. name is the load name, which messages
// show; it is "" for the main template of a Salt render. A "#jinja2: {json}"
// header is text here: RenderSalt reads it, of the main template only. The
// error is always an *Error.
func Parse(name, source string, o Options) (*Template, error) {
	return parseFile(name, name, source, o)
}

func parseFile(name, file, source string, o Options) (*Template, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	t := &Template{name: name, file: file, source: source, opts: o}
	t.env = environmentFor(&o)
	body, err := parse(name, source, &t.opts)
	if err == nil {
		t.ast = body
		err = compileTemplate(t, body, t.env)
	}
	if err != nil {
		if e, ok := err.(*Error); ok {
			e.File, e.Source = file, source
			if e.Class == "" {
				e.Class = "TemplateSyntaxError"
			}
			e.Trace = []Place{{File: file, Line: e.Line, tmpl: t}}
		}
		return nil, err
	}
	return t, nil
}

// Loader finds templates for include, import and extends.
type Loader interface {
	// Load returns the source of the template and the path that error
	// messages show. name is relative to the root of the tree ("x/map.jinja";
	// "./" and "../" are resolved). A template that does not exist is an
	// error for which IsNotFound is true, such as *NotFoundError.
	Load(ctx context.Context, name string) (source, file string, err error)
}

// Codec reads and writes the formats of Salt's tags and filters. It keeps this
// package free of a YAML library.
type Codec struct {
	// LoadYAML is salt.utils.yaml.safe_load. A YAML error is a *py.Error of
	// class "YAMLError" whose Msg is str(exc).
	LoadYAML func(text string) (py.Value, error)
	// FormatYAML is the text of the filter yaml: salt.utils.yaml.safe_dump
	// of v, stripped. flow is PyYAML's default_flow_style: true, false or
	// None.
	FormatYAML func(v, flow py.Value) (string, error)
	// EncodeYAML is the filter yaml_encode, DoubleQuoteYAML and
	// SingleQuoteYAML are yaml_dquote and yaml_squote of a text.
	EncodeYAML                       func(v py.Value) (string, error)
	DoubleQuoteYAML, SingleQuoteYAML func(text string) string
	// Traverse is the filter traverse
	// (salt.utils.data.traverse_dict_and_list).
	Traverse func(data, key, def py.Value, delimiter string) (py.Value, error)
}

// Render is one rendering of a template: its variables and what it may reach.
type Render struct {
	// Vars are the template's variables (salt, grains, pillar, opts, sls,
	// tpldir, ...). Like Salt's, they are globals of the environment:
	// imported templates see them without "with context".
	Vars *py.Dict
	// Loader finds other templates; nil means there are none.
	Loader Loader
	// Cache shares parsed templates; nil means none are kept.
	Cache  *Cache
	Budget Budget
	Codec  Codec
	// SaltEnv and Log are for messages; Log may be nil. level is a Python
	// logging level in lower case.
	SaltEnv string
	Log     func(level, msg string)
	// Host runs an execution function for the few filters that look at the
	// target (which, file_hashsum); nil refuses these filters.
	Host func(ctx context.Context, fun string, args *py.Args) (py.Value, error)
	// Now is the clock of the filter strftime, in the time zone in which
	// timestamps are shown; nil is time.Now.
	Now func() time.Time
}

func (r *Render) log(level, msg string) {
	if r.Log != nil {
		r.Log(level, msg)
	}
}

// Render evaluates the template. The error is an *Error, or the context's.
func (t *Template) Render(ctx context.Context, r *Render) (string, error) {
	rt := newRuntime(ctx, t, r)
	c := rt.mainContext(t)
	w := &writer{rt: rt, buf: make([]byte, 0, t.written.Load())}
	if err := t.run(c, w); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", finish(err)
	}
	if w.bad != nil {
		return "", finish(leave(locate(w.bad, 1), t, ""))
	}
	if len(w.buf) <= maxRoom {
		t.written.Store(int64(len(w.buf)))
	}
	return w.String(), nil
}

// maxRoom bounds the buffer that is made for a template's output beforehand.
const maxRoom = 1 << 16

// run evaluates the template's root and then its parent's, if it extends one.
func (t *Template) run(c *Context, w *writer) error {
	return t.runRoot(c, w)
}

// runRoot is the root function: statements, then the parent template.
func (t *Template) runRoot(c *Context, w *writer) error {
	f := newFrame(t.root, nil, c)
	err := t.root.runIn(f, w)
	if err == nil && f.parentTemplate != nil {
		if err = c.rt.enterCall(); err == nil {
			err = f.parentTemplate.runRoot(c, w)
			c.rt.leaveCall()
		}
		if err != nil {
			err = locate(err, t.extendsLine)
		}
	}
	if err != nil {
		return leave(err, t, "")
	}
	return nil
}

// header cuts a "#jinja2:" line off a source and applies it to o.
func header(source string, o *Options, parseJSON func(string) (py.Value, error), warn func(string)) (string, error) {
	const mark = "#jinja2:"
	start := 0
	if strings.HasPrefix(source, "#!") && !strings.HasPrefix(source, "#!/") {
		start = lineEnd(source, 0)
	}
	if !strings.HasPrefix(source[start:], mark) {
		return source, nil
	}
	end := lineEnd(source, start)
	line := source[start:end]
	payload := line[len(mark):]
	if allSpace(payload) {
		return source, nil
	}
	v, err := parseJSON(payload)
	if err != nil {
		warn("Ignoring malformed '#jinja2:' header in template: " + strings.TrimRight(line, "\r\n"))
		return source, nil
	}
	d, ok := v.(*py.Dict)
	if !ok {
		warn("Ignoring '#jinja2:' header that is not a JSON object: " + strings.TrimRight(line, "\r\n"))
		return source, nil
	}
	if err := o.apply(d, "#jinja2 header"); err != nil {
		return source, err
	}
	return source[:start] + source[end:], nil
}

// lineEnd returns where the line after the one at i starts, by the rules of
// str.splitlines.
func lineEnd(s string, i int) int {
	for j, r := range s[i:] {
		switch r {
		case '\r':
			if strings.HasPrefix(s[i+j+1:], "\n") {
				return i + j + 2
			}
			return i + j + 1
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e:
			return i + j + 1
		case 0x85:
			return i + j + 2
		case 0x2028, 0x2029:
			return i + j + 3
		}
	}
	return len(s)
}
