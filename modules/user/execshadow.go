package user

import (
	"context"
	"errors"
	"sort"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/internal/unixcrypt"
	"pinch/modules"
)

type noArgs struct{}

// hashError is the exception for a password that cannot be hashed.
func hashError(err error) error {
	var unknown *unixcrypt.AlgorithmError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		return modules.SaltInvocationError(err.Error())
	}
	return modules.CommandExecutionError(err.Error())
}

type genArgs struct {
	Password  secret.String `arg:"password,required" doc:"The password in clear text."`
	CryptSalt string        `arg:"crypt_salt" doc:"Salt of the hash; a random one when not given."`
	Algorithm string        `arg:"algorithm" default:"sha512" doc:"The hash: sha512, sha256 or md5."`
}

type setPasswordArgs struct {
	Name       string        `arg:"name,required" doc:"The login name."`
	Password   secret.String `arg:"password,required" doc:"The password's hash."`
	UseUsermod bool          `arg:"use_usermod" default:"False" doc:"Not supported: the hash would stand on a command line."`
	Root       py.Value      `arg:"root" doc:"Not supported."`
}

type dateArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"date,required" doc:"Day of the last password change, counted from 1970."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

type mindaysArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"mindays,required" doc:"Days before the password may be changed."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

type maxdaysArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"maxdays,required" doc:"Days after which the password must be changed."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

type inactdaysArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"inactdays,required" doc:"Days after which an expired account is locked."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

type warndaysArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"warndays,required" doc:"Days of warning."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

type expireArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"expire,required" doc:"Day on which the account expires, counted from 1970."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

// setNumber sets a number of the shadow entry. Without validate chage's exit
// status counts.
func setNumber(ctx context.Context, w host.Writer, name, flag string, v py.Value, have func(shadow) int, validate bool) (bool, error) {
	s := readShadow(w, name)
	if !s.found {
		return false, nil
	}
	if isNumber(v, have(s)) {
		return true, nil
	}
	ok, _, err := tool(ctx, w, "chage", flag, py.ToStr(v), name)
	if err == nil && validate {
		ok = isNumber(v, have(readShadow(w, name)))
	}
	return ok, err
}

// setLock locks or unlocks a password.
func setLock(ctx context.Context, w host.Writer, name string, lock bool) (bool, error) {
	locked := func(s shadow) bool { return strings.HasPrefix(s.passwd, "!") }
	s := readShadow(w, name)
	if !s.found {
		return false, nil
	}
	if locked(s) == lock {
		return true, nil
	}
	flag := "-u"
	if lock {
		flag = "-l"
	}
	if _, _, err := tool(ctx, w, "passwd", flag, name); err != nil {
		return false, err
	}
	return locked(readShadow(w, name)) == lock, nil
}

func shadowFuncs() []*modules.Func {
	nameRoot := func(a *nameArgs) py.Value { return a.Root }
	return []*modules.Func{
		query("shadow.info", "Describes the shadow entry of a user.", func(_ context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
			return readShadow(c, a.Name).dict(), noRoot("shadow.info", a.Root)
		}),
		query("shadow.list_users", "Lists the users that have a shadow entry, sorted.", func(_ context.Context, c *modules.Call, a *listArgs) (py.Value, error) {
			b, err := c.ReadFile(shadowFile)
			if err != nil {
				return nil, err
			}
			var names []string
			for l := range strings.Lines(string(b)) {
				if name, _, ok := strings.Cut(l, ":"); ok {
					names = append(names, name)
				}
			}
			sort.Strings(names)
			return py.Strings(names...), noRoot("shadow.list_users", a.Root)
		}),
		query("shadow.default_hash", "Gives what stands in the place of a password that was never set.", func(context.Context, *modules.Call, *noArgs) (py.Value, error) {
			return py.Str("!"), nil
		}),
		modules.Query[genArgs]{Name: "shadow.gen_password", Where: modules.Pure, Doc: "Gives the hash of a password.", Run: func(_ context.Context, _ *modules.Call, a *genArgs) (py.Value, error) {
			h, err := unixcrypt.Hash(a.Password.Reveal(), a.CryptSalt, a.Algorithm)
			return py.Str(h), hashError(err)
		}}.Func(),
		changer("shadow.set_password", "Sets the hash of a user's password.", func(a *setPasswordArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *setPasswordArgs) (bool, error) {
			hash := a.Password.Reveal()
			switch {
			case a.UseUsermod:
				return false, modules.SaltInvocationError("shadow.set_password: use_usermod is not supported: the hash would stand on a command line")
			case strings.ContainsAny(hash, ":\n"):
				return false, modules.SaltInvocationError("shadow.set_password: the password has a colon or a line feed and is no hash")
			}
			if _, ok := w.User(a.Name); !ok {
				return false, nil
			}
			if err := setPassword(ctx, w, a.Name, hash); err != nil {
				return false, err
			}
			return readShadow(w, a.Name).passwd == hash, nil
		}),
		changer("shadow.del_password", "Takes a user's password away.", nameRoot, func(ctx context.Context, w host.Writer, a *nameArgs) (bool, error) {
			if _, _, err := tool(ctx, w, "passwd", "-d", a.Name); err != nil {
				return false, err
			}
			s := readShadow(w, a.Name)
			return s.found && s.passwd == "", nil
		}),
		changer("shadow.lock_password", "Locks a user's password.", nameRoot, func(ctx context.Context, w host.Writer, a *nameArgs) (bool, error) {
			return setLock(ctx, w, a.Name, true)
		}),
		changer("shadow.unlock_password", "Unlocks a user's password.", nameRoot, func(ctx context.Context, w host.Writer, a *nameArgs) (bool, error) {
			return setLock(ctx, w, a.Name, false)
		}),
		changer("shadow.set_date", "Sets the day of the last password change.", func(a *dateArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *dateArgs) (bool, error) {
			return setNumber(ctx, w, a.Name, "-d", a.Value, func(s shadow) int { return s.lstchg }, false)
		}),
		changer("shadow.set_mindays", "Sets how long a password must be kept.", func(a *mindaysArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *mindaysArgs) (bool, error) {
			return setNumber(ctx, w, a.Name, "-m", a.Value, func(s shadow) int { return s.min }, true)
		}),
		changer("shadow.set_maxdays", "Sets when a password must be changed.", func(a *maxdaysArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *maxdaysArgs) (bool, error) {
			return setNumber(ctx, w, a.Name, "-M", a.Value, func(s shadow) int { return s.max }, true)
		}),
		changer("shadow.set_inactdays", "Sets when an expired account is locked.", func(a *inactdaysArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *inactdaysArgs) (bool, error) {
			return setNumber(ctx, w, a.Name, "-I", a.Value, func(s shadow) int { return s.inact }, true)
		}),
		changer("shadow.set_warndays", "Sets how early a user is warned.", func(a *warndaysArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *warndaysArgs) (bool, error) {
			return setNumber(ctx, w, a.Name, "-W", a.Value, func(s shadow) int { return s.warn }, true)
		}),
		changer("shadow.set_expire", "Sets when an account expires.", func(a *expireArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *expireArgs) (bool, error) {
			return setNumber(ctx, w, a.Name, "-E", a.Value, func(s shadow) int { return s.expire }, false)
		}),
	}
}
