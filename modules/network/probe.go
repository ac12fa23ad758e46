package network

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"pinch/internal/netif"
	"strconv"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type hostArgs struct {
	Host string `arg:"host,required" doc:"A name or an address."`
}

type pingArgs struct {
	Host          string   `arg:"host,required" doc:"A name or an address."`
	Timeout       py.Value `arg:"timeout" default:"False" doc:"Seconds to wait for an answer."`
	ReturnBoolean bool     `arg:"return_boolean" default:"False" doc:"Says True or False in place of what ping prints."`
}

type connectArgs struct {
	Host  string   `arg:"host,required" doc:"A name or an address."`
	Port  py.Value `arg:"port" doc:"The port."`
	Extra *py.Dict `arg:"**"`
}

func probeFuncs() []*modules.Func {
	q := func(name, doc string, run func(context.Context, *modules.Call) (py.Value, error)) *modules.Func {
		return modules.Query[noArgs]{Name: "network." + name, Doc: doc, Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
			return run(ctx, c)
		}}.Func()
	}
	out := []*modules.Func{
		q("get_hostname", "Gives the name of the host.", func(context.Context, *modules.Call) (py.Value, error) {
			name, err := hostname()
			return py.Str(name), err
		}),
		q("get_fqdn", "Gives the full name of the host, as the hosts file has it.", func(_ context.Context, c *modules.Call) (py.Value, error) {
			if fqdn := c.Grains.String("fqdn"); fqdn != "" {
				return py.Str(fqdn), nil
			}
			name, err := hostname()
			return py.Str(name), err
		}),
		q("active_tcp", "Lists the established TCP connections.", activeTCP),
		q("netstat", "Lists sockets.", netstat),
		q("arp", "Lists the neighbours that arp knows: hardware address to IP address.", func(ctx context.Context, c *modules.Call) (py.Value, error) {
			lines, err := said(ctx, c, "arp", "-an")
			out := py.NewDict()
			for _, line := range lines {
				if f := strings.Fields(line); len(f) >= 4 {
					out.SetStr(f[3], py.Str(strings.Trim(f[1], "()")))
				}
			}
			return out, err
		}),
		modules.Query[pingArgs]{Name: "network.ping", Doc: "Sends four ICMP requests and gives what ping prints.", Run: ping}.Func(),
		modules.Query[hostArgs]{Name: "network.dig", Doc: "Gives what dig prints for a name.", Run: func(ctx context.Context, c *modules.Call, a *hostArgs) (py.Value, error) {
			lines, err := said(ctx, c, "dig", sanitize(a.Host))
			return py.Str(strings.Join(lines, "\n")), err
		}}.Func(),
		modules.Query[connectArgs]{Name: "network.connect", Doc: "Says whether a port of a host answers.", Run: connect}.Func(),
	}
	for name, mark := range map[string]string{"ip_neighs": ".", "ipneighs": ".", "ip_neighs6": ":", "ipneighs6": ":"} {
		out = append(out, q(name, "Lists the neighbours: hardware address to IP address.", func(ctx context.Context, c *modules.Call) (py.Value, error) {
			lines, err := said(ctx, c, "ip", "neigh", "show")
			return neighbours(lines, mark), err
		}))
	}
	return out
}

func neighbours(lines []string, mark string) py.Value {
	out := py.NewDict()
	for _, line := range lines {
		if f := strings.Fields(line); len(f) >= 5 && strings.Contains(f[0], mark) {
			out.SetStr(f[4], py.Str(f[0]))
		}
	}
	return out
}

// sanitize leaves what may stand in a host's name; addresses stay as they are.
func sanitize(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return name
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_", r)) {
			return r
		}
		return -1
	}, name[:min(len(name), 255)])
}

func ping(ctx context.Context, c *modules.Call, a *pingArgs) (py.Value, error) {
	argv := []string{"ping", "-c", "4", sanitize(a.Host)}
	if py.IsTrue(a.Timeout) {
		n, ok := py.AsInt(a.Timeout)
		if s, isText := a.Timeout.(py.Str); isText {
			v, err := strconv.ParseInt(string(s), 10, 64)
			n, ok = v, err == nil
		}
		if !ok {
			return nil, modules.SaltInvocationError("network.ping: timeout is no number of seconds")
		}
		argv = []string{"ping", "-W", strconv.FormatInt(n, 10), "-c", "4", sanitize(a.Host)}
	}
	out, err := c.Query(ctx, host.Cmd{Argv: argv})
	if err != nil {
		return nil, err
	}
	if a.ReturnBoolean {
		return py.Bool(out.Code == 0), nil
	}
	return py.Str(strings.TrimRight(string(out.Stdout)+string(out.Stderr), "\r\n")), nil
}

// connect tries a TCP connection. With proto=udp Salt's own never succeeds.
func connect(ctx context.Context, c *modules.Call, a *connectArgs) (py.Value, error) {
	answer := func(ok bool, format string, args ...any) (py.Value, error) {
		return py.DictOf("result", py.Bool(ok), "comment", py.Str(fmt.Sprintf(format, args...))), nil
	}
	switch {
	case a.Host == "":
		return answer(false, "Required argument, host, is missing.")
	case !py.IsTrue(a.Port):
		return answer(false, "Required argument, port, is missing.")
	}
	port, proto, family := py.ToStr(a.Port), "tcp", 0
	if a.Extra.String("proto") == "udp" {
		proto = "udp"
	}
	switch a.Extra.String("family") {
	case "ipv4":
		family = 4
	case "ipv6":
		family = 6
	}
	timeout := 5 * time.Second
	if v, ok := a.Extra.GetStr("timeout"); ok {
		n, isInt := py.AsInt(v)
		f, isFloat := v.(py.Float)
		switch {
		case isFloat:
			timeout = time.Duration(float64(f) * float64(time.Second))
		case isInt:
			timeout = time.Duration(n) * time.Second
		default:
			return nil, modules.SaltInvocationError("network.connect: timeout is no number of seconds")
		}
	}
	name := sanitize(a.Host)
	ips, err := netif.Resolve(ctx, c, family, name)
	if err != nil {
		return nil, err
	}
	number, err := portNumber(ctx, c, port, proto)
	if err != nil {
		return nil, err
	}
	if len(ips) == 0 || number == 0 {
		return answer(false, "Unable to resolve host %s on %s port %s", a.Host, proto, port)
	}
	ip := ips[0]
	if proto == "tcp" {
		if err := netif.Connect(ctx, netip.AddrPortFrom(ip, number), timeout); err == nil {
			return answer(true, "Successfully connected to %s (%s) on %s port %s", a.Host, ip, proto, port)
		}
	}
	return answer(false, "Unable to connect to %s (%s) on %s port %s", a.Host, ip, proto, port)
}

// portNumber is the number of a port that may be a service's name; 0 for none.
func portNumber(ctx context.Context, c *modules.Call, port, proto string) (uint16, error) {
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		return uint16(n), nil
	}
	if sanitize(port) != port || strings.HasPrefix(port, "-") {
		return 0, nil
	}
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"getent", "services", port + "/" + proto}})
	if err != nil || out.Code != 0 {
		return 0, err
	}
	for _, f := range strings.Fields(string(out.Stdout)) {
		if n, _, ok := strings.Cut(f, "/"); ok {
			v, err := strconv.ParseUint(n, 10, 16)
			if err == nil {
				return uint16(v), nil
			}
		}
	}
	return 0, nil
}

const established = "01"

// activeTCP reads the kernel's tables.
func activeTCP(_ context.Context, c *modules.Call) (py.Value, error) {
	out := py.NewDict()
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		raw, err := c.ReadFile(file)
		if err != nil {
			continue // no such family
		}
		for _, line := range strings.Split(string(raw), "\n") {
			f := strings.Fields(line)
			if len(f) < 4 || f[0] == "sl" || f[3] != established {
				continue
			}
			d := py.NewDict()
			for i, side := range []string{"local", "remote"} {
				addr, port, _ := strings.Cut(f[i+1], ":")
				n, err := strconv.ParseUint(port, 16, 16)
				if err != nil {
					return nil, fmt.Errorf("%s: port %q", file, port)
				}
				ip, err := hexAddr(addr)
				if err != nil {
					return nil, fmt.Errorf("%s: address %q: %w", file, addr, err)
				}
				d.SetStr(side+"_addr", py.Str(ip))
				d.SetStr(side+"_port", py.Int(n))
			}
			if err := out.Set(py.Int(out.Len()), d); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// hexAddr reads an address as /proc/net has it: words of 32 bits, each in the
// order of a little-endian machine. An IPv4 address in an IPv6 one is given as
// IPv4.
func hexAddr(s string) (string, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b)%4 != 0 {
		return "", fmt.Errorf("no address: %w", err)
	}
	for i := 0; i < len(b); i += 4 {
		b[i], b[i+1], b[i+2], b[i+3] = b[i+3], b[i+2], b[i+1], b[i]
	}
	a, ok := netip.AddrFromSlice(b)
	if !ok {
		return "", fmt.Errorf("%d bytes", len(b))
	}
	return a.Unmap().String(), nil
}

// netstat lists sockets by netstat, or by ss where that is not there.
func netstat(ctx context.Context, c *modules.Call) (py.Value, error) {
	if c.Grains.String("kernel") != "Linux" {
		return nil, modules.CommandExecutionError("Not yet supported on this platform")
	}
	if c.LookPath("netstat") != "" {
		lines, err := said(ctx, c, "netstat", "-tulpnea")
		return netstatSockets(lines), err
	}
	lines, err := said(ctx, c, "ss", "-tulpnea")
	return ssSockets(lines), err
}

func netstatSockets(lines []string) py.Value {
	out := py.NewList()
	for _, line := range lines {
		f := strings.Fields(line)
		keys := []string{"proto", "recv-q", "send-q", "local-address", "remote-address", "state", "user", "inode", "program"}
		switch {
		case strings.HasPrefix(line, "tcp"):
		case strings.HasPrefix(line, "udp"):
			keys = append(keys[:5:5], keys[6:]...)
		default:
			continue
		}
		if len(f) < len(keys) {
			continue
		}
		d := py.NewDict()
		for i, k := range keys {
			d.SetStr(k, py.Str(f[i]))
		}
		out.Append(d)
	}
	return out
}

func ssSockets(lines []string) py.Value {
	out := py.NewList()
	for _, line := range lines {
		f := strings.Fields(line)
		tcp := strings.HasPrefix(line, "tcp")
		if !tcp && !strings.HasPrefix(line, "udp") || len(f) < 6 {
			continue
		}
		var user, inode, program py.Value = py.Int(0), py.Int(0), py.Str("")
		for i := 6; i < len(f)-1; i++ {
			k, v, _ := strings.Cut(f[i], ":")
			switch k {
			case "users":
				if p := strings.Split(strings.Split(v, ",")[0], `"`); len(p) > 1 {
					program = py.Str(p[1])
				}
			case "uid":
				user = py.Str(v)
			case "ino":
				inode = py.Str(v)
			}
		}
		d := py.DictOf("proto", py.Str(f[0]), "recv-q", py.Str(f[2]), "send-q", py.Str(f[3]), "local-address", py.Str(f[4]), "remote-address", py.Str(f[5]))
		if tcp {
			state := f[1]
			if state == "ESTAB" {
				state = "ESTABLISHED"
			}
			d.SetStr("state", py.Str(state))
		}
		d.SetStr("user", user)
		d.SetStr("inode", inode)
		d.SetStr("program", program)
		out.Append(d)
	}
	return out
}
