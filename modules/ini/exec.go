package ini

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type setArgs struct {
	File      string   `arg:"file_name,required" doc:"The file."`
	Sections  *py.Dict `arg:"sections" doc:"Sections with their options, and options outside of sections."`
	Separator string   `arg:"separator" default:"'='" doc:"What stands between option and value."`
	Encoding  string   `arg:"encoding" doc:"The file's encoding; UTF-8 when not given."`
	NoSpaces  bool     `arg:"no_spaces" default:"False" doc:"Writes no blanks around the separator."`
}

type optionArgs struct {
	File      string `arg:"file_name,required" doc:"The file."`
	Section   string `arg:"section,required" doc:"The section; empty for none."`
	Option    string `arg:"option,required" doc:"The option."`
	Separator string `arg:"separator" default:"'='" doc:"What stands between option and value."`
	Encoding  string `arg:"encoding" doc:"The file's encoding; UTF-8 when not given."`
}

type sectionArgs struct {
	File      string `arg:"file_name,required" doc:"The file."`
	Section   string `arg:"section,required" doc:"The section."`
	Separator string `arg:"separator" default:"'='" doc:"What stands between option and value."`
	Encoding  string `arg:"encoding" doc:"The file's encoding; UTF-8 when not given."`
}

type iniArgs struct {
	File      string `arg:"file_name,required" doc:"The file."`
	Separator string `arg:"separator" default:"'='" doc:"What stands between option and value."`
	Encoding  string `arg:"encoding" doc:"The file's encoding; UTF-8 when not given."`
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		modules.Action[setArgs]{Name: "ini.set_option", Doc: "Sets options and returns what changed.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *setArgs) (py.Value, error) {
				d, err := setOption(w, fileArgs{a.File, a.Separator, a.Encoding, a.NoSpaces}, a.Sections)
				if err != nil {
					return nil, err
				}
				return d, nil
			}}.Func(),
		modules.Query[optionArgs]{Name: "ini.get_option", Doc: "Gives the value of an option.",
			Run: func(_ context.Context, c *modules.Call, a *optionArgs) (py.Value, error) {
				f, err := load(c, fileArgs{path: a.File, separator: a.Separator, encoding: a.Encoding}, c.Test)
				if err != nil {
					return nil, err
				}
				s := f.section
				if a.Section != "" {
					sub, ok := f.vals[a.Section].(*section)
					if !ok {
						return py.None, nil
					}
					s = sub
				}
				return value(s.vals[a.Option]), nil
			}}.Func(),
		modules.Action[optionArgs]{Name: "ini.remove_option", Doc: "Removes an option and returns its value.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *optionArgs) (py.Value, error) {
				return removeOption(w, fileArgs{path: a.File, separator: a.Separator, encoding: a.Encoding}, a.Section, a.Option)
			}}.Func(),
		modules.Query[sectionArgs]{Name: "ini.get_section", Doc: "Gives the options of a section.",
			Run: func(_ context.Context, c *modules.Call, a *sectionArgs) (py.Value, error) {
				f, err := load(c, fileArgs{path: a.File, separator: a.Separator, encoding: a.Encoding}, c.Test)
				if err != nil {
					return nil, err
				}
				if s, ok := f.vals[a.Section].(*section); ok {
					return s.dict(false), nil
				}
				return py.NewDict(), nil
			}}.Func(),
		modules.Action[sectionArgs]{Name: "ini.remove_section", Doc: "Removes a section and returns its options.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *sectionArgs) (py.Value, error) {
				return removeSection(w, fileArgs{path: a.File, separator: a.Separator, encoding: a.Encoding}, a.Section)
			}}.Func(),
		modules.Query[iniArgs]{Name: "ini.get_ini", Doc: "Gives the whole file.",
			Run: func(_ context.Context, c *modules.Call, a *iniArgs) (py.Value, error) {
				f, err := load(c, fileArgs{path: a.File, separator: a.Separator, encoding: a.Encoding}, c.Test)
				if err != nil {
					return nil, err
				}
				return f.dict(false), nil
			}}.Func(),
	}
}

func value(v any) py.Value {
	switch v := v.(type) {
	case string:
		return py.Str(v)
	case *section:
		return v.dict(true)
	}
	return py.None
}

func setOption(w host.Writer, a fileArgs, values *py.Dict) (*py.Dict, error) {
	f, err := load(w, a, false)
	if err != nil {
		return nil, err
	}
	if values == nil {
		values = py.NewDict()
	}
	changes, err := f.update(values)
	if err != nil {
		return nil, err
	}
	return changes, f.write(w)
}

func removeOption(w host.Writer, a fileArgs, name, option string) (py.Value, error) {
	f, err := load(w, a, false)
	if err != nil {
		return nil, err
	}
	s := f.section
	if sub, ok := f.vals[name].(*section); ok {
		s = sub
	}
	v, _ := s.drop(option)
	return value(v), f.write(w)
}

func removeSection(w host.Writer, a fileArgs, name string) (py.Value, error) {
	f, err := load(w, a, false)
	if err != nil {
		return nil, err
	}
	v, ok := f.drop(name)
	if !ok {
		return py.None, nil
	}
	if err := f.write(w); err != nil {
		return nil, err
	}
	s, ok := v.(*section)
	if !ok {
		return nil, py.Errorf("AttributeError", "'str' object has no attribute 'items'")
	}
	return s.dict(false), nil
}
