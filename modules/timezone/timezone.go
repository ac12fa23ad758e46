// Package timezone has Salt's timezone module: with timedatectl where there is
// one, else from the files of the system's family.
package timezone

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

const (
	localtime = "/etc/localtime"
	zoneDir   = "/usr/share/zoneinfo/"
)

type systemArgs struct {
	Name string   `arg:"name,required" doc:"The time zone, such as Europe/Paris."`
	UTC  py.Value `arg:"utc" default:"True" doc:"The hardware clock runs in UTC."`
}

type zoneArgs struct {
	Timezone string `arg:"timezone,required" doc:"The time zone."`
}

type clockArgs struct {
	Clock string `arg:"clock,required" doc:"UTC or localtime."`
}

type noArgs struct{}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	text := func(name, doc string, of func(context.Context, *modules.Call) (string, error)) *modules.Func {
		return modules.Query[noArgs]{Name: "timezone." + name, Doc: doc, Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
			s, err := of(ctx, c)
			return py.Str(s), err
		}}.Func()
	}
	date := func(format string) func(context.Context, *modules.Call) (string, error) {
		return func(ctx context.Context, c *modules.Call) (string, error) {
			out, err := c.Query(ctx, host.Cmd{Argv: []string{"date", format}})
			return strings.TrimSpace(string(out.Stdout)), err
		}
	}
	return []*modules.Func{
		modules.State[systemArgs]{Name: "timezone.system", Check: checkSystem,
			Doc: "Sets the time zone of the system.\n\n```yaml\nEurope/Paris:\n  timezone.system:\n    - utc: True\n```"}.Func(),
		text("get_zone", "Names the time zone of the system.", zone),
		text("get_hwclock", "Says whether the hardware clock runs in UTC or localtime.", hwclock),
		text("get_zonecode", "Gives the short name of the time zone, such as CET.", date("+%Z")),
		text("get_offset", "Gives the offset from UTC, such as +0100.", date("+%z")),
		modules.Query[zoneArgs]{Name: "timezone.zone_compare", Doc: "Says whether the system has this time zone.",
			Run: func(ctx context.Context, c *modules.Call, a *zoneArgs) (py.Value, error) {
				same, err := compare(ctx, c, a.Timezone)
				return py.Bool(same), err
			}}.Func(),
		modules.Action[zoneArgs]{Name: "timezone.set_zone", Doc: "Sets the time zone of the system.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *zoneArgs) (py.Value, error) {
				said, err := setZone(ctx, c, w, a.Timezone)
				if said != "" {
					return py.Str(said), err
				}
				return py.True, err
			}}.Func(),
		modules.Action[clockArgs]{Name: "timezone.set_hwclock", Doc: "Sets what the hardware clock runs in.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *clockArgs) (py.Value, error) {
				ok, err := setClock(ctx, c, w, a.Clock)
				return py.Bool(ok), err
			}}.Func(),
	}
}

func checkSystem(ctx context.Context, c *modules.Call, a *systemArgs) (modules.Plan, error) {
	same, err := compare(ctx, c, a.Name)
	if err != nil {
		var se *modules.Error
		if errors.As(err, &se) {
			return modules.Fail(fmt.Sprintf("Unable to compare desired timezone '%s' to system timezone: %s", a.Name, se.Msg)), nil
		}
		return modules.Plan{}, err
	}
	clock, err := hwclock(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	isUTC, wantUTC := clock != "localtime", py.IsTrue(a.UTC)
	// utc: 1 is UTC as well: Salt compares with ==
	doUTC := wantUTC && !isUTC
	if eq, err := py.Equal(a.UTC, py.Bool(isUTC)); err == nil && wantUTC && isUTC {
		doUTC = !eq
	}
	if same && !doUTC {
		comment := fmt.Sprintf("Timezone %s already set", a.Name)
		if wantUTC {
			comment += fmt.Sprintf(", UTC already set to %s", a.Name)
		}
		return modules.InOrder(comment), nil
	}
	var would []string
	if !same {
		would = append(would, fmt.Sprintf("Timezone %s needs to be set", a.Name))
	}
	if doUTC {
		would = append(would, fmt.Sprintf("UTC needs to be set to %s", py.ToStr(a.UTC)))
	}
	return modules.Would(strings.Join(would, ", "), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		changes := py.NewDict()
		var said []string
		d := modules.Done{Result: low.True}
		if !same {
			if _, err := setZone(ctx, c, w, a.Name); err != nil {
				return d, err
			}
			// Salt takes any answer for success, a missing zone too
			changes.SetStr("timezone", py.Str(a.Name))
			said = append(said, "Set timezone "+a.Name)
		}
		if doUTC {
			ok, err := setClock(ctx, c, w, "UTC")
			switch {
			case err != nil:
				return d, err
			case ok:
				changes.SetStr("utc", a.UTC)
				said = append(said, "Set UTC to "+py.ToStr(a.UTC))
			default:
				d.Result = low.False
				said = append(said, "Failed to set UTC to "+py.ToStr(a.UTC))
			}
		}
		d.Comment, d.Changes = strings.Join(said, ", "), changes
		return d, nil
	}), nil
}

// timedatectl asks systemd; used is false when there is no such program.
func timedatectl(ctx context.Context, c *modules.Call) (text string, used bool, err error) {
	if c.LookPath("timedatectl") == "" {
		return "", false, nil
	}
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"timedatectl"}})
	if err != nil {
		return "", true, err
	}
	if out.Code != 0 {
		return "", true, modules.CommandExecutionError("timedatectl failed: " + strings.TrimRight(string(out.Stderr), "\r\n"))
	}
	return strings.TrimRight(string(out.Stdout), "\r\n"), true, nil
}

func unparsed(text string) error {
	return modules.CommandExecutionError("Failed to parse timedatectl output: " + text + "\nPlease file an issue with SaltStack")
}

var zoneLine = regexp.MustCompile(`^Time ?zone:\s+(\S+)`)

func zone(ctx context.Context, c *modules.Call) (string, error) {
	text, used, err := timedatectl(ctx, c)
	if err != nil {
		return "", err
	}
	if used {
		for _, line := range strings.Split(text, "\n") {
			if m := zoneLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				return m[1], nil
			}
		}
		return "", unparsed(text)
	}
	switch c.Grains.String("os_family") {
	case "RedHat", "Suse":
		return zoneOfSysconfig(c)
	case "Debian", "Gentoo":
		data, err := c.ReadFile("/etc/timezone")
		if err != nil {
			return "", modules.CommandExecutionError("Problem reading timezone file /etc/timezone: " + cause(err))
		}
		return strings.TrimSpace(string(data)), nil
	case "FreeBSD", "OpenBSD", "NetBSD", "Slackware":
		return zoneOfLink(ctx, c)
	}
	return "", modules.CommandExecutionError("Unable to get timezone")
}

// cause is the system's text of an error, as Python spells it.
func cause(err error) string {
	for e := err; e != nil; e = errors.Unwrap(e) {
		err = e
	}
	s := err.Error()
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func zoneOfSysconfig(c host.Reader) (string, error) {
	const file = "/etc/sysconfig/clock"
	data, err := c.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: read the time zone: %w", file, err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") && strings.Contains(line, "ZONE") && strings.Contains(line, "=") {
			v := strings.Trim(line[strings.LastIndex(line, "=")+1:], `'"`)
			if v == "" {
				v = "UTC"
			}
			return v, nil
		}
	}
	return "", modules.CommandExecutionError("Unable to get timezone from " + file)
}

func zoneOfLink(ctx context.Context, c *modules.Call) (string, error) {
	target, err := c.Readlink(localtime)
	if err == nil {
		if !path.IsAbs(target) {
			target = path.Join("/etc", target)
		}
		if name, ok := strings.CutPrefix(path.Clean(target), zoneDir); ok {
			return name, nil
		}
	} else if c.Grains.String("os_family") == "FreeBSD" {
		out, err := c.Query(ctx, host.Cmd{Argv: []string{"date", "+%Z"}})
		return strings.TrimSpace(string(out.Stdout)), err
	} else if _, serr := c.Lstat(localtime); serr != nil {
		return "", modules.CommandExecutionError(localtime + " does not exist")
	}
	return "", modules.CommandExecutionError("Unable to determine timezone")
}

// compare says whether the system has a time zone; when that cannot be asked,
// the zone's file is compared with the system's.
func compare(ctx context.Context, c *modules.Call, name string) (bool, error) {
	current, err := zone(ctx, c)
	if err == nil {
		return current == name, nil
	}
	var se *modules.Error
	if !errors.As(err, &se) {
		return false, err
	}
	have, err := c.ReadFile(localtime)
	if err != nil {
		return false, modules.CommandExecutionError(fmt.Sprintf("Failed to read %s to determine current timezone: %s", localtime, cause(err)))
	}
	want, err := c.ReadFile(zoneDir + name)
	if err != nil {
		return false, modules.SaltInvocationError(fmt.Sprintf("Can't find a local timezone %q", name))
	}
	return bytes.Equal(have, want), nil
}

func hwclock(ctx context.Context, c *modules.Call) (string, error) {
	text, used, err := timedatectl(ctx, c)
	if err != nil {
		return "", err
	}
	if used {
		for _, line := range strings.Split(text, "\n") {
			if line = strings.ToLower(strings.TrimSpace(line)); strings.Contains(line, "rtc in local tz") {
				if strings.TrimSpace(line[strings.LastIndex(line, ":")+1:]) == "yes" {
					return "localtime", nil
				}
				return "UTC", nil
			}
		}
		return "", unparsed(text)
	}
	if c.Grains.String("os_family") == "Debian" {
		if data, err := c.ReadFile("/etc/default/rcS"); err == nil {
			for _, line := range strings.Split(string(data), "\n") {
				if strings.HasPrefix(strings.TrimSpace(line), "#") || !strings.Contains(line, "UTC=") {
					continue
				}
				if strings.ToLower(line[strings.LastIndex(line, "=")+1:]) == "yes" {
					return "UTC", nil
				}
				return "localtime", nil
			}
		}
	}
	data, err := c.ReadFile("/etc/adjtime")
	if err == nil {
		lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
		return lines[len(lines)-1], nil
	}
	if _, err := c.Stat("/dev/rtc"); err == nil {
		return "", modules.CommandExecutionError("Unable to get hwclock timezone from /etc/adjtime")
	}
	return "", nil
}

// setZone sets the zone. said is Salt's complaint about one that there is not.
func setZone(ctx context.Context, c *modules.Call, w host.Writer, name string) (said string, err error) {
	if w.LookPath("timedatectl") != "" {
		// one that fails does not matter: the files are set below
		if _, err := w.Run(ctx, host.Cmd{Argv: []string{"timedatectl", "set-timezone", name}}); err != nil {
			return "", err
		}
	}
	file := zoneDir + name
	if _, err := w.Stat(file); err != nil {
		return "Zone does not exist: " + file, nil
	}
	if err := relink(w, file); err != nil {
		return "", err
	}
	switch c.Grains.String("os_family") {
	case "RedHat":
		return "", substitute(w, "/etc/sysconfig/clock", `(?m)^ZONE=.*`, `ZONE="`+name+`"`)
	case "Suse":
		return "", substitute(w, "/etc/sysconfig/clock", `(?m)^TIMEZONE=.*`, `TIMEZONE="`+name+`"`)
	case "Debian", "Gentoo":
		return "", write(w, "/etc/timezone", strings.TrimSpace(name)+"\n")
	}
	return "", nil
}

func relink(w host.Writer, file string) error {
	if _, err := w.Lstat(localtime); err == nil {
		if err := w.Remove(localtime); err != nil {
			return fmt.Errorf("%s: replace: %w", localtime, err)
		}
	}
	return w.Symlink(file, localtime)
}

func write(w host.Writer, file, text string) error {
	o := host.WriteOptions{}
	if _, err := w.Stat(file); err != nil {
		mode := host.GoPerm(0o666 &^ uint32(w.Umask()))
		o.Mode = &mode
	}
	return w.WriteFile(file, strings.NewReader(text), o)
}

// substitute replaces lines of a file that may be missing.
func substitute(w host.Writer, file, pattern, line string) error {
	data, err := w.ReadFile(file)
	if err != nil {
		return nil // not every release has the file
	}
	return write(w, file, regexp.MustCompile(pattern).ReplaceAllLiteralString(string(data), line))
}

func setClock(ctx context.Context, c *modules.Call, w host.Writer, clock string) (bool, error) {
	if w.LookPath("timedatectl") != "" {
		local := "false"
		if clock == "localtime" {
			local = "true"
		}
		out, err := w.Run(ctx, host.Cmd{Argv: []string{"timedatectl", "set-local-rtc", local}})
		return out.Code == 0, err
	}
	name, err := zone(ctx, c)
	if err != nil {
		return false, err
	}
	if _, err := w.Stat(zoneDir + name); err != nil {
		return false, modules.CommandExecutionError(fmt.Sprintf("Zone '%s' does not exist", zoneDir+name))
	}
	if err := relink(w, zoneDir+name); err != nil {
		return false, err
	}
	switch c.Grains.String("os_family") {
	case "RedHat":
		err = substitute(w, "/etc/sysconfig/clock", `(?m)^ZONE=.*`, `ZONE="`+name+`"`)
	case "Suse":
		err = substitute(w, "/etc/sysconfig/clock", `(?m)^TIMEZONE=.*`, `TIMEZONE="`+name+`"`)
	case "Debian":
		switch clock {
		case "UTC":
			err = substitute(w, "/etc/default/rcS", `(?m)^UTC=.*`, "UTC=yes")
		case "localtime":
			err = substitute(w, "/etc/default/rcS", `(?m)^UTC=.*`, "UTC=no")
		}
	case "Gentoo":
		value := map[string]string{"UTC": "UTC", "localtime": "local"}[clock]
		if value == "" {
			return false, modules.SaltInvocationError("Only 'UTC' and 'localtime' are allowed")
		}
		err = substitute(w, "/etc/conf.d/hwclock", `(?m)^clock=.*`, `clock="`+value+`"`)
	}
	return true, err
}
