package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"pinch/internal/host"
	"pinch/internal/secret"
	"pinch/modules"
)

// credentials are a user's password for a server. Git gets it from its own
// credential cache, which keeps it in memory behind a socket: it is in no
// argument list, no environment and no file. (Salt puts it into the URL, and
// git then into the clone's configuration.)
type credentials struct {
	protocol, host, user string
	password             secret.String
	socket               string
}

// httpsURL is Salt's add_http_basic_auth for https: the URL with the user's
// name, and the password apart. A password that the URL itself carries is
// taken out as well. user and password are nil when not given.
func httpsURL(raw string, user *string, password *secret.String) (clean string, cred *credentials, err error) {
	if user != nil || password != nil {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" {
			return "", nil, errors.New("Basic Auth only supported for HTTPS") //nolint:staticcheck // Salt's text
		}
		if user == nil {
			return "", nil, errors.New("https_pass needs https_user")
		}
		u.User = url.User(*user)
		raw = u.String()
		if password == nil {
			return raw, nil, nil
		}
		return raw, &credentials{protocol: "https", host: u.Host, user: *user, password: *password}, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User == nil {
		return raw, nil, nil //nolint:nilerr // git says what is wrong with it
	}
	pw, ok := u.User.Password()
	if !ok || pw == "" {
		return raw, nil, nil
	}
	cred = &credentials{protocol: u.Scheme, host: u.Host, user: u.User.Username(), password: secret.New(pw)}
	u.User = url.User(cred.user)
	return u.String(), cred, nil
}

// options make git ask the cache, and nobody else who might keep the password.
func (c *credentials) options() []string {
	return []string{"-c", "credential.helper=", "-c", "credential.helper=cache --timeout=3600 --socket=" + c.socket}
}

// open starts the cache and gives it the password. close ends it.
func (r *repo) open(ctx context.Context) (func() error, error) {
	if r.cred == nil {
		return func() error { return nil }, nil
	}
	c := r.cred
	for _, s := range []string{c.user, c.host, c.password.Reveal()} {
		if strings.ContainsAny(s, "\n\r\x00") {
			return nil, modules.SaltInvocationError("git: a user name or password with line ends is not supported")
		}
	}
	if r.w == nil {
		return nil, errors.New("git: credentials need a run that may write")
	}
	dir, err := r.w.TempDir("", "pinch-git-*")
	if err != nil {
		return nil, err
	}
	if err := r.own(dir); err != nil {
		return nil, errors.Join(err, r.w.RemoveAll(dir))
	}
	c.socket = dir + "/s"
	cache := func(ctx context.Context, in io.Reader, verb string) error {
		res, err := r.c.RunAll(ctx, r.w, modules.Command{RunAs: r.user, Stdin: in, IgnoreRetcode: true, Quiet: true,
			Argv: []string{"git", "credential-cache", "--timeout=3600", "--socket=" + c.socket, verb}})
		if err == nil && res.Code != 0 {
			err = commandError("git credential-cache: " + res.Stderr)
		}
		return err
	}
	done := func() error {
		err := cache(context.WithoutCancel(ctx), nil, "exit")
		return errors.Join(err, r.w.RemoveAll(dir))
	}
	in := fmt.Sprintf("protocol=%s\nhost=%s\nusername=%s\npassword=%s\n\n", c.protocol, c.host, c.user, c.password.Reveal())
	if err := cache(ctx, strings.NewReader(in), "store"); err != nil {
		return nil, errors.Join(err, done())
	}
	return done, nil
}

// own gives a path to the user who runs git.
func (r *repo) own(p string) error {
	if r.user == "" {
		return nil
	}
	u, ok := r.c.User(r.user)
	if !ok {
		return commandError(fmt.Sprintf("User '%s' is not available", r.user))
	}
	return r.w.Chown(p, u.UID, u.GID)
}

const sshCommand = "ssh -oStrictHostKeyChecking=no -oPasswordAuthentication=no -oKbdInteractiveAuthentication=no " +
	`-oChallengeResponseAuthentication=no -i "$GIT_IDENTITY"`

// runIdentities tries one identity file after the other.
func (r *repo) runIdentities(ctx context.Context, q request) (res modules.CommandResult, err error) {
	var failed, missing []string
	for _, id := range r.ids {
		file, temp, err := r.identityFile(ctx, id)
		if err != nil {
			return res, err
		}
		if file == "" {
			if !strings.Contains(id, "salt://") {
				missing = append(missing, id)
			}
			continue
		}
		ssh := sshCommand
		res, err = r.exec(ctx, q, map[string]*string{"GIT_IDENTITY": &file, "GIT_SSH_COMMAND": &ssh})
		if temp {
			err = errors.Join(err, r.w.Remove(file))
		}
		if err != nil || res.Code == 0 {
			return res, err
		}
		text := res.Stderr
		if q.merge {
			text = res.Stdout
		}
		if text != "" {
			failed = append(failed, redact(text))
		}
	}
	if q.soft {
		return res, nil
	}
	msg := "Unable to authenticate using identity file:\n\n" + strings.Join(failed, "\n")
	if len(missing) > 0 {
		if len(failed) > 0 {
			msg += "\n\n"
		}
		msg += "The following identity file(s) were not found: " + strings.Join(missing, ", ")
	}
	return res, commandError(msg)
}

// identityFile returns the file of an identity, "" when there is none. A key
// of the tree goes into a temporary file that only the user can read, since
// ssh takes none from memory; temp says so.
func (r *repo) identityFile(ctx context.Context, id string) (file string, temp bool, err error) {
	if !strings.Contains(id, "salt://") {
		if !isFile(r.c, id) {
			return "", false, nil
		}
		return id, false, nil
	}
	if r.c.Sources == nil || r.w == nil {
		return "", false, modules.SaltInvocationError(id + ": identity files of the tree are for states only; give the path of a file of the host")
	}
	info, err := r.c.Sources.Stat(ctx, id, "")
	var se *modules.SourceError
	if errors.As(err, &se) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	body, err := r.c.Sources.Open(ctx, info)
	if err != nil {
		return "", false, err
	}
	defer func() { _ = body.Close() }() // reading tells
	key, err := io.ReadAll(io.LimitReader(body, 1<<20))
	if err != nil {
		return "", false, err
	}
	if file, err = r.w.TempFile("", "pinch-key-*"); err != nil {
		return "", false, err
	}
	if err = r.w.WriteFile(file, strings.NewReader(string(key)), host.WriteOptions{}); err == nil {
		err = r.own(file)
	}
	if err != nil {
		return "", false, errors.Join(err, r.w.Remove(file))
	}
	return file, true, nil
}
