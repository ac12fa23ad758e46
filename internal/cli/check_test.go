package cli

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	o := newOffline(t, map[string]string{
		"site/salt/top.sls": "base:\n  '*': [web]\n", "site/salt/web.sls": "nginx:\n  pkg.instaled: []\n  {{ f }}: []\n{% if x %}\nb:\n  x.y: []\n{% endif %}\n",
		"site/pillar/top.sls": "base: {}\n",
		"good/salt/top.sls":   "base:\n  '*': [web]\n", "good/salt/web.sls": "nginx:\n  pkg.installed: []\n",
		"formula/FORMULA": "", "formula/salt/init.sls": "{% import 'salt/map.jinja' as m %}a:\n  pkg.installed: []\n", "formula/salt/map.jinja": "",
		"plain/a.sls": "a:\n  test.nop: []\n", "empty/x": "",
	})
	o.want(exitUnsupported, []string{
		"site/salt/web.sls:2:3: state function pkg.instaled: neither pinch nor Salt 3008 has it (did you mean pkg.installed?)\n",
		"site/salt/web.sls:6:3: state function x.y: neither pinch nor Salt 3008 has it [in a branch]\n",
		"2 SLS, 1 pillar SLS and 0 templates: 2 problems (2 state functions); 1 of them in branches",
		"1 place in 1 file: only rendering tells what stands there (--notes lists them", "!note:",
	}, nil, "check", "site")
	o.want(exitUnsupported, []string{"note: site/salt/web.sls:3:3: which function this is is only known after rendering\n"}, nil, "check", "--notes", "site")
	o.want(exitUnsupported, []string{`"state function": 2`, `"branch": true`, `"line": 6`, `"notes": [`}, nil, "check", "site", "--out=json")
	o.want(exitOK, []string{"2 SLS, 0 pillar SLS and 0 templates: all that can be seen is supported\n"}, nil, "check", "good")
	o.want(exitOK, []string{"1 SLS, 0 pillar SLS and 1 template: all"}, nil, "check", "formula") // salt/ holds the states named salt.*
	o.want(exitOK, []string{"1 SLS"}, nil, "check", "plain")
	o.want(exitUsage, nil, []string{"there is no SLS"}, "check", "empty")
	o.want(exitUsage, nil, []string{"one directory at most"}, "check", "a", "b")
	o.want(exitError, nil, []string{"nosuch: no such file"}, "check", "nosuch")
	// without a name: where pinch stands, or the roots that are given
	o.want(exitUnsupported, []string{"site/salt/web.sls:2:3"}, nil, "check", "--file-root", "site/salt")
	o.dir += "/site"
	o.want(exitUnsupported, []string{"salt/web.sls:2:3", "!site"}, nil, "check")
}

// TestCheckNeedsNoRoster: a check needs neither a roster nor a host.
func TestCheckNeedsNoRoster(t *testing.T) {
	o := newOffline(t, map[string]string{"salt/a.sls": "a:\n  test.nop: []\n", "roster": "broken: ["})
	if _, errs, code := o.pinch("check"); code != exitOK || strings.Contains(errs, "roster") {
		t.Error(code, errs)
	}
}
