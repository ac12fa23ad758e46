package lvm

import (
	"fmt"
	"strings"

	"pinch/internal/py"
)

// pvcreate is Salt's lvm.pvcreate: True, or why it failed.
func (v *volumes) pvcreate(devices []string, override, force bool, kw *py.Dict) (py.Value, error) {
	if len(devices) == 0 {
		return py.Str("Error: at least one device is required"), nil
	}
	argv := []string{"pvcreate", answer(force)}
	for _, d := range devices {
		if _, err := v.w.Stat(d); err != nil {
			return py.Str(d + " does not exist"), nil
		}
		have, err := v.pvs(d, true)
		switch {
		case err != nil:
			return nil, err
		case have.Len() == 0:
			argv = append(argv, d)
		case !override:
			return py.Str(fmt.Sprintf("Device \"%s\" is already an LVM physical volume.", d)), nil
		}
	}
	if len(argv) == 2 {
		return py.True, nil
	}
	argv = append(argv, options(kw, "metadatasize", "dataalignment", "dataalignmentoffset", "pvmetadatacopies", "metadatacopies",
		"metadataignore", "restorefile", "norestorefile", "labelsector", "setphysicalvolumesize")...)
	s, err := v.c.Do(v.ctx, v.w, argv...)
	if err != nil || s.Code != 0 {
		return py.Str(s.Err), err
	}
	for _, d := range devices {
		if have, err := v.pvs(d, false); err != nil || have.Len() == 0 {
			return py.Str(fmt.Sprintf("Device \"%s\" was not affected.", d)), err
		}
	}
	return py.True, nil
}

// known adds the devices that are physical volumes to a command; refused names
// one that is none, where that is not to be passed over.
func (v *volumes) known(argv, devices []string, override bool) (out []string, refused string, err error) {
	for _, d := range devices {
		have, err := v.pvs(d, false)
		switch {
		case err != nil:
			return nil, "", err
		case have.Len() > 0:
			argv = append(argv, d)
		case !override:
			return nil, d + " is not a physical volume", nil
		}
	}
	return argv, "", nil
}

// pvremove is Salt's lvm.pvremove: True, or why it failed.
func (v *volumes) pvremove(devices []string, override, force bool) (py.Value, error) {
	done, err := v.overPVs("pvremove", devices, override, force)
	if err != nil || done != py.True {
		return done, err
	}
	for _, d := range devices {
		if have, err := v.pvs(d, true); err != nil || have.Len() > 0 {
			return py.Str(fmt.Sprintf("Device \"%s\" was not affected.", d)), err
		}
	}
	return py.True, nil
}

// overPVs runs a program over those devices that are physical volumes.
func (v *volumes) overPVs(program string, devices []string, override, force bool) (py.Value, error) {
	argv, refused, err := v.known([]string{program, answer(force)}, devices, override)
	switch {
	case err != nil:
		return nil, err
	case refused != "":
		return py.Str(refused), nil
	case len(argv) == 2:
		return py.True, nil
	}
	s, err := v.c.Do(v.ctx, v.w, argv...)
	if err != nil || s.Code != 0 {
		return py.Str(s.Err), err
	}
	return py.True, nil
}

// vgcreate is Salt's lvm.vgcreate: the new group and what was said, or a text.
func (v *volumes) vgcreate(name string, devices []string, force bool, kw *py.Dict) (py.Value, error) {
	if name == "" || len(devices) == 0 {
		return py.Str("Error: vgname and device(s) are both required"), nil
	}
	argv := append(append([]string{"vgcreate", name}, devices...), answer(force))
	argv = append(argv, options(kw, "addtag", "alloc", "autobackup", "clustered", "maxlogicalvolumes", "maxphysicalvolumes",
		"metadatatype", "vgmetadatacopies", "metadatacopies", "physicalextentsize", "zero")...)
	out, err := v.do(argv, fmt.Sprintf("Volume group \"%s\" successfully created", name))
	if err != nil {
		return nil, err
	}
	data, err := v.vgs(name, false)
	if err != nil {
		return nil, err
	}
	data.SetStr("Output from vgcreate", py.Str(out))
	return data, nil
}

// vgextend is Salt's lvm.vgextend.
func (v *volumes) vgextend(name string, devices []string, force bool) (py.Value, error) {
	if name == "" || len(devices) == 0 {
		return py.Str("Error: vgname and device(s) are both required"), nil
	}
	argv := append([]string{"vgextend", name, answer(force)}, devices...)
	out, err := v.do(argv, fmt.Sprintf("Volume group \"%s\" successfully extended", name))
	return py.DictOf("Output from vgextend", py.Str(out)), err
}

func (v *volumes) vgremove(name string, force bool) (py.Value, error) {
	out, err := v.do([]string{"vgremove", name, answer(force)}, fmt.Sprintf("Volume group \"%s\" successfully removed", name))
	return py.Str(out), err
}

// version is the lines of `lvm version`, by what stands before the colon.
func (v *volumes) version() (*py.Dict, error) {
	s, err := v.c.Ask(v.ctx, "lvm", "version")
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for line := range strings.Lines(s.All()) {
		words := strings.Split(strings.TrimSpace(line), ":")
		if len(words) < 2 {
			return nil, &py.Error{Class: "IndexError", Msg: "list index out of range"}
		}
		out.SetStr(strings.TrimSpace(words[0]), py.Str(strings.TrimSpace(words[1])))
	}
	return out, nil
}
