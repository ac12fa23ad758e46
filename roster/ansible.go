package roster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/internal/secret"
)

// Ansible is a roster read from a static Ansible inventory. Unlike salt-ssh it
// needs no Ansible and also knows the variable names that Ansible has used
// since 2.0 (ansible_host, ansible_user, ...).
type Ansible struct {
	Path string
}

// Name implements Source.
func (*Ansible) Name() string { return "ansible" }

// Entries implements Source.
func (a *Ansible) Entries(context.Context) ([]Entry, error) {
	inv, err := readInventory(a.Path)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, name := range inv.hostsOf(groupAll) {
		e, err := inv.entry(name)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// readInventory reads a file in whatever form it has: YAML if it is a mapping
// there, else INI.
func readInventory(path string) (*inventory, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, readError(path, err)
	}
	if strings.HasPrefix(string(text), "#!") {
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return nil, &Error{
				Pos: Pos{File: path, Line: 1, Col: 1}, Msg: "is an inventory script, and scripts are not run",
				Advice: "save the output of `ansible-inventory --list` to a file and use that",
			}
		}
	}
	if strings.HasPrefix(string(text), "$ANSIBLE_VAULT") {
		return nil, &Error{Pos: Pos{File: path, Line: 1, Col: 1}, Msg: "the file is encrypted with ansible-vault", Advice: "decrypt it"}
	}
	inv := newInventory(path)
	ext := filepath.Ext(path)
	mustYAML := ext == ".yml" || ext == ".yaml" || ext == ".json"
	v, positions, yamlErr := saltyaml.LoadSLS(string(text))
	switch top, isMap := v.(*py.Dict); {
	case yamlErr != nil && mustYAML:
		return nil, fileError(path, yamlErr)
	case yamlErr == nil && isMap && top.Len() > 0:
		y := yamlInventory{inv: inv, pos: positions}
		if err := y.parse(top); err != nil {
			return nil, err
		}
	case mustYAML && yamlErr == nil && v != py.None && !isMap:
		return nil, &Error{Pos: Pos{File: path, Line: 1, Col: 1}, Msg: "expected a mapping of groups, got " + v.Type()}
	default:
		if err := parseINI(inv, string(text)); err != nil {
			return nil, err
		}
	}
	return inv, inv.finish()
}

// ansibleKeys maps roster keys to the variables that set them, the best first.
// The first of each list is the one salt-ssh knows.
var ansibleKeys = []struct {
	key  string
	vars []string
}{
	{"host", []string{"ansible_ssh_host", "ansible_host"}},
	{"port", []string{"ansible_ssh_port", "ansible_port"}},
	{"user", []string{"ansible_ssh_user", "ansible_user"}},
	{"passwd", []string{"ansible_ssh_pass", "ansible_ssh_password", "ansible_password"}},
	{"priv", []string{"ansible_ssh_private_key_file", "ansible_private_key_file"}},
	{"priv_passwd", []string{"ansible_ssh_private_key_passphrase"}},
	{"sudo", []string{"ansible_become", "ansible_sudo"}},
	{"sudo_user", []string{"ansible_become_user", "ansible_sudo_user"}},
	{"timeout", []string{"ansible_ssh_timeout", "ansible_timeout"}},
}

// sudoPasswords are the variables with a password for sudo.
var sudoPasswords = []string{"ansible_sudo_pass", "ansible_become_password", "ansible_become_pass", "ansible_sudo_password"}

func (inv *inventory) entry(name string) (Entry, error) {
	vars, err := inv.vars(name)
	if err != nil {
		return Entry{}, err
	}
	id := HostID(name)
	e := Entry{ID: id, Data: py.NewDict(), Pos: inv.hosts[name].pos.orFile(inv.file)}
	for _, g := range inv.groupsOf(name) {
		e.Groups = append(e.Groups, g.name)
	}
	for _, k := range ansibleKeys {
		for _, v := range k.vars {
			if val, ok := vars.GetStr(v); ok {
				e.Data.SetStr(k.key, val)
				inv.checkTemplate(&e, v, val)
				break
			}
		}
	}
	for _, v := range sudoPasswords {
		if val, ok := vars.GetStr(v); ok {
			e.SudoPassword = secret.New(py.ToStr(val))
			if !e.Data.Has("sudo") && v == "ansible_sudo_pass" {
				e.Data.SetStr("sudo", py.True) // as in salt-ssh
			}
			break
		}
	}
	inv.connection(&e, vars)
	inv.sshArgs(&e, vars)
	e.Data.SetStr("minion_opts", saltMinionOpts(vars))
	if !e.Data.Has("host") {
		e.Data.SetStr("host", py.Str(name))
	}
	return e, nil
}

// saltMinionOpts are the variables that salt-ssh passes on as minion options:
// all but the ones it turns into roster keys.
func saltMinionOpts(vars *py.Dict) *py.Dict {
	out := vars.Copy()
	for _, c := range ansibleConversion {
		out.DeleteStr(c.from)
	}
	return out
}

func (inv *inventory) checkTemplate(e *Entry, name string, v py.Value) {
	if s, ok := v.(py.Str); ok && strings.Contains(string(s), "{{") && e.Problem == nil {
		e.Problem = &Error{Pos: e.Pos, Host: e.ID, Msg: name + " is a template, which is not evaluated", Advice: "write the value itself"}
	}
}

func (inv *inventory) connection(e *Entry, vars *py.Dict) {
	switch c := vars.String("ansible_connection"); c {
	case "", "ssh", "smart", "paramiko", "paramiko_ssh", "libssh":
	default:
		e.Problem = &Error{Pos: e.Pos, Host: e.ID, Msg: fmt.Sprintf("ansible_connection %q is not supported", c), Advice: "only ssh is"}
	}
	if m := vars.String("ansible_become_method"); m != "" && m != "sudo" {
		e.Problem = &Error{Pos: e.Pos, Host: e.ID, Msg: fmt.Sprintf("ansible_become_method %q is not supported", m), Advice: "only sudo is"}
	}
}

// sshArgs takes the -o, -i, -l, -p, -J and -F-less arguments of ssh that the
// inventory adds.
func (inv *inventory) sshArgs(e *Entry, vars *py.Dict) {
	var options []string
	for _, v := range []string{"ansible_ssh_common_args", "ansible_ssh_extra_args"} {
		text := vars.String(v)
		if text == "" {
			continue
		}
		words, err := iniWords(text)
		if err != nil {
			e.Problem = &Error{Pos: e.Pos, Host: e.ID, Msg: v, Err: err}
			return
		}
		for i := 0; i < len(words); i++ {
			w := words[i]
			if len(w) < 2 || w[0] != '-' || !strings.ContainsRune("oJip", rune(w[1])) {
				e.Warnings = append(e.Warnings, Warning{Pos: e.Pos, Host: e.ID, Msg: fmt.Sprintf("%s: ssh argument %q is ignored", v, w)})
				continue
			}
			val := w[2:]
			if val == "" {
				if i++; i == len(words) {
					e.Problem = &Error{Pos: e.Pos, Host: e.ID, Msg: fmt.Sprintf("%s: nothing behind %s", v, w)}
					return
				}
				val = words[i]
			}
			switch w[1] {
			case 'o':
				options = append(options, val)
			case 'J':
				options = append(options, "ProxyJump="+val)
			case 'i':
				options = append(options, "IdentityFile="+val)
			case 'p':
				options = append(options, "Port="+val)
			}
		}
	}
	if len(options) > 0 && !slices.Contains(options, "") {
		e.Data.SetStr("ssh_options", py.Strings(options...))
	}
}

// ansibleConversion is salt-ssh's table, in its order.
var ansibleConversion = []struct{ from, to string }{
	{"ansible_ssh_host", "host"}, {"ansible_ssh_port", "port"}, {"ansible_ssh_user", "user"},
	{"ansible_ssh_pass", "passwd"}, {"ansible_sudo_pass", "sudo"}, {"ansible_ssh_private_key_file", "priv"},
}
