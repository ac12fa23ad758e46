package states_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pinch/internal/py"
	"pinch/states"
)

// secretKey returns the throw-away key of the recorded cases and a message to
// it, which says "secret one".
func secretKey(t *testing.T) (key, message string) {
	raw, err := os.ReadFile("testdata/pillar_sources.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []sourceCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Name == "gpg decrypt_pillar command line" {
			var override struct{ CLI string }
			if err := json.Unmarshal(c.Pillar.Override, &override); err != nil {
				t.Fatal(err)
			}
			return c.Key, override.CLI
		}
	}
	t.Fatal("the case with the key is gone")
	return "", ""
}

// State SLS and texts of salt.slsutil are decrypted as the pillar is.
func TestGPGInStates(t *testing.T) {
	key, message := secretKey(t)
	shared := &sharedSources{t: t, keys: map[string]string{}}
	t.Cleanup(shared.close)
	home := shared.keyring(t, key)
	indented := regexp.MustCompile(`(?m)^`).ReplaceAllString(message, "        ")
	for _, c := range []struct {
		name, sls, want, err string
		opts                 []any
		path                 string
	}{
		{name: "pipe", sls: "#!jinja|yaml|gpg\nx:\n  test.show_notification:\n    - text: |\n" + indented, want: "secret one"},
		{name: "without jinja", sls: "#!yaml|gpg\nx:\n  test.show_notification:\n    - text: |\n" + indented, want: "secret one"},
		{name: "global", sls: "x:\n  test.show_notification:\n    - text: |\n" + indented, want: "secret one", opts: []any{"renderer", py.Str("jinja|yaml|gpg")}},
		{name: "no gpg", sls: "#!yaml|gpg\nx:\n  test.show_notification:\n    - text: |\n" + indented, err: "GPG unavailable", path: t.TempDir()},
		{name: "no key", sls: "#!yaml|gpg\nx:\n  test.show_notification:\n    - text: |\n" + indented, err: "Could not decrypt cipher b'-----BEGIN PGP MESSAGE-----",
			opts: []any{"gpg_keydir", py.Str(filepath.Join(home, "nosuch"))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.path != "" {
				t.Setenv("PATH", c.path)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "a.sls"), []byte(c.sls), 0o644); err != nil {
				t.Fatal(err)
			}
			opts := py.DictOf("file_roots", py.DictOf("base", py.Strings(dir)), "pillar_roots", py.NewDict(), "gpg_keydir", py.Str(home))
			opts.Update(py.DictOf(c.opts...))
			tree, err := states.NewTree(context.Background(), states.Config{Opts: opts})
			if err != nil {
				t.Fatal(err)
			}
			got, err := tree.Compile(context.Background(), states.Request{Host: "web1", SLS: []string{"a"}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.err != "" {
				if len(got.Errors) != 1 || !strings.Contains(got.Errors[0].Message, c.err) || !strings.HasSuffix(got.Errors[0].Pos.File, "a.sls") {
					t.Errorf("errors %v, want %s", got.Errors, c.err)
				}
				return
			}
			if len(got.Errors) > 0 || len(got.Chunks) != 1 || got.Chunks[0].Data.String("text") != c.want {
				t.Errorf("%v %v", got.Errors, got.Chunks)
			}
		})
	}
}

// Many hosts share what was decrypted; what failed is tried again.
func TestDecryptOnce(t *testing.T) {
	dir := t.TempDir()
	const cipher = "-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----"
	for name, text := range map[string]string{"top.sls": "base:\n  '*': [a]\n", "a.sls": "#!yaml|gpg\nk: |\n  " + strings.ReplaceAll(cipher, "\n", "\n  ") + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	calls := 0
	tree, err := states.NewTree(context.Background(), states.Config{
		Opts: py.DictOf("pillar_roots", py.DictOf("base", py.Strings(dir)), "file_roots", py.NewDict(), "config_dir", py.Str("/conf")),
		Decrypt: func(_ context.Context, home string, message []byte) (plain, stderr []byte, err error) {
			if calls++; calls == 1 {
				return nil, []byte("not yet"), nil
			}
			if home != "/conf/gpgkeys" || string(message) != cipher {
				t.Errorf("gpg is asked for %q with keys in %s", message, home)
			}
			return []byte("plain\n"), nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, host := range []string{"a", "b", "c"} {
		got, err := tree.CompilePillar(context.Background(), states.Request{Host: host}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if len(got.Errors) != 1 {
				t.Errorf("the first try: %v", got.Errors)
			}
		} else if got.Pillar.String("k") != "plain" {
			t.Errorf("%s: %v %v", host, got.Pillar, got.Errors)
		}
	}
	if calls != 2 {
		t.Errorf("gpg was asked %d times", calls)
	}
}
