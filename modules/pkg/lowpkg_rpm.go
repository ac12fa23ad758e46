package pkg

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/modules"
)

// rpmHost is what dnf and zypper share: the rpm database.
type rpmHost struct {
	commands
	rpmNames
}

// rpmOf returns nil for a manager of other packages.
func rpmOf(m manager) *rpmHost {
	switch m := m.(type) {
	case *dnf:
		return &rpmHost{m.commands, m.rpmNames}
	case *zypper:
		return &rpmHost{m.commands, m.rpmNames}
	}
	return nil
}

// query asks rpm; both streams come together when merged is set.
func (m *rpmHost) query(ctx context.Context, merged bool, argv ...string) (string, error) {
	out, err := m.look(ctx, append([]string{"rpm"}, argv...)...)
	if merged && out.stderr != "" {
		return strings.TrimSpace(out.stdout + "\n" + out.stderr), err
	}
	return out.stdout, err
}

// lines are a text's lines; none of an empty text.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func all(names []string) string {
	if len(names) == 0 {
		return "-qa"
	}
	return "-q"
}

func rpmOwner(ctx context.Context, m *rpmHost, a *namesArgs) (py.Value, error) {
	return ownerOf(names(a.Names), func(path string) (string, error) {
		out, err := m.query(ctx, false, "-q", "-f", "--queryformat", "%{name}", path)
		if strings.Contains(strings.ToLower(out), "not owned") {
			out = ""
		}
		return out, err
	})
}

// ownerOf is pkg.owner: one path's package alone, packages by path of several.
func ownerOf(paths []string, ask func(path string) (string, error)) (py.Value, error) {
	ret := py.NewDict()
	for _, p := range paths {
		pkg, err := ask(p)
		if err != nil {
			return nil, err
		}
		ret.SetStr(p, py.Str(pkg))
	}
	switch ret.Len() {
	case 0:
		return py.Str(""), nil
	case 1:
		return ret.Lookup(keys(ret)[0]), nil
	}
	return ret, nil
}

func rpmFileList(ctx context.Context, m *rpmHost, a *namesArgs) (py.Value, error) {
	out, err := m.query(ctx, true, slices.Concat([]string{all(names(a.Names)), "-l"}, names(a.Names))...)
	return py.DictOf("errors", py.NewList(), "files", py.Strings(lines(out)...)), err
}

// rpmVersions are names and versions; said are the lines that tell of packages
// that are not installed.
func (m *rpmHost) rpmVersions(ctx context.Context, names []string) (ret *py.Dict, said []string, err error) {
	out, err := m.query(ctx, true, slices.Concat([]string{all(names), "--queryformat", `%{NAME} %{VERSION}\n`}, names)...)
	ret = py.NewDict()
	for _, line := range lines(out) {
		if f := strings.Fields(line); strings.Contains(line, "is not installed") {
			said = append(said, line)
		} else if len(f) > 1 {
			ret.SetStr(f[0], py.Str(f[1]))
		}
	}
	return ret, said, err
}

func rpmFileDict(ctx context.Context, m *rpmHost, a *namesArgs) (py.Value, error) {
	have, said, err := m.rpmVersions(ctx, names(a.Names))
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, n := range keys(have) {
		out, err := m.query(ctx, true, "-q", "-l", n)
		if err != nil {
			return nil, err
		}
		ret.SetStr(n, py.Strings(lines(out)...))
	}
	return py.DictOf("errors", py.Strings(said...), "packages", ret), nil
}

func rpmListPkgs(ctx context.Context, m *rpmHost, a *namesArgs) (py.Value, error) {
	ret, _, err := m.rpmVersions(ctx, names(a.Names))
	return dictOrError(ret, err)
}

// binInfo is lowpkg.bin_pkg_info of a file on the host; nil when it is no
// package.
func (m *rpmHost) binInfo(ctx context.Context, path string) (py.Value, error) {
	if _, err := m.reader().Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, modules.CommandExecutionError(path + " does not exist on minion")
	}
	if !strings.HasPrefix(path, "/") {
		return nil, modules.SaltInvocationError(path + " does not exist on minion")
	}
	out, err := m.query(ctx, false, "-q", "-p", "--queryformat", rpmFormat, path)
	if err != nil {
		return nil, err
	}
	name, version, ok := m.parseRPM(out)
	if !ok {
		return py.None, nil
	}
	f := strings.Split(out, "_|-")
	ret := py.DictOf("name", py.Str(name), "version", py.Str(version), "arch", py.Str(f[4]), "repoid", py.Str("none"), "install_date", py.None, "install_date_time_t", py.None)
	if secs, err := strconv.ParseInt(f[6], 10, 64); err == nil && secs != 0 {
		ret.SetStr("install_date", py.Str(time.Unix(secs, 0).UTC().Format("2006-01-02T15:04:05+00:00Z")))
		ret.SetStr("install_date_time_t", py.Int(secs))
	}
	return ret, nil
}

// rpmVerifyTypes are the marks of files that are something special.
var rpmVerifyTypes = map[byte]string{'c': "config", 'd': "doc", 'g': "ghost", 'l': "license", 'r': "readme"}

// rpmMismatches are what rpm's letters say, by their column.
var rpmMismatches = [...]struct {
	letter byte
	what   string
}{{'S', "size"}, {'M', "mode"}, {'5', "md5sum"}, {'D', "device major/minor number"}, {'L', "readlink path"}, {'U', "user"}, {'G', "group"}, {'T', "mtime"}, {'P', "capabilities"}}

// verify is lowpkg.verify: what differs from the packages, by file.
func (m *rpmHost) verify(ctx context.Context, names []string, kw *py.Dict) (*py.Dict, error) {
	if err := refused("pkg.verify", kw, "root"); err != nil {
		return nil, err
	}
	words := func(key string) ([]string, error) {
		switch v := kw.Lookup(key).(type) {
		case nil:
			return nil, nil
		case *py.List:
			return texts(v), nil
		case py.Str:
			return trimmedWords(string(v)), nil
		}
		return nil, modules.SaltInvocationError(key + " must be a list or a comma-separated string")
	}
	ignored, err := words("ignore_types")
	if err != nil {
		return nil, err
	}
	options, err := words("verify_options")
	if err != nil {
		return nil, err
	}
	argv := []string{"rpm"}
	for _, o := range options {
		argv = append(argv, "--"+o)
	}
	if len(names) == 0 {
		argv = append(argv, "-Va")
	} else {
		argv = append(append(argv, "-V"), names...)
	}
	if m.w == nil {
		return nil, errNeedsWriter // the packages' own scripts run too
	}
	out, err := m.look(ctx, argv...)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(out.stdout) == "" && out.code != 0 {
		if out.stderr != "" {
			return nil, commandErrorf("Failed to verify package(s): %s", out.stderr)
		}
		return nil, commandErrorf("Failed to verify package(s)")
	}
	ret := py.NewDict()
	for _, line := range lines(out.stdout) {
		about := py.DictOf("mismatch", py.NewList())
		if strings.Contains(line, "missing") {
			line = " " + line
			about = py.DictOf("missing", py.True)
		}
		if len(line) < 13 {
			continue
		}
		kind := rpmVerifyTypes[line[11]]
		if kind != "" {
			about.SetStr("type", py.Str(kind))
		}
		if kind != "" && slices.Contains(ignored, kind) {
			continue
		}
		for i, mark := range rpmMismatches {
			if l, ok := about.Lookup("mismatch").(*py.List); ok && line[i] == mark.letter {
				l.Append(py.Str(mark.what))
			}
		}
		ret.SetStr(line[13:], about)
	}
	return ret, nil
}

var rpmChanges = [...]string{"size", "mode", "checksum", "device", "symlink", "owner", "group", "time", "capabilities"}

// rpmModified is lowpkg.modified: what of each file has changed, filtered by
// flags.
func rpmModified(ctx context.Context, m *rpmHost, a *namesArgs) (py.Value, error) {
	if err := refused("pkg.modified", a.Extra, "root"); err != nil {
		return nil, err
	}
	if m.w == nil {
		return nil, errNeedsWriter
	}
	out, err := m.look(ctx, append([]string{"rpm", "-Va"}, names(a.Names)...)...)
	if err != nil {
		return nil, err
	}
	if out.code > 1 {
		return without(out.dict(), "stdout"), nil
	}
	ret := py.NewDict()
	if out.code == 0 {
		return ret, nil
	}
	for _, line := range lines(out.stdout) {
		f := spaces.Split(line, -1)
		if len(f) != 2 && len(f) != 3 {
			return nil, py.ValueErrorf("%s: not a line of rpm -Va", line)
		}
		var changed []string
		marks := f[0]
		if len(marks) == 8 {
			marks += "."
		}
		for i, c := range rpmChanges {
			if i < len(marks) && marks[i] != '.' {
				changed = append(changed, c)
			}
		}
		if len(f) == 3 {
			changed = append(changed, "config")
		}
		if wantsModified(changed, a.Extra) {
			ret.SetStr(f[len(f)-1], py.Strings(changed...))
		}
	}
	return ret, nil
}

var spaces = regexp.MustCompile(`\s+`)

func wantsModified(changed []string, flags *py.Dict) bool {
	for k, v := range flags.All() {
		flag := py.ToStr(k)
		if !strings.HasPrefix(flag, "_") && slices.Contains(changed, flag) != py.IsTrue(v) {
			return false
		}
	}
	return true
}

// rpmChecksum is lowpkg.checksum: whether package files are whole.
func rpmChecksum(ctx context.Context, m *rpmHost, a *namesArgs) (py.Value, error) {
	if err := refused("lowpkg.checksum", a.Extra, "root"); err != nil {
		return nil, err
	}
	if len(a.Names) == 0 {
		return nil, modules.CommandExecutionError("No package files has been specified.")
	}
	ret := py.NewDict()
	for _, path := range names(a.Names) {
		fi, err := m.reader().Stat(path)
		good := err == nil && fi.IsRegular()
		if good {
			out, err := m.look(ctx, "rpm", "-K", "--quiet", path)
			if err != nil {
				return nil, err
			}
			good = out.code == 0
		}
		ret.SetStr(path, py.Bool(good))
	}
	return ret, nil
}
