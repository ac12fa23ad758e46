package sshauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// authFile is the authorized_keys file of a user.
type authFile struct {
	user     host.User
	path     string
	hashType string
}

// expand replaces the tokens of sshd's AuthorizedKeysFile: %u, %h and %%.
func expand(config, user, home string) (string, error) {
	var b strings.Builder
	escape := false
	for _, c := range config {
		switch {
		case !escape && c == '%':
			escape = true
			continue
		case !escape || c == '%':
			b.WriteRune(c)
		case c == 'u':
			b.WriteString(user)
		case c == 'h':
			b.WriteString(home)
		default:
			return "", modules.CommandExecutionError(fmt.Sprintf("AuthorizedKeysFile path: unknown token character \"%%%c\"", c))
		}
		escape = false
	}
	if escape {
		return "", modules.CommandExecutionError("AuthorizedKeysFile path: Last character can't be escape character")
	}
	return b.String(), nil
}

func openAuth(r host.Reader, user, config, hashType string) (*authFile, error) {
	u, ok := r.User(user)
	if !ok {
		return nil, modules.CommandExecutionError(fmt.Sprintf("User '%s' does not exist", user))
	}
	p, err := expand(config, user, u.Home)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(p, "/") {
		p = path.Join(u.Home, p)
	}
	return &authFile{user: u, path: p, hashType: hashType}, nil
}

func isFile(r host.Reader, p string) bool {
	i, err := r.Stat(p)
	return err == nil && i.IsRegular()
}

func isDir(r host.Reader, p string) bool {
	i, err := r.Stat(p)
	return err == nil && i.IsDir()
}

// authKeys reads the keys of a user; there are none when there is no such user
// or file.
func authKeys(r host.Reader, user, config, hashType string) ([]key, error) {
	f, err := openAuth(r, user, config, hashType)
	if err != nil || !isFile(r, f.path) {
		return nil, nil // as Salt: no user, no keys
	}
	return f.keys(r)
}

func (f *authFile) keys(r host.Reader) ([]key, error) {
	b, err := r.ReadFile(f.path)
	if err != nil {
		return nil, modules.CommandExecutionError("Problem reading ssh key file " + f.path)
	}
	return keysOf(string(b), f.hashType)
}

// checkKey says what a key needs: "add", "update", or nothing: "exists".
func checkKey(r host.Reader, user, config, hashType string, k *key) (string, error) {
	enc, err := keyType(k.enc)
	if err != nil {
		return "", err
	}
	keys, err := authKeys(r, user, config, hashType)
	if err != nil {
		return "", err
	}
	want := *k
	want.enc = enc
	switch have := find(keys, k.key); {
	case have == nil:
		return "add", nil
	case have.line() != want.line():
		return "update", nil
	}
	return "exists", nil
}

// setKey brings a key into a user's file. It returns Salt's word for what was
// done or what is wrong.
func setKey(ctx context.Context, w host.Writer, user, config, hashType string, k key) (string, error) {
	if len(strings.Fields(k.key)) > 1 {
		return "invalid", nil
	}
	enc, err := keyType(k.enc)
	if err != nil {
		return "", err
	}
	k.enc = enc
	u, ok := w.User(user)
	if !ok {
		return "fail", nil
	}
	if _, valid, err := fingerprint(k.key, hashType); err != nil || !valid {
		return "Invalid public key", err
	}
	status, err := checkKey(w, user, config, hashType, &k)
	if err != nil {
		return "", err
	}
	f, err := openAuth(w, user, config, hashType)
	if err != nil {
		return "", err
	}
	switch status {
	case "exists":
		return "no change", nil
	case "update":
		b, err := w.ReadFile(f.path)
		if err == nil {
			err = w.WriteFile(f.path, strings.NewReader(replaced(string(b), &k)), host.WriteOptions{})
		}
		if err != nil {
			return "", modules.CommandExecutionError("Problem reading or writing to key file: " + err.Error())
		}
		return "replace", nil
	}
	if strings.HasPrefix(f.path, u.Home) && !isDir(w, u.Home) {
		return "fail", nil
	}
	return "new", f.add(ctx, w, &k)
}

// add appends a key, and makes the file and its directory, which are the
// user's alone.
func (f *authFile) add(ctx context.Context, w host.Writer, k *key) error {
	dir := path.Dir(f.path)
	if !isDir(w, dir) {
		if err := w.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		if err := f.own(ctx, w, dir, 0o700); err != nil {
			return err
		}
	}
	fresh := !isFile(w, f.path)
	text := ""
	o := host.WriteOptions{}
	if fresh {
		mode := fs.FileMode(0o600)
		o.Mode = &mode
		if w.Getuid() == 0 {
			o.UID, o.GID = &f.user.UID, &f.user.GID
		}
	} else {
		b, err := w.ReadFile(f.path)
		if err != nil {
			return modules.CommandExecutionError("Could not write to key file: " + err.Error())
		}
		if text = string(b); text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
	}
	if err := w.WriteFile(f.path, strings.NewReader(text+k.line()), o); err != nil {
		return modules.CommandExecutionError("Could not write to key file: " + err.Error())
	}
	if fresh {
		return relabel(ctx, w, f.path)
	}
	return nil
}

// own makes a directory the user's.
func (f *authFile) own(ctx context.Context, w host.Writer, p string, mode fs.FileMode) error {
	if w.Getuid() == 0 {
		if err := w.Chown(p, f.user.UID, f.user.GID); err != nil {
			return err
		}
	}
	if err := w.Chmod(p, mode); err != nil {
		return err
	}
	return relabel(ctx, w, p)
}

// relabel gives a new file its SELinux label where there is the tool for it.
// Like Salt it does not mind a refusal.
func relabel(ctx context.Context, w host.Writer, p string) error {
	tool := w.LookPath("restorecon")
	if tool == "" {
		return nil
	}
	_, err := w.Run(ctx, host.Cmd{Argv: []string{tool, p}})
	return err
}

// removeKey takes a key out of a user's file. It returns Salt's words.
func removeKey(w host.Writer, user, config, hashType, text string) (string, error) {
	keys, err := authKeys(w, user, config, hashType)
	if err != nil {
		return "", err
	}
	if find(keys, text) == nil {
		return "Key not present", nil
	}
	f, err := openAuth(w, user, config, hashType)
	if err != nil {
		return "", err
	}
	b, err := w.ReadFile(f.path)
	if err == nil {
		err = w.WriteFile(f.path, strings.NewReader(without(string(b), text)), host.WriteOptions{})
	}
	if err != nil {
		return "Key not removed", nil
	}
	return "Key removed", nil
}

// sourceText reads a file of keys: of the tree, or of the host. found is false
// when it is not there.
func sourceText(ctx context.Context, c *modules.Call, source, saltenv string) (text string, found bool, err error) {
	scheme, rest, hasScheme := strings.Cut(source, "://")
	switch {
	case hasScheme && scheme == "salt" && c.Sources != nil:
		return treeText(ctx, c, source)
	case hasScheme && scheme == "salt":
		if c.Remote == nil {
			return "", false, modules.CommandExecutionError(source + ": no controller to ask for it")
		}
		v, err := c.Remote.Call(ctx, "cp.get_file_str", py.NewArgs(py.Str(source), py.Str(saltenv)))
		s, ok := v.(py.Str)
		return string(s), ok, err
	case hasScheme && scheme != "file":
		return "", false, modules.SaltInvocationError(source + ": sources of the web are not supported for keys: use a file of the tree or of the host")
	}
	if !hasScheme {
		rest = source
	}
	b, err := c.ReadFile(rest)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return string(b), err == nil, err
}

func treeText(ctx context.Context, c *modules.Call, source string) (text string, found bool, err error) {
	info, err := c.Sources.Stat(ctx, source, "")
	var se *modules.SourceError
	if errors.As(err, &se) {
		if se.Missing {
			return "", false, nil
		}
		return "", false, modules.CommandExecutionError(se.Comment)
	}
	if err != nil {
		return "", false, err
	}
	r, err := c.Sources.Open(ctx, info)
	if err != nil {
		return "", false, err
	}
	b, err := io.ReadAll(r)
	return string(b), true, errors.Join(err, r.Close())
}

func noKeys(source string) string {
	return "No keys detected in " + source + ". Is file properly formatted?"
}

// setKeys brings all keys of a file into a user's. options, when there are
// any, take the place of the file's.
func setKeys(ctx context.Context, w host.Writer, user, config, hashType, text string, options []string) (string, error) {
	keys, err := keysOf(text, hashType)
	if err != nil || len(keys) == 0 {
		return "fail", err
	}
	word := "no change"
	for _, k := range keys {
		if len(options) > 0 {
			k.options = options
		}
		got, err := setKey(ctx, w, user, config, hashType, k)
		if err != nil {
			return "", err
		}
		rank := map[string]int{"new": 1, "replace": 2, "fail": 3}
		if rank[got] > rank[word] {
			word = got
		}
	}
	return word, nil
}

// removeKeys takes all keys of a file out of a user's.
func removeKeys(w host.Writer, user, config, hashType, text string) (string, error) {
	keys, err := keysOf(text, hashType)
	if err != nil || len(keys) == 0 {
		return "fail", err
	}
	word := "Key not present"
	for _, k := range keys {
		got, err := removeKey(w, user, config, hashType, k.key)
		if err != nil {
			return "", err
		}
		if got == "Key not removed" || got == "Key removed" && word != "Key not removed" {
			word = got
		}
	}
	return word, nil
}
