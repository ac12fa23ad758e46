package gitfs

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/py"
)

// Role is what remotes are for; its text begins the names of Salt's options.
type Role string

// The roles.
const (
	RoleFS     Role = "gitfs"
	RolePillar Role = "git_pillar"
)

// authParams are the parameters about logging in, of both roles.
var authParams = []string{"user", "password", "pubkey", "privkey", "passphrase", "insecure_auth"}

// overrides are the parameters that a remote has of its own, or by default
// from the option ROLE_PARAMETER.
var overrides = map[Role][]string{
	RoleFS: {
		"base", "fallback", "mountpoint", "root", "ssl_verify", "saltenv_whitelist", "saltenv_blacklist", "refspecs",
		"disable_saltenv_mapping", "ref_types", "update_interval", "proxy", "depth",
	},
	RolePillar: {"base", "env", "root", "ssl_verify", "refspecs", "fallback", "proxy", "ref_types", "disable_saltenv_mapping", "depth"},
}

// remoteOnly are the parameters that only a remote can have.
var remoteOnly = map[Role][]string{
	RoleFS:     {"all_saltenvs", "name", "saltenv"},
	RolePillar: {"name", "mountpoint", "all_saltenvs"},
}

// envConf is what a saltenv has instead of its remote's.
type envConf map[string]string // of mountpoint, root, ref

// Remote is one configured repository.
type Remote struct {
	Role   Role
	ID     string // as configured
	Branch string // of git_pillar
	Access Access

	name                     string
	root, mountpoint         string
	base, fallback           string
	env                      string // of git_pillar
	allSaltenvs              string
	hasAll                   bool
	refTypes                 []string
	whitelist, blacklist     []string
	noMapping                bool
	saltenv, globalEnv       map[string]envConf
	revmap                   map[string][]string // saltenvs by reference
	envOrder, globalEnvOrder []string
}

// Where names the remote in messages, without its password.
func (r *Remote) Where() string { return Mask(r.ID) }

// ReadRemotes reads a list of remotes. set are the options that somebody
// configured, opts these over Salt's defaults.
func ReadRemotes(role Role, list py.Value, opts, set *py.Dict) ([]*Remote, error) {
	items, err := py.Collect(list)
	if err != nil {
		return nil, fmt.Errorf("%s remotes: a list is needed, not %s", role, list.Type())
	}
	var out []*Remote
	names := map[string]string{}
	for _, it := range items {
		r, err := readRemote(role, it, opts, set)
		if err != nil {
			return nil, err
		}
		key := r.name
		if key == "" {
			key = r.ID
		}
		if r.Branch == "__env__" { // Salt has a copy for each environment then
			key += "\n" + r.checkoutTarget(opts)
		}
		if other, dup := names[key]; dup {
			return nil, fmt.Errorf("%s: the remotes %s and %s would be one: give them a name (per-remote parameter name)", role, Mask(other), r.Where())
		}
		names[key] = r.ID
		out = append(out, r)
	}
	return out, nil
}

func readRemote(role Role, it py.Value, opts, set *py.Dict) (*Remote, error) {
	r := &Remote{Role: role}
	own := py.NewDict()
	if d, ok := it.(*py.Dict); ok {
		if d.Len() != 1 {
			return nil, fmt.Errorf("%s: a remote with parameters is a mapping of its URL to them, got %d keys (are the parameters indented?)", role, d.Len())
		}
		for k, v := range d.All() {
			r.ID = py.ToStr(k)
			var err error
			if own, err = repack(v); err != nil {
				return nil, fmt.Errorf("%s remote %s: %w", role, Mask(r.ID), err)
			}
		}
		if own.Len() == 0 {
			return nil, fmt.Errorf("invalid per-remote configuration for %s remote '%s': without parameters there must be no colon behind the URL", role, Mask(r.ID))
		}
	} else if s, ok := it.(py.Str); ok {
		r.ID = string(s)
	} else {
		return nil, fmt.Errorf("invalid %s remote %s: remotes must be strings, the URL may need quotes", role, py.Repr(it))
	}
	r.Access.URL = r.ID
	if role == RolePillar {
		if f := strings.Fields(r.ID); len(f) > 1 {
			r.Branch, r.Access.URL = f[0], strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(r.ID), f[0]))
		} else {
			r.Branch = text(opts.Lookup("git_pillar_branch"))
		}
	}
	if !validURL(r.Access.URL) {
		return nil, fmt.Errorf("%s remote %s: that is no URL that Salt takes (http, https, ssh, ftp, sftp, file or user@host:path; a directory is file:///DIR)", role, Mask(r.ID))
	}
	valid := slices.Concat(overrides[role], authParams, remoteOnly[role])
	for k := range own.All() {
		if !slices.Contains(valid, py.ToStr(k)) {
			return nil, fmt.Errorf("Invalid %s configuration parameter '%s' in remote '%s'. Valid parameters are: %s.", //nolint:staticcheck // Salt's text
				role, py.ToStr(k), Mask(r.ID), strings.Join(valid, ", "))
		}
	}
	if role == RolePillar && r.Branch != "__env__" && own.Has("base") {
		return nil, fmt.Errorf("invalid per-remote configuration for %s remote '%s': base can only be specified if __env__ is specified as the branch name", role, Mask(r.ID))
	}
	return r, r.fill(own, opts, set)
}

// fill reads the parameters: the remote's own over the role's options.
func (r *Remote) fill(own, opts, set *py.Dict) error {
	get := func(name string) py.Value {
		if v, ok := own.GetStr(name); ok {
			return v
		}
		return py.OrNone(opts.Lookup(string(r.Role) + "_" + name))
	}
	r.name = text(py.OrNone(own.Lookup("name")))
	r.root, r.base, r.fallback = text(get("root")), text(get("base")), text(get("fallback"))
	r.mountpoint = stripProto(text(get("mountpoint")))
	if r.Role == RolePillar {
		r.mountpoint, r.env = stripProto(text(py.OrNone(own.Lookup("mountpoint")))), text(get("env"))
	}
	r.mountpoint = strings.Trim(r.mountpoint, "/")
	r.allSaltenvs, r.hasAll = text(py.OrNone(own.Lookup("all_saltenvs"))), own.Has("all_saltenvs")
	r.refTypes = texts(get("ref_types"))
	for i, t := range r.refTypes {
		r.refTypes[i] = strings.ToLower(t)
		if !slices.Contains([]string{"branch", "tag", "sha"}, r.refTypes[i]) {
			return fmt.Errorf("the ref_types of %s remote '%s' are invalid: %s (branch, tag and sha are there)", r.Role, r.Where(), t)
		}
	}
	r.whitelist, r.blacklist = texts(get("saltenv_whitelist")), texts(get("saltenv_blacklist"))
	r.noMapping = py.IsTrue(get("disable_saltenv_mapping"))
	a := &r.Access
	a.User, a.Password, a.PrivateKey = text(get("user")), text(get("password")), text(get("privkey"))
	a.InsecureAuth, a.NoVerify = py.IsTrue(get("insecure_auth")), !py.IsTrue(get("ssl_verify"))
	a.Proxy, a.Refspecs = text(get("proxy")), texts(get("refspecs"))
	if text(get("passphrase")) != "" {
		return fmt.Errorf("%s remote %s: passphrase is not supported: add the key to an ssh-agent", r.Role, r.Where())
	}
	if text(get("pubkey")) != "" && a.PrivateKey == "" {
		return fmt.Errorf("%s remote %s: pubkey needs a privkey", r.Role, r.Where())
	}
	for _, spec := range a.Refspecs {
		if spec == "" || strings.HasPrefix(spec, "-") {
			return fmt.Errorf("%s remote %s: refspecs: %q is none", r.Role, r.Where(), spec)
		}
	}
	// Salt's default depth of 1 is for a provider that is used when no other
	// is there, and takes commit ids away.
	depth := own.Lookup("depth")
	if depth == nil && set != nil {
		depth = set.Lookup(string(r.Role) + "_depth")
	}
	if depth != nil {
		n, err := strconv.Atoi(py.ToStr(depth))
		if err != nil {
			return fmt.Errorf("%s remote %s: depth: a number is needed, not %s", r.Role, r.Where(), py.Repr(depth))
		}
		a.Depth = max(n, 0)
	}
	return r.readSaltenvs(own, opts)
}

// readSaltenvs reads the per-saltenv parameters of the remote and of gitfs.
func (r *Remote) readSaltenvs(own, opts *py.Dict) error {
	if r.Role != RoleFS {
		return nil
	}
	var err error
	if r.saltenv, r.envOrder, err = readEnvs(own.Lookup("saltenv")); err != nil {
		return fmt.Errorf("gitfs remote %s: saltenv: %w", r.Where(), err)
	}
	if r.globalEnv, r.globalEnvOrder, err = readEnvs(opts.Lookup("gitfs_saltenv")); err != nil {
		return fmt.Errorf("gitfs_saltenv: %w", err)
	}
	r.revmap = map[string][]string{}
	mapped := map[string]bool{}
	for _, env := range r.envOrder {
		ref, ok := r.saltenv[env]["ref"]
		if !ok {
			continue
		}
		r.revmap[ref] = append(r.revmap[ref], env)
		mapped[env] = true
		if env == "base" {
			delete(r.saltenv[env], "ref")
			r.base = ref
		}
	}
	for _, env := range r.globalEnvOrder {
		if ref, ok := r.globalEnv[env]["ref"]; ok && !mapped[env] {
			r.revmap[ref] = append(r.revmap[ref], env)
		}
	}
	return nil
}

func readEnvs(v py.Value) (map[string]envConf, []string, error) {
	if v == nil || !py.IsTrue(v) {
		return nil, nil, nil
	}
	d, err := repack(v)
	if err != nil {
		return nil, nil, err
	}
	out, order := map[string]envConf{}, []string{}
	for k, v := range d.All() {
		env := py.ToStr(k)
		params, err := repack(v)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", env, err)
		}
		conf := envConf{}
		for p, val := range params.All() {
			switch name := py.ToStr(p); name {
			case "mountpoint":
				conf[name] = stripProto(py.ToStr(val))
			case "root", "ref":
				conf[name] = py.ToStr(val)
			default:
				return nil, nil, fmt.Errorf("%s: %s is no parameter of a saltenv (mountpoint, root and ref are)", env, name)
			}
		}
		out[env], order = conf, append(order, env)
	}
	return out, order, nil
}

// repack makes a mapping of a list of mappings with one key each.
func repack(v py.Value) (*py.Dict, error) {
	switch v := v.(type) {
	case nil, py.NoneType:
		return py.NewDict(), nil
	case *py.Dict:
		return v, nil
	case *py.List:
		out := py.NewDict()
		for _, it := range v.Items {
			d, ok := it.(*py.Dict)
			if !ok || d.Len() != 1 {
				return nil, fmt.Errorf("a list of `- parameter: value` is needed, got %s", py.Repr(it))
			}
			for k, x := range d.All() {
				out.SetStr(py.ToStr(k), x)
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("a list of parameters is needed, not %s", v.Type())
}

// text reads a parameter that is text; None is none.
func text(v py.Value) string {
	if v == nil || v == py.Value(py.None) {
		return ""
	}
	return py.ToStr(v)
}

// texts reads a list, or a text with commas.
func texts(v py.Value) []string {
	var out []string
	if l, ok := v.(*py.List); ok {
		for _, it := range l.Items {
			out = append(out, py.ToStr(it))
		}
		return out
	}
	if s := text(v); s != "" {
		for _, part := range strings.Split(s, ",") {
			out = append(out, strings.TrimSpace(part))
		}
	}
	return out
}

func stripProto(s string) string { return strings.TrimPrefix(s, "salt://") }

var (
	scpURL   = regexp.MustCompile(`^([^@:/]+)@([^:]+):(.+)$`)
	urlText  = regexp.MustCompile(`^[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]+$`)
	schemes  = []string{"http", "https", "ssh", "ftp", "sftp", "file"}
	pathPart = regexp.MustCompile(`(?i)^([a-z0-9\-._~!$&'();=:@,]|%[0-9][0-9])+`)
)

// validURL says whether Salt takes a text for the URL of a remote.
func validURL(s string) bool {
	if m := scpURL.FindStringSubmatch(s); m != nil {
		s = "ssh://" + m[1] + "@" + m[2] + "/" + strings.TrimPrefix(m[3], "/")
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !urlText.MatchString(s) || !slices.Contains(schemes, strings.ToLower(scheme)) {
		return false
	}
	_, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	for _, part := range strings.Split(path, "/") {
		if part != "" && !pathPart.MatchString(part) {
			return false
		}
	}
	return true
}
