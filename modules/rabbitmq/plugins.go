package rabbitmq

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// plugins runs rabbitmq-plugins, which some packages put into a folder of
// their own.
func (b *broker) plugins(ctx context.Context, run func(context.Context, ...string) (modules.Said, error), args ...string) (modules.Said, error) {
	program := b.c.LookPath("rabbitmq-plugins")
	if program == "" {
		version, err := b.packageVersion(ctx, "rabbitmq-server")
		if err != nil {
			return modules.Said{}, err
		}
		program = "/usr/lib/rabbitmq/lib/rabbitmq_server-" + version + "/sbin/rabbitmq-plugins"
	}
	return run(ctx, append([]string{program}, args...)...)
}

// packageVersion is the version of an installed package without its revision.
func (b *broker) packageVersion(ctx context.Context, name string) (string, error) {
	v, err := b.c.Funcs.Call(ctx, "pkg.version", py.NewArgs(py.Str(name)))
	if err != nil {
		return "", err
	}
	s, _ := v.(py.Str)
	version, _, _ := strings.Cut(string(s), "-")
	return version, nil
}

func (b *broker) listPlugins(ctx context.Context, options ...string) ([]string, error) {
	s, err := checked(b.plugins(ctx, b.ask, append([]string{"list", "-m"}, options...)...))
	return words(s.Out), err
}

func (b *broker) pluginEnabled(ctx context.Context, name string) (bool, error) {
	have, err := b.listPlugins(ctx, "-e")
	return slices.Contains(have, name), err
}

func pluginState(verb string, on bool) func(context.Context, *broker, *nameArgs) (modules.Done, error) {
	return func(ctx context.Context, b *broker, a *nameArgs) (modules.Done, error) {
		enabled, err := b.pluginEnabled(ctx, a.Name)
		if err != nil {
			return caught("Error: ", nil, err)
		}
		if enabled == on {
			return modules.OK(fmt.Sprintf("Plugin '%s' is already %sd.", a.Name, verb), nil), nil
		}
		changes := py.DictOf("old", py.Str(""), "new", py.Str(a.Name))
		if !on {
			changes = py.DictOf("old", py.Str(a.Name), "new", py.Str(""))
		}
		if b.w == nil {
			return would(fmt.Sprintf("Plugin '%s' is set to be %sd.", a.Name, verb), changes), nil
		}
		if _, err := checked(b.plugins(ctx, b.do, verb, a.Name)); err != nil {
			return caught("Error: ", nil, err)
		}
		return modules.OK(fmt.Sprintf("Plugin '%s' was %sd.", a.Name, verb), changes), nil
	}
}

func pluginStates() []*modules.Func {
	return []*modules.Func{
		state("rabbitmq_plugin.enabled", "Makes sure that a plugin is enabled.\n\n```yaml\nrabbitmq_management:\n  rabbitmq_plugin.enabled: []\n```",
			stateVirtual, (*nameArgs).user, pluginState("enable", true)),
		state("rabbitmq_plugin.disabled", "Makes sure that a plugin is disabled.\n\n```yaml\nrabbitmq_stomp:\n  rabbitmq_plugin.disabled: []\n```",
			stateVirtual, (*nameArgs).user, pluginState("disable", false)),
	}
}

func pluginFuncs() []*modules.Func {
	list := func(name, doc string, options ...string) *modules.Func {
		return query(name, doc, (*runArgs).user, func(ctx context.Context, b *broker, _ *runArgs) (py.Value, error) {
			have, err := b.listPlugins(ctx, options...)
			return py.Strings(have...), err
		})
	}
	set := func(verb, doc, word string) *modules.Func {
		return action(verb+"_plugin", doc, (*nameArgs).user, func(ctx context.Context, b *broker, a *nameArgs) (py.Value, error) {
			s, err := b.plugins(ctx, b.do, verb, a.Name)
			return told(word, s, err)
		})
	}
	return []*modules.Func{
		list("list_available_plugins", "Gives all plugins."),
		list("list_enabled_plugins", "Gives the plugins that are enabled.", "-e"),
		query("plugin_is_enabled", "Says whether a plugin is enabled.", (*nameArgs).user, func(ctx context.Context, b *broker, a *nameArgs) (py.Value, error) {
			on, err := b.pluginEnabled(ctx, a.Name)
			return py.Bool(on), err
		}),
		set("enable", "Enables a plugin.", "Enabled"),
		set("disable", "Disables a plugin.", "Disabled"),
	}
}
