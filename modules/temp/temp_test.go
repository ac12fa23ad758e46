package temp_test

import (
	"context"
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/modules/temp"
)

func TestTemp(t *testing.T) {
	h := host.NewFake(map[string]string{"/tmp/": "", "/var/tmp/": ""})
	for _, f := range temp.Funcs() {
		args := &py.Args{Kw: []py.KwArg{{Name: "prefix", Value: py.Str("p-")}, {Name: "suffix", Value: py.Str(".s")}, {Name: "parent", Value: py.Str("/var/tmp")}}}
		v, err := f.Exec(context.Background(), &modules.Call{Reader: h, Memo: modules.NewMemo()}, h, args)
		if err != nil {
			t.Fatal(f.Name, err)
		}
		p := py.ToStr(v)
		if !strings.HasPrefix(p, "/var/tmp/p-") || !strings.HasSuffix(p, ".s") {
			t.Errorf("%s gives %s", f.Name, p)
		}
		if info, err := h.Stat(p); err != nil || info.IsDir() != (f.Name == "temp.dir") {
			t.Errorf("%s: %v, %v", f.Name, info, err)
		}
		if _, err := f.Exec(context.Background(), &modules.Call{Reader: h}, h, py.NewArgs(py.Str("a/b"))); err == nil {
			t.Errorf("%s takes a slash", f.Name)
		}
	}
}
