package rabbitmq

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type joinedArgs struct {
	Name    string   `arg:"name,required" doc:"Only a name."`
	Host    string   `arg:"host,required" doc:"The host of a node of the cluster."`
	User    string   `arg:"user" default:"'rabbit'" doc:"The user of that node."`
	RAMNode py.Value `arg:"ram_node" doc:"Joins as a node that keeps its tables in memory."`
	RunAs   *string  `arg:"runas" default:"'root'" doc:"Who runs the command that joins."`
}

type joinArgs struct {
	Host    string   `arg:"host,required" doc:"The host of a node of the cluster."`
	User    string   `arg:"user" default:"'rabbit'" doc:"The user of that node."`
	RAMNode py.Value `arg:"ram_node" doc:"Joins as a node that keeps its tables in memory."`
	RunAs   *string  `arg:"runas" doc:"Who runs the command."`
}

func (a *joinArgs) user() *string { return a.RunAs }

type queuesArgs struct {
	RunAs *string    `arg:"runas" doc:"Who runs the command."`
	Args  []py.Value `arg:"*"`
}

func (a *queuesArgs) user() *string { return a.RunAs }

type vhostQueuesArgs struct {
	Vhost string     `arg:"vhost,required" doc:"The virtual host."`
	RunAs *string    `arg:"runas" doc:"Who runs the command."`
	Args  []py.Value `arg:"*"`
}

func (a *vhostQueuesArgs) user() *string { return a.RunAs }

func (b *broker) join(ctx context.Context, a *joinArgs) (modules.Said, error) {
	argv := []string{ctl, "join_cluster"}
	if py.IsTrue(a.RAMNode) {
		argv = append(argv, "--ram")
	}
	argv = append(argv, a.User+"@"+a.Host)
	if _, err := checked(b.do(ctx, ctl, "stop_app")); err != nil {
		return modules.Said{}, err
	}
	s, err := b.do(ctx, argv...)
	if err != nil {
		return s, err
	}
	if _, err := checked(b.do(ctx, ctl, "start_app")); err != nil {
		return s, err
	}
	return checked(s, nil)
}

func clusterJoined(ctx context.Context, b *broker, a *joinedArgs) (modules.Done, error) {
	node := a.User + "@" + a.Host
	s, err := checked(newBroker(b.c, nil, nil).ask(ctx, ctl, "cluster_status"))
	if err != nil {
		return modules.Done{}, err
	}
	if strings.Contains(s.Out, node) {
		return modules.OK("Already in cluster", nil), nil
	}
	changes := py.DictOf("old", py.Str(""), "new", py.Str(node))
	if b.w == nil {
		return would(fmt.Sprintf("Node is set to join cluster %s", node), changes), nil
	}
	if s, err = b.join(ctx, &joinArgs{Host: a.Host, User: a.User, RAMNode: a.RAMNode}); err != nil {
		return modules.Done{}, err
	}
	return modules.Done{Result: low.True, Comment: s.Out, Changes: changes}, nil
}

func clusterStates() []*modules.Func {
	joined := func(name string) *modules.Func {
		return state("rabbitmq_cluster."+name, "Makes sure that the node is in the cluster of another.\n\n```yaml\nrabbit@db1:\n  rabbitmq_cluster."+name+":\n    - host: db1\n```",
			stateVirtual, func(a *joinedArgs) *string { return a.RunAs }, clusterJoined)
	}
	return []*modules.Func{joined("joined"), joined("join")}
}

// says is a function that returns what a command prints.
func says(name, doc string) *modules.Func {
	return query(name, doc, (*runArgs).user, func(ctx context.Context, b *broker, _ *runArgs) (py.Value, error) {
		s, err := checked(b.ask(ctx, ctl, name))
		return py.Str(s.Out), err
	})
}

func does(name, doc string) *modules.Func {
	return action(name, doc, (*runArgs).user, func(ctx context.Context, b *broker, _ *runArgs) (py.Value, error) {
		s, err := checked(b.do(ctx, ctl, name))
		return py.Str(s.Out), err
	})
}

func (b *broker) queues(ctx context.Context, argv ...string) (py.Value, error) {
	s, err := checked(b.ask(ctx, append([]string{ctl, "list_queues", "-q"}, argv...)...))
	if err != nil {
		return nil, err
	}
	return table(s.Out, func(v string) py.Value { return py.Strings(strings.Split(v, "\t")...) }), nil
}

func nodeFuncs() []*modules.Func {
	return []*modules.Func{
		says("status", "Gives the node's status, a text."),
		says("cluster_status", "Gives the cluster's status, a text."),
		does("stop_app", "Stops RabbitMQ, not its Erlang node."),
		does("start_app", "Starts RabbitMQ in its Erlang node."),
		does("reset", "Makes the node a new one: all its data is lost."),
		does("force_reset", "Makes the node a new one whatever the cluster is."),
		action("join_cluster", "Joins a cluster.", (*joinArgs).user, func(ctx context.Context, b *broker, a *joinArgs) (py.Value, error) {
			s, err := b.join(ctx, a)
			return told("Join", s, err)
		}),
		query("list_queues", "Gives the queues of the virtual host /.", (*queuesArgs).user, func(ctx context.Context, b *broker, a *queuesArgs) (py.Value, error) {
			return b.queues(ctx, texts(a.Args)...)
		}),
		query("list_queues_vhost", "Gives the queues of a virtual host.", (*vhostQueuesArgs).user, func(ctx context.Context, b *broker, a *vhostQueuesArgs) (py.Value, error) {
			return b.queues(ctx, append([]string{"-p", a.Vhost}, texts(a.Args)...)...)
		}),
	}
}
