package mount

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type fstabPresentArgs struct {
	Name      string   `arg:"name,required" doc:"The device, or what else the first field of the fstab takes."`
	File      string   `arg:"fs_file,required" doc:"The mount point."`
	Type      string   `arg:"fs_vfstype,required" doc:"The type of the file system."`
	Opts      py.Value `arg:"fs_mntops" default:"defaults" doc:"Mount options, a list or a text with commas."`
	Freq      py.Value `arg:"fs_freq" default:"0" doc:"The field for dump."`
	PassNo    py.Value `arg:"fs_passno" default:"0" doc:"The field for the order of checks."`
	MountBy   string   `arg:"mount_by" enum:"device|label|uuid|partlabel|partuuid" doc:"Name the device this way."`
	Config    string   `arg:"config" default:"/etc/fstab" doc:"The fstab."`
	Mount     bool     `arg:"mount" default:"True" doc:"Mount it when the line is new."`
	MatchOn   py.Value `arg:"match_on" default:"auto" doc:"The fields by which the line is found; by default name for file systems without a device, else device."`
	NotChange bool     `arg:"not_change" default:"False" doc:"Leave a line that is there as it is."`
	FsMount   py.Value `arg:"fs_mount" default:"True" doc:"Only for AIX; has no effect."`
}

// convert names a device in another way: "" when that is not possible.
func convert(ctx context.Context, r host.Reader, device, by string) (string, error) {
	if by == "" || by == "device" && strings.HasPrefix(device, "/") || strings.HasPrefix(device, strings.ToUpper(by)+"=") {
		return device, nil
	}
	args := []string{device}
	if !strings.HasPrefix(device, "/") {
		args = []string{"-t", device}
	}
	found, err := host.Blkid(ctx, r, args...)
	if err != nil || len(found) != 1 {
		return "", err
	}
	if by == "device" {
		return found[0].Name, nil
	}
	v := found[0].Attr(strings.ToUpper(by))
	if v == "" {
		return "", &py.Error{Class: "KeyError", Msg: "'" + strings.ToUpper(by) + "'"}
	}
	return strings.ToUpper(by) + "=" + v, nil
}

func fsFile(s string) string {
	if s == "/" {
		return s
	}
	return strings.TrimRight(s, "/")
}

func checkFstabPresent(ctx context.Context, c *modules.Call, a *fstabPresentArgs) (modules.Plan, error) {
	if isDarwin(c) {
		return modules.Plan{}, modules.CommandExecutionError("mount.fstab_present: not supported on macOS, which has no fstab")
	}
	file := fsFile(a.File)
	spec, err := convert(ctx, c, a.Name, a.MountBy)
	if err != nil {
		return modules.Plan{}, err
	}
	if spec == "" {
		return modules.Fail(fmt.Sprintf("Device %s cannot be converted to %s", a.Name, a.MountBy)), nil
	}
	f := &setFstab{name: file, device: spec, fstype: a.Type, opts: strings.Join(optList(a.Opts), ","),
		dump: py.ToStr(a.Freq), pass: py.ToStr(a.PassNo), config: a.Config, matchOn: a.MatchOn, notChange: a.NotChange}
	if c.Test {
		word, err := f.set(c, nil)
		d := modules.Done{Result: low.None}
		switch word {
		case "present":
			d = modules.OK(fmt.Sprintf("%s entry is already in %s.", file, a.Config), nil)
		case "new":
			d.Comment = fmt.Sprintf("%s entry will be written in %s.", file, a.Config)
			if a.Mount {
				d.Comment += fmt.Sprintf("\nWill mount %s on %s", a.Name, file)
			}
		case "change":
			d.Comment = fmt.Sprintf("%s entry will be updated in %s.", file, a.Config)
		}
		return modules.Plan{Would: d}, err
	}
	return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		word, err := f.set(w, w)
		if err != nil {
			return modules.Done{}, err
		}
		if word == "present" {
			return modules.OK(fmt.Sprintf("%s entry was already in %s.", file, a.Config), nil), nil
		}
		d := modules.OK(fmt.Sprintf("%s entry updated in %s.", file, a.Config), py.DictOf("persist", py.Str(word)))
		if word == "change" {
			return d, nil
		}
		d.Comment = fmt.Sprintf("%s entry added in %s.", file, a.Config)
		if !a.Mount {
			return d, nil
		}
		problem, err := doMount(ctx, c, w, file, "", false, "", nil, "")
		if err != nil {
			return d, err
		}
		if problem != "" {
			d.Result = low.False
			if _, rest, ok := strings.Cut(problem, ":"); ok {
				problem = rest
			}
			d.Comment += "\nError while mounting " + problem
			return d, nil
		}
		d.Comment += fmt.Sprintf("\nMounted %s on %s", a.Name, file)
		return d, nil
	}}, nil
}

type fstabAbsentArgs struct {
	Name    string `arg:"name,required" doc:"The device, or what else the first field of the fstab takes."`
	File    string `arg:"fs_file,required" doc:"The mount point."`
	MountBy string `arg:"mount_by" enum:"device|label|uuid|partlabel|partuuid" doc:"The device is named this way in the fstab."`
	Config  string `arg:"config" default:"/etc/fstab" doc:"The fstab."`
}

func checkFstabAbsent(ctx context.Context, c *modules.Call, a *fstabAbsentArgs) (modules.Plan, error) {
	if isDarwin(c) {
		return modules.Plan{}, modules.CommandExecutionError("mount.fstab_absent: not supported on macOS, which has no fstab")
	}
	file := fsFile(a.File)
	spec, err := convert(ctx, c, a.Name, a.MountBy)
	if err != nil {
		return modules.Plan{}, err
	}
	tab, err := readFstab(c, a.Config)
	if err != nil {
		return modules.Plan{}, err
	}
	missing := fmt.Sprintf("%s entry is already missing in %s.", file, a.Config)
	if find(tab, file) == nil {
		if c.Test { // Salt: not even then True
			return modules.Plan{Would: modules.Done{Result: low.None, Comment: missing}}, nil
		}
		return modules.InOrder(missing), nil
	}
	return modules.Would(fmt.Sprintf("%s entry will be removed from %s.", file, a.Config), nil, func(_ context.Context, w host.Writer) (modules.Done, error) {
		// Salt: takes an entry of another device for removed too
		if err := removeFstab(w, file, spec, a.Config); err != nil {
			return modules.Done{}, err
		}
		return modules.OK(fmt.Sprintf("%s entry removed from %s.", file, a.Config), py.DictOf("persist", py.Str("removed"))), nil
	}), nil
}
