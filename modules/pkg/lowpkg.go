package pkg

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinch/internal/pkgversion"
	"pinch/internal/py"
	"pinch/modules"
)

func lowpkgFuncs() []*modules.Func {
	return []*modules.Func{
		queryKinds("lowpkg.list_pkgs", "Lists the packages that are installed, of all or of those that are named.", kinds{apt: aptListPkgs, rpm: rpmListPkgs}),
		queryKinds("lowpkg.file_list", "Lists the files of packages.", kinds{apt: fileList, rpm: rpmFileList}),
		queryKinds("lowpkg.file_dict", "Lists the files of packages, by package.", kinds{apt: fileDict, rpm: rpmFileDict}),
		queryKinds("pkg.file_list", "Lists the files of packages.", kinds{apt: fileList, rpm: rpmFileList, pacman: pacmanFileList}),
		queryKinds("pkg.file_dict", "Lists the files of packages, by package.", kinds{apt: fileDict, rpm: rpmFileDict, pacman: pacmanFileDict}),
		queryKinds("lowpkg.owner", "Tells which package a file belongs to.", kinds{rpm: rpmOwner}),
		queryKinds("lowpkg.checksum", "Says of package files whether they are whole.", kinds{rpm: rpmChecksum}),
		actionKinds("lowpkg.modified", modifiedDoc, kinds{rpm: rpmModified}),
		actionKinds("pkg.modified", modifiedDoc, kinds{rpm: rpmModified}),
		actionKinds("lowpkg.verify", verifyDoc, kinds{rpm: rpmVerify}),
		actionKinds("pkg.verify", verifyDoc, kinds{rpm: rpmVerify}),
		queryKinds("lowpkg.info", "Describes packages.", kinds{
			apt: func(ctx context.Context, _ *modules.Call, m *apt, a *namesArgs) (py.Value, error) {
				return dictOrError(m.info(ctx, names(a.Names), a.Extra))
			},
			rpm: func(ctx context.Context, m *rpmHost, a *namesArgs) (py.Value, error) {
				return dictOrError(m.info(ctx, names(a.Names), a.Extra))
			},
		}),
		modules.Query[versionCmpArgs]{Name: "lowpkg.version_cmp", Doc: "Compares two versions of rpm packages: -1, 0 or 1.", Virtual: rpmOnly,
			Run: func(_ context.Context, _ *modules.Call, a *versionCmpArgs) (py.Value, error) {
				n, _ := pkgversion.RPM(py.ToStr(a.Pkg1), py.ToStr(a.Pkg2), a.IgnoreEpoch)
				return py.Int(n), nil
			}}.Func(),
		modules.Query[binInfoArgs]{Name: "lowpkg.bin_pkg_info", Doc: "Tells name, version and architecture of a package file of the host.",
			Virtual: kinds{apt: owner, rpm: rpmOwner}.virtual, Run: binInfo}.Func(),
		aptAction("lowpkg.unpurge", "Selects packages for installing that were selected for purging.", func(ctx context.Context, _ *modules.Call, m *apt, a *struct {
			Names []py.Value `arg:"*"`
		}) (py.Value, error) {
			return dictOrError(m.unpurge(ctx, names(a.Names)))
		}),
	}
}

const (
	modifiedDoc = "Lists files of packages that were changed, with what has changed; arguments like owner=True leave files out."
	verifyDoc   = "Tells what of the files of packages is not as it was installed."
)

type binInfoArgs struct {
	Path    string `arg:"path,required" doc:"Path of the file, or a URL."`
	Saltenv string `arg:"saltenv" default:"'base'" doc:"Environment of the tree."`
}

func binInfo(ctx context.Context, c *modules.Call, a *binInfoArgs) (py.Value, error) {
	m := newManager(c, nil)
	file := a.Path
	if isURL(file) {
		var err error
		if file, err = m.(fileReader).cacheFile(ctx, a.Path, a.Saltenv); err != nil {
			return nil, err
		}
		if file == "" {
			return nil, modules.CommandExecutionError("Unable to retrieve " + a.Path + " from saltenv '" + a.Saltenv + "'")
		}
	}
	if apt, ok := m.(*apt); ok {
		return dictOrError(apt.binInfo(ctx, file))
	}
	return rpmOf(m).binInfo(ctx, file)
}

func rpmVerify(ctx context.Context, m *rpmHost, a *namesArgs) (py.Value, error) {
	return dictOrError(m.verify(ctx, names(a.Names), a.Extra))
}

func aptListPkgs(ctx context.Context, _ *modules.Call, m *apt, a *namesArgs) (py.Value, error) {
	rows, failed, err := m.dpkgRows(ctx, "${db:Status-Status}\t${binary:Package}\t${Version}\n", names(a.Names))
	if err != nil || failed != "" {
		return py.Str(failed), err
	}
	ret := py.NewDict()
	for _, r := range rows {
		if len(r) == 2 {
			ret.SetStr(r[0], py.Str(r[1]))
		}
	}
	return ret, nil
}

// dpkgRows runs dpkg-query with a format that begins with the status, and
// returns the other columns of packages that are installed. failed is what
// Salt returns when dpkg-query fails.
func (a *apt) dpkgRows(ctx context.Context, format string, names []string) (rows [][]string, failed string, err error) {
	out, err := a.look(ctx, append([]string{"dpkg-query", "-f=" + format, "-W"}, names...)...)
	if err != nil {
		return nil, "", err
	}
	if out.code != 0 {
		return nil, "Error:  " + out.stderr, nil
	}
	for line := range strings.Lines(out.stdout) {
		cols := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if cols[0] == "installed" {
			rows = append(rows, cols[1:])
		}
	}
	return rows, "", nil
}

// filesOf calls fn with each package's files.
func (a *apt) filesOf(ctx context.Context, names []string, fn func(pkg string, files []string)) (failed string, err error) {
	rows, failed, err := a.dpkgRows(ctx, "${db:Status-Status}\t${binary:Package}\n", names)
	if err != nil || failed != "" {
		return failed, err
	}
	for _, r := range rows {
		out, err := a.look(ctx, "dpkg", "-L", r[0])
		if err != nil {
			return "", err
		}
		text := out.stdout
		if out.code != 0 {
			text = strings.TrimSpace(text + "\n" + out.stderr)
		}
		var files []string
		if text != "" {
			files = strings.Split(text, "\n")
		}
		fn(r[0], files)
	}
	return "", nil
}

func fileList(ctx context.Context, _ *modules.Call, m *apt, a *namesArgs) (py.Value, error) {
	var all []string
	failed, err := m.filesOf(ctx, names(a.Names), func(_ string, files []string) { all = append(all, files...) })
	if err != nil || failed != "" {
		return py.Str(failed), err
	}
	slices.Sort(all)
	return py.DictOf("errors", py.NewList(), "files", py.Strings(slices.Compact(all)...)), nil
}

func fileDict(ctx context.Context, _ *modules.Call, m *apt, a *namesArgs) (py.Value, error) {
	ret := py.NewDict()
	failed, err := m.filesOf(ctx, names(a.Names), func(pkg string, files []string) { ret.SetStr(pkg, py.Strings(files...)) })
	if err != nil || failed != "" {
		return py.Str(failed), err
	}
	return py.DictOf("errors", py.NewList(), "packages", ret), nil
}

// infoFields are what lowpkg.info asks for, by its key.
var infoFields = [...][2]string{
	{"package", "Package"}, {"revision", "binary:Revision"}, {"architecture", "Architecture"}, {"maintainer", "Maintainer"},
	{"summary", "Summary"}, {"source", "source:Package"}, {"version", "Version"}, {"section", "Section"}, {"size", "Size"},
	{"MD5", "MD5sum"}, {"SHA1", "SHA1"}, {"SHA256", "SHA256"}, {"origin", "Origin"}, {"homepage", "Homepage"},
	{"status", "db:Status-Abbrev"}, {"install_date", "db-fsys:Last-Modified"},
}

const infoEnd = "\x1e" // a character that no control file has

// info is lowpkg.info: properties by name.
func (a *apt) info(ctx context.Context, names []string, kw *py.Dict) (*py.Dict, error) {
	failhard := true
	for k, v := range kw.All() {
		if py.ToStr(k) != "failhard" {
			return nil, modules.SaltInvocationError("The following keyword arguments are not valid: " + py.ToStr(k) + "=" + py.ToStr(v))
		}
		failhard = py.IsTrue(v)
	}
	var format strings.Builder
	for _, f := range infoFields {
		format.WriteString(f[0] + ":${" + f[1] + "}\n")
	}
	format.WriteString("description:${Description}" + infoEnd)
	out, err := a.look(ctx, append([]string{"dpkg-query", "-W", "-f=" + format.String()}, names...)...)
	if err != nil {
		return nil, err
	}
	if out.code != 0 {
		if failhard {
			return nil, modules.CommandExecutionError("Error getting packages information: " + out.stderr)
		}
		return py.NewDict(), nil
	}
	ret := py.NewDict()
	for text := range strings.SplitSeq(out.stdout, infoEnd) {
		d := parseInfo(text)
		if d == nil {
			continue
		}
		name := d.String("package")
		if l := a.license(name); l != "" {
			d.SetStr("license", py.Str(l))
		}
		ret.SetStr(name, d)
	}
	return ret, nil
}

// parseInfo reads one package's answer to infoFields; nil for an empty one.
func parseInfo(text string) *py.Dict {
	head, description, ok := strings.Cut(text, "\ndescription:")
	if !ok {
		return nil
	}
	d := py.NewDict()
	for line := range strings.Lines(head) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if key == "install_date" {
			secs, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				continue
			}
			value = time.Unix(secs, 0).UTC().Format("2006-01-02T15:04:05Z")
		}
		if ok && value != "" {
			d.SetStr(key, py.Str(value))
		}
	}
	d.SetStr("description", py.Str(description+"\n"))
	return d
}

var licensePattern = regexp.MustCompile(`(?m)^License:(.*)$`)

// license is what a package's copyright file names, sorted.
func (a *apt) license(name string) string {
	data, err := a.reader().ReadFile("/usr/share/doc/" + name + "/copyright")
	if err != nil {
		return "" // many packages have none
	}
	var all []string
	for _, m := range licensePattern.FindAllSubmatch(data, -1) {
		all = append(all, strings.TrimSpace(string(m[1])))
	}
	slices.Sort(all)
	return joined(slices.Compact(all))
}

// infoInstalled is pkg.info_installed: lowpkg.info with the names of fields
// that all package managers share.
func infoInstalled(ctx context.Context, _ *modules.Call, m *apt, a *namesArgs) (py.Value, error) {
	all, err := m.info(ctx, names(a.Names), a.Extra)
	if err != nil {
		return nil, err
	}
	rename := map[string]string{"package": "name", "origin": "vendor", "section": "group", "maintainer": "packager", "homepage": "url"}
	ret := py.NewDict()
	for k, v := range all.All() {
		d := v.(*py.Dict)
		if s := d.String("status"); len(s) > 1 && s[1] != 'i' {
			continue
		}
		out := py.NewDict()
		for _, f := range keys(d) {
			if f == "status" {
				continue
			}
			name := f
			if n, ok := rename[f]; ok {
				name = n
			}
			out.SetStr(name, d.Lookup(f))
		}
		ret.SetStr(py.ToStr(k), out)
	}
	return ret, nil
}
