package pkg

import (
	"context"
	"path"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// fileInfo reads name and version of a Debian package.
func (a *apt) fileInfo(ctx context.Context, file string) (*packageFile, error) {
	info, err := a.binInfo(ctx, file)
	if err != nil {
		return nil, err
	}
	return &packageFile{name: info.String("name"), version: info.String("version")}, nil
}

// binInfo is lowpkg.bin_pkg_info of a file on the host.
func (a *apt) binInfo(ctx context.Context, file string) (*py.Dict, error) {
	if _, err := a.reader().Stat(file); err != nil {
		return nil, modules.CommandExecutionError(file + " does not exist on minion")
	}
	out, err := a.look(ctx, "dpkg", "-I", file)
	if err != nil {
		return nil, err
	}
	if out.code != 0 {
		msg := "Unable to get info for " + file
		if out.stderr != "" {
			msg += ": " + out.stderr
		}
		return nil, modules.CommandExecutionError(msg)
	}
	ret := parseBinInfo(out.stdout)
	var missing []string
	for _, k := range []string{"name", "version", "arch"} {
		if !ret.Has(k) {
			missing = append(missing, k)
		}
	}
	if len(missing) > 0 {
		return nil, modules.CommandExecutionError("Unable to get " + joined(missing) + " for " + file)
	}
	osarch := grain(a.c, "osarch")
	if arch := ret.String("arch"); grain(a.c, "cpuarch") == "x86_64" && arch != "all" && osarch == "amd64" && osarch != arch {
		ret.SetStr("name", py.Str(ret.String("name")+":"+arch))
	}
	return ret, nil
}

func parseBinInfo(stdout string) *py.Dict {
	ret := py.NewDict()
	for line := range strings.Lines(stdout) {
		line = strings.TrimSpace(line)
		key, _, ok := strings.Cut(line, ":")
		w := strings.Fields(line)
		if !ok || len(w) == 0 {
			continue
		}
		last := py.Str(w[len(w)-1])
		switch strings.TrimRight(key, " ") {
		case "Package":
			ret.SetStr("name", last)
		case "Version":
			ret.SetStr("version", last)
		case "Architecture":
			ret.SetStr("arch", last)
		}
	}
	return ret
}

// downloaded lists the package files below apt's cache.
func (a *apt) downloaded(ctx context.Context, root string) (*py.Dict, error) {
	return a.packageFiles(ctx, path.Join("/", root, "var/cache/apt"), ".deb", func(p string) (*packageFile, error) {
		bin, err := a.binInfo(ctx, p)
		if err != nil {
			return nil, err
		}
		return &packageFile{bin.String("name"), bin.String("version")}, nil
	})
}
