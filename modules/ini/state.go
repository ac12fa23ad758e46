// Package ini has Salt's ini module: options and sections of INI files.
package ini

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type presentArgs struct {
	Name      string   `arg:"name,required" doc:"The file."`
	Sections  *py.Dict `arg:"sections" doc:"Sections with their options, and options outside of sections."`
	Separator string   `arg:"separator" default:"'='" doc:"What stands between option and value."`
	Strict    bool     `arg:"strict" default:"False" doc:"Removes what is not given."`
	Encoding  string   `arg:"encoding" doc:"The file's encoding; UTF-8 when not given."`
	NoSpaces  bool     `arg:"no_spaces" default:"False" doc:"Writes no blanks around the separator."`
}

type absentArgs struct {
	Name      string   `arg:"name,required" doc:"The file."`
	Sections  *py.Dict `arg:"sections" doc:"Sections with lists of options."`
	Separator string   `arg:"separator" default:"'='" doc:"What stands between option and value."`
	Encoding  string   `arg:"encoding" doc:"The file's encoding; UTF-8 when not given."`
}

type sectionsArgs struct {
	Name      string   `arg:"name,required" doc:"The file."`
	Sections  py.Value `arg:"sections" doc:"The sections."`
	Separator string   `arg:"separator" default:"'='" doc:"What stands between option and value."`
	Encoding  string   `arg:"encoding" doc:"The file's encoding; UTF-8 when not given."`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append(execFuncs(),
		modules.State[presentArgs]{Name: "ini.options_present", Check: checkPresent,
			Doc: "Sets options of an INI file.\n\n```yaml\n/etc/app.ini:\n  ini.options_present:\n    - sections:\n        main:\n          debug: 'false'\n```"}.Func(),
		modules.State[absentArgs]{Name: "ini.options_absent", Check: checkAbsent,
			Doc: "Removes options from an INI file.\n\n```yaml\n/etc/app.ini:\n  ini.options_absent:\n    - sections:\n        main: [debug]\n```"}.Func(),
		modules.State[sectionsArgs]{Name: "ini.sections_present", Check: checkSectionsPresent,
			Doc: "Would add sections to an INI file; as in Salt 3008 it fails in a real run. Use ini.options_present.\n\n```yaml\n/etc/app.ini:\n  ini.sections_present:\n    - sections: [main]\n```"}.Func(),
		modules.State[sectionsArgs]{Name: "ini.sections_absent", Check: checkSectionsAbsent,
			Doc: "Removes sections from an INI file.\n\n```yaml\n/etc/app.ini:\n  ini.sections_absent:\n    - sections: [old]\n```"}.Func(),
	)
}

// later is the plan of a state that rewrites its file in any case, as Salt
// does, and tells afterwards what changed.
func later(apply func(context.Context, host.Writer) (modules.Done, error)) modules.Plan {
	return modules.Plan{Would: modules.Done{Result: low.None}, Apply: apply}
}

const unchanged = "No anomaly detected"

func tested(changed bool, comment string) modules.Plan {
	if changed {
		return modules.Plan{Would: modules.Done{Result: low.None, Comment: comment}}
	}
	return modules.InOrder(comment)
}

func checkPresent(_ context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	fa := fileArgs{a.Name, a.Separator, a.Encoding, a.NoSpaces}
	if c.Test {
		return testPresent(c, a, fa)
	}
	return later(func(_ context.Context, w host.Writer) (modules.Done, error) {
		changes, err := applyPresent(w, a, fa)
		if err != nil {
			return modules.Done{}, err
		}
		if v, ok := changes.GetStr("error"); ok {
			return modules.Failed("Errors encountered. " + py.ToStr(v)), nil
		}
		kept := py.NewDict()
		for k, v := range changes.All() {
			if py.IsTrue(v) {
				kept.SetStr(py.ToStr(k), v)
			}
		}
		if kept.Len() == 0 {
			return modules.OK(unchanged, nil), nil
		}
		return modules.OK("Changes take effect", kept), nil
	}), nil
}

// split tells the options outside of sections from the sections.
func split(d *py.Dict) (options, sections *py.Dict) {
	options, sections = py.NewDict(), py.NewDict()
	for k, v := range d.All() {
		if _, ok := v.(*py.Dict); ok {
			sections.SetStr(py.ToStr(k), v)
		} else {
			options.SetStr(py.ToStr(k), v)
		}
	}
	return options, sections
}

// body is the mapping under a key, empty when there is none.
func body(d *py.Dict, key string) *py.Dict {
	if v, ok := d.GetStr(key); ok {
		if s, ok := v.(*py.Dict); ok {
			return s
		}
	}
	return py.NewDict()
}

func testPresent(c *modules.Call, a *presentArgs, fa fileArgs) (modules.Plan, error) {
	if a.Sections == nil || a.Sections.Len() == 0 {
		return modules.InOrder(""), nil
	}
	f, err := load(c, fa, true)
	if err != nil {
		return modules.Plan{}, err
	}
	haveOptions, haveSections := split(f.dict(false))
	options, sections := split(a.Sections)
	var out strings.Builder
	changed := false
	say := func(word, what string) {
		changed = changed || word != "Unchanged key"
		out.WriteString(word + " " + what + ".\n")
	}
	compare := func(have, want *py.Dict, where string) {
		for k, v := range want.All() {
			key := py.ToStr(k)
			old, ok := have.GetStr(key)
			if ok && py.ToStr(old) == py.ToStr(v) {
				say("Unchanged key", key+where)
			} else {
				say("Changed key", key+where)
			}
		}
	}
	compare(haveOptions, options, "")
	if a.Strict {
		for k := range haveOptions.All() {
			if !options.Has(py.ToStr(k)) {
				say("Removed key", py.ToStr(k))
			}
		}
		for k := range haveSections.All() {
			if !sections.Has(py.ToStr(k)) {
				say("Removed section", py.ToStr(k))
			}
		}
	}
	for k, v := range sections.All() {
		name, where := py.ToStr(k), ""
		if name != "" {
			where = " in section " + name
		}
		have := body(haveSections, name)
		if a.Strict {
			for k := range have.All() {
				if !v.(*py.Dict).Has(py.ToStr(k)) {
					say("Deleted key", py.ToStr(k)+where)
				}
			}
		}
		compare(have, v.(*py.Dict), where)
	}
	return tested(changed, out.String()), nil
}

func applyPresent(w host.Writer, a *presentArgs, fa fileArgs) (*py.Dict, error) {
	if a.Sections == nil || a.Sections.Len() == 0 {
		return setOption(w, fa, nil)
	}
	f, err := load(w, fa, false)
	if err != nil {
		return nil, err
	}
	haveOptions, haveSections := split(f.dict(false))
	options, sections := split(a.Sections)
	changes, err := setOption(w, fa, options)
	if err != nil {
		return nil, err
	}
	// removals are written without no_spaces, as in Salt; the options that
	// follow are written with it
	plain := fa
	plain.noSpaces = false
	gone := func(v py.Value) *py.Dict { return py.DictOf("before", v, "after", py.None) }
	if a.Strict {
		for k, v := range haveOptions.All() {
			if key := py.ToStr(k); !options.Has(key) {
				if _, err := removeOption(w, plain, "", key); err != nil {
					return nil, err
				}
				changes.SetStr(key, gone(v))
			}
		}
		for k, v := range haveSections.All() {
			if key := py.ToStr(k); !sections.Has(key) {
				if _, err := removeSection(w, plain, key); err != nil {
					return nil, err
				}
				changes.SetStr(key, gone(v))
			}
		}
	}
	for k, v := range sections.All() {
		name, want := py.ToStr(k), v.(*py.Dict)
		inner := py.NewDict()
		if a.Strict {
			for k, v := range body(haveSections, name).All() {
				if key := py.ToStr(k); !want.Has(key) {
					if _, err := removeOption(w, plain, name, key); err != nil {
						return nil, err
					}
					inner.SetStr(key, gone(v))
				}
			}
		}
		updated, err := setOption(w, fa, py.DictOf(name, want))
		if err != nil {
			return nil, err
		}
		inner.Update(body(updated, name))
		if inner.Len() > 0 {
			changes.SetStr(name, inner)
		} else {
			changes.DeleteStr(name)
		}
	}
	return changes, nil
}

func checkAbsent(_ context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	fa := fileArgs{path: a.Name, separator: a.Separator, encoding: a.Encoding}
	sections := a.Sections
	if sections == nil {
		sections = py.NewDict()
	}
	if c.Test {
		return testAbsent(c, sections, fa)
	}
	if sections.Len() == 0 {
		return modules.InOrder(unchanged), nil
	}
	return later(func(_ context.Context, w host.Writer) (modules.Done, error) {
		changes := py.NewDict()
		for k, v := range sections.All() {
			name := py.ToStr(k)
			keys, err := py.Collect(v)
			if err != nil {
				return modules.Done{}, py.Errorf("TypeError", "'%s' object is not iterable", py.TypeName(v))
			}
			_, isList := v.(*py.List)
			for _, key := range keys {
				old, err := removeOption(w, fa, name, py.ToStr(key))
				if err != nil {
					return modules.Done{}, err
				}
				switch {
				case !py.IsTrue(old):
				case !isList:
					changes.SetStr(name, old)
				default:
					inner := body(changes, name)
					inner.SetStr(py.ToStr(key), old)
					changes.SetStr(name, inner)
				}
			}
		}
		if changes.Len() == 0 {
			return modules.OK(unchanged, nil), nil
		}
		return modules.OK("Changes take effect", changes), nil
	}), nil
}

func testAbsent(c *modules.Call, sections *py.Dict, fa fileArgs) (modules.Plan, error) {
	f, err := load(c, fa, true)
	if err != nil {
		return modules.Plan{}, err
	}
	var out strings.Builder
	changed := false
	say := func(there bool, key, where string) {
		if !there {
			fmt.Fprintf(&out, "Key %s%s does not exist.\n", key, where)
			return
		}
		fmt.Fprintf(&out, "Deleted key %s%s.\n", key, where)
		changed = true
	}
	for k, v := range sections.All() {
		name, where := py.ToStr(k), ""
		if name != "" {
			where = " in section " + name
		}
		keys, isList := v.(*py.List)
		if !isList {
			say(py.IsTrue(value(f.vals[name])), name, "")
			continue
		}
		have := py.NewDict()
		switch s := f.vals[name].(type) {
		case *section:
			have = s.dict(false)
		case string:
			return modules.Plan{}, py.Errorf("AttributeError", "'str' object has no attribute 'get'")
		}
		for _, key := range keys.Items {
			old, ok := have.GetStr(py.ToStr(key))
			say(ok && py.IsTrue(old), py.ToStr(key), where)
		}
	}
	if out.Len() == 0 {
		out.WriteString("No changes detected.")
	}
	return tested(changed, out.String()), nil
}

// names are the sections of an argument that is a list or a mapping.
func names(v py.Value) ([]string, error) {
	if !py.IsTrue(v) {
		return nil, nil
	}
	items, err := py.Collect(v)
	if err != nil {
		return nil, py.Errorf("TypeError", "'%s' object is not iterable", py.TypeName(v))
	}
	var out []string
	for _, it := range items {
		out = append(out, py.ToStr(it))
	}
	return out, nil
}

// testSections words what would become of sections.
func testSections(c *modules.Call, a *sectionsArgs, wanted bool, there, missing string) (modules.Plan, error) {
	f, err := load(c, fileArgs{path: a.Name, separator: a.Separator, encoding: a.Encoding}, true)
	if err != nil {
		return modules.Plan{}, err
	}
	list, err := names(a.Sections)
	if err != nil {
		return modules.Plan{}, err
	}
	have := f.dict(false)
	comment, changed := "", false
	for _, s := range list {
		if have.Has(s) {
			comment += fmt.Sprintf(there, s)
		} else {
			comment += fmt.Sprintf(missing, s)
		}
		changed = changed || have.Has(s) != wanted
	}
	if comment == "" {
		comment = "No changes detected."
	}
	return tested(changed, comment), nil
}

func checkSectionsPresent(_ context.Context, c *modules.Call, a *sectionsArgs) (modules.Plan, error) {
	if c.Test {
		return testSections(c, a, true, "Section unchanged %s.\n", "Created new section %s.\n")
	}
	if _, err := names(a.Sections); err != nil {
		return modules.Plan{}, err
	}
	return modules.Plan{}, py.Errorf("TypeError", "set_option() got an unexpected keyword argument 'section'")
}

func checkSectionsAbsent(_ context.Context, c *modules.Call, a *sectionsArgs) (modules.Plan, error) {
	if c.Test {
		return testSections(c, a, false, "Deleted section %s.\n", "Section %s does not exist.\n")
	}
	list, err := names(a.Sections)
	if err != nil {
		return modules.Plan{}, err
	}
	return later(func(_ context.Context, w host.Writer) (modules.Done, error) {
		changes := py.NewDict()
		for _, s := range list {
			old, err := removeSection(w, fileArgs{path: a.Name, separator: a.Separator, encoding: a.Encoding}, s)
			if err != nil {
				return modules.Done{}, err
			}
			if py.IsTrue(old) {
				changes.SetStr(s, old)
			}
		}
		if changes.Len() == 0 {
			return modules.OK(unchanged, nil), nil
		}
		return modules.OK("Changes take effect", changes), nil
	}), nil
}
