// Package dns has Salt's modules dnsutil and dig: look-ups by the host's
// program dig, and hosts files.
package dns

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/netif"
	"pinch/internal/py"
	"pinch/modules"
)

type nameArgs struct {
	Host       string `arg:"host,required" doc:"A name."`
	Nameserver string `arg:"nameserver" doc:"The server to ask."`
}

type addrArgs struct {
	Addr py.Value `arg:"addr,required" doc:"What may be an address."`
}

type ipArgs struct {
	Addr py.Value `arg:"ip_addr,required" doc:"What may be an address."`
}

type nsArgs struct {
	Domain     string `arg:"domain,required" doc:"A domain."`
	Resolve    bool   `arg:"resolve" default:"True" doc:"Gives addresses in place of names."`
	Nameserver string `arg:"nameserver" doc:"The server to ask."`
}

type mxArgs struct {
	Domain     string `arg:"domain,required" doc:"A domain."`
	Resolve    bool   `arg:"resolve" default:"False" doc:"Gives addresses in place of names."`
	Nameserver string `arg:"nameserver" doc:"The server to ask."`
}

type spfArgs struct {
	Domain     string `arg:"domain,required" doc:"A domain."`
	Record     string `arg:"record" default:"SPF" doc:"The type of the record; TXT is tried when there is none of SPF."`
	Nameserver string `arg:"nameserver" doc:"The server to ask."`
}

type hostsArgs struct {
	Hostsfile string `arg:"hostsfile" default:"/etc/hosts" doc:"The file to read."`
	Hosts     string `arg:"hosts" doc:"Its text, when it is read already."`
}

type serialArgs struct {
	Zone   string `arg:"zone" default:"''" doc:"A word for the zone."`
	Update bool   `arg:"update" default:"False" doc:"Must be False here: to store a serial use the state grains.present."`
}

const noDig = "This function requires dig, which is not currently available"

func hasDig(c *modules.Call) (bool, string) {
	return c.LookPath("dig") != "", "The dig execution module cannot be loaded: the dig binary is not in the path."
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	out := []*modules.Func{
		modules.Query[ipArgs]{Name: "dnsutil.check_ip", Doc: "Says whether a text is an address.", Run: func(_ context.Context, c *modules.Call, a *ipArgs) (py.Value, error) {
			if ok, _ := hasDig(c); !ok {
				return py.Str(noDig), nil
			}
			return py.Bool(checkIP(a.Addr)), nil
		}}.Func(),
		modules.Query[hostsArgs]{Name: "dnsutil.parse_hosts", Doc: "Reads a hosts file: addresses to names.", Run: parseHosts}.Func(),
		modules.Query[serialArgs]{Name: "dnsutil.serial", Doc: "Gives the serial number of a zone: the grain dnsserial_ZONE, or today's first.", Run: serial}.Func(),
	}
	both(&out, "NS", "Lists the name servers of a domain.", ns)
	both(&out, "MX", "Lists the mail servers of a domain with their priorities.", mx)
	both(&out, "SPF", "Lists the networks that may send a domain's mail.", func(ctx context.Context, c *modules.Call, a *spfArgs) (py.Value, error) {
		left := maxSPF
		v, err := spf(ctx, c, a.Domain, a.Record, a.Nameserver, &left)
		return py.Strings(v...), err
	})
	for kind, family := range map[string]int{"A": 4, "AAAA": 6} {
		look := func(ctx context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
			v, err := addresses(ctx, c, a.Host, kind, a.Nameserver)
			return py.Strings(v...), err
		}
		doc := "Lists the " + kind + " records of a name."
		aliased(&out, kind, doc, look)
		out = append(out, modules.Query[nameArgs]{Name: "dnsutil." + kind, Doc: doc, Run: func(ctx context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
			if ok, _ := hasDig(c); ok {
				return look(ctx, c, a)
			}
			if a.Nameserver != "" {
				return py.Str(noDig), nil
			}
			return resolve(ctx, c, family, a.Host)
		}}.Func())
	}
	aliased(&out, "PTR", "Gives the names of an address.", func(ctx context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
		return records(ctx, c, a.Nameserver, "-x", a.Host)
	})
	aliased(&out, "CNAME", "Gives what a name stands for.", func(ctx context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
		text, ok, err := dig(ctx, c, a.Nameserver, a.Host, "CNAME")
		if err != nil || !ok {
			return py.NewList(), err
		}
		return py.Str(text), nil
	})
	out = append(out,
		modules.Query[nameArgs]{Name: "dig.TXT", Doc: "Lists the TXT records of a name.", Virtual: hasDig, Run: func(ctx context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
			return records(ctx, c, a.Nameserver, a.Host, "TXT")
		}}.Func(),
		modules.Query[addrArgs]{Name: "dig.check_ip", Doc: "Says whether a text is an address.", Virtual: hasDig, Run: func(_ context.Context, _ *modules.Call, a *addrArgs) (py.Value, error) {
			return py.Bool(checkIP(a.Addr)), nil
		}}.Func())
	return out
}

// aliased declares dig.NAME and dig.name.
func aliased[A any](out *[]*modules.Func, name, doc string, run func(context.Context, *modules.Call, *A) (py.Value, error)) {
	for _, n := range []string{name, strings.ToLower(name)} {
		*out = append(*out, modules.Query[A]{Name: "dig." + n, Doc: doc, Virtual: hasDig, Run: run}.Func())
	}
}

// both declares a function of dig and the one of dnsutil that needs dig.
func both[A any](out *[]*modules.Func, name, doc string, run func(context.Context, *modules.Call, *A) (py.Value, error)) {
	aliased(out, name, doc, run)
	*out = append(*out, modules.Query[A]{Name: "dnsutil." + name, Doc: doc, Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
		if ok, _ := hasDig(c); !ok {
			return py.Str(noDig), nil
		}
		return run(ctx, c, a)
	}}.Func())
}

// resolve asks the host's name service.
func resolve(ctx context.Context, c *modules.Call, family int, name string) (py.Value, error) {
	ips, err := netif.Resolve(ctx, c, family, name)
	if err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return py.Str("Unable to resolve " + name), nil
	}
	out := py.NewList()
	for _, ip := range ips {
		out.Append(py.Str(ip.String()))
	}
	return out, nil
}

func parseHosts(_ context.Context, c *modules.Call, a *hostsArgs) (py.Value, error) {
	text := a.Hosts
	if text == "" {
		raw, err := c.ReadFile(a.Hostsfile)
		if err != nil {
			return py.Str("Error: hosts data was not found"), nil
		}
		text = string(raw)
	}
	out := py.NewDict()
	for _, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) == 0 {
			return nil, py.Errorf("IndexError", "list index out of range")
		}
		l, ok := out.Lookup(f[0]).(*py.List)
		if !ok {
			l = py.NewList()
			out.SetStr(f[0], l)
		}
		for _, n := range f[1:] {
			l.Append(py.Str(n))
		}
	}
	return out, nil
}

func serial(_ context.Context, c *modules.Call, a *serialArgs) (py.Value, error) {
	if a.Update {
		return nil, modules.CommandExecutionError("dnsutil.serial: update=True is not supported: it would write a grain")
	}
	key := "dnsserial"
	if a.Zone != "" {
		key += "_" + a.Zone
	}
	if v := c.Grains.Lookup(key); v != nil && py.IsTrue(v) {
		return v, nil
	}
	now := c.Now().Local()
	return py.Str(fmt.Sprintf("%04d%02d%02d01", now.Year(), now.Month(), now.Day())), nil
}
