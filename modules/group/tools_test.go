package group

import (
	"context"
	"slices"
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// TestOtherTools makes, changes and removes a group with FreeBSD's pw and with
// busybox, which writes into the file what it has no program for.
func TestOtherTools(t *testing.T) {
	for _, c := range []struct {
		name, programs string
		want           []string
		file           string
	}{
		{"pw", "pw", []string{"pw groupadd -g 2000 -n web", "pw groupmod web -M ada", "pw groupmod web -g 2001", "pw groupmod web -m bob", "pw groupmod web -d ada", "pw groupdel web"}, "web:x:2000:\n"},
		{"busybox", "adduser addgroup deluser delgroup", []string{"addgroup -g 2000 web", "addgroup bob web", "delgroup ada web", "delgroup web"}, "web:x:2001:ada\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := host.NewFake(map[string]string{"/etc/group": ""})
			f.UserList = append(f.UserList, host.User{Name: "ada", UID: 1}, host.User{Name: "bob", UID: 2})
			for _, p := range strings.Fields(c.programs) {
				f.Programs[p] = "/usr/sbin/" + p
			}
			var ran []string
			f.OnRun = func(cmd host.Cmd) (host.Output, bool, error) {
				ran = append(ran, strings.Join(cmd.Argv, " "))
				if slices.Contains(cmd.Argv, "2000") {
					if err := f.WriteFile("/etc/group", strings.NewReader("web:x:2000:\n"), host.WriteOptions{}); err != nil {
						t.Error(err)
					}
				}
				return host.Output{}, true, nil
			}
			ctx := context.Background()
			must := func(ok bool, err error) {
				t.Helper()
				if err != nil || !ok {
					t.Errorf("%v, %v", ok, err)
				}
			}
			must(add(ctx, f, "web", py.Int(2000), true, false, false))
			must(setMembers(ctx, f, "web", "ada"))
			must(true, setGID(ctx, f, "web", "2001", "-g"))
			must(join(ctx, f, "web", "bob"))
			must(leave(ctx, f, "web", "ada"))
			must(remove(ctx, f, "web", false))
			want := slices.Clone(c.want)
			if c.name == "busybox" {
				want[0] = "addgroup -g 2000 -S web"
				if ok, err := setMembers(ctx, f, "web", "ada,nobody"); ok || err != nil {
					t.Errorf("a member that does not exist: %v, %v", ok, err)
				}
			}
			if !slices.Equal(ran, want) {
				t.Errorf("ran %q, not %q", ran, want)
			}
			if b, err := f.ReadFile("/etc/group"); err != nil || string(b) != c.file {
				t.Errorf("the file: %q, %v", b, err)
			}
		})
	}
	// without any tools the error names what is missing
	if _, err := add(context.Background(), host.NewFake(nil), "web", py.None, false, false, false); err == nil || err.(*modules.Error).Msg != "Command 'groupadd' cannot be found" {
		t.Error(err)
	}
}
