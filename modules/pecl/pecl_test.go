package pecl

import (
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func TestList(t *testing.T) {
	h := host.NewFake(nil)
	h.Commands = map[string]host.Output{
		"pecl list":                 {Stdout: []byte("Installed packages, channel pecl.php.net:\n=========================================\nPackage Version State\nimagick 3.7.0   stable\n")},
		"pecl list -c pear.php.net": {Code: 1},
	}
	c := &modules.Call{Reader: h, Memo: modules.NewMemo()}
	d, err := list(t.Context(), c, nil)
	want := "{'Installed': ['packages,', 'channel'], 'Package': ['Version', 'State'], 'imagick': ['3.7.0', 'stable']}"
	if err != nil || py.Repr(d) != want {
		t.Errorf("%v, %v", d, err)
	}
	for _, bad := range []string{"a/b/c"} {
		if _, err := checkInstalled(t.Context(), c, &installedArgs{Name: bad}); err == nil {
			t.Errorf("%s is an extension", bad)
		}
	}
	p, err := checkInstalled(t.Context(), c, &installedArgs{Name: "imagick", Version: py.Str("3.7.0"), PreferredState: "stable"})
	if err != nil || p.Apply != nil {
		t.Error(p, err)
	}
}
