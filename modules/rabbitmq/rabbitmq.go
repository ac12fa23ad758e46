// Package rabbitmq has Salt's rabbitmq functions and the rabbitmq_* states, by
// rabbitmqctl and rabbitmq-plugins.
package rabbitmq

import (
	"context"
	"errors"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return slices.Concat(userStates(), vhostStates(), policyStates(), pluginStates(), clusterStates(), upstreamStates(),
		userFuncs(), vhostFuncs(), nodeFuncs(), policyFuncs(), pluginFuncs(), upstreamFuncs())
}

func execVirtual(c *modules.Call) (bool, string) {
	if c.LookPath("rabbitmqctl") == "" {
		return false, "Module rabbitmq: module only works when RabbitMQ is installed"
	}
	return true, ""
}

func stateVirtual(c *modules.Call) (bool, string) {
	if c.LookPath("rabbitmqctl") == "" {
		return false, "Command not found: rabbitmqctl"
	}
	return true, ""
}

func upstreamVirtual(c *modules.Call) (bool, string) {
	if c.LookPath("rabbitmqctl") == "" {
		return false, "rabbitmq module could not be loaded"
	}
	return true, ""
}

// broker is the RabbitMQ of this host, asked as one user. w is nil while only
// looking.
type broker struct {
	c     *modules.Call
	w     host.Writer
	runAs string
}

// newBroker takes the user of this process where none is given.
func newBroker(c *modules.Call, w host.Writer, runAs *string) *broker {
	b := &broker{c: c, w: w}
	if runAs != nil {
		b.runAs = *runAs
	} else if u, ok := c.UserID(c.Getuid()); ok {
		b.runAs = u.Name
	}
	return b
}

const (
	memoKey = "rabbitmq/"
	turnKey = "rabbitmq.turn"
)

// ask runs a command that only looks. One takes a second, so in a run the
// answers are kept, but only from one state to the next: any other may have
// changed what RabbitMQ has.
func (b *broker) ask(ctx context.Context, argv ...string) (modules.Said, error) {
	if b.c.Chunk == nil {
		return b.run(ctx, nil, argv)
	}
	if last, ok := b.c.Memo.Get(turnKey); !ok || b.c.RunNum-last.(int) > 1 || b.c.RunNum < last.(int) {
		b.c.Memo.Drop(memoKey)
	}
	b.c.Memo.Put(turnKey, b.c.RunNum)
	key := memoKey + b.runAs + "\x00" + strings.Join(argv, "\x00")
	if kept, ok := b.c.Memo.Get(key); ok {
		return kept.(modules.Said), nil
	}
	said, err := b.run(ctx, nil, argv)
	if err == nil && said.Code == 0 {
		b.c.Memo.Put(key, said)
	}
	return said, err
}

// do runs a command that changes something.
func (b *broker) do(ctx context.Context, argv ...string) (modules.Said, error) {
	b.c.Memo.Drop(memoKey)
	return b.run(ctx, b.w, argv)
}

// run runs a command as Salt does: with the locale of the user, since Erlang
// warns of C, and quietly, since there may be a password among the words.
func (b *broker) run(ctx context.Context, w host.Writer, argv []string) (modules.Said, error) {
	if argv[0] == ctl {
		if at := b.c.LookPath(ctl); at != "" {
			argv = append([]string{at}, argv[1:]...)
		}
	}
	return b.c.DoCommand(ctx, w, modules.Command{Argv: argv, RunAs: b.runAs, KeepLocale: true, Quiet: true})
}

const ctl = "rabbitmqctl"

// checked is Salt's error for a command that failed or warned.
func checked(s modules.Said, err error) (modules.Said, error) {
	if err == nil && (s.Code != 0 || s.Err != "") {
		err = modules.CommandExecutionError("RabbitMQ command failed: " + s.Err)
	}
	return s, err
}

// told returns what a command printed under a word, as Salt's functions that
// change something do.
func told(word string, s modules.Said, err error) (py.Value, error) {
	if s, err = checked(s, err); err != nil {
		return nil, err
	}
	return py.DictOf(word, py.Str(s.Out)), nil
}

// isData tells what rabbitmqctl lists from what it says around it.
func isData(line string) bool {
	listing := strings.HasPrefix(line, "Listing") && (strings.HasSuffix(line, "...") || !strings.Contains(line, "\t"))
	return !listing && !strings.Contains(line, "...done") && !strings.HasPrefix(line, "WARNING:") && line != ""
}

func dataLines(text string) []string {
	return slices.DeleteFunc(py.SplitLines(text, false), func(l string) bool { return !isData(l) })
}

// table reads lines of a key and values behind tabs.
func table(text string, values func(string) py.Value) *py.Dict {
	out := py.NewDict()
	for _, line := range dataLines(text) {
		key, rest, ok := strings.Cut(line, "\t")
		if !ok {
			out.SetStr(line, py.Str(""))
			continue
		}
		out.SetStr(key, values(rest))
	}
	return out
}

func words(text string) []string {
	var out []string
	for _, line := range dataLines(text) {
		out = append(out, strings.Fields(line)...)
	}
	return out
}

// flow is a state as Salt writes it: one way through for test mode and for a
// run; test mode's b has no writer.
type flow func(ctx context.Context, b *broker) (modules.Done, error)

func plan(ctx context.Context, c *modules.Call, runAs *string, f flow) (modules.Plan, error) {
	would, err := f(ctx, newBroker(c, nil, runAs))
	if err != nil || would.Result != low.None {
		return modules.Plan{Would: would}, err
	}
	return modules.Plan{Would: would, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return f(ctx, newBroker(c, w, runAs))
	}}, nil
}

// caught is the result of a state for a failure that Salt catches; prefix
// begins its comment.
func caught(prefix string, changes *py.Dict, err error) (modules.Done, error) {
	if salt := new(modules.Error); errors.As(err, &salt) && salt.Class == "CommandExecutionError" {
		return modules.Done{Result: low.False, Comment: prefix + salt.Msg, Changes: changes}, nil
	}
	return modules.Done{}, err
}

// would is the result of test mode for what would change.
func would(comment string, changes py.Value) modules.Done {
	return modules.Done{Result: low.None, Comment: comment, Changes: changes}
}

func state[A any](name, doc string, virtual func(*modules.Call) (bool, string), runAs func(*A) *string,
	f func(context.Context, *broker, *A) (modules.Done, error),
) *modules.Func {
	return modules.State[A]{Name: name, Doc: doc, Virtual: virtual, Check: func(ctx context.Context, c *modules.Call, a *A) (modules.Plan, error) {
		return plan(ctx, c, runAs(a), func(ctx context.Context, b *broker) (modules.Done, error) { return f(ctx, b, a) })
	}}.Func()
}

func query[A any](name, doc string, runAs func(*A) *string, f func(context.Context, *broker, *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "rabbitmq." + name, Doc: doc, Virtual: execVirtual, Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
		return f(ctx, newBroker(c, nil, runAs(a)), a)
	}}.Func()
}

func action[A any](name, doc string, runAs func(*A) *string, f func(context.Context, *broker, *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "rabbitmq." + name, Doc: doc, Virtual: execVirtual,
		Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
			return f(ctx, newBroker(c, w, runAs(a)), a)
		}}.Func()
}

type runArgs struct {
	RunAs *string `arg:"runas" doc:"Who runs the command."`
}

func (a *runArgs) user() *string { return a.RunAs }

type nameArgs struct {
	Name  string  `arg:"name,required" doc:"The name."`
	RunAs *string `arg:"runas" doc:"Who runs the command."`
}

func (a *nameArgs) user() *string { return a.RunAs }
