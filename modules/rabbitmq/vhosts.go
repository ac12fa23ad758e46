package rabbitmq

import (
	"context"
	"fmt"
	"slices"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type vhostNameArgs struct {
	Name string `arg:"name,required" doc:"The virtual host."`
}

func (a *vhostNameArgs) user() *string { return nil }

type vhostArgs struct {
	Vhost string  `arg:"vhost,required" doc:"The virtual host."`
	RunAs *string `arg:"runas" doc:"Who runs the command."`
}

func (a *vhostArgs) user() *string { return a.RunAs }

type permissionArgs struct {
	Vhost string  `arg:"vhost,required" doc:"The virtual host."`
	User  string  `arg:"user,required" doc:"The user."`
	Conf  string  `arg:"conf" default:"'.*'" doc:"What the user may configure, a pattern."`
	Write string  `arg:"write" default:"'.*'" doc:"What the user may write to."`
	Read  string  `arg:"read" default:"'.*'" doc:"What the user may read from."`
	RunAs *string `arg:"runas" doc:"Who runs the command."`
}

func (a *permissionArgs) user() *string { return a.RunAs }

func (b *broker) vhosts(ctx context.Context) ([]string, error) {
	s, err := checked(b.ask(ctx, ctl, "list_vhosts", "-q"))
	return words(s.Out), err
}

func (b *broker) hasVhost(ctx context.Context, name string) (bool, error) {
	have, err := b.vhosts(ctx)
	return slices.Contains(have, name), err
}

func vhostPresent(ctx context.Context, b *broker, a *vhostNameArgs) (modules.Done, error) {
	there, err := b.hasVhost(ctx, a.Name)
	if err != nil {
		return modules.Done{}, err
	}
	if there {
		return modules.OK(fmt.Sprintf("Virtual Host '%s' already exists.", a.Name), nil), nil
	}
	changes := py.DictOf("old", py.Str(""), "new", py.Str(a.Name))
	if b.w == nil {
		return would(fmt.Sprintf("Virtual Host '%s' will be created.", a.Name), changes), nil
	}
	s, err := checked(b.do(ctx, ctl, "add_vhost", a.Name))
	return modules.Done{Result: low.True, Comment: s.Out, Changes: changes}, err
}

func vhostAbsent(ctx context.Context, b *broker, a *vhostNameArgs) (modules.Done, error) {
	there, err := b.hasVhost(ctx, a.Name)
	if err != nil {
		return modules.Done{}, err
	}
	if !there {
		return modules.OK(fmt.Sprintf("Virtual Host '%s' is not present.", a.Name), nil), nil
	}
	changes := py.DictOf("new", py.Str(""), "old", py.Str(a.Name))
	if b.w == nil {
		return would(fmt.Sprintf("Virtual Host '%s' will be removed.", a.Name), changes), nil
	}
	s, err := checked(b.do(ctx, ctl, "delete_vhost", a.Name))
	return modules.Done{Result: low.True, Comment: s.Out, Changes: changes}, err
}

func vhostStates() []*modules.Func {
	return []*modules.Func{
		state("rabbitmq_vhost.present", "Makes sure that there is a virtual host.\n\n```yaml\nshop:\n  rabbitmq_vhost.present: []\n```",
			stateVirtual, (*vhostNameArgs).user, vhostPresent),
		state("rabbitmq_vhost.absent", "Makes sure that there is no virtual host of a name.\n\n```yaml\nshop:\n  rabbitmq_vhost.absent: []\n```",
			stateVirtual, (*vhostNameArgs).user, vhostAbsent),
	}
}

func vhostFuncs() []*modules.Func {
	return []*modules.Func{
		query("list_vhosts", "Gives the virtual hosts.", (*runArgs).user, func(ctx context.Context, b *broker, _ *runArgs) (py.Value, error) {
			have, err := b.vhosts(ctx)
			return py.Strings(have...), err
		}),
		query("vhost_exists", "Says whether there is a virtual host.", (*nameArgs).user, func(ctx context.Context, b *broker, a *nameArgs) (py.Value, error) {
			there, err := b.hasVhost(ctx, a.Name)
			return py.Bool(there), err
		}),
		action("add_vhost", "Adds a virtual host.", (*vhostArgs).user, func(ctx context.Context, b *broker, a *vhostArgs) (py.Value, error) {
			s, err := b.do(ctx, ctl, "add_vhost", a.Vhost)
			return told("Added", s, err)
		}),
		action("delete_vhost", "Deletes a virtual host.", (*vhostArgs).user, func(ctx context.Context, b *broker, a *vhostArgs) (py.Value, error) {
			s, err := b.do(ctx, ctl, "delete_vhost", a.Vhost)
			return told("Deleted", s, err)
		}),
		action("set_permissions", "Sets what a user may do on a virtual host.", (*permissionArgs).user, func(ctx context.Context, b *broker, a *permissionArgs) (py.Value, error) {
			return b.setPermissions(ctx, a.Vhost, a.User, [3]string{a.Conf, a.Write, a.Read})
		}),
		query("list_permissions", "Gives what users may do on a virtual host.", (*vhostArgs).user, func(ctx context.Context, b *broker, a *vhostArgs) (py.Value, error) {
			return dict(b.permissions(ctx, "user", ctl, "list_permissions", "--formatter=json", "-p", a.Vhost))
		}),
	}
}
