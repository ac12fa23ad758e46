package quota

import (
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/statetest"
)

func TestQuota(t *testing.T) {
	mode, code := "off", 0
	h := statetest.New(t, Funcs(), nil, func(argv string) (host.Output, bool) {
		switch {
		case strings.HasPrefix(argv, "quotaon -p /none"):
			return statetest.Out("quotaon: Cannot find mountpoint for /none\n")
		case strings.HasPrefix(argv, "quotaon -p /plain"):
			return statetest.Out("quotaon: Mountpoint (or device) /plain not found or has no quota enabled.\n")
		case strings.HasPrefix(argv, "quotaon -p"):
			return statetest.Out("group quota on /home (/dev/sdb1) is off\nuser quota on /home (/dev/sdb1) is " + mode + "\n")
		case strings.HasSuffix(argv, "quotaon /home"):
			mode = "on"
		case strings.HasPrefix(argv, "repquota -vp -u"):
			return statetest.Out("*** Report for user quotas on device /dev/sdb1\nBlock grace time: 7days; Inode grace time: 7days\n" +
				"                        Block limits                File limits\nUser            used    soft    hard  grace    used  soft  hard  grace\n" +
				"----------------------------------------------------------------------\nroot      --      20       0       0      0          2     0     0      0\n\nStatistics:\nTotal blocks: 7\n")
		case strings.HasPrefix(argv, "setquota"):
			if code != 0 {
				return statetest.Failed(code, "setquota: user bob does not exist")
			}
		}
		return statetest.Out("")
	})
	h.Programs["setquota"] = "/sbin/setquota"
	const on = "{name: /home, mode: True, quotatype: user}"
	h.Is(h.State("quota.mode", on, true), "None | Quota for /home needs to be set to on")
	h.Is(h.State("quota.mode", on, false), "True | Set quota for /home to on | {'quota': '/home'}")
	h.Is(h.Ran(), "quotaon /home")
	h.Is(h.State("quota.mode", on, false), "True | Quota for /home already set to on")
	h.Is(h.State("quota.mode", "{name: /home, mode: False, quotatype: group}", false), "True | Quota for /home already set to off")
	h.Is(h.State("quota.mode", "{name: /home, mode: True, quotatype: project}", false), "error: KeyError: 'project'")
	h.Is(h.State("quota.mode", "{name: /none, mode: True, quotatype: user}", false), "error: TypeError: string indices must be integers, not 'str'")
	h.Is(h.Exec("quota.get_mode", "{device: /home}"), "{'/home': {'device': '/dev/sdb1', 'group': 'off', 'user': 'on'}}")
	h.Is(h.Exec("quota.get_mode", "{device: /none}"), "{'/none': 'Not found'}")
	h.Is(h.Exec("quota.report", "{mount: /home}"), "{'/home': {'User Quotas': {'Users': {'root': {'block-used': '20', 'block-soft-limit': '0', 'block-hard-limit': '0', 'block-grace': '0', "+
		"'file-used': '2', 'file-soft-limit': '0', 'file-hard-limit': '0', 'file-grace': '0'}}, 'Block Grace Time': ['7days'], 'Inode Grace Time': ['7days']}, 'Group Quotas': {'Groups': {}}}}")
	h.Is(h.Exec("quota.set", "{device: /home, user: bob, block-soft-limit: 10, file-hard-limit: 5}"),
		"{'User: bob': {'block-soft-limit': 10, 'block-hard-limit': 0, 'file-soft-limit': 0, 'file-hard-limit': 5}}")
	h.Is(h.Ran(), "setquota -u bob 10 0 0 5 /home")
	code = 1
	h.Is(h.Exec("quota.set", "{device: /home, user: bob}"), "error: Unable to set desired quota. Error follows: \nsetquota: user bob does not exist")
	h.Is(h.Exec("quota.set", "{device: /home}"), "error: A valid user or group was not found")
}
