// Package cli is pinch's command line: flags, targets, functions, subcommands,
// output and exit status.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"runtime/debug"
	"slices"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"pinch/internal/fetch/direct"
	"pinch/modules/all"
	"pinch/shim/server"
)

// Version is pinch's version; release builds set it.
var Version = "0.1.0-dev"

// Env is the process around the command line.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Dir            string // working directory
	Home           string
	// Self is the running program's path.
	Self string
	// StdoutTTY and StderrTTY say whether a person reads there.
	StdoutTTY, StderrTTY bool
	// Signals gives interrupts; nil listens to the process's own.
	Signals <-chan os.Signal
}

// OSEnv is the process's own environment.
func OSEnv() Env {
	e := Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		StdoutTTY: term.IsTerminal(int(os.Stdout.Fd())), StderrTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
	// what is unknown is found out where it is needed
	e.Dir, _ = os.Getwd()
	e.Self, _ = os.Executable()
	if e.Home = os.Getenv("HOME"); e.Home == "" {
		if u, err := user.Current(); err == nil {
			e.Home = u.HomeDir
		}
	}
	return e
}

// Main runs pinch and returns its exit status.
func Main(env Env, args []string) (code int) {
	if len(args) > 1 && args[1] == "shim" {
		return server.Main(args[2:], all.Registry, nil, direct.Fetcher{})
	}
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(env.Stderr, "pinch: internal error: %v\n%s\nThis is a mistake in pinch; please report it with the command line and the text above.\n", p, debug.Stack())
			code = exitError
		}
	}()
	if env.Getenv("GOGC") == "" && env.Getenv("GOMEMLIMIT") == "" {
		// Compiling makes much that is soon garbage, over little that stays: at
		// Go's default a third of the time goes to collecting it.
		debug.SetGCPercent(400)
		debug.SetMemoryLimit(2 << 30) // beyond this collect sooner
	}
	a := &app{env: env}
	err := a.run(context.Background(), args)
	var silent *silentError
	switch {
	case errors.As(err, &silent):
		return silent.code
	case err != nil:
		fmt.Fprintf(env.Stderr, "pinch: %v\n", err)
		return exitOf(err)
	}
	return exitOK
}

// silentError ends pinch with a status after all has been said.
type silentError struct{ code int }

func (e *silentError) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// app is one invocation.
type app struct {
	env Env
}

// command is a subcommand: what stands where a target would.
type command struct {
	name, usage, help string
	flags             []cli.Flag
	run               func(ctx context.Context, c *cli.Context) error
}

func (a *app) run(ctx context.Context, args []string) error {
	flags := runFlags()
	if i := commandAt(args, flags, a.commands()); i > 0 {
		for _, c := range a.commands() {
			if c.name == args[i] {
				return a.subcommand(ctx, c, slices.Concat(args[1:i], args[i+1:]))
			}
		}
	}
	u := a.newApp("pinch", "run Salt states and functions on hosts over SSH, without a minion and without Python", "pinch [options] TARGET FUNCTION [ARGUMENT | NAME=VALUE]...\n   pinch [options] --local FUNCTION [ARGUMENT | NAME=VALUE]...\n   pinch [options] -r TARGET COMMAND\n   pinch COMMAND ...")
	u.Flags = flags
	u.CustomAppHelpTemplate = cli.AppHelpTemplate + a.commandList()
	u.Action = func(c *cli.Context) error { return a.target(ctx, c) }
	return u.RunContext(ctx, append([]string{"pinch"}, permute(args[1:], append(flags, cli.HelpFlag))...))
}

func (a *app) newApp(name, usage, text string) *cli.App {
	return &cli.App{
		Name: name, HelpName: name, Usage: usage, UsageText: text, Writer: a.env.Stdout, ErrWriter: a.env.Stderr,
		HideHelpCommand: true, HideVersion: true, ExitErrHandler: func(*cli.Context, error) {},
		UseShortOptionHandling: true,
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return usagef("%v (see pinch --help)", err)
		},
	}
}

func (a *app) subcommand(ctx context.Context, c command, args []string) error {
	u := a.newApp("pinch "+c.name, c.usage, "pinch "+c.name+" "+c.help)
	u.Flags = c.flags
	u.Action = func(cc *cli.Context) error { return c.run(ctx, cc) }
	return u.RunContext(ctx, append([]string{"pinch " + c.name}, permute(args, append(c.flags, cli.HelpFlag))...))
}

func (a *app) commandList() string {
	s := "\nCOMMANDS (where a target would stand):\n"
	for _, c := range a.commands() {
		s += fmt.Sprintf("   %-12s %s\n", c.name, c.usage)
	}
	return s
}
