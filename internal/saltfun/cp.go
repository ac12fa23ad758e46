package saltfun

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"pinch/internal/fileserver"
	"pinch/internal/py"
)

func cpFuncs() []*function {
	return []*function{
		parse("cp.envs", "", func(c *call) (py.Value, error) { return py.Strings(c.h.Files.Envs()...), nil }),
		parse("cp.list_states", "saltenv=None", func(c *call) (py.Value, error) {
			return py.Strings(c.h.Files.States(c.env("saltenv"))...), nil
		}),
		parse("cp.list_master", "saltenv=None, prefix=''", func(c *call) (py.Value, error) {
			return below(c.h.Files.Files(c.env("saltenv")), c.arg("prefix")), nil
		}),
		parse("cp.list_master_dirs", "saltenv=None, prefix=''", func(c *call) (py.Value, error) {
			return below(c.h.Files.Dirs(c.env("saltenv")), c.arg("prefix")), nil
		}),
		parse("cp.list_master_symlinks", "saltenv=None, prefix=''", func(c *call) (py.Value, error) {
			prefix := strings.Trim(py.ToStr(c.arg("prefix")), "/")
			out := py.NewDict()
			for _, l := range c.h.Files.Links(c.env("saltenv")) {
				if strings.HasPrefix(l.Path, prefix) {
					out.SetStr(l.Path, py.Str(l.Target))
				}
			}
			return out, nil
		}),
		parse("cp.is_cached", "path, saltenv=None", func(c *call) (py.Value, error) {
			f, err := treeFile(c, "path")
			if err != nil || f == nil {
				return py.Str(""), err
			}
			return py.Str(c.h.CachePath(f)), nil
		}),
		parse("cp.get_file_str", "path!, saltenv=None", func(c *call) (py.Value, error) {
			if p, ok := c.hostPath(); ok {
				return c.h.Call(c.ctx, "file.read", py.NewArgs(py.Str(p)))
			}
			f, err := treeFile(c, "path")
			if err != nil {
				return nil, err
			}
			if f == nil {
				return py.False, nil
			}
			return readText(f)
		}),
		parse("cp.hash_file", "path, saltenv=None", cpHashFile),
		parse("cp.stat_file", "path, saltenv=None, octal=True", cpStatFile),
	}
}

func below(paths []string, prefix py.Value) *py.List {
	p := strings.Trim(py.ToStr(prefix), "/")
	out := py.NewList()
	for _, f := range paths {
		if strings.HasPrefix(f, p) {
			out.Append(py.Str(f))
		}
	}
	return out
}

// CachePath is where a minion keeps its copy of a file of the tree.
func (h *Host) CachePath(f *fileserver.File) string {
	return path.Join(h.CacheDir, "files", f.Env, f.Rel)
}

// treeFile finds the file that an argument names: a salt:// URL, or the place
// of a minion's copy. nil means that the tree has no such file. A file of the
// host or of the network is an error.
func treeFile(c *call, param string) (*fileserver.File, error) {
	text, err := c.text(param)
	if err != nil {
		return nil, err
	}
	return c.h.treePath(text, c.env("saltenv"))
}

func (h *Host) treePath(text, env string) (*fileserver.File, error) {
	if strings.HasPrefix(text, "salt://") {
		if f, ok := h.Files.FindURL(text, env); ok {
			return f, nil
		}
		return nil, nil
	}
	if rest, ok := strings.CutPrefix(text, path.Join(h.CacheDir, "files")+"/"); ok && h.CacheDir != "" {
		cacheEnv, rel, _ := strings.Cut(rest, "/")
		if f, ok := h.Files.Find(rel, cacheEnv); ok {
			return f, nil
		}
		return nil, nil
	}
	if !strings.HasPrefix(text, "/") && !strings.Contains(text, "://") {
		return nil, py.Errorf("CommandExecutionError", "Path '%s' is not absolute", text)
	}
	return nil, py.Errorf("CommandExecutionError",
		"%s is no file of the state tree; while rendering only salt:// files can be read", text)
}

// readText reads a file as Salt does: strict UTF-8, line ends as they are.
func readText(f *fileserver.File) (py.Value, error) {
	text, err := f.Text()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return py.Str(text), CheckText(text)
}

// CheckText fails as DecodeText does, for the text of a file.
func CheckText(text string) error {
	if !utf8.ValidString(text) {
		return py.Errorf("UnicodeDecodeError", "%s", decodeError([]byte(text)))
	}
	return nil
}

// DecodeText decodes a file of the tree as Salt reads it: strict UTF-8, line
// ends as they are.
func DecodeText(raw []byte) (string, error) {
	if !utf8.Valid(raw) {
		return "", py.Errorf("UnicodeDecodeError", "%s", decodeError(raw))
	}
	return string(raw), nil
}

// decodeError words Python's UnicodeDecodeError for the first bad byte.
func decodeError(raw []byte) string {
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r != utf8.RuneError || n > 1 {
			i += n
			continue
		}
		b, reason := raw[i], "invalid start byte"
		switch {
		case b < 0xC2 || b > 0xF4:
		case len(raw)-i < sequenceLen(b) && !utf8.FullRune(raw[i:]):
			return fmt.Sprintf("'utf-8' codec can't decode byte%s", truncated(raw, i))
		default:
			reason = "invalid continuation byte"
		}
		return fmt.Sprintf("'utf-8' codec can't decode byte 0x%02x in position %d: %s", b, i, reason)
	}
	return "'utf-8' codec can't decode bytes"
}

func sequenceLen(b byte) int {
	switch {
	case b >= 0xF0:
		return 4
	case b >= 0xE0:
		return 3
	}
	return 2
}

func truncated(raw []byte, i int) string {
	if i == len(raw)-1 {
		return fmt.Sprintf(" 0x%02x in position %d: unexpected end of data", raw[i], i)
	}
	return fmt.Sprintf("s in position %d-%d: unexpected end of data", i, len(raw)-1)
}

// hostPath says whether the argument path names a file of the host itself, and
// not the copy of one of the tree.
func (c *call) hostPath() (string, bool) {
	s, ok := c.arg("path").(py.Str)
	return string(s), ok && strings.HasPrefix(string(s), "/") && !strings.HasPrefix(string(s), path.Join(c.h.CacheDir, "files")+"/") && c.h.onHost()
}

func cpHashFile(c *call) (py.Value, error) {
	if p, ok := c.hostPath(); ok {
		kind := c.h.Files.HashType()
		sum, err := c.h.Call(c.ctx, "file.get_hash", py.NewArgs(py.Str(p), py.Str(kind)))
		if err != nil {
			return nil, err
		}
		return py.DictOf("hash_type", py.Str(kind), "hsum", sum), nil
	}
	f, err := treeFile(c, "path")
	if err != nil {
		return nil, err
	}
	if f == nil {
		return py.Str(""), nil
	}
	out := py.NewDict()
	kind := c.h.Files.HashType()
	sum, err := f.Hash(kind)
	if err != nil {
		return nil, err
	}
	out.SetStr("hash_type", py.Str(kind))
	out.SetStr("hsum", py.Str(sum))
	return out, nil
}

func cpStatFile(c *call) (py.Value, error) {
	f, err := treeFile(c, "path")
	if err != nil {
		return nil, err
	}
	if f == nil {
		return py.None, nil
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	perm := info.Mode().Perm()
	if c.arg("octal") == py.Value(py.True) {
		return py.Str(fmt.Sprintf("0%o", perm)), nil
	}
	return py.Int(0o100000 | int64(perm)), nil
}
