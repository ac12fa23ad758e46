package rabbitmq

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
	"pinch/states/low"
)

// told10 is what RabbitMQ 3.10.8 of Debian printed.
var told10 = map[string]host.Output{
	"rabbitmqctl list_users -q":                                         {Stdout: []byte("user\ttags\nalice\t[monitoring, management]\nguest\t[administrator]\nplain\t[]\n")},
	"rabbitmqctl list_vhosts -q":                                        {Stdout: []byte("name\n/\nshop\n")},
	"rabbitmqctl list_policies -q -p shop":                              {Stdout: []byte("vhost\tname\tpattern\tapply-to\tdefinition\tpriority\nshop\tHA\t^q\tall\t{\"max-length\":5}\t3\n")},
	"rabbitmqctl list_policies -q -p /":                                 {},
	"rabbitmqctl list_parameters -q":                                    {Stdout: []byte("component\tname\tvalue\nfederation-upstream\tup\t{\"ack-mode\":\"on-confirm\",\"uri\":\"amqp://a\"}\n")},
	"rabbitmqctl list_user_permissions alice --formatter=json":          {Stdout: []byte(`[{"vhost":"shop","configure":".*","write":"^a","read":""},{"vhost":"/","configure":"x","write":"y","read":"z"}]`)},
	"rabbitmqctl status":                                                {Stdout: []byte("Status of node rabbit@host ...\nRuntime\n\nOS PID: 1\nRabbitMQ version: 3.10.8\nNode name: rabbit@host\n")},
	"rabbitmqctl authenticate_user alice right":                         {Stdout: []byte("Authenticating user \"alice\" ...\nSuccess\n")},
	"rabbitmqctl authenticate_user alice wrong":                         {Code: 65, Stderr: []byte("Error: failed to authenticate user \"alice\"\n")},
	"rabbitmqctl cluster_status":                                        {Code: 69, Stderr: []byte("Error: unable to perform an operation on node 'rabbit@host'.")},
	"rabbitmqctl list_queues -q -p shop name messages":                  {Stdout: []byte("name\tmessages\nq1\t5\n")},
	"rabbitmq-plugins list -m -e":                                       {Stdout: []byte("rabbitmq_federation\n")},
	"rabbitmqctl set_permissions -p shop alice .* .* .*":                {Stdout: []byte("Setting permissions for user \"alice\" in vhost \"shop\" ...\n")},
	"rabbitmqctl set_user_tags alice administrator":                     {Stdout: []byte("Setting tags for user \"alice\" to [administrator] ...\n")},
	"rabbitmqctl change_password alice wrong":                           {Stdout: []byte("Changing password for user \"alice\" ...\n")},
	"rabbitmqctl set_policy -p shop --priority 4 HA ^q {\"max\": 1}":    {Stdout: []byte("Setting policy \"HA\" ...\n")},
	"rabbitmqctl set_parameter federation-upstream up {\"uri\": \"b\"}": {},
}

type pkgVersion struct{}

func (pkgVersion) Call(context.Context, string, *py.Args) (py.Value, error) {
	return py.Str("3.10.8-1.1+deb12u1"), nil
}

func fake() (*host.Fake, *modules.Call) {
	h := host.NewFake(map[string]string{"/root/": ""})
	h.Commands = told10
	return h, &modules.Call{Reader: h, Memo: modules.NewMemo(), Grains: py.NewDict(), Funcs: pkgVersion{}, Chunk: &low.Chunk{}, RunNum: 1}
}

func TestQueries(t *testing.T) {
	for _, c := range []struct {
		fun, want string
		args      []string
	}{
		{"list_users", "{'user': ['ag'], 'alice': ['monitoring', 'management'], 'guest': ['administrator'], 'plain': ['']}", nil},
		{"list_vhosts", "['name', '/', 'shop']", nil},
		{"vhost_exists", "True", []string{"shop"}},
		{"user_exists", "False", []string{"bob"}},
		{"list_policies", "{'vhost': {'name': {'pattern': 'pattern', 'apply_to': 'apply-to', 'definition': 'definition', 'priority': 'priority'}}, " +
			"'shop': {'HA': {'pattern': '^q', 'apply_to': 'all', 'definition': '{\"max-length\":5}', 'priority': '3'}}}", []string{"shop"}},
		{"policy_exists", "False", []string{"shop", "HA"}},
		{"list_upstreams", "{'name': 'value', 'up': '{\"ack-mode\":\"on-confirm\",\"uri\":\"amqp://a\"}'}", nil},
		{"list_user_permissions", "{'shop': {'configure': '.*', 'write': '^a', 'read': ''}, '/': {'configure': 'x', 'write': 'y', 'read': 'z'}}", []string{"alice"}},
		{"check_password", "True", []string{"alice", "right"}},
		{"check_password", "False", []string{"alice", "wrong"}},
		{"check_password", "False", []string{"alice", "--help"}},
		{"plugin_is_enabled", "True", []string{"rabbitmq_federation"}},
		{"cluster_status", "RabbitMQ command failed: Error: unable to perform an operation on node 'rabbit@host'.", nil},
	} {
		_, call := fake()
		for _, f := range Funcs() {
			if f.Name != "rabbitmq."+c.fun || f.Kind != modules.ExecKind {
				continue
			}
			v, err := f.Exec(t.Context(), call, nil, py.NewArgs(py.Strings(c.args...).Items...))
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = py.Repr(v)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s %v: %s", c.fun, c.args, diff)
			}
		}
	}
}

func TestUserChanges(t *testing.T) {
	h, call := fake()
	password := secret.New("wrong")
	a := &userPresentArgs{Name: "alice", Password: &password, Tags: py.Str("administrator"),
		Perms: py.NewList(py.DictOf("shop", py.Strings(".*", ".*", ".*")), py.DictOf("/", py.Strings("x", "y", "z")))}
	p, err := plan(t.Context(), call, nil, func(ctx context.Context, b *broker) (modules.Done, error) { return userPresent(ctx, b, a) })
	if err != nil || p.Apply == nil {
		t.Fatal(p.Would, err)
	}
	if len(h.Ops) > 0 {
		t.Error("a check wrote: ", h.Ops)
	}
	done, err := p.Apply(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	want := "{'password': {'old': '', 'new': 'Set password.'}, 'tags': {'old': ['monitoring', 'management'], 'new': ['administrator']}, " +
		"'perms': {'old': {'configure': '.*', 'write': '^a', 'read': ''}, 'new': {'shop': {'configure': '.*', 'write': '.*', 'read': '.*'}}}}"
	if diff := cmp.Diff(want, py.Repr(done.Changes)); diff != "" {
		t.Error(diff)
	}
	if len(h.Ops) != 4 {
		t.Errorf("%q", h.Ops)
	}
}

func TestPolicyAndUpstreamChanges(t *testing.T) {
	h, call := fake()
	policy := &policyArgs{Name: "HA", Pattern: "^q", Definition: py.Str(`{"max": 1}`), Priority: py.Int(4), Vhost: "shop"}
	done, err := policyPresent(t.Context(), newBroker(call, h, nil), policy)
	if err != nil {
		t.Fatal(err)
	}
	if got := py.Repr(done.Changes.(*py.Dict).Lookup("new")); got != "['Definition', 'Priority']" {
		t.Error(got)
	}
	if done, err = upstreamPresent(t.Context(), newBroker(call, h, nil), &upstreamArgs{Name: "up", URI: py.Str("b")}); err != nil {
		t.Fatal(err)
	}
	if got := py.Repr(done.Changes); got != "{'old': {'ack-mode': 'on-confirm', 'uri': 'amqp://a'}, 'new': {'uri': 'b'}}" {
		t.Error(got)
	}
}

// Answers are kept from one state to the next and no longer.
func TestMemory(t *testing.T) {
	h, call := fake()
	asked := 0
	h.OnRun = func(host.Cmd) (host.Output, bool, error) { asked++; return host.Output{}, false, nil }
	for _, run := range []int{1, 1, 2, 4, 5} {
		call.RunNum = run
		if _, err := newBroker(call, nil, nil).users(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}
