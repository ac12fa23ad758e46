package pkg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

const keyrings = "/etc/apt/keyrings"

// repoKey brings the key of a repository to the host: into the file that
// signed-by names, or with apt-key into apt's own keyring.
type repoKey struct {
	*apt
	env      string // of the tree
	aptKey   bool
	signedBy string
	kw       *py.Dict
}

func (k *repoKey) install(ctx context.Context) error {
	switch {
	case k.kw.Has("keyid"):
		return k.fromServer(ctx)
	case k.kw.Has("key_url"):
		return k.fromURL(ctx, str(k.kw.Lookup("key_url")))
	case k.kw.Has("key_text"):
		text := str(k.kw.Lookup("key_text"))
		out, err := k.change(ctx, text, nil, "apt-key", "add", "-")
		if errors.Is(err, fs.ErrNotExist) {
			return modules.CommandExecutionError("Unable to run command '['apt-key', 'add', '-']' with the context '{'cwd': '" + k.w.Getenv("HOME") +
				"', 'shell': False, 'stdout': -1, 'stderr': -1, 'with_communicate': True, 'timeout': None, 'bg': False, 'close_fds': True}', reason: [Errno 2] No such file or directory: 'apt-key'")
		}
		if err != nil {
			return err
		}
		if !strings.HasPrefix(strings.ToUpper(out.stdout), "OK") {
			return modules.CommandExecutionError("Error: failed to add key:\n" + text)
		}
	}
	return nil
}

func (k *repoKey) fromServer(ctx context.Context) error {
	ids, server := k.kw.Lookup("keyid"), str(k.kw.Lookup("keyserver"))
	if !py.IsTrue(ids) || server == "" {
		return py.Errorf("NameError", "both keyserver and keyid options required.")
	}
	list := []py.Value{ids}
	if l, ok := ids.(*py.List); ok {
		list = l.Items
	}
	for _, v := range list {
		if err := k.receive(ctx, keyID(v), server); err != nil {
			return err
		}
	}
	return nil
}

// keyID is a key's id as text; YAML may have made a number of it.
func keyID(v py.Value) string {
	if i, ok := v.(py.Int); ok {
		return "0x" + strconv.FormatInt(int64(i), 16)
	}
	text := py.ToStr(v)
	if _, isText := v.(py.Str); !isText {
		if n, ok := new(big.Int).SetString(text, 10); ok {
			return "0x" + n.Text(16)
		}
	}
	return text
}

func (k *repoKey) receive(ctx context.Context, id, server string) error {
	if k.aptKey {
		out, err := k.look(ctx, "apt-key", "export", id)
		if err != nil {
			return err
		}
		if strings.HasPrefix(out.stdout, "-----BEGIN PGP") {
			return nil
		}
		if out, err = k.change(ctx, "", nil, "apt-key", "adv", "--batch", "--keyserver", server, "--logger-fd", "1", "--recv-keys", id); err != nil {
			return err
		}
		if out.code != 0 {
			return modules.CommandExecutionError("Error: key retrieval failed: " + out.stdout)
		}
		return nil
	}
	if k.signedBy == "" {
		return py.AttributeErrorf("'str' object has no attribute 'parent'")
	}
	have, err := k.keysOf(ctx, path.Dir(k.signedBy))
	if err != nil {
		return err
	}
	if have != nil && have.Has(id) {
		return nil
	}
	ok, err := k.addFromServer(ctx, id, server, path.Dir(k.signedBy), k.signedBy)
	if err != nil {
		return err
	}
	if !ok {
		return modules.CommandExecutionError("Error: Could not add key: " + id)
	}
	return nil
}

// addFromServer receives a key into a keyring file with gpg.
func (a *apt) addFromServer(ctx context.Context, id, server, dir, file string) (bool, error) {
	if err := a.w.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	have, err := a.keysOf(ctx, dir)
	if err != nil {
		return false, err
	}
	for _, known := range keys(have) {
		if strings.HasSuffix(known, id) {
			return true, nil
		}
	}
	if !path.IsAbs(file) {
		file = path.Join(dir, file)
	}
	out, err := a.change(ctx, "", nil, "gpg", "--no-default-keyring", "--keyring", file, "--keyserver", server, "--recv-keys", id)
	if errors.Is(err, fs.ErrNotExist) {
		return false, modules.CommandExecutionError("key " + id + ": gpg is not installed on the host, and it is needed to receive keys: install gnupg, or use key_url")
	}
	if err != nil {
		return false, err
	}
	if out.code != 0 {
		a.c.Log.Error("key could not be received", "key", id, "server", server, "error", out.stderr)
		return false, nil
	}
	return true, a.w.Chmod(file, 0o644)
}

func (k *repoKey) fromURL(ctx context.Context, url string) error {
	file, err := k.cacheFile(ctx, url, k.env)
	if err != nil {
		return err
	}
	if file == "" {
		return py.TypeErrorf("expected str, bytes or os.PathLike object, not bool")
	}
	if k.aptKey {
		out, err := k.change(ctx, "", nil, "apt-key", "add", file)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(strings.ToUpper(out.stdout), "OK") {
			return modules.CommandExecutionError("Error: failed to add key from " + url)
		}
		return nil
	}
	dir, name := keyrings, path.Base(file)
	if k.signedBy != "" {
		dir, name = path.Dir(k.signedBy), path.Base(k.signedBy)
	}
	ok, err := k.addFile(ctx, file, dir, name)
	if err == nil && !ok {
		err = modules.CommandExecutionError("Error: Could not add key: " + path.Join(path.Dir(file), name))
	}
	return err
}

// addFile puts a key file into a keyring directory. An armoured key becomes a
// binary one, unless its name ends in .asc.
func (a *apt) addFile(ctx context.Context, file, dir, name string) (bool, error) {
	data, err := a.w.ReadFile(file)
	if err != nil {
		return false, err
	}
	if err := a.w.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	dest := path.Join(dir, name)
	if bytes.HasPrefix(bytes.Trim(data, "-"), []byte("BEGIN PGP")) && !strings.HasSuffix(name, ".asc") {
		if a.w.LookPath("gpg") == "" {
			a.c.Log.Error("the key is armoured and gpg, which would make it binary, is not installed: name the file .asc or install gnupg", "key", file)
			return false, nil
		}
		plain := file + ".decrypted"
		out, err := a.change(ctx, "", nil, "gpg", "--yes", "--output", plain, "--dearmor", file)
		if err != nil {
			return false, err
		}
		if out.code != 0 {
			return false, modules.CommandExecutionError(fmt.Sprintf("key %s: gpg --dearmor: %s", file, out.stderr))
		}
		if data, err = a.w.ReadFile(plain); err != nil {
			return false, err
		}
		if err := a.w.Remove(plain); err != nil {
			return false, err
		}
	}
	mode := fs.FileMode(0o644)
	return true, a.w.WriteFile(dest, bytes.NewReader(data), host.WriteOptions{Mode: &mode})
}

// keysOf lists the keys of a keyring directory, by id; nil when there is no
// such directory.
func (a *apt) keysOf(ctx context.Context, dir string) (*py.Dict, error) {
	entries, err := a.reader().ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, e := range entries {
		out, err := a.look(ctx, "gpg", "--no-default-keyring", "--keyring", path.Join(dir, e.Name()), "--list-keys", "--with-colons")
		if errors.Is(err, fs.ErrNotExist) {
			return ret, nil // without gpg no key can be told
		}
		if err != nil {
			return nil, err
		}
		ret.Update(parseKeys(out.stdout))
	}
	return ret, nil
}

// parseKeys reads gpg's listing with colons: properties by key id.
func parseKeys(stdout string) *py.Dict {
	ret := py.NewDict()
	var key, current *py.Dict
	for line := range strings.Lines(stdout) {
		f := strings.Split(strings.TrimSpace(line), ":")
		at := func(i int) py.Value {
			if i >= len(f) {
				return py.None
			}
			v := strings.TrimSpace(f[i])
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				return py.Int(n)
			}
			if v == "" {
				return py.None
			}
			return py.Str(v)
		}
		switch f[0] {
		case "pub", "sub":
			d := py.DictOf("algorithm", at(3), "bits", at(2), "capability", at(11), "date_creation", at(5),
				"date_expiration", at(6), "keyid", py.Str(py.ToStr(at(4))), "validity", at(1))
			switch {
			case f[0] == "pub":
				key = d
				ret.SetStr(d.String("keyid"), d)
			case key != nil:
				key.SetStr("subkey", d)
			}
			current = d
		case "fpr":
			if current != nil {
				current.SetStr("fingerprint", at(9))
			}
		case "uid":
			if key != nil {
				key.SetStr("uid", at(9))
				key.SetStr("uid_hash", at(7))
			}
		}
	}
	return ret
}

// repoKeys is pkg.get_repo_keys.
func (a *apt) repoKeys(ctx context.Context, aptKey bool, dir string) (py.Value, error) {
	if aptKey && a.reader().LookPath("apt-key") != "" {
		out, err := a.look(ctx, "apt-key", "adv", "--batch", "--list-public-keys", "--with-fingerprint", "--with-fingerprint", "--with-colons", "--fixed-list-mode")
		if err != nil {
			return nil, err
		}
		return parseKeys(out.stdout), nil
	}
	if dir == "" {
		dir = keyrings
	}
	found, err := a.keysOf(ctx, dir)
	if found == nil {
		return py.False, err
	}
	return found, err
}

// delKey is pkg.del_repo_key: it returns the id that was removed, or False.
func (a *apt) delKey(ctx context.Context, id string, aptKey bool, dir string) (py.Value, error) {
	if a.w == nil {
		return nil, errNeedsWriter
	}
	if aptKey && a.w.LookPath("apt-key") != "" {
		out, err := a.change(ctx, "", nil, "apt-key", "del", id)
		if err != nil {
			return nil, err
		}
		if out.code != 0 {
			msg := "Failed to remove keyid {0}" // Salt forgets to put the id in
			if out.stderr != "" {
				msg += ": " + out.stderr
			}
			return nil, modules.CommandExecutionError(msg)
		}
		return py.Str(id), nil
	}
	if dir == "" {
		dir = keyrings
	}
	if len(id) != 8 && len(id) != 16 {
		return py.False, nil
	}
	entries, err := a.w.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return py.False, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		file := path.Join(dir, e.Name())
		out, err := a.look(ctx, "gpg", "--no-default-keyring", "--keyring", file, "--list-keys", "--with-colons")
		if err != nil {
			return nil, err
		}
		for _, known := range keys(parseKeys(out.stdout)) {
			if strings.HasSuffix(known, id) {
				return py.Str(id), a.w.Remove(file)
			}
		}
	}
	return py.False, nil
}
