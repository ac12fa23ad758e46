//go:build unix

package server

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// takeStdio moves the session's ends to private descriptors that children do
// not inherit, and gives children /dev/null as standard input and standard
// error as standard output: a command cannot eat or corrupt the session.
func takeStdio() (in, out *os.File, err error) {
	infd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, nil, fmt.Errorf("standard input: %w", err)
	}
	outfd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, nil, fmt.Errorf("standard output: %w", err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	if err := dup2(int(null.Fd()), 0); err != nil {
		return nil, nil, fmt.Errorf("standard input: %w", err)
	}
	if err := dup2(2, 1); err != nil {
		return nil, nil, fmt.Errorf("standard output: %w", err)
	}
	// a pollable descriptor lets Close wake a blocked read
	if err := unix.SetNonblock(infd, true); err != nil {
		return nil, nil, fmt.Errorf("standard input: %w", err)
	}
	return os.NewFile(uintptr(infd), "session input"), os.NewFile(uintptr(outfd), "session output"), nil
}

// notifyContext ends with the signals that end a session.
func notifyContext() (context.Context, context.CancelFunc) {
	signal.Ignore(syscall.SIGPIPE) // a write to a gone controller is an error, not death
	return signal.NotifyContext(context.Background(), syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
}
