package modules

import (
	"context"
	"strings"

	"pinch/internal/host"
)

// Said is how a command ended, with its texts as Salt's cmd.run_all gives them:
// without white space at the end.
type Said struct {
	Out, Err string
	Code     int
}

// All is both streams, as cmd.run returns them.
func (s Said) All() string {
	if s.Out == "" || s.Err == "" {
		return s.Out + s.Err
	}
	return s.Out + "\n" + s.Err
}

// Lines are the lines of standard output.
func (s Said) Lines() []string {
	if s.Out == "" {
		return nil
	}
	return strings.Split(strings.ReplaceAll(s.Out, "\r\n", "\n"), "\n")
}

// Ask runs a command that only looks, as RunAll does with a nil writer.
func (c *Call) Ask(ctx context.Context, argv ...string) (Said, error) {
	return c.Do(ctx, nil, argv...)
}

// Do runs a command that may change the host; with a nil writer it is Ask.
func (c *Call) Do(ctx context.Context, w host.Writer, argv ...string) (Said, error) {
	return c.DoCommand(ctx, w, Command{Argv: argv})
}

// DoCommand is Do for a command with more to say than its words.
func (c *Call) DoCommand(ctx context.Context, w host.Writer, cmd Command) (Said, error) {
	r, err := c.RunAll(ctx, w, cmd)
	return Said{Out: r.Stdout, Err: r.Stderr, Code: r.Code}, err
}
