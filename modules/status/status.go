// Package status has those functions of Salt's status module that read the
// kernel's files.
package status

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type timeArgs struct {
	Format string `arg:"format" default:"'%A, %d. %B %Y %I:%M%p'" doc:"A format of strftime."`
}

type pidArgs struct {
	Sig string `arg:"sig,required" doc:"A regular expression that finds the process in the list of ps."`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	q := func(name, doc string, run func(context.Context, *modules.Call) (py.Value, error)) *modules.Func {
		return modules.Query[noArgs]{Name: "status." + name, Doc: doc, Platforms: []string{"Linux"},
			Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) { return run(ctx, c) }}.Func()
	}
	return []*modules.Func{
		modules.Query[timeArgs]{Name: "status.time", Doc: "Gives the host's time of day.", Run: func(_ context.Context, c *modules.Call, a *timeArgs) (py.Value, error) {
			return py.Str(py.Strftime(c.Now().Local(), false, a.Format)), nil
		}}.Func(),
		q("uptime", "Tells how long the host has been up.", uptime),
		q("loadavg", "Gives the load averages of one, five and fifteen minutes.", loadavg),
		q("meminfo", "Gives the kernel's figures on memory.", meminfo),
		q("cpuinfo", "Gives the kernel's description of the processor.", cpuinfo),
		q("nproc", "Gives the number of processors.", func(context.Context, *modules.Call) (py.Value, error) {
			return py.Int(runtime.NumCPU()), nil
		}),
		modules.Query[pidArgs]{Name: "status.pid", Doc: "Lists the numbers of processes that a regular expression finds.", Run: pid}.Func(),
	}
}

func uptime(ctx context.Context, c *modules.Call) (py.Value, error) {
	raw, err := c.ReadFile("/proc/uptime")
	if err != nil {
		return nil, modules.CommandExecutionError("File /proc/uptime was not found.")
	}
	first, _, _ := strings.Cut(string(raw), " ")
	f, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return nil, modules.CommandExecutionError("/proc/uptime: " + first + " is no number")
	}
	up := time.Duration(int64(f)) * time.Second
	boot := c.Now().Add(-up).UTC()
	rest := int64(up/time.Second) % 86400
	since := boot.Format("2006-01-02T15:04:05.000000")
	out := py.DictOf("seconds", py.Int(int64(f)), "since_iso", py.Str(since), "since_t", py.Int(boot.Unix()),
		"days", py.Int(int64(up/time.Second)/86400), "time", py.Str(fmt.Sprintf("%d:%d", rest/3600, rest%3600/60)))
	if c.LookPath("who") != "" {
		who, err := c.Query(ctx, host.Cmd{Argv: []string{"who", "-s"}})
		if err != nil {
			return nil, err
		}
		out.SetStr("users", py.Int(1+strings.Count(strings.TrimRight(string(who.Stdout), "\r\n"), "\n")))
	}
	return out, nil
}

func loadavg(_ context.Context, c *modules.Call) (py.Value, error) {
	raw, err := c.ReadFile("/proc/loadavg")
	f := strings.Fields(string(raw))
	if err != nil || len(f) < 3 {
		return nil, modules.CommandExecutionError("status.loadavag is not available on your platform")
	}
	out := py.NewDict()
	for i, key := range []string{"1-min", "5-min", "15-min"} {
		v, err := strconv.ParseFloat(f[i], 64)
		if err != nil {
			return nil, modules.CommandExecutionError("/proc/loadavg: " + f[i] + " is no number")
		}
		out.SetStr(key, py.Float(v))
	}
	return out, nil
}

// lines are a file's lines that are not empty; a file that is not there has
// none.
func lines(c *modules.Call, path string) []string {
	raw, err := c.ReadFile(path)
	if err != nil {
		return nil
	}
	var out []string
	for _, l := range strings.Split(string(raw), "\n") {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

func meminfo(_ context.Context, c *modules.Call) (py.Value, error) {
	out := py.NewDict()
	for _, l := range lines(c, "/proc/meminfo") {
		f := strings.Fields(l)
		if len(f) < 2 {
			continue
		}
		d := py.DictOf("value", py.Str(f[1]))
		if len(f) > 2 {
			d.SetStr("unit", py.Str(f[2]))
		}
		out.SetStr(strings.ReplaceAll(f[0], ":", ""), d)
	}
	return out, nil
}

func cpuinfo(_ context.Context, c *modules.Call) (py.Value, error) {
	out := py.NewDict()
	for _, l := range lines(c, "/proc/cpuinfo") {
		f := strings.Split(l, ":")
		if len(f) < 2 {
			continue
		}
		key, v := strings.TrimSpace(f[0]), strings.TrimSpace(f[1])
		if key == "flags" {
			out.SetStr(key, py.Strings(strings.Fields(v)...))
		} else {
			out.SetStr(key, py.Str(v))
		}
	}
	return out, nil
}

func pid(ctx context.Context, c *modules.Call, a *pidArgs) (py.Value, error) {
	re, err := regexp.Compile(a.Sig)
	if err != nil {
		return nil, modules.CommandExecutionError("status.pid: " + err.Error())
	}
	argv := []string{"ps", "-efHww"}
	if c.Grains.String("kernel") != "Linux" {
		argv = []string{"ps", "auxwww"}
	}
	out, err := c.Query(ctx, host.Cmd{Argv: argv})
	if err != nil {
		return nil, err
	}
	own := c.Grains.Lookup("pid")
	var pids []string
	for _, l := range strings.Split(strings.TrimRight(string(out.Stdout), "\n"), "\n") {
		f := strings.Fields(l)
		if len(f) < 2 || own != nil && strings.Contains(l, py.ToStr(own)) || !re.MatchString(l) {
			continue
		}
		pids = append(pids, f[1])
	}
	return py.Str(strings.Join(pids, "\n")), nil
}
