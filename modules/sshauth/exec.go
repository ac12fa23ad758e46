package sshauth

import (
	"context"
	"errors"
	"path"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	return c.LookPath("ssh") != "", "The module requires the ssh binary."
}

func query[A any](name, doc string, run func(ctx context.Context, c *modules.Call, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "ssh." + name, Doc: doc, Virtual: virtual, Run: run}.Func()
}

func action[A any](name, doc string, run func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "ssh." + name, Doc: doc, Virtual: virtual, Run: run}.Func()
}

type authKeysArgs struct {
	User   py.Value `arg:"user" doc:"A user, a list of users, or all."`
	Config string   `arg:"config" default:".ssh/authorized_keys" doc:"The key file."`
	Hash   string   `arg:"fingerprint_hash_type" doc:"Hash of the fingerprints."`
}

type fileArgs struct {
	User    string   `arg:"user,required" doc:"Whose key file."`
	Source  string   `arg:"source,required" doc:"File of keys."`
	Config  string   `arg:"config" default:".ssh/authorized_keys" doc:"The key file."`
	Saltenv string   `arg:"saltenv" default:"base" doc:"Environment of the tree."`
	Hash    string   `arg:"fingerprint_hash_type" doc:"Hash of the fingerprints."`
	Kwargs  *py.Dict `arg:"**"`
}

type checkKeyArgs struct {
	User      string   `arg:"user,required" doc:"Whose key file."`
	Key       string   `arg:"key,required" doc:"The key."`
	Enc       string   `arg:"enc,required" doc:"Its type."`
	Comment   string   `arg:"comment,required" doc:"Its comment."`
	Options   []string `arg:"options,required" doc:"Its options."`
	Config    string   `arg:"config" default:".ssh/authorized_keys" doc:"The key file."`
	CacheKeys py.Value `arg:"cache_keys" doc:"No effect, as in Salt."`
	Hash      string   `arg:"fingerprint_hash_type" doc:"Hash of the fingerprints."`
}

type setKeyArgs struct {
	User      string   `arg:"user,required" doc:"Whose key file."`
	Key       string   `arg:"key,required" doc:"The key."`
	Enc       string   `arg:"enc" default:"ssh-rsa" doc:"Its type."`
	Comment   string   `arg:"comment" default:"''" doc:"Its comment."`
	Options   []string `arg:"options" doc:"Its options."`
	Config    string   `arg:"config" default:".ssh/authorized_keys" doc:"The key file."`
	CacheKeys py.Value `arg:"cache_keys" doc:"No effect, as in Salt."`
	Hash      string   `arg:"fingerprint_hash_type" doc:"Hash of the fingerprints."`
}

type rmKeyArgs struct {
	User   string `arg:"user,required" doc:"Whose key file."`
	Key    string `arg:"key,required" doc:"The key."`
	Config string `arg:"config" default:".ssh/authorized_keys" doc:"The key file."`
	Hash   string `arg:"fingerprint_hash_type" doc:"Hash of the fingerprints."`
}

type hostKeysArgs struct {
	Keydir  string `arg:"keydir" doc:"Directory of the keys; /etc/ssh by default."`
	Private bool   `arg:"private" default:"True" doc:"With private keys."`
	Certs   bool   `arg:"certs" default:"True" doc:"With certificates."`
}

type userKeysArgs struct {
	User    py.Value `arg:"user" doc:"A user, a list of users, or all."`
	Pubfile py.Value `arg:"pubfile" doc:"The public key's file; False for none."`
	Prvfile py.Value `arg:"prvfile" doc:"The private key's file; False for none."`
}

func execFuncs() []*modules.Func {
	fs := []*modules.Func{
		query("auth_keys", "Describes the keys that may log in as a user.", runAuthKeys),
		query("check_key", "Says whether a key would be added or updated, or exists.", func(_ context.Context, c *modules.Call, a *checkKeyArgs) (py.Value, error) {
			word, err := checkKey(c, a.User, a.Config, a.Hash, &key{key: a.Key, enc: a.Enc, comment: a.Comment, options: a.Options})
			return py.Str(word), err
		}),
		query("check_key_file", "Says it for all keys of a file.", func(ctx context.Context, c *modules.Call, a *fileArgs) (py.Value, error) {
			text, _, err := sourceText(ctx, c, a.Source, a.Saltenv)
			if err != nil {
				return nil, err
			}
			keys, err := keysOf(text, a.Hash)
			if err != nil {
				return nil, err
			}
			d := py.NewDict()
			for i := range keys {
				word, err := checkKey(c, a.User, a.Config, a.Hash, &keys[i])
				if err != nil {
					return nil, err
				}
				d.SetStr(keys[i].key, py.Str(word))
			}
			return d, nil
		}),
		action("set_auth_key", "Lets a key log in as a user.", func(ctx context.Context, _ *modules.Call, w host.Writer, a *setKeyArgs) (py.Value, error) {
			word, err := setKey(ctx, w, a.User, a.Config, a.Hash, key{key: a.Key, enc: a.Enc, comment: a.Comment, options: a.Options})
			return py.Str(word), err
		}),
		action("set_auth_key_from_file", "Lets all keys of a file log in as a user.", func(ctx context.Context, c *modules.Call, w host.Writer, a *fileArgs) (py.Value, error) {
			text, err := mustSource(ctx, c, a)
			if err != nil {
				return nil, err
			}
			var options []string
			if v, ok := a.Kwargs.GetStr("options"); ok && py.IsTrue(v) {
				items, err := py.Collect(v)
				if err != nil {
					return nil, err
				}
				for _, it := range items {
					options = append(options, py.ToStr(it))
				}
			}
			word, err := setKeys(ctx, w, a.User, a.Config, a.Hash, text, options)
			return py.Str(word), err
		}),
		action("rm_auth_key", "Removes a key of a user.", func(_ context.Context, _ *modules.Call, w host.Writer, a *rmKeyArgs) (py.Value, error) {
			word, err := removeKey(w, a.User, a.Config, a.Hash, a.Key)
			return py.Str(word), err
		}),
		action("rm_auth_key_from_file", "Removes all keys of a file from a user's.", func(ctx context.Context, c *modules.Call, w host.Writer, a *fileArgs) (py.Value, error) {
			text, err := mustSource(ctx, c, a)
			if err != nil {
				return nil, err
			}
			word, err := removeKeys(w, a.User, a.Config, a.Hash, text)
			return py.Str(word), err
		}),
		query("host_keys", "Gives the host's own keys.", runHostKeys),
		query("user_keys", "Gives users' own keys.", runUserKeys),
		query("key_is_encrypted", "Says whether a private key needs a passphrase.", isEncrypted),
	}
	return append(fs, knownExecs()...)
}

func mustSource(ctx context.Context, c *modules.Call, a *fileArgs) (string, error) {
	text, found, err := sourceText(ctx, c, a.Source, a.Saltenv)
	if err == nil && !found {
		err = modules.CommandExecutionError("Failed to pull key file from salt file server")
	}
	return text, err
}

// usersOf reads an argument that is a user, a list of users or nothing (all);
// one says that it was a single user.
func usersOf(r host.Reader, v py.Value) (users []string, one bool, err error) {
	if !py.IsTrue(v) {
		all, err := r.Users()
		for _, u := range all {
			users = append(users, u.Name)
		}
		return users, false, err
	}
	if l, ok := v.(*py.List); ok {
		for _, it := range l.Items {
			users = append(users, py.ToStr(it))
		}
		return users, false, nil
	}
	return []string{py.ToStr(v)}, true, nil
}

func runAuthKeys(_ context.Context, c *modules.Call, a *authKeysArgs) (py.Value, error) {
	users, one, err := usersOf(c, a.User)
	if err != nil {
		return nil, err
	}
	d := py.NewDict()
	for _, u := range users {
		f, err := openAuth(c, u, a.Config, a.Hash)
		if err != nil || !isFile(c, f.path) {
			continue // no user or no file: no keys
		}
		keys, err := f.keys(c)
		if err != nil {
			return nil, err
		}
		if one {
			return dict(keys), nil
		}
		d.SetStr(u, dict(keys))
	}
	return d, nil
}

func runHostKeys(_ context.Context, c *modules.Call, a *hostKeysArgs) (py.Value, error) {
	dir := a.Keydir
	if dir == "" {
		if dir = "/etc/ssh"; c.Grains.String("kernel") != "Linux" {
			return nil, modules.SaltInvocationError("ssh.host_keys: Please specify a keydir")
		}
	}
	entries, err := c.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	d := py.NewDict()
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), "ssh_host_")
		i := strings.LastIndex(rest, "_key")
		if !ok || i < 1 {
			continue
		}
		name := rest[:i]
		tail := rest[i+len("_key"):]
		pub, cert := "", false
		switch {
		case strings.HasPrefix(tail, "-cert.pub"):
			pub, cert = "-cert.pub", true
		case strings.HasPrefix(tail, ".pub"):
			pub = ".pub"
		}
		if pub == "" && !a.Private || cert && !a.Certs {
			continue
		}
		b, err := c.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			b = nil // as Salt: a key that cannot be read is empty
		}
		d.SetStr(name+pub, py.Str(strings.TrimSpace(string(b))))
	}
	return d, nil
}

func runUserKeys(_ context.Context, c *modules.Call, a *userKeysArgs) (py.Value, error) {
	users, _, err := usersOf(c, a.User)
	if err != nil {
		return nil, err
	}
	pick := func(v py.Value, defaults ...string) []string {
		switch {
		case py.IsTrue(v):
			return []string{py.ToStr(v)}
		case v == py.Value(py.False):
			return nil
		}
		return defaults
	}
	names := append(pick(a.Pubfile, "id_rsa.pub", "id_dsa.pub", "id_ecdsa.pub", "id_ed25519.pub"), pick(a.Prvfile, "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519")...)
	d := py.NewDict()
	for _, name := range users {
		u, ok := c.User(name)
		if !ok {
			continue
		}
		keys := py.NewDict()
		for _, n := range names {
			file := u.Home + "/.ssh/" + n
			if strings.HasPrefix(n, "/") {
				file, n = n, path.Base(n)
			}
			if b, err := c.ReadFile(file); err == nil {
				keys.SetStr(n, py.Str(strings.TrimSpace(string(b))))
			}
		}
		if keys.Len() > 0 {
			d.SetStr(name, keys)
		}
	}
	return d, nil
}

type entriesArgs struct {
	User     string   `arg:"user,required" doc:"Whose known_hosts file; None for the host's."`
	Hostname string   `arg:"hostname,required" doc:"The host."`
	Config   string   `arg:"config" doc:"The known_hosts file."`
	Port     py.Value `arg:"port" doc:"The host's ssh port."`
	Hash     string   `arg:"fingerprint_hash_type" doc:"Hash of the fingerprints."`
}

type scanArgs struct {
	Hostname string   `arg:"hostname,required" doc:"The host."`
	Enc      string   `arg:"enc" doc:"Type of the key."`
	Port     py.Value `arg:"port" doc:"The host's ssh port."`
	HashHost bool     `arg:"hash_known_hosts" default:"True" doc:"Hash host names."`
	Timeout  py.Value `arg:"timeout" default:"5" doc:"Seconds to wait."`
	Hash     string   `arg:"fingerprint_hash_type" doc:"Hash of the fingerprints."`
}

type checkKnownArgs struct {
	User        string   `arg:"user" doc:"Whose known_hosts file."`
	Hostname    string   `arg:"hostname" doc:"The host."`
	Key         string   `arg:"key" doc:"Its key."`
	Fingerprint string   `arg:"fingerprint" doc:"Its key's fingerprint."`
	Config      string   `arg:"config" doc:"The known_hosts file."`
	Port        py.Value `arg:"port" doc:"The host's ssh port."`
	Hash        string   `arg:"fingerprint_hash_type" doc:"Hash of the fingerprints."`
}

type rmKnownArgs struct {
	User     string   `arg:"user" doc:"Whose known_hosts file."`
	Hostname string   `arg:"hostname" doc:"The host."`
	Config   string   `arg:"config" doc:"The known_hosts file."`
	Port     py.Value `arg:"port" doc:"The host's ssh port."`
}

type setKnownArgs struct {
	User        string   `arg:"user" doc:"Whose known_hosts file."`
	Hostname    string   `arg:"hostname" doc:"The host."`
	Fingerprint *string  `arg:"fingerprint" doc:"Fingerprint that the key must have."`
	Key         *string  `arg:"key" doc:"The host's key."`
	Port        py.Value `arg:"port" doc:"The host's ssh port."`
	Enc         string   `arg:"enc" doc:"Type of the key."`
	Config      string   `arg:"config" doc:"The known_hosts file."`
	HashHost    bool     `arg:"hash_known_hosts" default:"True" doc:"Hash host names."`
	Timeout     py.Value `arg:"timeout" default:"5" doc:"Seconds to wait."`
	Hash        string   `arg:"fingerprint_hash_type" doc:"Hash of the fingerprints."`
}

type hashArgs struct {
	User   string `arg:"user" doc:"Whose known_hosts file."`
	Config string `arg:"config" doc:"The known_hosts file."`
}

// orProblem turns a problem into what Salt returns for it.
func orProblem(v py.Value, err error) (py.Value, error) {
	var p *problem
	if errors.As(err, &p) {
		return p.dict(), nil
	}
	return v, err
}

func noHost() *py.Dict { return (&problem{"hostname argument required"}).dict() }

type keyFileArgs struct {
	Key string `arg:"key,required" doc:"Path of a private key."`
}

// isEncrypted says whether a private key in PEM's old form needs a passphrase;
// it looks at the header only, as Salt does.
func isEncrypted(_ context.Context, c *modules.Call, a *keyFileArgs) (py.Value, error) {
	b, err := c.ReadFile(a.Key)
	if err != nil {
		return nil, err
	}
	for l := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), "Proc-Type:"); ok && strings.Contains(rest, "ENCRYPTED") {
			return py.True, nil
		}
	}
	return py.False, nil
}

func knownExecs() []*modules.Func {
	return []*modules.Func{
		query("get_known_host_entries", "Describes the keys by which a host is known.", func(ctx context.Context, c *modules.Call, a *entriesArgs) (py.Value, error) {
			k, err := newKnown(c, a.User, a.Hostname, a.Config, a.Port)
			if err != nil {
				return orProblem(nil, err)
			}
			k.hashType = a.Hash
			es, err := k.entries(ctx, c)
			return entriesValue(es), err
		}),
		query("recv_known_host_entries", "Asks a host for its keys.", func(ctx context.Context, c *modules.Call, a *scanArgs) (py.Value, error) {
			k := &known{hostname: a.Hostname, port: a.Port, enc: a.Enc, hash: a.HashHost, timeout: a.Timeout, hashType: a.Hash}
			es, err := k.scan(ctx, c)
			return entriesValue(es), err
		}),
		query("check_known_host", "Says whether a host would be added or updated, or exists.", func(ctx context.Context, c *modules.Call, a *checkKnownArgs) (py.Value, error) {
			if a.Hostname == "" {
				return noHost(), nil
			}
			k, err := newKnown(c, a.User, a.Hostname, a.Config, a.Port)
			if err != nil {
				return orProblem(nil, err)
			}
			k.key, k.fingerprint, k.hashType = a.Key, a.Fingerprint, a.Hash
			word, err := k.check(ctx, c)
			return orProblem(py.Str(word), err)
		}),
		action("rm_known_host", "Makes a host's keys unknown.", func(ctx context.Context, _ *modules.Call, w host.Writer, a *rmKnownArgs) (py.Value, error) {
			if a.Hostname == "" {
				return noHost(), nil
			}
			k, err := newKnown(w, a.User, a.Hostname, a.Config, a.Port)
			if err != nil {
				return orProblem(nil, err)
			}
			said, err := k.remove(ctx, w)
			return orProblem(py.DictOf("status", py.Str("removed"), "comment", py.Str(said)), err)
		}),
		action("set_known_host", "Makes a host key known.", func(ctx context.Context, _ *modules.Call, w host.Writer, a *setKnownArgs) (py.Value, error) {
			if a.Hostname == "" {
				return noHost(), nil
			}
			p := &knownPresentArgs{Name: a.Hostname, User: a.User, Fingerprint: a.Fingerprint, Key: a.Key, Port: a.Port, Enc: a.Enc, Hash: a.HashHost, Timeout: a.Timeout, HashType: a.Hash}
			k, err := p.known(w, a.Config)
			if err != nil {
				return orProblem(nil, err)
			}
			u, err := k.set(ctx, w)
			if err != nil {
				return orProblem(nil, err)
			}
			if u.exists {
				return py.DictOf("status", py.Str("exists"), "keys", py.Strings(u.keys...)), nil
			}
			return py.DictOf("status", py.Str("updated"), "old", entriesValue(u.old), "new", entriesValue(u.new)), nil
		}),
		action("hash_known_hosts", "Hashes the host names of a known_hosts file.", func(ctx context.Context, _ *modules.Call, w host.Writer, a *hashArgs) (py.Value, error) {
			k, err := newKnown(w, a.User, "", a.Config, py.None)
			if err != nil {
				return orProblem(nil, err)
			}
			said, err := k.hashNames(ctx, w)
			return orProblem(py.DictOf("status", py.Str("updated"), "comment", py.Str(said)), err)
		}),
	}
}
