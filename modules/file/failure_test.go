package file

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// broken is a host on which writing below /full fails as a full disk does, and
// below /ro as a read-only file system.
type broken struct{ *host.Fake }

func (b broken) cause(path string) error {
	switch {
	case strings.HasPrefix(path, "/full/"):
		return &fs.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
	case strings.HasPrefix(path, "/ro/"):
		return &fs.PathError{Op: "write", Path: path, Err: syscall.EROFS}
	}
	return nil
}

func (b broken) WriteFile(path string, r io.Reader, o host.WriteOptions) error {
	if err := b.cause(path); err != nil {
		return err
	}
	return b.Fake.WriteFile(path, r, o)
}

func (b broken) Mkdir(path string, mode fs.FileMode) error {
	if err := b.cause(path); err != nil {
		return err
	}
	return b.Fake.Mkdir(path, mode)
}

func (b broken) Remove(path string) error {
	if err := b.cause(path); err != nil {
		return err
	}
	return b.Fake.Remove(path)
}

func (b broken) Symlink(target, path string) error {
	if err := b.cause(path); err != nil {
		return err
	}
	return b.Fake.Symlink(target, path)
}

// TestFailures: bad input and broken hosts give a failed state with the cause,
// and leave files as they were.
func TestFailures(t *testing.T) {
	s := func(v string) py.Value { return py.Str(v) }
	d := py.DictOf
	for _, c := range []struct {
		name, fun string
		args      *py.Dict
		want      string
	}{
		{"full disk", "file.managed", d("name", s("/full/f"), "contents", s("x")), "Failed to commit change: [Errno 28] No space left on device: '/full/f'"},
		{"full disk, new file", "file.managed", d("name", s("/full/new"), "contents", s("x")), "Unable to manage file: No space left on device"},
		{"full disk, append", "file.append", d("name", s("/full/f"), "text", s("x")), "[Errno 28] No space left on device: '/full/f'"},
		{"full disk, line", "file.line", d("name", s("/full/f"), "content", s("x"), "mode", s("insert"), "location", s("end")), "[Errno 28] No space left on device"},
		{"full disk, replace", "file.replace", d("name", s("/full/f"), "pattern", s("o"), "repl", s("x"), "backup", py.False), "[Errno 28] No space left on device"},
		{"full disk, decode", "file.decode", d("name", s("/full/n"), "encoded_data", s("eA==")), "[Errno 28] No space left on device"},
		{"full disk, keyvalue", "file.keyvalue", d("name", s("/full/f"), "key", s("a"), "value", s("1"), "append_if_not_found", py.True), "/full/f not writable"},
		{"read-only, directory", "file.directory", d("name", s("/ro/d")), "[Errno 30] Read-only file system: '/ro/d'"},
		{"read-only, symlink", "file.symlink", d("name", s("/ro/l"), "target", s("x")), "Unable to create new symlink /ro/l -> x: Could not create '/ro/l': [Errno 30] Read-only file system: '/ro/l'"},
		{"read-only, absent", "file.absent", d("name", s("/ro/f")), "Could not remove '/ro/f': [Errno 30] Read-only file system: '/ro/f'"},
		{"read-only, copy", "file.copy", d("name", s("/ro/c"), "source", s("/f")), `Failed to copy "/f" to "/ro/c": [Errno 30] Read-only file system: '/ro/c'`},
		{"immutable", "file.managed", d("name", s("/immutable"), "contents", s("x")), "Failed to commit change: [Errno 1] Operation not permitted: '/immutable'"},
		{"immutable, absent", "file.absent", d("name", s("/immutable")), "Could not remove '/immutable': [Errno 1] Operation not permitted: '/immutable'"},
		{"immutable, mode", "file.managed", d("name", s("/immutable"), "mode", s("0600"), "replace", py.False), "Failed to change mode to 0600"},
		{"no user", "file.managed", d("name", s("/f"), "contents", s("x"), "user", s("nobody-such"), "group", s("none-such")), "User nobody-such is not available Group none-such is not available"},
		{"a directory in the place", "file.managed", d("name", s("/dir"), "contents", s("x")), "Specified target /dir is a directory"},
		{"a file in the place", "file.directory", d("name", s("/f")), "Specified location /f exists and is a file"},
		{"a file as parent", "file.managed", d("name", s("/f/x"), "contents", s("x")), "Parent directory not present"},
		{"dangling link", "file.managed", d("name", s("/dangling"), "contents", s("x")), "Unable to manage file: [Errno 2] No such file or directory: '/nowhere'"},
		{"loop of links", "file.managed", d("name", s("/loop"), "contents", s("x")), "Unable to manage file: [Errno 40] Too many levels of symbolic links: '/loop'"},
		{"relative name", "file.managed", d("name", s("f"), "contents", s("x")), "Specified file f is not an absolute path"},
		{"no source", "file.managed", d("name", s("/f"), "source", s("salt://no")), "Unable to manage file: Source file salt://no not found in saltenv 'base'"},
		{"bad expression", "file.replace", d("name", s("/f"), "pattern", s("("), "repl", s("x")), "missing ), unterminated subpattern at position 0"},
		{"bad encoding", "file.managed", d("name", s("/f"), "contents", s("é"), "encoding", s("ascii")), "Unable to manage file: 'ascii' codec can't encode character"},
		{"unknown encoding", "file.managed", d("name", s("/f"), "contents", s("é"), "encoding", s("gbk")), `encoding "gbk" is not supported`},
		{"signature", "file.managed", d("name", s("/f"), "source", s("salt://x"), "signature", s("x")), "signature is not supported"},
		{"shortcut", "file.shortcut", d("name", s("/f"), "target", s("x")), "Shortcuts are only supported on Windows"},
		{"no control over /", "file.absent", d("name", s("/")), `Refusing to make "/" absent`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := host.NewFake(map[string]string{"/f": "old\n", "/full/f": "old\n", "/ro/f": "old\n", "/immutable": "old\n", "/dir/x": "1"})
			for link, target := range map[string]string{"/dangling": "/nowhere", "/loop": "/loop"} {
				if err := f.Symlink(target, link); err != nil {
					t.Fatal(err)
				}
			}
			if err := f.SetAttrs("/immutable", host.FlagImmutable); err != nil {
				t.Fatal(err)
			}
			f.Ops = nil
			w := broken{f}
			data := py.DictOf("state", s("file"), "__id__", s("x"), "__sls__", s("x"), "__env__", s("base"))
			data.Update(c.args)
			call := &modules.Call{Reader: w, Chunk: &low.Chunk{Data: data}, Grains: py.NewDict(), Opts: py.NewDict(), Memo: modules.NewMemo(),
				Sources: sources{&testHost{}}, Output: io.Discard, Log: slog.New(slog.DiscardHandler)}
			fn := modules.New(Funcs()).State(c.fun)
			p, err := fn.Check(context.Background(), call, data)
			done := p.Would
			if err == nil && p.Apply != nil {
				done, err = p.Apply(context.Background(), w)
			}
			got := done.Comment
			if err != nil {
				got = raised(err)
			} else if done.Result != low.False {
				t.Errorf("result is %v", done.Result.Value())
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %q, not %q", got, c.want)
			}
			for _, p := range []string{"/f", "/full/f", "/ro/f", "/immutable"} {
				b, err := f.ReadFile(p)
				if d := cmp.Diff("old\n", string(b)); d != "" || err != nil {
					t.Errorf("%s is half done: %s %v", p, d, err)
				}
			}
		})
	}
}
