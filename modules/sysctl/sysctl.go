// Package sysctl has Salt's sysctl module for Linux.
package sysctl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func { return append(execFuncs(), present()) }

type presentArgs struct {
	Name   string   `arg:"name,required" doc:"The kernel parameter, with dots."`
	Value  py.Value `arg:"value,required" doc:"What it is to be, as sysctl prints it."`
	Config py.Value `arg:"config" doc:"The file it is kept in; /etc/sysctl.d/99-salt.conf with systemd, else /etc/sysctl.conf."`
}

func present() *modules.Func {
	return modules.State[presentArgs]{
		Name: "sysctl.present", Virtual: virtual, Check: checkPresent,
		Doc: "Sets a kernel parameter now and for the next boots.\n\n```yaml\nvm.swappiness:\n  sysctl.present:\n    - value: 20\n```",
	}.Func()
}

func virtual(c *modules.Call) (bool, string) {
	if c.Grains.String("kernel") != "Linux" {
		return false, "sysctl module could not be loaded"
	}
	return true, ""
}

// defaultConfig is where systemd looks, or the file of old.
func defaultConfig(c host.Reader) string {
	if fi, err := c.Stat("/run/systemd/system"); err == nil && fi.IsDir() {
		return "/etc/sysctl.d/99-salt.conf"
	}
	return "/etc/sysctl.conf"
}

func configOf(c host.Reader, v py.Value) string {
	if v == py.None {
		return defaultConfig(c)
	}
	return py.ToStr(v)
}

func program(c host.Reader) error {
	if c.LookPath("sysctl") == "" {
		return modules.CommandExecutionError("Command 'sysctl' cannot be found")
	}
	return nil
}

// get returns what sysctl says of a parameter: its value, or why there is none.
func get(ctx context.Context, c host.Reader, name string) (string, error) {
	if err := program(c); err != nil {
		return "", err
	}
	if strings.HasPrefix(name, "-") || strings.Contains(name, "=") {
		return "", modules.CommandExecutionError(fmt.Sprintf("sysctl %s does not exist", name))
	}
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"sysctl", "-n", name}})
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(out.Stdout)+string(out.Stderr), "\r\n"), nil
}

var blanks = regexp.MustCompile(` +|\t+`)

func checkPresent(ctx context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	config := configOf(c, a.Config)
	value := py.ToStr(a.Value)
	if c.Test {
		return testPresent(ctx, c, a.Name, value, config)
	}
	return modules.Would("", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		updated, err := persist(ctx, w, a.Name, value, config)
		var se *modules.Error
		switch {
		case errors.As(err, &se) && se.Class == "CommandExecutionError":
			return modules.Failed(fmt.Sprintf("Failed to set %s to %s: %s", a.Name, value, se.Msg)), nil
		case err != nil:
			return modules.Done{}, err
		case updated:
			return modules.OK(fmt.Sprintf("Updated sysctl value %s = %s", a.Name, value), py.DictOf(a.Name, a.Value)), nil
		}
		return modules.OK(fmt.Sprintf("Sysctl value %s = %s is already set", a.Name, value), nil), nil
	}), nil
}

// testPresent words what would be done; Salt looks less closely there than in
// a real run.
func testPresent(ctx context.Context, c *modules.Call, name, value, config string) (modules.Plan, error) {
	would := func(format string, args ...any) (modules.Plan, error) {
		return modules.Plan{Would: modules.Done{Result: low.None, Comment: fmt.Sprintf(format, args...)}}, nil
	}
	configured, ok := readConfig(c, config)
	if !ok {
		return would("Sysctl option %s might be changed, we failed to check config file at %s. The file is either unreadable, or missing.", name, config)
	}
	current, err := get(ctx, c, name)
	if err != nil {
		return modules.Plan{}, err
	}
	kept := configured.Has(name)
	switch {
	case current != "" && kept:
		if strings.Join(strings.Fields(value), " ") == strings.Join(strings.Fields(current), " ") {
			return modules.InOrder(fmt.Sprintf("Sysctl value %s = %s is already set", name, value)), nil
		}
	case current != "" && blanks.ReplaceAllString(current, " ") != blanks.ReplaceAllString(value, " "):
		return would("Sysctl option %s set to be changed to %s", name, value)
	case current != "":
		return would("Sysctl value is currently set on the running system but not in a config file. Sysctl option %s set to be changed to %s in config file.", name, value)
	case kept:
		return would("Sysctl value %s is present in configuration file but is not present in the running config. The value %s is set to be changed to %s", name, name, value)
	}
	return would("Sysctl option %s would be changed to %s", name, value)
}

// readConfig reads the settings of a file; one that is missing has none, and ok
// is false for one that cannot be read.
func readConfig(c host.Reader, config string) (*py.Dict, bool) {
	d := py.NewDict()
	data, err := c.ReadFile(config)
	if errors.Is(err, fs.ErrNotExist) {
		return d, true
	}
	if err != nil {
		return nil, false
	}
	for _, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		k, v, ok := strings.Cut(line, "=")
		if ok && !strings.HasPrefix(line, "#") {
			d.SetStr(strings.TrimRight(k, " \t"), py.Str(strings.TrimLeft(v, " \t")))
		}
	}
	return d, true
}

// oneTab is a value as the kernel gives it back.
func oneTab(v string) string { return regexp.MustCompile(`\s+`).ReplaceAllString(v, "\t") }

// persist sets a parameter in its file and in the kernel. updated is false
// when both had the value.
func persist(ctx context.Context, w host.Writer, name, value, config string) (updated bool, err error) {
	data := []byte("#\n# Kernel sysctl configuration\n#\n")
	mode := host.GoPerm(0o666 &^ uint32(w.Umask()))
	opts := host.WriteOptions{Mode: &mode}
	if fi, err := w.Stat(config); err == nil && fi.IsRegular() {
		opts = host.WriteOptions{}
		if data, err = w.ReadFile(config); err != nil {
			return false, modules.CommandExecutionError("Could not read from file: " + config)
		}
	} else {
		if err := w.MkdirAll(path.Dir(config), 0o777); err != nil {
			return false, fmt.Errorf("%s: make the directory: %w", path.Dir(config), err)
		}
		if err := w.WriteFile(config, bytes.NewReader(data), opts); err != nil {
			return false, modules.CommandExecutionError("Could not write to file: " + config)
		}
	}
	var out strings.Builder
	edited := false
	setting := fmt.Sprintf("%s = %s\n", name, value)
	for _, line := range strings.SplitAfter(string(data), "\n") {
		k, v, ok := strings.Cut(line, "=")
		if k = strings.TrimSpace(k); !ok || strings.HasPrefix(k, "#") || k != name {
			out.WriteString(line)
			continue
		}
		if oneTab(strings.TrimSpace(v)) == oneTab(value) {
			current, err := get(ctx, w, name)
			if err != nil || oneTab(current) == oneTab(value) {
				return false, err
			}
			_, err = assign(ctx, w, name, value)
			return true, err
		}
		out.WriteString(setting)
		edited = true
	}
	if !edited {
		out.WriteString(setting)
	}
	if err := w.WriteFile(config, strings.NewReader(out.String()), opts); err != nil {
		return false, modules.CommandExecutionError("Could not write to file: " + config)
	}
	_, err = assign(ctx, w, name, value)
	return true, err
}

// assign sets a parameter in the kernel.
func assign(ctx context.Context, w host.Writer, name, value string) (*py.Dict, error) {
	swapped := strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return r
	}, name)
	if _, err := w.Stat("/proc/sys/" + swapped); err != nil {
		return nil, modules.CommandExecutionError(fmt.Sprintf("sysctl %s does not exist", name))
	}
	if err := program(w); err != nil {
		return nil, err
	}
	out, err := w.Run(ctx, host.Cmd{Argv: []string{"sysctl", "-w", name + "=" + value}})
	if err != nil {
		return nil, err
	}
	stdout, stderr := strings.TrimRight(string(out.Stdout), "\r\n"), strings.TrimRight(string(out.Stderr), "\r\n")
	want, err := regexp.Compile(`^` + regexp.QuoteMeta(name) + `\s+=\s+` + regexp.QuoteMeta(value) + `\n?$`)
	if err != nil {
		return nil, fmt.Errorf("sysctl %s: %w", name, err)
	}
	if !want.MatchString(stdout) || strings.Contains(stderr, "Invalid argument") {
		said := stdout
		if out.Code != 0 && stderr != "" {
			said = stderr
		}
		return nil, modules.CommandExecutionError("sysctl -w failed: " + said)
	}
	k, v, _ := strings.Cut(stdout, " = ")
	return py.DictOf(k, py.Str(v)), nil
}
