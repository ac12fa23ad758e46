package user

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
)

func TestWithPassword(t *testing.T) {
	for name, c := range map[string][2]string{
		"there":         {"root:*:1:0:9:7:::\nweb:!:100:0:99999:7:::\n", "root:*:1:0:9:7:::\nweb:$6$x:200:0:99999:7:::\n"},
		"missing":       {"root:*:1:0:9:7:::\n", "root:*:1:0:9:7:::\nweb:$6$x:200::::::\n"},
		"no end":        {"root:*:1:0:9:7:::", "root:*:1:0:9:7:::\nweb:$6$x:200::::::\n"},
		"damaged":       {"web:!\nx:y:1::::::\n", "web:$6$x:200::::::\nx:y:1::::::\n"},
		"too many":      {"web:!:1:2:3:4:5:6:7:8:9\n", "web:$6$x:200:2:3:4:5:6:7\n"},
		"similar names": {"webb:!:1::::::\nwe:!:1::::::\n", "webb:!:1::::::\nwe:!:1::::::\nweb:$6$x:200::::::\n"},
		"empty":         {"", "web:$6$x:200::::::\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c[1], withPassword(c[0], "web", "$6$x", "200")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestShadowOf(t *testing.T) {
	text := "root:*:1:0:99999:7:::\nweb:!hash:19000:1:2:3:4:5:\nbad:x\n"
	want := shadow{true, "web", "!hash", 19000, 1, 2, 3, 4, 5}
	if got := shadowOf(text, "web"); got != want {
		t.Errorf("web = %+v, want %+v", got, want)
	}
	want = shadow{true, "root", "*", 1, 0, 99999, 7, -1, -1}
	if got := shadowOf(text, "root"); got != want {
		t.Errorf("root = %+v, want %+v", got, want)
	}
	for _, name := range []string{"bad", "none", ""} {
		if got := shadowOf(text, name); got.found {
			t.Errorf("%q is found: %+v", name, got)
		}
	}
}

func TestLookup(t *testing.T) {
	f := host.NewFake(nil)
	f.UserList = append(f.UserList, host.User{Name: "web", UID: 1500, GID: 1500, Gecos: "Web Server,1,2,3,a,b", Home: "/srv", Shell: "/bin/sh"})
	f.GroupList = append(f.GroupList, host.Group{Name: "web", GID: 1500}, host.Group{Name: "adm", GID: 4, Members: []string{"x", "web"}})
	a, ok := lookup(f, "web")
	if !ok {
		t.Fatal("no such user")
	}
	if diff := cmp.Diff([]string{"adm", "web"}, a.groups); diff != "" {
		t.Error(diff)
	}
	if a.fullname != "Web Server" || a.other != "a,b" || a.gecos() != "Web Server,1,2,3,a,b" {
		t.Errorf("gecos is read as %+v", a)
	}
	a.roomnumber, a.workphone, a.homephone, a.other = "", "", "", ""
	if got := a.gecos(); got != "Web Server" {
		t.Errorf("gecos = %q", got)
	}
}

func TestGroupsOf(t *testing.T) {
	f := host.NewFake(nil)
	f.GroupList = []host.Group{{Name: "root"}, {Name: "web", GID: 1500, Members: []string{"web"}}, {Name: "twin", GID: 1500}, {Name: "adm", GID: 4, Members: []string{"web"}},
		{Name: "nogroup", GID: 65534, Members: []string{"web"}}, {Name: "other", GID: 9}}
	if diff := cmp.Diff([]string{"adm", "nogroup", "twin", "web"}, groupsOf(f, host.User{Name: "web", GID: 1500})); diff != "" {
		t.Error(diff)
	}
}
