package elsewhere

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	for fun, want := range map[string]string{
		"salt.state": "orchestrates", "stateconf.set": "renderer stateconf", "boto_ec2.key_present": "left Salt", "boto3_route53.x": "left Salt",
		"win_dacl.present": "Windows", "reg.present": "Windows", "macpackage.installed": "brew", "chocolatey.installed": "Windows",
		"schedule.present": "cron.present", "saltutil.sync_all": "leave it out", "winrepo.genrepo": "Windows", "salt": "minions",
	} {
		e := Of(fun)
		if e == nil || !strings.Contains(e.Text(), want) {
			t.Errorf("%s: %+v, want %q", fun, e, want)
		}
	}
	for _, fun := range []string{"file.managed", "win", "salty.state", "", "systemd.x"} {
		if e := Of(fun); e != nil {
			t.Errorf("%s: %s", fun, e.Text())
		}
	}
}

// A module that says why it is not there has an entry that says more.
func TestVirtualHasEntries(t *testing.T) {
	for _, v := range virtual {
		for _, m := range strings.Fields(v.modules) {
			if Of(m) == nil {
				t.Errorf("%s has no entry", m)
			}
			if Virtual(m, "Linux") == "" {
				t.Errorf("%s says nothing", m)
			}
		}
	}
	if got := Virtual("chocolatey", "Linux"); got != "chocolatey module could not be loaded" {
		t.Error(got)
	}
	if Virtual("macpackage", "Darwin") != "" || Virtual("macpackage", "Linux") == "" || Virtual("reg", "Linux") != "" {
		t.Error("a module says it on the wrong system")
	}
}
