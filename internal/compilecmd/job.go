package compilecmd

import (
	"fmt"
	"strings"

	"pinch/internal/py"
)

// Job is one compile as the candidate interface describes it.
type Job struct {
	name               string
	id                 string
	grains, opts       *py.Dict
	fileRoots, pillars *py.Dict
	saltenv, pillarenv string
	pillar             *py.Dict
	rules              *Rules
	sls                []string
	highstate          bool
	what               map[string]bool
}

func parseJob(line []byte) (*Job, error) {
	v, err := py.DecodeJSON(line)
	if err != nil {
		return nil, fmt.Errorf("job: %w", err)
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, fmt.Errorf("job: an object is needed, not %s", v.Type())
	}
	return JobOf(d)
}

// JobOf reads a job: case, id, grains, opts, saltenv, pillarenv, pillar,
// file_roots, pillar_roots, execution, custom_modules, sls, highstate, what.
func JobOf(d *py.Dict) (*Job, error) {
	j := &Job{
		name: d.String("case"), id: d.String("id"), saltenv: d.String("saltenv"), pillarenv: d.String("pillarenv"),
		highstate: py.IsTrue(d.Lookup("highstate")), what: map[string]bool{},
	}
	label := strings.TrimSpace("job " + j.name)
	for key, into := range map[string]**py.Dict{
		"grains": &j.grains, "opts": &j.opts, "file_roots": &j.fileRoots, "pillar_roots": &j.pillars, "pillar": &j.pillar,
	} {
		v := d.Lookup(key)
		if v == nil || v == py.Value(py.None) {
			continue
		}
		x, ok := v.(*py.Dict)
		if !ok {
			return nil, fmt.Errorf("%s: %s: an object is needed, not %s", label, key, v.Type())
		}
		*into = x
	}
	for _, v := range []struct {
		key string
		add func(string)
	}{
		{"sls", func(s string) { j.sls = append(j.sls, s) }},
		{"what", func(s string) { j.what[s] = true }},
	} {
		items, err := list(d, v.key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", label, err)
		}
		for _, it := range items {
			v.add(py.ToStr(it))
		}
	}
	var err error
	if j.rules, err = newRules(d); err != nil {
		return nil, fmt.Errorf("%s: %w", label, err)
	}
	return j, nil
}

func list(d *py.Dict, key string) ([]py.Value, error) {
	v := d.Lookup(key)
	if v == nil || v == py.Value(py.None) {
		return nil, nil
	}
	l, ok := v.(*py.List)
	if !ok {
		return nil, fmt.Errorf("%s: a list is needed, not %s", key, v.Type())
	}
	return l.Items, nil
}

// TreeOpts are the options that make the tree. Roots that a job leaves empty
// are empty, not Salt's default directories.
func (j *Job) TreeOpts() *py.Dict {
	opts := py.DictOf("file_client", py.Str("local"), "log_level", py.Str("quiet"), "__cli", py.Str("salt-call"),
		"user", py.Str("root"), "grains_cache", py.False, "enable_fqdns_grains", py.False)
	for key, roots := range map[string]*py.Dict{"file_roots": j.fileRoots, "pillar_roots": j.pillars} {
		if roots.Len() == 0 {
			roots = py.DictOf("base", py.NewList())
		}
		opts.SetStr(key, roots)
	}
	if j.opts != nil {
		opts.Update(j.opts)
	}
	return opts
}
