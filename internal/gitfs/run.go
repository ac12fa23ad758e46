package gitfs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// repoVariables are those of git's environment that name a repository. They
// are set where pinch is started by a hook, and mean another one.
var repoVariables = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE",
	"GIT_IMPLICIT_WORK_TREE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_REPLACE_REF_BASE", "GIT_QUARANTINE_PATH",
}

// environ is git's environment: the process's own, with English texts and
// without a prompt at the terminal, which live output would hide.
func environ() []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(repoVariables, name) || name == "LC_ALL" || name == "LANGUAGE"
	})
	env = append(env, "LC_ALL=C", "LANGUAGE=C")
	if _, ok := os.LookupEnv("GIT_TERMINAL_PROMPT"); !ok {
		env = append(env, "GIT_TERMINAL_PROMPT=0")
	}
	return env
}

// command is one call of git.
type command struct {
	dir  string
	args []string
	env  []string // beside the usual
	// secret is written to the file descriptor 3 of git and its children, for
	// a credential helper; "" is none.
	secret string
}

// run runs git and returns its output. What git says of a failure is in the
// error.
func (c command) run(ctx context.Context) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", c.args...)
	cmd.Dir, cmd.Env = c.dir, append(environ(), c.env...)
	cmd.WaitDelay = 5 * time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if c.secret != "" {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		defer r.Close()
		cmd.ExtraFiles = []*os.File{r}
		go func() { // ends when all is read, or when the reader is closed
			_, _ = io.WriteString(w, c.secret) // git tells that it has no password
			_ = w.Close()
		}()
	}
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if text := strings.TrimSpace(errs.String()); text != "" {
			return nil, fmt.Errorf("git %s: %s", c.name(), oneLine(text))
		}
		return nil, fmt.Errorf("git %s: %w", c.name(), err)
	}
	return out.Bytes(), nil
}

// name is the subcommand.
func (c command) name() string {
	for i := 0; i < len(c.args); i++ {
		if c.args[i] == "-c" {
			i++
			continue
		}
		if !strings.HasPrefix(c.args[i], "-") {
			return c.args[i]
		}
	}
	return ""
}

// oneLine joins git's lines and bounds them.
func oneLine(text string) string {
	var lines []string
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	text = strings.ToValidUTF8(strings.Join(lines, "; "), "\ufffd")
	if len(text) > 2000 {
		text = strings.ToValidUTF8(text[:2000], "") + "..."
	}
	return text
}

var passwordInURL = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^/@:\s]*):[^@/\s]*@`)

// Mask hides the passwords of URLs in a text.
func Mask(text string) string { return passwordInURL.ReplaceAllString(text, "$1:***@") }
