package service

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// launchd is the init system of macOS (Salt's mac_service).
type launchd struct{}

// job is a service of launchd.
type job struct {
	label, file string
	keepAlive   bool
}

var (
	plistLabel = regexp.MustCompile(`<key>Label</key>\s*<string>([^<]*)</string>`)
	plistKeep  = regexp.MustCompile(`<key>KeepAlive</key>\s*<true\s*/>`)
	plistPath  = regexp.MustCompile(`(?s)<key>KeepAlive</key>\s*<dict>.*?<key>PathState</key>\s*<dict>(.*?)</dict>`)
	plistFile  = regexp.MustCompile(`<key>([^<]*)</key>\s*<(true|false)\s*/>`)
)

// jobs reads the property lists of all services, by label in lower case. What is
// no XML is converted by plutil.
func (launchd) jobs(ctx context.Context, c *modules.Call) (map[string]job, error) {
	return modules.Remember(c.Memo, memoKey+"launchd", func() (map[string]job, error) {
		dirs := []string{"/Library/LaunchAgents", "/Library/LaunchDaemons", "/System/Library/LaunchAgents", "/System/Library/LaunchDaemons"}
		if users, err := c.ReadDir("/Users"); err == nil {
			for _, u := range users {
				dirs = append(dirs, "/Users/"+u.Name()+"/Library/LaunchAgents")
			}
		}
		jobs := map[string]job{}
		for _, dir := range dirs {
			entries, err := c.ReadDir(dir)
			if err != nil {
				continue // not everyone has one
			}
			for _, e := range entries {
				file := path.Join(dir, e.Name())
				if !strings.HasSuffix(strings.ToLower(e.Name()), ".plist") {
					continue
				}
				data, err := c.ReadFile(file)
				if err != nil {
					continue // a broken link
				}
				if strings.HasPrefix(string(data), "bplist") {
					out, err := c.Query(ctx, host.Cmd{Argv: []string{"plutil", "-convert", "xml1", "-o", "-", file}})
					if err != nil {
						return nil, err
					}
					data = out.Stdout
				}
				if s := plistLabel.FindSubmatch(data); s != nil {
					label := string(s[1])
					jobs[strings.ToLower(label)] = job{label, file, keepsAlive(c, data)}
				}
			}
		}
		return jobs, nil
	})
}

// keepsAlive says whether launchd keeps a process of the service running.
func keepsAlive(c *modules.Call, plist []byte) bool {
	if plistKeep.Match(plist) {
		return true
	}
	states := plistPath.FindSubmatch(plist)
	if states == nil {
		return false
	}
	for _, s := range plistFile.FindAllSubmatch(states[1], -1) {
		_, err := c.Stat(string(s[1]))
		if (err == nil) == (string(s[2]) == "true") {
			return true
		}
	}
	return false
}

// find finds a service by its label, file or the file's name.
func (i launchd) find(ctx context.Context, c *modules.Call, name string) (job, bool, error) {
	jobs, err := i.jobs(ctx, c)
	if err != nil {
		return job{}, false, err
	}
	name = strings.ToLower(name)
	if j, ok := jobs[name]; ok {
		return j, true, nil
	}
	for _, j := range jobs {
		base := strings.ToLower(path.Base(j.file))
		if strings.ToLower(j.file) == name || strings.TrimSuffix(base, path.Ext(base)) == name {
			return j, true, nil
		}
	}
	return job{}, false, nil
}

// domain is where launchd has a service: agents are those of the user at the
// console.
func (launchd) domain(c *modules.Call, j job) string {
	if !strings.Contains(j.file, "LaunchAgents") {
		return "system"
	}
	uid := 0
	if fi, err := c.Stat("/dev/console"); err == nil {
		uid = fi.UID
	}
	return fmt.Sprintf("gui/%d", uid)
}

func (i launchd) look(ctx context.Context, c *modules.Call, name, sig string) (unit, error) {
	if sig != "" {
		return unit{}, modules.CommandExecutionError("Service " + name + ": sig is not supported on macOS")
	}
	j, ok, err := i.find(ctx, c, name)
	if err != nil || !ok {
		return unitOf(name, false, false, false), err
	}
	cmd := host.Cmd{Argv: []string{"launchctl", "list", j.label}}
	if strings.Contains(j.file, "LaunchAgents") {
		if fi, err := c.Stat("/dev/console"); err == nil {
			if u, ok := c.UserID(fi.UID); ok && fi.UID != c.Getuid() {
				cmd.RunAs = u.Name
			}
		}
	}
	out, err := c.Query(ctx, cmd)
	if err != nil {
		return unit{}, err
	}
	running := out.Code == 0 && (!j.keepAlive || strings.Contains(string(out.Stdout), `"PID" =`))
	off, err := i.disabled(ctx, c, j)
	return unitOf(name, true, running, !off), err
}

// disabled reads launchctl's list of services that are switched off.
func (i launchd) disabled(ctx context.Context, c *modules.Call, j job) (bool, error) {
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"launchctl", "print-disabled", i.domain(c, j)}})
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(out.Stdout)) {
		name, state, ok := strings.Cut(line, "=>")
		if ok && strings.Trim(strings.TrimSpace(name), `"`) == j.label {
			state = strings.ToLower(state)
			return strings.Contains(state, "true") || strings.Contains(state, "disabled"), nil
		}
	}
	return false, nil
}

func (i launchd) do(ctx context.Context, c *modules.Call, w host.Writer, verb, name string, _ *py.Dict) (bool, error) {
	j, ok, err := i.find(ctx, c, name)
	if err != nil {
		return false, err
	}
	if !ok {
		return false, modules.CommandExecutionError("Service not found: " + strings.ToLower(name))
	}
	domain := i.domain(c, j)
	switch verb {
	case "start":
		return i.launchctl(ctx, c, w, "bootstrap", domain, j.file)
	case "stop":
		return i.launchctl(ctx, c, w, "bootout", domain, j.file)
	case "restart":
		if loaded, err := succeeds(ctx, c, "launchctl", "list", j.label); err != nil {
			return false, err
		} else if loaded {
			if ok, err := i.launchctl(ctx, c, w, "bootout", domain, j.file); !ok || err != nil {
				return ok, err
			}
		}
		return i.launchctl(ctx, c, w, "bootstrap", domain, j.file)
	case "enable", "disable":
		return i.launchctl(ctx, c, w, verb, domain+"/"+j.label)
	}
	return false, modules.CommandExecutionError("Service " + name + ": launchd cannot " + verb)
}

// launchctl's failure is an exception with all that it said.
func (launchd) launchctl(ctx context.Context, c *modules.Call, w host.Writer, args ...string) (bool, error) {
	defer c.Memo.Drop(memoKey)
	out, err := w.Run(ctx, host.Cmd{Argv: append([]string{"launchctl"}, args...), Tee: c.Output})
	if err != nil {
		return false, err
	}
	inProgress := args[0] == "bootout" && out.Code == 36
	if out.Code != 0 && !inProgress || strings.Contains(string(out.Stderr), "service is disabled") {
		return false, modules.CommandExecutionError(fmt.Sprintf("Failed to %s service:\nstdout: %s\nstderr: %s\nretcode: %d",
			args[0], strings.TrimRight(string(out.Stdout), "\n"), strings.TrimRight(string(out.Stderr), "\n"), out.Code))
	}
	return true, nil
}

func (i launchd) all(ctx context.Context, c *modules.Call) ([]string, error) {
	set := map[string]bool{}
	jobs, err := i.jobs(ctx, c)
	if err != nil {
		return nil, err
	}
	for label := range jobs {
		set[label] = true
	}
	on, err := i.enabled(ctx, c)
	for _, n := range on {
		set[n] = true
	}
	return sorted(set), err
}

func (launchd) enabled(ctx context.Context, c *modules.Call) ([]string, error) {
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"launchctl", "list"}})
	set := map[string]bool{}
	for line := range strings.Lines(string(out.Stdout)) {
		if f := strings.Split(strings.TrimRight(line, "\n"), "\t"); len(f) == 3 && f[0] != "PID" {
			set[f[2]] = true
		}
	}
	return sorted(set), err
}
