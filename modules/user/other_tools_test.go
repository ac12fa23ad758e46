package user

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// site is a host without shadow-utils: its account files, and what its programs
// do to its users and groups.
type site struct {
	*host.Fake
	t     *testing.T
	ran   []string
	stdin []string
	reg   *modules.Registry
}

func newSite(t *testing.T, programs, files map[string]string) *site {
	s := &site{Fake: host.NewFake(files), t: t, reg: modules.New(Funcs())}
	s.Programs = programs
	s.GroupList = append(s.GroupList, host.Group{Name: "wheel", GID: 10}, host.Group{Name: "web", GID: 80})
	return s
}

func (s *site) state(fun string, test bool, kv ...any) string {
	s.t.Helper()
	data := py.DictOf(append([]any{"state", py.Str("user"), "fun", py.Str(fun), "name", py.Str("ada")}, kv...)...)
	c := &modules.Call{Reader: s.Fake, Test: test, Chunk: &low.Chunk{Data: data}, Memo: modules.NewMemo(), Opts: py.NewDict(), Grains: py.NewDict(), Output: io.Discard}
	p, err := s.reg.State("user."+fun).Check(context.Background(), c, data)
	if err != nil {
		return "error: " + err.Error()
	}
	d := p.Would
	if p.Apply != nil && !test {
		if d, err = p.Apply(context.Background(), s.Fake); err != nil {
			return "error: " + err.Error()
		}
	}
	changes := ""
	if c, ok := d.Changes.(*py.Dict); ok && c.Len() > 0 {
		changes = " " + py.Repr(c)
	}
	return py.Repr(d.Result.Value()) + ": " + d.Comment + changes
}

func (s *site) is(got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("got  %s\nwant %s", got, want)
	}
}

func (s *site) didRun(want ...string) {
	s.t.Helper()
	if !slices.Equal(s.ran, want) {
		s.t.Errorf("ran %q, not %q", s.ran, want)
	}
	s.ran = nil
}

// option is the value behind a flag.
func option(argv []string, flag string) (string, bool) {
	i := slices.Index(argv, flag)
	if i < 0 || i+1 >= len(argv) {
		return "", false
	}
	return argv[i+1], true
}

func (s *site) setMembers(name string, groups []string, only bool) {
	for i := range s.GroupList {
		g := &s.GroupList[i]
		g.Members = slices.DeleteFunc(g.Members, func(m string) bool { return m == name && (only || slices.Contains(groups, g.Name)) })
		if slices.Contains(groups, g.Name) {
			g.Members = append(g.Members, name)
		}
	}
}

// apply sets what the options of pw say.
func (s *site) apply(u *host.User, argv []string) {
	if v, ok := option(argv, "-u"); ok {
		u.UID, _ = strconv.Atoi(v)
	}
	if v, ok := option(argv, "-g"); ok {
		u.GID, _ = strconv.Atoi(v)
	}
	if v, ok := option(argv, "-s"); ok {
		u.Shell = v
	}
	if v, ok := option(argv, "-d"); ok {
		u.Home = v
	}
	if v, ok := option(argv, "-c"); ok {
		u.Gecos = v
	}
	if v, ok := option(argv, "-G"); ok {
		s.setMembers(u.Name, strings.Split(v, ","), true)
	}
}

func TestPW(t *testing.T) {
	s := newSite(t, map[string]string{"pw": "/usr/sbin/pw"}, map[string]string{"/etc/master.passwd": "root:*:0:0::0:0:Charlie:/root:/bin/csh\n", "/home/ada/": "", "/srv/ada/": ""})
	s.OnRun = func(cmd host.Cmd) (host.Output, bool, error) {
		s.ran = append(s.ran, strings.Join(cmd.Argv, " "))
		argv := cmd.Argv
		switch argv[1] {
		case "useradd":
			u := host.User{Name: "ada", Passwd: "*", UID: 1001, GID: 1001, Home: "/home/ada", Shell: "/bin/sh"}
			s.GroupList = append(s.GroupList, host.Group{Name: "ada", GID: 1001})
			s.apply(&u, argv)
			s.UserList = append(s.UserList, u)
		case "usermod":
			i := slices.IndexFunc(s.UserList, func(u host.User) bool { return u.Name == "ada" })
			s.apply(&s.UserList[i], argv)
			if cmd.Stdin != nil {
				b, err := io.ReadAll(cmd.Stdin)
				if err != nil {
					t.Error(err)
				}
				hash := strings.TrimSpace(string(b))
				if err := s.WriteFile("/etc/master.passwd", strings.NewReader("ada:"+hash+":1001:1001::0:0:Ada:/home/ada:/bin/sh\n"), host.WriteOptions{}); err != nil {
					t.Error(err)
				}
			}
		case "userdel":
			s.UserList = slices.DeleteFunc(s.UserList, func(u host.User) bool { return u.Name == "ada" })
		default:
			t.Errorf("pw %q", argv)
		}
		return host.Output{}, true, nil
	}
	s.is(s.state("present", true, "shell", py.Str("/bin/csh")), "None: User ada set to be added")
	s.didRun()
	got := s.state("present", false, "shell", py.Str("/bin/csh"), "fullname", py.Str("Ada L"), "groups", py.Strings("wheel"), "password", py.Str("$6$a$b"))
	s.is(got, "True: New user ada created {'gid': 1001, 'groups': ['ada', 'wheel'], 'home': '/home/ada', 'name': 'ada', 'passwd': '*', 'shell': '/bin/csh', 'uid': 1001, 'fullname': 'Ada L', 'roomnumber': '', 'workphone': '', 'homephone': '', 'other': '', 'password': 'XXX-REDACTED-XXX'}")
	s.didRun("pw useradd -G wheel -m -s /bin/csh -c Ada L,,, -n ada", "pw usermod ada -H 0")
	s.is(s.state("present", false, "shell", py.Str("/bin/csh"), "fullname", py.Str("Ada L"), "groups", py.Strings("wheel"), "password", py.Str("$6$a$b")), "True: User ada is present and up to date")
	s.didRun()
	s.is(s.state("present", false, "shell", py.Str("/bin/sh"), "groups", py.Strings("web"), "fullname", py.Str("Ada")),
		"True: Updated user ada {'groups': ['ada', 'web'], 'shell': '/bin/sh', 'fullname': 'Ada'}")
	s.didRun("pw usermod -s /bin/sh -n ada", "pw usermod -c Ada -n ada", "pw usermod -G web -n ada")
	s.is(s.state("present", false, "groups", py.Strings("wheel"), "remove_groups", py.False), "True: Updated user ada {'groups': ['ada', 'web', 'wheel']}")
	s.didRun("pw usermod -G web,wheel -n ada")
	s.is(s.state("present", false, "home", py.Str("/srv/ada"), "persist_home", py.True), "True: Updated user ada {'home': '/srv/ada'}")
	s.didRun("pw usermod -m -d /srv/ada -n ada")
	s.is(s.state("present", false, "mindays", py.Int(3)), "error: user.present: mindays is not supported with the tools of this host")
	s.is(s.state("absent", false, "purge", py.True), "True: Removed user ada {'ada': 'removed'}")
	s.didRun("pw userdel -r -n ada")
}

func TestBusybox(t *testing.T) {
	s := newSite(t, map[string]string{"adduser": "/usr/sbin/adduser", "addgroup": "/usr/sbin/addgroup", "delgroup": "/usr/sbin/delgroup", "deluser": "/usr/sbin/deluser"},
		map[string]string{"/etc/passwd": "root:x:0:0:root:/root:/bin/ash\n", "/etc/group": "root:x:0:\nwheel:x:10:\nweb:x:80:\n", "/etc/shadow": "root:*:19000:0:::::\n", "/home/ada/": ""})
	// the users are those of the file
	reload := func() {
		b, err := s.ReadFile("/etc/passwd")
		if err != nil {
			t.Fatal(err)
		}
		s.UserList = nil
		for line := range strings.Lines(string(b)) {
			f := strings.Split(strings.TrimSpace(line), ":")
			uid, _ := strconv.Atoi(f[2])
			gid, _ := strconv.Atoi(f[3])
			s.UserList = append(s.UserList, host.User{Name: f[0], Passwd: f[1], UID: uid, GID: gid, Gecos: f[4], Home: f[5], Shell: f[6]})
		}
	}
	s.OnRun = func(cmd host.Cmd) (host.Output, bool, error) {
		s.ran = append(s.ran, strings.Join(cmd.Argv, " "))
		argv := cmd.Argv
		switch argv[0] {
		case "adduser":
			shell, _ := option(argv, "-s")
			line := "ada:x:1000:1000:Ada:/home/ada:" + shell + "\n"
			b, _ := s.ReadFile("/etc/passwd")
			if err := s.WriteFile("/etc/passwd", strings.NewReader(string(b)+line), host.WriteOptions{}); err != nil {
				t.Error(err)
			}
			b, _ = s.ReadFile("/etc/shadow")
			if err := s.WriteFile("/etc/shadow", strings.NewReader(string(b)+"ada:!:19000:0:99999:7:::\n"), host.WriteOptions{}); err != nil {
				t.Error(err)
			}
			s.GroupList = append(s.GroupList, host.Group{Name: "ada", GID: 1000})
			reload()
		case "addgroup":
			s.setMembers(argv[1], []string{argv[2]}, false)
		case "delgroup":
			i := slices.IndexFunc(s.GroupList, func(g host.Group) bool { return g.Name == argv[2] })
			s.GroupList[i].Members = nil
		case "deluser":
			s.UserList = slices.DeleteFunc(s.UserList, func(u host.User) bool { return u.Name == "ada" })
		default:
			t.Errorf("%q", argv)
		}
		return host.Output{}, true, nil
	}
	got := s.state("present", false, "shell", py.Str("/bin/ash"), "fullname", py.Str("Ada"), "groups", py.Strings("wheel"), "password", py.Str("$6$a$b"))
	if !strings.HasPrefix(got, "True: New user ada created {'gid': 1000, 'groups': ['ada', 'wheel'], 'home': '/home/ada'") {
		t.Error(got)
	}
	s.didRun("adduser -D -g Ada -s /bin/ash ada", "addgroup ada wheel")
	if b, err := s.ReadFile("/etc/shadow"); err != nil || !strings.Contains(string(b), "ada:$6$a$b:") {
		t.Errorf("shadow: %s, %v", b, err)
	}
	s.is(s.state("present", false, "shell", py.Str("/bin/ash"), "fullname", py.Str("Ada"), "groups", py.Strings("wheel"), "password", py.Str("$6$a$b")), "True: User ada is present and up to date")
	// what has no program is written into the file
	for _, c := range []struct {
		args []any
		line string
	}{
		{[]any{"shell", py.Str("/bin/sh")}, "ada:x:1000:1000:Ada:/home/ada:/bin/sh\n"},
		{[]any{"fullname", py.Str("Ada L"), "roomnumber", py.Str("7")}, "ada:x:1000:1000:Ada L,7:/home/ada:/bin/sh\n"},
		{[]any{"uid", py.Int(1234), "allow_uid_change", py.True}, "ada:x:1234:1000:Ada L,7:/home/ada:/bin/sh\n"},
		{[]any{"gid", py.Int(80), "allow_gid_change", py.True}, "ada:x:1234:80:Ada L,7:/home/ada:/bin/sh\n"},
	} {
		s.state("present", false, c.args...)
		if b, err := s.ReadFile("/etc/passwd"); err != nil || !strings.HasSuffix(string(b), "\n"+c.line) {
			t.Errorf("%v: %s, %v", c.args, b, err)
		}
		reload()
		s.is(s.state("present", false, c.args...), "True: User ada is present and up to date")
	}
	s.ran = nil
	s.is(s.state("present", false, "maxdays", py.Int(3)), "error: user.present: maxdays is not supported with the tools of this host")
	if got := s.state("present", false, "shell", py.Str("/bin/sh:x")); !strings.Contains(got, "cannot stand in the file") {
		t.Error(got)
	}
	s.is(s.state("absent", false, "purge", py.True), "True: Removed user ada {'ada': 'removed'}")
	s.didRun("deluser --remove-home ada")
}
