// Package acl has Salt's acl module: POSIX access control lists of files, by
// getfacl(1) and setfacl(1).
package acl

import (
	"context"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// getfacl is Salt's acl.getfacl: the lists of files by path.
func getfacl(ctx context.Context, c *modules.Call, recursive bool, paths ...string) (*py.Dict, error) {
	argv := []string{"getfacl", "--absolute-names"}
	if recursive {
		argv = append(argv, "-R")
	}
	s, err := c.Ask(ctx, append(append(argv, "--"), paths...)...)
	if err != nil {
		return nil, err
	}
	return parse(s.Out), nil
}

// parse reads what getfacl prints.
func parse(text string) *py.Dict {
	out := py.NewDict()
	var file, comment *py.Dict
	for _, line := range strings.Split(text, "\n") {
		if header, ok := strings.CutPrefix(line, "# "); ok {
			k, v, _ := strings.Cut(header, ": ")
			v = unescape(v)
			if k == "file" {
				comment = py.NewDict()
				file = py.DictOf("comment", comment, "user", py.NewList(), "group", py.NewList())
				out.SetStr(v, file)
			}
			if file == nil {
				continue
			}
			comment.SetStr(k, py.Str(v))
			if k == "flags" && len(v) == 3 {
				for i, f := range []string{"suid", "sgid", "sticky"} {
					if v[i] != '-' && v[i] != 'S' && v[i] != 'T' {
						file.SetStr(f, py.True)
					}
				}
			}
			continue
		}
		if file != nil {
			entry(file, comment, line)
		}
	}
	return out
}

// entry adds a line of a list to a file's.
func entry(file, comment *py.Dict, line string) {
	line, _, _ = strings.Cut(line, "\t") // #effective
	where := file
	if rest, ok := strings.CutPrefix(line, "default:"); ok {
		line = rest
		d, ok := file.Lookup("defaults").(*py.Dict)
		if !ok {
			d = py.NewDict()
			file.SetStr("defaults", d)
		}
		where = d
	}
	w := strings.Split(line, ":")
	if len(w) < 3 {
		return
	}
	kind, name, perms := w[0], unescape(strings.Join(w[1:len(w)-1], ":")), w[len(w)-1]
	switch {
	case kind == "user" && name == "":
		name = comment.String("owner")
	case kind == "group" && name == "":
		name = comment.String("group")
	}
	has := func(c string) bool { return strings.Contains(perms, c) }
	vals := py.DictOf("permissions", py.DictOf("read", py.Bool(has("r")), "write", py.Bool(has("w")), "execute", py.Bool(has("x"))),
		"octal", py.Int(octal(perms)))
	if kind == "other" || kind == "mask" {
		where.SetStr(kind, py.NewList(py.DictOf("", vals)))
		return
	}
	l, ok := where.Lookup(kind).(*py.List)
	if !ok {
		l = py.NewList()
		where.SetStr(kind, l)
	}
	l.Append(py.DictOf(name, vals))
}

// octal is the number of the permissions of a line of getfacl.
func octal(perms string) int64 {
	var n int64
	for i, c := range "xwr" {
		if strings.ContainsRune(perms, c) {
			n |= 1 << i
		}
	}
	return n
}

// unescape undoes getfacl's \NNN.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// prefix is how setfacl calls a type of entry.
func prefix(kind string) string {
	p := ""
	if strings.HasPrefix(kind, "d") {
		p = "d:"
		kind = strings.NewReplacer("default:", "", "d:", "").Replace(kind)
	}
	switch kind {
	case "user", "u":
		return p + "u"
	case "group", "g":
		return p + "g"
	case "mask", "m":
		return p + "m"
	}
	return p
}

// setfacl runs setfacl(1); problem is what it said when it failed.
func setfacl(ctx context.Context, c *modules.Call, w host.Writer, recursive bool, args []string, paths ...string) (problem string, err error) {
	argv := []string{"setfacl"}
	if recursive {
		argv = append(argv, "-R")
	}
	s, err := c.Do(ctx, w, append(append(append(argv, args...), "--"), paths...)...)
	if err == nil && s.Code != 0 {
		problem = s.All()
	}
	return problem, err
}

func modfacl(ctx context.Context, c *modules.Call, w host.Writer, recursive bool, kind, name, perms string, paths ...string) (string, error) {
	return setfacl(ctx, c, w, recursive, []string{"-m", prefix(kind) + ":" + name + ":" + perms}, paths...)
}

func delfacl(ctx context.Context, c *modules.Call, w host.Writer, recursive bool, kind, name string, paths ...string) (string, error) {
	return setfacl(ctx, c, w, recursive, []string{"-x", prefix(kind) + ":" + name}, paths...)
}
