package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func local(t *testing.T) *Local {
	t.Helper()
	l := NewLocal(os.Environ())
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestWriteFile(t *testing.T) {
	l := local(t)
	dir := t.TempDir()
	p := filepath.Join(dir, "a")
	write := func(path, content string, o WriteOptions) error {
		return l.WriteFile(path, strings.NewReader(content), o)
	}
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	mode := func(path string) uint32 {
		i, err := l.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		return i.Perm()
	}
	if err := write(p, "one", WriteOptions{}); err != nil || read(p) != "one" || mode(p) != 0o600 {
		t.Fatalf("new file: %v, %q, %o", err, read(p), mode(p))
	}
	if err := l.Chmod(p, 0o640|fs.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	if err := write(p, "two", WriteOptions{}); err != nil || read(p) != "two" || mode(p) != 0o4640 {
		t.Errorf("kept mode: %v, %q, %o", err, read(p), mode(p))
	}
	m := fs.FileMode(0o604)
	if err := write(p, "three", WriteOptions{Mode: &m}); err != nil || mode(p) != 0o604 {
		t.Errorf("given mode: %v, %o", err, mode(p))
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("sub/../b", link); err != nil {
		t.Fatal(err)
	}
	if err := write(link, "behind", WriteOptions{}); err != nil || read(filepath.Join(dir, "b")) != "behind" {
		t.Errorf("dangling link: %v", err)
	}
	if err := write(link, "itself", WriteOptions{NoFollow: true}); err != nil || mode(link) != 0o600 || read(filepath.Join(dir, "b")) != "behind" {
		t.Errorf("no follow: %v, %o", err, mode(link))
	}
	hard := filepath.Join(dir, "hard")
	if err := os.Link(p, hard); err != nil {
		t.Fatal(err)
	}
	if err := write(p, "both", WriteOptions{KeepLinks: true}); err != nil || read(hard) != "both" {
		t.Errorf("hard link: %v, %q", err, read(hard))
	}
	if os.Geteuid() == 0 { // a file that cannot have another beside it
		const p = "/proc/self/comm"
		if err := write(p, "name", WriteOptions{}); err == nil {
			t.Error("a file of /proc was replaced")
		}
		if err := write(p, "name", WriteOptions{KeepLinks: true}); err != nil || read(p) != "name\n" {
			t.Errorf("a file of /proc: %v, %q", err, read(p))
		}
	}
	if err := write(dir, "x", WriteOptions{}); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("a directory: %v", err)
	}
	if err := write(filepath.Join(dir, "no/x"), "x", WriteOptions{}); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), tempPrefix) {
		t.Errorf("a missing directory: %v", err)
	}
	if err := l.WriteFile(p, failing{}, WriteOptions{}); err == nil || read(p) != "both" {
		t.Errorf("a failing content: %v, %q", err, read(p))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			t.Errorf("%s is left behind", e.Name())
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken source") }

func TestRealpath(t *testing.T) {
	f := NewFake(map[string]string{"/a/b/file": "x"})
	for target, p := range map[string]string{"b": "/a/l", "/a/l/../b/none": "/dangling", "loop2": "/loop1", "loop1": "/loop2"} {
		if err := f.Symlink(target, p); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ in, want string }{
		{"/a/l/file", "/a/b/file"}, {"/dangling", "/a/b/none"}, {"/a/./b//x/y", "/a/b/x/y"}, {"/", "/"}, {"/..", "/"},
	} {
		if got, err := Realpath(f, c.in); err != nil || got != c.want {
			t.Errorf("Realpath(%s) = %q, %v, not %q", c.in, got, err, c.want)
		}
	}
	if _, err := Realpath(f, "/loop1"); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("a loop: %v", err)
	}
}

func TestRun(t *testing.T) {
	l := local(t)
	ctx := context.Background()
	set, unset := "value", (*string)(nil)
	umask := 0o027
	for _, c := range []struct {
		name string
		cmd  Cmd
		out  string
		code int
	}{
		{"argv", Cmd{Argv: []string{"echo", "a  b"}}, "a  b\n", 0},
		{"shell", Cmd{Argv: []string{"echo $((1+2)); exit 3"}, Shell: "/bin/sh"}, "3\n", 3},
		{"signal", Cmd{Argv: []string{"kill -9 $$"}, Shell: "/bin/sh"}, "", -9},
		{"no stdin", Cmd{Argv: []string{"cat"}}, "", 0},
		{"stdin", Cmd{Argv: []string{"cat"}, Stdin: strings.NewReader("in")}, "in", 0},
		{"stdin not read", Cmd{Argv: []string{"true"}, Stdin: bytes.NewReader(make([]byte, 1<<20))}, "", 0},
		{"env", Cmd{Argv: []string{"echo $X${Y-unset}"}, Shell: "/bin/sh", Env: map[string]*string{"X": &set, "Y": unset}}, "valueunset\n", 0},
		{"umask", Cmd{Argv: []string{"umask"}, Shell: "/bin/sh", Umask: &umask}, "0027\n", 0},
		{"dir", Cmd{Argv: []string{"pwd"}, Dir: "/"}, "/\n", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("Y", "set")
			out, err := l.Run(ctx, c.cmd)
			if err != nil || string(out.Stdout) != c.out || out.Code != c.code {
				t.Errorf("got %q, %d, %v", out.Stdout, out.Code, err)
			}
		})
	}
	if _, err := l.Run(ctx, Cmd{Argv: []string{"no-such-program"}}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing program: %v", err)
	}
	if _, err := l.Run(ctx, Cmd{Argv: []string{"true"}, Dir: "/no/such"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing directory: %v", err)
	}
	if _, err := l.Run(ctx, Cmd{Argv: []string{"true"}, RunAs: "no-such-user"}); err == nil || !strings.Contains(err.Error(), "no-such-user") {
		t.Errorf("a missing user: %v", err)
	}
}

func TestRunEnds(t *testing.T) {
	l := local(t)
	start := time.Now()
	out, err := l.Run(context.Background(), Cmd{Argv: []string{"sleep 60 & sleep 60"}, Shell: "/bin/sh", Timeout: 100 * time.Millisecond})
	if err != nil || !out.TimedOut {
		t.Errorf("timeout: %+v, %v", out, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := l.Run(ctx, Cmd{Argv: []string{"sleep", "60"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancel: %v", err)
	}
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("took %v", d)
	}
	out, err = l.Run(context.Background(), Cmd{Argv: []string{"head", "-c", "12000000", "/dev/zero"}, MaxOutput: 10 << 20})
	if err != nil || len(out.Stdout) != 10<<20 || !out.Truncated {
		t.Errorf("a large output: %d bytes, %v, %v", len(out.Stdout), out.Truncated, err)
	}
}

func TestRunAs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	l := local(t)
	out, err := l.Run(context.Background(), Cmd{Argv: []string{"id -un; echo $HOME $USER"}, Shell: "/bin/sh", RunAs: "nobody", Login: true, Dir: "/"})
	u, _ := l.User("nobody")
	if want := "nobody\n" + u.Home + " nobody\n"; err != nil || string(out.Stdout) != want {
		t.Errorf("got %q, %q, %v, not %q", out.Stdout, out.Stderr, err, want)
	}
}

func TestUsers(t *testing.T) {
	l := local(t)
	dir := t.TempDir()
	l.users.path, l.groups.path = filepath.Join(dir, "passwd"), filepath.Join(dir, "group")
	write := func(p, s string) {
		if err := os.WriteFile(p, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(l.users.path, "# c\nroot:x:0:0:root:/root:/bin/sh\nbad line\nweb:x:1000:1000:,,,:/home/web:/bin/bash\n")
	write(l.groups.path, "root:x:0:\nweb:x:1000:\nwww:x:33:web,other\n")
	u, ok := l.User("web")
	if want := (User{"web", "x", 1000, 1000, ",,,", "/home/web", "/bin/bash"}); !ok || u != want {
		t.Errorf("User = %+v, %v", u, ok)
	}
	if ids, err := GroupList(l, u); err != nil || !cmp.Equal(ids, []int{1000, 33}) {
		t.Errorf("GroupList = %v, %v", ids, err)
	}
	write(l.users.path, "new:x:7:7::/:/bin/sh\n")
	if u, ok := l.UserID(7); !ok || u.Name != "new" {
		t.Errorf("after a change: %+v, %v", u, ok)
	}
	if _, ok := l.User("web"); ok {
		t.Error("a removed user is still there")
	}
}

func TestCheckQuery(t *testing.T) {
	for _, c := range []struct {
		argv string
		ok   bool
	}{
		{"dpkg-query -W -f x", true},
		{"/usr/bin/dpkg-query -W", true},
		{"systemctl is-enabled nginx.service", true},
		{"systemctl restart nginx.service", false},
		{"systemctl --full --no-legend stop x", false},
		{"sysctl -n net.ipv4.ip_forward", true},
		{"sysctl -n net.ipv4.ip_forward=1", false},
		{"sysctl -w a=1", false},
		{"mount", true},
		{"mount /dev/sda1 /mnt", false},
		{"git ls-remote origin HEAD", true},
		{"git ls-remote --upload-pack=evil origin", false},
		{"git config --get user.name", true},
		{"git config user.name x", false},
		{"apt-get -s install x", true},
		{"apt-get -s install -o APT::Get::Simulate=false x", false},
		{"apt-get install x", false},
		{"crontab -l -u web", true},
		{"crontab -r", false},
		{"date +%s", true},
		{"date 01010000", false},
		{"iptables -t nat -C PREROUTING -j X", true},
		{"iptables -A INPUT -j DROP", false},
		{"rm -rf /", false},
		{"id", true},
	} {
		if err := CheckQuery(Cmd{Argv: strings.Fields(c.argv)}); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.argv, err)
		}
	}
	if err := CheckQuery(Cmd{Argv: []string{"id"}, Shell: "/bin/sh"}); err == nil {
		t.Error("a shell script is let through")
	}
}

func TestTempFilesAreRemoved(t *testing.T) {
	l := NewLocal(nil)
	f, err := l.TempFile(t.TempDir(), "x*")
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.TempDir("", "x*")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{f, d} {
		if _, err := os.Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestReadOnly(t *testing.T) {
	f := NewFake(map[string]string{"/a": "x"})
	w := ReadOnly(f)
	if b, err := w.ReadFile("/a"); err != nil || string(b) != "x" {
		t.Errorf("reading: %q, %v", b, err)
	}
	for name, err := range map[string]error{
		"write":  w.WriteFile("/a", strings.NewReader(""), WriteOptions{}),
		"remove": w.Remove("/a"),
		"rename": w.Rename("/a", "/b"),
		"chmod":  w.Chmod("/a", 0),
	} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Run(context.Background(), Cmd{Argv: []string{"true"}}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("run: %v", err)
	}
	if len(f.Ops) != 0 {
		t.Errorf("changes: %v", f.Ops)
	}
}

// TestFakeIsLikeLocal does the same to a temporary directory and to a fake.
func TestFakeIsLikeLocal(t *testing.T) {
	do := func(w Writer, root string) (log []string) {
		say := func(what string, err error) {
			var e syscall.Errno
			switch {
			case err == nil:
				log = append(log, what+": ok")
			case errors.As(err, &e):
				log = append(log, what+": "+e.Error())
			default:
				log = append(log, what+": error")
			}
		}
		m := fs.FileMode(0o640)
		say("mkdir", w.Mkdir(root+"/d", 0o755))
		say("mkdir again", w.Mkdir(root+"/d", 0o755))
		say("mkdir below nothing", w.Mkdir(root+"/n/d", 0o755))
		say("mkdirall", w.MkdirAll(root+"/e/f/g", 0o755))
		say("write", w.WriteFile(root+"/d/a", strings.NewReader("abc"), WriteOptions{Mode: &m}))
		say("write over a directory", w.WriteFile(root+"/d", strings.NewReader("abc"), WriteOptions{}))
		say("symlink", w.Symlink("a", root+"/d/l"))
		say("symlink again", w.Symlink("a", root+"/d/l"))
		say("link", w.Link(root+"/d/a", root+"/d/h"))
		say("remove full", w.Remove(root+"/d"))
		say("rename", w.Rename(root+"/d", root+"/e/f/x"))
		say("rename nothing", w.Rename(root+"/d", root+"/y"))
		say("rename onto a full directory", w.Rename(root+"/e/f/g", root+"/e/f/x"))
		b, err := w.ReadFile(root + "/e/f/x/l")
		say("read "+string(b), err)
		_, err = w.ReadFile(root + "/e/f/x")
		say("read a directory", err)
		i, err := w.Lstat(root + "/e/f/x/a")
		say("lstat "+i.Mode.String(), err)
		if i.Nlink != 2 || i.Size != 3 {
			log = append(log, "wrong links or size")
		}
		_, err = w.Stat(root + "/e/f/x/a/b")
		say("below a file", err)
		es, err := w.ReadDir(root + "/e/f/x")
		for _, e := range es {
			log = append(log, e.Name()+" "+e.Type().String())
		}
		say("readdir", err)
		say("removeall", w.RemoveAll(root+"/e"))
		_, err = w.Lstat(root + "/e")
		say("gone", err)
		return log
	}
	fake := NewFake(map[string]string{"/r/": ""})
	if d := cmp.Diff(do(local(t), t.TempDir()), do(fake, "/r")); d != "" {
		t.Error(d)
	}
}

// What a command gets as a file in memory is a regular file that only its user
// can read, and is in no environment and no argument list.
func TestMemoryFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	out, err := NewLocal(os.Environ()).Run(context.Background(), Cmd{
		Argv:  []string{"sh", "-c", "stat -Lc '%F %a %u' /dev/fd/4; cat /dev/fd/3 /dev/fd/4"},
		Files: []io.Reader{strings.NewReader("pipe ")}, Memory: [][]byte{[]byte("secret")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out.Stdout), fmt.Sprintf("regular file 600 %d\npipe secret", os.Getuid()); got != want {
		t.Errorf("got %q, want %q; %s", got, want, out.Stderr)
	}
}
