package sshauth

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/modules"
)

const (
	keyA = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
	keyB = "AAAAC3NzaC1lZDI1NTE5AAAAII0r4rF4oZV6uGoKm4L7Nm00skAO42g+fpOZl9vxOl6d"
)

func TestKeysOf(t *testing.T) {
	text := "# comment\n\n  ssh-ed25519 " + keyA + " me at  home \r\n" +
		`no-pty,command="a b" ecdsa-sha2-nistp256 ` + keyB + "\n" +
		"ssh-rsa\nssh-rsa notbase64!\nnot a key\nsk-ssh-ed25519@openssh.com AAAA x\n"
	got, err := keysOf(text, "md5")
	if err != nil {
		t.Fatal(err)
	}
	want := []key{
		{key: keyA, enc: "ssh-ed25519", comment: "me at home"},
		{key: keyB, enc: "ecdsa-sha2-nistp256", options: []string{"no-pty", `command="a b"`}},
		{key: "AAAA", enc: "sk-ssh-ed25519@openssh.com", comment: "x"},
	}
	for i := range want {
		fp, ok, err := fingerprint(want[i].key, "md5")
		if err != nil || !ok || len(fp) != 16*3-1 {
			t.Fatalf("fingerprint of %q = %q, %v, %v", want[i].key, fp, ok, err)
		}
		want[i].fingerprint = fp
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(key{})); diff != "" {
		t.Error(diff)
	}
	if _, err := keysOf(text, "rot13"); err == nil {
		t.Error("an unknown hash is accepted")
	}
}

func TestDecodeKey(t *testing.T) {
	for text, want := range map[string]bool{"": true, "AAAA": true, "AAA=": true, "AA==": true, "AAA==": true, "AAAA==": true, "AA=": false, "A": false, "AA": false, "AA=A": false, "A A": false, "ä": false, "notakey": false} {
		if _, ok := decodeKey(text); ok != want {
			t.Errorf("%q decodes: %v, want %v", text, ok, want)
		}
	}
}

func TestEditKeys(t *testing.T) {
	text := "# keep ssh-ed25519 " + keyA + "\n\nssh-ed25519 " + keyA + " old\nssh-rsa " + keyB
	k := &key{key: keyA, enc: "ssh-ed25519", comment: "new", options: []string{"no-pty"}}
	want := "# keep ssh-ed25519 " + keyA + "\nno-pty ssh-ed25519 " + keyA + " new\nssh-rsa " + keyB + "\n"
	if diff := cmp.Diff(want, replaced(text, k)); diff != "" {
		t.Error(diff)
	}
	want = "# keep ssh-ed25519 " + keyA + "\nssh-rsa " + keyB + "\n"
	if diff := cmp.Diff(want, without(text, keyA)); diff != "" {
		t.Error(diff)
	}
}

func TestExpand(t *testing.T) {
	for config, want := range map[string]string{".ssh/authorized_keys": ".ssh/authorized_keys", "%h/k/%u": "/home/web/k/web", "a%%b": "a%b"} {
		if got, err := expand(config, "web", "/home/web"); err != nil || got != want {
			t.Errorf("expand(%q) = %q, %v, want %q", config, got, err, want)
		}
	}
	for _, config := range []string{"%x", "a%"} {
		if got, err := expand(config, "web", "/home/web"); err == nil {
			t.Errorf("expand(%q) = %q, want an error", config, got)
		}
	}
}

func TestNewRequest(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want key
	}{
		"key":      {keyA, key{key: keyA, enc: "rsa", comment: "c"}},
		"remark":   {keyA + " a b", key{key: keyA, enc: "rsa", comment: "a b"}},
		"line":     {"ssh-ed25519 " + keyA + " a  b", key{key: keyA, enc: "ssh-ed25519", comment: "a  b"}},
		"no words": {"ssh-ed25519 " + keyA, key{key: keyA, enc: "ssh-ed25519", comment: "c"}},
		"options":  {`from="1.2.3.4",no-pty ssh-rsa ` + keyA + " x", key{key: keyA, enc: "ssh-rsa", comment: "x", options: []string{`from="1.2.3.4"`, "no-pty"}}},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := newRequest(c.text, "web", "rsa", "c", modules.Source{}, nil, ".ssh/authorized_keys", "")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, q.key, cmp.AllowUnexported(key{})); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := newRequest(" ", "web", "rsa", "", modules.Source{}, nil, "", ""); err == nil {
		t.Error("a blank name is accepted")
	}
}

func TestSetKey(t *testing.T) {
	ctx := context.Background()
	f := host.NewFake(map[string]string{"/home/web/": ""})
	f.UserList = append(f.UserList, host.User{Name: "web", UID: 1500, GID: 1501, Home: "/home/web"}, host.User{Name: "homeless", UID: 2, Home: "/nowhere"})
	const file = "/home/web/.ssh/authorized_keys"
	step := func(user string, k key, word, want string) {
		t.Helper()
		got, err := setKey(ctx, f, user, ".ssh/authorized_keys", "", k)
		if err != nil || got != word {
			t.Errorf("set %s for %s = %q, %v, want %q", k.key, user, got, err, word)
		}
		b, err := f.ReadFile(file)
		if text := string(b); want != "" && text != want {
			t.Errorf("file = %q (%v), want %q", text, err, want)
		}
	}
	a := key{key: keyA, enc: "ed25519", comment: "me"}
	step("nobody", a, "fail", "")
	step("homeless", a, "fail", "")
	step("web", key{key: "notakey", enc: "rsa"}, "Invalid public key", "")
	step("web", a, "new", "ssh-ed25519 "+keyA+" me\n")
	step("web", a, "no change", "ssh-ed25519 "+keyA+" me\n")
	a.comment = "you"
	step("web", a, "replace", "ssh-ed25519 "+keyA+" you\n")
	step("web", key{key: keyB, enc: "rsa"}, "new", "ssh-ed25519 "+keyA+" you\nssh-rsa "+keyB+" \n")
	for p, mode := range map[string]uint32{"/home/web/.ssh": 0o700, file: 0o600} {
		if i, err := f.Stat(p); err != nil || i.Perm() != mode || i.UID != 1500 || i.GID != 1501 {
			t.Errorf("%s is %o of %d:%d (%v)", p, i.Perm(), i.UID, i.GID, err)
		}
	}
	if _, err := setKey(ctx, f, "web", ".ssh/authorized_keys", "", key{key: keyA, enc: "rot13"}); err == nil || !strings.Contains(err.Error(), "rot13") {
		t.Errorf("an unknown key type: %v", err)
	}
}

func TestLineNumbers(t *testing.T) {
	found := "# Host a found: line 3\na ssh-rsa AAAA\n# Host a found: line 7\na ssh-ed25519 BBBB\n"
	got, err := lineNumbers(found, "ssh-ed25519")
	if diff := cmp.Diff(map[int]bool{7: true}, got); err != nil || diff != "" {
		t.Error(diff, err)
	}
	if got, err = lineNumbers(found, ""); err != nil || len(got) != 2 {
		t.Errorf("lines = %v, %v", got, err)
	}
	if got, err = lineNumbers("", ""); err != nil || len(got) != 0 {
		t.Errorf("no lines = %v, %v", got, err)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add("no-pty ssh-ed25519 " + keyA + " me\n# x\nssh-rsa AAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := keysOf(text, "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range keys {
			if left, err := keysOf(without(text, keys[i].key), ""); err != nil || find(left, keys[i].key) != nil {
				t.Errorf("%q is still in %q (%v)", keys[i].key, text, err)
			}
		}
	})
}
