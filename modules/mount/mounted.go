package mount

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

type mountedArgs struct {
	Name       string   `arg:"name,required" doc:"The mount point."`
	Device     string   `arg:"device,required" doc:"The device: a path, UUID=, LABEL=, or what the file system takes for one."`
	Fstype     string   `arg:"fstype,required" doc:"The type of the file system."`
	Mkmnt      bool     `arg:"mkmnt" default:"False" doc:"Make the mount point."`
	Opts       py.Value `arg:"opts" default:"defaults" doc:"Mount options, a list or a text with commas."`
	Dump       py.Value `arg:"dump" default:"0" doc:"The fstab's field for dump."`
	PassNum    py.Value `arg:"pass_num" default:"0" doc:"The fstab's field for the order of checks."`
	Config     string   `arg:"config" default:"/etc/fstab" doc:"The fstab."`
	Persist    bool     `arg:"persist" default:"True" doc:"Keep the mount in the fstab."`
	Mount      bool     `arg:"mount" default:"True" doc:"Mount it now."`
	User       string   `arg:"user" doc:"The user who mounts."`
	MatchOn    py.Value `arg:"match_on" default:"auto" doc:"The fields by which the line of the fstab is found; by default name for file systems without a device, else device."`
	Regex      py.Value `arg:"device_name_regex" doc:"Patterns of other names of the device, which force no new mount."`
	ExtraInv   []string `arg:"extra_mount_invisible_options" doc:"More options that the kernel does not show."`
	ExtraKeys  []string `arg:"extra_mount_invisible_keys" doc:"More options with values that the kernel does not show."`
	ExtraFS    *py.Dict `arg:"extra_mount_ignore_fs_keys" doc:"For types of file systems the options that force no remount."`
	ExtraTrans *py.Dict `arg:"extra_mount_translate_options" doc:"Options and what the kernel shows in their place."`
	Hidden     py.Value `arg:"hidden_opts" doc:"Options that force no remount."`
	BindCopy   bool     `arg:"bind_mount_copy_active_opts" default:"True" doc:"Take the active options of a bind mount's source for its own."`
	Extra      *py.Dict `arg:"**"`
}

// mounting is a run of mount.mounted; w is nil in test mode.
type mounting struct {
	ctx  context.Context
	c    *modules.Call
	r    host.Reader
	w    host.Writer
	a    *mountedArgs
	name string
	opts []string
	// real and comp are the mount point without links, and as the kernel writes it.
	real, comp string
	device     string
	devices    []string // names of what is mounted
	active     *table
	d          modules.Done
	changes    *py.Dict
	cacheIt    bool
}

func checkMounted(ctx context.Context, c *modules.Call, a *mountedArgs) (modules.Plan, error) {
	for _, need := range []struct{ what, value string }{{"name", a.Name}, {"device", a.Device}, {"fstype", a.Fstype}} {
		if need.value == "" {
			return modules.Fail("Must provide " + need.what + " to mount.mounted"), nil
		}
	}
	if c.Test {
		d, err := mounted(ctx, c, c, nil, a)
		return modules.Plan{Would: d}, err
	}
	return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) { return mounted(ctx, c, w, w, a) }}, nil
}

func mounted(ctx context.Context, c *modules.Call, r host.Reader, w host.Writer, a *mountedArgs) (modules.Done, error) {
	m := &mounting{ctx: ctx, c: c, r: r, w: w, a: a, name: a.Name, opts: slices.Clone(optList(a.Opts)), changes: py.NewDict()}
	m.d = modules.Done{Result: low.True, Changes: m.changes}
	if isDarwin(c) && py.ToStr(a.Opts) == "defaults" {
		m.opts = []string{"noowners"}
	}
	if m.name != "/" {
		m.name = strings.TrimRight(m.name, "/")
	}
	var err error
	if m.active, err = readActive(ctx, c, true); err != nil {
		return m.d, err
	}
	if m.real, err = host.Realpath(r, m.name); err != nil {
		return m.d, err
	}
	m.comp = strings.ReplaceAll(m.real, " ", `\040`)
	done, err := m.findDevice()
	if err != nil || done {
		return m.d, err
	}
	if cur := m.active.get(m.comp); cur != nil && a.Mount {
		if done, err := m.compare(cur); err != nil || done {
			return m.d, err
		}
	}
	if m.active.get(m.comp) == nil {
		if done, err := m.mountIt(); err != nil || done {
			return m.d, err
		}
	}
	if a.Persist {
		return m.d, m.persist()
	}
	return m.d, nil
}

// mergeOpts makes the options those of the state and those of an active mount.
func (m *mounting) mergeOpts(src *active) {
	if !m.a.BindCopy {
		return
	}
	m.opts = append(append(m.opts, src.opts...), src.superopts...)
	sort.Strings(m.opts)
	m.opts = slices.Compact(m.opts)
}

// findDevice finds out what the device is really called.
func (m *mounting) findDevice() (done bool, err error) {
	device := m.a.Device
	m.device = device
	cur := m.active.get(m.comp)
	upper := strings.ToUpper(device)
	switch {
	case strings.HasPrefix(device, "/") && slices.Contains(m.opts, "bind") && cur != nil:
		m.bindDevice(cur)
	case strings.HasPrefix(device, "/"):
		if m.device, err = host.Realpath(m.r, device); err != nil {
			return false, err
		}
	case strings.HasPrefix(upper, "UUID="):
		m.device = strings.ToLower(strings.Trim(strings.Split(device, "=")[1], `"`))
	case strings.HasPrefix(upper, "LABEL="):
		label := strings.Split(device, "=")[1]
		found, err := host.Blkid(m.ctx, m.r, "-t", "LABEL="+label)
		if err != nil {
			return false, err
		}
		if len(found) == 0 {
			m.d = modules.Failed(fmt.Sprintf("Unable to find device with label %s.", label))
			return true, nil
		}
		// Salt: goes through the characters of blkid's output, so that any
		// mount on the point counts as that of the label.
		m.device = "/"
		m.devices = append(m.devices, "/")
	}
	if lv := strings.Split(device, "/"); len(lv) == 4 && lv[0] == "" && lv[1] == "dev" && lv[2] != "" && lv[3] != "" {
		dashes := strings.NewReplacer("-", "--")
		mapper := "/dev/mapper/" + dashes.Replace(lv[2]) + "-" + dashes.Replace(lv[3])
		if _, err := m.r.Stat(mapper); err == nil {
			m.device = mapper
		}
	}
	if kind, rest, ok := strings.Cut(device, "#"); ok && isWord(kind) && rest != "" { // fuse
		m.device = rest
	}
	return false, nil
}

func isWord(s string) bool {
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') {
			return false
		}
	}
	return s != ""
}

// bindDevice finds the device behind the source of a bind mount that is active.
func (m *mounting) bindDevice(cur *active) {
	m.device = cur.device
	src := strings.ReplaceAll(m.a.Device, " ", `\040`)
	if !strings.HasPrefix(cur.device, "/") {
		if s := m.active.get(src); s != nil {
			m.mergeOpts(s)
			cur.opts = append(cur.opts, "bind")
		}
		return
	}
	for {
		if s := m.active.get(src); s != nil {
			m.device = s.device
			m.mergeOpts(s)
			cur.opts = append(cur.opts, "bind")
			return
		}
		if src == "/" || src == "" {
			return
		}
		src = strings.ReplaceAll(parent(strings.ReplaceAll(src, `\040`, " ")), " ", `\040`)
	}
}

func parent(p string) string {
	if i := strings.LastIndexByte(p, '/'); i > 0 {
		return p[:i]
	}
	return "/"
}

// compare looks at what is mounted on the point already. done is set when the
// state ends there.
func (m *mounting) compare(cur *active) (done bool, err error) {
	m.devices = append(m.devices, cur.device)
	first := m.devices[0]
	if !strings.HasPrefix(first, "/") { // Salt: a name that is no path too
		first = pypath.Join(m.r.Getenv("HOME"), first)
	}
	if first, err = host.Realpath(m.r, first); err != nil {
		return false, err
	}
	m.devices = append(m.devices, first)
	for _, d := range []string{cur.altDevice, cur.uuid, cur.label} {
		if d != "" && !slices.Contains(m.devices, d) {
			m.devices = append(m.devices, d)
		}
	}
	if len(m.opts) > 0 {
		if done, err := m.compareOptions(cur); err != nil || done {
			return done, err
		}
	}
	if slices.Contains(m.devices, m.device) {
		m.d.Comment = "Target was already mounted"
		return false, nil
	}
	ignored, err := m.ignoredDevice()
	if err != nil {
		return false, err
	}
	switch {
	case ignored != "":
		m.d.Result = low.True
		m.d.Comment = "An umount will not be forced because device matched device_name_regex: " + ignored
	case m.w == nil:
		m.d.Result = low.None
		m.d.Comment = "An umount would have been forced because devices do not match.  Watched: " + m.a.Device
	default:
		why := "Forced unmount because devices don't match. Wanted: " + m.a.Device
		if m.device != m.a.Device {
			why += " (" + m.device + ")"
		}
		m.changes.SetStr("umount", py.Str(why+", current: "+strings.Join(m.devices, ", ")))
		if _, err := doUmount(m.ctx, m.c, m.w, m.real, "", m.a.User, false); err != nil {
			return false, err
		}
		if m.active, err = readActive(m.ctx, m.c, true); err != nil {
			return false, err
		}
		if m.active.get(m.comp) != nil {
			m.d.Result, m.d.Comment = low.False, "Unable to unmount"
			return true, nil
		}
		m.cacheIt = true
	}
	return false, nil
}

// mountIt mounts, or says why not.
func (m *mounting) mountIt() (done bool, err error) {
	_, statErr := m.r.Stat(m.name)
	exists := statErr == nil
	if !m.a.Mount {
		return false, m.leaveUnmounted(exists)
	}
	if m.w == nil {
		m.d.Result = low.None
		switch {
		case exists:
			m.d.Comment = m.name + " would be mounted"
		case m.a.Mkmnt:
			m.d.Comment = m.name + " would be created and mounted"
		default:
			m.d.Comment = m.name + " does not exist and would not be created"
		}
		return true, nil
	}
	if !exists && !m.a.Mkmnt {
		m.d.Result, m.d.Comment = low.False, "Mount directory is not present"
		return true, nil
	}
	problem, err := doMount(m.ctx, m.c, m.w, m.name, m.a.Device, m.a.Mkmnt, m.a.Fstype, m.opts, m.a.User)
	if err != nil {
		return false, err
	}
	if m.active, err = readActive(m.ctx, m.c, true); err != nil {
		return false, err
	}
	m.cacheIt = true
	if problem != "" {
		m.d.Result, m.d.Comment = low.False, problem
		return true, nil
	}
	if m.active.get(m.comp) != nil {
		m.d.Comment = "Target was successfully mounted"
		m.changes.SetStr("mount", py.True)
	}
	return false, nil
}

func (m *mounting) leaveUnmounted(exists bool) error {
	switch {
	case exists && m.w == nil:
		m.d.Comment = m.name + " would not be mounted"
	case exists:
		m.d.Comment = m.name + " not mounted"
	case m.w == nil:
		m.d.Result = low.None
		m.d.Comment = m.name + " does not exist and would neither be created nor mounted"
		if m.a.Mkmnt {
			m.d.Comment = m.name + " would be created, but not mounted"
		}
	case m.a.Mkmnt:
		if err := makeDir(m.w, m.name, m.a.User); err != nil {
			return fmt.Errorf("%s: make the mount point: %w", m.name, err)
		}
		m.d.Comment = m.name + " was created, not mounted"
	default:
		m.d.Comment = m.name + " not present and not mounted"
	}
	return nil
}

// persist keeps the mount in the fstab.
func (m *mounting) persist() error {
	if isDarwin(m.c) {
		return modules.CommandExecutionError("mount.mounted: persist is not supported on macOS, which has no fstab: set persist: False")
	}
	f := &setFstab{name: m.name, device: m.a.Device, fstype: m.a.Fstype, opts: strings.Join(m.opts, ","),
		dump: py.ToStr(m.a.Dump), pass: py.ToStr(m.a.PassNum), config: m.a.Config, matchOn: m.a.MatchOn}
	word, err := f.set(m.r, m.w)
	if err != nil {
		return err
	}
	if m.w == nil {
		m.wouldPersist(word)
		return nil
	}
	if m.cacheIt {
		if err := writeCache(m.c, m.w, m.real, m.a.Device, py.Bool(m.a.Mkmnt), m.a.Fstype, py.Strings(m.opts...)); err != nil {
			return err
		}
	}
	switch word {
	case "present":
		m.d.Comment += ". Entry already exists in the fstab."
	case "new":
		m.changes.SetStr("persist", py.Str("new"))
		m.d.Comment += ". Added new entry to the fstab."
	case "change":
		m.changes.SetStr("persist", py.Str("update"))
		m.d.Comment += ". Updated the entry in the fstab."
	}
	return nil
}

// wouldPersist words what is to be done to the fstab.
func (m *mounting) wouldPersist(word string) {
	var say string
	switch {
	case word == "present":
		m.d.Comment += ". Entry already exists in the fstab."
		return
	case word == "new" && m.a.Mount:
		say = m.name + " is mounted, but needs to be written to the fstab in order to be made persistent."
	case word == "new":
		say = m.name + " needs to be written to the fstab in order to be made persistent."
	case m.a.Mount:
		say = m.name + " is mounted, but its fstab entry must be updated."
	default:
		say = "The " + m.name + " fstab entry must be updated."
	}
	m.d.Result = low.None
	m.d.Comment += ". " + say
}
