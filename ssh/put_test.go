package ssh_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"pinch/ssh"
	"pinch/ssh/sshtest"
)

// noise returns n bytes that do not repeat.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}

// names lists a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

// eachPut runs a test over SFTP and without it, on every kind of server.
func eachPut(t *testing.T, test func(t *testing.T, s *sshtest.Server)) {
	t.Helper()
	for how, noSFTP := range map[string]bool{"sftp": false, "exec": true} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			eachBackend(t, sshtest.Config{NoSFTP: noSFTP}, test)
		})
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		size int
		mode fs.FileMode
		old  string // content of the file before
		name string
	}{
		"empty":                {0, 0o644, "", "f"},
		"small":                {5, 0o600, "", "f"},
		"one chunk":            {32 << 10, 0o755, "", "f"},
		"chunk and a byte":     {32<<10 + 1, 0o400, "", "f"},
		"more than a window":   {5<<20 + 7, 0o640, "", "f"},
		"replaces":             {10, 0o644, "the old content, longer", "f"},
		"hostile name":         {3, 0o644, "", `-rf $(touch x) 'a' "b" !c \ ; é`},
		"longest name":         {3, 0o644, "", strings.Repeat("n", 255)},
		"only permission bits": {3, 0o755 | fs.ModeSetuid, "", "f"},
	}
	eachPut(t, func(t *testing.T, s *sshtest.Server) {
		c := s.Dial()
		for name, tc := range cases {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				dest := filepath.Join(dir, tc.name)
				if tc.old != "" {
					if err := os.WriteFile(dest, []byte(tc.old), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want := noise(tc.size)
				if err := c.Put(context.Background(), dest, bytes.NewReader(want), int64(tc.size), tc.mode); err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(dest)
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("read back %d bytes, %v", len(got), err)
				}
				info, err := os.Stat(dest)
				if err != nil || info.Mode() != tc.mode.Perm() {
					t.Errorf("mode %v, %v", info.Mode(), err)
				}
				if n := names(t, dir); len(n) != 1 {
					t.Errorf("directory has %q", n)
				}
			})
		}
	})
}

func TestPutRelativePath(t *testing.T) {
	t.Parallel()
	for how, noSFTP := range map[string]bool{"sftp": false, "exec": true} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := sshtest.New(t, sshtest.Config{NoSFTP: noSFTP})
			if err := s.Dial().Put(context.Background(), "-name", strings.NewReader("x"), 1, 0o600); err != nil {
				t.Fatal(err)
			}
			if n := names(t, s.Home); len(n) != 1 || n[0] != "-name" {
				t.Errorf("home has %q", n)
			}
		})
	}
}

func TestPutFailures(t *testing.T) {
	t.Parallel()
	eachPut(t, func(t *testing.T, s *sshtest.Server) {
		c := s.Dial()
		cases := map[string]struct {
			dest   func(dir string) string
			source io.Reader
			size   int64
			is     error
			text   string
		}{
			"no directory":     {func(d string) string { return d + "/no/f" }, strings.NewReader("abc"), 3, fs.ErrNotExist, "write"},
			"is a directory":   {func(d string) string { os.Mkdir(d+"/f", 0o700); os.WriteFile(d+"/f/x", nil, 0o600); return d + "/f" }, strings.NewReader("abc"), 3, nil, "write"},
			"source too short": {func(d string) string { return d + "/f" }, strings.NewReader("abc"), 10, nil, "the source ended after 3 of 10 bytes"},
			"source too long":  {func(d string) string { return d + "/f" }, strings.NewReader("abcdef"), 3, nil, "the source has more than 3 bytes"},
			"source fails":     {func(d string) string { return d + "/f" }, iotest.ErrReader(errors.New("disk on fire")), 3, nil, "disk on fire"},
			"negative size":    {func(d string) string { return d + "/f" }, strings.NewReader(""), -1, nil, "negative"},
			"no name":          {func(d string) string { return d + "/" }, strings.NewReader(""), 0, nil, "names no file"},
			"line break":       {func(d string) string { return d + "/a\nb" }, strings.NewReader(""), 0, nil, "line break"},
		}
		for name, tc := range cases {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				dest := tc.dest(dir)
				before := names(t, dir)
				err := c.Put(context.Background(), dest, tc.source, tc.size, 0o600)
				var file *ssh.FileError
				if !errors.As(err, &file) || file.Path != dest || file.Host != "web1" {
					t.Fatalf("got %v, want a FileError", err)
				}
				if tc.is != nil && !errors.Is(err, tc.is) {
					t.Errorf("%v is not %v", err, tc.is)
				}
				if !strings.Contains(err.Error(), tc.text) {
					t.Errorf("%v does not say %q", err, tc.text)
				}
				waitNames(t, dir, before)
			})
		}
		if out, _, err := run(t, c, "echo alive", ""); err != nil || out != "alive\n" {
			t.Errorf("connection afterwards: %q, %v", out, err)
		}
	})
}

// waitNames waits until a directory has these entries: the far side may clean
// up a moment later.
func waitNames(t *testing.T, dir string, want []string) {
	t.Helper()
	var got []string
	for range 200 {
		if got = names(t, dir); fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("directory has %q, want %q", got, want)
}

func TestPutReadOnlyDirectory(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	eachPut(t, func(t *testing.T, s *sshtest.Server) {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		err := s.Dial().Put(context.Background(), dir+"/f", strings.NewReader("x"), 1, 0o600)
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("got %v", err)
		}
	})
}

// slowReader gives data little by little and calls at once per read.
type slowReader struct {
	left int
	each func(left int)
}

func (r *slowReader) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := min(len(b), r.left, 8<<10)
	r.left -= n
	r.each(r.left)
	return n, nil
}

func TestPutCancelLeavesNothing(t *testing.T) {
	t.Parallel()
	eachPut(t, func(t *testing.T, s *sshtest.Server) {
		c := s.Dial()
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		r := &slowReader{left: 1 << 20, each: func(left int) {
			if left < 1<<19 && ctx.Err() == nil {
				cancel()
				time.Sleep(50 * time.Millisecond) // or all of it could be there by now
			}
		}}
		err := c.Put(ctx, dir+"/f", r, 1<<20, 0o600)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		waitNames(t, dir, nil)
	})
}

func TestPutCutConnection(t *testing.T) {
	t.Parallel()
	eachPut(t, func(t *testing.T, s *sshtest.Server) {
		dir := t.TempDir()
		if err := os.WriteFile(dir+"/f", []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		faults := &sshtest.Faults{Next: s}
		o := s.Options()
		o.Dialer = faults
		c, err := ssh.Dial(context.Background(), s.Endpoint(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		r := &slowReader{left: 1 << 20, each: func(left int) {
			if left < 1<<19 {
				faults.Cut()
			}
		}}
		err = c.Put(context.Background(), dir+"/f", r, 1<<20, 0o600)
		var closed *ssh.ClosedError
		if !errors.As(err, &closed) {
			t.Errorf("got %v, want a ClosedError", err)
		}
		if got, _ := os.ReadFile(dir + "/f"); string(got) != "old" {
			t.Errorf("destination has %q", got)
		}
	})
}

func TestPutConcurrently(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{}, func(t *testing.T, s *sshtest.Server) {
		c := s.Dial()
		dir := t.TempDir()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				data := bytes.Repeat([]byte{byte(i)}, 300000+i)
				if err := c.Put(context.Background(), fmt.Sprintf("%s/%d", dir, i), bytes.NewReader(data), int64(len(data)), 0o600); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i := range 8 {
			got, err := os.ReadFile(fmt.Sprintf("%s/%d", dir, i))
			if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{byte(i)}, 300000+i)) {
				t.Errorf("file %d: %d bytes, %v", i, len(got), err)
			}
		}
	})
}

func TestSFTP(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{}, func(t *testing.T, s *sshtest.Server) {
		ctx := context.Background()
		f, err := s.Dial().SFTP(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		dir := t.TempDir()
		if err := f.Mkdir(ctx, dir+"/d", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := f.Mkdir(ctx, dir+"/d", 0o750); err == nil {
			t.Error("second mkdir: no error")
		}
		if err := f.Put(ctx, dir+"/d/a", strings.NewReader("hello"), 5, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.Rename(ctx, dir+"/d/a", dir+"/d/b"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/d/c", []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.Rename(ctx, dir+"/d/b", dir+"/d/c"); err != nil {
			t.Fatalf("rename over a file: %v", err)
		}
		list, err := f.ReadDir(ctx, dir+"/d")
		if err != nil || len(list) != 1 || list[0].Name() != "c" || list[0].Size() != 5 {
			t.Errorf("list: %v, %v", list, err)
		}
		if data, err := f.ReadFile(ctx, dir+"/d/c", 100); err != nil || string(data) != "hello" {
			t.Errorf("read: %q, %v", data, err)
		}
		if _, err := f.ReadFile(ctx, dir+"/d/c", 4); err == nil {
			t.Error("read of a file over the limit: no error")
		}
		info, err := f.Stat(ctx, dir+"/d")
		if err != nil || info.Mode() != fs.ModeDir|0o750 {
			t.Errorf("stat: %v, %v", info, err)
		}
		if err := f.Remove(ctx, dir+"/d/c"); err != nil {
			t.Error(err)
		}
		if err := f.Remove(ctx, dir+"/d"); err != nil {
			t.Error(err)
		}
		_, err = f.Stat(ctx, dir+"/d")
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("stat of nothing: %v", err)
		}
		if want := "web1: look at " + dir + "/d: no such file or directory"; err != nil && err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

func TestPutResume(t *testing.T) {
	t.Parallel()
	const size = 6<<20 + 123
	want := noise(size)
	sum := sha256.Sum256(want)
	eachBackend(t, sshtest.Config{}, func(t *testing.T, s *sshtest.Server) {
		dir := t.TempDir()
		dest := dir + "/blob"
		faults := &sshtest.Faults{Next: s}
		o := s.Options()
		o.Dialer = faults
		put := func(cutAt int64) (first int64, err error) {
			c, err := ssh.Dial(context.Background(), s.Endpoint(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			f, err := c.SFTP(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			first = -1
			err = f.PutResume(context.Background(), dest, bytes.NewReader(want), size, 0o600, func(done int64) {
				if first < 0 {
					first = done
				}
				if cutAt > 0 && done >= cutAt {
					faults.Cut()
				}
			})
			return first, err
		}
		var closed *ssh.ClosedError
		if _, err := put(4 << 20); !errors.As(err, &closed) {
			t.Fatalf("cut upload: got %v", err)
		}
		info, err := os.Stat(dest + ".part")
		if err != nil || info.Size() < 4<<20 {
			t.Fatalf("partial file: %v, %v", info, err)
		}
		first, err := put(0)
		if err != nil {
			t.Fatal(err)
		}
		if first < 2<<20 {
			t.Errorf("went on at %d: nothing was resumed", first)
		}
		got, err := os.ReadFile(dest)
		if err != nil || sha256.Sum256(got) != sum {
			t.Errorf("read back %d bytes, %v", len(got), err)
		}
		waitNames(t, dir, []string{"blob"})

		// A partial file that is too long is of something else.
		if err := os.WriteFile(dest+".part", make([]byte, size+1), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := put(0); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(dest); sha256.Sum256(got) != sum {
			t.Error("content after an overlong partial file differs")
		}
	})
}

func TestNoSFTPIsTyped(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{NoSFTP: true}, func(t *testing.T, s *sshtest.Server) {
		var refused *ssh.RefusedError
		if _, err := s.Dial().SFTP(context.Background()); !errors.As(err, &refused) || refused.Request != "subsystem" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("missing program", func(t *testing.T) {
		t.Parallel()
		s := sshtest.New(t, sshtest.Config{Backend: sshtest.OpenSSH, NoSFTP: true, Extra: []string{"Subsystem sftp /no/such/sftp-server"}})
		c := s.Dial()
		var refused *ssh.RefusedError
		if _, err := c.SFTP(context.Background()); !errors.As(err, &refused) {
			t.Errorf("got %v", err)
		}
		dest := t.TempDir() + "/f"
		if err := c.Put(context.Background(), dest, strings.NewReader("x"), 1, 0o600); err != nil {
			t.Errorf("Put without the program: %v", err)
		}
	})
}
