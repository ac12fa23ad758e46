package group

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// TestPresentTest wants Salt's words in test mode, and nothing changed.
func TestPresentTest(t *testing.T) {
	none := py.Value(py.None)
	for name, c := range map[string]struct {
		args   presentArgs
		result low.Tri
		want   string
	}{
		"new":      {presentArgs{Name: "new"}, low.None, "Group new set to be added"},
		"in order": {presentArgs{Name: "web", GID: py.Str("1500"), Members: py.Strings("b", "a")}, low.True, "Group web is present and up to date"},
		"gid":      {presentArgs{Name: "web", GID: py.Int(7)}, low.None, "The following group attributes are set to be changed:\ngid: 7\n"},
		"bad gid":  {presentArgs{Name: "web", GID: py.Str("x")}, low.None, "The following group attributes are set to be changed:\nresult: False\ncomment: Invalid gid\n"},
		"members":  {presentArgs{Name: "web", Members: py.Strings("a")}, low.None, "The following group attributes are set to be changed:\nmembers: ['a']\n"},
		"both": {presentArgs{Name: "web", Addusers: py.Strings("a", "c"), Delusers: py.Strings("b", "d")}, low.None,
			"The following group attributes are set to be changed:\naddusers: ['c']\ndelusers: ['b']\n"},
		"same user": {presentArgs{Name: "web", Addusers: py.Strings("a"), Delusers: py.Strings("a")}, low.None, "Error. Same user(s) can not be added and deleted simultaneously"},
	} {
		t.Run(name, func(t *testing.T) {
			f := host.NewFake(nil)
			f.GroupList = append(f.GroupList, host.Group{Name: "web", GID: 1500, Members: []string{"a", "b"}})
			for _, v := range []*py.Value{&c.args.GID, &c.args.Addusers, &c.args.Delusers, &c.args.Members} {
				if *v == nil {
					*v = none
				}
			}
			p, err := checkPresent(context.Background(), &modules.Call{Reader: f, Test: true}, &c.args)
			if err != nil {
				t.Fatal(err)
			}
			if p.Would.Result != c.result {
				t.Errorf("result = %v, want %v", p.Would.Result, c.result)
			}
			if diff := cmp.Diff(c.want, p.Would.Comment); diff != "" {
				t.Error(diff)
			}
			if len(f.Ops) > 0 {
				t.Errorf("looking changed the host: %v", f.Ops)
			}
		})
	}
}
