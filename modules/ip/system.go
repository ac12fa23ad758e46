package ip

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

const (
	networkingFile = "/etc/default/networking"
	hostnameFile   = "/etc/hostname"
	resolvFile     = "/etc/resolv.conf"
)

// resolver is what /etc/resolv.conf says; found is false without that file.
type resolver struct {
	found  bool
	domain string
	search []string
}

func readResolver(r host.Reader) resolver {
	lines, ok := readLines(r, resolvFile)
	out := resolver{found: ok}
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		args := words[1:]
		if i := slices.IndexFunc(args, func(w string) bool { return w[0] == '#' || w[0] == ';' }); i >= 0 {
			args = args[:i]
		}
		switch py.Lower(words[0]) {
		case "domain":
			if len(args) > 0 {
				out.domain = args[0]
			}
		case "search":
			out.search = args
		}
	}
	return out
}

// searchValue is the search list as Salt has it: a list, or an empty text.
func (r resolver) searchValue() py.Value {
	if !r.found {
		return py.Str("")
	}
	return py.Strings(r.search...)
}

// networkSettings are the settings of the whole host.
type networkSettings struct {
	networking, hostname, domain, search py.Value
}

// lines are the settings as Salt shows them.
func (n networkSettings) lines() []string {
	var out []string
	for _, s := range []struct {
		name string
		v    py.Value
	}{{"NETWORKING", n.networking}, {"HOSTNAME", n.hostname}, {"DOMAIN", n.domain}, {"SEARCH", n.search}} {
		if py.IsTrue(s.v) {
			out = slices.AppendSeq(out, strings.Lines(s.name+"="+py.ToStr(s.v)+"\n"))
		}
	}
	return out
}

func readHostname(r host.Reader) py.Value {
	lines, _ := readLines(r, hostnameFile)
	if len(lines) == 0 {
		return py.Str("")
	}
	return py.Str(strings.TrimSuffix(lines[0], "\n"))
}

// current are the settings that the files of the host have.
func (d debian) current() networkSettings {
	res := readResolver(d.r)
	n := networkSettings{networking: py.Str(""), hostname: readHostname(d.r), domain: py.Str(res.domain), search: res.searchValue()}
	if fi, err := d.r.Stat(networkingFile); err == nil && fi.IsRegular() {
		lines, _ := readLines(d.r, networkingFile)
		for _, line := range lines {
			if strings.HasPrefix(line, "CONFIGURE_INTERFACES") {
				if _, v, ok := strings.Cut(line, "="); ok {
					n.networking = py.Str(strings.TrimSpace(v))
				}
			}
		}
	}
	return n
}

// byService says whether the services of the host decide on networking, and
// not /etc/default/networking: so on Ubuntu.
func (d debian) byService() bool {
	return d.c.Grains.String("osfullname") == "Ubuntu" && major(d.c) >= 12
}

// settingsLines is Salt's ip.get_network_settings.
func (d debian) settingsLines() ([]string, error) {
	n := d.current()
	if !d.byService() {
		return n.lines(), nil
	}
	n.networking, n.search = py.Str("no"), py.Str("")
	for _, fun := range []string{"service.available", "service.status"} {
		v, err := d.call(fun, py.Str("networking"))
		if err != nil {
			return nil, err
		}
		if !py.IsTrue(v) {
			return n.lines(), nil
		}
	}
	n.networking = py.Str("yes")
	return n.lines(), nil
}

func badSetting(name string, want ...py.Value) error {
	return py.AttributeErrorf("Invalid network setting -- Setting: %s, Expected: %s", name, expected(want))
}

// buildSettings is Salt's ip.build_network_settings. In test mode nothing is
// written; Salt gives the text of /etc/default/networking then.
func (d debian) buildSettings(opts *py.Dict, test bool) ([]string, error) {
	now := d.current()
	given := py.NewDict()
	for k, v := range opts.All() {
		given.SetStr(py.Lower(py.ToStr(k)), v)
	}
	n := networkSettings{networking: now.networking, hostname: now.hostname, domain: now.domain, search: now.search}
	if v, ok := given.GetStr("enabled"); ok {
		n.networking = v
	}
	switch {
	case in(n.networking, yes):
		n.networking = py.Str("yes")
	case in(n.networking, no):
		n.networking = py.Str("no")
	default:
		return nil, badSetting("networking", yesNo...)
	}
	if v, ok := given.GetStr("hostname"); ok {
		n.hostname = v
	}
	if !py.IsTrue(n.hostname) {
		return nil, badSetting("hostname", texts("server1.example.com")...)
	}
	if d.byService() {
		if err := d.enableServices(n.networking == py.Value(py.Str("yes")), test); err != nil {
			return nil, err
		}
	} else {
		text := networkingText(py.ToStr(n.networking))
		if test {
			return slices.Collect(strings.Lines(text)), nil
		}
		if err := writeFile(d.w, networkingFile, text); err != nil {
			return nil, err
		}
	}
	name, ok := n.hostname.(py.Str)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'split'", py.TypeName(n.hostname))
	}
	short, domain, hasDomain := strings.Cut(string(name), ".")
	n.hostname = py.Str(short)
	changed := hasDomain && py.Value(py.Str(domain)) != now.domain
	if changed {
		n.domain = py.Str(domain)
	}
	if v, ok := given.GetStr("search"); ok {
		same, err := py.Equal(v, now.search)
		if err != nil {
			return nil, err
		}
		if !same {
			n.search, changed = v, true
		}
	}
	if changed {
		if err := d.writeResolver(py.ToStr(n.domain), py.ToStr(n.search), test); err != nil {
			return nil, err
		}
	}
	return n.lines(), nil
}

// enableServices enables or disables the services of the network at boot.
func (d debian) enableServices(on, test bool) error {
	fun := "service.disable"
	if on {
		fun = "service.enable"
	}
	for _, service := range []string{"NetworkManager", "networking"} {
		have, err := d.call("service.available", py.Str(service))
		if err == nil && py.IsTrue(have) && !test {
			_, err = d.call(fun, py.Str(service))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// networkingText is /etc/default/networking.
func networkingText(configure string) string {
	return "# Configuration for networking init script being run during\n# the boot sequence\n\n" +
		"# Set to 'no' to skip interfaces configuration on boot\nCONFIGURE_INTERFACES=" + configure + "\n\n" +
		"# Don't configure these interfaces. Shell wildcards supported/\n#EXCLUDE_INTERFACES=\n\n" +
		"# Set to 'yes' to enable additional verbosity\n#VERBOSE=no"
}

var (
	domainLine = regexp.MustCompile(`^domain\s+`)
	searchLine = regexp.MustCompile(`^search\s+`)
)

// writeResolver replaces the lines domain and search of /etc/resolv.conf. As in
// Salt the other lines keep their ends and get another.
func (d debian) writeResolver(domain, search string, test bool) error {
	old, found := readLines(d.r, resolvFile)
	if test {
		return nil
	}
	if !found {
		return py.AttributeErrorf("%s cannot be written. %s does not exist and create is setto False", resolvFile, resolvFile)
	}
	lines := make([]string, len(old))
	for i, line := range old {
		switch {
		case domainLine.MatchString(line):
			line = "domain " + domain
		case searchLine.MatchString(line):
			line = "search " + search
		}
		lines[i] = line
	}
	return writeFile(d.w, resolvFile, strings.Join(lines, "\n"))
}

// restart stops and starts the network.
func (d debian) restart() (bool, error) {
	stopped, err := d.call("service.stop", py.Str("networking"))
	if err != nil {
		return false, err
	}
	if err := modules.Sleep(d.ctx, 2*time.Second); err != nil {
		return false, err
	}
	if !py.IsTrue(stopped) {
		return false, nil
	}
	started, err := d.call("service.start", py.Str("networking"))
	return py.IsTrue(started), err
}
