package low

// Salt's keywords of a low chunk that are no arguments of the function, as
// Salt 3008 lists them in salt/state.py.
var (
	requisiteKeywords = []string{
		"require", "require_any", "watch", "watch_any", "onchanges", "onchanges_any",
		"onfail", "onfail_any", "onfail_all", "prereq", "prerequired", "listen", "onfail_stop",
	}
	requisiteInKeywords = []string{
		"onchanges_in", "onfail_in", "prereq_in", "watch_in", "require_in", "listen_in",
	}
	runtimeKeywords = []string{
		"fun", "state", "check_cmd", "cmd_opts_exclude", "failhard", "onlyif", "unless",
		"creates", "retry", "order", "parallel", "prereq", "prereq_in", "reload_modules",
		"reload_grains", "reload_pillar", "runas", "runas_password", "no_log", "fire_event",
		"saltenv", "umask", "use", "use_in", "__env__", "__sls__", "__id__",
		"__sls_included_from__", "__orchestration_jid__", "__pub_user", "__pub_arg",
		"__pub_jid", "__pub_fun", "__pub_tgt", "__pub_ret", "__pub_pid", "__pub_tgt_type",
		"__pub_resource_targets", "__pub_minion_is_target", "__pub_resource_target",
		"__pub_resource_job", "__pub_pure_resource_target", "__prereq__", "__prerequiring__",
		"__umask__",
	}
	internal  = set(requisiteKeywords, requisiteInKeywords, runtimeKeywords)
	requisite = set(requisiteKeywords)
)

func set(lists ...[]string) map[string]bool {
	m := map[string]bool{}
	for _, l := range lists {
		for _, k := range l {
			m[k] = true
		}
	}
	return m
}

// IsInternal says whether a key of a chunk is Salt's own and no argument of
// the state function. A function that declares such a name as its argument
// (runas, umask, saltenv) still gets it.
func IsInternal(key string) bool { return internal[key] }

// IsRequisite says whether key is a requisite keyword (require, watch_any, ...).
func IsRequisite(key string) bool { return requisite[key] }
