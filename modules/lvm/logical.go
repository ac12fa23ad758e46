package lvm

import (
	"fmt"
	"slices"

	"pinch/internal/py"
)

// lvArgs are what lvm.lvcreate takes beside the name.
type lvArgs struct {
	vgname                      string
	size, extents               py.Value
	snapshot, pv                string
	thinVolume, thinPool, force bool
	kw                          *py.Dict
}

// lvOptions are those of lvcreate; what is in lvFlags has no value.
var (
	lvOptions = []string{"activate", "chunksize", "contiguous", "discards", "stripes", "stripesize", "minor", "persistent", "mirrors",
		"monitor", "permission", "poolmetadatasize", "readahead", "regionsize", "type", "virtualsize", "zero"}
	lvFlags = []string{"nosync", "noudevsync", "ignoremonitoring", "thin"}
)

// lvcreate is Salt's lvm.lvcreate: the new volume and what was said, or a text.
func (v *volumes) lvcreate(name string, a lvArgs) (py.Value, error) {
	size, extents := py.IsTrue(a.size), py.IsTrue(a.extents)
	switch {
	case size && extents:
		return py.Str("Error: Please specify only one of size or extents"), nil
	case a.thinVolume && a.thinPool:
		return py.Str("Error: Please set only one of thinvolume or thinpool to True"), nil
	}
	program := v.w.LookPath("lvcreate")
	if program == "" {
		program = "lvcreate" // and the error is that it cannot be started
	}
	argv := []string{program}
	switch {
	case a.thinVolume:
		argv = append(argv, "--thin", "-n", name)
	case a.thinPool:
		argv = append(argv, "--thinpool", name)
	default:
		argv = append(argv, "-n", name)
	}
	if a.snapshot != "" {
		argv = append(argv, "-s", a.vgname+"/"+a.snapshot)
	} else {
		argv = append(argv, a.vgname)
	}
	switch {
	case size && a.thinVolume:
		argv = append(argv, "-V", py.ToStr(a.size))
	case extents && a.thinVolume:
		return py.Str("Error: Thin volume size cannot be specified as extents"), nil
	case size:
		argv = append(argv, "-L", py.ToStr(a.size))
	case extents:
		argv = append(argv, "-l", py.ToStr(a.extents))
	default:
		return py.Str("Error: Either size or extents must be specified"), nil
	}
	if a.pv != "" {
		argv = append(argv, a.pv)
	}
	for k, val := range a.kw.All() {
		switch key := py.ToStr(k); {
		case slices.Contains(lvFlags, key):
			argv = append(argv, "--"+key)
		case slices.Contains(lvOptions, key):
			argv = append(argv, "--"+key, py.ToStr(val))
		}
	}
	out, err := v.do(append(argv, answer(a.force)), fmt.Sprintf("Logical volume \"%s\" created.", name))
	if err != nil {
		return nil, err
	}
	data, err := v.lvs("/dev/"+a.vgname+"/"+name, false)
	if err != nil {
		return nil, err
	}
	data.SetStr("Output from lvcreate", py.Str(out))
	return data, nil
}

func (v *volumes) lvremove(name, vgname string, force bool) (py.Value, error) {
	out, err := v.do([]string{"lvremove", vgname + "/" + name, answer(force)}, fmt.Sprintf("Logical volume \"%s\" successfully removed", name))
	return py.Str(out), err
}

// resize is Salt's lvm.lvresize and lvm.lvextend; without one of size and
// extents there is nothing to return.
func (v *volumes) resize(program, forced, path string, size, extents py.Value, force, resizefs bool) (*py.Dict, error) {
	hasSize, hasExtents := py.IsTrue(size), py.IsTrue(extents)
	switch {
	case hasSize && hasExtents:
		v.c.Log.Error("Error: Please specify only one of size or extents")
		return py.NewDict(), nil
	case !hasSize && !hasExtents:
		v.c.Log.Error("Error: Either size or extents must be specified")
		return py.NewDict(), nil
	}
	if !force {
		forced = "-qq"
	}
	argv := []string{program, forced}
	if resizefs {
		argv = append(argv, "--resizefs")
	}
	if hasSize {
		argv = append(argv, "-L", py.ToStr(size))
	} else {
		argv = append(argv, "-l", py.ToStr(extents))
	}
	done := map[string]string{"lvresize": "resized", "lvextend": "extended"}[program]
	out, err := v.do(append(argv, path), fmt.Sprintf("Logical volume \"%s\" successfully %s.", path, done))
	return py.DictOf("Output from "+program, py.Str(out)), err
}
