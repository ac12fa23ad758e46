// Package alternatives has Salt's alternatives module: link groups of
// update-alternatives(1).
package alternatives

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type nameArgs struct {
	Name string `arg:"name,required" doc:"The name of the link group, such as editor."`
}

type pathArgs struct {
	Name string `arg:"name,required" doc:"The name of the link group, such as editor."`
	Path string `arg:"path,required" doc:"The program."`
}

type installArgs struct {
	Name     string   `arg:"name,required" doc:"The name of the link group."`
	Link     string   `arg:"link,required" doc:"The link that users call, such as /usr/bin/editor."`
	Path     string   `arg:"path,required" doc:"The program."`
	Priority py.Value `arg:"priority,required" doc:"In automatic mode the highest wins."`
}

func virtual(c *modules.Call) (bool, string) {
	if fi, err := c.Stat("/etc/alternatives"); err == nil && fi.IsDir() {
		return true, ""
	}
	return false, "Cannot load alternatives module: /etc/alternatives dir not found"
}

func program(c *modules.Call) string {
	if c.Grains.String("os_family") == "RedHat" {
		return "alternatives"
	}
	return "update-alternatives"
}

// ask runs a look-only command; ok is false when it failed and said why.
func ask(ctx context.Context, c *modules.Call, args ...string) (text string, ok bool, err error) {
	s, err := c.Ask(ctx, append([]string{program(c)}, args...)...)
	if s.Code > 0 && s.Err != "" {
		return s.Err, false, err
	}
	return s.Out, err == nil, err
}

// act runs a command that changes and returns what it said.
func act(ctx context.Context, c *modules.Call, w host.Writer, args ...string) (py.Value, error) {
	s, err := c.Do(ctx, w, append([]string{program(c)}, args...)...)
	if s.Code > 0 && (s.Err != "" || args[0] != "--install") {
		return py.Str(s.Err), err
	}
	return py.Str(s.Out), err
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	query := func(name, doc string, run func(context.Context, *modules.Call, *nameArgs) (py.Value, error)) *modules.Func {
		return modules.Query[nameArgs]{Name: "alternatives." + name, Doc: doc, Virtual: virtual, Run: run}.Func()
	}
	queryPath := func(name, doc string, run func(context.Context, *modules.Call, *pathArgs) (py.Value, error)) *modules.Func {
		return modules.Query[pathArgs]{Name: "alternatives." + name, Doc: doc, Virtual: virtual, Run: run}.Func()
	}
	action := func(name, doc string) *modules.Func {
		return modules.Action[pathArgs]{Name: "alternatives." + name, Doc: doc, Virtual: virtual,
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *pathArgs) (py.Value, error) {
				return act(ctx, c, w, "--"+name, a.Name, a.Path)
			}}.Func()
	}
	return append(stateFuncs(),
		query("display", "Shows a link group.", func(ctx context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
			text, _, err := ask(ctx, c, "--display", a.Name)
			return py.Str(text), err
		}),
		query("show_link", "Names the link of a group, or False.", showLink),
		query("show_current", "Names the program that a group points to, or False.", func(_ context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
			if target, err := c.Readlink("/etc/alternatives/" + a.Name); err == nil {
				return py.Str(target), nil
			}
			return py.False, nil
		}),
		queryPath("check_exists", "Says whether a program is one of a group.", func(ctx context.Context, c *modules.Call, a *pathArgs) (py.Value, error) {
			text, ok, err := ask(ctx, c, "--display", a.Name)
			for _, line := range strings.Split(text, "\n") {
				if ok && strings.HasPrefix(line, a.Path) {
					return py.True, err
				}
			}
			return py.False, err
		}),
		queryPath("check_installed", "Says whether a group points to a program.", func(_ context.Context, c *modules.Call, a *pathArgs) (py.Value, error) {
			target, err := c.Readlink("/etc/alternatives/" + a.Name)
			return py.Bool(err == nil && target == a.Path), nil
		}),
		action("remove", "Takes a program out of a group."),
		action("set", "Makes a group point to a program."),
		modules.Action[nameArgs]{Name: "alternatives.auto", Doc: "Makes a group choose by priority.", Virtual: virtual,
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *nameArgs) (py.Value, error) {
				return act(ctx, c, w, "--auto", a.Name)
			}}.Func(),
		modules.Action[installArgs]{Name: "alternatives.install", Doc: "Adds a program to a group.", Virtual: virtual,
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *installArgs) (py.Value, error) {
				return act(ctx, c, w, "--install", a.Link, a.Name, a.Path, py.ToStr(a.Priority))
			}}.Func(),
	)
}

func showLink(ctx context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
	dir := map[string]string{"RedHat": "/var/lib/alternatives", "Suse": "/var/lib/rpm/alternatives"}[c.Grains.String("os_family")]
	if dir != "" {
		data, err := c.ReadFile(fmt.Sprintf("%s/%s", dir, a.Name))
		if lines := strings.Split(string(data), "\n"); err == nil && len(lines) > 2 {
			return py.Str(lines[1]), nil
		}
		return py.False, nil
	}
	text, ok, err := ask(ctx, c, "--query", a.Name)
	block, _, _ := strings.Cut(text, "\n\n")
	for _, line := range strings.Split(block, "\n") {
		if link, is := strings.CutPrefix(line, "Link:"); ok && is {
			return py.Str(strings.TrimSpace(link)), err
		}
	}
	return py.False, err
}
