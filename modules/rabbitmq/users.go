package rabbitmq

import (
	"context"
	"crypto/rand"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

type passwordArgs struct {
	Name     string        `arg:"name,required" doc:"The user."`
	Password secret.String `arg:"password,required" doc:"The password."`
	RunAs    *string       `arg:"runas" doc:"Who runs the command."`
}

func (a *passwordArgs) user() *string { return a.RunAs }

type addUserArgs struct {
	Name     string         `arg:"name,required" doc:"The user."`
	Password *secret.String `arg:"password" doc:"The password; without it the user cannot log in with one."`
	RunAs    *string        `arg:"runas" doc:"Who runs the command."`
}

func (a *addUserArgs) user() *string { return a.RunAs }

type tagsArgs struct {
	Name  string   `arg:"name,required" doc:"The user."`
	Tags  py.Value `arg:"tags,required" doc:"One tag or a list of them."`
	RunAs *string  `arg:"runas" doc:"Who runs the command."`
}

func (a *tagsArgs) user() *string { return a.RunAs }

// tags reads "[administrator, monitoring]".
func tags(s string) py.Value {
	if len(s) >= 2 {
		s = s[1 : len(s)-1]
	} else {
		s = ""
	}
	if !strings.Contains(s, ",") {
		return py.Strings(strings.Split(s, " ")...)
	}
	out := py.NewList()
	for _, t := range strings.Split(s, ",") {
		out.Append(py.Str(strings.TrimSpace(t)))
	}
	return out
}

func (b *broker) users(ctx context.Context) (*py.Dict, error) {
	s, err := checked(b.ask(ctx, ctl, "list_users", "-q"))
	if err != nil {
		return nil, err
	}
	return table(s.Out, tags), nil
}

// addUser adds a user. RabbitMQ wants a password: without one it is a random
// one that is cleared at once.
func (b *broker) addUser(ctx context.Context, name string, password *secret.String) (py.Value, error) {
	if password != nil {
		s, err := b.do(ctx, ctl, "add_user", name, password.Reveal())
		return told("Added", s, err)
	}
	random, err := randomPassword()
	if err != nil {
		return nil, err
	}
	s, err := b.do(ctx, ctl, "add_user", name, random)
	if err != nil {
		return nil, err
	}
	if _, err := checked(b.do(ctx, ctl, "clear_password", name)); err != nil {
		if _, derr := checked(b.do(ctx, ctl, "delete_user", name)); derr != nil {
			return nil, derr
		}
		return nil, err
	}
	return told("Added", s, nil)
}

func randomPassword() (string, error) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	out := make([]byte, 15)
	for i := range out {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			return "", err
		}
		out[i] = letters[n.Int64()]
	}
	return string(out), nil
}

var versionLine = regexp.MustCompile(`\{rabbit,"RabbitMQ","(.+)"\}|RabbitMQ version:\s*(.+)`)

// version is the server's, three zeros where it is not known.
func (b *broker) version(ctx context.Context) ([]int, error) {
	s, err := b.ask(ctx, ctl, "status")
	if err != nil {
		return nil, err
	}
	unknown := []int{0, 0, 0}
	m := versionLine.FindStringSubmatch(s.All())
	if m == nil {
		return unknown, nil
	}
	text, _, _ := strings.Cut(m[1]+m[2], "-")
	var out []int
	for _, p := range strings.Split(text, ".") {
		n, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil {
			return unknown, nil
		}
		out = append(out, n)
	}
	if len(out) < 3 {
		return unknown, nil
	}
	return out, nil
}

// checkPassword says whether a user has a password.
func (b *broker) checkPassword(ctx context.Context, name string, password secret.String) (bool, error) {
	v, err := b.version(ctx)
	if err != nil {
		return false, err
	}
	if v[0] < 3 || v[0] == 3 && (v[1] < 5 || v[1] == 5 && v[2] < 7) {
		return false, modules.CommandExecutionError("RabbitMQ command failed: passwords can be checked from version 3.5.7 on, and status tells of none")
	}
	if strings.HasPrefix(name, "-") || strings.HasPrefix(password.Reveal(), "-") {
		return false, nil // rabbitmqctl takes it for an option and fails
	}
	s, err := b.ask(ctx, ctl, "authenticate_user", name, password.Reveal())
	return err == nil && s.Code == 0 && s.Err == "", err
}

// permissions are those of a user by virtual host, or of a virtual host by
// user; key is what names them in RabbitMQ's answer.
func (b *broker) permissions(ctx context.Context, key string, argv ...string) (*py.Dict, error) {
	s, err := b.ask(ctx, argv...)
	if err != nil {
		return nil, err
	}
	v, err := py.LoadsJSON(s.Out)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	items, err := py.Collect(v)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		of, err := py.GetItem(item, py.Str(key))
		if err != nil {
			return nil, err
		}
		d, ok := item.(*py.Dict)
		if !ok {
			return nil, py.Errorf("TypeError", "'%s' object doesn't support item deletion", item.Type())
		}
		d.DeleteStr(key)
		if err := out.Set(of, d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (b *broker) userPermissions(ctx context.Context, name string) (*py.Dict, error) {
	return b.permissions(ctx, "vhost", ctl, "list_user_permissions", name, "--formatter=json")
}

func (b *broker) setPermissions(ctx context.Context, vhost, user string, p [3]string) (py.Value, error) {
	s, err := b.do(ctx, ctl, "set_permissions", "-p", vhost, user, p[0], p[1], p[2])
	return told("Permissions Set", s, err)
}

func (b *broker) setTags(ctx context.Context, name string, tags py.Value) (py.Value, error) {
	argv := []string{ctl, "set_user_tags", name}
	switch t := tags.(type) {
	case *py.List:
		argv = append(argv, texts(t.Items)...)
	case py.Tuple:
		argv = append(argv, texts(t)...)
	default:
		argv = append(argv, py.ToStr(tags))
	}
	s, err := b.do(ctx, argv...)
	return told("Tag(s) set", s, err)
}

func texts(vs []py.Value) []string {
	var out []string
	for _, v := range vs {
		out = append(out, py.ToStr(v))
	}
	return out
}

func userFuncs() []*modules.Func {
	return []*modules.Func{
		query("list_users", "Gives the users with their tags.", (*runArgs).user, func(ctx context.Context, b *broker, _ *runArgs) (py.Value, error) {
			return dict(b.users(ctx))
		}),
		query("user_exists", "Says whether there is a user.", (*nameArgs).user, func(ctx context.Context, b *broker, a *nameArgs) (py.Value, error) {
			users, err := b.users(ctx)
			return py.Bool(err == nil && users.Has(a.Name)), err
		}),
		action("add_user", "Adds a user.", (*addUserArgs).user, func(ctx context.Context, b *broker, a *addUserArgs) (py.Value, error) {
			return b.addUser(ctx, a.Name, a.Password)
		}),
		action("delete_user", "Deletes a user.", (*nameArgs).user, func(ctx context.Context, b *broker, a *nameArgs) (py.Value, error) {
			s, err := b.do(ctx, ctl, "delete_user", a.Name)
			return told("Deleted", s, err)
		}),
		action("change_password", "Changes a user's password.", (*passwordArgs).user, func(ctx context.Context, b *broker, a *passwordArgs) (py.Value, error) {
			s, err := b.do(ctx, ctl, "change_password", a.Name, a.Password.Reveal())
			return told("Password Changed", s, err)
		}),
		action("clear_password", "Removes a user's password.", (*nameArgs).user, func(ctx context.Context, b *broker, a *nameArgs) (py.Value, error) {
			s, err := b.do(ctx, ctl, "clear_password", a.Name)
			return told("Password Cleared", s, err)
		}),
		query("check_password", "Says whether a user has a password.", (*passwordArgs).user, func(ctx context.Context, b *broker, a *passwordArgs) (py.Value, error) {
			ok, err := b.checkPassword(ctx, a.Name, a.Password)
			return py.Bool(ok), err
		}),
		query("list_user_permissions", "Gives what a user may do, by virtual host.", (*nameArgs).user, func(ctx context.Context, b *broker, a *nameArgs) (py.Value, error) {
			return dict(b.userPermissions(ctx, a.Name))
		}),
		action("set_user_tags", "Sets a user's tags.", (*tagsArgs).user, func(ctx context.Context, b *broker, a *tagsArgs) (py.Value, error) {
			return b.setTags(ctx, a.Name, a.Tags)
		}),
	}
}

func dict(d *py.Dict, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}
