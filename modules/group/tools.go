package group

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/accounts"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// run runs a tool; whether it succeeded is found by looking again, as in Salt.
func run(ctx context.Context, w host.Writer, argv ...string) (bool, error) {
	if w.LookPath(argv[0]) == "" {
		return false, modules.CommandExecutionError(fmt.Sprintf("Command '%s' cannot be found", argv[0]))
	}
	out, err := w.Run(ctx, host.Cmd{Argv: argv})
	return out.Code == 0, err
}

// add makes a group with shadow-utils, FreeBSD's pw or busybox.
func add(ctx context.Context, w host.Writer, name string, gid py.Value, system, nonUnique, local bool) (bool, error) {
	number := ""
	if py.IsTrue(gid) {
		number = py.ToStr(gid)
	}
	argv := []string{"groupadd"}
	switch accounts.Of(w) {
	case accounts.PW:
		argv = []string{"pw", "groupadd"}
		if number != "" {
			argv = append(argv, "-g", number)
		}
		return run(ctx, w, append(argv, "-n", name)...)
	case accounts.Busybox:
		argv = []string{"addgroup"}
		if number != "" {
			argv = append(argv, "-g", number)
		}
		if system {
			argv = append(argv, "-S")
		}
		return run(ctx, w, append(argv, name)...)
	}
	if local {
		argv = []string{"lgroupadd"}
	}
	if number != "" {
		argv = append(argv, "-g", number)
		if nonUnique && !local {
			argv = append(argv, "-o")
		}
	}
	if system {
		argv = append(argv, "-r")
	}
	return run(ctx, w, append(argv, name)...)
}

func remove(ctx context.Context, w host.Writer, name string, local bool) (bool, error) {
	switch tools := accounts.Of(w); {
	case tools == accounts.PW:
		return run(ctx, w, "pw", "groupdel", name)
	case tools == accounts.Busybox:
		return run(ctx, w, "delgroup", name)
	case local:
		return run(ctx, w, "lgroupdel", name)
	}
	return run(ctx, w, "groupdel", name)
}

// setGID changes a group's number. The flags are groupmod's.
func setGID(ctx context.Context, w host.Writer, name, gid string, flags ...string) error {
	var err error
	switch accounts.Of(w) {
	case accounts.PW:
		_, err = run(ctx, w, "pw", "groupmod", name, "-g", gid)
	case accounts.Busybox:
		err = accounts.SetField(w, accounts.Group, name, 2, gid)
	default:
		_, err = run(ctx, w, slices.Concat([]string{"groupmod"}, flags, []string{gid, name})...)
	}
	return err
}

// join and leave make a user a member, or not.
func join(ctx context.Context, w host.Writer, name, user string) (bool, error) {
	switch accounts.Of(w) {
	case accounts.PW:
		return run(ctx, w, "pw", "groupmod", name, "-m", user)
	case accounts.Busybox:
		return run(ctx, w, "addgroup", user, name)
	}
	return run(ctx, w, "gpasswd", "--add", user, name)
}

func leave(ctx context.Context, w host.Writer, name, user string) (bool, error) {
	switch accounts.Of(w) {
	case accounts.PW:
		return run(ctx, w, "pw", "groupmod", name, "-d", user)
	case accounts.Busybox:
		return run(ctx, w, "delgroup", user, name)
	}
	return run(ctx, w, "gpasswd", "--del", user, name)
}

// setMembers gives a group exactly these members, divided by commas.
func setMembers(ctx context.Context, w host.Writer, name, members string) (bool, error) {
	switch accounts.Of(w) {
	case accounts.PW:
		return run(ctx, w, "pw", "groupmod", name, "-M", members)
	case accounts.Busybox:
		for u := range strings.SplitSeq(members, ",") {
			if _, ok := w.User(u); !ok && u != "" {
				return false, nil // as gpasswd refuses it
			}
		}
		return true, accounts.SetField(w, accounts.Group, name, 3, members)
	}
	return run(ctx, w, "gpasswd", "--members", members, name)
}
