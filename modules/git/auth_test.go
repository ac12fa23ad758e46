package git

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pinch/internal/host"
	"pinch/internal/secret"
	"pinch/modules"
)

// recorder is a host that notes every command with its environment.
type recorder struct {
	*host.Local
	mu  sync.Mutex
	ran []string
}

func (r *recorder) Run(ctx context.Context, cmd host.Cmd) (host.Output, error) {
	text := strings.Join(cmd.Argv, " ")
	for k, v := range cmd.Env {
		if v != nil {
			text += " " + k + "=" + *v
		}
	}
	r.mu.Lock()
	r.ran = append(r.ran, text)
	r.mu.Unlock()
	return r.Local.Run(ctx, cmd)
}

// TestPassword logs in at a server over TLS: the password reaches the server,
// and nothing else.
func TestPassword(t *testing.T) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Skip("no git")
	}
	for _, p := range []string{"git-remote-https", "git-credential-cache"} {
		if _, err := os.Stat(filepath.Join(strings.TrimSpace(string(out)), p)); err != nil {
			t.Skip("no " + p)
		}
	}
	const password = "geheim:/@x"
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if user, pw, _ := q.BasicAuth(); user != "alice" || pw != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		switch q.URL.Path {
		case "/r.git/info/refs":
			_, _ = io.WriteString(w, "0123456789012345678901234567890123456789\trefs/heads/main\n")
		case "/r.git/HEAD":
			_, _ = io.WriteString(w, "ref: refs/heads/main\n")
		default:
			http.NotFound(w, q)
		}
	}))
	defer srv.Close()

	home := t.TempDir()
	h := &recorder{Local: host.NewLocal([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_SSL_NO_VERIFY=1", "GIT_TERMINAL_PROMPT=0"})}
	for name, cred := range map[string]*credentials{"without": nil, "with": {protocol: "https", host: strings.TrimPrefix(srv.URL, "https://"), user: "alice", password: secret.New(password)}} {
		t.Run(name, func(t *testing.T) {
			r := &repo{c: &modules.Call{Reader: h, Memo: modules.NewMemo()}, w: h, cred: cred}
			end, err := r.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			refs, err := r.remoteRefs(t.Context(), strings.Replace(srv.URL, "https://", "https://alice@", 1)+"/r.git")
			if cred == nil && err == nil {
				t.Error("no error without password")
			}
			if cred != nil && (err != nil || !refs.has("refs/heads/main")) {
				t.Errorf("%v, %v", refs, err)
			}
			if err := end(); err != nil {
				t.Error(err)
			}
			if cred != nil {
				if _, err := os.Stat(filepath.Dir(cred.socket)); !os.IsNotExist(err) {
					t.Errorf("the socket's directory is left: %v", err)
				}
			}
		})
	}
	for _, line := range h.ran {
		if strings.Contains(line, password) {
			t.Errorf("the password is in a command: %s", line)
		}
	}
	err = filepath.WalkDir(home, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			t.Errorf("%s was left", p)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
