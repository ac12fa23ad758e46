// Package raid has Salt's raid module: software RAID of Linux, through mdadm.
package raid

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	const no = "The mdadm execution module cannot be loaded: "
	if c.Grains.String("kernel") != "Linux" {
		return false, no + "only available on Linux."
	}
	return c.LookPath("mdadm") != "", no + "the mdadm binary is not in the path."
}

func stateVirtual(c *modules.Call) (bool, string) {
	if c.Grains.String("kernel") != "Linux" {
		return false, "Only supported on Linux"
	}
	return c.LookPath("mdadm") != "", "Unable to locate command: mdadm"
}

// arrays are the arrays of a host.
type arrays struct {
	ctx context.Context
	c   *modules.Call
	w   host.Writer // nil where nothing may change
}

func outOfRange() error { return &py.Error{Class: "IndexError", Msg: "list index out of range"} }

func (a *arrays) scan() ([]string, error) {
	s, err := a.c.Ask(a.ctx, "mdadm", "--detail", "--scan")
	return s.Lines(), err
}

// list are the arrays by device.
func (a *arrays) list() (*py.Dict, error) {
	lines, err := a.scan()
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range lines {
		if !strings.Contains(line, " ") {
			continue
		}
		w := strings.Fields(line)
		if len(w) < 2 {
			return nil, outOfRange()
		}
		d := py.DictOf("device", py.Str(w[1]))
		for _, word := range w[2:] {
			parts := strings.Split(word, "=")
			if len(parts) < 2 {
				return nil, outOfRange()
			}
			d.SetStr(strings.ToLower(parts[0]), py.Str(parts[1]))
		}
		out.SetStr(w[1], d)
	}
	return out, nil
}

// detail describes an array and its members.
func (a *arrays) detail(device string) (*py.Dict, error) {
	if _, err := a.c.Stat(device); err != nil {
		return nil, modules.CommandExecutionError(fmt.Sprintf("Device %s doesn't exist!", device))
	}
	s, err := a.c.Ask(a.ctx, "mdadm", "--detail", device)
	if err != nil {
		return nil, err
	}
	members := py.NewDict()
	out := py.DictOf("members", members)
	for _, line := range s.Lines() {
		switch {
		case strings.HasPrefix(line, device), !strings.Contains(line, " "):
		case !strings.Contains(line, ":"):
			if !strings.Contains(line, "/dev/") {
				continue
			}
			w := strings.Fields(line)
			if len(w) < 4 {
				return nil, outOfRange()
			}
			members.SetStr(w[0], py.DictOf("device", py.Str(w[len(w)-1]), "major", py.Str(w[1]), "minor", py.Str(w[2]), "number", py.Str(w[0]),
				"raiddevice", py.Str(w[3]), "state", py.Str(strings.Join(w[min(4, len(w)-1):len(w)-1], " "))))
		default:
			w := strings.Split(line, " : ")
			if len(w) < 2 {
				return nil, outOfRange()
			}
			out.SetStr(strings.ReplaceAll(strings.TrimSpace(strings.ToLower(w[0])), " ", "_"), py.Str(strings.TrimSpace(w[1])))
		}
	}
	return out, nil
}

// examine is what the superblock of a member says.
func (a *arrays) examine(device string, quiet bool) (*py.Dict, error) {
	s, err := a.c.DoCommand(a.ctx, nil, modules.Command{Argv: []string{"mdadm", "-Y", "-E", device}, IgnoreRetcode: quiet})
	out := py.NewDict()
	for _, line := range s.Lines() {
		name, value, _ := strings.Cut(line, "=")
		out.SetStr(name, py.Str(value))
	}
	return out, err
}

// config is the file of the arrays.
func (a *arrays) config() string {
	if a.c.Grains.String("os_family") == "Debian" {
		return "/etc/mdadm/mdadm.conf"
	}
	return "/etc/mdadm.conf"
}

// file calls a function of the file module; missing says that there is no such file.
func (a *arrays) file(fun string, args *py.Args) (missing bool, err error) {
	_, err = a.c.Funcs.Call(a.ctx, fun, args)
	var e *modules.Error
	if errors.As(err, &e) && e.Class == "SaltInvocationError" {
		return true, nil
	}
	return false, err
}

// words are the options that further arguments are to mdadm.
func words(kw *py.Dict) []py.Value {
	var out []py.Value
	for k, v := range kw.All() {
		if key := py.ToStr(k); !strings.HasPrefix(key, "__") {
			out = append(out, py.Str("--"+key))
			if v != py.True {
				out = append(out, v)
			}
		}
	}
	return out
}

func texts(list []py.Value) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = py.ToStr(v)
	}
	return out
}

// createArgv is the command that creates an array.
func createArgv(name string, level py.Value, devices []string, kw *py.Dict) ([]string, error) {
	kw = kw.Copy()
	metadata, ok := kw.DeleteStr("metadata")
	if !ok {
		metadata = py.Str("default")
	}
	n := int64(len(devices))
	if v, ok := kw.GetStr("spare-devices"); ok {
		spare, err := py.ToInt(v)
		if err != nil {
			return nil, err
		}
		i, _ := py.AsInt(spare)
		n -= i
	}
	argv := append([]string{"mdadm", "-C", name, "-R", "-v", "-l", py.ToStr(level)}, texts(words(kw))...)
	return append(append(argv, "-e", py.ToStr(metadata), "-n", fmt.Sprint(n)), devices...), nil
}

// assembleArgv is the command that assembles an array, as Salt shows it.
func assembleArgv(name string, devices []string, kw *py.Dict) []py.Value {
	argv := append([]py.Value{py.Str("mdadm"), py.Str("-A"), py.Str(name), py.Str("-v")}, words(kw)...)
	for _, d := range devices {
		argv = append(argv, py.Str(d))
	}
	return argv
}

// say runs a command that changes and gives both its streams.
func (a *arrays) say(argv ...string) (string, error) {
	s, err := a.c.DoCommand(a.ctx, a.w, modules.Command{Argv: argv, MergeStderr: true})
	return s.Out, err
}

// destroy stops an array, clears its members and forgets it.
func (a *arrays) destroy(device string) (bool, error) {
	details, err := a.detail(device)
	var e *modules.Error
	if errors.As(err, &e) && e.Class == "CommandExecutionError" {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	stopped, err := a.c.Do(a.ctx, a.w, "mdadm", "--stop", device)
	if err != nil {
		return false, err
	}
	if stopped.Code == 0 {
		argv := []string{"mdadm", "--zero-superblock"}
		members, _ := details.Lookup("members").(*py.Dict)
		for _, m := range members.All() {
			argv = append(argv, py.ToStr(py.OrNone(m.(*py.Dict).Lookup("device"))))
		}
		if _, err := a.c.Do(a.ctx, a.w, argv...); err != nil {
			return false, err
		}
	}
	if _, err := a.file("file.replace", &py.Args{Pos: []py.Value{py.Str(a.config()), py.Str("ARRAY " + device + " .*"), py.Str("")}}); err != nil {
		return false, err
	}
	now, err := a.list()
	return err == nil && !now.Has(device), err
}

// ubuntuTags are what Ubuntu's mdadm must not find in its configuration.
var ubuntuTags = regexp.MustCompile(`(?i)\s(name|metadata)=\S+`)

// saveConfig writes the running arrays into the configuration, and into what
// the next boot starts with.
func (a *arrays) saveConfig() (py.Value, error) {
	lines, err := a.scan()
	if err != nil {
		return nil, err
	}
	byDevice := py.NewDict()
	for i, line := range lines {
		if a.c.Grains.String("os") == "Ubuntu" {
			line = ubuntuTags.ReplaceAllString(line, "")
			lines[i] = line
		}
		w := strings.Fields(line)
		if len(w) < 2 {
			return nil, outOfRange()
		}
		byDevice.SetStr(w[1], py.Str(line))
	}
	for device, line := range byDevice.All() {
		missing, err := a.file("file.replace", &py.Args{
			Pos: []py.Value{py.Str(a.config()), py.Str(`^ARRAY\s+` + pyre.Escape(py.ToStr(device)) + `\s+.*$`), line},
			Kw:  []py.KwArg{{Name: "append_if_not_found", Value: py.True}},
		})
		if err != nil {
			return nil, err
		}
		if missing {
			if _, err := a.file("file.write", &py.Args{Pos: []py.Value{py.Str(a.config())}, Kw: []py.KwArg{{Name: "args", Value: py.Strings(lines...)}}}); err != nil {
				return nil, err
			}
			break
		}
	}
	var out string
	switch a.c.Grains.String("os_family") {
	case "Debian":
		out, err = a.say("update-initramfs", "-u")
	case "RedHat":
		out, err = a.say("dracut", "--force")
	default:
		return py.None, nil
	}
	return py.Str(out), err
}

func (a *arrays) add(name, device string) (bool, error) {
	s, err := a.c.Do(a.ctx, a.w, "mdadm", "--manage", name, "--add", device)
	return err == nil && s.Code == 0, err
}
