package ip

import (
	"strings"

	"pinch/internal/py"
)

func (h redhat) settingsLines() ([]string, error) { return h.file(networkFile), nil }

// variables are those of a file of shell variables, their names in lower case.
func (h redhat) variables(path string) *py.Dict {
	d := py.NewDict()
	for _, line := range h.file(path) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '!' || line[0] == '#' {
			continue
		}
		if name, v, ok := strings.Cut(line, "="); ok {
			d.SetStr(py.Lower(strings.TrimRight(name, " \t")), py.Str(strings.TrimRight(v, " \t")))
		}
	}
	return d
}

// quoteOf is the quote that a text stands in, or nothing. Salt raises for an
// empty text.
func quoteOf(v py.Value) (string, error) {
	s, ok := v.(py.Str)
	switch {
	case !ok:
		return "", nil
	case s == "":
		return "", &py.Error{Class: "IndexError", Msg: "string index out of range"}
	case s[0] == s[len(s)-1] && (s[0] == '"' || s[0] == '\''):
		return string(s[:1]), nil
	}
	return "", nil
}

// unquoted is a value without the quotes around it.
func unquoted(v py.Value) (py.Value, error) {
	quote, err := quoteOf(v)
	if s, ok := v.(py.Str); ok && quote != "" {
		if len(s) == 1 {
			return py.Str(""), err
		}
		return s[1 : len(s)-1], err
	}
	return v, err
}

// flag is yes or no in quotes.
func flag(name string, v py.Value, quote string) (py.Value, error) {
	v, err := unquoted(v)
	switch {
	case err != nil:
		return nil, err
	case in(v, yes):
		return py.Str(quote + "yes" + quote), nil
	case in(v, no):
		return py.Str(quote + "no" + quote), nil
	}
	return nil, badSetting(name, yesNo...)
}

// buildSettings is Salt's ip.build_network_settings.
func (h redhat) buildSettings(opts *py.Dict, test bool) ([]string, error) {
	now := h.variables(networkFile)
	given := py.NewDict()
	for k, v := range opts.All() {
		given.SetStr(py.Lower(py.ToStr(k)), v)
	}
	result := py.NewDict()
	if py.IsTrue(lookup(given, "retain_settings")) {
		result = now.Copy()
	}
	quote := ""
	networking, ok := given.GetStr("enabled")
	if !ok {
		if networking, ok = now.GetStr("networking"); !ok {
			return nil, py.KeyError(py.Str("networking"))
		}
		var err error
		if quote, err = quoteOf(networking); err != nil {
			return nil, err
		}
	}
	put := func(name string, v py.Value) error {
		v, err := unquoted(v)
		if err == nil {
			result.SetStr(name, py.Str(quote+py.ToStr(v)+quote))
		}
		return err
	}
	v, err := flag("networking", networking, quote)
	if err != nil {
		return nil, err
	}
	result.SetStr("networking", v)
	name, ok := given.GetStr("hostname")
	if !ok {
		name = lookup(now, "hostname")
	}
	if !py.IsTrue(name) {
		return nil, badSetting("hostname", texts("server1.example.com")...)
	}
	if err := put("hostname", name); err != nil {
		return nil, err
	}
	if v, ok := given.GetStr("nozeroconf"); ok {
		if v, err = flag("nozeroconf", v, quote); err != nil {
			return nil, err
		}
		result.SetStr("nozeroconf", v)
	}
	for k, v := range given.All() {
		switch name := py.ToStr(k); name {
		case "networking", "hostname", "nozeroconf":
		default:
			if err := put(name, v); err != nil {
				return nil, err
			}
		}
	}
	text := networkText(result)
	if test {
		return linesWithout(text), nil
	}
	if err := writeFile(h.w, networkFile, text); err != nil {
		return nil, err
	}
	return h.file(networkFile), nil
}

// networkText is /etc/sysconfig/network.
func networkText(o *py.Dict) string {
	var b strings.Builder
	for _, name := range []string{"networking", "networking_ipv6", "hostname", "gateway", "gatewaydev", "nisdomain", "networkdelay", "devtimeout", "nozeroconf"} {
		if v := lookup(o, name); py.IsTrue(v) {
			b.WriteString(strings.ToUpper(name) + "=" + py.ToStr(v) + "\n")
		}
	}
	if py.IsTrue(lookup(o, "enable_ipv6")) {
		b.WriteString("IPV6INIT=\"yes\"\n")
	}
	if v := lookup(o, "ipv6gateway"); py.IsTrue(v) {
		b.WriteString(`IPV6_DEFAULTGW="` + py.ToStr(v) + "\"\n")
	}
	return b.String()
}
