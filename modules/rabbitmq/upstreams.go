package rabbitmq

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

type upstreamArgs struct {
	Name           string   `arg:"name,required" doc:"The upstream."`
	URI            py.Value `arg:"uri,required" doc:"Its URI, or several with blanks between them."`
	PrefetchCount  py.Value `arg:"prefetch_count" doc:"How many messages may be unacknowledged on a link."`
	ReconnectDelay py.Value `arg:"reconnect_delay" doc:"Seconds before a connection is tried again."`
	AckMode        py.Value `arg:"ack_mode" doc:"When messages are acknowledged: on-confirm, on-publish or no-ack."`
	TrustUserID    py.Value `arg:"trust_user_id" doc:"Keeps the user-id of messages."`
	Exchange       py.Value `arg:"exchange" doc:"The exchange of the upstream; without it one of the same name."`
	MaxHops        py.Value `arg:"max_hops" doc:"How many links a message may go over."`
	Expires        py.Value `arg:"expires" doc:"Milliseconds after which a queue of the upstream may be deleted."`
	MessageTTL     py.Value `arg:"message_ttl" doc:"Milliseconds after which messages of the upstream's queue expire."`
	HAPolicy       py.Value `arg:"ha_policy" doc:"The x-ha-policy of the upstream's queue, for old brokers."`
	Queue          py.Value `arg:"queue" doc:"The queue of the upstream; without it one of the same name."`
	RunAs          *string  `arg:"runas" doc:"Who runs the commands."`
}

func (a *upstreamArgs) user() *string { return a.RunAs }

// parameters are those that have a value.
func (a *upstreamArgs) parameters() *py.Dict {
	out := py.NewDict()
	for _, p := range []struct {
		key   string
		value py.Value
	}{
		{"uri", a.URI}, {"prefetch-count", a.PrefetchCount}, {"reconnect-delay", a.ReconnectDelay}, {"ack-mode", a.AckMode},
		{"trust-user-id", a.TrustUserID}, {"exchange", a.Exchange}, {"max-hops", a.MaxHops}, {"expires", a.Expires},
		{"message-ttl", a.MessageTTL}, {"ha-policy", a.HAPolicy}, {"queue", a.Queue},
	} {
		if isSet(p.value) {
			out.SetStr(p.key, p.value)
		}
	}
	return out
}

// upstreams are all parameters with their JSON, as Salt takes them.
func (b *broker) upstreams(ctx context.Context) (*py.Dict, error) {
	s, err := b.ask(ctx, ctl, "list_parameters", "-q")
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range strings.Split(s.Out, "\n") {
		if !isData(line) {
			continue
		}
		switch f := strings.Split(line, "\t"); {
		case len(f) > 3:
			return nil, py.Errorf("ValueError", "too many values to unpack (expected 3)")
		case len(f) < 3:
			return nil, py.Errorf("ValueError", "not enough values to unpack (expected 3, got %d)", len(f))
		default:
			out.SetStr(f[1], py.Str(f[2]))
		}
	}
	return out, nil
}

func (b *broker) setUpstream(ctx context.Context, a *upstreamArgs) error {
	text, err := py.DumpsJSON(a.parameters(), py.DumpOptions{})
	if err != nil {
		return err
	}
	_, err = checked(b.do(ctx, ctl, "set_parameter", "federation-upstream", a.Name, text))
	return err
}

func (b *broker) deleteUpstream(ctx context.Context, name string) error {
	_, err := checked(b.do(ctx, ctl, "clear_parameter", "federation-upstream", name))
	return err
}

func upstreamPresent(ctx context.Context, b *broker, a *upstreamArgs) (modules.Done, error) {
	have, err := b.upstreams(ctx)
	if err != nil {
		return caught("Error: ", nil, err)
	}
	want := a.parameters()
	verb, changes := "create", py.DictOf("old", py.None, "new", want)
	if text, ok := have.Lookup(a.Name).(py.Str); ok {
		v, err := py.LoadsJSON(string(text))
		if err != nil {
			return modules.Done{}, err
		}
		current, ok := v.(*py.Dict)
		if !ok {
			return modules.Done{}, modules.CommandExecutionError(fmt.Sprintf("rabbitmq: parameter %s is no mapping: %s", a.Name, text))
		}
		if verb, changes = "update", differ(current, want); changes.Len() == 0 {
			return modules.OK(fmt.Sprintf(`Upstream "%s" already present as specified.`, a.Name), nil), nil
		}
	}
	if b.w == nil {
		return would(fmt.Sprintf(`Upstream "%s" would have been %sd.`, a.Name, verb), nil), nil
	}
	if err := b.setUpstream(ctx, a); err != nil {
		return caught(fmt.Sprintf("Error trying to %s upstream: ", verb), nil, err)
	}
	return modules.OK(fmt.Sprintf(`Upstream "%s" %sd.`, a.Name, verb), changes), nil
}

// differ tells two mappings apart: what is only in one of them or not the same.
func differ(old, new *py.Dict) *py.Dict {
	out := py.NewDict()
	for _, side := range []struct {
		name string
		of   *py.Dict
		and  *py.Dict
	}{{"old", old, new}, {"new", new, old}} {
		d := py.NewDict()
		for k, v := range side.of.All() {
			if other, ok, err := side.and.Get(k); err != nil || !ok || !same(v, other) {
				d.SetStr(py.ToStr(k), v)
			}
		}
		if d.Len() > 0 {
			out.SetStr(side.name, d)
		}
	}
	return out
}

func upstreamAbsent(ctx context.Context, b *broker, a *nameArgs) (modules.Done, error) {
	have, err := b.upstreams(ctx)
	if err != nil {
		return caught("Error: ", nil, err)
	}
	if !have.Has(a.Name) {
		return modules.OK(fmt.Sprintf(`The upstream "%s" is already absent.`, a.Name), nil), nil
	}
	if b.w == nil {
		return would(fmt.Sprintf(`Upstream "%s" would have been deleted.`, a.Name), nil), nil
	}
	if err := b.deleteUpstream(ctx, a.Name); err != nil {
		return caught("Error: ", nil, err)
	}
	return modules.OK(fmt.Sprintf(`Upstream "%s" has been deleted.`, a.Name), py.DictOf("old", py.Str(a.Name), "new", py.None)), nil
}

func upstreamStates() []*modules.Func {
	return []*modules.Func{
		state("rabbitmq_upstream.present", "Makes sure that there is an upstream of federation with these parameters.\n\n```yaml\nmain:\n  rabbitmq_upstream.present:\n"+
			"    - uri: amqp://main.example.org\n    - ack_mode: on-confirm\n    - max_hops: 1\n```", upstreamVirtual, (*upstreamArgs).user, upstreamPresent),
		state("rabbitmq_upstream.absent", "Makes sure that there is no upstream of a name.\n\n```yaml\nmain:\n  rabbitmq_upstream.absent: []\n```",
			upstreamVirtual, (*nameArgs).user, upstreamAbsent),
	}
}

func upstreamFuncs() []*modules.Func {
	return []*modules.Func{
		query("list_upstreams", "Gives the parameters with their values as JSON.", (*runArgs).user, func(ctx context.Context, b *broker, _ *runArgs) (py.Value, error) {
			return dict(b.upstreams(ctx))
		}),
		query("upstream_exists", "Says whether there is a parameter of a name.", (*nameArgs).user, func(ctx context.Context, b *broker, a *nameArgs) (py.Value, error) {
			have, err := b.upstreams(ctx)
			return py.Bool(err == nil && have.Has(a.Name)), err
		}),
		action("set_upstream", "Sets an upstream of federation.", (*upstreamArgs).user, func(ctx context.Context, b *broker, a *upstreamArgs) (py.Value, error) {
			return py.True, b.setUpstream(ctx, a)
		}),
		action("delete_upstream", "Deletes an upstream of federation.", (*nameArgs).user, func(ctx context.Context, b *broker, a *nameArgs) (py.Value, error) {
			return py.True, b.deleteUpstream(ctx, a.Name)
		}),
	}
}
