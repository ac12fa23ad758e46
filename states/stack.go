package states

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"pinch/internal/fileserver"
	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/match"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// extStack is the external pillar stack: configuration files that are Jinja
// templates name YAML files that are Jinja templates, which are merged in that
// order. A mapping or list may say how by a key or first item "__".
func extStack(p *pillar, ctx context.Context, data *py.Dict, args *py.Args) (py.Value, error) {
	var files []string
	for _, v := range args.Pos {
		files = append(files, str(v))
	}
	env := cmp.Or(p.env, p.saltenv, "base")
	for _, kw := range args.Kw {
		more, err := p.stackByKey(data, kw, env)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	stack := py.NewDict()
	for _, cfg := range files {
		disk := p.c.tree.sources.diskFor(cfg)
		if info, err := disk.Stat(cfg); err != nil || !info.Mode().IsRegular() {
			p.c.tree.log("info", "Ignoring pillar stack cfg %q: file does not exist", cfg)
			continue
		}
		s := &stackRun{p: p, ctx: ctx, disk: disk, cfg: cfg, dir: filepath.Dir(cfg), data: data, stack: stack}
		var err error
		if stack, err = s.run(); err != nil {
			return nil, err
		}
	}
	return stack, nil
}

// stackByKey returns the configuration files for a key such as "grains:os":
// {value: file or files}.
func (p *pillar) stackByKey(data *py.Dict, kw py.KwArg, env string) ([]string, error) {
	source, key, ok := strings.Cut(kw.Name, ":")
	if !ok {
		return nil, py.ValueErrorf("not enough values to unpack (expected 2, got 1)")
	}
	sources := map[string]*py.Dict{"pillar": data, "grains": p.c.grains, "opts": p.c.opts}
	from, ok := sources[source]
	if !ok {
		return nil, py.Errorf("Exception", "Unknown traverse option %q, should be one of dict_keys(['pillar', 'grains', 'opts'])", source)
	}
	table, ok := kw.Value.(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(kw.Value))
	}
	val, err := match.Traverse(from, py.Str(key), py.None, ":")
	if err != nil {
		return nil, err
	}
	if own, ok := table.GetStr("__env__"); ok {
		t := py.NewDict()
		for k, v := range table.All() {
			if k == py.Value(py.Str("__env__")) {
				k, v = py.Str(env), own
			}
			if err := t.Set(k, v); err != nil {
				return nil, err
			}
		}
		table = t
	}
	cfgs, ok, err := table.Get(val)
	if err != nil || !ok {
		return nil, err
	}
	list, err := textList(cfgs, kw.Name)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], "__env__", env)
	}
	return list, nil
}

// stackRun processes one configuration file.
type stackRun struct {
	p     *pillar
	ctx   context.Context
	disk  fileserver.Disk
	cfg   string
	dir   string
	data  *py.Dict
	stack *py.Dict
	// source is the file that was rendered last.
	source string
}

func (s *stackRun) run() (*py.Dict, error) {
	text, err := s.render(filepath.Base(s.cfg), py.NewDict())
	if err != nil {
		return nil, err
	}
	for _, entry := range stackEntries(text) {
		if strings.TrimFunc(entry, isSpace) == "" {
			continue
		}
		pattern := s.dir + "/" + entry
		if filepath.IsAbs(entry) {
			pattern = entry
		}
		paths := globFiles(s.disk, pattern)
		if len(paths) == 0 {
			s.p.c.tree.log("info", "Ignoring pillar stack template %q: can't find from root dir %q", entry, s.dir)
		}
		for _, path := range paths {
			if err := s.file(path); err != nil {
				return nil, err
			}
		}
	}
	return s.stack, nil
}

// stackEntries reads a rendered configuration file: a YAML list, or lines.
func stackEntries(text string) []string {
	if v, err := saltyaml.Load(text); err == nil {
		if l, ok := v.(*py.List); ok {
			var out []string
			for _, it := range l.Items {
				out = append(out, str(it))
			}
			return out
		}
	}
	return py.SplitLines(text, false)
}

func (s *stackRun) file(path string) error {
	rel, err := filepath.Rel(s.dir, path)
	if err != nil {
		return err
	}
	text, err := s.render(filepath.ToSlash(rel), py.DictOf("ymlpath", py.Str(path)))
	if err != nil {
		_, msg := exception(err)
		return py.Errorf("Exception", "Stack pillar template render error in %s:\n\"%s\"", path, msg)
	}
	v, err := saltyaml.Load(text)
	if err != nil {
		return py.Errorf("Exception", "Stack pillar yaml parsing error in %s:\n%s\n%s", path, err.Error(), text)
	}
	if d, ok := v.(*py.Dict); ok {
		s.p.part(path, s.source, text, d)
		s.stack, err = mergeStack(s.stack, d)
	}
	return err
}

// render renders a file with Jinja's own settings, not Salt's.
func (s *stackRun) render(name string, vars *py.Dict) (string, error) {
	if !filepath.IsLocal(name) { // Jinja's loader does not go up
		return "", py.Errorf("TemplateNotFound", "%s", name)
	}
	source, err := fileserver.ReadFile(s.disk, filepath.Join(s.dir, name))
	if err != nil {
		return "", err
	}
	s.source = string(source)
	o := jinja.SaltOptions()
	o.Undefined = jinja.Default
	o.Extensions.LoopControls = false
	t, err := s.p.c.tree.jinja.Parse(name, string(source), o)
	if err != nil {
		return "", jinjaText(err)
	}
	c := s.p.c
	all := py.DictOf("__opts__", c.opts, "__salt__", c.fun.Salt(), "__grains__", c.grains,
		"__stack__", py.DictOf("cfg_path", py.Str(s.cfg), "traverse", stackTraverse()),
		"minion_id", py.Str(c.req.Host), "pillar", s.data, "pillarenv", py.OptStr(s.p.env), "stack", s.stack)
	all.Update(vars)
	out, err := t.Render(s.ctx, &jinja.Render{
		Vars: all, Loader: dirLoader{s.disk, s.dir}, Cache: c.tree.jinja, Budget: c.tree.cfg.Budget, Codec: jinjacodec.New(), Log: c.tree.cfg.Log,
	})
	if err != nil {
		return "", jinjaText(err)
	}
	return out, nil
}

func stackTraverse() py.Value {
	return py.NewFunc("traverse_dict_and_list", func(_ context.Context, args *py.Args) (py.Value, error) {
		if len(args.Pos) < 2 {
			return nil, py.TypeErrorf("traverse_dict_and_list() missing required positional arguments: 'data' and 'key'")
		}
		def, delim := py.Value(py.None), ":"
		if len(args.Pos) > 2 {
			def = args.Pos[2]
		}
		if v, ok := args.Get("default"); ok {
			def = v
		}
		if len(args.Pos) > 3 {
			delim = str(args.Pos[3])
		}
		if v, ok := args.Get("delimiter"); ok {
			delim = str(v)
		}
		return match.Traverse(args.Pos[0], args.Pos[1], def, delim)
	})
}

// dirLoader loads templates from a directory and what is below it.
type dirLoader struct {
	disk fileserver.Disk
	dir  string
}

// Load implements jinja.Loader.
func (d dirLoader) Load(_ context.Context, name string) (source, file string, err error) {
	if !filepath.IsLocal(name) {
		return "", "", &jinja.NotFoundError{Name: name}
	}
	file = filepath.Join(d.dir, name)
	raw, err := fileserver.ReadFile(d.disk, file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", &jinja.NotFoundError{Name: name, Message: py.Repr(py.Str(name)) + " not found in search path: " + py.Repr(py.Str(d.dir))}
	}
	return string(raw), file, err
}

var stackStrategies = []string{"overwrite", "merge-first", "merge-last", "remove"}

func stackStrategy(v py.Value) (string, error) {
	if s := str(v); slices.Contains(stackStrategies, s) {
		return s, nil
	}
	return "", py.Errorf("Exception", "Unknown strategy \"%s\", should be one of ('%s')", str(v), strings.Join(stackStrategies, "', '"))
}

func mergeStack(stack, obj *py.Dict) (*py.Dict, error) {
	strategy := "merge-last"
	if v, ok := obj.DeleteStr("__"); ok {
		var err error
		if strategy, err = stackStrategy(v); err != nil {
			return nil, err
		}
	}
	if strategy == "overwrite" {
		return cleanStack(obj).(*py.Dict), nil
	}
	for k, v := range obj.All() {
		if strategy == "remove" {
			if _, _, err := stack.Delete(k); err != nil {
				return nil, err
			}
			continue
		}
		old, has, err := stack.Get(k)
		if err != nil {
			return nil, err
		}
		if !has {
			if err := stack.Set(k, cleanStack(v)); err != nil {
				return nil, err
			}
			continue
		}
		if strategy == "merge-first" {
			old, v = cleanStack(v), old
		}
		merged, err := mergeStackValue(old, v)
		if err != nil {
			return nil, err
		}
		if err := stack.Set(k, merged); err != nil {
			return nil, err
		}
	}
	return stack, nil
}

func mergeStackValue(old, v py.Value) (py.Value, error) {
	if old.Type() != v.Type() {
		return cleanStack(v), nil
	}
	switch x := v.(type) {
	case *py.Dict:
		return mergeStack(old.(*py.Dict), x)
	case *py.List:
		return mergeStackList(old.(*py.List), x)
	}
	return v, nil
}

func mergeStackList(stack, obj *py.List) (py.Value, error) {
	strategy := "merge-last"
	items := obj.Items
	if len(items) > 0 {
		if d, ok := items[0].(*py.Dict); ok && d.Has("__") {
			var err error
			if strategy, err = stackStrategy(lookup(d, "__")); err != nil {
				return nil, err
			}
			items = items[1:]
		}
	}
	switch strategy {
	case "overwrite":
		return py.NewList(slices.Clone(items)...), nil
	case "remove":
		out := py.NewList()
		for _, it := range stack.Items {
			gone, err := member(items, it)
			if err != nil {
				return nil, err
			}
			if !gone {
				out.Append(it)
			}
		}
		return out, nil
	case "merge-first":
		return py.NewList(slices.Concat(items, stack.Items)...), nil
	}
	return py.NewList(slices.Concat(stack.Items, items)...), nil
}

// cleanStack removes the strategies from a value that is taken as it is.
func cleanStack(v py.Value) py.Value {
	switch x := v.(type) {
	case *py.Dict:
		x.DeleteStr("__")
		for _, k := range x.Keys() {
			val, _, _ := x.Get(k)
			_ = x.Set(k, cleanStack(val)) // k is a key already
		}
	case *py.List:
		if len(x.Items) > 0 {
			if d, ok := x.Items[0].(*py.Dict); ok && d.Has("__") {
				x.Items = x.Items[1:]
			}
		}
	}
	return v
}

// jinjaText is a template error as Python's exception of that text.
func jinjaText(err error) error {
	var je *jinja.Error
	if errors.As(err, &je) {
		return &py.Error{Class: je.Class, Msg: je.Message, Err: err}
	}
	return err
}
