package file

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
)

// look declares an execution function that only looks.
func look[A any](name, doc string, run func(ctx context.Context, o *op, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "file." + name, Doc: doc,
		Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
			return run(ctx, &op{Call: c, w: host.ReadOnly(c.Reader), test: c.Test}, a)
		}}.Func()
}

// act declares an execution function that may change the host.
func act[A any](name, doc string, run func(ctx context.Context, o *op, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "file." + name, Doc: doc,
		Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
			return run(ctx, &op{Call: c, w: w, test: c.Test}, a)
		}}.Func()
}

// pure declares an execution function that needs no host.
func pure[A any](name, doc string, run func(a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "file." + name, Doc: doc, Where: modules.Pure,
		Run: func(_ context.Context, _ *modules.Call, a *A) (py.Value, error) { return run(a) }}.Func()
}

type pathArgs struct {
	Path string `arg:"path,required" doc:"Path of the file."`
}

type namePathArgs struct {
	Name string `arg:"name,required" doc:"Path of the file."`
}

type followArgs struct {
	Path   string `arg:"path,required" doc:"Path of the file."`
	Follow bool   `arg:"follow_symlinks" default:"True" doc:"Look behind a link."`
}

// execFuncs returns the execution functions.
func execFuncs() []*modules.Func {
	var out []*modules.Func
	for _, l := range [][]*modules.Func{pathFuncs(), presenceFuncs(), ownerFuncs(), hashFuncs(), readFuncs(), searchFuncs(), writeFuncs(),
		editFuncs(), permFuncs(), moveFuncs(), dirFuncs(), backupFuncs(), managedFuncs()} {
		out = append(out, l...)
	}
	return out
}

func pathFuncs() []*modules.Func {
	type joinArgs struct {
		Parts []py.Value `arg:"*"`
	}
	one := func(name, doc string, fn func(string) string) *modules.Func {
		return pure(name, doc, func(a *pathArgs) (py.Value, error) { return py.Str(fn(a.Path)), nil })
	}
	type noArgs struct{}
	return []*modules.Func{
		one("basename", "Returns the last part of a path.", pypath.Base),
		one("dirname", "Returns a path without its last part.", pypath.Dir),
		one("normpath", "Returns a path without needless parts.", pypath.Norm),
		pure("join", "Joins parts of a path.", func(a *joinArgs) (py.Value, error) {
			parts := make([]string, len(a.Parts))
			for i, p := range a.Parts {
				parts[i] = py.ToStr(p)
			}
			return py.Str(pypath.Join(parts...)), nil
		}),
		pure("pardir", "Returns the name of the parent directory: two dots.", func(*noArgs) (py.Value, error) { return py.Str(".."), nil }),
	}
}

func presenceFuncs() []*modules.Func {
	test := func(name, doc string, fn func(r host.Reader, path string) bool) *modules.Func {
		return look(name, doc, func(_ context.Context, o *op, a *pathArgs) (py.Value, error) {
			return py.Bool(fn(o, expandUser(o, a.Path))), nil
		})
	}
	node := func(name, doc, ntype string) *modules.Func {
		t, _ := nodeTypeOf(ntype) // one of the known ones
		return look(name, doc, func(_ context.Context, o *op, a *namePathArgs) (py.Value, error) {
			return py.Bool(isNode(o, expandUser(o, a.Name), t)), nil
		})
	}
	type linkArgs struct {
		Path   string `arg:"path,required" doc:"Path of the file."`
		Nostat bool   `arg:"nostat" default:"False" doc:"How Salt looks; no effect here."`
	}
	type accessArgs struct {
		Path string   `arg:"path,required" doc:"Absolute path."`
		Mode py.Value `arg:"mode,required" doc:"f, r, w or x: there, readable, writable, executable."`
	}
	return []*modules.Func{
		test("file_exists", "Says whether a path is a file.", isFile),
		test("directory_exists", "Says whether a path is a directory.", isDir),
		test("path_exists_glob", "Says whether anything has a path that fits a glob.", func(r host.Reader, p string) bool { return len(glob(r, p)) > 0 }),
		test("is_hardlink", "Says whether a file has several names.", isHardlink),
		look("is_link", "Says whether a path is a symbolic link.", func(_ context.Context, o *op, a *linkArgs) (py.Value, error) {
			return py.Bool(isLink(o, expandUser(o, a.Path))), nil
		}),
		node("is_chrdev", "Says whether a path is a character device.", "c"),
		node("is_blkdev", "Says whether a path is a block device.", "b"),
		node("is_fifo", "Says whether a path is a named pipe.", "p"),
		look("access", "Says whether the user that runs this may read, write or execute a file.",
			func(_ context.Context, o *op, a *accessArgs) (py.Value, error) { return o.access(a.Path, a.Mode) }),
		look("get_devmm", "Returns the major and minor number of a device.", func(_ context.Context, o *op, a *namePathArgs) (py.Value, error) {
			i, err := o.Stat(expandUser(o, a.Name))
			if err != nil || i.Mode.Type()&^0 == 0 || i.Rdev == 0 {
				return py.Tuple{py.Int(0), py.Int(0)}, nil //nolint:nilerr // as Salt: no device, no numbers
			}
			major, minor := devNumbers(i.Rdev)
			return py.Tuple{py.Int(major), py.Int(minor)}, nil
		}),
	}
}

// access is os.access by the permission bits; root may read and write all.
func (o *op) access(path string, mode py.Value) (py.Value, error) {
	path = expandUser(o, path)
	if !isAbs(path) {
		return nil, invokeError("Path to link must be absolute.")
	}
	bit := map[string]uint32{"f": 0, "r": 4, "w": 2, "x": 1}
	want, ok := bit[py.ToStr(mode)]
	if n, isInt := py.AsInt(mode); isInt {
		want, ok = uint32(n), n == 0 || n == 1 || n == 2 || n == 4
	}
	if !ok {
		return nil, invokeError("Invalid mode specified.")
	}
	i, err := o.Stat(path)
	if err != nil {
		return py.False, nil //nolint:nilerr // not there, so no access
	}
	perm, uid := i.Perm(), o.Getuid()
	switch {
	case want == 0:
		return py.True, nil
	case uid == 0:
		return py.Bool(want != 1 || i.IsDir() || perm&0o111 != 0), nil
	case uid == i.UID:
		return py.Bool(perm>>6&want != 0), nil
	}
	if u, ok := o.UserID(uid); ok {
		groups, err := host.GroupList(o, u)
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			if g == i.GID {
				return py.Bool(perm>>3&want != 0), nil
			}
		}
	}
	return py.Bool(perm&want != 0), nil
}

func ownerFuncs() []*modules.Func {
	of := func(name, doc string, fn func(s status) py.Value) *modules.Func {
		return look(name, doc, func(_ context.Context, o *op, a *followArgs) (py.Value, error) {
			s, err := stats(o, a.Path, a.Follow)
			if err != nil {
				return nil, err
			}
			return fn(s), nil
		})
	}
	type userArg struct {
		User py.Value `arg:"user,required" doc:"Name of a user."`
	}
	type groupArg struct {
		Group py.Value `arg:"group,required" doc:"Name of a group."`
	}
	type uidArg struct {
		UID py.Value `arg:"uid,required" doc:"Number of a user."`
	}
	type gidArg struct {
		GID py.Value `arg:"gid,required" doc:"Number of a group."`
	}
	return []*modules.Func{
		of("get_user", "Returns the owner of a file.", func(s status) py.Value { return s.user }),
		of("get_group", "Returns the group of a file.", func(s status) py.Value { return s.group }),
		of("get_uid", "Returns the number of a file's owner.", func(s status) py.Value { return py.Int(s.UID) }),
		of("get_gid", "Returns the number of a file's group.", func(s status) py.Value { return py.Int(s.GID) }),
		of("get_mode", "Returns the permission bits of a file.", func(s status) py.Value { return py.Str(s.mode) }),
		look("user_to_uid", "Returns the number of a user, an empty text when there is none.", func(_ context.Context, o *op, a *userArg) (py.Value, error) {
			if n, ok := uidOf(o, a.User); ok {
				return py.Int(n), nil
			}
			return py.Str(""), nil
		}),
		look("group_to_gid", "Returns the number of a group, an empty text when there is none.", func(_ context.Context, o *op, a *groupArg) (py.Value, error) {
			if n, ok := gidOf(o, a.Group); ok {
				return py.Int(n), nil
			}
			return py.Str(""), nil
		}),
		look("uid_to_user", "Returns the name of a user, its number when it has none.", func(_ context.Context, o *op, a *uidArg) (py.Value, error) {
			if n, ok := py.AsInt(a.UID); ok {
				return userName(o, int(n)), nil
			}
			return nil, py.TypeErrorf("uid should be integer, not %s", a.UID.Type())
		}),
		look("gid_to_group", "Returns the name of a group, its number when it has none.", func(_ context.Context, o *op, a *gidArg) (py.Value, error) {
			if n, ok := py.AsInt(digits(a.GID)); ok {
				return groupName(o, int(n)), nil
			}
			if n, ok := gidOf(o, a.GID); ok {
				return groupName(o, n), nil
			}
			return py.Str(""), nil
		}),
	}
}

func hashFuncs() []*modules.Func {
	type hashArgs struct {
		Path      string   `arg:"path,required" doc:"Path of the file."`
		Form      string   `arg:"form" default:"'sha256'" doc:"Kind of hash."`
		ChunkSize py.Value `arg:"chunk_size" default:"65536" doc:"How Salt reads the file; no effect here."`
	}
	type sumArgs struct {
		Path string `arg:"path,required" doc:"Path of the file."`
		Form string `arg:"form" default:"'sha256'" doc:"Kind of hash."`
	}
	type checkArgs struct {
		Path     string   `arg:"path,required" doc:"Path of the file."`
		FileHash py.Value `arg:"file_hash,required" doc:"The hash, or kind=hash."`
	}
	return []*modules.Func{
		look("get_hash", "Returns the hash of a file.", func(_ context.Context, o *op, a *hashArgs) (py.Value, error) {
			sum, err := fileHash(o, expandUser(o, a.Path), a.Form)
			return py.Str(sum), osFailure(err)
		}),
		look("get_sum", "Returns the hash of a file, or a sentence when it is missing.", func(_ context.Context, o *op, a *sumArgs) (py.Value, error) {
			path := expandUser(o, a.Path)
			if !isFile(o, path) {
				return py.Str("File not found"), nil
			}
			sum, err := fileHash(o, path, a.Form)
			return py.Str(sum), osFailure(err)
		}),
		look("check_hash", "Says whether a file has a hash.", func(_ context.Context, o *op, a *checkArgs) (py.Value, error) {
			text, ok := a.FileHash.(py.Str)
			if !ok {
				return nil, invokeError("hash must be a string")
			}
			kind, sum, has := strings.Cut(string(text), ":")
			if !has {
				kind, sum, has = strings.Cut(string(text), "=")
			}
			if !has {
				k, ok := hashOfLength(len(text))
				if !ok {
					return nil, invokeError(fmt.Sprintf("Hash %s (length: %d) could not be matched to a supported hash type. The supported hash types and lengths are: %s", text, len(text), kindList(true)))
				}
				kind, sum = k.name, string(text)
			}
			have, err := fileHash(o, expandUser(o, a.Path), kind)
			return py.Bool(have == sum), osFailure(err)
		}),
	}
}

// osFailure is an error of the system as Python raises it.
func osFailure(err error) error { return modules.OSError(err) }
