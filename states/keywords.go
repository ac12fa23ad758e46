package states

import (
	"slices"

	"pinch/internal/py"
)

// requisiteKeywords are the direct requisites, which must be lists.
var requisiteKeywords = []string{
	"onfail", "onfail_any", "onfail_all", "require", "require_any", "onchanges", "onchanges_any",
	"watch", "watch_any", "prereq", "prerequired", "listen", "onfail_stop",
}

// inKeywords are the requisites that point the other way.
var inKeywords = []string{"onchanges_in", "onfail_in", "prereq_in", "watch_in", "require_in", "listen_in"}

// runtimeKeywords are the arguments that the state engine takes for itself.
var runtimeKeywords = []string{
	"fun", "state", "check_cmd", "cmd_opts_exclude", "failhard", "onlyif", "unless", "creates", "retry",
	"order", "parallel", "prereq", "prereq_in", "reload_modules", "reload_grains", "reload_pillar", "runas",
	"runas_password", "no_log", "fire_event", "saltenv", "umask", "use", "use_in", "__env__", "__sls__",
	"__id__", "__sls_included_from__", "__orchestration_jid__", "__pub_user", "__pub_arg", "__pub_jid",
	"__pub_fun", "__pub_tgt", "__pub_ret", "__pub_pid", "__pub_tgt_type", "__pub_resource_targets",
	"__pub_minion_is_target", "__pub_resource_target", "__pub_resource_job", "__pub_pure_resource_target",
	"__prereq__", "__prerequiring__", "__umask__",
}

func isRequisite(v py.Value) bool {
	s, ok := v.(py.Str)
	return ok && slices.Contains(requisiteKeywords, string(s))
}

// IsInternalKeyword says whether an argument of a state is one of the
// compiler's or the engine's, and not one of the state function.
func IsInternalKeyword(name string) bool {
	return slices.Contains(requisiteKeywords, name) || slices.Contains(inKeywords, name) ||
		slices.Contains(runtimeKeywords, name)
}

// watchStates are the state modules with a mod_watch function. In the others
// watch means require.
var watchStates = []string{"at", "cmd", "event", "module", "mount", "pkg", "service", "supervisord", "test"}

// aggregateStates are the state modules with a mod_aggregate function.
var aggregateStates = []string{"iptables", "pkg", "selinux"}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func containsSorted(list []string, s string) bool {
	_, ok := slices.BinarySearch(list, s)
	return ok
}
