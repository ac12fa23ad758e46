package mysql

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

// settings are where the server is and who connects; "" is the default.
type settings struct {
	host, user, db, socket, charset, bind string
	port                                  int
	password                              secret.String
	tls                                   [][2]string // option and value
}

// isLocal says that the host may be reached by the server's own socket, too.
func (s *settings) isLocal() bool { return s.host == "" || s.host == "localhost" }

// option is Salt's config.option.
func option(ctx context.Context, c *modules.Call, key string) (py.Value, error) {
	return modules.Remember(c.Memo, "mysql/option/"+key, func() (py.Value, error) {
		for _, d := range []*py.Dict{c.Opts, c.Grains} {
			if d == nil {
				continue
			}
			if v, ok := d.GetStr(key); ok {
				return v, nil
			}
		}
		if c.Remote == nil {
			return py.None, nil
		}
		v, err := c.Remote.Call(ctx, "config.option", py.NewArgs(py.Str(key), py.None))
		if err != nil {
			return nil, fmt.Errorf("mysql: option %s: %w", key, err)
		}
		return v, nil
	})
}

// resolve puts arguments, options and the option file together: an argument
// goes before an option, also when it is empty, and both before the file. With
// connection_default_file given, options other than the character set are not
// looked at.
func (a *connArgs) resolve(ctx context.Context, c *modules.Call) (*settings, error) {
	if !py.IsNone(a.Conv) {
		return nil, modules.SaltInvocationError("mysql: connection_conv is not supported: converters are Python's")
	}
	given := map[string]py.Value{}
	var password py.Value = py.None
	if a.Pass != nil {
		password = py.Str(a.Pass.Reveal())
	}
	var tls py.Value = py.None
	if a.SSL != nil {
		tls = a.SSL
	}
	for _, o := range []struct {
		name string
		arg  py.Value
	}{{"host", a.Host}, {"user", a.User}, {"pass", password}, {"port", a.Port}, {"db", a.DB}, {"unix_socket", a.UnixSocket},
		{"default_file", a.DefaultFile}, {"default_group", a.DefaultGroup}, {"ssl", tls}, {"charset", a.Charset}} {
		v := o.arg
		if py.IsNone(v) && (py.IsNone(a.DefaultFile) || o.name == "charset") {
			var err error
			if v, err = option(ctx, c, "mysql."+o.name); err != nil {
				return nil, err
			}
		}
		if py.IsTrue(v) {
			given[o.name] = v
		}
	}
	file, err := fileOptions(c, given["default_file"], given["default_group"])
	if err != nil {
		return nil, err
	}
	pick := func(name, key string) string {
		if v, ok := given[name]; ok {
			return py.ToStr(v)
		}
		return file[key]
	}
	s := &settings{host: pick("host", "host"), user: pick("user", "user"), db: pick("db", "database"), socket: pick("unix_socket", "socket"),
		charset: pick("charset", "default-character-set"), bind: file["bind-address"], password: secret.New(pick("pass", "password"))}
	if s.port, err = port(given["port"], file["port"]); err != nil {
		return nil, err
	}
	s.tls, err = tlsOptions(given["ssl"], file)
	return s, err
}

func port(given py.Value, inFile string) (int, error) {
	if given != nil {
		n, ok := given.(py.Int)
		if !ok {
			return 0, py.Errorf("ValueError", "port should be of type int")
		}
		return int(n), nil
	}
	if inFile == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(inFile))
	if err != nil {
		return 0, py.Errorf("ValueError", "invalid literal for int() with base 10: %s", py.Repr(py.Str(inFile)))
	}
	return n, nil
}

func tlsOptions(given py.Value, file map[string]string) ([][2]string, error) {
	keys := []string{"ca", "capath", "cert", "key", "cipher"}
	d, isDict := given.(*py.Dict)
	if given != nil && !isDict {
		return nil, modules.SaltInvocationError("mysql: ssl: wants a mapping, not a " + given.Type())
	}
	var options [][2]string
	for _, key := range keys {
		v := file["ssl-"+key]
		if isDict && py.IsTrue(d.Lookup(key)) {
			v = d.String(key)
		}
		if v != "" {
			options = append(options, [2]string{"ssl-" + key, v})
		}
	}
	if isDict {
		for k := range d.All() {
			if name := py.ToStr(k); !contains(keys, name) {
				return nil, modules.SaltInvocationError(fmt.Sprintf("mysql: ssl: %s is not supported; known are ca, capath, cert, key and cipher", name))
			}
		}
	}
	return options, nil
}

// fileOptions reads a group of an option file in the way of Python's driver. A
// file that is not there has none.
func fileOptions(c *modules.Call, file, group py.Value) (map[string]string, error) {
	name := "/etc/my.cnf"
	switch {
	case file != nil:
		name = py.ToStr(file)
		if rest, ok := strings.CutPrefix(name, "~/"); ok {
			name = path.Join(c.Getenv("HOME"), rest)
		}
	case group == nil:
		return nil, nil
	}
	section := "client"
	if group != nil {
		section = py.ToStr(group)
	}
	b, err := c.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mysql: option file: %w", err)
	}
	return parseOptions(name, string(b), section)
}

// parseOptions reads the group of an option file as Python's RawConfigParser
// does, keys in lower case with hyphens.
func parseOptions(name, s, group string) (map[string]string, error) {
	options := map[string]string{}
	section, last, n := "", "", 0
	for raw := range strings.Lines(s) {
		n++
		line := strings.TrimSpace(raw)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case (raw[0] == ' ' || raw[0] == '\t') && last != "":
			if section == group {
				options[last] += "\n" + line
			}
			continue
		case line[0] == '[' && strings.Contains(line, "]"):
			section, last = line[1:strings.LastIndexByte(line, ']')], ""
			continue
		case section == "":
			return nil, py.Errorf("configparser.MissingSectionHeaderError", "File contains no section headers.\nfile: '%s', line: %d\n%s", name, n, py.Repr(py.Str(raw)))
		}
		key, value := line, ""
		if i := strings.IndexAny(line, "=:"); i >= 0 {
			key, value = strings.TrimSpace(line[:i]), strings.TrimSpace(line[i+1:])
		}
		last = strings.ReplaceAll(strings.ToLower(key), "_", "-")
		if section == group {
			options[last] = value
		}
	}
	for k, v := range options {
		for _, q := range []string{"'", `"`} {
			if len(v) >= 2 && strings.HasPrefix(v, q) && strings.HasSuffix(v, q) {
				options[k] = v[1 : len(v)-1]
				break
			}
		}
	}
	return options, nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
