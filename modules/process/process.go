// Package process has Salt's process state and the functions of its ps module
// that find and signal processes. It reads /proc.
package process

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/modules"
	"pinch/states/low"
)

type absentArgs struct {
	Name   string   `arg:"name,required" doc:"Text that the command line holds."`
	User   py.Value `arg:"user" doc:"Only processes of this user."`
	Signal py.Value `arg:"signal" doc:"The number of the signal; 15 when not given."`
}

type pkillArgs struct {
	Pattern string   `arg:"pattern,required" doc:"Text that the name holds."`
	User    py.Value `arg:"user" doc:"Only processes of this user."`
	Signal  int      `arg:"signal" default:"15" doc:"The number of the signal."`
	Full    bool     `arg:"full" default:"False" doc:"Looks in the whole command line."`
}

type pgrepArgs struct {
	Pattern string   `arg:"pattern,required" doc:"Text that the name holds."`
	User    py.Value `arg:"user" doc:"Only processes of this user."`
	Full    bool     `arg:"full" default:"False" doc:"Looks in the whole command line."`
	Regex   bool     `arg:"pattern_is_regex" default:"False" doc:"The pattern is a regular expression."`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.State[absentArgs]{Name: "process.absent", Platforms: []string{"Linux"}, Check: checkAbsent,
			Doc: "Kills the processes whose command line holds a text.\n\n```yaml\nold-worker:\n  process.absent:\n    - user: www-data\n```"}.Func(),
		modules.Query[pgrepArgs]{Name: "ps.pgrep", Platforms: []string{"Linux"}, Doc: "Lists the ids of the processes whose name holds a text.",
			Run: func(_ context.Context, c *modules.Call, a *pgrepArgs) (py.Value, error) {
				has := func(s string) bool { return strings.Contains(s, a.Pattern) }
				if a.Regex {
					re, err := pyre.Compile(a.Pattern, 0)
					if err != nil {
						return nil, fmt.Errorf("ps.pgrep: pattern %q: %w", a.Pattern, err)
					}
					has = func(s string) bool { m, err := re.Search(s); return err == nil && m != nil }
				}
				pids, err := find(c, a.User, a.Full, has)
				if len(pids) == 0 {
					return py.None, err
				}
				return pidList(pids), err
			}}.Func(),
		modules.Action[pkillArgs]{Name: "ps.pkill", Platforms: []string{"Linux"}, Doc: "Signals the processes whose name holds a text.",
			Run: func(_ context.Context, _ *modules.Call, w host.Writer, a *pkillArgs) (py.Value, error) {
				killed, err := pkill(w, a.Pattern, a.User, a.Signal, a.Full)
				if err != nil || len(killed) == 0 {
					return py.None, err
				}
				return py.DictOf("killed", pidList(killed)), nil
			}}.Func(),
	}
}

func pidList(pids []int) *py.List {
	l := py.NewList()
	for _, p := range pids {
		l.Append(py.Int(int64(p)))
	}
	return l
}

func checkAbsent(_ context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	const none = "No matching processes running"
	if c.Test { // Salt looks for the text in the name there
		pids, err := find(c, a.User, false, func(s string) bool { return strings.Contains(s, a.Name) })
		comment := none
		if len(pids) > 0 {
			comment = fmt.Sprintf("%d processes will be killed", len(pids))
		}
		return modules.Plan{Would: modules.Done{Result: low.None, Comment: comment}}, err
	}
	pids, err := find(c, a.User, true, func(s string) bool { return strings.Contains(s, a.Name) })
	if err != nil || len(pids) == 0 {
		return modules.InOrder(none), err
	}
	signal := int64(syscall.SIGTERM)
	if py.IsTrue(a.Signal) {
		n, ok := py.AsInt(a.Signal)
		if !ok {
			return modules.Plan{}, fmt.Errorf("process.absent: signal wants a number, not %s", py.Repr(a.Signal))
		}
		signal = n
	}
	return modules.Would(fmt.Sprintf("%d processes will be killed", len(pids)), nil, func(_ context.Context, w host.Writer) (modules.Done, error) {
		killed, err := pkill(w, a.Name, a.User, int(signal), true)
		if err != nil || len(killed) == 0 {
			return modules.OK(none, nil), err
		}
		return modules.OK(fmt.Sprintf("Killed %d processes", len(killed)), py.DictOf("killed", pidList(killed))), nil
	}), nil
}

func pkill(w host.Writer, pattern string, user py.Value, signal int, full bool) ([]int, error) {
	pids, err := find(w, user, full, func(s string) bool { return strings.Contains(s, pattern) })
	if err != nil {
		return nil, err
	}
	var killed []int
	for _, pid := range pids {
		if err := w.Kill(pid, signal); errors.Is(err, syscall.ESRCH) {
			continue
		} else if err != nil {
			return killed, fmt.Errorf("process %d: send signal %d: %w", pid, signal, err)
		}
		killed = append(killed, pid)
	}
	return killed, nil
}

// find lists processes by id. The process that looks, and those that started
// it, are left out: they carry the text too when it was given on the command
// line.
func find(c host.Reader, user py.Value, full bool, has func(string) bool) ([]int, error) {
	entries, err := c.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("/proc: list the processes: %w", err)
	}
	own := ancestry(c)
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || slices.Contains(own, pid) {
			continue
		}
		dir := path.Join("/proc", e.Name())
		cmdline := commandLine(c, dir)
		text := strings.Join(cmdline, " ")
		if !full {
			text = processName(c, dir, cmdline)
		}
		if !has(text) || user != py.None && py.ToStr(user) != owner(c, dir) {
			continue
		}
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	return pids, nil
}

// ancestry is the process that looks and its parents, without init.
func ancestry(c host.Reader) (pids []int) {
	self, err := c.Readlink("/proc/self")
	if err != nil {
		return nil
	}
	pid, err := strconv.Atoi(self)
	for err == nil && pid > 1 && len(pids) < 64 {
		pids = append(pids, pid)
		var data []byte
		if data, err = c.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil {
			break
		}
		s := string(data)
		fields := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
		if len(fields) < 2 {
			break
		}
		pid, err = strconv.Atoi(fields[1])
	}
	return pids
}

// commandLine is empty for a kernel thread and for a process that has ended.
func commandLine(c host.Reader, dir string) []string {
	data, err := c.ReadFile(dir + "/cmdline")
	if err != nil || len(data) == 0 {
		return nil
	}
	s, sep := string(data), "\x00"
	if !strings.HasSuffix(s, sep) {
		sep = " "
	}
	s = strings.TrimSuffix(s, sep)
	if sep == "\x00" && !strings.Contains(s, sep) && strings.Contains(s, " ") {
		sep = " " // a process that wrote its own title
	}
	return strings.Split(s, sep)
}

// processName is the kernel's name of a process, of which it keeps 15 bytes;
// the rest is taken from the command line.
func processName(c host.Reader, dir string, cmdline []string) string {
	data, err := c.ReadFile(dir + "/stat")
	if err != nil {
		return ""
	}
	s := string(data)
	open, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if open < 0 || end < open {
		return ""
	}
	name := s[open+1 : end]
	if len(name) >= 15 && len(cmdline) > 0 {
		if long := path.Base(cmdline[0]); strings.HasPrefix(long, name) {
			return long
		}
	}
	return name
}

func owner(c host.Reader, dir string) string {
	data, err := c.ReadFile(dir + "/status")
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(data), "\n") {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Uid:" {
			uid, err := strconv.Atoi(f[1])
			if err != nil {
				return ""
			}
			if u, ok := c.UserID(uid); ok {
				return u.Name
			}
			return f[1]
		}
	}
	return ""
}
