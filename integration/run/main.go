// Command run is `make integration`: it installs what the lab needs, builds the
// images, runs the scenarios and the state runs with a pinch binary, and ends
// with a line that says what ran. It needs root and a Debian machine.
//
//	go run ./integration/run -pinch ./pinch
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"pinch/integration/lab"
)

func main() {
	pinch := flag.String("pinch", "./pinch", "the pinch binary to test")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := work(ctx, *pinch); err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
		os.Exit(1)
	}
}

func work(ctx context.Context, pinch string) error {
	start := time.Now()
	pinch, err := filepath.Abs(pinch)
	if err != nil {
		return err
	}
	if _, err := os.Stat(pinch); err != nil {
		return fmt.Errorf("%w; build it first", err)
	}
	l, err := lab.New(ctx, os.Stderr)
	if err != nil {
		return err
	}
	if err := l.Images(ctx); err != nil {
		return err
	}
	images := time.Since(start)

	scenarios := part{
		name:  "scenarios",
		argv:  []string{"go", "test", "-tags", "integration", "-count=1", "-timeout=20m", "-v", "./integration/"},
		env:   "PINCH_BINARY=" + pinch,
		count: regexp.MustCompile(`^\s*--- (PASS|FAIL): TestScenarios/(\S+)`),
	}
	stateruns := part{
		name:  "stateruns",
		argv:  []string{"go", "run", "./integration/stateruns", "-pinch", pinch},
		count: regexp.MustCompile(`^golden stateruns: (\d+ of \d+)`),
	}
	failed := errors.Join(scenarios.run(ctx), stateruns.run(ctx))
	fmt.Printf("integration: images %s; scenarios %s in %s; state runs %s in %s; all in %s\n",
		brief(images), scenarios.verdict(), brief(scenarios.took), stateruns.lastMatch(), brief(stateruns.took), brief(time.Since(start)))
	return failed
}

func brief(d time.Duration) string { return d.Round(time.Second).String() }

// part is one program to run, whose output is passed on and searched.
type part struct {
	name  string
	argv  []string
	env   string
	count *regexp.Regexp

	matches [][]string
	took    time.Duration
}

func (p *part) run(ctx context.Context) error {
	start := time.Now()
	defer func() { p.took = time.Since(start) }()
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Env = os.Environ()
	if p.env != "" {
		cmd.Env = append(cmd.Env, p.env)
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		fmt.Print(line)
		if m := p.count.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			p.matches = append(p.matches, m)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, errors.Join(err, cmd.Wait()))
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	if len(p.matches) == 0 {
		return fmt.Errorf("%s: nothing ran", p.name)
	}
	return nil
}

// verdict counts the scripts that passed and names those that failed.
func (p *part) verdict() string {
	var failed []string
	for _, m := range p.matches {
		if m[1] == "FAIL" {
			failed = append(failed, m[2])
		}
	}
	text := fmt.Sprintf("%d of %d", len(p.matches)-len(failed), len(p.matches))
	if len(failed) > 0 {
		text += " (failed: " + strings.Join(failed, ", ") + ")"
	}
	return text
}

func (p *part) lastMatch() string {
	if len(p.matches) == 0 {
		return "did not end"
	}
	return p.matches[len(p.matches)-1][1]
}
