package cli

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pinch/internal/demossh"
)

//go:embed demo
var demoTree embed.FS

// demoHosts are the embedded hosts of `pinch demo`.
var demoHosts = []string{"web1", "web2", "db1"}

// demo starts SSH servers on the loopback address, applies a small tree to
// them twice and shows what a person would see. Everything lies in one
// temporary directory, which is removed at the end.
func (a *app) demo(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "pinch-demo")
	if err != nil {
		return err
	}
	defer func() {
		rerr := os.RemoveAll(dir)
		if err = errors.Join(err, rerr); rerr == nil {
			fmt.Fprintf(a.env.Stdout, "The demo's directory %s is removed; nothing else was written.\n", dir)
		}
	}()
	if err := fs.WalkDir(demoTree, "demo", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := demoTree.ReadFile(p)
		if err != nil {
			return err
		}
		dest := filepath.Join(dir, strings.TrimPrefix(p, "demo/"))
		if err := os.MkdirAll(filepath.Dir(dest), 0o700); err != nil {
			return err
		}
		return os.WriteFile(dest, b, 0o600)
	}); err != nil {
		return err
	}
	close, err := startDemoHosts(dir)
	defer func() { err = errors.Join(err, close()) }()
	if err != nil {
		return err
	}
	out := a.env.Stdout
	fmt.Fprintf(out, "%d SSH hosts run on this machine: %s. Their roster, tree and pillar are in %s.\n\n", len(demoHosts), strings.Join(demoHosts, ", "), dir)
	var times []time.Duration
	for run, what := range []string{"first run: everything is new", "second run: nothing is to be done"} {
		fmt.Fprintf(out, "$ pinch -c %s '*' state.apply        # %s\n", dir, what)
		args := []string{"pinch", "-c", dir, "*", "state.apply"}
		if run == 1 {
			args = append(args, "--state-output=mixed")
		}
		start := time.Now()
		if err := a.run(ctx, args); err != nil {
			return err
		}
		times = append(times, time.Since(start))
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "First run, shim copied: %.2f s. Second run, nothing changed: %.2f s.\n\n", times[0].Seconds(), times[1].Seconds())
	fmt.Fprint(out, `Your own hosts: put one into a file called roster,  web1: {host: 192.0.2.7, user: root}
  pinch --accept-new web1 test.ping                    does it answer?
  pinch web1 state.apply test=True                     what would ./salt and ./pillar change there?
`)
	return nil
}

// startDemoHosts starts the servers and writes roster and keys.
func startDemoHosts(dir string) (close func() error, err error) {
	var servers []*demossh.Server
	close = func() error {
		var errs []error
		for _, s := range servers {
			errs = append(errs, s.Close())
		}
		return errors.Join(errs...)
	}
	private, public, err := demossh.GenerateKey("pinch demo")
	if err != nil {
		return close, err
	}
	key := filepath.Join(dir, "id_ed25519")
	if err := os.WriteFile(key, private, 0o600); err != nil {
		return close, err
	}
	var roster, known strings.Builder
	for _, name := range demoHosts {
		hostKey, _, err := demossh.GenerateKey(name)
		if err != nil {
			return close, err
		}
		root := filepath.Join(dir, "hosts", name)
		s, err := demossh.Start(demossh.Config{HostKey: hostKey, AuthorizedKeys: public, Root: root, Home: filepath.Join(root, "home"),
			Env: []string{"PINCH_LOCK_DIR=" + root, "XDG_CACHE_HOME=" + filepath.Join(root, "cache"), "LANG=C.UTF-8"}})
		if err != nil {
			return close, err
		}
		servers = append(servers, s)
		known.WriteString(s.KnownHostsLine("127.0.0.1"))
		known.WriteString("\n")
		fmt.Fprintf(&roster, "%s:\n  host: 127.0.0.1\n  port: %d\n  user: %s\n  priv: %s\n  ssh_options: [UserKnownHostsFile=%s]\n  minion_opts:\n    grains:\n      demo_root: %s\n",
			name, s.Port(), demoUser(), key, filepath.Join(dir, "known_hosts"), root)
	}
	if err := os.WriteFile(filepath.Join(dir, "known_hosts"), []byte(known.String()), 0o600); err != nil {
		return close, err
	}
	master := fmt.Sprintf("file_roots:\n  base: [%[1]s/salt]\npillar_roots:\n  base: [%[1]s/pillar]\nroster_file: %[1]s/roster\n", dir)
	if err := os.WriteFile(filepath.Join(dir, "master"), []byte(master), 0o600); err != nil {
		return close, err
	}
	return close, os.WriteFile(filepath.Join(dir, "roster"), []byte(roster.String()), 0o600)
}

func demoUser() string {
	if u := os.Getenv("USER"); u != "" {
		return u
	}
	return "root"
}
