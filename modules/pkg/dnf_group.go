package pkg

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/py"
)

// groupSection is the heading of members; dnf5 has the first one on its line.
var groupSection = regexp.MustCompile(`(?i)^(mandatory|optional|default|conditional) (?:groups|packages)\s*:\s*(.*)$`)

func (m *dnf) group(ctx context.Context, name string, o groupOptions) (*pkgGroup, error) {
	limits := py.NewDict()
	for _, k := range []string{"fromrepo", "enablerepo", "disablerepo"} {
		if o.kw != nil && o.kw.Has(k) {
			limits.SetStr(k, o.kw.Lookup(k))
		}
	}
	verb := []string{"groupinfo"}
	if m.program == "dnf5" {
		verb = []string{"group", "info"}
	}
	out, err := m.look(ctx, slices.Concat([]string{m.program, "--quiet"}, verb, []string{name}, m.options(limits))...)
	if err != nil {
		return nil, err
	}
	info := map[string]string{}
	for line := range strings.Lines(out.stdout) {
		if f := strings.Split(line, ":"); len(f) == 2 {
			info[strings.ToLower(strings.TrimSpace(f[0]))] = strings.TrimSpace(f[1])
		}
	}
	g := &pkgGroup{about: py.NewDict(), members: map[string][]string{}}
	environment, isEnvironment := info["environment group"]
	_, isGroup := info["group"]
	_, named := info["name"]
	if isEnvironment {
		g.about.SetStr("type", py.Str("environment group"))
	} else if isGroup || named {
		g.about.SetStr("type", py.Str("package group"))
	}
	first := func(values ...string) py.Value {
		for _, v := range values {
			if v != "" {
				return py.Str(v)
			}
		}
		return py.None
	}
	g.about.SetStr("group", first(environment, info["group"], info["name"]))
	g.about.SetStr("id", first(info["environment-id"], info["group-id"], info["id"]))
	if !py.IsTrue(g.about.Lookup("group")) && !py.IsTrue(g.about.Lookup("id")) {
		return nil, commandErrorf("Group '%s' not found", name)
	}
	g.about.SetStr("description", py.Str(info["description"]))
	kind := ""
	for _, line := range lines(out.stdout) {
		line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"))
		member := line
		if s := groupSection.FindStringSubmatch(line); s != nil {
			kind, member = strings.ToLower(s[1]), strings.TrimSpace(s[2])
		}
		switch {
		case kind == "" || member == "":
		case o.expand && isEnvironment:
			if slices.Contains(o.ignore, member) {
				continue
			}
			o.ignore = append(o.ignore, member)
			part, err := m.group(ctx, "@"+member, o)
			if _, ok := isCommandError(err); ok {
				part, err = m.group(ctx, member, o)
			}
			if err != nil {
				return nil, err
			}
			for _, k := range memberKinds {
				g.members[k] = append(g.members[k], part.members[k]...)
			}
		default:
			g.members[kind] = append(g.members[kind], member)
		}
	}
	return g, nil
}

var languageGroup = regexp.MustCompile(`^(.+) \[(.+)\]`)

func (m *dnf) groups(ctx context.Context) (*py.Dict, error) {
	found := map[string][]string{}
	languages := py.NewDict()
	argv := []string{m.program, "grouplist", "hidden"}
	if m.program == "dnf5" {
		argv = []string{m.program, "group", "list", "--hidden"}
	}
	out, err := m.look(ctx, argv...)
	if err != nil {
		return nil, err
	}
	key := ""
	sections := map[string]string{"installed groups:": "installed", "available groups:": "available", "installed environment groups:": "installed environments",
		"available environment groups:": "available environments", "available language groups:": "available languages"}
	for _, line := range lines(out.stdout) {
		f := strings.Fields(line)
		if m.program == "dnf5" {
			if n := len(f); n >= 3 && strings.EqualFold(f[n-1], "yes") {
				found["installed"] = append(found["installed"], f[0])
			} else if n >= 3 && strings.EqualFold(f[n-1], "no") {
				found["available"] = append(found["available"], f[0])
			}
			continue
		}
		lower := strings.ToLower(line)
		if lower == "done" {
			break
		}
		if next := sections[lower]; next != "" && next != key {
			key = next
			continue
		}
		line = strings.TrimSpace(line)
		switch s := languageGroup.FindStringSubmatch(line); {
		case key == "":
		case key != "available languages":
			found[key] = append(found[key], line)
		case s != nil:
			languages.SetStr(line, py.DictOf("name", py.Str(s[1]), "language", py.Str(s[2])))
		}
	}
	ret := py.NewDict()
	for _, k := range []string{"installed", "available", "installed environments", "available environments"} {
		ret.SetStr(k, py.Strings(found[k]...))
	}
	ret.SetStr("available languages", languages)
	return ret, nil
}
