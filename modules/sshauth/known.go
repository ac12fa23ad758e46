package sshauth

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// defaultPort is the port that needs no mention in known_hosts.
const defaultPort = 22

// entry is a known host key.
type entry struct {
	hostname, enc, key, fingerprint string
	port                            py.Value // where Salt notes it
}

// dict is an entry as Salt shows it; one that was given has no fingerprint.
func (e *entry) dict() *py.Dict {
	if e.fingerprint == "" {
		d := py.DictOf("hostname", py.Str(e.hostname), "enc", py.OptStr(e.enc), "key", py.Str(e.key))
		if e.port != nil {
			d.SetStr("port", e.port)
		}
		return d
	}
	d := py.DictOf("hostname", py.Str(e.hostname), "key", py.Str(e.key), "enc", py.Str(e.enc), "fingerprint", py.Str(e.fingerprint))
	if e.port != nil {
		d.SetStr("port", e.port)
	}
	return d
}

// entriesValue is a list of entries, None when there are none.
func entriesValue(es []entry) py.Value {
	if len(es) == 0 {
		return py.None
	}
	l := py.NewList()
	for i := range es {
		l.Append(es[i].dict())
	}
	return l
}

// parseEntries reads what ssh-keygen -F and ssh-keyscan print. Lines that are
// not "host type key" are left out.
func parseEntries(text, hashType string) ([]entry, error) {
	var out []entry
	for _, l := range lines(text) {
		w := strings.Fields(l)
		if strings.HasPrefix(l, "#") || len(w) != 3 {
			continue
		}
		fp, ok, err := fingerprint(w[2], hashType)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, entry{hostname: w[0], enc: w[1], key: w[2], fingerprint: fp})
		}
	}
	return out, nil
}

// problem is what Salt returns as {"status": "error"}.
type problem struct{ text string }

func (p *problem) Error() string { return p.text }

func (p *problem) dict() *py.Dict {
	return py.DictOf("status", py.Str("error"), "error", py.Str(p.text))
}

// known is a known_hosts file and a host in it.
type known struct {
	path           string
	user           *host.User // nil: the whole host's file
	hostname       string
	port           py.Value
	enc, hashType  string
	timeout        py.Value
	hash           bool
	fingerprint    string
	key            string
	keyGiven, fpOK bool // the arguments are not None
}

// newKnown finds the file. A user that is not there is a *problem.
func newKnown(r host.Reader, user, hostname, config string, port py.Value) (*known, error) {
	k := &known{hostname: hostname, port: port}
	if user == "" {
		k.path = config
		if config == "" {
			k.path = "/etc/ssh/ssh_known_hosts"
		}
		if !strings.HasPrefix(k.path, "/") {
			return k, &problem{"Cannot determine absolute path to file."}
		}
		return k, nil
	}
	if config == "" {
		config = ".ssh/known_hosts"
	}
	u, ok := r.User(user)
	if ok {
		k.user = &u
	}
	k.path = config
	if strings.HasPrefix(config, "/") {
		return k, nil
	}
	if !ok {
		return k, &problem{"User " + user + " does not exist"}
	}
	k.path = path.Join(u.Home, config)
	return k, nil
}

// isDefaultPort says whether a port goes without saying.
func isDefaultPort(port py.Value) bool {
	n, isInt := py.AsInt(port)
	return !py.IsTrue(port) || isInt && n == defaultPort
}

// sshName is the host as ssh names it in the file.
func (k *known) sshName() string {
	if isDefaultPort(k.port) {
		return k.hostname
	}
	return "[" + k.hostname + "]:" + py.ToStr(k.port)
}

func needTool(r host.Reader, name string) error {
	if r.LookPath(name) == "" {
		return &modules.Error{Class: "CommandNotFoundError", Msg: "The '" + name + "' binary was not found in $PATH."}
	}
	return nil
}

// search runs ssh-keygen -F.
func (k *known) search(ctx context.Context, r host.Reader) (string, error) {
	if err := needTool(r, "ssh-keygen"); err != nil {
		return "", err
	}
	if _, err := r.Stat(k.path); err != nil {
		return "", nil // ssh-keygen would say so, and no host is known
	}
	out, err := r.Query(ctx, host.Cmd{Argv: []string{"ssh-keygen", "-F", k.sshName(), "-f", k.path}})
	return string(out.Stdout), err
}

// entries are the keys that the file has for the host.
func (k *known) entries(ctx context.Context, r host.Reader) ([]entry, error) {
	text, err := k.search(ctx, r)
	if err != nil {
		return nil, err
	}
	return parseEntries(text, k.hashType)
}

// check says what the host needs: "add", "update", or nothing: "exists".
func (k *known) check(ctx context.Context, r host.Reader) (string, error) {
	es, err := k.entries(ctx, r)
	if err != nil {
		return "", err
	}
	ok := true
	switch {
	case len(es) == 0:
		return "add", nil
	case k.key != "":
		ok = slices.ContainsFunc(es, func(e entry) bool { return e.key == k.key })
	case k.fingerprint != "":
		ok = slices.ContainsFunc(es, func(e entry) bool { return e.fingerprint == k.fingerprint })
	}
	if ok {
		return "exists", nil
	}
	return "update", nil
}

// scanAttempts is how often a host that says nothing is asked.
const scanAttempts = 5

// scan asks the host for its keys.
func (k *known) scan(ctx context.Context, r host.Reader) ([]entry, error) {
	if err := needTool(r, "ssh-keyscan"); err != nil {
		return nil, err
	}
	argv := []string{"ssh-keyscan"}
	if py.IsTrue(k.port) {
		argv = append(argv, "-p", py.ToStr(k.port))
	}
	if k.enc != "" {
		argv = append(argv, "-t", k.enc)
	}
	if k.hash {
		argv = append(argv, "-H")
	}
	argv = append(argv, "-T", py.ToStr(k.timeout), k.hostname)
	for range scanAttempts {
		out, err := r.Query(ctx, host.Cmd{Argv: argv})
		if err != nil {
			return nil, err
		}
		if len(out.Stdout)+len(out.Stderr) > 0 {
			return parseEntries(string(out.Stdout), k.hashType)
		}
	}
	return nil, nil
}

// update is what set did.
type update struct {
	exists   bool
	keys     []string // with exists
	old, new []entry
}

// set makes the host known. What Salt returns as an error is a *problem.
func (k *known) set(ctx context.Context, w host.Writer) (*update, error) {
	if k.port != py.Value(py.None) && !portIs22(k.port) && k.hash {
		return nil, &problem{"argument port can not be used in conjunction with argument hash_known_hosts"}
	}
	old, err := k.entries(ctx, w)
	if err != nil {
		return nil, err
	}
	var stored []string
	for _, e := range old {
		if k.enc == "" || e.enc == k.enc {
			stored = append(stored, e.key)
		}
	}
	hasPrint := func(es []entry) bool {
		return slices.ContainsFunc(es, func(e entry) bool { return e.fingerprint == k.fingerprint })
	}
	open := !k.keyGiven && !k.fpOK
	wanting := len(old) == 0 || k.fingerprint != "" && !hasPrint(old) || k.key != "" && !slices.Contains(stored, k.key)
	if !wanting && !open {
		return &update{exists: true, keys: stored}, nil
	}
	fresh := []entry{{hostname: k.hostname, enc: k.enc, key: k.key}}
	if k.key == "" {
		if fresh, err = k.scan(ctx, w); err != nil {
			return nil, err
		}
		if len(fresh) == 0 {
			return nil, &problem{"Unable to receive remote host keys"}
		}
		if k.fingerprint != "" && !hasPrint(fresh) {
			return nil, &problem{"Remote host public keys found but none of their fingerprints match the one you have provided"}
		}
		if !wanting && sameKeys(fresh, stored) {
			return &update{exists: true, keys: stored}, nil
		}
	}
	if err := k.write(ctx, w, fresh); err != nil {
		return nil, err
	}
	return &update{old: old, new: fresh}, nil
}

func portIs22(port py.Value) bool {
	n, ok := py.AsInt(port)
	return ok && n == defaultPort
}

func sameKeys(es []entry, stored []string) bool {
	has := map[string]bool{}
	for _, e := range es {
		has[e.key] = true
		if !slices.Contains(stored, e.key) {
			return false
		}
	}
	return !slices.ContainsFunc(stored, func(s string) bool { return !has[s] })
}

// write puts the entries in the place of those that the file has for the host
// and the key type.
func (k *known) write(ctx context.Context, w host.Writer, fresh []entry) error {
	text, mode := "", fs.FileMode(0o600)
	if i, err := w.Stat(k.path); err == nil && i.IsRegular() {
		mode = i.Mode
		if text, err = k.without(ctx, w); err != nil {
			return err
		}
	}
	var b strings.Builder
	b.WriteString(text)
	for i := range fresh {
		e := &fresh[i]
		if k.hash || k.port == py.Value(py.None) || portIs22(k.port) || strings.Contains(e.hostname, ":") {
			fmt.Fprintf(&b, "%s %s %s\n", e.hostname, orNone(e.enc), e.key)
			continue
		}
		e.port = k.port
		fmt.Fprintf(&b, "[%s]:%s %s %s\n", e.hostname, py.ToStr(k.port), orNone(e.enc), e.key)
	}
	if dir := path.Dir(k.path); !isDir(w, dir) {
		if err := w.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		if k.user != nil {
			if err := w.Chown(dir, k.user.UID, k.user.GID); err != nil {
				return err
			}
			if err := w.Chmod(dir, 0o700); err != nil {
				return err
			}
		}
	}
	o := host.WriteOptions{Mode: &mode}
	if k.user != nil && w.Getuid() == 0 {
		o.UID, o.GID = &k.user.UID, &k.user.GID
	}
	if err := w.WriteFile(k.path, strings.NewReader(b.String()), o); err != nil {
		return modules.CommandExecutionError("Couldn't append to known hosts file: '" + err.Error() + "'")
	}
	if k.key != "" && k.hash {
		_, err := k.hashNames(ctx, w)
		return err
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "None"
	}
	return s
}

// without is the file's text less the lines of the host with the key type.
func (k *known) without(ctx context.Context, r host.Reader) (string, error) {
	found, err := k.search(ctx, r)
	if err != nil {
		return "", err
	}
	gone, err := lineNumbers(found, k.enc)
	if err != nil {
		return "", err
	}
	b, err := r.ReadFile(k.path)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	n := 0
	for l := range strings.Lines(string(b)) {
		if n++; !gone[n] {
			out.WriteString(l)
		}
	}
	return out.String(), nil
}

// lineNumbers reads from what ssh-keygen -F prints which lines of the file have
// a host's keys of one type ("": of any).
func lineNumbers(found, enc string) (map[int]bool, error) {
	out := map[int]bool{}
	ls := strings.Split(strings.TrimRight(found, "\n"), "\n")
	for i := 0; i+1 < len(ls); i += 2 {
		head, w := strings.Fields(ls[i]), strings.Fields(ls[i+1])
		if len(head) == 0 || len(w) < 2 {
			continue
		}
		n, err := strconv.Atoi(head[len(head)-1])
		if err != nil {
			return nil, py.ValueErrorf("invalid literal for int() with base 10: '%s'", head[len(head)-1])
		}
		if enc == "" || w[len(w)-2] == enc {
			out[n] = true
		}
	}
	return out, nil
}

// keygen lets ssh-keygen change the file, which keeps its owner.
func (k *known) keygen(ctx context.Context, w host.Writer, args ...string) (string, error) {
	if err := needTool(w, "ssh-keygen"); err != nil {
		return "", err
	}
	out, err := w.Run(ctx, host.Cmd{Argv: append(append([]string{"ssh-keygen"}, args...), "-f", k.path)})
	if err != nil {
		return "", err
	}
	if k.user != nil && w.Getuid() == 0 {
		if err := w.Chown(k.path, k.user.UID, k.user.GID); err != nil {
			return "", err
		}
	}
	return strings.TrimRight(string(out.Stdout)+string(out.Stderr), "\r\n"), nil
}

// hashNames hashes the host names of the file.
func (k *known) hashNames(ctx context.Context, w host.Writer) (string, error) {
	i, err := w.Stat(k.path)
	if err != nil || !i.IsRegular() {
		return "", &problem{"Known hosts file " + k.path + " does not exist"}
	}
	said, err := k.keygen(ctx, w, "-H")
	if err != nil {
		return "", err
	}
	return said, w.Chmod(k.path, i.Mode)
}

// remove takes the host out of the file.
func (k *known) remove(ctx context.Context, w host.Writer) (string, error) {
	if !isFile(w, k.path) {
		return "", &problem{"Known hosts file " + k.path + " does not exist"}
	}
	return k.keygen(ctx, w, "-R", k.sshName())
}
