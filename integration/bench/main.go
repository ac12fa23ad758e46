// Command bench times pinch on the lab's hosts against the least that any tool
// over SSH must spend (the floor), and against salt-ssh where that is given:
// the second run of examples/peers, which changes nothing.
//
//	go run ./integration/bench -pinch ./pinch -hosts 10 -rounds 5
//
// The tools run in turns within one call, so that each ratio compares runs of
// the same minute. It also tells what pinch's run cost: bytes on the wire,
// connections, and CPU time on the hosts. It needs root.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"pinch/integration/lab"
)

// benchNet is where the bench's hosts are, apart from those of the tests.
const benchNet = "127.0.8"

type options struct {
	pinch, saltSSH, tree string
	hosts, rounds        int
}

func main() {
	var o options
	flag.StringVar(&o.pinch, "pinch", "./pinch", "the pinch binary")
	flag.StringVar(&o.saltSSH, "salt-ssh", "", "salt-ssh, to compare with it too (slow)")
	flag.StringVar(&o.tree, "tree", "examples/peers", "folder with salt/ and pillar/")
	flag.IntVar(&o.hosts, "hosts", 10, "number of hosts")
	flag.IntVar(&o.rounds, "rounds", 5, "timed runs of each tool")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := work(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func work(ctx context.Context, o options) (err error) {
	l, err := lab.New(ctx, os.Stderr)
	if err != nil {
		return err
	}
	l = l.At(benchNet)
	release, err := l.Claim(ctx)
	if err != nil {
		return err
	}
	defer release()
	hosts, err := l.Reset(ctx, o.hosts, lab.Suites[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Down(context.WithoutCancel(ctx))) }()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{options: o, dir: dir, hosts: hosts}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if err := b.race(ctx); err != nil {
		return err
	}
	return b.cost(ctx)
}

// bench is one comparison: its hosts and a folder with a configuration for each tool.
type bench struct {
	options
	dir   string
	hosts []lab.Host
	tools []tool
}

// tool is a program to time and what one run of it is.
type tool struct {
	name string
	argv []string
	in   string // standard input
	took []time.Duration
}

func (b *bench) prepare(ctx context.Context) error {
	floor := filepath.Join(b.dir, "floor")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", floor, "pinch/integration/bench/floor").CombinedOutput(); err != nil {
		return fmt.Errorf("go build floor: %w\n%s", err, out)
	}
	if err := b.configure("direct", b.hosts); err != nil {
		return err
	}
	var addrs strings.Builder
	for _, h := range b.hosts {
		fmt.Fprintf(&addrs, "%s:%d\n", h.Addr, h.Port)
	}
	pinch, err := filepath.Abs(b.pinch)
	if err != nil {
		return err
	}
	b.pinch = pinch
	b.tools = []tool{
		{name: "floor", argv: []string{floor, b.hosts[0].KeyFile}, in: addrs.String()},
		{name: "pinch", argv: []string{pinch, "-c", b.config("direct"), "*", "state.apply"}},
	}
	if b.saltSSH != "" {
		b.tools = append(b.tools, tool{name: "salt-ssh", argv: []string{b.saltSSH, "-c", b.config("direct"), "-i", "*", "state.apply"}})
	}
	for i := range b.tools {
		// The first run changes the hosts and brings the tool's own files there.
		took, err := b.once(ctx, &b.tools[i])
		if err != nil {
			return err
		}
		fmt.Printf("%-9s first run  %7.3f s\n", b.tools[i].name, took.Seconds())
	}
	return nil
}

func (b *bench) config(name string) string { return filepath.Join(b.dir, name) }

// configure writes a Salt configuration, a roster of the hosts and their host keys.
func (b *bench) configure(name string, hosts []lab.Host) error {
	dir := b.config(name)
	tree, err := filepath.Abs(b.tree)
	if err != nil {
		return err
	}
	var known strings.Builder
	for _, h := range hosts {
		fmt.Fprintln(&known, h.KnownHosts())
	}
	master := fmt.Sprintf("root_dir: %[1]s\nfile_roots: {base: [%[2]s/salt]}\npillar_roots: {base: [%[2]s/pillar]}\nroster_file: %[1]s/roster\n"+
		"ssh_max_procs: 25\nlog_level: error\n"+
		// OpenSSH, which salt-ssh runs, does not look at $HOME.
		"ssh_options: [\"UserKnownHostsFile=%[1]s/home/.ssh/known_hosts\"]\n", dir, tree)
	for path, text := range map[string]string{
		filepath.Join(dir, "master"):                master,
		filepath.Join(dir, "roster"):                lab.Roster(hosts),
		filepath.Join(dir, "home/.ssh/known_hosts"): known.String(),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) once(ctx context.Context, t *tool) (time.Duration, error) {
	return b.run(ctx, t, b.config("direct"))
}

func (b *bench) run(ctx context.Context, t *tool, config string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, t.argv[0], t.argv[1:]...)
	cmd.Env = append(os.Environ(), "HOME="+filepath.Join(config, "home"))
	cmd.Stdin = strings.NewReader(t.in)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", t.name, err, out[max(0, len(out)-2000):])
	}
	return took, nil
}

// race times the tools in turns and prints each one's median and its ratio to the floor, pair by pair.
func (b *bench) race(ctx context.Context) error {
	for range b.rounds {
		for i := range b.tools {
			took, err := b.once(ctx, &b.tools[i])
			if err != nil {
				return err
			}
			b.tools[i].took = append(b.tools[i].took, took)
		}
	}
	for _, t := range b.tools {
		fmt.Printf("%-9s second run %7.3f s (median of %d)", t.name, median(t.took).Seconds(), b.rounds)
		if t.name != "floor" {
			var ratios []float64
			for i := range t.took {
				ratios = append(ratios, t.took[i].Seconds()/b.tools[0].took[i].Seconds())
			}
			sort.Float64s(ratios)
			fmt.Printf("   %.2f x floor (%.2f to %.2f)", ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
		}
		fmt.Println()
	}
	return nil
}

func median(d []time.Duration) time.Duration {
	s := append([]time.Duration(nil), d...)
	sort.Slice(s, func(i, j int) bool { return s[i] < s[j] })
	return s[len(s)/2]
}
