package locale

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func booted(c host.Reader) bool {
	fi, err := c.Stat("/run/systemd/system")
	return err == nil && fi.IsDir()
}

func major(c *modules.Call) int64 {
	n, _ := py.AsInt(c.Grains.Lookup("osmajorrelease"))
	return n
}

// localectl reads the system's locale variables from systemd, in its order.
func localectl(ctx context.Context, c *modules.Call) (*py.Dict, error) {
	if c.LookPath("localectl") == "" {
		return nil, modules.CommandExecutionError(`Unable to find "localectl"`)
	}
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"localectl", "status"}})
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(out.Stderr), "Failed to connect to bus: No such file or directory") {
		return nil, modules.CommandExecutionError(`Command "localectl" is in a degraded state.`)
	}
	vars, key, found := py.NewDict(), "", false
	for _, line := range strings.Split(strings.TrimSpace(string(out.Stdout)), "\n") {
		data := strings.TrimSpace(line)
		if k, v, ok := strings.Cut(line, ": "); ok {
			key, data = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(k)), " ", "_"), v
		}
		if data == "" || key == "" {
			continue
		}
		found = true
		if k, v, ok := strings.Cut(data, "="); ok && key == "system_locale" && !strings.Contains(v, "=") {
			vars.SetStr(k, py.Str(v))
		}
	}
	if !found {
		return nil, modules.CommandExecutionError(`Unable to parse result of "localectl"`)
	}
	return vars, nil
}

// configFile is where the system's family keeps the locale, and the variable.
func configFile(family string) (file, variable string) {
	switch {
	case strings.Contains(family, "Suse"):
		return "/etc/sysconfig/language", "RC_LANG"
	case strings.Contains(family, "RedHat"):
		return "/etc/sysconfig/i18n", "LANG"
	case strings.Contains(family, "Debian"):
		return "/etc/default/locale", "LANG"
	}
	return "", ""
}

// current returns the system's locale, "" when none is set.
func current(ctx context.Context, c *modules.Call) (string, error) {
	family := c.Grains.String("os_family")
	if booted(c) && !(family == "Suse" && major(c) == 12) {
		vars, err := localectl(ctx, c)
		if err != nil {
			return "", err
		}
		return vars.String("LANG"), nil
	}
	file, variable := configFile(family)
	if file == "" {
		return "", modules.CommandExecutionError(fmt.Sprintf(`Error: "%s" is unsupported!`, c.Grains.String("oscodename")))
	}
	data, err := c.ReadFile(file)
	if err != nil {
		return "", nil // grep's complaint holds no setting
	}
	for _, line := range strings.Split(string(data), "\n") {
		if v, ok := strings.CutPrefix(line, variable+"="); ok {
			v, _, _ = strings.Cut(v, "=")
			return strings.ReplaceAll(v, `"`, ""), nil
		}
	}
	return "", nil
}

func call(ctx context.Context, c *modules.Call, fun string, kw *py.Dict, pos ...string) (py.Value, error) {
	args := &py.Args{}
	for _, p := range pos {
		args.Pos = append(args.Pos, py.Str(p))
	}
	for k, v := range kw.All() {
		args.Kw = append(args.Kw, py.KwArg{Name: py.ToStr(k), Value: v})
	}
	return c.Funcs.Call(ctx, fun, args)
}

// setLine replaces a line of a file, or adds it.
func setLine(ctx context.Context, c *modules.Call, w host.Writer, file, pattern, line string) error {
	if _, err := w.Stat(file); err != nil {
		mode := host.GoPerm(0o666 &^ uint32(w.Umask()))
		if err := w.WriteFile(file, strings.NewReader(""), host.WriteOptions{Mode: &mode}); err != nil {
			return fmt.Errorf("%s: create: %w", file, err)
		}
	}
	_, err := call(ctx, c, "file.replace", py.DictOf("append_if_not_found", py.True), file, pattern, line)
	return err
}

// set sets the system's locale.
func set(ctx context.Context, c *modules.Call, w host.Writer, name string) (bool, error) {
	family := c.Grains.String("os_family")
	if booted(c) && !(family == "Suse" && major(c) == 12) && !(family == "Debian" && major(c) >= 13) {
		vars, err := localectl(ctx, c)
		if err != nil {
			return false, err
		}
		vars.SetStr("LANG", py.Str(name))
		argv := []string{"localectl", "set-locale"}
		for k, v := range vars.All() {
			argv = append(argv, py.ToStr(k)+"="+py.ToStr(v))
		}
		out, err := w.Run(ctx, host.Cmd{Argv: argv})
		if err != nil || out.Code == 0 {
			return true, err
		}
		return true, setLine(ctx, c, w, "/etc/locale.conf", "^LANG=.*", "LANG="+name)
	}
	file, variable := configFile(family)
	if file == "" {
		return false, modules.CommandExecutionError("Error: Unsupported platform!")
	}
	if strings.Contains(family, "Debian") {
		program := w.LookPath("update-locale")
		if program == "" {
			return false, modules.CommandExecutionError(`Cannot set locale: "update-locale" was not found.`)
		}
		if _, err := w.Run(ctx, host.Cmd{Argv: []string{program}}); err != nil {
			return false, err
		}
	}
	return true, setLine(ctx, c, w, file, "^"+variable+"=.*", variable+`="`+name+`"`)
}

// generate generates a locale; all is what the program said when verbose.
func generate(ctx context.Context, c *modules.Call, w host.Writer, name string, verbose bool) (ok bool, all *py.Dict, err error) {
	system, family := c.Grains.String("os"), c.Grains.String("os_family")
	ubuntu := system == "Ubuntu"
	p := split(name)
	search := p.language + "_" + p.territory
	if p.charmap == "" && !ubuntu {
		p.charmap = p.codeset
		name = p.String()
	}
	valid := false
	if system == "Debian" || family == "Gentoo" {
		v, err := call(ctx, c, "file.search", py.DictOf("flags", py.Int(8)), "/usr/share/i18n/SUPPORTED", "^"+name+"$")
		if err != nil {
			return false, nil, err
		}
		valid = py.IsTrue(v)
	} else {
		dir := "/usr/share/i18n/locales"
		if family == "Suse" {
			dir = "/usr/share/locale"
		}
		entries, err := w.ReadDir(dir)
		if err != nil {
			return false, nil, modules.CommandExecutionError(fmt.Sprintf(`Locale "%s" is not available.`, name))
		}
		for _, e := range entries {
			valid = valid || e.Name() == search
		}
	}
	if !valid {
		return false, nil, nil
	}
	if _, err := w.Stat("/etc/locale.gen"); err == nil {
		if err := setLine(ctx, c, w, "/etc/locale.gen", `^\s*#\s*`+name+`\s*$`, name+"\n"); err != nil {
			return false, nil, err
		}
	} else if ubuntu {
		if err := setLine(ctx, c, w, "/var/lib/locales/supported.d/"+p.language, name, name); err != nil {
			return false, nil, err
		}
	}
	var argv []string
	switch {
	case w.LookPath("locale-gen") != "":
		argv = []string{"locale-gen"}
		if family == "Gentoo" {
			argv = append(argv, "--generate")
		}
		if ubuntu {
			name = normal(name)
		}
		argv = append(argv, name)
	case w.LookPath("localedef") != "":
		loud := "--quiet"
		if verbose {
			loud = "--verbose"
		}
		argv = []string{"localedef", "--force", "-i", search, "-f", p.codeset, search + "." + p.codeset, loud}
	default:
		return false, nil, modules.CommandExecutionError(`Command "locale-gen" or "localedef" was not found on this system.`)
	}
	out, err := w.Run(ctx, host.Cmd{Argv: argv, Tee: c.Output})
	if err != nil {
		return false, nil, err
	}
	all = py.DictOf("pid", py.Int(int64(out.PID)), "retcode", py.Int(int64(out.Code)),
		"stdout", py.Str(strings.TrimRight(string(out.Stdout), "\r\n")), "stderr", py.Str(strings.TrimRight(string(out.Stderr), "\r\n")))
	return out.Code == 0, all, nil
}
