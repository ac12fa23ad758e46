package pkg

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// repoEntry is a repository as it is written in a name: a sources line.
type repoEntry struct{ *source }

func splitRepo(repo string) (repoEntry, error) {
	s, err := parseLine(repo, sourcesList)
	return repoEntry{s}, err
}

// ubuntuLike says whether "ppa:" names are understood.
func (a *apt) ubuntuLike() bool {
	return slices.Contains([]string{"Ubuntu", "Mint", "neon"}, grain(a.c, "os"))
}

// expandPPA turns "ppa:owner/name" into a sources line where that is possible.
func (a *apt) expandPPA(repo, auth string) (string, error) {
	rest, ok := strings.CutPrefix(repo, "ppa:")
	if !ok || !a.ubuntuLike() {
		return repo, nil
	}
	owner, name, ok := strings.Cut(rest, "/")
	if !ok || strings.Contains(name, "/") {
		return "", py.ValueErrorf("%s: not in the form ppa:OWNER/NAME", repo)
	}
	dist := grain(a.c, "oscodename")
	if auth != "" {
		return fmt.Sprintf("deb https://%s@private-ppa.launchpad.net/%s/%s/ubuntu %s main", auth, owner, name, dist), nil
	}
	return fmt.Sprintf("deb http://ppa.launchpad.net/%s/%s/ubuntu %s main", owner, name, dist), nil
}

// listRepos is pkg.list_repos: the entries by URI.
func (a *apt) listRepos() (*py.Dict, error) {
	all, err := readSources(a.reader())
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, s := range all.usable() {
		for _, uri := range s.uris() {
			for _, suite := range s.suites() {
				for _, kind := range s.types() {
					d, err := repoDict(s, kind, uri, suite)
					if err != nil {
						return nil, err
					}
					if l, ok := ret.Lookup(uri).(*py.List); ok {
						l.Append(d)
					} else {
						ret.SetStr(uri, py.NewList(d))
					}
				}
			}
		}
	}
	return ret, nil
}

// repoDict describes one repository of an entry as Salt does.
func repoDict(s *source, kind, uri, suite string) (*py.Dict, error) {
	off, err := s.disabled()
	if err != nil {
		return nil, err
	}
	line := strings.TrimSpace(s.line)
	if s.section != nil {
		// the line that would say the same; a key that is not there is
		// named None, which pkgrepo.managed shows
		same := &source{kind: kind, uri: uri, dist: suite, parts: s.comps(), off: off, archs: s.architectures(), signedBy: py.ToStr(s.signed())}
		if same.trust, err = s.trusted(); err != nil {
			return nil, err
		}
		line = same.text()
	}
	return py.DictOf(
		"file", py.Str(s.file),
		"comps", py.Strings(s.comps()...),
		"disabled", py.Bool(off),
		"enabled", py.Bool(!off),
		"dist", py.Str(suite),
		"suites", py.Strings(s.suites()...),
		"type", py.Str(kind),
		"types", py.Strings(s.types()...),
		"uri", py.Str(uri),
		"uris", py.Strings(s.uris()...),
		"line", py.Str(line),
		"architectures", py.Strings(s.architectures()...),
		"signedby", s.signed(),
	), nil
}

// getRepo is pkg.get_repo: the repository that is configured, or an empty
// mapping.
func (a *apt) getRepo(repo, ppaAuth string) (*py.Dict, error) {
	repo, err := a.expandPPA(repo, ppaAuth)
	if err != nil {
		return nil, err
	}
	all, err := a.listRepos()
	if err != nil || all.Len() == 0 {
		return py.NewDict(), err
	}
	want, err := splitRepo(repo)
	if err != nil {
		return nil, err
	}
	uri := want.uri
	if scheme, rest, ok := strings.Cut(uri, "://"); ok && ppaAuth != "" && !strings.HasPrefix(rest, ppaAuth) {
		uri = scheme + "://" + ppaAuth + "@" + rest
	}
	for _, v := range all.All() {
		for _, it := range v.(*py.List).Items {
			have := it.(*py.Dict)
			if have.String("type") != want.kind || trimSlash(have.String("uri")) != trimSlash(uri) || have.String("dist") != want.dist {
				continue
			}
			comps := texts(have.Lookup("comps"))
			if len(want.parts) == 0 || slices.ContainsFunc(want.parts, func(c string) bool { return slices.Contains(comps, c) }) {
				return have, nil
			}
		}
	}
	return py.NewDict(), nil
}

func trimSlash(s string) string { return strings.TrimRight(s, "/") }

// stripURI takes the final slashes off URLs in a sources line.
func stripURI(repo string) string {
	words := strings.Fields(repo)
	for i, w := range words {
		if strings.HasPrefix(w, "http://") || strings.HasPrefix(w, "https://") || strings.HasPrefix(w, "ftp://") {
			words[i] = trimSlash(w)
		}
	}
	return strings.Join(words, " ")
}

// matches says whether an entry holds the repository of a name.
func (e repoEntry) matches(s *source) bool {
	return slices.Contains(s.types(), e.kind) &&
		slices.ContainsFunc(s.uris(), func(u string) bool { return trimSlash(u) == trimSlash(e.uri) }) &&
		slices.Contains(s.suites(), e.dist)
}

// delRepo is pkg.del_repo: it takes a repository out of the sources and says
// from which files.
func (a *apt) delRepo(ctx context.Context, repo, ppaAuth string) (string, error) {
	if a.w == nil {
		return "", errNeedsWriter
	}
	isPPA := strings.HasPrefix(repo, "ppa:") && a.ubuntuLike()
	repo, err := a.expandPPA(repo, ppaAuth)
	if err != nil {
		return "", err
	}
	all, err := readSources(a.w)
	if err != nil {
		return "", err
	}
	want, err := splitRepo(repo)
	if err != nil {
		return "", err
	}
	var touched []string
	for _, s := range all.usable() {
		direct := want.matches(s) && slices.Equal(s.architectures(), want.archs)
		src := isPPA && want.kind == "deb" && slices.Contains(s.types(), "deb-src") && slices.Contains(s.uris(), want.uri) && slices.Contains(s.suites(), want.dist)
		if (direct || src) && all.takeOut(s, want) && !slices.Contains(touched, s.file) {
			touched = append(touched, s.file)
		}
	}
	if len(touched) == 0 {
		return "", modules.CommandExecutionError("Repo " + repo + " doesn't exist in the sources.list(s)")
	}
	if err := all.save(a.w); err != nil {
		return "", err
	}
	ret := ""
	for _, f := range touched {
		left := slices.ContainsFunc(all.list, func(s *source) bool { return s.file == f && s.usable() })
		if left || !strings.HasPrefix(f, sourcesParts+"/") {
			ret += "Repo '" + repo + "' has been removed from " + f + ".\n"
			continue
		}
		ret += "File " + f + " containing repo '" + repo + "' has been removed."
		if err := a.w.Remove(f); err != nil {
			return "", fmt.Errorf("apt's sources: %w", err)
		}
	}
	if _, err := a.refresh(ctx, py.NewDict()); err != nil {
		return "", err
	}
	return ret, nil
}

// takeOut removes a repository from an entry: its suite when all components
// are meant, else those components. An entry with nothing left goes.
func (all *sources) takeOut(s *source, want repoEntry) bool {
	have := s.comps()
	var left []string
	for _, c := range have {
		if !slices.Contains(want.parts, c) {
			left = append(left, c)
		}
	}
	sameSet := len(left) == 0 && !slices.ContainsFunc(want.parts, func(c string) bool { return !slices.Contains(have, c) })
	switch {
	case sameSet:
		suites := s.suites()
		if i := slices.Index(suites, want.dist); i >= 0 {
			suites = slices.Delete(slices.Clone(suites), i, i+1)
		}
		if len(suites) == 0 {
			all.remove(s)
			return true
		}
		s.section.set("Suites", strings.Join(suites, " "))
		return true
	case len(left) < len(have):
		if len(left) == 0 {
			all.remove(s)
		} else if s.section != nil {
			s.section.set("Components", strings.Join(left, " "))
		} else {
			s.parts = left
		}
		return true
	}
	return false
}

// sanitize is what a repository would be with the arguments of
// pkgrepo.managed, with the keys of repoDict that matter.
func (a *apt) sanitize(repo string, kw *py.Dict) (*py.Dict, error) {
	if rest, ok := strings.CutPrefix(repo, "ppa:"); ok && a.ubuntuLike() {
		var err error
		if repo, err = a.expandPPA(repo, str(kw.Lookup("ppa_auth"))); err != nil {
			return nil, err
		}
		if !kw.Has("file") {
			kw = clone(kw)
			kw.SetStr("file", py.Str(ppaFile(rest, grain(a.c, "oscodename"))))
		}
	}
	base, err := splitRepo(repo)
	if err != nil {
		return nil, err
	}
	for _, k := range []string{"uri", "comps", "architectures", "disabled", "file", "dist", "signedby", "trusted"} {
		v, ok := kw.GetStr(k)
		if !ok {
			continue
		}
		if k == "comps" || k == "architectures" {
			if v, err = commaList(v); err != nil {
				return nil, err
			}
		}
		if err := base.set(k, v); err != nil {
			return nil, err
		}
	}
	entry, err := sanitized(base.source, kw)
	if err != nil {
		return nil, err
	}
	off, err := entry.disabled()
	if err != nil {
		return nil, err
	}
	kind, uri, dist := py.Value(py.Str(entry.kind)), py.Value(py.Str(entry.uri)), py.Value(py.Str(entry.dist))
	if entry.section != nil {
		text := func(key string) py.Value { v, _ := entry.section.get(key); return py.Str(v) }
		kind, uri, dist = text("Types"), text("URIs"), text("Suites")
	}
	return py.DictOf(
		"file", py.Str(entry.file),
		"comps", py.Strings(entry.comps()...),
		"disabled", py.Bool(off),
		"dist", dist,
		"suites", py.Strings(entry.suites()...),
		"type", kind,
		"types", py.Strings(entry.types()...),
		"uri", uri,
		"uris", py.Strings(entry.uris()...),
		"line", py.Str(entry.text()),
		"architectures", py.Strings(entry.architectures()...),
		"signedby", py.Str(base.signedBy),
	), nil
}

// sanitized makes the entry that apt's sources would get: of a line's options
// only architectures and key, and trusted only as an argument.
func sanitized(base *source, kw *py.Dict) (*source, error) {
	trusted, hasTrusted := kw.GetStr("trusted")
	if strings.HasSuffix(base.file, ".sources") {
		s := &source{file: base.file, section: &section{}}
		for _, f := range []struct {
			key, arg, value string
		}{{"Types", "types", base.kind}, {"URIs", "uris", base.uri}, {"Suites", "suites", base.dist}} {
			value := f.value
			if l, ok := kw.Lookup(f.arg).(*py.List); ok && len(l.Items) > 0 {
				value = strings.Join(texts(l), " ")
			}
			s.section.set(f.key, value)
		}
		s.section.set("Components", strings.Join(base.parts, " "))
		if len(base.archs) > 0 {
			s.section.set("Architectures", strings.Join(base.archs, " "))
		}
		if base.signedBy != "" {
			s.section.set("Signed-By", base.signedBy)
		}
		if hasTrusted && trusted != py.Value(py.False) {
			if err := s.setTrusted(trusted); err != nil {
				return nil, err
			}
		}
		if base.off {
			s.section.set("Enabled", "no")
		}
		return s, nil
	}
	var opts []string
	if len(base.archs) > 0 {
		opts = append(opts, "arch="+strings.Join(base.archs, ","))
	}
	if base.signedBy != "" {
		opts = append(opts, "signed-by="+base.signedBy)
	}
	if hasTrusted && py.IsTrue(trusted) {
		opts = append(opts, "trusted=yes")
	}
	words := []string{base.kind}
	if len(opts) > 0 {
		words = append(words, "["+strings.Join(opts, " ")+"]")
	}
	words = append(append(words, base.uri, base.dist), base.parts...)
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	s, err := parseLine(strings.Join(words, " ")+"\n", base.file)
	if err != nil {
		return nil, err
	}
	s.off = base.off
	return s, nil
}

// commaList is what Salt's code makes of comps and architectures: text with
// commas; anything else has no split.
func commaList(v py.Value) (py.Value, error) {
	s, ok := v.(py.Str)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'split'", v.Type())
	}
	var out []string
	for w := range strings.SplitSeq(string(s), ",") {
		out = append(out, strings.TrimSpace(w))
	}
	return py.Strings(out...), nil
}

func clone(d *py.Dict) *py.Dict {
	out := py.NewDict()
	out.Update(d)
	return out
}

// with is a copy of d with one more argument; an empty text is none.
func with(d *py.Dict, key string, v any) *py.Dict {
	out := clone(d)
	switch v := v.(type) {
	case string:
		if v != "" {
			out.SetStr(key, py.Str(v))
		}
	case py.Value:
		out.SetStr(key, v)
	}
	return out
}

func ppaFile(ppa, dist string) string {
	owner, name, _ := strings.Cut(ppa, "/")
	return sourcesParts + "/" + owner + "-" + name + "-" + dist + ".list"
}
