package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"pinch/internal/compilecmd"
	"pinch/internal/fleet"
	"pinch/roster"
	"pinch/shim"
	"pinch/ssh"
)

// The exit statuses. When hosts end differently the first in the order of
// exitCodes that happened is taken.
const (
	exitOK          = 0
	exitError       = 1
	exitFailed      = 2
	exitCompile     = 3
	exitUnreachable = 4
	exitRefused     = 5
	exitHostKey     = 6
	exitNoMatch     = 7
	exitUnknownHost = 8
	exitBusy        = 9
	exitLost        = 10
	exitNoShim      = 11
	exitUnsupported = 12
	exitUsage       = 64
	exitInterrupted = 130
)

type exitCode struct {
	code int
	text string
}

// exitCodes is the table that `pinch help exit-codes` prints, gravest first.
var exitCodes = []exitCode{
	{exitInterrupted, "interrupted by Ctrl-C or a signal; what did not run is reported as not run"},
	{exitLost, "the connection to a host was lost while it worked"},
	{exitCompile, "the tree does not compile for a host (a rendering, pillar, top file or requisite error); nothing was changed there"},
	{exitFailed, "a state failed, or a command ended with another status than 0"},
	{exitBusy, "another run holds a host; nothing was changed there"},
	{exitHostKey, "the key of a host is unknown, has changed or is revoked"},
	{exitRefused, "a host refused the login (key, password) or sudo"},
	{exitNoShim, "the shim cannot be put or started on a host"},
	{exitUnreachable, "a host cannot be reached: no such name, refused connection, timeout"},
	{exitUnknownHost, "a host was named that the roster does not have"},
	{exitNoMatch, "the target matches no host"},
	{exitUnsupported, "pinch check found what will not work"},
	{exitError, "another error: the configuration, the roster, a function that does not exist or raises"},
	{exitUsage, "wrong usage: an unknown flag or a missing argument"},
	{exitOK, "all is well"},
}

func printExitCodes(w io.Writer) {
	fmt.Fprintln(w, "Exit statuses of pinch. When hosts end differently, the first of this list is taken.")
	fmt.Fprintln(w)
	for _, e := range exitCodes {
		fmt.Fprintf(w, "%5d  %s\n", e.code, e.text)
	}
	fmt.Fprintln(w, "\nWith --retcode-passthrough the status is Salt's: 2 a state failed or there was nothing to run,")
	fmt.Fprintln(w, "1 the tree does not render, 5 the pillar does not, or what the command returned.")
}

// gravest returns the status that comes first in the table.
func gravest(codes ...int) int {
	for _, e := range exitCodes {
		for _, c := range codes {
			if c == e.code {
				return c
			}
		}
	}
	return exitOK
}

// exitOf maps an error to its status.
func exitOf(err error) int {
	var (
		unknown *roster.UnknownHostError
		none    *roster.NoMatchError
		reach   *ssh.UnreachableError
		timeout *ssh.TimeoutError
		auth    *ssh.AuthError
		key     *ssh.HostKeyError
		busy    *shim.BusyError
		start   *shim.StartError
		unsup   *shim.UnsupportedError
		compile *fleet.CompileError
		answer  *compilecmd.NoAnswerError
		lost    *fleet.LostError
		usage   *usageError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &lost):
		return exitLost
	case errors.As(err, &compile), errors.As(err, &answer):
		return exitCompile
	case errors.As(err, &busy):
		return exitBusy
	case errors.As(err, &key):
		return exitHostKey
	case errors.As(err, &auth):
		return exitRefused
	case errors.As(err, &start) && start.Denied:
		return exitRefused
	case errors.As(err, &start), errors.As(err, &unsup):
		return exitNoShim
	case errors.As(err, &reach), errors.As(err, &timeout):
		return exitUnreachable
	case errors.As(err, &unknown):
		return exitUnknownHost
	case errors.As(err, &none):
		return exitNoMatch
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitError
}

// usageError is a mistake on the command line.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }
