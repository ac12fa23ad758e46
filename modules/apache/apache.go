// Package apache has Salt's apache functions and states, and apache_module,
// apache_site and apache_conf, which are Debian's.
package apache

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return slices.Concat(switchStates(), configStates(), switchFuncs(), serverFuncs())
}

type noArgs struct{}

// program is the one that tells about and controls the server.
func program(c *modules.Call) string {
	switch c.Grains.String("os_family") {
	case "Debian", "Suse":
		return "apache2ctl"
	}
	return "apachectl"
}

func installed(c *modules.Call) bool { return c.LookPath(program(c)) != "" }

func onDebian(c *modules.Call) bool { return installed(c) && c.Grains.String("os_family") == "Debian" }

func execVirtual(c *modules.Call) (bool, string) {
	if !installed(c) {
		return false, "The apache execution module cannot be loaded: apache is not installed."
	}
	return true, ""
}

func debianVirtual(c *modules.Call) (bool, string) {
	if !onDebian(c) {
		return false, "apache execution module not loaded: apache not installed."
	}
	return true, ""
}

func stateVirtual(ok func(*modules.Call) bool) func(*modules.Call) (bool, string) {
	return func(c *modules.Call) (bool, string) {
		if !ok(c) {
			return false, "apache module could not be loaded"
		}
		return true, ""
	}
}

// printed runs a command and returns both its streams, as Salt's cmd.run does.
func printed(ctx context.Context, c *modules.Call, w host.Writer, argv ...string) (string, error) {
	r, err := c.RunAll(ctx, w, modules.Command{Argv: argv, MergeStderr: true})
	return r.Stdout, err
}

func tells(name, doc string, option string, read func(text string) (py.Value, error)) *modules.Func {
	return modules.Query[noArgs]{Name: "apache." + name, Doc: doc, Virtual: execVirtual, Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
		text, err := printed(ctx, c, nil, program(c), option)
		if err != nil {
			return nil, err
		}
		return read(text)
	}}.Func()
}

func readVersion(text string) (py.Value, error) {
	lines := py.SplitLines(text, false)
	if len(lines) == 0 {
		return nil, indexError()
	}
	parts := strings.Split(lines[0], ": ")
	if len(parts) < 2 {
		return nil, indexError()
	}
	return py.Str(parts[1]), nil
}

func indexError() error { return py.Errorf("IndexError", "list index out of range") }

func readFullVersion(text string) (py.Value, error) {
	with := py.NewList()
	out := py.DictOf("compiled_with", with)
	for _, line := range py.SplitLines(text, false) {
		if strings.Contains(line, ": ") {
			parts := strings.Split(line, ": ")
			out.SetStr(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(parts[0])), " ", "_"), py.Str(strings.TrimSpace(parts[1])))
		} else if strings.Contains(line, " -D") {
			if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " \t"), "-D"); ok && strings.TrimLeft(rest, " \t") != rest {
				line = strings.TrimLeft(rest, " \t")
			}
			with.Append(py.Str(line))
		}
	}
	return out, nil
}

func readModules(text string) (py.Value, error) {
	static, shared := py.NewList(), py.NewList()
	for _, line := range py.SplitLines(text, false) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if strings.Contains(line, "(static)") {
			static.Append(py.Str(words[0]))
		}
		if strings.Contains(line, "(shared)") {
			shared.Append(py.Str(words[0]))
		}
	}
	return py.DictOf("static", static, "shared", shared), nil
}

func readServerModules(text string) (py.Value, error) {
	out := py.NewList()
	for _, line := range py.SplitLines(text, false) {
		if strings.Contains(line, ".c") {
			out.Append(py.Str(strings.TrimSpace(line)))
		}
	}
	return out, nil
}

func readDirectives(text string) (py.Value, error) {
	out := py.NewDict()
	for _, line := range py.SplitLines(strings.ReplaceAll(text, "\n\t", "\t"), false) {
		if line != "" {
			parts := strings.Split(line, "\t")
			out.SetStr(parts[0], py.Str(strings.Join(parts[1:], "\n")))
		}
	}
	return out, nil
}

// readVhosts reads the virtual hosts by address.
func readVhosts(text string) (py.Value, error) {
	out := py.NewDict()
	name := ""
	parens := strings.NewReplacer("(", "", ")", "")
	for _, line := range py.SplitLines(text, false) {
		words := strings.Fields(line)
		if line == "" {
			continue
		}
		if len(words) == 0 {
			return nil, indexError()
		}
		if strings.Contains(line, "is a NameVirtualHost") {
			name = words[0]
			out.SetStr(name, py.NewDict())
			continue
		}
		if words[0] != "default" && words[0] != "port" {
			continue
		}
		of, ok := out.Lookup(name).(*py.Dict)
		if !ok {
			return nil, py.KeyError(py.Str(name))
		}
		switch {
		case words[0] == "default" && len(words) > 3:
			of.SetStr("default", py.DictOf("vhost", py.Str(words[2]), "conf", py.Str(parens.Replace(words[3]))))
		case words[0] == "port" && len(words) > 4:
			of.SetStr(words[3], py.DictOf("vhost", py.Str(words[3]), "conf", py.Str(parens.Replace(words[4])), "port", py.Str(words[1])))
		default:
			return nil, indexError()
		}
	}
	return out, nil
}

type signalArgs struct {
	Signal py.Value `arg:"signal" doc:"start, stop, restart, graceful, graceful-stop, configtest, status or fullstatus."`
}

func signal(ctx context.Context, c *modules.Call, w host.Writer, a *signalArgs) (py.Value, error) {
	s, _ := a.Signal.(py.Str)
	argv := []string{program(c)}
	switch s {
	case "start", "stop", "restart", "graceful", "graceful-stop":
		argv = append(argv, "-k", string(s))
	case "configtest", "status", "fullstatus":
		argv = append(argv, string(s))
	default:
		return py.None, nil
	}
	said, err := c.Do(ctx, w, argv...)
	switch {
	case err != nil:
		return nil, err
	case said.Err != "":
		return py.Str(strings.TrimSpace(said.Err)), nil
	case said.Out != "":
		return py.Str(strings.TrimSpace(said.Out)), nil
	}
	return py.Str(`Command: "` + strings.Join(argv, " ") + `" completed successfully!`), nil
}

func serverFuncs() []*modules.Func {
	return []*modules.Func{
		tells("version", "Gives the server's version.", "-v", readVersion),
		tells("fullversion", "Gives the server's version and how it was compiled.", "-V", readFullVersion),
		tells("modules", "Gives the modules, static and shared.", "-M", readModules),
		tells("servermods", "Gives the modules that are compiled into the server.", "-l", readServerModules),
		tells("directives", "Gives the directives with where they may stand.", "-L", readDirectives),
		tells("vhosts", "Gives the virtual hosts by address.", "-S", readVhosts),
		modules.Action[signalArgs]{Name: "apache.signal", Doc: "Starts, stops or restarts the server, or checks its configuration.", Virtual: execVirtual, Run: signal}.Func(),
	}
}
