// Package lvm has Salt's lvm module: physical volumes, volume groups and
// logical volumes of Linux, through the programs of lvm2.
package lvm

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	return c.LookPath("lvm") != "", "The linux_lvm execution module cannot be loaded: the lvm binary is not in the path."
}

func stateVirtual(c *modules.Call) (bool, string) {
	return c.LookPath("lvm") != "", "lvm command not found"
}

// volumes are the volumes of a host.
type volumes struct {
	ctx context.Context
	c   *modules.Call
	w   host.Writer // nil where nothing may change
}

// The columns of what the programs print with -c.
var (
	pvColumns = []string{"Physical Volume Device", "Volume Group Name", "Physical Volume Size (kB)", "Internal Physical Volume Number",
		"Physical Volume Status", "Physical Volume (not) Allocatable", "Current Logical Volumes Here", "Physical Extent Size (kB)",
		"Total Physical Extents", "Free Physical Extents", "Allocated Physical Extents"}
	vgColumns = []string{"Volume Group Name", "Volume Group Access", "Volume Group Status", "Internal Volume Group Number",
		"Maximum Logical Volumes", "Current Logical Volumes", "Open Logical Volumes", "Maximum Logical Volume Size",
		"Maximum Physical Volumes", "Current Physical Volumes", "Actual Physical Volumes", "Volume Group Size (kB)",
		"Physical Extent Size (kB)", "Total Physical Extents", "Allocated Physical Extents", "Free Physical Extents", "UUID"}
	lvColumns = []string{"Logical Volume Name", "Volume Group Name", "Logical Volume Access", "Logical Volume Status",
		"Internal Logical Volume Number", "Open Logical Volumes", "Logical Volume Size", "Current Logical Extents Associated",
		"Allocated Logical Extents", "Allocation Policy", "Read Ahead Sectors", "Major Device Number", "Minor Device Number"}
)

// display is what a program prints of one volume, or of all: a mapping by name,
// empty where the program fails.
func (v *volumes) display(program, name string, columns []string, quiet bool) (*py.Dict, error) {
	argv := []string{program, "-c"}
	if name != "" {
		argv = append(argv, name)
	}
	s, err := v.c.DoCommand(v.ctx, nil, modules.Command{Argv: argv, IgnoreRetcode: quiet})
	out := py.NewDict()
	if err != nil || s.Code != 0 {
		return out, err
	}
	for _, line := range s.Lines() {
		if program == "pvdisplay" && strings.Contains(line, "is a new physical volume") {
			continue
		}
		words := strings.Split(strings.TrimSpace(line), ":")
		if len(words) < len(columns) {
			return nil, &py.Error{Class: "IndexError", Msg: "list index out of range"}
		}
		d := py.NewDict()
		for i, k := range columns {
			d.SetStr(k, py.Str(words[i]))
		}
		out.SetStr(words[0], d)
	}
	return out, nil
}

func (v *volumes) pvs(name string, quiet bool) (*py.Dict, error) {
	return v.display("pvdisplay", name, pvColumns, quiet)
}

// realPVs are physical volumes by the device behind their links.
func (v *volumes) realPVs(name string, quiet bool) (*py.Dict, error) {
	all, err := v.pvs(name, quiet)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for k, d := range all.All() {
		device, err := host.Realpath(v.c, py.ToStr(k))
		if err != nil {
			return nil, err
		}
		d.(*py.Dict).SetStr("Real Physical Volume Device", py.Str(device))
		out.SetStr(device, d)
	}
	return out, nil
}

func (v *volumes) vgs(name string, quiet bool) (*py.Dict, error) {
	return v.display("vgdisplay", name, vgColumns, quiet)
}

func (v *volumes) lvs(name string, quiet bool) (*py.Dict, error) {
	return v.display("lvdisplay", name, lvColumns, quiet)
}

// do runs a program that changes; out is done, or why it failed.
func (v *volumes) do(argv []string, done string) (out string, err error) {
	s, err := v.c.Do(v.ctx, v.w, argv...)
	if s.Code != 0 {
		return strings.TrimSpace(s.Err), err
	}
	return done, err
}

// answer is the option that keeps a program from asking.
func answer(force bool) string {
	if force {
		return "--yes"
	}
	return "-qq"
}

// devicesOf are devices given as a list, or as a text with commas.
func devicesOf(v py.Value) []string {
	switch v := v.(type) {
	case py.Str:
		if v == "" {
			return nil
		}
		return strings.Split(string(v), ",")
	case *py.List:
		out := make([]string, len(v.Items))
		for i, it := range v.Items {
			out[i] = py.ToStr(it)
		}
		return out
	}
	return nil
}

// options are the words of those keyword arguments that a program knows; none
// of the others counts.
func options(kw *py.Dict, valid ...string) []string {
	var out []string
	for k, val := range kw.All() {
		for _, name := range valid {
			if py.ToStr(k) == name && py.IsTrue(val) {
				out = append(out, "--"+name, py.ToStr(val))
			}
		}
	}
	return out
}
