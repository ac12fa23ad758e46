package config

import (
	"slices"
	"strings"

	"pinch/internal/py"
)

// DefaultOpts returns Salt 3008.3's master defaults of the options that matter
// to compiling and showing a tree. Each call returns a new dict.
func DefaultOpts() *py.Dict {
	return py.DictOf(
		"renderer", py.Str("jinja|yaml"), "renderer_whitelist", py.NewList(), "renderer_blacklist", py.NewList(),
		"top_file_merging_strategy", py.Str("merge"), "env_order", py.NewList(), "default_top", py.Str("base"),
		"state_top", py.Str("top.sls"), "state_top_saltenv", py.None, "saltenv", py.None, "pillarenv", py.None, "lock_saltenv", py.False,
		"failhard", py.False, "state_auto_order", py.True, "state_aggregate", py.False, "state_events", py.False, "test", py.False,
		"master_tops", py.NewDict(), "master_tops_first", py.False, "nodegroups", py.NewDict(), "ssh_list_nodegroups", py.NewDict(),
		"jinja_env", py.NewDict(), "jinja_sls_env", py.NewDict(), "jinja_lstrip_blocks", py.False, "jinja_trim_blocks", py.False,
		"ext_pillar", py.NewList(), "pillar_opts", py.False, "pillar_safe_render_error", py.True, "pillar_source_merging_strategy", py.Str("smart"),
		"pillar_merge_lists", py.False, "pillar_includes_override_sls", py.False, "decrypt_pillar", py.NewList(),
		"decrypt_pillar_delimiter", py.Str(":"), "decrypt_pillar_default", py.Str("gpg"), "decrypt_pillar_renderers", py.Strings("gpg"),
		"gpg_decrypt_must_succeed", py.True,
		"fileserver_backend", py.Strings("roots"), "fileserver_followsymlinks", py.True, "fileserver_ignoresymlinks", py.False,
		"file_ignore_regex", py.NewList(), "file_ignore_glob", py.NewList(), "hash_type", py.Str("sha256"),
		"state_verbose", py.True, "state_output", py.Str("full"), "state_output_diff", py.False, "state_output_profile", py.True,
	)
}

// checkChoices looks at options with a fixed set of values. Salt falls back to
// a default and logs it.
func (l *loader) checkChoices() {
	for _, c := range []struct {
		key    string
		values []string
	}{
		{"top_file_merging_strategy", []string{"merge", "merge_all", "same"}},
		{"pillar_source_merging_strategy", []string{"smart", "recurse", "aggregate", "overwrite", "list", "none"}},
		{"hash_type", []string{"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}},
	} {
		v, ok := l.opts.GetStr(c.key)
		if !ok || v == py.None {
			continue
		}
		if s, isText := v.(py.Str); !isText || !slices.Contains(c.values, strings.ToLower(string(s))) {
			l.warning(c.key, "%s: unknown value %s; known ones are %s", c.key, show(v), strings.Join(c.values, ", "))
		}
	}
}

// refused are options that pinch cannot honour and that would change results.
var refused = []struct{ key, why string }{
	{"master_tops", "external tops are not asked; put the states into top.sls"},
	{"winrm", "Windows hosts are not supported"},
	{"ssh_pre_hook", "local commands before the connection are not run"},
	{"engines", "engines are not run"},
	{"reactor", "there is no event bus, so reactions do not run"},
}

// warn notes what cannot be honoured, and names that are nearly those of
// options. Unknown options are legitimate otherwise: templates read them with
// config.get.
func (l *loader) warn() {
	for _, r := range refused {
		if v, ok := l.opts.GetStr(r.key); ok && py.IsTrue(v) {
			l.warning(r.key, "%s is not supported: %s", r.key, r.why)
		}
	}
	if v, ok := l.opts.GetStr("ssh_merge_pillar"); ok && !py.IsTrue(v) {
		l.warning("ssh_merge_pillar", "ssh_merge_pillar: pillar is always compiled here, as if it were True")
	}
	if backends, ok := l.opts.Lookup("fileserver_backend").(*py.List); ok {
		for _, b := range backends.Items {
			if name := py.ToStr(b); name != "roots" && name != "gitfs" {
				l.warning("fileserver_backend", "fileserver_backend: %s is not supported; its files are missing", name)
			}
		}
	}
	if v, ok := l.opts.GetStr("file_client"); ok && v != py.Str("local") && v != py.Str("remote") {
		l.warning("file_client", "file_client: %s is ignored", show(v))
	}
	for k := range l.opts.All() {
		name := py.ToStr(k)
		if like := nearOption(name); like != "" {
			l.warning(name, "%s is no option of Salt; did you mean %s?", name, like)
		}
	}
}

// watched are options whose names are worth a spelling check.
var watched = []string{
	"file_roots", "pillar_roots", "roster_file", "roster_defaults", "ssh_minion_opts", "ssh_list_nodegroups", "nodegroups",
	"ext_pillar", "fileserver_backend", "gitfs_remotes", "top_file_merging_strategy", "pillar_source_merging_strategy",
	"ssh_user", "ssh_port", "ssh_passwd", "ssh_priv", "ssh_sudo", "ssh_timeout", "ssh_options", "state_output", "jinja_env",
}

// nearOption returns the watched option that differs from name in one letter,
// or "".
func nearOption(name string) string {
	if slices.Contains(watched, name) {
		return ""
	}
	for _, w := range watched {
		if oneEdit(name, w) {
			return w
		}
	}
	return ""
}

// oneEdit says whether a becomes b by adding, dropping or replacing one letter.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || a == b {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return a[i+1:] == b[i+1:]
	}
	return a[i:] == b[i+1:]
}
