package host

import (
	"strings"
	"testing"
)

func TestPipLooks(t *testing.T) {
	for line, want := range map[string]bool{
		"/opt/v/bin/python -m pip --version":                                          true,
		"/opt/v/bin/python3.11 -m pip list --format=json --disable-pip-version-check": true,
		"/usr/bin/salt-pip freeze --all --disable-pip-version-check":                  true,
		"pip3 show x": true,
		"python3 -V":  true,
		"python3 -m pip --disable-pip-version-check index versions x --index-url https://x":               true,
		"python3 -m pip --disable-pip-version-check --use-deprecated=legacy-resolver install x==versions": true,
		"python3 -m pip install x":                 false,
		"python3 -m pip install -t /x x==versions": false,
		"python3 -m pip install x==versions y":     false,
		"python3 -c 1":                             false,
		"python3 -m pip list --log /etc/x":         false,
		"pip index versions --log":                 false,
		"pip":                                      false,
		"pip uninstall x":                          false,
	} {
		if err := CheckQuery(Cmd{Argv: strings.Fields(line)}); (err == nil) != want {
			t.Errorf("%s: %v", line, err)
		}
	}
}
