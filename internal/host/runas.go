package host

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// loginTimeout bounds the profile scripts of a user.
const loginTimeout = 60 * time.Second

// UnknownUserError says that a command cannot run as a user or group that the
// host does not have.
type UnknownUserError struct {
	Kind string // "user" or "group"
	Name string
}

// Error implements error.
func (e *UnknownUserError) Error() string { return fmt.Sprintf("unknown %s %q", e.Kind, e.Name) }

// credentials sets who a command runs as, and for a login its environment.
func (l *Local) credentials(ctx context.Context, cmd Cmd, attr *syscall.SysProcAttr, env map[string]string) error {
	u, ok := l.UserID(os.Geteuid())
	if cmd.RunAs != "" {
		if u, ok = l.User(cmd.RunAs); !ok {
			if uid, err := strconv.Atoi(cmd.RunAs); err == nil {
				u, ok = l.UserID(uid)
			}
		}
		if !ok {
			return &UnknownUserError{"user", cmd.RunAs}
		}
	}
	gid := u.GID
	if cmd.Group != "" {
		g, ok := l.Group(cmd.Group)
		if !ok {
			if n, err := strconv.Atoi(cmd.Group); err == nil {
				g, ok = l.GroupID(n)
			}
		}
		if !ok {
			return &UnknownUserError{"group", cmd.Group}
		}
		gid = g.GID
	}
	groups, err := GroupList(l, u)
	if err != nil {
		return err
	}
	if os.Geteuid() == 0 || u.UID != os.Geteuid() || gid != os.Getegid() {
		attr.Credential = &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(gid), Groups: gids(groups)}
	}
	if !cmd.Login {
		return nil
	}
	login, err := l.loginEnv(ctx, cmd, u)
	if err != nil {
		return err
	}
	for k, v := range login {
		env[k] = v
	}
	env["USER"], env["HOME"] = u.Name, u.Home
	return nil
}

func gids(ids []int) []uint32 {
	out := make([]uint32, len(ids))
	for i, id := range ids {
		out[i] = uint32(id)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// loginEnv returns the environment that a login of the user gets, asked of
// `su -` between two markers, so that what profile scripts print is no harm. It
// is empty where a login is not allowed (PAM) or su is missing, as in Salt.
func (l *Local) loginEnv(ctx context.Context, cmd Cmd, u User) (map[string]string, error) {
	su := l.LookPath("su")
	if su == "" || os.Geteuid() != 0 {
		return nil, nil
	}
	shell := cmd.Shell
	if shell == "" {
		shell = l.Getenv("SHELL")
	}
	if shell == "" {
		shell = "/bin/sh"
	}
	marker := "<<<" + rand.Text() + ">>>"
	script := fmt.Sprintf("printf %%s '%s'; env -0; printf %%s '%s'", marker, marker)
	argv := []string{su, "-s", shell, "-", u.Name, "-c", script}
	if !hasGNUSu {
		argv = []string{su, "-", u.Name, "-c", script}
	}
	out, err := l.Run(ctx, Cmd{Argv: argv, Timeout: loginTimeout})
	if err != nil {
		return nil, fmt.Errorf("environment of user %s: %w", u.Name, err)
	}
	parts := bytes.Split(out.Stdout, []byte(marker))
	switch len(parts) {
	case 1:
		return nil, nil
	case 3:
	default:
		return nil, fmt.Errorf("environment of user %s could not be retrieved", u.Name)
	}
	env := map[string]string{}
	for kv := range strings.SplitSeq(string(parts[1]), "\x00") {
		if k, v, ok := strings.Cut(kv, "="); ok && k != "" && k != "_" {
			env[k] = v
		}
	}
	return env, nil
}
