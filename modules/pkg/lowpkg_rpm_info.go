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

// rpmTags are what lowpkg.info can tell, and how rpm is asked for it.
var rpmTags = [...][2]string{
	{"name", `name: %{NAME}\n`}, {"relocations", `relocations: %|PREFIXES?{[%{PREFIXES} ]}:{(not relocatable)}|\n`},
	{"version", `version: %{VERSION}\n`}, {"vendor", `vendor: %{VENDOR}\n`}, {"release", `release: %{RELEASE}\n`},
	{"epoch", `%|EPOCH?{epoch: %{EPOCH}\n}|`}, {"build_date_time_t", `build_date_time_t: %{BUILDTIME}\n`},
	{"build_date", `build_date: %{BUILDTIME}\n`},
	{"install_date_time_t", `install_date_time_t: %|INSTALLTIME?{%{INSTALLTIME}}:{(not installed)}|\n`},
	{"install_date", `install_date: %|INSTALLTIME?{%{INSTALLTIME}}:{(not installed)}|\n`},
	{"build_host", `build_host: %{BUILDHOST}\n`}, {"group", `group: %{GROUP}\n`}, {"source_rpm", `source_rpm: %{SOURCERPM}\n`},
	{"size", `size: %{LONGSIZE}\n`}, {"arch", `arch: %{ARCH}\n`}, {"license", `%|LICENSE?{license: %{LICENSE}\n}|`},
	{"signature", `signature: %|DSAHEADER?{%{DSAHEADER:pgpsig}}:{%|RSAHEADER?{%{RSAHEADER:pgpsig}}:` +
		`{%|SIGGPG?{%{SIGGPG:pgpsig}}:{%|SIGPGP?{%{SIGPGP:pgpsig}}:{(none)}|}|}|}|\n`},
	{"packager", `%|PACKAGER?{packager: %{PACKAGER}\n}|`}, {"url", `%|URL?{url: %{URL}\n}|`}, {"summary", `summary: %{SUMMARY}\n`},
	{"edition", `edition: %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n`}, {"description", `description:\n%{DESCRIPTION}\n`},
}

var rpmInfoEnd = regexp.MustCompile(`----*`)

// info is lowpkg.info: properties by name, of the newest version or with
// all_versions a list of those of every version.
func (m *rpmHost) info(ctx context.Context, names []string, kw *py.Dict) (*py.Dict, error) {
	if err := refused("lowpkg.info", kw, "root"); err != nil {
		return nil, err
	}
	format, described, err := rpmInfoFormat(kw.Lookup("attr"))
	if err != nil {
		return nil, err
	}
	m.vars = append(slices.Clone(m.vars), [2]string{"TZ", "UTC"})
	out, err := m.query(ctx, false, slices.Concat([]string{all(names)}, names, []string{"--queryformat", format})...)
	if err != nil {
		return nil, err
	}
	var found []*py.Dict
	for _, text := range rpmInfoEnd.Split(out, -1) {
		if d := parseRPMInfo(strings.TrimSpace(text), described); d != nil {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(a, b *py.Dict) int {
		c, _ := pkgversion.Loose(a.String("edition"), b.String("edition"), false)
		return c
	})
	every := py.IsTrue(py.OrNone(kw.Lookup("all_versions")))
	ret := py.NewDict()
	for _, d := range slices.Backward(found) {
		name := d.String("name")
		d.DeleteStr("name")
		have, there := ret.GetStr(name)
		switch {
		case strings.HasPrefix(name, "gpg-pubkey"):
		case !there && every:
			ret.SetStr(name, py.NewList(d))
		case !there:
			d.DeleteStr("edition")
			ret.SetStr(name, d)
		case every:
			have.(*py.List).Append(d)
		}
	}
	return ret, nil
}

// rpmInfoFormat is what rpm is to print for the argument attr; described says
// whether that has the description.
func rpmInfoFormat(attr py.Value) (format string, described bool, err error) {
	var want []string
	if py.IsTrue(py.OrNone(attr)) {
		s, ok := attr.(py.Str)
		if !ok {
			return "", false, py.Errorf("AttributeError", "'%s' object has no attribute 'split'", py.TypeName(attr))
		}
		want = strings.Split(string(s), ",")
	}
	var b strings.Builder
	for _, tag := range rpmTags {
		if tag[0] != "description" && (want == nil || slices.Contains(want, tag[0])) {
			b.WriteString(tag[1])
		}
	}
	if b.Len() == 0 {
		return "", false, modules.CommandExecutionError("No valid attributes found.")
	}
	for _, tag := range rpmTags {
		if want != nil && (tag[0] == "name" || tag[0] == "edition") && !slices.Contains(want, tag[0]) {
			b.WriteString(tag[1])
		}
	}
	if described = want == nil || slices.Contains(want, "description"); described {
		b.WriteString(rpmTags[len(rpmTags)-1][1])
	}
	return b.String() + `-----\n`, described, nil
}

func parseRPMInfo(text string, described bool) *py.Dict {
	all := lines(text)
	if n := len(all); n > 0 && strings.HasPrefix(strings.ToLower(all[n-1]), "distribution") {
		all = all[:n-1]
	}
	d := py.NewDict()
	name, description := "", ""
	for i, line := range all {
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		secs, err := strconv.ParseInt(value, 10, 64)
		switch {
		case !ok:
			continue
		case key == "description":
			description = strings.Join(all[i+1:], "\n")
		case key == "name":
			name = value
		case key == "build_date", key == "install_date":
			if err == nil {
				d.SetStr(key, py.Str(time.Unix(secs, 0).UTC().Format("2006-01-02T15:04:05Z")))
			}
		case key == "build_date_time_t", key == "install_date_time_t":
			if err == nil {
				d.SetStr(key, py.Int(secs))
			}
		case value != "":
			d.SetStr(key, py.Str(value))
		}
		if key == "description" {
			break // what follows is its text
		}
	}
	if name == "" {
		return nil
	}
	if described {
		d.SetStr("description", py.Str(description))
	}
	d.SetStr("name", py.Str(name))
	return d
}

// rpmInfoInstalled is pkg.info_installed.
func rpmInfoInstalled(ctx context.Context, m *rpmHost, a *namesArgs) (py.Value, error) {
	all, err := m.info(ctx, names(a.Names), a.Extra)
	if err != nil {
		return nil, err
	}
	rename := func(v py.Value) {
		if d, ok := v.(*py.Dict); ok {
			if source, ok := d.DeleteStr("source_rpm"); ok {
				d.SetStr("source", source)
			}
		}
	}
	for _, v := range all.All() {
		rename(v)
		if l, ok := v.(*py.List); ok {
			for _, it := range l.Items {
				rename(it)
			}
		}
	}
	return all, nil
}
