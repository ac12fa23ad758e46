package fileserver

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Shell runs a command line with /bin/sh on the controller and returns its
// standard output without the line break at its end. A command that fails is
// an error with what it wrote to standard error.
func Shell(ctx context.Context, command string) (string, error) {
	out, err := Run(ctx, nil, "/bin/sh", "-c", command)
	return strings.TrimRight(string(out), "\r\n"), err
}

// Run runs a program with the given standard input and returns its output.
func Run(ctx context.Context, stdin []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = 5 * time.Second
	if stdin != nil {
		cmd.Stdin = bytes.NewReader(stdin)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(errs.String()); text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
		return out.Bytes(), fmt.Errorf("%s: %w", name, err)
	}
	return out.Bytes(), nil
}
