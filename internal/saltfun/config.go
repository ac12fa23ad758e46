package saltfun

import (
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/match"
	"pinch/internal/py"
)

func configFuncs() []*function {
	return []*function{
		parse("config.get", "key, default='', delimiter=':', merge!=None, omit_opts=False, omit_pillar=False, omit_master=False, omit_grains=False", configGet),
		parse("config.option", "value, default=None, omit_opts=False, omit_grains=False, omit_pillar=False, omit_master=False, omit_all=False, wildcard=False", configOption),
		parse("config.merge", "value, default='', omit_opts=False, omit_master=False, omit_pillar=False", configMerge),
		parse("config.dot_vals", "value", configDotVals),
		parse("config.items", "", func(c *call) (py.Value, error) { return c.h.Opts, nil }),
		parse("config.backup_mode", "backup=''", func(c *call) (py.Value, error) {
			if c.is("backup") {
				return c.arg("backup"), nil
			}
			if v, ok := c.h.Opts.GetStr("backup_mode"); ok {
				return v, nil
			}
			return py.Str(""), nil
		}),
		parse("config.manage_mode", "mode", func(c *call) (py.Value, error) { return NormalizeMode(c.arg("mode")), nil }),
		parse("config.valid_fileproto", "uri", func(c *call) (py.Value, error) {
			uri, ok := c.arg("uri").(py.Str)
			if !ok {
				return nil, py.AttributeErrorf("'%s' object has no attribute 'decode'", py.TypeName(c.arg("uri")))
			}
			scheme, _, found := strings.Cut(string(uri), ":")
			switch {
			case !found:
			case scheme == "salt", scheme == "file", scheme == "http", scheme == "https", scheme == "ftp",
				scheme == "s3", scheme == "swift":
				return py.True, nil
			}
			return py.False, nil
		}),
	}
}

// configDefaults are the values that config.get and config.option fall back to.
func configDefaults() *py.Dict {
	empty := func() *py.List { return py.NewList() }
	return py.DictOf(
		"mongo.db", py.Str("salt"), "mongo.password", py.Str(""), "mongo.port", py.Int(27017), "mongo.user", py.Str(""),
		"redis.db", py.Str("0"), "redis.host", py.Str("salt"), "redis.port", py.Int(6379),
		"test.foo", py.Str("unconfigured"), "ca.cert_base_path", py.Str("/etc/pki"),
		"solr.cores", empty(), "solr.host", py.Str("localhost"), "solr.port", py.Str("8983"),
		"solr.baseurl", py.Str("/solr"), "solr.type", py.Str("master"), "solr.request_timeout", py.None,
		"solr.init_script", py.Str("/etc/rc.d/solr"),
		"solr.dih.import_options", py.DictOf("clean", py.False, "optimize", py.True, "commit", py.True, "verbose", py.False),
		"solr.backup_path", py.None, "solr.num_backups", py.Int(1),
		"poudriere.config", py.Str("/usr/local/etc/poudriere.conf"),
		"poudriere.config_dir", py.Str("/usr/local/etc/poudriere.d"),
		"ldap.uri", py.Str(""), "ldap.server", py.Str("localhost"), "ldap.port", py.Str("389"), "ldap.tls", py.False,
		"ldap.no_verify", py.False, "ldap.anonymous", py.True, "ldap.scope", py.Int(2), "ldap.attrs", py.None,
		"ldap.binddn", py.Str(""), "ldap.bindpw", py.Str(""),
		"hosts.file", py.Str("/etc/hosts"), "aliases.file", py.Str("/etc/aliases"),
		"virt", py.DictOf("tunnel", py.False, "images", py.Str("/srv/salt-images")),
		"docker.exec_driver", py.Str("docker-exec"),
		"docker.compare_container_networks", py.DictOf(
			"static", py.Strings("Aliases", "Links", "IPAMConfig"),
			"automatic", py.Strings("IPAddress", "Gateway", "GlobalIPv6Address", "IPv6Gateway")),
	)
}

// masterData is the pillar's "master" key, which pillar_opts fills.
func (h *Host) masterData() *py.Dict {
	if d, ok := h.Pillar.Lookup("master").(*py.Dict); ok {
		return d
	}
	return py.NewDict()
}

func configGet(c *call) (py.Value, error) {
	key, delim := c.arg("key"), delimiter(c.arg("delimiter"))
	if c.none("merge") {
		for _, src := range []struct {
			omit string
			data func() *py.Dict
		}{
			{"omit_opts", func() *py.Dict { return c.h.Opts }},
			{"omit_grains", func() *py.Dict { return c.h.Grains }},
			{"omit_pillar", func() *py.Dict { return c.h.Pillar }},
			{"omit_master", c.h.masterData},
			{"", configDefaults},
		} {
			if src.omit != "" && c.is(src.omit) {
				continue
			}
			v, found, err := lookup(src.data(), key, delim)
			if err != nil {
				return nil, err
			}
			if found && !isMarker(v) {
				return sdbGet(c.h, v, false)
			}
		}
		return c.arg("default"), nil
	}
	strategy := py.ToStr(c.arg("merge"))
	if strategy != "recurse" && strategy != "overwrite" {
		c.h.log("warning", "config.get: merge strategy "+strategy+" is not supported, taking recurse")
		strategy = "recurse"
	}
	var data py.Value = configDefaults()
	for _, next := range []*py.Dict{c.h.masterData(), c.h.Pillar, c.h.Grains, c.h.Opts} {
		var err error
		if data, err = Merge(data, next, strategy, "yaml", false); err != nil {
			return nil, err
		}
	}
	v, found, err := lookup(data, key, delim)
	if err != nil {
		return nil, err
	}
	if found && !isMarker(v) {
		return sdbGet(c.h, v, false)
	}
	return c.arg("default"), nil
}

// isMarker: Salt tells "not found" by this text, so a value that is just it
// counts as missing.
func isMarker(v py.Value) bool {
	s, ok := v.(py.Str)
	return ok && s == "_|-"
}

func configOption(c *call) (py.Value, error) {
	omitAll, wildcard := c.is("omit_all"), c.is("wildcard")
	def := c.arg("default")
	if c.none("default") {
		def = py.Str("")
		if wildcard {
			def = py.NewDict()
		}
	}
	type source struct {
		omit bool
		data *py.Dict
	}
	sources := []source{
		{omitAll || c.is("omit_opts"), c.h.Opts},
		{omitAll || c.is("omit_grains"), c.h.Grains},
		{omitAll || c.is("omit_pillar"), c.h.Pillar},
		{omitAll || c.is("omit_master"), c.h.masterData()},
		{false, configDefaults()},
	}
	if !wildcard {
		for _, s := range sources {
			if s.omit {
				continue
			}
			if v, ok, err := s.data.Get(c.arg("value")); err != nil || ok {
				return v, err
			}
		}
		return def, nil
	}
	pattern := py.ToStr(c.arg("value"))
	out := py.NewDict()
	for i := len(sources) - 2; i >= 0; i-- { // later ones win
		if sources[i].omit {
			continue
		}
		for k, v := range sources[i].data.All() {
			s, ok := k.(py.Str)
			if !ok {
				return nil, py.TypeErrorf("expected string or bytes-like object, got '%s'", py.TypeName(k))
			}
			if fnmatch.Match(pattern, string(s)) {
				out.SetStr(string(s), v)
			}
		}
	}
	for k, v := range sources[len(sources)-1].data.All() {
		if s := string(k.(py.Str)); fnmatch.Match(pattern, s) && !out.Has(s) {
			out.SetStr(s, v)
		}
	}
	if out.Len() == 0 {
		return def, nil
	}
	return out, nil
}

func configMerge(c *call) (py.Value, error) {
	var ret py.Value
	for _, src := range []struct {
		omit string
		data *py.Dict
	}{{"omit_opts", c.h.Opts}, {"omit_master", c.h.masterData()}, {"omit_pillar", c.h.Pillar}} {
		if c.is(src.omit) {
			continue
		}
		v, ok, err := src.data.Get(c.arg("value"))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if ret == nil || ret == py.Value(py.None) {
			ret = v
			if _, text := ret.(py.Str); text {
				return ret, nil
			}
			continue
		}
		switch r := ret.(type) {
		case *py.Dict:
			if d, ok := v.(*py.Dict); ok {
				d.Update(r)
				ret = d
			}
		case *py.List, py.Tuple:
			if isList(v) {
				a, _ := py.Collect(r)
				b, _ := py.Collect(v)
				ret = py.NewList(append(a, b...)...)
			}
		}
	}
	if ret != nil && ret != py.Value(py.None) {
		return ret, nil
	}
	if v, ok, err := configDefaults().Get(c.arg("value")); err != nil || ok {
		return v, err
	}
	return c.arg("default"), nil
}

func isList(v py.Value) bool {
	switch v.(type) {
	case *py.List, py.Tuple:
		return true
	}
	return false
}

func configDotVals(c *call) (py.Value, error) {
	prefix := py.ToStr(c.arg("value")) + "."
	out := py.NewDict()
	for _, d := range []*py.Dict{c.h.masterData(), c.h.Opts} {
		for k, v := range d.All() {
			if s, ok := k.(py.Str); ok && strings.HasPrefix(string(s), prefix) {
				out.SetStr(string(s), v)
			}
		}
	}
	return out, nil
}

// NormalizeMode is Salt's rule for file modes: text, without quotes, padded
// with zeros to four digits; "keep" and None stay.
func NormalizeMode(mode py.Value) py.Value {
	if _, none := mode.(py.NoneType); none || mode == nil {
		return py.None
	}
	s := py.ToStr(mode)
	s = strings.ReplaceAll(s, "0o", "0")
	s = strings.Trim(s, `"`)
	s = strings.Trim(s, `'`)
	s = strings.TrimLeft(s, "0")
	for len(s) < 4 {
		s = "0" + s
	}
	return py.Str(s)
}

// get is match.Traverse with Salt's default delimiter.
func get(d py.Value, key string, def py.Value) (py.Value, error) {
	return match.Traverse(d, py.Str(key), def, match.DefaultDelimiter)
}
