package gitfs

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
	"pinch/internal/pyre"
)

// ref returns the branch, tag or commit that a saltenv means, "" for none.
func (r *Remote) ref(env string) string {
	own := r.saltenv[env]["ref"]
	if own == "" {
		own = r.globalEnv[env]["ref"]
	}
	switch {
	case r.hasAll:
		return r.allSaltenvs
	case env == "base":
		return r.base
	case own != "" || r.noMapping:
		return own
	}
	return env
}

// param returns root or mountpoint for a saltenv.
func (r *Remote) param(name, env string) string {
	v, ok := r.saltenv[env][name]
	if !ok {
		v, ok = r.globalEnv[env][name]
	}
	if !ok {
		v = r.root
		if name == "mountpoint" {
			v = r.mountpoint
		}
	}
	return strings.TrimRight(v, "/")
}

// exposed says whether the white and the black list let a saltenv be seen.
func (r *Remote) exposed(env string) bool {
	black, white := matchesAny(env, r.blacklist), matchesAny(env, r.whitelist)
	switch {
	case len(r.blacklist) > 0 && len(r.whitelist) == 0:
		return !black
	case len(r.whitelist) > 0 && len(r.blacklist) == 0:
		return white
	case len(r.whitelist) > 0:
		return !black && white
	}
	return true
}

// matchesAny says whether a pattern or a regular expression of a list fits.
func matchesAny(s string, list []string) bool {
	return slices.ContainsFunc(list, func(expr string) bool {
		if fnmatch.Match(expr, s) {
			return true
		}
		re, err := pyre.Compile(`\A`+expr+`\Z`, 0)
		if err != nil {
			return false // Salt takes what is no expression for a pattern only
		}
		m, err := re.Match(s)
		return err == nil && m != nil
	})
}

// envs returns the saltenvs that the references of the mirror make.
func (r *Remote) envs(m *Mirror) []string {
	set := map[string]bool{}
	add := func(name string) {
		switch {
		case r.revmap[name] != nil:
			for _, env := range r.revmap[name] {
				set[env] = true
			}
		case name == r.base:
			set["base"] = true
		case !r.noMapping:
			set[name] = true
		}
	}
	if isHex(r.base) {
		set["base"] = true
	}
	if slices.Contains(r.refTypes, "branch") {
		for _, name := range m.names(branchPrefix) {
			add(name)
		}
	}
	if slices.Contains(r.refTypes, "tag") {
		for _, name := range m.names(tagPrefix) {
			add(name)
		}
	}
	for _, envs := range r.revmap {
		for _, env := range envs {
			set[env] = true
		}
	}
	var out []string
	for env := range set {
		if r.exposed(env) {
			out = append(out, env)
		}
	}
	return out
}

var hexDigits = regexp.MustCompile(`^[0-9a-fA-F]+$`)

func isHex(s string) bool { return hexDigits.MatchString(s) }

// checkoutTarget is the branch or tag that git_pillar takes.
func (r *Remote) checkoutTarget(opts *py.Dict) string {
	if r.Branch != "__env__" {
		return r.Branch
	}
	if r.hasAll {
		return r.allSaltenvs
	}
	if env := envOf(opts); env != "base" {
		return env
	}
	return r.base
}

// envOf is the environment of a pillar.
func envOf(opts *py.Dict) string {
	for _, key := range []string{"pillarenv", "saltenv"} {
		if v := opts.Lookup(key); v != nil && py.IsTrue(v) {
			return py.ToStr(v)
		}
	}
	return "base"
}

// join puts paths together as salt.utils.path.join does: the later ones count
// as relative.
func join(a string, b ...string) string {
	for _, p := range b {
		a = path.Join(a, strings.TrimLeft(path.Clean(p), "/"))
	}
	return a
}
