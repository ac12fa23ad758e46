package pkg

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// changeable are the properties that pkg.mod_repo changes on an entry that is
// there: of a paragraph, and of a line.
var (
	changeableFields = []string{"uri", "uris", "comps", "architectures", "disabled", "file", "dist", "suites", "signedby", "trusted", "types"}
	changeableLine   = []string{"uri", "comps", "architectures", "disabled", "file", "dist", "signedby", "trusted"}
)

// modRepo is pkg.mod_repo: it writes a repository into apt's sources, with its
// key, and refreshes the index.
func (a *apt) modRepo(ctx context.Context, repo, env string, aptKey bool, kw *py.Dict) (*py.Dict, error) {
	if a.w == nil {
		return nil, errNeedsWriter
	}
	kw = clone(kw)
	refresh := true
	if v, ok := kw.GetStr("refresh_db"); ok {
		refresh = py.IsTrue(v)
	} else if v, ok := kw.GetStr("refresh"); ok {
		refresh = py.IsTrue(v)
	}
	aptKey = aptKey && a.w.LookPath("apt-key") != ""
	name := repo
	if strings.HasPrefix(repo, "ppa:") {
		done, line, err := a.addPPA(ctx, repo, kw, refresh)
		if done != nil || err != nil {
			return done, err
		}
		repo = line
	}
	all, err := readSources(a.w)
	if err != nil {
		return nil, err
	}
	if on, ok := kw.GetStr("consolidate"); ok && py.IsTrue(on) {
		if err := all.consolidate(a.w); err != nil {
			return nil, err
		}
	}
	want, err := splitRepo(repo)
	if err != nil {
		return nil, err
	}
	if want.invalid {
		return nil, modules.SaltInvocationError("Name " + repo + " is not valid. This must be the complete repo entry as seen in the sources file")
	}
	kw.SetStr("signedby", py.Str(want.signedBy))
	k := &repoKey{apt: a, env: env, aptKey: aptKey, signedBy: want.signedBy, kw: kw}
	if err := k.install(ctx); err != nil {
		return nil, err
	}
	if err := writeRepo(all, want, aptKey, kw); err != nil {
		return nil, err
	}
	if err := all.save(a.w); err != nil {
		return nil, err
	}
	if refresh {
		if _, err := a.refresh(ctx, py.NewDict()); err != nil {
			return nil, err
		}
	}
	a.forget()
	have, err := a.getRepo(repo, str(kw.Lookup("ppa_auth")))
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	ret.SetStr(name, have)
	return ret, nil
}

// writeRepo changes the entry of a repository, or adds one. kw gets the lists
// that its texts stand for.
func writeRepo(all *sources, want repoEntry, aptKey bool, kw *py.Dict) error {
	comps := slices.Clone(want.parts)
	if v, ok := kw.GetStr("comps"); ok {
		l, err := commaList(v)
		if err != nil {
			return err
		}
		kw.SetStr("comps", l)
		for _, c := range texts(l) {
			if !slices.Contains(comps, c) {
				comps = append(comps, c)
			}
		}
	} else {
		kw.SetStr("comps", py.Strings(comps...))
	}
	archs := want.archs
	if v, ok := kw.GetStr("architectures"); ok {
		l, err := commaList(v)
		if err != nil {
			return err
		}
		archs = texts(l)
	}
	kw.SetStr("architectures", py.Strings(archs...))
	if v, ok := kw.GetStr("disabled"); ok {
		kw.SetStr("disabled", py.Bool(isTrue(v)))
	} else if v, ok := kw.GetStr("enabled"); ok {
		kw.SetStr("disabled", py.Bool(!isTrue(v)))
	}
	entry := findEntry(all, want, comps, archs, kw)
	if entry == nil {
		var err error
		if entry, err = newEntry(want, aptKey, kw); err != nil {
			return err
		}
		all.list = append(all.list, entry)
	}
	if v, ok := kw.GetStr("comments"); ok {
		entry.setComment(combineComments(v))
	}
	allowed := changeableFields
	if entry.section == nil {
		entry.line, entry.options = want.line, want.options
		allowed = changeableLine
	}
	for k, v := range kw.All() {
		key := py.ToStr(k)
		if !slices.Contains(allowed, key) {
			continue
		}
		if err := entry.set(key, v); err != nil {
			return err
		}
	}
	if entry.section == nil && entry.uri != want.uri {
		entry.uri = want.uri
	}
	return nil
}

// findEntry is the entry that is to be changed: the last of those that hold
// the repository or have its dist and type, up to the first that also shares a
// component, has none, or has other architectures.
func findEntry(all *sources, want repoEntry, comps, archs []string, kw *py.Dict) *source {
	dist, kind := str(kw.Lookup("dist")), str(kw.Lookup("type"))
	for _, s := range all.usable() {
		if s.section != nil && len(s.types()) == 0 {
			continue
		}
		byName := want.matches(s)
		byArgs := dist != "" && kind != "" && slices.Contains(s.suites(), dist) && slices.Contains(s.types(), kind)
		if !byName && !byArgs {
			continue
		}
		have := s.comps()
		if len(have) == 0 || !slices.Equal(archs, s.architectures()) ||
			slices.ContainsFunc(comps, func(c string) bool { return slices.Contains(have, c) }) {
			return s
		}
	}
	return nil
}

func newEntry(want repoEntry, aptKey bool, kw *py.Dict) (*source, error) {
	trusted, hasTrusted := kw.GetStr("trusted")
	if !aptKey && want.signedBy == "" {
		on := false
		if hasTrusted {
			s := &source{}
			if err := s.setTrusted(trusted); err != nil {
				return nil, err
			}
			on = s.trust != nil && *s.trust
		}
		if !on {
			return nil, modules.SaltInvocationError("missing 'signedby' or 'trusted' option when apt-key is missing")
		}
	}
	file := str(kw.Lookup("file"))
	if file == "" {
		file = sourcesList
	}
	if !strings.HasSuffix(file, ".sources") {
		return parseLine(strings.TrimRight(want.line, "\n")+"\n", file)
	}
	s := &source{file: file, section: &section{}}
	s.section.set("Types", want.kind)
	s.section.set("URIs", want.uri)
	s.section.set("Suites", want.dist)
	s.section.set("Components", strings.Join(want.parts, " "))
	if trusted == py.Value(py.True) || kw.Lookup("Trusted") == py.Value(py.True) || !hasTrusted && want.trust != nil && *want.trust {
		s.section.set("Trusted", "yes")
	}
	return s, nil
}

// combineComments joins a comment's lines.
func combineComments(v py.Value) string {
	parts := []string{py.ToStr(v)}
	if l, ok := v.(*py.List); ok {
		parts = texts(l)
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}
