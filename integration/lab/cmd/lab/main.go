// Command lab works the lab's hosts by hand: go run ./integration/lab/cmd/lab up 10.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"pinch/integration/lab"
)

const usage = `usage: lab COMMAND

  images [SUITE...]      build the missing images (bookworm, trixie)
  up N [SUITE]           start hosts h1..hN (default suite: bookworm) and print their roster
  reset N [SUITE]        throw away what was written on all hosts, then up
  exec I COMMAND...      run a shell command on host hI as root
  roster                 print a roster of the running hosts
  known-hosts            print their known_hosts lines
  down                   stop all hosts
  clean                  destroy the overlays that were kept
`

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := work(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func work(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%s", usage)
	}
	l, err := lab.New(ctx, os.Stderr)
	if err != nil {
		return err
	}
	switch name, args := args[0], args[1:]; name {
	case "images":
		return l.Images(ctx, args...)
	case "up", "reset":
		return up(ctx, l, name, args)
	case "exec":
		return execute(ctx, l, args)
	case "roster", "known-hosts":
		hosts, err := l.Running()
		if err != nil {
			return err
		}
		if name == "roster" {
			fmt.Print(lab.Roster(hosts))
			return nil
		}
		for _, h := range hosts {
			fmt.Println(h.KnownHosts())
		}
		return nil
	case "down":
		return l.Down(ctx)
	case "clean":
		return l.Clean(ctx)
	default:
		return fmt.Errorf("%s: unknown command\n%s", name, usage)
	}
}

func up(ctx context.Context, l *lab.Lab, name string, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return fmt.Errorf("%s: needs N [SUITE]", name)
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("%s: %q is not a number of hosts", name, args[0])
	}
	suite := lab.Suites[0]
	if len(args) == 2 {
		suite = args[1]
	}
	start := l.Up
	if name == "reset" {
		start = l.Reset
	}
	hosts, err := start(ctx, n, suite)
	if err != nil {
		return err
	}
	fmt.Print(lab.Roster(hosts))
	return nil
}

func execute(ctx context.Context, l *lab.Lab, args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("exec: needs I COMMAND")
	}
	hosts, err := l.Running()
	if err != nil {
		return err
	}
	for _, h := range hosts {
		if h.ID != "h"+strings.TrimPrefix(args[0], "h") {
			continue
		}
		res, err := h.Exec(ctx, strings.Join(args[1:], " "))
		if err != nil {
			return err
		}
		fmt.Print(res.Stdout)
		fmt.Fprint(os.Stderr, res.Stderr)
		if res.Code != 0 {
			return fmt.Errorf("%s: exit status %d", h.ID, res.Code)
		}
		return nil
	}
	return fmt.Errorf("exec: host %s does not run", args[0])
}
