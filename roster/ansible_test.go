package roster_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
	"pinch/roster"
)

func ansible(t *testing.T, name, text string) *roster.Ansible {
	t.Helper()
	return &roster.Ansible{Path: write(t, t.TempDir(), name, text)}
}

func TestAnsibleINI(t *testing.T) {
	src := ansible(t, "hosts", `
mail.example.com:2025   ; no comment here
; comment
[web]
web[01:03] ansible_user=deploy http_port=80  # comment
[db]
db-[a:b:1].example.com ansible_host=10.0.0.1 ansible_become=yes ansible_become_user=pg ansible_become_password='s p'
[dc:children]
web
db
[dc:vars]
ansible_ssh_private_key_file=/k/id
ansible_ssh_common_args='-o ProxyCommand="nc %h 22" -J hop -v'
tier = [1, 'x']
`)
	// The first line has words without =.
	if _, err := roster.Load(ctx, roster.Options{}, src); err == nil || !strings.Contains(err.Error(), "hosts:2:1: host mail.example.com: expected name=value, got \";\"") {
		t.Fatalf("error %v", err)
	}
	text, err := os.ReadFile(src.Path)
	if err != nil {
		t.Fatal(err)
	}
	src = ansible(t, "hosts", strings.Replace(string(text), "; no", "# no", 1))
	r := load(t, roster.Options{LocalUser: "me"}, src)
	var got []string
	for _, h := range r.Hosts {
		got = append(got, fmt.Sprintf("%s %s@%s:%d %v sudo=%v/%s/%s", h.ID, h.User, h.Addr, h.Port, h.Auth.PrivateKeys, h.Sudo.Enabled, h.Sudo.User, h.Sudo.Password.Reveal()))
	}
	want := []string{
		"mail.example.com root@mail.example.com:2025 [] sudo=false//",
		"web01 deploy@web01:22 [/k/id] sudo=false//", "web02 deploy@web02:22 [/k/id] sudo=false//", "web03 deploy@web03:22 [/k/id] sudo=false//",
		"db-a.example.com root@10.0.0.1:22 [/k/id] sudo=true/pg/s p", "db-b.example.com root@10.0.0.1:22 [/k/id] sudo=true/pg/s p",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	web := host(t, r, "web01")
	if got := py.Repr(web.MinionOpts.Lookup("tier")); got != "[1, 'x']" {
		t.Errorf("tier %s", got)
	}
	if web.ProxyCommand != "nc web01 22" {
		t.Errorf("proxy command %q", web.ProxyCommand)
	}
	if d := cmp.Diff([]roster.HostID{"web01", "web02", "web03", "db-a.example.com", "db-b.example.com"}, r.Groups["dc"]); d != "" {
		t.Error(d)
	}
	if len(r.Warnings) != 5 || !strings.Contains(r.Warnings[0].String(), `ssh argument "-v" is ignored`) {
		t.Errorf("warnings %v", r.Warnings)
	}
}

func TestAnsiblePrecedence(t *testing.T) {
	src := ansible(t, "inv/hosts", `
[child]
h v_host=host
[parent:children]
child
[all:vars]
v_all=all
v_parent=all
v_child=all
v_dir=all
v_host=all
[parent:vars]
v_parent=parent
v_child=parent
v_dir=parent
v_host=parent
[child:vars]
v_child=child
v_dir=child
v_host=child
`)
	dir := filepath.Dir(src.Path)
	write(t, dir, "group_vars/all.yml", "v_dir: group_vars all\n")
	write(t, dir, "group_vars/child/a.yml", "v_dir: group_vars child\n")
	write(t, dir, "host_vars/h", "v_hostdir: host_vars\n")
	h := host(t, load(t, roster.Options{}, src), "h")
	want := "{'v_all': 'all', 'v_child': 'child', 'v_dir': 'group_vars child', 'v_host': 'host', 'v_hostdir': 'host_vars', 'v_parent': 'parent'}"
	if got := py.Repr(h.MinionOpts); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAnsibleYAMLAndJSON(t *testing.T) {
	cases := map[string]string{
		"hosts.yml": `
all:
  vars: {x: 1}
  children:
    web:
      hosts:
        w[1:2]: {ansible_host: 10.0.0.9, ansible_port: 23}
    un:
      hosts: single
`,
		"list.json": `{"_meta": {"hostvars": {"w1": {"ansible_host": "10.0.0.9", "ansible_port": 23, "x": 1}, "w2": {"ansible_host": "10.0.0.9", "ansible_port": 23, "x": 1}, "single": {"x": 1}}},
 "all": {"children": ["ungrouped", "web", "un"]}, "web": {"hosts": ["w1", "w2"]}, "un": ["single"]}`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			r := load(t, roster.Options{}, ansible(t, name, text))
			var got []string
			for _, h := range r.Hosts {
				got = append(got, fmt.Sprintf("%s %s:%d %s", h.ID, h.Addr, h.Port, py.Repr(h.MinionOpts.Lookup("x"))))
			}
			if d := cmp.Diff([]string{"w1 10.0.0.9:23 1", "w2 10.0.0.9:23 1", "single single:22 1"}, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAnsibleErrors(t *testing.T) {
	cases := map[string]struct{ name, text, want string }{
		"section":        {"hosts", "[a:b:c]\n", "hosts:1:1: invalid section"},
		"section type":   {"hosts", "[a:kids]\n", "section [a:kids] has an unknown type"},
		"unknown child":  {"hosts", "[a:children]\nb\n", "hosts:2:1: group b is named here but has no section [b]"},
		"loop":           {"hosts", "[a:children]\nb\n[b:children]\na\n", "contains itself"},
		"self":           {"hosts", "[a:children]\na\n", "contains itself"},
		"var":            {"hosts", "[a:vars]\nnovalue\n", "hosts:2:1: expected name=value"},
		"quote":          {"hosts", "a x='b\n", "hosts:1:1: \"a x='b\": no closing quotation"},
		"range":          {"hosts", "a[1:x]\n", "range [1:x]: expected numbers or single letters"},
		"range order":    {"hosts", "a[3:1]\n", "begins behind its end"},
		"range size":     {"hosts", "a[1:99999999]\n", "more than 10000 hosts"},
		"range product":  {"hosts", "a[1:900]b[1:900]\n", "more than 10000 hosts"},
		"port":           {"hosts", "a:b\n", "port \"b\": expected a number"},
		"yaml":           {"hosts.yml", "all: [\n", "hosts.yml:2:1: "},
		"yaml list":      {"hosts.yml", "- a\n", "expected a mapping of groups, got list"},
		"yaml group":     {"hosts.yml", "all:\n  hosts: [a]\n", "hosts.yml:2:3: hosts of group all: expected a mapping, got list (end each name with a colon"},
		"yaml key":       {"hosts.yml", "all:\n  host: {}\n", "hosts.yml:2:3: group all: unexpected key 'host'"},
		"plugin":         {"hosts.yml", "plugin: aws_ec2\n", "dynamic inventories are not supported"},
		"vault":          {"hosts", "$ANSIBLE_VAULT;1.1;AES256\n6162\n", "encrypted with ansible-vault"},
		"template":       {"hosts", "a ansible_host='{{ x }}'\n", "ansible_host is a template, which is not evaluated"},
		"connection":     {"hosts", "a ansible_connection=local\n", "ansible_connection \"local\" is not supported"},
		"become":         {"hosts", "a ansible_become_method=su\n", "ansible_become_method \"su\" is not supported"},
		"missing":        {"", "", "no such file"},
		"bad ssh option": {"hosts", "a ansible_ssh_common_args='-o Port=x'\n", "Port \"x\": expected a number"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			src := &roster.Ansible{Path: "/nonexistent/hosts"}
			if tc.name != "" {
				src = ansible(t, tc.name, tc.text)
			}
			r, err := roster.Load(ctx, roster.Options{}, src)
			if err == nil {
				target, terr := roster.NewTarget("", "*", "", roster.Groups{})
				if terr != nil {
					t.Fatal(terr)
				}
				_, err = r.Select(target)
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v\nwant %s", err, tc.want)
			}
		})
	}
	script := ansible(t, "dyn", "#!/bin/sh\necho '{}'\n")
	if err := os.Chmod(script.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := roster.Load(ctx, roster.Options{}, script); err == nil || !strings.Contains(err.Error(), "inventory script") {
		t.Errorf("script: %v", err)
	}
}

func FuzzInventory(f *testing.F) {
	f.Add("[a]\nb[1:3] x=1\n[c:children]\na\n[a:vars]\ny='z'\n")
	f.Add("all:\n  hosts:\n    a: {x: [1]}\n")
	f.Add("a x=((((1,),)))\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "hosts")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := roster.Load(ctx, roster.Options{}, &roster.Ansible{Path: path})
		if err == nil && r == nil {
			t.Error("neither roster nor error")
		}
	})
}
