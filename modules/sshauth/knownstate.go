package sshauth

import (
	"context"
	"errors"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type knownPresentArgs struct {
	Name        string   `arg:"name,required" doc:"The host."`
	User        string   `arg:"user" doc:"Whose known_hosts file; the whole host's when not given."`
	Fingerprint *string  `arg:"fingerprint" doc:"Fingerprint that the host's key must have."`
	Key         *string  `arg:"key" doc:"The host's key; it is asked of the host when not given."`
	Port        py.Value `arg:"port" doc:"The host's ssh port."`
	Enc         string   `arg:"enc" doc:"Type of the key."`
	Config      string   `arg:"config" doc:"The known_hosts file."`
	Hash        bool     `arg:"hash_known_hosts" default:"True" doc:"Hash host names in the file."`
	Timeout     py.Value `arg:"timeout" default:"5" doc:"Seconds to wait for the host."`
	HashType    string   `arg:"fingerprint_hash_type" doc:"Hash of the fingerprint."`
}

type knownAbsentArgs struct {
	Name   string `arg:"name,required" doc:"The host."`
	User   string `arg:"user" doc:"Whose known_hosts file; the whole host's when not given."`
	Config string `arg:"config" doc:"The known_hosts file."`
}

func knownStates() []*modules.Func {
	return []*modules.Func{
		modules.State[knownPresentArgs]{Name: "ssh_known_hosts.present", Check: checkKnown, Doc: "Makes a host key known, to a user or to the whole host.\n\n" +
			"```yaml\ngit.example.org:\n  ssh_known_hosts.present:\n    - user: deploy\n    - enc: ssh-ed25519\n    - key: AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n```"}.Func(),
		modules.State[knownAbsentArgs]{Name: "ssh_known_hosts.absent", Check: checkUnknown, Doc: "Makes a host's keys unknown.\n\n" +
			"```yaml\nold.example.org:\n  ssh_known_hosts.absent:\n    - user: deploy\n```"}.Func(),
	}
}

// configOf is the known_hosts file that an argument means.
func configOf(user, config string) (string, bool) {
	switch {
	case config == "" && user == "":
		config = "/etc/ssh/ssh_known_hosts"
	case config == "":
		config = ".ssh/known_hosts"
	}
	return config, user != "" || strings.HasPrefix(config, "/")
}

const needAbsolute = `If not specifying a "user", specify an absolute "config".`

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (a *knownPresentArgs) known(r host.Reader, config string) (*known, error) {
	k, err := newKnown(r, a.User, a.Name, config, a.Port)
	k.enc, k.hashType, k.timeout, k.hash = a.Enc, a.HashType, a.Timeout, a.Hash
	k.key, k.fingerprint, k.keyGiven, k.fpOK = deref(a.Key), deref(a.Fingerprint), a.Key != nil, a.Fingerprint != nil
	return k, err
}

func checkKnown(ctx context.Context, c *modules.Call, a *knownPresentArgs) (modules.Plan, error) {
	config, ok := configOf(a.User, a.Config)
	if !ok {
		return modules.Fail(needAbsolute), nil
	}
	if !c.Test {
		return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) { return a.apply(ctx, w, config) }}, nil
	}
	switch {
	case deref(a.Key) != "" && deref(a.Fingerprint) != "":
		return modules.Fail(`Specify either "key" or "fingerprint", not both.`), nil
	case deref(a.Key) != "" && a.Enc == "":
		return modules.Fail(`Required argument "enc" if using "key" argument.`), nil
	}
	k, err := a.known(c, config)
	word := ""
	if err == nil {
		word, err = k.check(ctx, c)
	}
	var p *problem
	var me *modules.Error
	switch {
	case errors.As(err, &p):
		return modules.Fail(p.text), nil
	case errors.As(err, &me) && me.Class == "CommandNotFoundError":
		return modules.Fail("ssh.check_known_host error: " + me.Msg), nil
	case err != nil:
		return modules.Plan{}, err
	case word == "exists":
		return modules.InOrder("Host " + a.Name + " is already in " + config), nil
	case word == "add":
		return modules.Plan{Would: modules.Done{Result: low.None, Comment: "Key for " + a.Name + " is set to be added to " + config}}, nil
	}
	return modules.Plan{Would: modules.Done{Result: low.None, Comment: "Key for " + a.Name + " is set to be updated in " + config}}, nil
}

func (a *knownPresentArgs) apply(ctx context.Context, w host.Writer, config string) (modules.Done, error) {
	k, err := a.known(w, config)
	var u *update
	if err == nil {
		u, err = k.set(ctx, w)
	}
	var p *problem
	switch {
	case errors.As(err, &p):
		return modules.Failed(p.text), nil
	case err != nil:
		return modules.Done{}, err
	case u.exists:
		return modules.Done{Result: low.True, Comment: a.Name + " already exists in " + config}, nil
	}
	comment := a.Name + "'s key(s) saved to " + config
	switch {
	case k.key != "":
		comment = a.Name + "'s key saved to " + config + " (key: " + u.new[0].key + ")"
	case k.fingerprint != "":
		comment = a.Name + "'s key saved to " + config + " (fingerprint: " + u.new[0].fingerprint + ")"
	case k.enc != "":
		comment = a.Name + "'s " + k.enc + " key saved to " + config + " (key: " + u.new[0].key + ")"
	}
	return modules.OK(comment, py.DictOf("old", entriesValue(u.old), "new", entriesValue(u.new))), nil
}

func checkUnknown(ctx context.Context, c *modules.Call, a *knownAbsentArgs) (modules.Plan, error) {
	config, ok := configOf(a.User, a.Config)
	if !ok {
		return modules.Fail(needAbsolute), nil
	}
	would := modules.Done{Result: low.None, Comment: "Key for " + a.Name + " is set to be removed from " + config}
	k, err := newKnown(c, a.User, a.Name, config, py.None)
	var p *problem
	if errors.As(err, &p) { // Salt takes its own error for an entry
		if c.Test {
			return modules.Plan{Would: would}, nil
		}
		return modules.Fail(p.text), nil
	}
	if err != nil {
		return modules.Plan{}, err
	}
	old, err := k.entries(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	if len(old) == 0 {
		return modules.InOrder("Host is already absent"), nil
	}
	return modules.Plan{Would: would, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		said, err := k.remove(ctx, w)
		if errors.As(err, &p) {
			return modules.Failed(p.text), nil
		}
		return modules.OK(said, py.DictOf("old", entriesValue(old), "new", py.None)), err
	}}, nil
}
