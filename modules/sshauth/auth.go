// Package sshauth has Salt's ssh_auth, ssh_known_hosts and ssh modules: who may
// log in with which key, and which host keys are known.
package sshauth

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	fs := []*modules.Func{
		modules.State[presentArgs]{Name: "ssh_auth.present", Check: checkPresent, Doc: "Keeps a public key in a user's authorized_keys file.\n\n" +
			"```yaml\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alice@desk:\n  ssh_auth.present:\n    - user: alice\n```\n\n" +
			"```yaml\nalice-keys:\n  ssh_auth.present:\n    - user: alice\n    - source: salt://keys/alice.pub\n```"}.Func(),
		modules.State[absentArgs]{Name: "ssh_auth.absent", Check: checkAbsent, Doc: "Removes a public key from a user's authorized_keys file.\n\n" +
			"```yaml\nold-keys:\n  ssh_auth.absent:\n    - user: alice\n    - source: salt://keys/old.pub\n```"}.Func(),
		modules.State[manageArgs]{Name: "ssh_auth.manage", Check: checkManage, Doc: "Keeps exactly the listed public keys in a user's authorized_keys file.\n\n" +
			"```yaml\nalice-keys:\n  ssh_auth.manage:\n    - user: alice\n    - ssh_keys:\n      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alice@desk\n```"}.Func(),
	}
	fs = append(fs, knownStates()...)
	return append(fs, execFuncs()...)
}

type presentArgs struct {
	Name    string         `arg:"name,required" doc:"The key, alone or as a line of authorized_keys."`
	User    string         `arg:"user,required" doc:"Whose key file."`
	Enc     string         `arg:"enc" default:"ssh-rsa" doc:"Type of the key, when the name does not say it."`
	Comment string         `arg:"comment" default:"''" doc:"Comment of the key, when the name does not say it."`
	Source  modules.Source `arg:"source" default:"''" doc:"File of keys that are all wanted; then the name is a name only."`
	Options []string       `arg:"options" doc:"Options of the key; with a source, of all its keys."`
	Config  string         `arg:"config" default:".ssh/authorized_keys" doc:"The key file, relative to the home directory; %u and %h are replaced."`
	Hash    string         `arg:"fingerprint_hash_type" doc:"Hash of fingerprints."`
	Kwargs  *py.Dict       `arg:"**"`
}

type absentArgs struct {
	Name    string         `arg:"name,required" doc:"The key, alone or as a line of authorized_keys."`
	User    string         `arg:"user,required" doc:"Whose key file."`
	Enc     string         `arg:"enc" default:"ssh-rsa" doc:"Type of the key."`
	Comment string         `arg:"comment" default:"''" doc:"Comment of the key."`
	Source  modules.Source `arg:"source" default:"''" doc:"File of keys that are all unwanted."`
	Options []string       `arg:"options" doc:"Options of the key."`
	Config  string         `arg:"config" default:".ssh/authorized_keys" doc:"The key file, relative to the home directory; %u and %h are replaced."`
	Hash    string         `arg:"fingerprint_hash_type" doc:"Hash of fingerprints."`
}

type manageArgs struct {
	Name    string         `arg:"name,required" doc:"A name."`
	SSHKeys []string       `arg:"ssh_keys,required" doc:"The keys, as lines of authorized_keys."`
	User    string         `arg:"user,required" doc:"Whose key file."`
	Enc     string         `arg:"enc" default:"ssh-rsa" doc:"Type of keys that do not say it."`
	Comment string         `arg:"comment" default:"''" doc:"Comment of keys that have none."`
	Source  modules.Source `arg:"source" default:"''" doc:"File of keys."`
	Options []string       `arg:"options" doc:"Options of keys that have none."`
	Config  string         `arg:"config" default:".ssh/authorized_keys" doc:"The key file, relative to the home directory; %u and %h are replaced."`
	Hash    string         `arg:"fingerprint_hash_type" doc:"Hash of fingerprints."`
	Kwargs  *py.Dict       `arg:"**"`
}

// request is what ssh_auth.present and absent have in common.
type request struct {
	name         string
	key          key
	user, config string
	hashType     string
	source       string
	options      []string
}

// newRequest reads the key from a name: "[options] type key [comment]" or
// "key [comment]". The comment is all the rest for present, and one word for
// absent where a type stands before the key.
func newRequest(name, user, enc, comment string, source modules.Source, options []string, config, hashType string) (*request, error) {
	q := &request{name: name, user: user, config: config, hashType: hashType, options: options}
	q.key = key{key: name, enc: enc, comment: comment, options: options}
	if source.IsSet() {
		s, ok := source.Value.(py.Str)
		if !ok {
			return nil, modules.SaltInvocationError("source must be one file, not a " + source.Value.Type())
		}
		q.source = string(s)
		return q, nil
	}
	if opts, rest, ok := splitLine(name); ok {
		if opts != "" {
			q.key.options = strings.Split(opts, ",")
		}
		words := fieldsN(rest, 3)
		q.key.enc, q.key.key = words[0], words[1]
		if len(words) == 3 {
			q.key.comment = words[2]
		}
	} else {
		words := fieldsN(name, 2)
		if len(words) == 0 {
			return nil, modules.SaltInvocationError("name must be a key, not blank")
		}
		q.key.key = words[0]
		if len(words) == 2 {
			q.key.comment = words[1]
		}
	}
	q.name = q.key.key
	return q, nil
}

// fieldsN splits at white space into at most n parts, of which the last keeps
// its inner white space (Python's str.split(None, n-1)).
func fieldsN(s string, n int) []string {
	var out []string
	for s = strings.TrimSpace(s); s != "" && len(out) < n-1; {
		i := strings.IndexAny(s, " \t\n\r\v\f")
		if i < 0 {
			break
		}
		out = append(out, s[:i])
		s = strings.TrimLeft(s[i:], " \t\n\r\v\f")
	}
	if s != "" {
		out = append(out, s)
	}
	return out
}

// outcome is what a state of this module reports.
type outcome struct {
	result  low.Tri
	comment string
	changes *py.Dict
}

func (o outcome) done() modules.Done {
	d := modules.Done{Result: o.result, Comment: o.comment}
	if o.changes != nil {
		d.Changes = o.changes
	}
	return d
}

// plan runs look in test mode and act in a real run.
func plan(c *modules.Call, look func() (outcome, error), act func(ctx context.Context, w host.Writer) (outcome, error)) (modules.Plan, error) {
	if c.Test {
		o, err := look()
		return modules.Plan{Would: o.done()}, err
	}
	return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		o, err := act(ctx, w)
		return o.done(), err
	}}, nil
}

func checkPresent(ctx context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	q, err := newRequest(a.Name, a.User, a.Enc, a.Comment, a.Source, a.Options, a.Config, a.Hash)
	if err != nil {
		return modules.Plan{}, err
	}
	return plan(c, func() (outcome, error) { return q.testPresent(ctx, c) },
		func(ctx context.Context, w host.Writer) (outcome, error) { return q.present(ctx, c, w) })
}

// checkSource says of each key of the source what it needs; problem is the
// comment when there are none.
func (q *request) checkSource(ctx context.Context, c *modules.Call) (keys []key, status []string, problem string, err error) {
	text, found, err := sourceText(ctx, c, q.source, "base")
	if err != nil || !found {
		return nil, nil, "", err
	}
	if keys, err = keysOf(text, q.hashType); err != nil {
		return nil, nil, "", err
	}
	if len(keys) == 0 {
		return nil, nil, noKeys(q.source), nil
	}
	for i := range keys {
		s, err := checkKey(c, q.user, q.config, q.hashType, &keys[i])
		if err != nil {
			return nil, nil, "", err
		}
		status = append(status, s)
	}
	return keys, status, "", nil
}

func (q *request) testPresent(ctx context.Context, c *modules.Call) (outcome, error) {
	if q.source != "" {
		keys, status, problem, err := q.checkSource(ctx, c)
		if err != nil {
			return outcome{}, err
		}
		comment := ""
		for i, k := range keys {
			if status[i] != "exists" {
				comment += "Set to " + status[i] + ": " + k.key + "\n"
			}
		}
		switch {
		case comment != "":
			return outcome{low.None, comment, nil}, nil
		case problem != "":
			return outcome{low.False, problem, nil}, nil
		}
		return outcome{low.True, "All host keys in file " + q.source + " are already present", nil}, nil
	}
	status, err := checkKey(c, q.user, q.config, q.hashType, &q.key)
	switch {
	case err != nil:
		return outcome{}, err
	case status == "update":
		return outcome{low.None, "Key " + q.name + " for user " + q.user + " is set to be updated", nil}, nil
	case status == "add":
		return outcome{low.None, "Key " + q.name + " for user " + q.user + " is set to be added", nil}, nil
	}
	return outcome{low.True, "The authorized host key " + q.name + " is already present for user " + q.user, nil}, nil
}

func (q *request) present(ctx context.Context, c *modules.Call, w host.Writer) (outcome, error) {
	var word, problem string
	var err error
	if q.source != "" {
		text, found, serr := sourceText(ctx, c, q.source, "base")
		switch {
		case serr != nil:
			return outcome{}, serr
		case !found:
			word = "no key"
		default:
			word, err = setKeys(ctx, w, q.user, q.config, q.hashType, text, q.options)
			if keys, kerr := keysOf(text, q.hashType); kerr == nil && len(keys) == 0 {
				problem = noKeys(q.source)
			}
		}
	} else {
		word, err = setKey(ctx, w, q.user, q.config, q.hashType, q.key)
	}
	if err != nil {
		return outcome{}, err
	}
	about := "The authorized host key " + q.name
	switch word {
	case "replace":
		return outcome{low.True, about + " for user " + q.user + " was updated", py.DictOf(q.name, py.Str("Updated"))}, nil
	case "no change":
		return outcome{low.True, about + " is already present for user " + q.user, nil}, nil
	case "new":
		return outcome{low.True, about + " for user " + q.user + " was added", py.DictOf(q.name, py.Str("New"))}, nil
	case "no key":
		return outcome{low.False, "Failed to add the ssh key. Source file " + q.source + " is missing", nil}, nil
	case "fail":
		if problem == "" {
			problem = "Failed to add the ssh key. Is the home directory available, and/or does the key file exist?"
		}
		return outcome{low.False, problem, nil}, nil
	}
	return outcome{low.False, "Invalid public ssh key, most likely has spaces or invalid syntax", nil}, nil
}

func checkAbsent(ctx context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	q, err := newRequest(a.Name, a.User, a.Enc, a.Comment, a.Source, a.Options, a.Config, a.Hash)
	if err != nil {
		return modules.Plan{}, err
	}
	return plan(c, func() (outcome, error) { return q.testAbsent(ctx, c) },
		func(ctx context.Context, w host.Writer) (outcome, error) { return q.absent(ctx, c, w) })
}

func (q *request) testAbsent(ctx context.Context, c *modules.Call) (outcome, error) {
	if q.source != "" {
		keys, status, problem, err := q.checkSource(ctx, c)
		if err != nil {
			return outcome{}, err
		}
		comment := ""
		for i, k := range keys {
			if status[i] != "add" {
				comment += "Set to remove: " + k.key + "\n"
			}
		}
		switch {
		case comment != "":
			return outcome{low.None, comment, nil}, nil
		case problem != "":
			return outcome{low.False, problem, nil}, nil
		}
		return outcome{low.True, "All host keys in file " + q.source + " are already absent", nil}, nil
	}
	status, err := checkKey(c, q.user, q.config, q.hashType, &q.key)
	switch {
	case err != nil:
		return outcome{}, err
	case status == "add":
		return outcome{low.True, "Key is already absent", nil}, nil
	}
	return outcome{low.None, "Key " + q.name + " for user " + q.user + " is set for removal", nil}, nil
}

func (q *request) absent(ctx context.Context, c *modules.Call, w host.Writer) (outcome, error) {
	o := outcome{result: low.True}
	var err error
	if q.source != "" {
		text, found, serr := sourceText(ctx, c, q.source, "base")
		if serr != nil || !found {
			return o, serr // no file, no keys: Salt is content
		}
		o.comment, err = removeKeys(w, q.user, q.config, q.hashType, text)
	} else {
		o.comment, err = removeKey(w, q.user, q.config, q.hashType, q.name)
	}
	if o.comment == "Key removed" {
		o.changes = py.DictOf(q.name, py.Str("Removed"))
	}
	return o, err
}

// checkManage removes the keys that are not listed and adds those that are.
func checkManage(ctx context.Context, c *modules.Call, a *manageArgs) (modules.Plan, error) {
	listed := map[string]bool{}
	for _, k := range a.SSHKeys {
		for _, word := range strings.Split(k, " ") {
			listed[word] = true
		}
	}
	unlisted := func(r host.Reader) ([]string, error) {
		keys, err := authKeys(r, a.User, a.Config, a.Hash)
		var out []string
		for _, k := range keys {
			if !listed[k.key] {
				out = append(out, k.key)
			}
		}
		return out, err
	}
	run := func(w host.Writer) (outcome, error) {
		o := outcome{result: low.True, changes: py.NewDict()}
		gone, err := unlisted(c)
		if err != nil {
			return o, err
		}
		for _, k := range gone {
			if w == nil {
				o.comment, o.result = k+" Key set for removal", low.None
				continue
			}
			q, err := newRequest(k, a.User, a.Enc, a.Comment, a.Source, a.Options, a.Config, a.Hash)
			if err != nil {
				return o, err
			}
			r, err := q.absent(ctx, c, w)
			if err != nil {
				return o, err
			}
			o.changes.SetStr(k, py.Str(r.comment))
		}
		for _, k := range a.SSHKeys {
			q, err := newRequest(k, a.User, a.Enc, a.Comment, a.Source, a.Options, a.Config, a.Hash)
			if err != nil {
				return o, err
			}
			var r outcome
			if w == nil {
				r, err = q.testPresent(ctx, c)
			} else {
				r, err = q.present(ctx, c, w)
			}
			if err != nil {
				return o, fmt.Errorf("key %s: %w", q.name, err)
			}
			if r.changes != nil {
				o.changes.Update(r.changes)
			} else {
				o.comment = strings.TrimSpace(o.comment + "\n" + r.comment)
			}
			if r.result != low.True {
				o.result = r.result
			}
		}
		return o, nil
	}
	done := func(w host.Writer) (modules.Done, error) {
		o, err := run(w)
		d := o.done()
		d.Extra = py.DictOf("name", py.Str("")) // Salt forgets it
		return d, err
	}
	if c.Test {
		d, err := done(nil)
		return modules.Plan{Would: d}, err
	}
	return modules.Plan{Apply: func(_ context.Context, w host.Writer) (modules.Done, error) { return done(w) }}, nil
}
